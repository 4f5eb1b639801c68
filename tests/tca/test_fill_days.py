"""Orders that filled on several days, each day against the close before it."""

from __future__ import annotations

from typing import Any

import pytest
from acme_market import DATE, SECOND, at, build_day, fill, frame_of, parent
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.market.schema import FILLS, PARENTS
from tcakit.tca import BenchmarkContext, measure

DAYS = [DATE, "2020-01-03", "2020-01-06", "2020-01-07"]
DAY_NS = 24 * 3600 * SECOND
NEXT = {date: number * DAY_NS for number, date in enumerate(DAYS)}


def row_of(
    order: dict[str, Any],
    fills: list[dict[str, Any]],
    closes: dict[tuple[str, str], float],
    mid: float = 100.0,
    **more: Any,
) -> dict[str, Any]:
    market = build_day([(0, mid - 0.25, mid + 0.25), (23_399, mid - 0.25, mid + 0.25)])
    context = BenchmarkContext(closes=closes)
    frames = frame_of([order], PARENTS), frame_of(fills, FILLS)
    out = measure(*frames, {("ACME", DATE): market}, run_id="R1", context=context, **more)
    cost, more_ = out.parents.row(0, named=True), out.benchmarks.row(0, named=True)
    return cost | more_ | {"why": more_["notes"] or ""}


def on(date: str, number: int, price: float, shares: int, side: int = 1) -> dict[str, Any]:
    stamp = at(12 + number) + NEXT[date]
    return fill(f"F{number}", 0, price, shares, date=date, ts_ns=stamp, side=side, fee=None)


def test_the_published_example_of_a_trade_of_the_next_day() -> None:
    """Decided at 75, filled on the next day after a close of 75.75, given up at 79 (Stalla, "CMS")."""
    order = parent(quantity=8_000, decision_price=75.0, fees=1_500.0, end_ns=at(50))
    row = row_of(order, [on(DAYS[1], 1, 77.0, 4_000)], {("P1", DAYS[1]): 75.75}, mid=79.0)
    assert (row["delay_to_close_cost"], row["realised_cost"]) == (3_000.0, 5_000.0)
    assert (row["opportunity_cost"], row["total_cost"]) == (16_000.0, 25_500.0)
    assert row["delay_to_close_cost"] + row["realised_cost"] + row["opportunity_cost"] + 1_500.0 == row["total_cost"]


def test_two_days_by_hand_and_what_is_not_known() -> None:
    fills = [on(DAYS[0], 1, 100.0, 100), on(DAYS[1], 2, 101.0, 200), on(DAYS[1], 3, 102.0, 100)]
    closes = {("P1", DAYS[0]): 99.5, ("P1", DAYS[1]): 100.5}
    row = row_of(parent(), fills, closes)
    assert row["realised_cost"] == pytest.approx(100 * 0.5 + 200 * 0.5 + 100 * 1.5)
    assert row["delay_to_close_cost"] == pytest.approx(100 * (99.5 - 99.9) + 300 * (100.5 - 99.9))
    assert row["close_before_fills"] == pytest.approx((100 * 99.5 + 300 * 100.5) / 400)
    # One close of two is not enough, and said; without any nothing is asked of the order.
    half = row_of(parent(), fills, {("P1", DAYS[0]): 99.5})
    assert half["realised_cost"] is half["delay_to_close_cost"] is None
    assert f"no close is stored of the days before {DAYS[1]}: realised cost is unknown" in half["why"]
    none = row_of(parent(), fills, {})
    assert none["realised_cost"] is None
    assert "realised" not in none["why"]
    assert row_of(parent(), [], closes)["realised_cost"] is None
    # Its fills contradict it: nothing is told of its cost.
    wrong = row_of(parent(), [on(DAYS[0], 1, 100.0, 100, side=-1)], closes)
    assert wrong["realised_cost"] is None


def test_a_close_after_a_split_is_brought_to_the_shares_of_the_arrival() -> None:
    """Two for one before the second day: its fill at 50.5 and its close of 50.25 were 101 and 100.5 before."""
    fills = [on(DAYS[1], 1, 101.0, 100)]
    row = row_of(parent(), fills, {("P1", DAYS[1]): 50.25}, restated={("F1", DAYS[1]): 2.0})
    assert row["realised_cost"] == pytest.approx(100 * 0.5)


@given(
    st.lists(st.tuples(st.sampled_from(DAYS), st.integers(9_500, 10_500), st.integers(1, 500)), min_size=1, max_size=8),
    st.lists(st.integers(9_500, 10_500), min_size=4, max_size=4),
    st.sampled_from([1, -1]),
    st.sampled_from([None, 50.0]),
)
@settings(max_examples=30, deadline=None)
def test_realised_and_delay_are_the_cost_of_what_was_filled(
    made: Any, before: list[int], side: int, multiplier: float | None
) -> None:
    fills = [on(date, number, price / 100, shares, side) for number, (date, price, shares) in enumerate(made)]
    order = parent(side=side, quantity=5_000, multiplier=multiplier)
    closes = {("P1", date): price / 100 for date, price in zip(DAYS, before, strict=True)}
    row = row_of(order, fills, closes)
    expected = side * (multiplier or 1.0) * sum(shares * (price / 100 - 99.9) for _, price, shares in made)
    assert row["realised_cost"] + row["delay_to_close_cost"] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert row["realised_cost"] + row["delay_to_close_cost"] == pytest.approx(
        row["delay_cost"] + row["trading_cost"], rel=1e-9, abs=1e-6
    )
    assert row["fill_days"] == len({date for date, _, _ in made})
