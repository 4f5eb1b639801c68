"""Replaying a level-2 feed with a quoting strategy that looks every 100 ms, against hftbacktest on the same feed.

Ours is plain Python against the gateway; the peer's strategy is compiled, as its users write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.harness import Benchmark, installed
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.gateway import Fill, Gateway
from tcakit.venue.latency import ConstantLatency

ROWS = 3_000_000
STEP_NS = 100_000_000
LATENCY_NS = 1_000_000
_FEED_DELAY_NS = 2_000_000
_BEGIN_NS = 1_772_550_000_000_000_000
_MIDDLE, _DEPTH, _TICKS = 50_000, 20, 100_000
_LARGEST_POSITION = 5
_SCALE = 10  # a tick is 0.1
_LOT = 10


@njit
def _walk(rows: int, seed: int) -> Any:
    """Columns ns, is_print, side of the book, tick, size: levels near the touch published anew, one row in ten a print.

    A print takes from the best level, and the next row, of the same instant, says what is left there.
    """
    np.random.seed(seed)
    ns = np.empty(rows, np.int64)
    is_print = np.zeros(rows, np.bool_)
    side = np.empty(rows, np.int8)
    tick = np.empty(rows, np.int64)
    size = np.empty(rows, np.int64)
    shown = np.zeros((2, _TICKS), np.int64)
    best = np.array([_MIDDLE, _MIDDLE + 1])
    now = _BEGIN_NS
    i = 0
    for level in range(_DEPTH):
        for s in range(2):
            if i < rows:
                at = best[s] + (level if s == 1 else -level)
                shown[s, at] = _LOT * np.random.randint(1, 500)
                ns[i], side[i], tick[i], size[i] = now, 1 - 2 * s, at, shown[s, at]
                i += 1
    while i < rows:
        now += np.int64(np.random.exponential(1e6)) + 1
        s = np.random.randint(0, 2)
        away = 1 if s == 1 else -1
        at = best[s]
        if np.random.random() < 0.11 and i + 1 < rows:
            taken = _LOT * min(shown[s, at] // _LOT, 1 + np.int64(np.random.exponential(40.0)))
            ns[i], is_print[i], side[i], tick[i], size[i] = now, True, 1 - 2 * s, at, taken
            i += 1
            left = shown[s, at] - taken
        elif best[1] - best[0] > 1 and np.random.random() < 0.3:
            at -= away
            left = _LOT * np.random.randint(1, 500)
        else:
            at += away * min(10, np.int64(np.random.exponential(2.5)))
            left = 0 if np.random.random() < 0.1 else _LOT * np.random.randint(1, 500)
        # Never empty near the touch: a level further out comes with the one that goes.
        if at == best[s] and left == 0 and shown[s, at + away] == 0:
            left = _LOT
        shown[s, at] = left
        ns[i], side[i], tick[i], size[i] = now, 1 - 2 * s, at, left
        i += 1
        if left > 0 and (best[s] - at) * away > 0:
            best[s] = at
        while shown[s, best[s]] == 0:
            best[s] += away
    return ns, is_print, side, tick, size


def our_feed(columns: tuple[NDArray[Any], ...]) -> Feed:
    """The feed as our kernel replays it."""
    ns, is_print, side, tick, size = columns
    instrument = Instrument(
        symbol="MADE", venue="XXXX", currency="USD", timezone="UTC", price_scale=_SCALE, tick_size=1, lot_size=_LOT
    )
    book = {
        "ts_ns": ns,
        "recv_ns": ns + _FEED_DELAY_NS,
        "kind": np.where(is_print, codes.PRINT, codes.SET),
        "side": side,
        "price": tick,
        "size": size,
        "level_size": np.where(is_print, -1, size),
    }
    return feed_from_columns(instrument, feed_columns(instrument, book))


@dataclass(slots=True)
class Quoting:
    """One order a side at the touch, sent anew when the touch has moved; never more than a few lots held."""

    end_ns: int
    sent: int = 0
    fills: int = 0
    position: int = 0
    # order -> (side, tick, whether it can be taken back)
    working: dict[int, tuple[int, int, bool]] = field(default_factory=dict)

    def on_start(self, gateway: Gateway) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Gateway) -> None:
        later = gateway.now_ns + STEP_NS
        if later <= self.end_ns:
            gateway.wake_at(later)
        bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
        buys, sells = self.position < _LARGEST_POSITION, self.position > -_LARGEST_POSITION
        has_bid, has_ask = False, False
        for order, (side, tick, is_free) in self.working.items():
            if buys and side == codes.BUY and tick == bid:
                has_bid = True
            elif sells and side == codes.SELL and tick == ask:
                has_ask = True
            elif is_free:
                gateway.cancel(order)
                self.working[order] = (side, tick, False)
        if buys and not has_bid and bid is not None:
            self.working[gateway.submit(codes.BUY, _LOT, bid, codes.POST_ONLY)] = (codes.BUY, bid, False)
            self.sent += 1
        if sells and not has_ask and ask is not None:
            self.working[gateway.submit(codes.SELL, _LOT, ask, codes.POST_ONLY)] = (codes.SELL, ask, False)
            self.sent += 1

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        self.fills += 1
        self.position += fill.side
        self.working.pop(fill.order_id, None)

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        if event == codes.ACKNOWLEDGED:
            side, tick, _ = self.working[order_id]
            self.working[order_id] = (side, tick, True)
        elif event != codes.CANCEL_REJECTED:
            self.working.pop(order_id, None)


def ours(feed: Feed) -> tuple[int, int]:
    """Orders sent and filled."""
    begin, end = int(feed.ns[0]), int(feed.local_ns[-1])
    settings = ReplaySettings(latency=ConstantLatency(0, LATENCY_NS, LATENCY_NS), queue_rule=codes.RISK_AVERSE)
    strategy = Quoting(end)
    Replay(feed, [Participant(strategy, begin + STEP_NS, end)], settings).run()
    return strategy.sent, strategy.fills


def peer_feed(columns: tuple[NDArray[Any], ...]) -> NDArray[Any]:
    """The same feed as hftbacktest takes it."""
    from hftbacktest import (
        BUY_EVENT,
        DEPTH_EVENT,
        EXCH_EVENT,
        LOCAL_EVENT,
        SELL_EVENT,
        TRADE_EVENT,
    )
    from hftbacktest.types import event_dtype

    ns, is_print, side, tick, size = columns
    out = np.zeros(len(ns), event_dtype)
    # A print on the offer was bought: its side is the taker's, that of a level its own.
    is_buy = np.where(is_print, side < 0, side > 0)
    out["ev"] = EXCH_EVENT | LOCAL_EVENT | np.where(is_buy, BUY_EVENT, SELL_EVENT)
    out["ev"] |= np.where(is_print, TRADE_EVENT, DEPTH_EVENT).astype(np.uint64)
    out["exch_ts"], out["local_ts"] = ns, ns + _FEED_DELAY_NS
    out["px"], out["qty"] = tick / _SCALE, size / _LOT
    return out


def peer_quoting() -> Any:
    from hftbacktest import BUY, GTX, LIMIT

    @njit
    def quoting(market: Any, step: int, largest: int) -> Any:
        sent, number = 0, np.uint64(1)
        tick_size = market.depth(0).tick_size
        while market.elapse(step) == 0:
            market.clear_inactive_orders(0)
            depth, position = market.depth(0), market.position(0)
            bid, ask = depth.best_bid_tick, depth.best_ask_tick
            has_bid, has_ask = False, False
            orders = market.orders(0).values()
            while orders.has_next():
                order = orders.get()
                if order.side == BUY and order.price_tick == bid and position < largest:
                    has_bid = True
                elif order.side != BUY and order.price_tick == ask and position > -largest:
                    has_ask = True
                elif order.cancellable:
                    market.cancel(0, order.order_id, False)
            if not has_bid and position < largest:
                market.submit_buy_order(0, number, bid * tick_size, 1.0, GTX, LIMIT, False)
                number += np.uint64(1)
                sent += 1
            if not has_ask and position > -largest:
                market.submit_sell_order(0, number, ask * tick_size, 1.0, GTX, LIMIT, False)
                number += np.uint64(1)
                sent += 1
        return sent

    return quoting


def peer(data: NDArray[Any], strategy: Any) -> tuple[int, int]:
    """Orders sent and filled."""
    from hftbacktest import BacktestAsset, ROIVectorMarketDepthBacktest

    asset = (
        BacktestAsset()
        .data([data])
        .linear_asset(1.0)
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(1 / _SCALE)
        .lot_size(1.0)
        .last_trades_capacity(0)
        .roi_lb(0.0)
        .roi_ub(_TICKS / _SCALE)
    )
    market = ROIVectorMarketDepthBacktest([asset])
    sent = strategy(market, STEP_NS, _LARGEST_POSITION)
    fills = int(market.state_values(0).num_trades)
    market.close()
    return int(sent), fills


def _agree(one: tuple[int, int], other: tuple[int, int]) -> None:
    """As many orders sent, and as many filled."""
    assert one == other, (one, other)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmark of this file, at a fraction of the full size."""
    rows = max(5_000, int(ROWS * scale))
    columns = _walk(rows, 3)
    feed = our_feed(columns)
    job = f"{rows:,} rows of a level-2 feed with a strategy that quotes both sides, asked every 100 ms"
    name = "replay-quoting"
    if installed("hftbacktest"):
        data, strategy = peer_feed(columns), peer_quoting()
        yield Benchmark(name, job, lambda: ours(feed), "hftbacktest", lambda: peer(data, strategy), _agree)
    else:
        yield Benchmark(name, job, lambda: ours(feed), "hftbacktest is not installed")
