"""Where hftbacktest 2.4.4 is wrong and we are not: the same market and order in both, and what each says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hftbacktest import GTC, LIMIT, BacktestAsset, HashMapMarketDepthBacktest, ROIVectorMarketDepthBacktest
from hftbacktest.types import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    event_dtype,
)
from numba import njit
from replay_cases import engine_of, feed_of, run_to
from replay_witness import Message, Row

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.venue.latency import ConstantLatency

IOC = 3
LOT = 0.1
BID, ASK = 1000, 1002
# (ns, is a trade, side of the book, tick, lots)
Event = tuple[int, bool, int, int, int]
OPENING: list[Event] = [(100, False, codes.BUY, BID, 10), (100, False, codes.SELL, ASK, 10)]
SIDES = {codes.BUY: BUY_EVENT, codes.SELL: SELL_EVENT}


@njit
def _watch(market: Any, tick: float, quantity: float, force: int, times: Any) -> Any:
    """Buy after the opening; rows of what was seen then: return code, position, status, size of the last fill."""
    seen = np.full((times.shape[0], 4), np.nan)
    market.elapse(5)
    market.submit_buy_order(0, np.uint64(1), tick, quantity, force, LIMIT, False)
    now = 105
    for i in range(times.shape[0]):
        seen[i, 0] = market.elapse(times[i] - now)
        now = times[i]
        seen[i, 1] = market.position(0)
        order = market.orders(0).get(np.uint64(1))
        if order is not None:
            seen[i, 2], seen[i, 3] = order.status, order.exec_qty
    return seen


@njit
def _grow(market: Any, tick: float, lots: float, more: float) -> Any:
    """Buy, ask for more at the same price, and wait: (filled, position) at the end."""
    market.elapse(5)
    market.submit_buy_order(0, np.uint64(1), tick, lots, 0, LIMIT, False)
    market.elapse(100)
    market.modify(0, np.uint64(1), tick, more, False)
    market.elapse(5_000)
    return market.position(0)


@njit
def _wait(market: Any, tick: float) -> Any:
    market.elapse(5)
    market.submit_buy_order(0, np.uint64(1), tick, 1.0, 0, LIMIT, False)
    market.elapse(5_000)
    return market.position(0)


def _market(data: Any, level_three: bool = False, lot: float = LOT, partial: bool = False) -> Any:
    asset = BacktestAsset().data([data]).linear_asset(1.0).constant_order_latency(10, 10).tick_size(1.0).lot_size(lot)
    asset = asset.l3_fifo_queue_model() if level_three else asset.risk_adverse_queue_model()
    asset = asset.trading_value_fee_model(0.0, 0.0)
    return HashMapMarketDepthBacktest([asset.partial_fill_exchange() if partial else asset.no_partial_fill_exchange()])


def _as_they_take_it(events: list[Event]) -> Any:
    data = np.zeros(len(events), event_dtype)
    for row, (ns, trade, side, at, size) in zip(data, events, strict=True):
        # The side of a trade is its taker's.
        told = SIDES[-side] if trade else SIDES[side]
        row["ev"] = EXCH_EVENT | LOCAL_EVENT | told | (TRADE_EVENT if trade else DEPTH_EVENT)
        row["exch_ts"] = row["local_ts"] = ns
        row["px"], row["qty"] = at, size * LOT
    return data


def _as_we_take_it(events: list[Event]) -> list[Row]:
    return [
        Row(ns, codes.PRINT if trade else codes.SET, side, at, size, None if trade else size)
        for ns, trade, side, at, size in events
    ]


def theirs(events: list[Event], tick: int, lots: int, force: int, times: list[int], partial: bool = True) -> Any:
    """What was seen of an order of theirs at some times: return code, position, status, size of the last fill."""
    market = _market(_as_they_take_it(events), partial=partial)
    seen = _watch(market, float(tick), lots * LOT, force, np.array(times))
    market.close()
    return seen


def ours(events: list[Event], tick: int, lots: int, force: int, **fills: bool) -> list[tuple[int, int, int]]:
    """(ns, tick, lots) of every fill of the same order."""
    feed = feed_of(_as_we_take_it(events))
    sent = [Message(105, 0, False, codes.BUY, tick, lots, force)]
    engine = engine_of(feed, sent, codes.RISK_AVERSE, latency=ConstantLatency(0, 10, 10), **fills)
    run_to(engine, 1 << 60)
    log = engine.state.log[: int(engine.cursor[lk.N_LOG])]
    fills_of = log[np.isin(log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED))]
    return [(int(row[lk.LOG_NS]), int(row[lk.LOG_TICK]) + feed.base_tick, int(row[lk.LOG_SIZE])) for row in fills_of]


def test_partial_fills_count() -> None:
    events = [
        *OPENING,
        (1_000, True, codes.BUY, BID, 13),
        (2_000, True, codes.BUY, BID, 4),
        (5_000, False, codes.BUY, 998, 1),
    ]
    seen = theirs(events, BID, 10, int(GTC), [1_500, 2_500])
    assert seen[-1, 1] == 0.0  # a position of nothing, though 0.7 were had
    assert ours(events, BID, 10, codes.GTC) == [(1_000, BID, 3), (2_000, BID, 4)]


def test_of_several_fills_all_count() -> None:
    events = [
        *OPENING,
        (1_000, True, codes.BUY, BID, 13),
        (2_000, True, codes.BUY, BID, 8),
        (5_000, False, codes.BUY, 998, 1),
    ]
    seen = theirs(events, BID, 10, int(GTC), [1_500, 2_500])
    assert seen[-1, 1] == pytest.approx(0.7)  # of 1.0
    assert ours(events, BID, 10, codes.GTC) == [(1_000, BID, 3), (2_000, BID, 7)]


def test_an_order_that_takes_at_several_prices_has_a_fill_at_each() -> None:
    book: list[Event] = [
        (100, False, codes.BUY, BID, 10), (100, False, codes.SELL, ASK, 10), (100, False, codes.SELL, ASK + 1, 10),
        (100, False, codes.SELL, ASK + 2, 50),
    ]  # fmt: skip
    events = [*book, (5_000, False, codes.BUY, 998, 1), (6_000, False, codes.BUY, 998, 2)]
    seen = theirs(events, ASK + 2, 25, IOC, [1_000, 5_500])
    assert seen[-1, 1] == pytest.approx(0.5)  # of 2.5: the last price's alone
    assert ours(events, ASK + 2, 25, codes.IOC) == [(115, ASK, 10), (115, ASK + 1, 10), (115, ASK + 2, 5)]
    # With less than it wants there is no fill at all, they say.
    assert theirs(events, ASK + 1, 25, IOC, [1_000, 5_500])[-1, 1] == 0.0
    assert ours(events, ASK + 1, 25, codes.IOC) == [(115, ASK, 10), (115, ASK + 1, 10)]


def test_a_level_has_what_it_shows() -> None:
    events = [*OPENING, (5_000, False, codes.BUY, 998, 1), (6_000, False, codes.BUY, 998, 2)]
    seen = theirs(events, ASK, 1_000, int(GTC), [1_000, 5_500], partial=False)
    assert seen[-1, 1] == pytest.approx(100.0)
    assert ours(events, ASK, 1_000, codes.GTC) == [(115, ASK, 10)]
    # It is by their rule that one gets all.
    assert ours(events, ASK, 1_000, codes.GTC, partial_fills=False, depletes_book=False) == [(115, ASK, 1_000)]


def test_an_order_filled_to_the_last_lot_is_gone() -> None:
    """They go on to fill it, and end with an error where sizes are whole numbers."""
    events = [
        *OPENING, (1_000, True, codes.BUY, BID, 13), (2_000, True, codes.BUY, BID, 7), (3_000, True, codes.BUY, BID, 1),
        (9_000, False, codes.BUY, 998, 1),
    ]  # fmt: skip
    data = [(ns, trade, side, tick, 10 * lots) for ns, trade, side, tick, lots in events]
    seen = theirs(data, BID, 100, int(GTC), [1_500, 2_500, 3_500, 8_000])
    assert 14 in seen[:, 0]
    assert ours(events, BID, 10, codes.GTC) == [(1_000, BID, 3), (2_000, BID, 7)]


def test_a_market_order_that_meets_nobody_expires() -> None:
    feed = feed_of([Row(100, codes.SET, codes.BUY, BID, 10, 10)])
    engine = engine_of(
        feed, [Message(105, 0, False, codes.BUY, None, 5)], codes.RISK_AVERSE, partial_fills=False, depletes_book=False
    )
    run_to(engine, 1 << 60)
    assert int(engine.state.log[1, lk.LOG_REASON]) == codes.NO_LIQUIDITY


def test_an_order_made_larger_fills_all_of_it() -> None:
    events = [*OPENING, (3_000, True, codes.BUY, BID - 2, 500), (9_000, False, codes.BUY, 998, 1)]
    market = _market(_as_they_take_it(events))
    assert _grow(market, float(BID), 1.0, 2.0) == pytest.approx(1.0)  # of 2.0
    market.close()
    rows = _as_we_take_it(events)
    sent = [Message(105, 0, False, codes.BUY, BID, 10), Message(205, 0, tick=BID, quantity=20, is_change=True)]
    for fills in ({}, {"partial_fills": False, "depletes_book": False}):
        engine = engine_of(feed_of(rows), sent, codes.RISK_AVERSE, latency=ConstantLatency(0, 10, 10), **fills)
        run_to(engine, 1 << 60)
        log = engine.state.log[: int(engine.cursor[lk.N_LOG])]
        assert log[log[:, lk.LOG_EVENT] == codes.FILLED][:, lk.LOG_SIZE].tolist() == [20]


def test_an_order_inside_the_spread_is_filled_before_the_best_displayed() -> None:
    """Their level-3 exchange lets an execution at the displayed best pass over a better order of ours."""
    add, fill, change = 10, 13, 12
    told = [
        (add, 100, 99, 5, 11, BUY_EVENT), (add, 100, 98, 5, 13, BUY_EVENT), (add, 100, 105, 5, 12, SELL_EVENT),
        (2, 1_000, 99, 1, 0, SELL_EVENT), (fill, 1_000, 99, 1, 11, BUY_EVENT), (change, 1_000, 99, 4, 11, BUY_EVENT),
        (add, 9_000, 106, 1, 14, SELL_EVENT), (add, 9_500, 106, 1, 15, SELL_EVENT),
    ]  # fmt: skip
    data = np.zeros(len(told), event_dtype)
    for row, (kind, ns, price, quantity, order, side) in zip(data, told, strict=True):
        row["ev"], row["exch_ts"], row["local_ts"] = EXCH_EVENT | LOCAL_EVENT | side | kind, ns, ns
        row["px"], row["qty"], row["order_id"] = price, quantity, order
    market = _market(data, level_three=True, lot=1.0)
    assert _wait(market, 101.0) == 0.0
    market.close()
    rows = [
        Row(100, codes.ADD, codes.BUY, 999, 5, 5, 0),
        Row(100, codes.ADD, codes.BUY, 998, 5, 5, 1),
        Row(100, codes.ADD, codes.SELL, 1_005, 5, 5, 2),
        Row(1_000, codes.EXECUTE, codes.BUY, 999, 1, 4, 0),
    ]
    for fills in ({}, {"partial_fills": False, "depletes_book": False}):
        sent = [Message(105, 0, False, codes.BUY, 1_001, 1)]
        engine = engine_of(feed_of(rows), sent, codes.FIFO, latency=ConstantLatency(0, 10, 10), **fills)
        run_to(engine, 1 << 60)
        log = engine.state.log[: int(engine.cursor[lk.N_LOG])]
        assert log[-1, [lk.LOG_EVENT, lk.LOG_REASON]].tolist() == [codes.FILLED, codes.TRADED_THROUGH]


@njit
def _shown_after(market: Any, tick: int) -> Any:
    """Displayed size of offers at a tick before and after what the feed does at 1,000."""
    market.elapse(500)
    before = market.depth(0).ask_qty_at_tick(tick)
    market.elapse(1_000)
    return before, market.depth(0).ask_qty_at_tick(tick)


def test_offers_that_are_cleared_are_shown_no_more() -> None:
    """Their vector of prices of interest keeps the sizes of cleared offers, which their map of prices does not."""
    told = [
        (DEPTH_EVENT | BUY_EVENT, 100, BID),
        (DEPTH_EVENT | SELL_EVENT, 100, ASK),
        (DEPTH_CLEAR_EVENT | SELL_EVENT, 1_000, ASK),
        (DEPTH_EVENT | BUY_EVENT, 5_000, BID - 1),
    ]
    data = np.zeros(len(told), event_dtype)
    for row, (event, ns, at) in zip(data, told, strict=True):
        row["ev"], row["exch_ts"], row["local_ts"] = EXCH_EVENT | LOCAL_EVENT | event, ns, ns
        row["px"], row["qty"] = at, 1.0
    by_map = _market(data, lot=1.0)
    assert _shown_after(by_map, ASK) == (1.0, 0.0)
    by_map.close()
    asset = BacktestAsset().data([data]).linear_asset(1.0).constant_order_latency(10, 10).tick_size(1.0).lot_size(1.0)
    asset = asset.risk_adverse_queue_model().trading_value_fee_model(0.0, 0.0).no_partial_fill_exchange()
    by_vector = ROIVectorMarketDepthBacktest([asset.roi_lb(0.0).roi_ub(2.0 * ASK)])
    assert _shown_after(by_vector, ASK) == (1.0, 1.0)
    by_vector.close()
    rows = [
        Row(100, codes.SET, codes.BUY, BID, 1, 1),
        Row(100, codes.SET, codes.SELL, ASK, 1, 1),
        Row(1_000, codes.DELETE, codes.SELL, ASK, 1, 0),
    ]
    engine = engine_of(feed_of(rows), [], codes.RISK_AVERSE)
    shown = []
    for until in (500, 1_500):
        run_to(engine, until)
        shown.append(engine.size_at(codes.SELL, ASK))
    assert shown == [1, 0]
