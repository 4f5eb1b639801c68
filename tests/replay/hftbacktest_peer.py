"""hftbacktest run on a list of messages, beside our replay run on the same: fills order by order.

Its own state decides what of the list it sends (an order that is not acknowledged cannot be cancelled there); what it
sent is what ours is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hftbacktest
import numpy as np
from hftbacktest import FILLED, GTX, LIMIT, MARKET, BacktestAsset
from hftbacktest.types import (
    BUY_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    event_dtype,
)
from numba import njit
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.recorded_market import RecordedMarket, ReplaySettings

TICK, LOT, LOTS_A_COIN, TICKS_A_DOLLAR = 0.1, 0.001, 1000, 10
FOREVER = 1 << 62
FORCES = {codes.GTC: 0, codes.POST_ONLY: int(GTX), codes.FOK: 2, codes.IOC: 3}
Fills = set[tuple[int, int, int, int]]  # order, ns, side, tick


@dataclass(frozen=True)
class Messages:
    """What a trader would like to send, by time: new orders, or cancels of earlier ones (`cancels` their number)."""

    ns: NDArray[np.int64]
    cancels: NDArray[np.int64]  # -1 for a new order
    side: NDArray[np.int64]
    away: NDArray[np.int64]  # ticks from the best price of its side that is seen then, outwards
    lots: NDArray[np.int64]
    force: NDArray[np.int64]
    market: NDArray[np.bool_]


def events(
    ns: NDArray[np.int64],
    local_ns: NDArray[np.int64],
    trade: NDArray[np.bool_],
    side: NDArray[Any],
    tick: Any,
    lots: Any,
) -> NDArray[Any]:
    """The feed as hftbacktest takes it; the side of a trade is its taker's."""
    out = np.zeros(len(ns), event_dtype)
    kind = np.where(trade, TRADE_EVENT, DEPTH_EVENT).astype(np.uint64)
    out["ev"] = EXCH_EVENT | LOCAL_EVENT | np.where(side > 0, BUY_EVENT, SELL_EVENT).astype(np.uint64) | kind
    out["exch_ts"], out["local_ts"] = ns, local_ns
    out["px"], out["qty"] = tick * TICK, lots / LOTS_A_COIN
    return out


def our_feed(data: NDArray[Any]) -> Feed:
    """The same feed for our replay: levels, and prints on the side of the book that was hit."""
    kind = data["ev"] & 0xFF
    side = np.where(data["ev"] & BUY_EVENT, 1, -1)
    trade = kind == TRADE_EVENT
    assert np.isin(kind, (TRADE_EVENT, DEPTH_EVENT, DEPTH_SNAPSHOT_EVENT)).all()
    lots = np.rint(data["qty"] * LOTS_A_COIN).astype(np.int64)
    instrument = Instrument(
        "BTC", price_scale=TICKS_A_DOLLAR, tick_size=1, size_scale=LOTS_A_COIN, lot_size=1, venue="X", currency="USD"
    )
    book = {
        "ts_ns": data["exch_ts"],
        "recv_ns": data["local_ts"],
        "kind": np.where(trade, codes.PRINT, codes.SET),
        "side": np.where(trade, -side, side),
        "price": np.rint(data["px"] / TICK).astype(np.int64),
        "size": lots,
        "level_size": np.where(trade, -1, lots),
    }
    return feed_from_columns(instrument, feed_columns(instrument, book))


@njit
def _send(market: Any, first: int, plan: Any, tick_size: float, lot_size: float, sent: Any, filled: Any) -> Any:
    """Run the plan; rows of `sent`: what (0 new, 1 cancel), order, ns, side, tick, lots, force, is market."""
    n_sent, n_filled = 0, 0
    now = first
    for i in range(plan.shape[0] + 1):
        until = plan[i, 0] if i < plan.shape[0] else now + 1_000_000_000_000_000
        over = market.elapse(until - now) != 0
        now = until
        orders = market.orders(0).values()
        while orders.has_next():
            order = orders.get()
            if order.status == FILLED:
                filled[n_filled, 0], filled[n_filled, 1] = order.order_id, order.exch_timestamp
                filled[n_filled, 2], filled[n_filled, 3] = order.side, order.exec_price_tick
                n_filled += 1
        market.clear_inactive_orders(0)
        if over or i == plan.shape[0]:
            break
        depth = market.depth(0)
        if plan[i, 1] >= 0:
            target = market.orders(0).get(np.uint64(plan[i, 1] + 1))
            if target is not None and target.cancellable:
                market.cancel(0, target.order_id, False)
                sent[n_sent, 0], sent[n_sent, 1], sent[n_sent, 2] = 1, plan[i, 1], now
                n_sent += 1
            continue
        side = plan[i, 2]
        tick = depth.best_bid_tick - plan[i, 3] if side > 0 else depth.best_ask_tick + plan[i, 3]
        if tick <= 0 or tick > 10_000_000:
            continue
        quantity = plan[i, 4] * lot_size
        kind = MARKET if plan[i, 6] else LIMIT
        number = np.uint64(i + 1)
        if side > 0:
            market.submit_buy_order(0, number, tick * tick_size, quantity, plan[i, 5], kind, False)
        else:
            market.submit_sell_order(0, number, tick * tick_size, quantity, plan[i, 5], kind, False)
        row = sent[n_sent]
        row[0], row[1], row[2], row[3], row[4] = 0, i, now, side, tick
        row[5], row[6], row[7] = plan[i, 4], plan[i, 5], plan[i, 6]
        n_sent += 1
    return n_sent, n_filled


def theirs(
    data: NDArray[Any],
    messages: Messages,
    rule: int,
    power: float,
    latency: Any,
    roi: bool = False,
    partial: bool = False,
) -> tuple[NDArray[np.int64], Fills]:
    """What hftbacktest sent of the messages, and its fills; `latency` is (entry, response) in ns, or recorded rows."""
    asset = BacktestAsset().data([data]).linear_asset(1.0).trading_value_fee_model(0.0, 0.0)
    asset = asset.tick_size(TICK).lot_size(LOT)
    if isinstance(latency, tuple):
        asset = asset.constant_order_latency(*latency)
    else:
        asset = asset.intp_order_latency(latency)
    models = {
        codes.RISK_AVERSE: asset.risk_adverse_queue_model,
        codes.LOG_PROB: asset.log_prob_queue_model,
        codes.LOG_PROB2: asset.log_prob_queue_model2,
        codes.POWER_PROB: lambda: asset.power_prob_queue_model(power),
        codes.POWER_PROB2: lambda: asset.power_prob_queue_model2(power),
        codes.POWER_PROB3: lambda: asset.power_prob_queue_model3(power),
        codes.FIFO: asset.l3_fifo_queue_model,
    }
    asset = models[rule]()
    asset = asset.partial_fill_exchange() if partial else asset.no_partial_fill_exchange()
    asset = asset.last_trades_capacity(0)
    if roi:
        asset = asset.roi_lb(float(data["px"].min() - 100)).roi_ub(float(data["px"].max() + 100))
        market = hftbacktest.ROIVectorMarketDepthBacktest([asset])
    else:
        market = hftbacktest.HashMapMarketDepthBacktest([asset])
    m = messages
    force = np.array([FORCES[int(code)] for code in m.force], np.int64)
    plan = np.column_stack([m.ns, m.cancels, m.side, m.away, m.lots, force, m.market]).astype(np.int64)
    sent, filled = np.zeros((len(plan), 8), np.int64), np.zeros((len(plan), 4), np.int64)
    first = int(min(data["exch_ts"].min(), data["local_ts"].min()))
    n_sent, n_filled = _send(market, first, plan, TICK, LOT, sent, filled)
    market.close()
    return sent[:n_sent], {(int(row[0]) - 1, int(row[1]), int(row[2]), int(row[3])) for row in filled[:n_filled]}


def our_log(feed: Feed, sent: NDArray[np.int64], settings: ReplaySettings) -> tuple[RecordedMarket, dict[int, int]]:
    """Our replay of what was sent, and which number each of our orders had there."""
    engine = RecordedMarket(feed, settings)
    back = {value: key for key, value in FORCES.items()}
    numbers: dict[int, int] = {}
    for what, number, ns, side, tick, lots, force, market in sent.tolist():
        engine.clock.now = ns
        if what == 1:
            engine.send(lk.SEND_CANCEL, numbers[number])
        else:
            numbers[number] = engine.submit(0, side, lots, None if market else tick, back[force])
    engine.clock.now = 0
    while engine.advance(FOREVER) == lk.RESPONSE:
        engine.cursor[lk.DELIVERED] += 1
    return engine, {order: number for number, order in numbers.items()}


def ours(feed: Feed, sent: NDArray[np.int64], settings: ReplaySettings) -> Fills:
    """Our fills of what was sent."""
    engine, of = our_log(feed, sent, settings)
    log = engine.state.log[: int(engine.cursor[lk.N_LOG])]
    fills = log[log[:, lk.LOG_EVENT] == codes.FILLED]
    return {
        (of[int(row[lk.LOG_ORDER])], int(row[lk.LOG_NS]), 1 - 2 * int(engine.state.orders[row[lk.LOG_ORDER], lk.SIDE]),
         int(row[lk.LOG_TICK]) + feed.base_tick)
        for row in fills
    }  # fmt: skip
