"""Order flow against an oracle book whose price is its flow over its depth, and against a slow count of events."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tapes import SECOND, stylised_book, tape

from tcakit.errors import DataError, UsageError
from tcakit.impact.order_flow_imbalance import depth_scaling, fit_intervals, mean_depth, order_flow

quotes = st.lists(
    st.tuples(st.integers(95, 100), st.integers(1, 9), st.integers(101, 105), st.integers(1, 9)),
    min_size=1,
    max_size=30,
)


def slow_flow(rows: list[tuple[int, int, int, int]]) -> list[float]:
    """Event by event, in words: what came to the bid or left the ask is demand."""
    found = [0.0]
    for (bid0, bid_size0, ask0, ask_size0), (bid, bid_size, ask, ask_size) in pairwise(rows):
        demand = bid_size if bid > bid0 else -bid_size0 if bid < bid0 else bid_size - bid_size0
        supply = ask_size if ask < ask0 else -ask_size0 if ask > ask0 else ask_size - ask_size0
        found.append(float(demand - supply))
    return found


@given(quotes)
def test_flow_is_what_the_slow_count_says(rows):
    assert order_flow(*(np.array(column) for column in zip(*rows, strict=True))).tolist() == slow_flow(rows)


@given(quotes)
def test_the_flow_of_the_mirrored_book_is_the_opposite(rows):
    bid, bid_size, ask, ask_size = (np.array(column) for column in zip(*rows, strict=True))
    there = order_flow(bid, bid_size, ask, ask_size)
    back = order_flow(-ask, ask_size, -bid, bid_size)
    assert np.array_equal(there, -back)


@pytest.mark.parametrize("depth", [3, 8])
def test_the_stylised_book_moves_by_its_flow_over_twice_its_depth(depth):
    fits = fit_intervals(stylised_book(depth=depth))
    assert len(fits) == 13
    slopes = np.array([fit.order_flow.slope for fit in fits])
    errors = np.array([fit.order_flow.slope_se for fit in fits])
    assert slopes.mean() == pytest.approx(0.5 / depth, abs=3.0 * np.sqrt(np.mean(errors**2) / 13))
    assert all(fit.depth_shares == pytest.approx(depth) for fit in fits)
    # 80 shares a bin move the mid by a variance of 80 / (2 D)²; rounding both sides at both ends adds 1/12.
    expected = 1.0 / (1.0 + depth**2 / 240.0)
    assert np.mean([fit.order_flow.r_squared for fit in fits]) == pytest.approx(expected, abs=0.03)


def test_slopes_fall_with_depth_as_the_stylised_book_says():
    fits = [fit for depth in (2, 3, 5, 8) for fit in fit_intervals(stylised_book(seed=depth, depth=depth))]
    found = depth_scaling([fit.order_flow.slope for fit in fits], [fit.depth_shares for fit in fits])
    assert found.coefficient == pytest.approx(0.5, rel=0.05)
    assert found.exponent == pytest.approx(1.0, abs=0.05)
    assert found.r_squared > 0.95
    assert (found.count, found.left_out) == (52, 0)


def test_slopes_below_zero_are_left_out_and_counted():
    found = depth_scaling([-0.1, 0.005, 0.0025, 0.00125, 0.1], [10, 100, 200, 400, np.nan])
    assert (found.count, found.left_out) == (3, 2)
    assert found.reach == pytest.approx(12.706, abs=1e-3)
    with pytest.raises(DataError, match="2 points"):
        depth_scaling([0.1, 0.2], [1, 2])


def test_trades_are_fitted_beside_and_are_none_where_their_side_is_unknown():
    book = stylised_book(depth=3)
    ns = np.arange(1, 23_400, dtype=np.int64) * SECOND
    columns = {name: getattr(book, name) for name in ("quote_ns", "bid", "bid_size", "ask", "ask_size")}
    flow = np.diff(book.mid_at(np.arange(23_400) * SECOND), prepend=np.nan)[1:]
    signs = np.sign(np.nan_to_num(flow))
    told = fit_intervals(tape(**columns, trade_ns=ns, trade_sign=signs, trade_shares=np.ones(len(ns))))
    assert all(0.2 < fit.trade_imbalance.r_squared < 1.0 for fit in told)
    unknown = fit_intervals(tape(**columns, trade_ns=ns, trade_sign=0.0 * signs, trade_shares=np.ones(len(ns))))
    assert [fit.trade_imbalance for fit in unknown] == [None] * 13
    assert [fit.order_flow for fit in unknown] == [fit.order_flow for fit in told]


def test_an_interval_without_enough_is_left_out():
    book = stylised_book(depth=3, session_s=3_600)
    half = tape(
        quote_ns=book.quote_ns + 1_700 * SECOND, bid=book.bid, bid_size=book.bid_size, ask=book.ask,
        ask_size=book.ask_size, close_ns=7_200 * SECOND,
    )  # fmt: skip
    # Ten bins of the first half-hour have a price; of the last nothing changes any more after its 29th.
    assert [fit.start_ns // SECOND for fit in fit_intervals(half)] == [1_800, 3_600]
    with pytest.raises(UsageError, match="too few bins"):
        fit_intervals(half, bin_s=10.0, interval_s=20.0)


def test_depth_counts_whole_queues_only():
    # The bid is eaten to 1, falls to a queue of 8, is built to 7 and beaten: 8 and 7 are whole queues.
    rows = tape(
        quote_ns=[0, 1, 2, 3, 4], bid=[100, 100, 99, 99, 100], bid_size=[5, 1, 8, 7, 2], ask=[102] * 5, ask_size=[9] * 5
    )
    assert mean_depth(rows, 0, 10) == 7.5
    assert np.isnan(mean_depth(rows, 4, 10))
