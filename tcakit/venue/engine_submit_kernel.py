"""Orders with all their parts, as their owners send, cancel and change them."""

from __future__ import annotations

from tcakit.book.fifo_kernel import LEVEL, LEVEL_SIZE, NO_ORDER, OK, SIDE, SIZE, side_row
from tcakit.jit import tower_call, tower_door, tower_part
from tcakit.market.codes import (
    ACKNOWLEDGED,
    AT_CLOSE,
    AT_OPEN,
    BAD_TERMS,
    BUY,
    BY_STRATEGY,
    CANCEL_REJECTED,
    CANCELLED,
    DAY,
    DELETE,
    FOK,
    GTC,
    IOC,
    MAKER,
    MARKET,
    MIDPOINT_PEG,
    MODIFY_REJECTED,
    NO_PEG,
    NO_REASON,
    ODD_LOT,
    OFF_GRID,
    POST_ONLY,
    PRICE_BAND,
    REJECTED,
    REPLACED,
    SELL,
    SESSION_OVER,
    SIZE_REFUSED,
    TAKER,
    UNKNOWN_ORDER,
    WOULD_CROSS,
    WRONG_PHASE,
)
from tcakit.market.codes import HALTED as HALTED_REASON
from tcakit.market.codes import LIMIT as LIMIT_ORDER
from tcakit.venue.engine_enter_kernel import (
    begin_message,
    end_message,
    enter,
    far_end,
    peg_level,
    trades_now,
    would_take,
)
from tcakit.venue.engine_layout_kernel import (
    BOOK,
    CLOSED,
    CLOSING,
    CONTINUOUS,
    DISPLAY,
    DISPLAYED,
    DROPPED,
    HALTED,
    HIDES,
    INTERRUPTED,
    LIMIT,
    LOT,
    MOST_SIZE,
    NO_LEVEL,
    NOT_YOURS,
    NOWHERE,
    OPENING,
    ORDER_ID,
    OWNER,
    PEG,
    PEG_ASK,
    PEG_BID,
    PEG_BITS,
    PHASE,
    PRE_OPEN,
    REASON,
    REFUSED,
    RESERVE,
    SLOT_MASK,
    STATIC_HIGH,
    STATIC_LOW,
    STOPS,
    TIME_IN_FORCE,
    TYPE,
)
from tcakit.venue.engine_match_kernel import leave, shrink
from tcakit.venue.engine_record_kernel import record, report, room_for, rows_for
from tcakit.venue.engine_slots_kernel import (
    allot,
    link_peg,
    lose_place,
    name_anew,
    name_of,
    park,
    queue,
    release,
    unpark,
    unqueue,
)

_MOST_SLICES = 10_000  # of an iceberg
_MOST_OFFSET = 1 << 20


@tower_part
def _bad_size(engine, size):
    """Why the venue refuses a size, NO_REASON if it does not."""
    if size <= 0 or size > MOST_SIZE:
        return SIZE_REFUSED
    return NO_REASON if size % engine.counters[LOT] == 0 else ODD_LOT


@tower_part
def _bad_level(engine, level):
    """Why the venue refuses a price."""
    if level < 0 or level >= engine.levels.shape[2]:
        return OFF_GRID
    return NO_REASON if engine.counters[STATIC_LOW] <= level <= engine.counters[STATIC_HIGH] else PRICE_BAND


@tower_part
def _bad_phase(engine, time_in_force):
    """Why there is no such order now."""
    phase = engine.counters[PHASE]
    if phase == HALTED:
        return HALTED_REASON
    if phase == CLOSED or (time_in_force == AT_OPEN and phase != PRE_OPEN):
        return SESSION_OVER
    return NO_REASON if phase == CONTINUOUS or (time_in_force != IOC and time_in_force != FOK) else WRONG_PHASE


@tower_part
def _bad_terms(order_type, time_in_force, hidden, display, is_stop, peg, peg_offset):
    """Whether the parts of an order do not go together."""
    if order_type != LIMIT_ORDER and order_type != MARKET:
        return True
    if time_in_force < GTC or time_in_force > AT_CLOSE or display < 0 or peg < NO_PEG or peg > MIDPOINT_PEG:
        return True
    may_rest = order_type == LIMIT_ORDER and (
        time_in_force == GTC or time_in_force == DAY or time_in_force == POST_ONLY
    )
    if (hidden or display > 0) and (not may_rest or is_stop or peg != NO_PEG or (hidden and display > 0)):
        return True
    if peg != NO_PEG and (not may_rest or is_stop or time_in_force == POST_ONLY):
        return True
    if peg_offset < -_MOST_OFFSET or peg_offset > _MOST_OFFSET:
        return True
    return (is_stop and time_in_force >= AT_OPEN) or (order_type == MARKET and time_in_force == POST_ONLY)


@tower_part
def _why_refused(engine, side, level, size, order_type, time_in_force, hidden, display, stop_level, peg, peg_offset):
    """The first reason to refuse a new order."""
    is_stop = stop_level != NO_LEVEL
    if side != BUY and side != SELL:
        return BAD_TERMS
    if _bad_terms(order_type, time_in_force, hidden, display, is_stop, peg, peg_offset):
        return BAD_TERMS
    reason = _bad_size(engine, size)
    if reason == NO_REASON and display > 0:
        reason = _bad_size(engine, display)
        if size // display > _MOST_SLICES:
            reason = SIZE_REFUSED
    if reason == NO_REASON and order_type == LIMIT_ORDER and not (peg != NO_PEG and level == NO_LEVEL):
        reason = _bad_level(engine, level)
    if reason == NO_REASON and is_stop:
        reason = _bad_level(engine, stop_level)
    if reason == NO_REASON:
        reason = _bad_phase(engine, time_in_force)
    waits = is_stop or peg != NO_PEG or not trades_now(engine)
    if reason == NO_REASON and time_in_force == POST_ONLY and not waits and would_take(engine, side, level):
        reason = WOULD_CROSS
    return reason


@tower_door
def submit(engine, owner, side, level, size, order_type, time_in_force, hidden, display, stop_level, peg, peg_offset):
    """Send an order; gives (status, its id or 0).

    `order_type` LIMIT or MARKET, `time_in_force`, `peg` and `side` are codes of `market.codes`; `hidden` 0 or 1;
    `display` what an iceberg shows at once, 0 all; `stop_level` the level of the last trade that touches it off,
    NO_LEVEL if it is no stop; `level` the limit, or what a pegged order must not pass (NO_LEVEL none); `peg_offset` in
    levels towards the other side. OK says that it was taken in, whatever became of it; INTERRUPTED too, and that an
    auction
    began. REFUSED: `counters[REASON]` says why. BOOK_FULL, TAPE_FULL or REPORTS_FULL: nothing was done.
    """
    orders, counters = engine.orders, engine.counters
    status = room_for(engine, owner, 0)
    if status != OK:
        return status, 0
    reason = _why_refused(
        engine, side, level, size, order_type, time_in_force, hidden, display, stop_level, peg, peg_offset
    )
    if reason == NO_REASON and display > 0:
        status = room_for(engine, owner, 2 * (size // display))
        if status != OK:
            return status, 0
    counters[REASON] = reason
    if reason != NO_REASON:
        report(engine, owner, 0, REJECTED, reason, level, size, 0, TAKER, 0)
        return REFUSED, 0
    begin_message(engine)
    slot = allot(engine, owner)
    order_id = orders[slot, ORDER_ID]
    orders[slot, TYPE] = order_type
    orders[slot, TIME_IN_FORCE] = time_in_force
    orders[slot, DISPLAY] = HIDES if hidden else display
    report(engine, owner, order_id, ACKNOWLEDGED, NO_REASON, level, size, size, TAKER, 0)
    limit = far_end(engine, side) if order_type == MARKET else level
    counters[DROPPED] = 0
    status = OK
    if stop_level != NO_LEVEL:
        orders[slot, LIMIT] = NO_LEVEL if order_type == MARKET else level
        queue(engine, slot, STOPS, -side, stop_level, size)
    elif peg != NO_PEG:
        orders[slot, LIMIT] = level
        orders[slot, PEG] = peg | (peg_offset << PEG_BITS)
        link_peg(engine, slot)
        status = _enter_pegged(engine, slot, side, size)
    elif time_in_force == AT_OPEN or time_in_force == AT_CLOSE:
        queue(engine, slot, OPENING if time_in_force == AT_OPEN else CLOSING, side, limit, size)
    else:
        status = enter(engine, slot, side, limit, size)
    dropped = counters[DROPPED]
    if end_message(engine) != OK:
        status = INTERRUPTED
    counters[DROPPED] = dropped
    return status, order_id


@tower_call
def _enter_pegged(engine, slot, side, size):
    """Price a pegged order and let it trade, or let it wait for a price."""
    counters = engine.counters
    level = peg_level(engine, slot, side)
    if level == NO_LEVEL or not trades_now(engine):
        park(engine, slot, side, level, size)
        return OK
    counters[PEG_BID] = engine.best[DISPLAYED, 0]
    counters[PEG_ASK] = engine.best[DISPLAYED, 1]
    return enter(engine, slot, side, level, size)


@tower_part
def _find(engine, owner, order_id):
    """(status, slot) of a live order of an owner."""
    slot = order_id & SLOT_MASK
    if order_id <= 0 or slot >= engine.orders.shape[0] or engine.orders[slot, ORDER_ID] != order_id:
        return NO_ORDER, slot
    return (OK if engine.orders[slot, OWNER] == owner else NOT_YOURS), slot


@tower_call
def end_resting(engine, slot, event, reason):
    """End an order wherever it stands."""
    orders = engine.orders
    if orders[slot, BOOK] != NOWHERE:
        leave(engine, slot, event, reason)
        return
    level, size = orders[slot, LEVEL], orders[slot, SIZE]
    report(engine, orders[slot, OWNER], orders[slot, ORDER_ID], event, reason, level, size, 0, MAKER, 0)
    unpark(engine, slot)
    release(engine, slot)


@tower_door
def cancel(engine, owner, order_id):
    """Take an order out, in any phase; gives OK, NO_ORDER if it has gone, or NOT_YOURS. Ask `room` first."""
    status, slot = _find(engine, owner, order_id)
    if status != OK:
        report(engine, owner, order_id, CANCEL_REJECTED, UNKNOWN_ORDER, NO_LEVEL, 0, 0, TAKER, 0)
        return status
    begin_message(engine)
    end_resting(engine, slot, CANCELLED, BY_STRATEGY)
    end_message(engine)
    return OK


@tower_call
def _why_kept(engine, slot, level, size):
    """The first reason to leave an order as it is."""
    orders = engine.orders
    reason = _bad_size(engine, size)
    if reason == NO_REASON and orders[slot, DISPLAY] > 0 and size // orders[slot, DISPLAY] > _MOST_SLICES:
        reason = SIZE_REFUSED
    has_level = orders[slot, TYPE] == LIMIT_ORDER and not (orders[slot, PEG] != NO_PEG and level == NO_LEVEL)
    if reason == NO_REASON and has_level:
        reason = _bad_level(engine, level)
    if reason == NO_REASON:
        reason = _bad_phase(engine, GTC)
    in_market = orders[slot, BOOK] != STOPS and orders[slot, PEG] == NO_PEG and trades_now(engine)
    only_posts = in_market and orders[slot, TIME_IN_FORCE] == POST_ONLY
    if reason == NO_REASON and only_posts and would_take(engine, orders[slot, SIDE], level):
        reason = WOULD_CROSS
    return reason


@tower_door
def modify(engine, owner, order_id, level, size):
    """Give an order another limit and open size; gives the status.

    At the same price and not larger it keeps its place; otherwise it is taken out and sent anew under the same id, may
    trade, and queues last. A stop changes what it will be, in its place; a market order has no limit, whatever `level`
    says. REFUSED leaves the order as it is.
    """
    orders, counters = engine.orders, engine.counters
    status, slot = _find(engine, owner, order_id)
    if status != OK:
        report(engine, owner, order_id, MODIFY_REJECTED, UNKNOWN_ORDER, level, size, 0, TAKER, 0)
        return status
    whole = orders[slot, SIZE] + orders[slot, RESERVE]
    display = orders[slot, DISPLAY]
    status = rows_for(engine, owner, 0)
    if status != OK:
        return status
    reason = _why_kept(engine, slot, level, size)
    if reason == NO_REASON and display > 0:
        status = rows_for(engine, owner, 2 * (size // display))
        if status != OK:
            return status
    counters[REASON] = reason
    if reason != NO_REASON:
        report(engine, owner, order_id, MODIFY_REJECTED, reason, level, size, whole, TAKER, 0)
        return REFUSED
    begin_message(engine)
    report(engine, owner, order_id, REPLACED, BY_STRATEGY, level, size, size, TAKER, 0)
    status = _change(engine, slot, level, size, whole)
    if end_message(engine) != OK:
        status = INTERRUPTED
    return status


@tower_call
def _change(engine, slot, level, size, whole):
    orders = engine.orders
    book, side = orders[slot, BOOK], orders[slot, SIDE]
    pegged, at_market = orders[slot, PEG] != NO_PEG, orders[slot, TYPE] == MARKET
    if book == STOPS:
        if not at_market:
            orders[slot, LIMIT] = level
        engine.levels[STOPS, side_row(side), orders[slot, LEVEL], LEVEL_SIZE] += size - whole
        orders[slot, SIZE] = size
        return OK
    if at_market:
        level = orders[slot, LEVEL]
    same = level == (orders[slot, LIMIT] if pegged else orders[slot, LEVEL])
    if same and size <= whole:
        if book == NOWHERE:
            orders[slot, SIZE] = size
        elif size < whole:
            shrink(engine, slot, whole - size)
        return OK
    public_id = name_of(engine, slot)
    lose_place(engine, slot)
    if book == NOWHERE:
        unpark(engine, slot)
    else:
        at, shown_size = orders[slot, LEVEL], orders[slot, SIZE]
        unqueue(engine, slot)
        orders[slot, RESERVE] = 0
        if book == DISPLAYED:
            shown = engine.levels[DISPLAYED, side_row(side), at, LEVEL_SIZE]
            owner, order_id = orders[slot, OWNER], orders[slot, ORDER_ID]
            record(engine, DELETE, side, at, shown_size, shown, public_id, owner, 0, 0, order_id)
    if pegged:
        orders[slot, LIMIT] = level
        return _enter_pegged(engine, slot, side, size)
    if book == OPENING or book == CLOSING:
        name_anew(engine, slot)
        queue(engine, slot, book, side, level, size)
        return OK
    return enter(engine, slot, side, level, size)
