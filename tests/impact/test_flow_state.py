"""A flow that is known to move the price is found again, in intervals that hold it; and nothing where there is none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from made_tapes import flow_driven, tape

from tcakit.errors import DataError, UsageError
from tcakit.impact.flow_state import FlowStatistics, fading_flow, fit_flow_state, impact_state
from tcakit.impact.tape import Tape, realised_volatility
from tcakit.impact.tape_controls import shuffle_signs, shuffle_times
from tcakit.impact.tape_scale import TapeScale, scales
from tcakit.jobs.tape_flow_state import flow_state_view
from tcakit.jobs.tape_statistics import flow_statistics

SCALE = TapeScale(1.0, 0.01, 20)
HALF_LIVES = (300.0, 900.0, 3_600.0)


def slow_sums(day: Tape, scale: TapeScale, kernel: str, half_life_s: float) -> list[list[float]]:
    """Bin by bin: (xx, xy, yy, n) of each half-hour of the session, the first half-hour left out."""
    edges = day.edges(10.0)
    states, fading = [], 0.0
    for begin, end in pairwise(edges):
        inside = (day.trade_ns > begin) & (day.trade_ns <= end)
        fading = fading * 0.5 ** (10.0 / half_life_s) + float((day.trade_sign * day.trade_shares)[inside].sum())
        left = fading / scale.adv_shares
        states.append(left if kernel == "linear" else float(np.sign(left)) * abs(left) ** 0.5)
    price = np.log(day.mid_at(edges[1:])) / scale.volatility_daily
    parts = [[0.0] * 4 for _ in range(13)]
    for bin_ in range(180, len(states) - 6):
        x, y = states[bin_ + 6] - states[bin_], float(price[bin_ + 6] - price[bin_])
        if np.isfinite(y):
            for place, added in enumerate((x * x, x * y, y * y, 1.0)):
                parts[bin_ // 180][place] += added
    return parts[1:]


@pytest.mark.parametrize("kernel", ["linear", "square-root"])
def test_sums_of_the_database_are_those_of_the_slow_count(kernel):
    days = [flow_driven(seed=1, date="2026-03-03"), flow_driven(seed=2, date="2026-03-04")]
    given = [TapeScale(2.0, 0.01, 0), TapeScale(3.0, 0.02, 1)]
    (sums,) = flow_statistics(days, given, kernels=[kernel], half_lives_s=HALF_LIVES)
    assert sums.dates == ("2026-03-03",) * 12 + ("2026-03-04",) * 12
    for place, half_life_s in enumerate(HALF_LIVES):
        slow = np.array(
            [row for day, scale in zip(days, given, strict=True) for row in slow_sums(day, scale, kernel, half_life_s)]
        )
        found = np.column_stack([sums.xx[place], sums.xy[place], sums.yy, sums.count])
        assert found == pytest.approx(slow, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("kernel", "level"), [("linear", 15.0), ("square-root", 1.5)])
def test_level_and_half_life_are_found_again(kernel, level):
    days = [flow_driven(kernel, level, 900.0, seed=seed, date=f"2026-03-{seed:02d}") for seed in range(1, 11)]
    fits = {sums.kernel: fit_flow_state(sums) for sums in flow_statistics(days, [SCALE] * 10, half_lives_s=HALF_LIVES)}
    fit = fits[kernel]
    assert fit.half_life_s == 900.0
    assert fit.coefficient == pytest.approx(level, rel=0.1)
    low, high = fit.coefficient_interval
    assert low < level < high
    assert (fit.clusters, fit.clustered_by, fit.count) == (10, "day", 10 * (2_340 - 180 - 6))
    other = fits["linear" if kernel == "square-root" else "square-root"]
    assert fit.r_squared > other.r_squared
    assert fit.r_squared_out > other.r_squared_out
    assert fit.r_squared_out == pytest.approx(fit.r_squared, abs=0.1)
    assert [row[2] is None for row in fit.r_squared_by_day] == [True] + [False] * 9


def test_intervals_of_the_level_hold_it():
    held = []
    for study in range(30):
        days = [flow_driven(noise=1.0, seed=100 * study + day, date=f"2026-03-{day + 1:02d}") for day in range(12)]
        (sums,) = flow_statistics(days, [SCALE] * 12, kernels=["linear"], half_lives_s=HALF_LIVES)
        low, high = fit_flow_state(sums, draws=400).coefficient_interval
        held.append(low < 15.0 < high)
    assert np.mean(held) >= 0.8


def test_of_one_day_its_parts_are_drawn():
    (sums,) = flow_statistics([flow_driven()], [SCALE], kernels=["linear"])
    fit = fit_flow_state(sums)
    assert (fit.clusters, fit.clustered_by, fit.r_squared_out) == (12, "part of the one day", None)
    assert fit_flow_state(sums) == fit
    assert fit_flow_state(sums, seed=1).coefficient_interval != fit.coefficient_interval


@pytest.mark.parametrize("shuffle", [shuffle_signs, shuffle_times])
def test_shuffled_tapes_keep_what_was_traded_and_lose_the_impact(shuffle):
    day, random = flow_driven(), np.random.default_rng(1)
    made = shuffle(day, random)
    assert made.trade_sign.sum() == day.trade_sign.sum()
    assert sorted(made.trade_shares) == sorted(day.trade_shares)
    assert np.array_equal(made.mid, day.mid)
    levels = []
    for _ in range(20):
        (sums,) = flow_statistics([shuffle(day, random)], [SCALE], kernels=["linear"], half_lives_s=[900.0])
        levels.append(float(sums.xy.sum() / sums.xx.sum()))
    assert abs(np.mean(levels)) < 3.0 * np.std(levels) / np.sqrt(20)
    assert np.std(levels) < 15.0 / 3.0


def test_the_view_is_a_model_of_a_proxy_with_its_range_and_controls():
    days = [flow_driven(seed=seed, date=f"2026-03-{seed:02d}") for seed in (1, 2, 3)]
    view = flow_state_view(days, shuffles=5)
    low, high = view["model"]["level_range"]
    assert view["better"] == "linear"
    assert view["model"]["name"] == "obizhaeva-wang"
    assert view["model"]["level_fitted"] == high == 2.0 * low
    assert view["model"]["parameters"]["transient"] == pytest.approx(np.sqrt(low * high))
    assert view["model"]["level_ci"][0] < low
    assert any("proxy" in sentence for sentence in view["caveats"])
    assert any("first day is measured by its own volume" in sentence for sentence in view["caveats"])
    assert "3 days are few" in view["rests_on"]
    for control in view["null_controls"].values():
        assert abs(control["coefficient_over_fitted"]) < 0.3
        assert control["r_squared"] < 0.2 * view["kernels"][0]["r_squared"]


def test_days_without_trades_are_left_out_and_told():
    days = [flow_driven(seed=seed, date=f"2026-03-{seed:02d}") for seed in (1, 2, 3)]
    view = flow_state_view([*days, tape(date="2026-03-04")], shuffles=2)
    assert "2026-03-04" in view["caveats"][-1]
    assert view["kernels"] == flow_state_view(days, shuffles=2)["kernels"]
    with pytest.raises(DataError, match="no day has trades"):
        flow_state_view([tape()])


def test_a_price_that_goes_against_the_flow_is_no_impact():
    (sums,) = flow_statistics([flow_driven(level=-15.0)], [SCALE], kernels=["linear"], half_lives_s=[900.0])
    with pytest.raises(DataError, match="does not move with the flow"):
        fit_flow_state(sums).fitted(23_400.0, "")


def test_scales_look_back_only():
    days = [flow_driven(seed=seed, noise=seed, date=f"2026-03-{seed:02d}") for seed in (1, 2, 3, 4)]
    moved = [realised_volatility(day) ** 2 for day in days]
    found = scales(days, days=2)
    assert [scale.earlier_days for scale in found] == [0, 1, 2, 2]
    assert found[0].volatility_daily == pytest.approx(np.sqrt(moved[0]))
    assert found[3].volatility_daily == pytest.approx(np.sqrt(np.mean(moved[1:3])))
    assert [scale.adv_shares for scale in found] == pytest.approx([1.0] * 4)
    with pytest.raises(DataError, match="has no trade"):
        scales([tape()])
    with pytest.raises(DataError, match="a price that never moves"):
        scales([tape(trade_ns=[5], trade_sign=[1], trade_shares=[1])])


def test_what_makes_no_fit_is_said():
    with pytest.raises(UsageError, match="no kernel"):
        impact_state(np.zeros(2), "cubic")
    with pytest.raises(UsageError, match="half-life"):
        fading_flow(tape(), SCALE, 0.0)
    with pytest.raises(UsageError, match="horizon"):
        flow_statistics([flow_driven()], [SCALE], horizon_s=15.0)
    with pytest.raises(DataError, match="no session is longer"):
        flow_statistics([flow_driven()], [SCALE], skipped_s=23_400.0)
    zero = FlowStatistics("linear", (60.0,), ("a",), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    with pytest.raises(DataError, match="neither flow nor price"):
        fit_flow_state(zero)
