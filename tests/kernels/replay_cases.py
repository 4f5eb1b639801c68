"""Random feeds and messages for the replay, and the kernel driven by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from replay_witness import EVER_BEFORE, Message, Row

from tcakit.book.order_index import displayed_sizes
from tcakit.book.plain_book import PlainBook
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.recorded_market import RecordedMarket, ReplaySettings
from tcakit.venue.latency import ConstantLatency, Latency
from tcakit.venue.order_parts import OrderParts

LOW, HIGH = 1000, 1009
FOREVER = 1 << 60
L2_RULES = [rule for rule in codes.QUEUE_RULE_NAMES if rule != codes.FIFO]
SIDES = st.sampled_from([codes.BUY, codes.SELL])
# Sides overlap by a few ticks, so that books cross now and then.
TICKS = st.integers(LOW, HIGH)


def instrument(lot: int = 1, unit: int = 1) -> Instrument:
    """Ticks of two stored units, so that a price may lie between two ticks; `unit` stored sizes are a share."""
    return Instrument("ACME", price_scale=100, tick_size=2, lot_size=lot, size_scale=unit)


# --- feeds ------------------------------------------------------------------------------------------------


@st.composite
def level_rows(draw: st.DrawFn) -> tuple[int, int, float, int, int | None]:
    side = draw(SIDES)
    middle = (LOW + HIGH) // 2
    tick = draw(st.integers(LOW, middle + 1) if side == codes.BUY else st.integers(middle, HIGH))
    kind = draw(
        st.sampled_from([codes.SET] * 6 + [codes.EXECUTE] * 4 + [codes.ADD, codes.REDUCE, codes.DELETE])
        | st.sampled_from([codes.ENTER, codes.LEAVE, codes.SNAPSHOT, codes.CORRECTION])
    )
    level = None if kind == codes.LEAVE else draw(st.integers(0, 40))
    if kind == codes.EXECUTE and draw(st.integers(0, 5)) == 0:
        level = None
    return kind, side, float(tick), draw(st.integers(1, 25)), level


@st.composite
def print_rows(draw: st.DrawFn) -> tuple[int, int, float, int, int | None]:
    kind = draw(st.sampled_from([codes.PRINT, codes.PRINT, codes.PRINT_HIDDEN, codes.PRINT_CROSS]))
    side = draw(st.sampled_from([codes.BUY, codes.SELL, 0]))
    tick = draw(st.integers(2 * LOW - 2, 2 * HIGH + 2)) / 2
    return kind, side, tick, draw(st.integers(1, 40)), None


VENUE_ROWS = st.sampled_from([codes.CLEAR, codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME]).map(
    lambda kind: (kind, 0, float(LOW), 0, None)
)


@st.composite
def level_two_days(draw: st.DrawFn) -> list[Row]:
    """Any sequence of rows at all: books that cross themselves, levels out of sight, halts, several rows an instant."""
    rare = st.integers(0, 14)
    rows, ns = [Row(0, codes.SET, codes.BUY, LOW, 5, 5)], 0
    for _ in range(draw(st.integers(0, 60))):
        ns += draw(st.sampled_from([0, 0, 1, 2, 7]))
        which = draw(rare)
        kind, side, tick, size, level = draw(VENUE_ROWS if which == 0 else print_rows() if which < 5 else level_rows())
        rows.append(Row(ns, kind, side, tick, size, level))
    return rows


@st.composite
def one_level_days(draw: st.DrawFn) -> list[Row]:
    """What happens to one level only, so that queues of ours are moved often before they fill."""
    shown = draw(st.integers(5, 60))
    rows, ns = [Row(0, codes.SET, codes.BUY, LOW, shown, shown)], 0
    kinds = [codes.SET] * 4 + [codes.PRINT] * 3 + [codes.EXECUTE] * 3 + [codes.ENTER, codes.LEAVE]
    for _ in range(draw(st.integers(1, 25))):
        ns += draw(st.integers(1, 3))
        kind, size = draw(st.sampled_from(kinds)), draw(st.integers(1, 12))
        if kind in (codes.PRINT, codes.LEAVE):
            rows.append(Row(ns, kind, codes.BUY, LOW, size))
            continue
        lost = size if kind == codes.EXECUTE and draw(st.booleans()) else draw(st.integers(-10, 12))
        shown = max(0, shown - lost)
        rows.append(Row(ns, kind, codes.BUY, LOW, size, shown))
    return rows


@st.composite
def joiners(draw: st.DrawFn, lot: int) -> list[Message]:
    """Bids that join that level at any time, and cancels that show what still stood before them."""
    times = sorted(draw(st.lists(st.integers(0, 30), min_size=1, max_size=4)))
    sent = [Message(ns, at, False, codes.BUY, LOW, lot * draw(st.integers(1, 20))) for at, ns in enumerate(times)]
    for order in range(len(times)):
        sent.append(Message(times[order] + draw(st.integers(0, 30)), order, is_cancel=True))
    return sorted(sent, key=lambda message: message.ns)


@st.composite
def icebergs(draw: st.DrawFn, lot: int) -> list[Message]:
    """Bids that join that level, most of which show a part of their size only."""
    sent = draw(joiners(lot))
    for message in sent:
        if not message.is_cancel and draw(st.integers(0, 3)):
            message.display = lot * draw(st.integers(1, min(4, message.quantity // lot)))
    return sent


@st.composite
def level_three_days(draw: st.DrawFn, lowest: int = LOW, highest: int = HIGH) -> list[Row]:
    """Orders that come, shrink, leave and trade; most executions meet the first of the queue, a few another.

    Bids stand in the lower half of the prices, offers in the upper.
    """
    plain, rows, ids, ns = PlainBook(), [], [], 0
    for number in range(1, draw(st.integers(2, 60))):
        ns += draw(st.sampled_from([0, 0, 1, 2, 7]))
        what = draw(
            st.sampled_from([codes.ADD] * 4 + [codes.REDUCE, codes.DELETE, codes.PRINT_HIDDEN] + [codes.EXECUTE] * 3)
        )
        live = sorted(plain.where)
        if what == codes.PRINT_HIDDEN and rows:
            rows.append(Row(ns, what, draw(SIDES), draw(st.integers(2 * LOW, 2 * HIGH)) / 2, draw(st.integers(1, 9))))
            ids.append(0)
            continue
        if what == codes.ADD or not live:  # the first row as well: a day must show a level
            side, middle = draw(SIDES), (lowest + highest) // 2
            tick = draw(st.integers(lowest, middle) if side == codes.BUY else st.integers(middle + 1, highest))
            row, order = Row(ns, codes.ADD, side, tick, draw(st.integers(1, 9))), number
        else:
            order = draw(st.sampled_from(live))
            side, tick = plain.where[order]
            if what == codes.EXECUTE and draw(st.integers(0, 4)):
                tick = (max if side == codes.BUY else min)(plain.levels[side])
                order = plain.levels[side][tick][0][0]
            held = dict(plain.levels[side][tick])[order]
            row = Row(ns, what, side, tick, held if what == codes.DELETE else draw(st.integers(1, held)))
        plain.apply(row.kind, row.side, int(row.tick), row.size, order)
        rows.append(row)
        ids.append(order)
    kind, side, tick, size = (
        np.array([getattr(row, name) for row in rows]) for name in ("kind", "side", "tick", "size")
    )
    shown = displayed_sizes(
        kind.astype(np.uint8), side.astype(np.int8), tick.astype(np.int64), size, np.array(ids, np.int64)
    )
    for row, level, place in zip(rows, shown.level_size.tolist(), shown.queued_row.tolist(), strict=True):
        row.level_size = level if level >= 0 else None
        row.queued_row = place if row.kind != codes.PRINT_HIDDEN else EVER_BEFORE
    return rows


# --- messages -----------------------------------------------------------------------------------------------


@st.composite
def messages(draw: st.DrawFn, lot: int) -> list[Message]:
    """New orders of every kind, and cancels of any order sent before, over or not."""
    sent: list[Message] = []
    ns, orders = 0, 0
    for _ in range(draw(st.integers(1, 10))):
        ns += draw(st.integers(0, 12))
        if orders and draw(st.integers(0, 4)) == 0:
            sent.append(Message(ns, draw(st.integers(0, orders - 1)), is_cancel=True))
            continue
        if orders and draw(st.integers(0, 4)) == 0:
            tick = draw(st.integers(LOW - 1, HIGH + 1) | st.sampled_from([0, 9999]))
            order, size = draw(st.integers(0, orders - 1)), lot * draw(st.integers(1, 12))
            sent.append(Message(ns, order, tick=tick, quantity=size, is_change=True))
            continue
        side = draw(SIDES)
        how = draw(st.integers(0, 12))
        if how < 8:
            tick = draw(st.integers(LOW, LOW + 4) if side == codes.BUY else st.integers(HIGH - 4, HIGH))
        else:
            tick = draw(st.integers(LOW - 1, HIGH + 1) if how < 12 else st.sampled_from([None, 0, 9999]))
        tif = draw(st.sampled_from([codes.GTC] * 6 + [codes.IOC, codes.FOK, codes.POST_ONLY]))
        sent.append(Message(ns, orders, False, side, tick, lot * draw(st.integers(1, 12)), tif))
        orders += 1
    return sent


@st.composite
def special_messages(draw: st.DrawFn, lot: int) -> list[Message]:
    """Stops, icebergs, pegs, orders for the day and for auctions among plain ones; changes and cancels of any."""
    sent = draw(messages(lot))
    for message in sent:
        if message.is_cancel or message.is_change:
            continue
        what = draw(st.sampled_from(["plain", "stop", "iceberg", "iceberg", "peg", "peg", "day", "auction"]))
        rests = st.sampled_from([codes.GTC, codes.GTC, codes.POST_ONLY, codes.DAY])
        if what == "stop":
            message.stop = draw(st.integers(LOW - 1, HIGH + 1) | st.sampled_from([LOW + 4, LOW + 5, 9999]))
            message.tick = draw(st.sampled_from([None, message.tick]))
            message.tif = draw(st.sampled_from([codes.GTC, codes.DAY, codes.IOC, codes.FOK, codes.POST_ONLY]))
        elif what == "peg":
            message.peg = draw(st.sampled_from([codes.PRIMARY_PEG, codes.MARKET_PEG, codes.MIDPOINT_PEG]))
            message.offset, message.tif = draw(st.integers(-2, 2)), draw(rests)
            message.tick = draw(st.sampled_from([None, message.tick]))
        elif what == "day":
            message.tif = codes.DAY
        elif what == "auction":
            message.tif = draw(st.sampled_from([codes.AT_OPEN, codes.AT_CLOSE]))
            message.tick = draw(st.none() | st.integers(LOW - 1, HIGH + 1))
        if what == "iceberg" or (what == "peg" and draw(st.booleans())):
            message.tif = draw(rests)
            if what == "iceberg" and message.tick is None:
                message.tick = LOW
            message.display = lot * draw(st.integers(1, message.quantity // lot))
    return sent


SESSIONS = st.tuples(st.integers(0, 60), st.integers(0, 160)).map(lambda pair: (pair[0], sum(pair)))
SELF_MATCHES = st.sampled_from(list(codes.SELF_MATCH_NAMES))
LATENCIES = st.sampled_from([0, 0, 1, 3, 20, 10**6])


# --- the kernel ---------------------------------------------------------------------------------------------


def feed_of(rows: Sequence[Row], lot: int = 1, unit: int = 1) -> Feed:
    book = {
        "ts_ns": np.array([row.ns for row in rows], np.int64),
        "kind": np.array([row.kind for row in rows], np.uint8),
        "side": np.array([row.side for row in rows], np.int8),
        "price": np.array([int(2 * row.tick) for row in rows], np.int64),
        "size": np.array([row.size for row in rows], np.int64),
        "level_size": np.array([-1 if row.level_size is None else row.level_size for row in rows], np.int64),
    }
    if any(row.received_ns is not None for row in rows):
        book["recv_ns"] = np.array([row.ns if row.received_ns is None else row.received_ns for row in rows], np.int64)
    queued = np.array([row.queued_row for row in rows], np.int64)
    return feed_from_columns(instrument(lot, unit), feed_columns(instrument(lot, unit), book, None, queued))


def engine_of(
    feed: Feed,
    sent: Sequence[Message],
    rule: int,
    power: float = 3.0,
    latency: Latency | None = None,
    tiny: bool = False,
    **rules: Any,
) -> RecordedMarket:
    """A replay with all messages already on their way; with `tiny`, in arrays that hold next to nothing."""
    engine = RecordedMarket(feed, ReplaySettings(latency or ConstantLatency(), rule, power, **rules))
    if tiny:
        engine.state = engine.state._replace(
            log=engine.state.log[:1].copy(),
            log_ahead=engine.state.log_ahead[:1].copy(),
            live=engine.state.live[:1].copy(),
            queue=engine.state.queue[:1].copy(),
            watched=engine.state.watched[:1].copy(),
        )
        engine.renew()
    for message in sent:
        engine.clock.now = message.ns
        if message.is_cancel:
            engine.send(lk.SEND_CANCEL, message.order)
        elif message.is_change:
            engine.send(lk.SEND_MODIFY, message.order, message.tick - feed.base_tick, message.quantity)
        else:
            special = OrderParts(message.stop, message.display, message.peg, message.offset)
            engine.submit(0, message.side, message.quantity, message.tick, message.tif, special)
    engine.clock.now = 0
    return engine


def run_to(engine: RecordedMarket, until: int) -> None:
    """Advance to a time, told of every answer on the way."""
    while engine.advance(until) == lk.RESPONSE:
        engine.cursor[lk.DELIVERED] += 1


def logged(engine: RecordedMarket) -> list[tuple[object, ...]]:
    """The log as the witness writes its own."""
    feed, out = engine.feed, []
    for at in range(int(engine.cursor[lk.N_LOG])):
        row = [int(value) for value in engine.state.log[at]]
        order, event = row[lk.LOG_ORDER], row[lk.LOG_EVENT]
        no_price = engine.state.orders[order, lk.TYPE] == codes.MARKET and event not in (codes.PARTIAL, codes.FILLED)
        no_price |= engine.state.orders[order, lk.PEG] != codes.NO_PEG and row[lk.LOG_TICK] == -1
        tick = None if no_price else row[lk.LOG_TICK] + feed.base_tick
        quote = [None if index < 0 else index + feed.base_tick for index in (row[lk.LOG_BID], row[lk.LOG_ASK])]
        out.append(
            (
                row[lk.LOG_NS],
                order,
                event,
                row[lk.LOG_REASON],
                tick,
                row[lk.LOG_SIZE],
                row[lk.LOG_LEAVES],
                float(engine.state.log_ahead[at]),
                *quote,
            )
        )
    return out
