"""Comparisons of many orders on made orders with known answers: pairs, difficulty, control limits, outliers, parts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca.control_limits import control_chart
from tcakit.tca.difficulty import difficulty_adjusted
from tcakit.tca.outliers import robust_costs
from tcakit.tca.pairwise import pairwise
from tcakit.tca.performance import PARTS, performance


def orders(seed: int = 3, count: int = 300) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    algo = random.choice(np.array(["pov", "twap", "vwap"]), count)
    notional = random.uniform(1e5, 1e6, count)
    cost = notional * (random.normal(4.0, 3.0, count) + np.where(algo == "twap", 5.0, 0.0)) / 1e4
    ids = [f"o{number}" for number in range(count)]
    return pl.DataFrame({"parent_id": ids, "algo": algo, "cost": cost, "notional": notional})


def test_the_dear_algorithm_is_found_in_every_pair_it_is_in() -> None:
    rows = pairwise(orders(), "algo")
    assert [(row["first"], row["second"]) for row in rows] == [("pov", "twap"), ("pov", "vwap"), ("twap", "vwap")]
    dear, even, other = rows
    assert max(dear["q_value"], other["q_value"]) < 1e-6
    assert even["q_value"] > 0.05
    assert dear["high"] < 0.0 < other["low"]
    assert even["low"] < 0.0 < even["high"]
    for row in rows:
        assert row["difference_bps"] == pytest.approx(row["first_bps"] - row["second_bps"])
        assert row["low"] < row["difference_bps"] < row["high"]


def test_groups_too_small_or_unknown_are_not_set_against_others() -> None:
    few = orders(count=20).with_columns(
        algo=pl.Series(["pov"] * 8 + ["twap"] * 8 + ["rare"] * 3 + [None], dtype=pl.String)
    )
    assert [(row["first"], row["second"]) for row in pairwise(few, "algo")] == [("pov", "twap")]


def test_a_broker_with_hard_orders_is_not_blamed_for_them() -> None:
    random = np.random.default_rng(8)
    hard = np.concatenate([np.full(200, 30.0), np.full(200, 5.0)])
    risk = np.concatenate([np.full(200, 20.0), np.full(200, 10.0)])
    cost = hard + random.normal(size=400) * risk
    told = difficulty_adjusted(["HARD"] * 200 + ["EASY"] * 200, cost, hard, risk)
    rows = {row["group"]: row for row in told["groups"]}
    assert rows["HARD"]["cost_bps"] > rows["EASY"]["cost_bps"] + 20.0
    assert told["pairs"][0]["p_value"] > 0.05
    skilled = difficulty_adjusted(["HARD"] * 200 + ["EASY"] * 200, cost - np.where(hard > 10, 10.0, 0.0), hard, risk)
    assert skilled["pairs"][0]["q_value"] < 0.01
    assert {row["group"]: row["residual_bps"] < 0 for row in skilled["groups"]}["HARD"]


def test_weights_are_the_inverse_of_risk_squared() -> None:
    told = difficulty_adjusted(["A", "A", "A", None], [10.0, 20.0, np.nan, 1.0], [4.0, 8.0, 1.0, 1.0], [1.0, 2.0, 1, 1])
    row = told["groups"][0]
    assert row["n"] == 2
    assert row["residual_bps"] == pytest.approx((6.0 * 1.0 + 12.0 * 0.25) / 1.25)


def test_a_day_out_of_control_is_outside_and_a_day_of_few_orders_has_wide_limits() -> None:
    random = np.random.default_rng(2)
    days = [f"2026-03-{day:02d}" for day in range(1, 21)]
    dates = [day for day in days for _ in range(5 if day == days[3] else 50)]
    notional = np.full(len(dates), 1e5)
    bps = random.normal(5.0, 10.0, len(dates)) + np.array([15.0 if date == days[7] else 0.0 for date in dates])
    rows = {row["period"]: row for row in control_chart(dates, bps * 10.0, notional)}
    assert [day for day, row in rows.items() if row["outside"]] == [days[7]]
    width = {day: row["high_bps"] - row["centre_bps"] for day, row in rows.items()}
    # Three standard errors of a mean of 50, and of 5, of orders that scatter by their own standard deviation.
    assert width[days[0]] == pytest.approx(3 * np.std(bps) / np.sqrt(50), rel=0.1)
    assert width[days[3]] == pytest.approx(3 * np.std(bps) / np.sqrt(5), rel=0.1)


def test_many_days_are_told_by_month_and_two_periods_have_no_limits() -> None:
    dates = [f"2026-{month:02d}-{day:02d}" for month in (1, 2, 3, 4) for day in range(1, 21)]
    rows = control_chart(dates, np.arange(80.0), np.full(80, 1e4))
    assert [row["period"] for row in rows] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    two = control_chart(["2026-01-01", "2026-01-02"], np.ones(2), np.full(2, 1e4))
    assert [row["low_bps"] for row in two] == [None, None]
    assert control_chart([], np.zeros(0), np.zeros(0)) == []


def test_an_outlier_is_far_by_the_median_and_drawn_in_for_the_second_total() -> None:
    costs = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 500.0, np.nan])
    found = robust_costs(costs, np.array([1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0]))
    assert found.outlier.tolist() == [False] * 5 + [True, False]
    assert found.median_bps == 3.5
    assert found.z[5] == pytest.approx(0.6745 * (500.0 - 3.5) / 1.5, rel=1e-4)
    assert found.raw_bps == pytest.approx((15.0 + 1000.0) / 7.0)
    high = 3.5 + 3.5 * 1.5 / 0.6744897501960817
    assert found.winsorised_bps == pytest.approx((15.0 + 2 * high) / 7.0)
    alike = robust_costs([1.0, 1.0, 1.0, 1.0, 9.0], np.ones(5))
    assert not alike.outlier.any()
    assert (alike.raw_bps, alike.winsorised_bps) == (2.6, None)
    assert robust_costs([], []).raw_bps is None


def row(number: int, broker: str | None, impact: float | None, drift: float | None, **more: float | None) -> dict:
    notional = 1e5 * (1 + number % 3)
    spread = 10.0 + number
    trading = spread + (drift or 0.0)
    fees, delay, opportunity = 3.0, 7.0 * number, 2.0
    return {
        "parent_id": f"o{number}", "broker": broker, "impact_bps": impact, "executed_notional": notional,
        "paper_notional": notional * 1.1, "delay_cost": delay, "trading_cost": trading,
        "spread_cost": None if drift is None else spread, "drift_cost": drift, "opportunity_cost": opportunity,
        "fees": fees, "total_cost": delay + trading + opportunity + fees, **more,
    }  # fmt: skip


def framed(rows: list[dict]) -> pl.DataFrame:
    floats = [name for name in rows[0] if name not in ("parent_id", "broker")]
    return pl.DataFrame(rows, schema_overrides={"broker": pl.String(), **dict.fromkeys(floats, pl.Float64())})


def test_parts_of_two_brokers_by_hand() -> None:
    told = performance(framed([row(0, "A", 2.0, 50.0), row(3, "B", 1.0, 20.0)]))
    assert told["impact_cost"] == pytest.approx(20.0 + 10.0)
    # Beyond the model: A 30, B 10 on 100,000 each, so an even mix; nothing is due to the choice.
    assert (told["selection_cost"], told["timing_cost"]) == pytest.approx((0.0, 40.0))
    uneven = performance(framed([row(0, "A", 2.0, 50.0), row(1, "B", 1.0, 40.0)]))
    # Beyond the model: A 30 on 100,000, B 20 on 200,000; an even mix of 150,000 each would have cost 45 + 15.
    assert uneven["selection_cost"] == pytest.approx(50.0 - 60.0)
    assert uneven["timing_cost"] == pytest.approx(60.0)


NUMBER = st.floats(-1e4, 1e4, allow_subnormal=False)


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", None]), st.none() | st.floats(-20.0, 50.0), st.none() | NUMBER),
        min_size=1,
        max_size=12,
    )
)
def test_parts_add_up_to_the_total_whatever_is_known(held: list[tuple[str | None, float | None, float | None]]) -> None:
    frame = framed([row(number, *values) for number, values in enumerate(held)])
    told = performance(frame)
    assert sum(told[f"{part}_cost"] or 0.0 for part in PARTS) == pytest.approx(frame["total_cost"].sum(), abs=1e-6)
    assert told["not_attributed_cost"] == pytest.approx(0.0, abs=1e-6)
    bps = [told[f"{part}_bps_of_paper"] or 0.0 for part in PARTS]
    assert sum(bps) == pytest.approx(told["total_bps_of_paper"], abs=1e-6)


def test_without_estimates_drift_stays_whole_and_what_has_no_total_is_counted() -> None:
    told = performance(
        framed([row(0, "A", None, 50.0), row(1, "A", None, None), row(2, "A", 1.0, 5.0, total_cost=None)])
    )
    assert (told["n"], told["left_out"], told["n_with_model"]) == (2, 1, 0)
    assert (told["impact_cost"], told["timing_cost"], told["selection_cost"]) == (None, None, None)
    assert told["drift_not_split_cost"] == 50.0
    assert told["trading_not_split_cost"] == 11.0
