"""Schedules of a day: volume and risk from earlier days, caps and pauses kept, costs that the plan itself has."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.execution.volume_curve import default_curve
from tcakit.impact.contract import parse_model
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.ranges import FittedRange
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import market_day
from tcakit.jobs.order_setting import GivenFacts, SettingRequest
from tcakit.jobs.schedule import ScheduleRequest, schedule
from tcakit.jobs.schedule_problem import Auction, Order
from tcakit.jobs.schedule_urgency import Urgency
from tcakit.store.database import Store
from tcakit.store.fits import put_fit
from tcakit.store.market_data import find_symbol_day

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
GIVEN = GivenFacts(1e6, 0.02, 2.0, 2e8, 50.0, "EUR")
MINUTE_NS = 60 * 10**9
NOWHERE = Path("no-store-here")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schedule") / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "lobster")]))
    return folder


def planned(algo: str = "vwap", folder: Path = NOWHERE, given: GivenFacts = GIVEN, **more: Any) -> dict[str, Any]:
    asked = {name: more.pop(name) for name in ("urgency", "model", "fit", "frontier", "out") if name in more}
    day = {name: more.pop(name) for name in ("symbol", "session") if name in more}
    setting = SettingRequest(date="2026-03-04", given=given, **day)
    order = Order(**({"side": "buy", "quantity": 50_000.0, "setting": setting} | more))
    return schedule(folder, ScheduleRequest(order, algo, **asked))


def recomputed(result: dict[str, Any], given: GivenFacts = GIVEN) -> tuple[float, float]:
    """Cost and deviation of a plan of Almgren et al. (2005), term by term, in plain Python."""
    model = parse_model("almgren-2005")
    sigma, quantity = given.volatility_daily, result["quantity"]
    facts = OrderFacts.of(
        quantity_adv=quantity / given.adv_shares,
        duration=sum(result["volume"]) / given.adv_shares,
        volatility_daily=sigma,
        shares_outstanding_adv=given.shares_outstanding / given.adv_shares,
    )
    cost, variance, left = model.permanent_bps(facts)[0] / 2.0, 0.0, quantity
    for shares, volume, auction, seconds in zip(
        result["quantities"], result["volume"], result["auction"], result["seconds"], strict=True
    ):
        rate = shares / volume if volume else 0.0
        spread = 0.0 if auction else given.half_spread_bps
        cost += shares / quantity * (spread + 1e4 * 0.142 * sigma * rate**0.6)
        left -= shares
        variance += (1e4 * sigma * left / quantity) ** 2 * seconds / (6.5 * 3600)
    return cost, math.sqrt(variance)


# --- by hand ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algo", ["twap", "vwap", "pov:10", "is:30m", "optimal:2h"])
def test_costs_are_those_of_the_plan_that_is_told(algo: str) -> None:
    result = planned(algo, participation=0.25, lot=100.0)
    assert sum(result["quantities"]) == pytest.approx(50_000)
    assert max(result["participation"]) <= 0.25 + 1e-12
    assert all(shares % 100 == 0 for shares in result["quantities"])
    cost, deviation = recomputed(result)
    assert result["expected_cost"] == pytest.approx(cost, rel=1e-9)
    assert result["deviation"] == pytest.approx(deviation, rel=1e-9)
    assert result["variance"] == pytest.approx(deviation**2, rel=1e-9)
    assert result["expected_cost_currency"] == pytest.approx(cost * 1e-4 * 50_000 * 50.0)
    assert result["algorithms"][0] == {
        "name": algo,
        "cost_bps": result["expected_cost"],
        "deviation_bps": result["deviation"],
        "unfilled": 0.0,
        "chosen": True,
    }
    assert (len(result["times"]), result["cost_unit"], result["currency"]) == (13, "bps of arrival", "EUR")


def test_vwap_follows_the_curve_and_costs_what_the_model_says() -> None:
    result = planned("vwap", slices=26)
    curve = default_curve(0, round(6.5 * 3600 * 1e9))
    expected = np.diff([curve.fraction(round(at * 900 * 1e9)) for at in range(27)])
    assert np.array(result["quantities"]) / 50_000 == pytest.approx(expected, abs=2e-5)
    assert result["volume"] == pytest.approx(1e6 * expected, rel=1e-6)
    facts = OrderFacts.of(
        quantity_adv=0.05, duration=1.0, volatility_daily=0.02, shares_outstanding_adv=200.0, half_spread_bps=2.0
    )
    assert result["expected_cost"] == pytest.approx(parse_model("almgren-2005").cost_bps(facts)[0] + 2.0, rel=1e-6)
    assert "default U-shape" in " ".join(result["notes"])


def test_twap_is_even_and_pov_leaves_what_does_not_fit() -> None:
    assert planned("twap", slices=10)["quantities"] == [5_000.0] * 10
    result = planned("pov:1")
    assert result["unfilled"] == pytest.approx(40_000, rel=1e-3)
    assert sum(result["quantities"]) + result["unfilled"] == pytest.approx(50_000)
    assert "left at the end" in " ".join(result["notes"])


def test_urgency_by_half_life_by_price_and_by_risk_aversion_are_one_plan() -> None:
    by_half_life = planned("is:45m", lot=1.0)
    aversion = by_half_life["risk_aversion"]
    assert planned("is", urgency=Urgency(half_life_ns=45 * MINUTE_NS))["quantities"] == by_half_life["quantities"]
    assert planned("optimal", urgency=Urgency(aversion))["quantities"] == by_half_life["quantities"]
    price = 2 * aversion * planned("is", urgency=Urgency(aversion))["deviation"]
    by_price = planned("is", urgency=Urgency(price_of_risk=price))
    assert by_price["risk_aversion"] == pytest.approx(aversion, rel=1e-3)
    assert 0.0 <= by_half_life["gap"] < 0.01


def test_no_risk_aversion_is_vwap_and_endless_one_is_as_early_as_caps_let_it() -> None:
    nearly = planned("is", urgency=Urgency(1e-12), participation=0.3)
    assert nearly["quantities"] == planned("is", urgency=Urgency(0.0), participation=0.3)["quantities"]
    assert nearly["quantities"] == planned("vwap", participation=0.3)["quantities"]
    first = planned("is", urgency=Urgency(math.inf), participation=0.3)
    assert first["participation"][0] == pytest.approx(0.3, rel=1e-3)
    assert first["left"][2] < planned("is:30m", participation=0.3)["left"][2]


def test_target_close_is_the_plan_against_arrival_seen_from_the_close() -> None:
    result = planned("target-close:30m", session=("09:30", "16:00"))
    assert result["quantities"][-1] == max(result["quantities"])
    assert "against the price at the close" in " ".join(result["notes"])
    done = np.cumsum(result["quantities"])[:-1] / 50_000
    assert result["deviation"] == pytest.approx(1e4 * 0.02 * math.sqrt(np.square(done).sum() / 13), rel=1e-9)


def test_pauses_and_auctions() -> None:
    result = planned(
        "is:1h",
        no_trade=(("11:10", "11:40"),),
        auctions=(Auction("close", 0.1, 0.05), Auction("open", 0.02)),
        participation=0.2,
    )
    clock = [time[11:16] for time in result["times"]]
    assert clock[0] == clock[1] == "09:30"
    assert (clock[-1], result["auction"][0], result["auction"][-1]) == ("16:00", True, True)
    held = {
        begin: shares
        for begin, shares, may in zip(clock, result["quantities"], result["allowed"], strict=True)
        if not may
    }
    assert held == {"11:10": 0.0, "11:30": 0.0}
    assert (result["volume"][0], result["volume"][-1]) == (pytest.approx(20_000), pytest.approx(100_000))
    assert sum(result["volume"]) == pytest.approx(1e6)
    assert result["participation"][-1] <= 0.05
    cost, deviation = recomputed(result)
    assert result["expected_cost"] == pytest.approx(cost, rel=1e-9)
    assert result["deviation"] == pytest.approx(deviation, rel=1e-9)
    # A closing auction without risk and spread takes more than as much volume in the day.
    wide = planned("vwap", auctions=(Auction("close", 0.1),))
    assert wide["quantities"][-1] == pytest.approx(5_000, abs=1)
    assert planned("twap", auctions=(Auction("close", 0.1),))["quantities"][-1] == 0.0


def test_the_frontier_falls_and_nothing_ready_lies_below_it() -> None:
    result = planned("is:30m", participation=0.3, frontier=True)
    cost, deviation = (
        np.array([point[name] for point in result["frontier"]]) for name in ("cost_bps", "deviation_bps")
    )
    aversion = np.array([point["risk_aversion"] for point in result["frontier"]])
    assert (np.diff(cost) >= -1e-9).all()
    assert (np.diff(deviation) <= 1e-9).all()
    for row in result["algorithms"]:
        if not row["unfilled"]:
            # Whatever the risk aversion, no schedule has less cost and risk together than the frontier's own.
            own = row["cost_bps"] + aversion * row["deviation_bps"] ** 2
            assert (own >= cost + aversion * deviation**2 - 1e-6).all(), row["name"]
    assert {row["name"].partition(":")[0] for row in result["algorithms"]} == {
        "twap",
        "vwap",
        "pov",
        "is",
        "target-close",
    }
    # d cost / d variance = -risk aversion.
    middle = slice(8, 24)
    slope = np.gradient(cost, deviation**2)[middle]
    assert -slope == pytest.approx(aversion[middle], rel=0.35)


@pytest.mark.parametrize(
    ("algo", "given", "said"),
    [
        ("vwpa", {}, "did you mean 'vwap'"),
        ("vwap:3", {}, "takes no value"),
        ("pov", {}, "pov needs its rate"),
        ("pov:0", {}, "no share above 0"),
        ("pov:150", {}, "no share above 0"),
        ("is", {}, "is needs its urgency"),
        ("is:30m", {"urgency": Urgency(1.0)}, "more than one urgency: is:30m, --risk-aversion"),
        ("vwap", {"urgency": Urgency(1.0)}, "vwap has no urgency"),
        ("is", {"urgency": Urgency(-1.0)}, "risk aversion of -1"),
        ("is:0s", {}, "half-life"),
        ("vwap", {"side": "long"}, "no side"),
        ("vwap", {"quantity": -1.0}, "-1 shares"),
        ("vwap", {"participation": 0.01}, "do not fit"),
        ("vwap", {"start": "08:00"}, "beyond the session"),
        ("vwap", {"start": "12:00", "end": "11:00"}, "not after the start"),
        ("vwap", {"end": "15:00", "auctions": (Auction("close", 0.1),)}, "does not reach"),
        ("vwap", {"slices": 5, "interval_ns": 1}, "one of the two"),
        ("vwap", {"lot": 0.0}, "lot"),
        ("vwap", {"model": "square-root"}, "every schedule is as good"),
        ("vwap", {"model": "i-star", "fit": "x"}, "leave one of them out"),
        ("vwap", {"fit": "x"}, "no store"),
        ("vwap", {"given": GivenFacts()}, "average daily volume is unknown"),
        ("is:30m", {"given": GivenFacts(1e6)}, "no risk to weigh"),
        ("obizhaeva-wang", {}, "nothing is published"),
        ("obizhaeva-wang", {"participation": 0.1}, "knows no caps"),
        ("power-kernel", {"frontier": True}, "knows no risk"),
        ("vwap", {"out": Path("plan.pdf")}, ".html"),
    ],
)
def test_what_cannot_be_planned_is_refused(algo: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        planned(algo, **given)
    assert said in str(refused.value)


def test_shapes_need_no_volatility_and_costs_do() -> None:
    result = planned("vwap", given=GivenFacts(1e6))
    assert sum(result["quantities"]) == 50_000
    assert (result["expected_cost"], result["variance"], result["expected_cost_currency"]) == (None, None, None)
    assert "algorithms" not in result
    assert "no cost and no risk can be told" in " ".join(result["notes"])
    without = planned("vwap", given=GivenFacts(1e6, 0.02))
    assert "half the spread is unknown" in " ".join(without["notes"])
    assert "needs --shares-outstanding" in " ".join(without["notes"])
    assert without["expected_cost"] > 0.0


def test_being_most_of_the_market_is_said() -> None:
    assert "more than 30%" in " ".join(planned("vwap", quantity=600_000.0)["notes"])
    assert "more than 30%" not in " ".join(planned("vwap")["notes"])


# --- impact that decays -------------------------------------------------------------------------------------------


def test_obizhaeva_wang_trades_blocks_at_both_ends_of_the_volume_s_clock() -> None:
    model = "obizhaeva-wang,transient=2,half_life=0.2,permanent=0.5"
    result = planned("obizhaeva-wang", model=model, slices=26)
    shares, volume = np.array(result["quantities"]), np.array(result["volume"])
    assert shares.sum() == pytest.approx(50_000)
    assert shares[0] > 2 * shares[1]
    assert shares[-1] > 1.5 * shares[-2]
    # In between the rate is one on the volume's clock, nearly.
    between = (shares / volume)[2:-2]
    assert between.max() < 1.5 * between.min()
    assert result["expected_cost"] < result["vwap_cost"]
    # Along volume it costs nearly what the model says of a constant rate.
    facts = OrderFacts.of(quantity_adv=0.05, duration=1.0, volatility_daily=0.02)
    said = parse_model(model).cost_bps(facts)[0] + 2.0
    assert planned("obizhaeva-wang", model=model, slices=400)["vwap_cost"] == pytest.approx(said, rel=2e-2)


def test_a_concave_kernel_is_made_linear_at_the_mean_rate_and_that_is_said() -> None:
    linear = planned("power-kernel", model="propagator,prefactor=0.3,concavity=1")
    assert linear["expected_cost"] < linear["vwap_cost"]
    facts = OrderFacts.of(quantity_adv=0.05, duration=1.0, volatility_daily=0.02)
    assert linear["vwap_cost"] == pytest.approx(
        parse_model("propagator,prefactor=0.3,concavity=1").cost_bps(facts)[0] + 2.0, rel=1e-9
    )
    concave = planned("power-kernel", model="propagator,prefactor=0.3")
    assert concave["vwap_cost"] == pytest.approx(
        parse_model("propagator,prefactor=0.3").cost_bps(facts)[0] + 2.0, rel=1e-9
    )
    assert concave["quantities"] == pytest.approx(linear["quantities"])
    assert "made linear" in " ".join(concave["notes"])


# --- from stored days ---------------------------------------------------------------------------------------------


def test_volume_comes_from_the_earlier_day(store: Path) -> None:
    result = planned("vwap", store, GivenFacts(shares_outstanding=2e8), symbol="ALFA", quantity=5_000.0)
    earlier = market_day(Store(store), find_symbol_day(Store(store), "ALFA", "2026-03-03"))
    opens = earlier.instrument.session_open_ns
    sizes, _ = np.histogram(earlier.print_ns, bins=opens + np.arange(14) * 30 * MINUTE_NS, weights=earlier.print_size)
    assert result["volume"] == pytest.approx(sizes, rel=1e-3)
    assert result["facts"]["adv_shares"]["value"] == earlier.print_size.sum()
    assert result["times"][0] == "2026-03-04T09:30:00.000000000-05:00"
    assert result["currency"] == "USD"
    assert "mean of 1 earlier day" in " ".join(result["notes"])
    assert "even over the session" in " ".join(result["notes"])


def test_a_stored_fit_prices_the_plan_unless_nobody_knew_it(store: Path, tmp_path: Path) -> None:
    model = FittedModel(
        "almgren-2005",
        ("eta",),
        (0.284,),
        np.array([[0.28], [0.29]]),
        fixed={"gamma": 0.0, "shares_exponent": 0.0},
        range=FittedRange("own fills"),
        half_spreads=0.5,
    )
    row = {
        "fit_id": "early", "kind": "impact", "model": "almgren-2005", "source": "own-fills", "symbol": None,
        "date_from": "2026-03-01", "date_to": "2026-03-02", "created_ns": 1, "fitted": model.as_dict(),
        "diagnostics": {}, "data_keys": [], "versions": {},
    }  # fmt: skip
    own = Store(tmp_path / "own", create=True)
    put_fit(own, row)
    put_fit(own, row | {"fit_id": "late", "date_to": "2026-03-04"})
    put_fit(own, row | {"fit_id": "volume", "kind": "volume"})
    fitted = planned("vwap", own.folder, fit="early")
    published = planned("vwap", given=GivenFacts(1e6, 0.02))
    assert fitted["expected_cost"] == pytest.approx(2 * published["expected_cost"] + 0.5 * 2.0, rel=1e-9)
    assert fitted["model_source"] == "own-fills"
    for name, said in (("late", "nobody knew"), ("volume", "is of volume"), ("none", "no fit called")):
        with pytest.raises(UsageError, match=said):
            planned("vwap", own.folder, fit=name)


def test_the_page_holds_the_plan(store: Path, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    result = planned("is:30m", store, GivenFacts(), symbol="BRVO", quantity=9_000.0, out=page)
    assert result["out"] == str(page)
    text = page.read_text(encoding="utf-8")
    assert 'id="chart-frontier"' in text
    assert 'id="chart-slices"' in text
    assert f"{result['quantities'][0]:,.0f}" in text
