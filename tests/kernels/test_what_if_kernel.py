"""Orders priced by the index against a replay of each alone: the same fills, by size, time and reason."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_cases import (
    FOREVER,
    HIGH,
    L2_RULES,
    LOW,
    engine_of,
    feed_of,
    level_three_days,
    level_two_days,
    one_level_days,
    run_to,
)
from replay_witness import Message, Row

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay import what_if_kernel as wk
from tcakit.replay.what_if import WhatIf

POWERS = st.sampled_from([1.0, 2.0, 3.0, 2.5])
LOTS = st.sampled_from([1, 2, 5])
FILLS = (codes.QUEUE_REACHED, codes.TRADED_THROUGH, codes.CROSSED)


@st.composite
def lone_orders(draw, lot, last_ns):
    """Arrival, side, tick, quantity: at any price, inside the other side as well, and off the grid."""
    side = draw(st.sampled_from([codes.BUY, codes.SELL]))
    near = st.integers(LOW, LOW + 4) if side == codes.BUY else st.integers(HIGH - 4, HIGH)
    tick = draw(near | near | near | st.integers(LOW - 1, HIGH + 1) | st.sampled_from([0, 9_999]))
    return draw(st.integers(-1, last_ns)), side, tick, lot * draw(st.integers(1, 40))


def fills_of(engine):
    """(row, reason, size) of every fill of the only order, what stood before it, and why it ended."""
    log = engine.state.log[: int(engine.cursor[lk.N_LOG])]
    fills = [
        (int(row[lk.LOG_ROW]), int(row[lk.LOG_REASON]), int(row[lk.LOG_SIZE]))
        for row in log
        if row[lk.LOG_EVENT] in (codes.PARTIAL, codes.FILLED)
    ]
    return fills, int(log[-1, lk.LOG_REASON]), engine.state.log_ahead[: len(log)].tolist()


def priced(what_if, order, until_rows, rule, power):
    """The outcomes of one order that is taken back before each of some rows."""
    feed = what_if.feed
    arrival, side, tick, quantity = order
    n = len(until_rows)
    outcome, left = np.empty((n, wk.OUTCOME_FIELDS), np.int64), np.empty(n)

    def same(value):
        return np.full(n, value, np.int64)

    joined = int(np.searchsorted(feed.ns, arrival, "right"))
    wk.price_orders(
        feed.action, feed.side, feed.tick2, feed.row_sizes(), feed.queued_row, feed.best_bid, feed.best_ask,
        what_if.index,
        np.int64(rule), power, float(feed.instrument.size_scale), np.int64(feed.instrument.lot_size),
        same(joined), np.array(until_rows, np.int64), same(0 if side > 0 else 1), same(tick - feed.base_tick),
        same(quantity), outcome, left,
    )  # fmt: skip
    return outcome, left


def agrees(rows, order, rule, power, lot):
    """The index gives the fills of a replay, however early the order is taken back."""
    feed = feed_of(rows, lot)
    arrival, side, tick, quantity = order
    new = Message(arrival, 0, False, side, tick, quantity, codes.POST_ONLY)
    engine = engine_of(feed, [new], rule, power)
    run_to(engine, FOREVER)
    fills, reason, aheads = fills_of(engine)
    joined = int(np.searchsorted(feed.ns, arrival, "right"))
    until = list(range(joined, len(rows) + 1))
    outcome, left = priced(WhatIf(feed), order, until, rule, power)
    for at, end in enumerate(until):
        mine = outcome[at]
        seen = [fill for fill in fills if fill[0] < end]
        for field, why in zip((wk.BY_QUEUE, wk.BY_THROUGH, wk.BY_CROSS), FILLS, strict=True):
            assert mine[field] == sum(size for _, by, size in seen if by == why)
        assert mine[wk.FIRST_ROW] == (seen[0][0] if seen else -1)
        assert mine[wk.LAST_ROW] == (seen[-1][0] if sum(size for *_, size in seen) == quantity else -1)
        if reason in (codes.WOULD_CROSS, codes.OFF_GRID):
            assert (mine[wk.REASON], mine[wk.AHEAD_AT_ARRIVAL], left[at]) == (reason, -1, -1.0)
        else:
            assert mine[wk.REASON] == (seen[0][1] if seen else codes.NO_REASON)
            assert mine[wk.AHEAD_AT_ARRIVAL] == aheads[0]
    return feed, engine, outcome, left


@given(st.data(), level_two_days(), st.sampled_from(L2_RULES), POWERS, LOTS)
def test_level_two_days_fill_as_in_a_replay(data, rows, rule, power, lot):
    agrees(rows, data.draw(lone_orders(lot, rows[-1].ns)), rule, power, lot)


@given(st.data(), level_two_days(), st.sampled_from(L2_RULES))
def test_rows_whose_side_is_not_known_fill_as_in_a_replay(data, rows, rule):
    """Executions and changes without a side, which a replay takes for offers' levels and for prints of either side."""
    for row in data.draw(st.lists(st.sampled_from(rows[1:]), max_size=10)) if len(rows) > 1 else []:
        row.side = 0
    agrees(rows, data.draw(lone_orders(1, rows[-1].ns)), rule, 3.0, 1)


@given(st.data(), one_level_days(), st.sampled_from(L2_RULES), POWERS, LOTS)
def test_the_queue_of_one_level_fills_as_in_a_replay(data, rows, rule, power, lot):
    order = data.draw(st.integers(0, rows[-1].ns)), codes.BUY, LOW, lot * data.draw(st.integers(1, 40))
    agrees(rows, order, rule, power, lot)


@given(st.data(), level_three_days() | level_three_days(LOW, LOW + 1), st.sampled_from([*L2_RULES, codes.FIFO]))
def test_level_three_days_fill_as_in_a_replay(data, rows, rule):
    agrees(rows, data.draw(lone_orders(1, rows[-1].ns)), rule, 2.0, 1)


@given(st.data(), level_two_days() | one_level_days(), st.sampled_from(L2_RULES), LOTS, st.integers(0, 60))
def test_an_order_taken_back_stood_where_the_replay_says(data, rows, rule, lot, horizon):
    """Through the frame, with the cancel that a strategy would send; what stood ahead at the end is the replay's."""
    arrival, side, tick, quantity = order = data.draw(lone_orders(lot, rows[-1].ns))
    feed = feed_of(rows, lot)
    sent = [
        Message(arrival, 0, False, side, tick, quantity, codes.POST_ONLY),
        Message(arrival + horizon, 0, is_cancel=True),
    ]
    engine = engine_of(feed, sent, rule)
    run_to(engine, FOREVER)
    fills, _, aheads = fills_of(engine)
    names = ("arrival_ns", "side", "tick", "quantity")
    frame = pl.DataFrame({name: [value] for name, value in zip(names, order, strict=True)} | {"horizon_ns": [horizon]})
    mine = WhatIf(feed).price(frame, rule).row(0, named=True)
    assert mine["filled"] == sum(size for *_, size in fills)
    assert mine["first_fill_ns"] == (rows[fills[0][0]].ns if fills else None)
    assert mine["complete_ns"] == (rows[fills[-1][0]].ns if mine["filled"] == quantity else None)
    if mine["ahead"] is None:
        assert mine["reason"] in ("would cross", "outside the price grid")
    else:
        assert mine["ahead"] == aheads[0]
        if mine["complete_ns"] is None:
            assert mine["ahead_left"] == pytest.approx(aheads[-1], abs=1e-9)


@given(st.data(), st.integers(0, 3))
def test_rows_far_away_are_passed_over_in_blocks(data, reaching):
    """A day of several blocks of blocks, in which few rows reach the order; they may stand at the edge of a block."""
    rows = [Row(0, codes.SET, codes.BUY, LOW, 5, 5), Row(0, codes.SET, codes.SELL, HIGH, 5, 5)]
    length = 2 * wk.BLOCK**2 + 3
    rows += [Row(at, codes.SET, codes.SELL, HIGH, 1, 1 + at % 9) for at in range(len(rows), length)]
    edges = [
        at * wk.BLOCK + off for at in (1, 2, wk.BLOCK - 1, wk.BLOCK, wk.BLOCK + 1, 2 * wk.BLOCK) for off in (-1, 0, 1)
    ]
    for _ in range(reaching):
        at = data.draw(st.sampled_from(edges) | st.integers(2, length - 1))
        what = data.draw(st.sampled_from(["through", "cross", "queue"]))
        size = data.draw(st.integers(1, 5))
        if what == "cross":
            rows[at] = Row(at, codes.SET, codes.SELL, LOW + 1, size, size)
        else:
            rows[at] = Row(at, codes.PRINT, codes.BUY, LOW if what == "through" else LOW + 1, size)
    feed = feed_of(rows)
    order = data.draw(st.integers(0, 200)), codes.BUY, LOW + 1, 30
    engine = engine_of(feed, [Message(order[0], 0, False, *order[1:], codes.POST_ONLY)], codes.RISK_AVERSE)
    run_to(engine, FOREVER)
    fills, *_ = fills_of(engine)
    until = [*(row + off for row, *_ in fills for off in (0, 1)), len(rows)]
    outcome, _ = priced(WhatIf(feed), order, until, codes.RISK_AVERSE, 3.0)
    for mine, end in zip(outcome, until, strict=True):
        assert mine[wk.BY_QUEUE : wk.BY_CROSS + 1].sum() == sum(size for row, _, size in fills if row < end)


def test_what_was_taken_of_the_other_side_is_not_taken_twice():
    rows = [
        Row(0, codes.SET, codes.BUY, LOW, 5, 5),
        Row(2, codes.SET, codes.SELL, LOW, 4, 4),  # we take 4 of it
        Row(3, codes.SET, codes.SELL, LOW, 2, 2),  # of which 2 stay taken
        Row(4, codes.LEAVE, codes.SELL, LOW),
        Row(5, codes.ENTER, codes.SELL, LOW, 9, 9),  # 7 are new
        Row(6, codes.SET, codes.SELL, LOW, 10, 10),  # and 1
    ]
    *_, outcome, _ = agrees(rows, (1, codes.BUY, LOW, 100), codes.RISK_AVERSE, 3.0, 1)
    assert outcome[:, wk.BY_CROSS].tolist() == [0, 4, 4, 4, 11, 12]


def test_under_fifo_an_execution_of_the_first_order_behind_ours_fills_it():
    rows = [
        Row(0, codes.ADD, codes.BUY, LOW, 5, 5, 0),
        Row(2, codes.ADD, codes.BUY, LOW, 4, 9, 1),  # the first to stand behind ours
        Row(3, codes.REDUCE, codes.BUY, LOW, 2, 7, 0),
        Row(4, codes.EXECUTE, codes.BUY, LOW, 3, 4, 0),
        Row(5, codes.EXECUTE, codes.BUY, LOW, 1, 3, 1),
    ]
    *_, outcome, left = agrees(rows, (1, codes.BUY, LOW, 3), codes.FIFO, 3.0, 1)
    assert left.tolist() == [5, 5, 3, 0, 0]
    assert outcome[:, wk.BY_QUEUE].tolist() == [0, 0, 0, 0, 1]
