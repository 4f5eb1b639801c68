"""Schedules by numbers: the papers' own, to the last printed digit, and the limits in which they must not break."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.execution.almgren_chriss import AlmgrenChriss
from tcakit.execution.transient_schedule import PowerDecaySchedule
from tcakit.jobs.schedule_formulas import FormulaRequest, formula_schedule

AC = {
    "quantity": 1e6, "days": 5.0, "slices": 5, "volatility_currency": 0.95, "permanent": 2.5e-7, "temporary": 2.5e-6,
    "fixed": 0.0625, "risk_aversion": 1e-6,
}  # fmt: skip


def almgren_chriss(**given: Any) -> dict[str, Any]:
    numbers = AC | given
    return formula_schedule(FormulaRequest("almgren-chriss", **{k: v for k, v in numbers.items() if v is not None}))


def test_almgren_and_chriss() -> None:
    result = almgren_chriss()
    shares = [458044.4456, 252101.3350, 141956.7316, 85755.6862, 62141.8016]
    assert result["quantities"] == pytest.approx(shares, abs=1e-4)
    assert result["left"] == pytest.approx([541955.5544, 289854.2194, 147897.4878, 62141.8016, 0.0], abs=1e-4)
    assert result["expected_cost"] == pytest.approx(911226.9863, abs=1e-4)
    assert result["variance"] == pytest.approx(364128572058.14, rel=1e-12)
    assert result["deviation"] == pytest.approx(603430.6688, abs=1e-4)
    assert result["utility_cost"] == pytest.approx(1275355.5584, abs=1e-4)
    assert result["urgency_per_day"] == pytest.approx(0.607076163247, abs=1e-12)
    assert result["times"] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_half_life_in_place_of_the_risk_aversion() -> None:
    half_life = almgren_chriss()["half_life_days"]
    assert half_life == pytest.approx(math.log(2) / 0.607076163247)
    again = almgren_chriss(risk_aversion=None, half_life=half_life)
    assert again["quantities"] == pytest.approx(almgren_chriss()["quantities"], rel=1e-9)


def test_a_cap() -> None:
    result = almgren_chriss(cap=300_000.0)
    assert result["quantities"] == pytest.approx([300_000, 300_000, 195_901, 118_343, 85_756], abs=1.0)
    assert result["expected_cost"] + 1e-6 * result["variance"] == pytest.approx(1_387_731, abs=1.0)


@pytest.mark.parametrize("aversion", [0.0, 1e-30, 1e-15])
def test_risk_aversion_falls_to_nothing_without_a_jump(aversion: float) -> None:
    result = almgren_chriss(risk_aversion=aversion)
    assert result["quantities"] == pytest.approx([200_000] * 5, rel=1e-6)
    assert result["expected_cost"] == pytest.approx(662_500, rel=1e-9)
    assert all(math.isfinite(number) for number in result["left"])


@pytest.mark.parametrize(("aversion", "days"), [(1e3, 5.0), (1e-6, 5_000.0), (1e12, 1.0)])
def test_great_urgency_does_not_overflow(aversion: float, days: float) -> None:
    """κT is far above the 710 at which sinh overflows."""
    slices = max(5, math.ceil(days))
    result = almgren_chriss(risk_aversion=aversion, days=days, slices=slices)
    assert result["urgency_per_day"] * days > 20
    assert sum(result["quantities"]) == pytest.approx(1e6)
    assert all(math.isfinite(number) for number in (*result["quantities"], result["expected_cost"], result["variance"]))
    assert np.diff(result["left"]).max() <= 1e-6


def test_intervals_too_long_for_an_optimum_are_refused_with_how_many_would_do() -> None:
    # τ = 5 > 2 η / γ = 0.8
    with pytest.raises(UsageError, match="too long") as refused:
        almgren_chriss(slices=1, permanent=2.5e-6, temporary=1e-6)
    wanted = int(str(refused.value.remedy).split()[1])
    assert wanted == 7
    almgren_chriss(slices=wanted, permanent=2.5e-6, temporary=1e-6)


def test_the_frontier_holds_all_schedules_and_its_slope_is_the_risk_aversion() -> None:
    result = almgren_chriss(frontier=True)
    cost = np.array([point["cost"] for point in result["frontier"]])
    variance = np.array([point["deviation"] for point in result["frontier"]]) ** 2
    aversion = np.array([point["risk_aversion"] for point in result["frontier"]])
    for row in result["algorithms"]:
        own = row["cost"] + aversion * row["deviation"] ** 2
        assert (own >= (cost + aversion * variance) * (1 - 1e-12)).all(), row["name"]
    order = AlmgrenChriss(1e6, 5.0, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625)
    for one in aversion[5:25:5]:
        near = [order.optimal(one * factor) for factor in (0.999, 1.001)]
        slope = (near[1].expected_cost - near[0].expected_cost) / (near[1].variance - near[0].variance)
        assert -slope == pytest.approx(one, rel=1e-4)


OW_TABLE = {
    0.001: 49975.01249375313, 0.01: 49751.243781094534, 0.5: 40000.0, 1: 33333.333333333336, 4: 16666.666666666668,
    10: 8333.333333333334, 50: 1923.076923076923, 1000: 99.8003992015968, 10000.0: 9.998000399920016,
}  # fmt: skip


@pytest.mark.parametrize(("resilience", "block"), OW_TABLE.items())
def test_obizhaeva_and_wang(resilience: float, block: float) -> None:
    result = formula_schedule(FormulaRequest("obizhaeva-wang", 1e5, time=1.0, depth=5e5, resilience=resilience))
    assert result["continuous"]["block"] == pytest.approx(block, rel=1e-12)
    assert sum(result["quantities"]) == pytest.approx(1e5)
    assert result["quantities"][0] == result["quantities"][-1]


def test_obizhaeva_and_wang_on_a_grid_and_its_costs() -> None:
    request = FormulaRequest("obizhaeva-wang", 1e5, slices=11, time=60.0, depth=5e5, half_life=5.0)
    result = formula_schedule(request)
    assert result["quantities"][0] == pytest.approx(14119.26, abs=0.005)
    assert result["expected_cost"] == pytest.approx(2026.503, abs=5e-4)
    assert result["continuous"]["cost"] == pytest.approx(1938.404, abs=5e-4)
    assert result["continuous"]["at_once_cost"] == pytest.approx(10_000)
    assert result["continuous"]["constant_rate_cost"] == pytest.approx(2115.483, abs=5e-4)


def test_a_book_told_by_what_fades_and_what_stays() -> None:
    result = formula_schedule(
        FormulaRequest("obizhaeva-wang", 1e5, slices=8, time=7.0, transient=2e-5, permanent=1e-6, half_life=2.7726)
    )
    assert [round(shares) for shares in result["quantities"]] == [30055, *[6648] * 6, 30055]
    assert result["expected_cost"] == pytest.approx(58462.6, abs=0.05)
    assert result["even_cost"] == pytest.approx(62511.6, abs=0.05)


@pytest.mark.parametrize(("exponent", "ratio"), [(0.3, 0.98183), (0.5, 0.98327)])
def test_power_law_decay(exponent: float, ratio: float) -> None:
    result = formula_schedule(FormulaRequest("power-kernel", 1e5, slices=40, time=2.0, decay_exponent=exponent))
    assert result["optimal_over_even"] == pytest.approx(ratio, abs=5e-6)
    assert sum(result["quantities"]) == pytest.approx(1e5)
    order = PowerDecaySchedule(1e5, 2.0, exponent)
    middles = (np.array(result["times"]) + np.array(result["ends"])) / 2
    # The mean rate of a slice is that at its middle, but for the slices at the ends, where it is steep.
    rates = np.array(result["quantities"]) / 0.05
    assert rates[5:-5] == pytest.approx(order.rate(middles)[5:-5], rel=1e-3)


def test_power_law_decay_with_a_lag_scale() -> None:
    request = FormulaRequest(
        "power-kernel", 1e5, slices=10, time=1.0, decay_exponent=0.4, lag_scale=0.02, transient=1e-5
    )
    result = formula_schedule(request)
    assert len(result["quantities"]) == 11
    assert result["quantities"] == pytest.approx(result["quantities"][::-1], rel=1e-6)
    assert result["expected_cost"] < result["even_cost"]
    assert result["optimal_over_even"] == pytest.approx(result["expected_cost"] / result["even_cost"])


@pytest.mark.parametrize(
    ("algo", "given", "said"),
    [
        ("almgren-chriss", {}, "needs --days, --volatility-currency, --permanent, --temporary"),
        ("almgren-chriss", AC | {"risk_aversion": None}, "neither of --risk-aversion and --half-life"),
        ("almgren-chriss", AC | {"half_life": 1.0}, "both --risk-aversion and --half-life"),
        ("almgren-chriss", AC | {"risk_aversion": -1.0}, "risk aversion of -1"),
        ("almgren-chriss", AC | {"risk_aversion": math.inf}, "risk aversion of inf"),
        ("almgren-chriss", AC | {"temporary": 0.0}, "temporary is 0"),
        ("almgren-chriss", AC | {"cap": 1_000.0}, "do not fit"),
        ("almgren-chriss", AC | {"depth": 5.0}, "does not read --depth"),
        ("almgren-chriss", AC | {"quantity": 0.0}, "quantity is 0"),
        ("almgren-chriss", AC | {"slices": 0}, "0 slices"),
        ("obizhaeva-wang", {"depth": 1.0, "half_life": 1.0}, "needs --time"),
        ("obizhaeva-wang", {"time": 1.0, "half_life": 1.0}, "neither of --depth and --transient"),
        ("obizhaeva-wang", {"time": 1.0, "depth": 1.0}, "neither of --resilience and --half-life"),
        ("obizhaeva-wang", {"time": 1.0, "depth": 1.0, "half_life": 0.0}, "half-life of 0"),
        ("obizhaeva-wang", {"time": 1.0, "transient": 0.0, "half_life": 1.0}, "transient impact of 0"),
        ("obizhaeva-wang", {"time": 1.0, "depth": 1.0, "half_life": 1.0, "slices": 1}, "one trade"),
        ("obizhaeva-wang", {"time": 1.0, "depth": 1.0, "half_life": 1.0, "frontier": True}, "no frontier"),
        ("power-kernel", {"time": 1.0}, "needs --decay-exponent"),
        ("power-kernel", {"time": 1.0, "decay_exponent": 1.0}, "decay exponent is 1"),
        ("power-kernel", {"time": 0.0, "decay_exponent": 0.5}, "above zero"),
        ("power-kernel", {"time": 1.0, "decay_exponent": 0.5, "transient": -1.0}, "transient impact of -1"),
    ],
)
def test_numbers_that_have_no_schedule_are_refused(algo: str, given: dict[str, Any], said: str) -> None:
    numbers = {"quantity": 1e5} | {name: value for name, value in given.items() if value is not None}
    with pytest.raises(UsageError) as refused:
        formula_schedule(FormulaRequest(algo, **numbers))
    assert said in str(refused.value)
