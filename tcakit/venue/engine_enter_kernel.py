"""What becomes of an order once it has traded what it could, and what a message sets off: stops, then pegged orders."""

from __future__ import annotations

from tcakit.book.fifo_kernel import COUNT, HEAD, LEVEL, LEVEL_SIZE, NEXT, SIDE, SIZE, side_row
from tcakit.jit import tower_call, tower_part
from tcakit.market.codes import (
    ADD,
    BUY,
    CANCELLED,
    FOK,
    HALT,
    IOC,
    MARKET,
    MARKET_PEG,
    MIDPOINT_PEG,
    NO_LIQUIDITY,
    NO_PEG,
    NO_REASON,
    POST_ONLY,
    PRIMARY_PEG,
    QUOTE_RESUME,
    REPLACED,
    REPRICED,
    SELF_MATCH,
    TAKER,
    TRIGGERED,
    WOULD_CROSS,
)
from tcakit.market.codes import (
    HALTED as HALTED_REASON,
)
from tcakit.venue.engine_layout_kernel import (
    BOOK,
    CLOSING,
    CLOSING_CALL,
    CONTINUOUS,
    DISPLAY,
    DISPLAYED,
    DROPPED,
    HIDDEN,
    INTERRUPTED,
    LAST_LEVEL,
    LIMIT,
    NO_LEVEL,
    NOWHERE,
    OPENING,
    ORDER_ID,
    OWNER,
    PEG,
    PEG_ASK,
    PEG_BID,
    PEG_BITS,
    PEG_FIRST,
    PEGS,
    PHASE,
    PUBLIC_ID,
    REFUSED,
    RESERVE,
    STOP_ORDERS,
    STOPS,
    TIME_IN_FORCE,
    TOUCHED,
    TOUCHED_STOPS,
    TRADED_HIGH,
    TRADED_LOW,
    TYPE,
    VOLATILITY,
)
from tcakit.venue.engine_match_kernel import can_fill, first_to_trade, match, reaches
from tcakit.venue.engine_record_kernel import record, report, write
from tcakit.venue.engine_slots_kernel import lose_place, name_anew, park, peg_after, queue, release, unpark, unqueue

NO_STOP = -1


@tower_part
def write_phase(engine, kind):
    """Write a halt or resumption on the tape."""
    record(engine, kind, 0, NO_LEVEL, 0, -1, 0, 0, 0, 0, 0)


@tower_part
def trades_now(engine):
    """Whether orders meet as they come."""
    return engine.counters[PHASE] == CONTINUOUS


@tower_part
def would_take(engine, side, limit):
    """Whether an order of that limit would trade at once, be it with orders that nobody sees."""
    _, level = first_to_trade(engine, -side)
    return reaches(level, side, limit)


@tower_part
def far_end(engine, side):
    """The limit of an order that takes any price."""
    return engine.levels.shape[2] - 1 if side == BUY else 0


@tower_call
def end_new(engine, slot, level, size, reason):
    """End an order that stands nowhere, its owner being told that it was cancelled."""
    orders = engine.orders
    engine.counters[DROPPED] = size
    report(engine, orders[slot, OWNER], orders[slot, ORDER_ID], CANCELLED, reason, level, size, 0, TAKER, 0)
    release(engine, slot)


@tower_part
def rest(engine, slot, side, level, size):
    """Queue an order where it belongs, at the end of its level."""
    orders = engine.orders
    name_anew(engine, slot)
    display = orders[slot, DISPLAY]
    if display < 0 or orders[slot, PEG] != NO_PEG:
        queue(engine, slot, HIDDEN, side, level, size)
        return
    tip = min(size, display) if display > 0 else size
    orders[slot, RESERVE] = size - tip
    queue(engine, slot, DISPLAYED, side, level, tip)
    shown = engine.levels[DISPLAYED, side_row(side), level, LEVEL_SIZE]
    owner, order_id, public_id = orders[slot, OWNER], orders[slot, ORDER_ID], orders[slot, PUBLIC_ID]
    write(engine, ADD, side, level, tip, shown, public_id, owner, 0, 0, order_id)


@tower_call
def gather(engine, slot, side, level, size):
    """Queue an order in a call; one at the market waits unseen for the auction, one that could not wait ends."""
    orders = engine.orders
    if orders[slot, TIME_IN_FORCE] == IOC or orders[slot, TIME_IN_FORCE] == FOK:
        end_new(engine, slot, level, size, HALTED_REASON)
    elif orders[slot, TYPE] == MARKET:
        name_anew(engine, slot)
        book = CLOSING if engine.counters[PHASE] == CLOSING_CALL else OPENING
        queue(engine, slot, book, side, far_end(engine, side), size)
    else:
        rest(engine, slot, side, level, size)


@tower_call
def _mark_level(engine, row, level):
    """Mark the stops of a level as touched."""
    orders, slot = engine.orders, engine.levels[STOPS, row, level, HEAD]
    while slot >= 0:
        if orders[slot, DISPLAY] != TOUCHED:
            orders[slot, DISPLAY] = TOUCHED
            engine.counters[TOUCHED_STOPS] += 1
        slot = orders[slot, NEXT]


@tower_call
def _keep_touched(engine):
    """Mark the stops that were reached by the trades of a message that a call cuts short; later ones were not."""
    counters, ladder = engine.counters, engine.levels.shape[2]
    for level in range(engine.best[STOPS, 1], min(counters[TRADED_HIGH] + 1, ladder)):
        _mark_level(engine, 1, level)
    for level in range(max(counters[TRADED_LOW], 0), engine.best[STOPS, 0] + 1):
        _mark_level(engine, 0, level)


@tower_call
def begin_call(engine, phase):
    """Let orders gather from now on: pegged ones wait outside the book, with no price, until it trades again."""
    counters, orders = engine.counters, engine.orders
    if counters[PHASE] == CONTINUOUS:
        if counters[STOP_ORDERS] > 0:
            _keep_touched(engine)
        if phase == VOLATILITY:
            write_phase(engine, HALT)
    counters[PHASE] = phase
    write_phase(engine, QUOTE_RESUME)
    slot = counters[PEG_FIRST]
    while slot >= 0:
        if orders[slot, BOOK] == HIDDEN:
            side, level, size = orders[slot, SIDE], orders[slot, LEVEL], orders[slot, SIZE]
            unqueue(engine, slot)
            park(engine, slot, side, level, size)
        slot = peg_after(engine, slot)


@tower_call
def enter(engine, slot, side, limit, size):
    """Let an order that stands nowhere trade, and see to what is left of it; gives OK or INTERRUPTED."""
    orders = engine.orders
    if not trades_now(engine):
        gather(engine, slot, side, limit, size)
        return 0
    time_in_force = orders[slot, TIME_IN_FORCE]
    if time_in_force == POST_ONLY and would_take(engine, side, limit):
        end_new(engine, slot, limit, size, WOULD_CROSS)
        return 0
    if time_in_force == FOK and not can_fill(engine, orders[slot, OWNER], side, limit, size):
        end_new(engine, slot, limit, size, NO_LIQUIDITY)
        return 0
    left, stopped = match(engine, slot, side, limit, size)
    if left == 0:
        release(engine, slot)
    elif stopped == REFUSED:
        end_new(engine, slot, limit, left, SELF_MATCH)
    elif stopped == INTERRUPTED:
        begin_call(engine, VOLATILITY)
        if orders[slot, PEG] != NO_PEG:
            park(engine, slot, side, limit, left)
        else:
            gather(engine, slot, side, limit, left)
        return INTERRUPTED
    elif orders[slot, TYPE] == MARKET or time_in_force == IOC or time_in_force == FOK:
        end_new(engine, slot, limit, left, NO_LIQUIDITY)
    else:
        rest(engine, slot, side, limit, left)
    return 0


@tower_part
def begin_message(engine):
    """Forget how far the last message traded: stops are judged by the last trade and by those to come."""
    counters = engine.counters
    if counters[PHASE] == CONTINUOUS:
        counters[TRADED_LOW] = counters[LAST_LEVEL] if counters[LAST_LEVEL] >= 0 else engine.levels.shape[2]
        counters[TRADED_HIGH] = counters[LAST_LEVEL]


@tower_part
def _older_touched(engine, row, level, is_reached, found):
    """The oldest stop of a level if it has been touched and is older than the one found so far, else that one."""
    if engine.levels[STOPS, row, level, COUNT] == 0:
        return found
    orders, slot = engine.orders, engine.levels[STOPS, row, level, HEAD]
    if not is_reached and orders[slot, DISPLAY] != TOUCHED:
        return found
    return slot if found < 0 or orders[slot, PUBLIC_ID] < orders[found, PUBLIC_ID] else found


@tower_call
def _touched_off(engine):
    """The stop that goes first: the oldest of those that trades have reached, NO_STOP if there is none."""
    counters, ladder = engine.counters, engine.levels.shape[2]
    low, high, looks_far = counters[TRADED_LOW], counters[TRADED_HIGH], counters[TOUCHED_STOPS] > 0
    found = NO_STOP
    level = engine.best[STOPS, 1]
    while level < ladder and (level <= high or looks_far):
        found = _older_touched(engine, 1, level, level <= high, found)
        level += 1
    level = engine.best[STOPS, 0]
    while level >= 0 and (level >= low or looks_far):
        found = _older_touched(engine, 0, level, level >= low, found)
        level -= 1
    return found


@tower_call
def _touch_off(engine, slot):
    """Send a stop to market."""
    orders = engine.orders
    side, level, size = -orders[slot, SIDE], orders[slot, LEVEL], orders[slot, SIZE]
    unqueue(engine, slot)
    orders[slot, DISPLAY] = 0
    report(engine, orders[slot, OWNER], orders[slot, ORDER_ID], TRIGGERED, NO_REASON, level, size, size, TAKER, 0)
    lose_place(engine, slot)
    limit = orders[slot, LIMIT]
    if limit == NO_LEVEL:
        orders[slot, TYPE] = MARKET
        limit = far_end(engine, side)
    return enter(engine, slot, side, limit, size)


@tower_call
def peg_level(engine, slot, side):
    """The level that a pegged order is due: NO_LEVEL while there is nothing to go by, or it would leave the ladder.

    It never reaches what the other side displays.
    """
    orders, ladder = engine.orders, engine.levels.shape[2]
    bid, ask = engine.best[DISPLAYED, 0], engine.best[DISPLAYED, 1]
    code, offset = orders[slot, PEG] & ((1 << PEG_BITS) - 1), orders[slot, PEG] >> PEG_BITS
    own, other = (bid, ask) if side == BUY else (ask, bid)
    has_own, has_other = 0 <= own < ladder, 0 <= other < ladder
    if (code == PRIMARY_PEG and not has_own) or (code == MARKET_PEG and not has_other):
        return NO_LEVEL
    if code == MIDPOINT_PEG and not (has_own and has_other):
        return NO_LEVEL
    if code == PRIMARY_PEG:
        level = own
    elif code == MARKET_PEG:
        level = other
    else:
        level = (bid + ask) // 2 if side == BUY else (bid + ask + 1) // 2
    level += side * offset
    limit = orders[slot, LIMIT]
    if limit != NO_LEVEL:
        level = min(level, limit) if side == BUY else max(level, limit)
    if has_other:
        level = min(level, other - 1) if side == BUY else max(level, other + 1)
    return level if 0 <= level < ladder else NO_LEVEL


@tower_part
def _next_moved(engine, slot):
    """The first of the pegged orders from this one on that has to be queued anew."""
    orders = engine.orders
    while slot >= 0 and orders[slot, PUBLIC_ID] != 0:
        slot = peg_after(engine, slot)
    return slot


@tower_call
def _reprice(engine):
    """Give every pegged order its price, the oldest first; one whose price moved loses its place."""
    counters, orders = engine.counters, engine.orders
    counters[PEG_BID] = engine.best[DISPLAYED, 0]
    counters[PEG_ASK] = engine.best[DISPLAYED, 1]
    # All that move leave their places before the first is queued: none meets another at a price of yesterday.
    slot = counters[PEG_FIRST]
    while slot >= 0:
        side = orders[slot, SIDE]
        level = peg_level(engine, slot, side)
        waits = orders[slot, BOOK] == NOWHERE
        if level != NO_LEVEL and (waits or level != orders[slot, LEVEL]):
            if not waits:
                size = orders[slot, SIZE]
                unqueue(engine, slot)
                park(engine, slot, side, level, size)
            orders[slot, LEVEL] = level
            lose_place(engine, slot)
        slot = peg_after(engine, slot)
    slot = _next_moved(engine, counters[PEG_FIRST])
    while slot >= 0:
        after = _next_moved(engine, peg_after(engine, slot))
        side, level, size = orders[slot, SIDE], orders[slot, LEVEL], orders[slot, SIZE]
        unpark(engine, slot)
        owner, order_id = orders[slot, OWNER], orders[slot, ORDER_ID]
        report(engine, owner, order_id, REPLACED, REPRICED, level, size, size, TAKER, 0)
        if trades_now(engine):
            enter(engine, slot, side, level, size)
        else:
            park(engine, slot, side, level, size)
        slot = after


@tower_part
def end_message(engine):
    """See to what a message sets off, if there is anything that it could; gives OK or INTERRUPTED."""
    if engine.counters[STOP_ORDERS] > 0 or engine.counters[PEGS] > 0:
        return _set_off(engine)
    return 0


@tower_call
def _set_off(engine):
    """Let stops go that the trades of a message reached, one after the other, and then pegged orders follow the book.

    Gives INTERRUPTED if a volatility auction began meanwhile, else OK.
    """
    counters = engine.counters
    status = 0
    while counters[PHASE] == CONTINUOUS:
        if counters[STOP_ORDERS] > 0:
            slot = _touched_off(engine)
            if slot != NO_STOP:
                if _touch_off(engine, slot) == INTERRUPTED:
                    status = INTERRUPTED
                continue
        moved = counters[PEG_BID] != engine.best[DISPLAYED, 0] or counters[PEG_ASK] != engine.best[DISPLAYED, 1]
        if counters[PEGS] == 0 or not moved:
            break
        _reprice(engine)
        if counters[PHASE] != CONTINUOUS:
            status = INTERRUPTED
    return status
