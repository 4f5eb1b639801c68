"""What our orders did in a simulated market, as the tables that every trade of the firm is kept in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market import codes
from tcakit.market.schema import FILLS, ORDER_EVENTS, ORDERS
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.fees import FeeSchedule

_ENDS = (codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED)
_OF_FILLS = (codes.PARTIAL, codes.FILLED)


def log_of(market: SimulatedMarket) -> NDArray[np.int64]:
    """The log of our orders up to now; those that nobody took back expire at the end."""
    rows = market.market.log[: market.market.at[ml.LOG_ROWS]].copy()
    over = set(rows[np.isin(rows[:, ml.LOG_EVENT], _ENDS), ml.LOG_ORDER].tolist())
    left = [number for number in range(len(market.orders)) if number not in over]
    extra = np.zeros((len(left), ml.LOG_COLUMNS), np.int64)
    for at, number in enumerate(left):
        order = market.orders[number]
        extra[at, [ml.LOG_NS, ml.LOG_LOCAL_NS]] = market.now
        extra[at, ml.LOG_ORDER] = number
        extra[at, ml.LOG_EVENT] = codes.EXPIRED
        extra[at, ml.LOG_REASON] = codes.END_OF_DATA
        extra[at, ml.LOG_LEVEL] = -1 if order.tick is None else order.tick - market.base_tick
        extra[at, ml.LOG_LEAVES] = _left(rows, number, order.quantity)
        extra[at, [ml.LOG_TAPE_ROW, ml.LOG_AHEAD]] = -1
    return np.concatenate([rows, extra])


def _left(rows: NDArray[np.int64], number: int, quantity: int) -> int:
    own = rows[rows[:, ml.LOG_ORDER] == number]
    return int(own[-1, ml.LOG_LEAVES]) if len(own) else quantity


def _price(market: SimulatedMarket, level: int, part: int = 0) -> int | None:
    """A level in stored units; None for none."""
    if level < 0:
        return None
    tick = market.instrument.tick_size
    return (level + market.base_tick) * tick + part * tick // 100


def _state(own: NDArray[np.int64]) -> int:
    """The state that an order's events leave it in."""
    state = codes.NEW
    for event in own[:, ml.LOG_EVENT].tolist():
        if event in (codes.ACKNOWLEDGED, codes.PARTIAL, *_ENDS):
            state = event
    return state


def orders(
    market: SimulatedMarket, log: NDArray[np.int64], run_id: str, prefix: str, parents: Sequence[str]
) -> pl.DataFrame:
    """The child orders (schema ORDERS); `log` as `log_of` gives it, `parents` the parent's id of each strategy."""
    instrument, tick = market.instrument, market.instrument.tick_size
    rows: list[dict[str, Any]] = []
    for number, order in enumerate(market.orders):
        own = log[log[:, ml.LOG_ORDER] == number]
        events = own[:, ml.LOG_EVENT]
        acknowledged = own[events == codes.ACKNOWLEDGED, ml.LOG_NS]
        ended = own[np.isin(events, _ENDS)]
        is_fill = np.isin(events, _OF_FILLS)
        filled = int(own[is_fill, ml.LOG_SIZE].sum())
        quantity, price = order.quantity, None if order.tick is None else order.tick * tick
        changed = np.flatnonzero(events == codes.REPLACED)
        if len(changed):
            # As a modification left it: what was filled by then, and what it asked to be open.
            last = int(changed[-1])
            quantity = int(own[:last][is_fill[:last], ml.LOG_SIZE].sum()) + int(own[last, ml.LOG_LEAVES])
            price = _price(market, int(own[last, ml.LOG_LEVEL]))
        parts = order.parts
        rows.append(
            {
                "run_id": run_id,
                "order_id": f"{prefix}{number}",
                "parent_id": parents[order.owner],
                "symbol": instrument.symbol,
                "side": order.side,
                "type": codes.ORDER_TYPE_NAMES[
                    codes.MARKET if order.tick is None and parts.peg is None else codes.LIMIT
                ],
                "time_in_force": codes.TIME_IN_FORCE_NAMES[order.time_in_force],
                "price": price,
                "price_scale": instrument.price_scale,
                "quantity": quantity,
                "size_scale": instrument.size_scale,
                "filled": filled,
                "state": codes.STATE_NAMES[_state(own)],
                "reason": codes.REASON_NAMES[int(ended[-1, ml.LOG_REASON])] if len(ended) else "",
                "submitted_ns": order.submitted_ns,
                "acknowledged_ns": int(acknowledged[0]) if len(acknowledged) else None,
                "ended_ns": int(ended[-1, ml.LOG_NS]) if len(ended) else None,
                "stop_price": None if parts.stop_tick is None else parts.stop_tick * tick,
                "display_quantity": 0 if parts.is_hidden else parts.display_quantity,
                "peg": None if parts.peg is None else codes.PEG_NAMES[parts.peg],
                "peg_offset": None if parts.peg is None else parts.peg_offset_ticks * tick,
            }
        )
    return ORDERS.conform(pl.DataFrame(rows, schema_overrides=ORDERS.polars_schema(), infer_schema_length=None))


def order_events(market: SimulatedMarket, log: NDArray[np.int64], run_id: str, prefix: str) -> pl.DataFrame:
    """Every step of every order (schema ORDER_EVENTS), in the order of our clock and the venue's."""
    rows: list[tuple[int, int, dict[str, Any]]] = []
    tick = market.instrument.tick_size
    asked = [
        (order.submitted_ns, number, codes.NEW, order.tick, order.quantity)
        for number, order in enumerate(market.orders)
    ]
    # Our own acts come before what the venue does with them at the same instant.
    for ns, number, event, at_tick, size in [*asked, *market.local_events]:
        rows.append((ns, 0, _event(run_id, f"{prefix}{number}", ns, ns, event, codes.BY_STRATEGY) | {
            "price": None if at_tick is None else at_tick * tick, "size": 0, "leaves": size,
        }))  # fmt: skip
    for row in log.tolist():
        number, event = row[ml.LOG_ORDER], row[ml.LOG_EVENT]
        is_fill = event in _OF_FILLS
        is_market = market.orders[number].tick is None and market.orders[number].parts.peg is None
        told = _event(run_id, f"{prefix}{number}", row[ml.LOG_NS], row[ml.LOG_LOCAL_NS], event, row[ml.LOG_REASON])
        told |= {
            "price": None if is_market and not is_fill else _price(market, row[ml.LOG_LEVEL], row[ml.LOG_PART]),
            "size": row[ml.LOG_SIZE] if is_fill else 0,
            "leaves": row[ml.LOG_LEAVES],
            "queue_ahead": float(row[ml.LOG_AHEAD]) if row[ml.LOG_AHEAD] >= 0 else None,
            "market_row": row[ml.LOG_TAPE_ROW],
        }
        rows.append((row[ml.LOG_NS], 1, told))
    rows.sort(key=lambda each: each[:2])
    held = [each[2] for each in rows]
    frame = pl.DataFrame(held, schema_overrides=ORDER_EVENTS.polars_schema(), infer_schema_length=None)
    return ORDER_EVENTS.conform(frame)


def _event(run_id: str, order_id: str, ns: int, local_ns: int, event: int, reason: int) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "order_id": order_id,
        "ts_ns": ns,
        "local_ns": local_ns,
        "event": codes.STATE_NAMES[event],
        "reason": codes.REASON_NAMES[reason],
        "queue_ahead": None,
        "market_row": -1,
    }


def fills(
    market: SimulatedMarket,
    log: NDArray[np.int64],
    run_id: str,
    prefix: str,
    parents: Sequence[str],
    date: str,
    fees: FeeSchedule,
    multiplier: float = 1.0,
) -> pl.DataFrame:
    """The executions (schema FILLS) with the quote that stood before each, and the fee it cost.

    `multiplier` is what one unit at price 1 is worth; fees by share are by contract.
    """
    instrument = market.instrument
    part = log[np.isin(log[:, ml.LOG_EVENT], _OF_FILLS)]
    order = part[:, ml.LOG_ORDER]
    sent = [market.orders[number] for number in order.tolist()]
    acknowledged: dict[int, int] = {}
    for row in log[log[:, ml.LOG_EVENT] == codes.ACKNOWLEDGED].tolist():
        acknowledged.setdefault(row[ml.LOG_ORDER], row[ml.LOG_NS])
    received = [acknowledged.get(row[ml.LOG_ORDER], row[ml.LOG_NS]) for row in part.tolist()]
    prices = np.array([_price(market, row[ml.LOG_LEVEL], row[ml.LOG_PART]) or 0 for row in part.tolist()], np.int64)
    side = np.array([each.side for each in sent], np.int64)
    is_maker = part[:, ml.LOG_LIQUIDITY] == codes.MAKER
    shares = part[:, ml.LOG_SIZE] / instrument.size_scale
    fee = fees.fees(prices / instrument.price_scale, shares, is_maker, side=side, order=order, multiplier=multiplier)
    ladder = int(market.market.engine.levels.shape[2])
    frame = pl.DataFrame(
        {
            "fill_id": [f"{prefix}f{at}" for at in range(len(part))],
            "order_id": [f"{prefix}{number}" for number in order.tolist()],
            "parent_id": [parents[each.owner] for each in sent],
            "ts_ns": part[:, ml.LOG_NS],
            "received_ns": received,
            "side": side,
            "price": prices,
            "quantity": part[:, ml.LOG_SIZE],
            "liquidity": [codes.LIQUIDITY_NAMES[value] for value in part[:, ml.LOG_LIQUIDITY].tolist()],
            "reason": [codes.REASON_NAMES[value] for value in part[:, ml.LOG_REASON].tolist()],
            "fee": fee,
            "bid": [_price(market, level) for level in part[:, ml.LOG_BID].tolist()],
            "ask": [_price(market, level) if level < ladder else None for level in part[:, ml.LOG_ASK].tolist()],
        },
        schema_overrides={
            **dict.fromkeys(("fill_id", "order_id", "parent_id"), pl.String),
            **dict.fromkeys(("bid", "ask"), pl.Int64),
        },
    )
    return FILLS.conform(
        frame.with_columns(
            run_id=pl.lit(run_id),
            symbol=pl.lit(instrument.symbol),
            date=pl.lit(date),
            price_scale=pl.lit(instrument.price_scale),
            size_scale=pl.lit(instrument.size_scale),
            venue=pl.Series(
                [market.dark_venue if each.is_dark else instrument.venue for each in sent], dtype=pl.String
            ),
        )
    )


def own_tape_rows(market: SimulatedMarket) -> NDArray[np.bool_]:
    """Which rows of the market's tape are of our orders, resting or taking."""
    engine = market.market.engine
    tape = engine.tape[: engine.counters[ek.TAPE_ROWS]]
    first = int(market.market.at[ml.FIRST_OWN])
    return (tape[:, ek.TAPE_OWNER] >= first) | (tape[:, ek.TAPE_TAKER_OWNER] >= first)
