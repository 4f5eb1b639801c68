"""Replaying a level-3 feed, with and without orders of ours in its queues, against hftbacktest on the same feed.

A place in the queue is exact on both sides: whoever came before an order that trades has traded, or was passed over.
The rules differ in one thing, on purpose (docs/replay.md): where an execution happens at a worse price than ours, the
peer's level-3 exchange fills us only if that price is not its best displayed one. So a few orders fill here that do not
there, and a strategy that looks at its fills goes another way from then on; `_about` says how far they may come apart,
and `tests/replay/test_level3_against_hftbacktest.py` that this is all that differs, order by order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.bench_replay import LATENCY_NS, STEP_NS, Quoting, peer_quoting
from benchmarks.harness import Benchmark, installed
from tcakit.book.order_index import displayed_sizes
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.gateway import Fill, Gateway
from tcakit.venue.latency import ConstantLatency

ROWS = 3_000_000
_FEED_DELAY_NS = 2_000_000
_BEGIN_NS = 1_772_550_000_000_000_000
_MIDDLE, _TICKS = 5_000, 10_000
_FIRST, _ALIVE = 400, 600  # orders before the first cut or execution, and about how many stand at a time
_LARGEST_POSITION = 5
_SCALE = 10  # a tick is 0.1
_LOT = 10
INSTRUMENT = Instrument(
    symbol="MADE", venue="XXXX", currency="USD", timezone="UTC", price_scale=_SCALE, tick_size=1, lot_size=_LOT
)
Columns = dict[str, NDArray[Any]]


@njit
def _flow(rows: int, seed: int) -> Any:
    """Columns ns, kind, side of the book, tick, size, order, size left of it: orders come, are cut, go and trade.

    They join within twenty ticks of the touch, now and then inside the spread; one row in eight executes the order that
    stands first at the best price. Who takes goes on, at one instant, until he has what he wants: few want much.
    """
    np.random.seed(seed)
    ns, kind, side = np.empty(rows, np.int64), np.empty(rows, np.uint8), np.empty(rows, np.int8)
    tick, size, order, left = (
        np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64)
    )  # fmt: skip
    of_side, of_tick, of_size = np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64)
    # Each level's orders in a row: the one before and after each, and the first and last of each level.
    before, after = np.empty(rows, np.int64), np.empty(rows, np.int64)
    first, last = np.full((2, _TICKS), -1), np.full((2, _TICKS), -1)
    alive, place = np.empty(rows, np.int64), np.empty(rows, np.int64)
    best, on_side = np.array([_MIDDLE - 1, _MIDDLE + 1]), np.zeros(2, np.int64)
    now, count, standing, wanted, drift, taker = _BEGIN_NS, 0, 0, 0, 0.0, 0
    for i in range(rows):
        if wanted == 0:
            now += np.int64(np.random.exponential(1e6)) + 1
        ns[i] = now
        dice = np.random.random() if wanted == 0 else 1.0
        if count < _FIRST or standing < 50 or dice < (0.53 if standing < _ALIVE else 0.47):
            # To the side that has fewer, so that neither runs empty.
            s = np.int64(np.random.random() * standing < on_side[0])
            away = 1 if s == 1 else -1
            if count < _FIRST:
                at = _MIDDLE + away * (1 + count % 15)
            elif best[1] - best[0] > 1 and np.random.random() < 0.1:
                at = best[s] - away
            else:
                at = best[s] + away * min(20, np.int64(np.random.exponential(5.0)))
            o = count
            count += 1
            of_side[o], of_tick[o], of_size[o] = s, at, _LOT * np.random.randint(1, 500)
            before[o], after[o] = last[s, at], -1
            if last[s, at] >= 0:
                after[last[s, at]] = o
            else:
                first[s, at] = o
            last[s, at] = o
            alive[standing], place[o] = o, standing
            standing += 1
            on_side[s] += 1
            if (best[s] - at) * away > 0:
                best[s] = at
            kind[i], size[i] = codes.ADD, of_size[o]
        else:
            if dice < 0.92:
                o, done, what = alive[np.random.randint(0, standing)], np.int64(0), codes.DELETE
                done = of_size[o]
            elif dice < 0.96:
                o, what = alive[np.random.randint(0, standing)], codes.REDUCE
                done = _LOT * np.random.randint(0, of_size[o] // _LOT + 1)
                if done == 0 or done == of_size[o]:
                    done, what = of_size[o], codes.DELETE
            else:
                if wanted == 0:
                    drift = 0.99 * drift + 0.1 * np.random.normal()
                    taker = np.int64(np.random.random() < 0.5 + 0.4 * np.tanh(drift))
                    wanted = _LOT * (1 + np.int64(100.0 * np.random.exponential(1.0) ** 3))
                o, what = first[taker, best[taker]], codes.EXECUTE
                done = min(of_size[o], wanted)
                wanted -= done
            s, at = of_side[o], of_tick[o]
            of_size[o] -= done
            kind[i], size[i] = what, done
            if of_size[o] == 0:
                if before[o] >= 0:
                    after[before[o]] = after[o]
                else:
                    first[s, at] = after[o]
                if after[o] >= 0:
                    before[after[o]] = before[o]
                else:
                    last[s, at] = before[o]
                standing -= 1
                on_side[s] -= 1
                if on_side[s] < 25:
                    wanted = 0
                moved = alive[standing]
                alive[place[o]], place[moved] = moved, place[o]
                while first[s, best[s]] < 0:
                    best[s] += 1 if s == 1 else -1
        side[i], tick[i], order[i], left[i] = 1 - 2 * of_side[o], of_tick[o], o, of_size[o]
    return ns, kind, side, tick, size, order, left


def order_flow(rows: int, seed: int) -> Columns:
    """A level-3 day by columns (see `_flow`)."""
    names = ("ns", "kind", "side", "tick", "size", "order", "left")
    return dict(zip(names, _flow(rows, seed), strict=True))


def feed_columns_of(columns: Columns) -> Columns:
    """The day's columns as the store's cache keeps them."""
    kind, side, tick, size = (columns[name] for name in ("kind", "side", "tick", "size"))
    levels = displayed_sizes(kind, side, tick, size, columns["order"])
    book = {
        "ts_ns": columns["ns"],
        "recv_ns": columns["ns"] + _FEED_DELAY_NS,
        "kind": kind,
        "side": side,
        "price": tick,
        "size": size,
        "level_size": levels.level_size,
    }
    return feed_columns(INSTRUMENT, book, queued_row=levels.queued_row)


def our_feed(columns: Columns) -> Feed:
    """The feed as our kernel replays it."""
    return feed_from_columns(INSTRUMENT, feed_columns_of(columns))


def peer_feed(columns: Columns) -> NDArray[Any]:
    """The same feed as hftbacktest takes it: an execution is a fill and what becomes of the order, at one instant."""
    from hftbacktest import BUY_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT
    from hftbacktest.types import (
        ADD_ORDER_EVENT,
        CANCEL_ORDER_EVENT,
        FILL_EVENT,
        MODIFY_ORDER_EVENT,
        event_dtype,
    )

    executed = columns["kind"] == codes.EXECUTE
    row = np.repeat(np.arange(len(executed)), 1 + executed)
    fill = np.zeros(len(row), np.bool_)
    fill[1:] = row[1:] == row[:-1]
    fill[:-1], fill[-1] = fill[1:], False
    told = {name: values[row] for name, values in columns.items()}
    change = np.where(told["left"] > 0, MODIFY_ORDER_EVENT, CANCEL_ORDER_EVENT)
    what = np.where(fill, FILL_EVENT, np.where(told["kind"] == codes.ADD, ADD_ORDER_EVENT, change))
    out = np.zeros(len(row), event_dtype)
    out["ev"] = EXCH_EVENT | LOCAL_EVENT | np.where(told["side"] > 0, BUY_EVENT, SELL_EVENT)
    out["ev"] |= what.astype(np.uint64)
    out["exch_ts"], out["local_ts"] = told["ns"], told["ns"] + _FEED_DELAY_NS
    out["px"], out["order_id"] = told["tick"] / _SCALE, told["order"]
    out["qty"] = np.where(fill, told["size"], told["left"]) / _LOT
    return out


@dataclass(slots=True)
class Looking:
    """A strategy that is asked every 100 ms and does nothing."""

    end_ns: int
    asked: int = 0

    def on_start(self, gateway: Gateway) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Gateway) -> None:
        self.asked += 1
        if gateway.now_ns + STEP_NS <= self.end_ns:
            gateway.wake_at(gateway.now_ns + STEP_NS)

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        raise AssertionError("nothing was sent")


def _replayed(feed: Feed, strategy: Any) -> None:
    begin = int(feed.ns[0])
    settings = ReplaySettings(
        latency=ConstantLatency(0, LATENCY_NS, LATENCY_NS),
        queue_rule=codes.FIFO,
        partial_fills=False,
        depletes_book=False,
    )
    Replay(feed, [Participant(strategy, begin + STEP_NS, strategy.end_ns)], settings).run()


def looked(feed: Feed) -> int:
    """How often the strategy was asked."""
    strategy = Looking(int(feed.local_ns[-1]))
    _replayed(feed, strategy)
    return strategy.asked


def quoted(feed: Feed) -> tuple[int, int]:
    """Orders sent and filled."""
    strategy = Quoting(int(feed.local_ns[-1]))
    _replayed(feed, strategy)
    return strategy.sent, strategy.fills


@njit
def _peer_looking(market: Any, step: int, largest: int) -> Any:
    asked = 0
    while market.elapse(step) == 0:
        asked += 1
    return asked


def peer(data: NDArray[Any], strategy: Any) -> tuple[int, int]:
    """What the strategy counted, and orders filled."""
    from hftbacktest import BacktestAsset, ROIVectorMarketDepthBacktest

    asset = (
        BacktestAsset()
        .data([data])
        .linear_asset(1.0)
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .l3_fifo_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(1 / _SCALE)
        .lot_size(1.0)
        .last_trades_capacity(0)
        .roi_lb(0.0)
        .roi_ub(_TICKS / _SCALE)
    )
    market = ROIVectorMarketDepthBacktest([asset])
    counted = strategy(market, STEP_NS, _LARGEST_POSITION)
    fills = int(market.state_values(0).num_trades)
    market.close()
    return int(counted), fills


def _same(one: int, other: int) -> None:
    assert one == other, (one, other)


def _about(one: tuple[int, int], other: tuple[int, int]) -> None:
    """As many orders sent, and as many filled, but for one in fifty: those that the peer's exchange passes over."""
    for mine, theirs in zip(one, other, strict=True):
        assert abs(mine - theirs) <= max(20, theirs // 50), (one, other)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    rows = max(5_000, int(ROWS * scale))
    columns = order_flow(rows, 3)
    feed = our_feed(columns)
    job = f"{rows:,} rows of a level-3 feed, exact places in the queue, with a strategy"
    look, quote = f"{job} that is asked every 100 ms and does nothing", f"{job} that quotes both sides every 100 ms"
    if installed("hftbacktest"):
        data, quoting = peer_feed(columns), peer_quoting()
        name = "hftbacktest"
        yield Benchmark("level3-look", look, lambda: looked(feed), name, lambda: peer(data, _peer_looking)[0], _same)
        yield Benchmark("level3-quoting", quote, lambda: quoted(feed), name, lambda: peer(data, quoting), _about)
    else:
        for what, job, run in (("look", look, looked), ("quoting", quote, quoted)):
            yield Benchmark(f"level3-{what}", job, partial(run, feed), "hftbacktest is not installed")
