"""The sources of a simulated market's events, each of which is compiled by itself: what happens when it is its turn."""

from __future__ import annotations

from tcakit.book import fifo_kernel as fk
from tcakit.jit import melted_door, tower_call, tower_part
from tcakit.simulator.background_kernel import propose
from tcakit.simulator.bus_kernel import take_next
from tcakit.simulator.call_kernel import call_order
from tcakit.simulator.clock_kernel import wait_ns
from tcakit.simulator.market_layout_kernel import (
    ASK_ID,
    BAND,
    BID_ID,
    BUS_SIDE,
    CALL,
    CALL_NS,
    CLIENT,
    CLOSE,
    DISPLAY,
    FLOW,
    HALT,
    HIDDEN,
    LEVEL,
    NEVER,
    NEWS,
    NO_QUOTE,
    NO_TAG,
    ORDER,
    OWNER,
    PEG,
    PEG_OFFSET,
    PROPOSAL,
    PROPOSAL_NS,
    QUANTITY,
    QUOTE_BID,
    REFERENCE,
    RESUME,
    SCHEDULE_NS,
    SCHEDULE_ROW,
    SCHEDULE_VALUE,
    SCHEDULE_WHAT,
    SEND_CANCEL,
    SEND_NEW,
    SENT,
    SENT_CLIENT,
    STOP,
    TAG,
    TIME_IN_FORCE,
    TYPE,
    UNCROSS,
    UNCROSS_NS,
    VALUE,
    WHAT,
)
from tcakit.simulator.participants_kernel import wake
from tcakit.simulator.value_kernel import walk_to
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.engine_auction_kernel import close_day, halt, resume, start_call, uncross
from tcakit.venue.engine_submit_kernel import cancel, modify, submit


@melted_door
def background(market, now):
    """The background's next proposal: an event in continuous trading, an order in a call; gives the status."""
    at = market.at
    number, phase = at[PROPOSAL], market.engine.counters[ek.PHASE]
    status = fk.OK
    if phase == ek.CONTINUOUS:
        status = propose(market.engine, market.flow, market.feedback, market.seeds[FLOW], number, now)
    elif phase == ek.PRE_OPEN or phase == ek.CLOSING_CALL or phase == ek.VOLATILITY:
        status = _told(call_order(market, number))
    if status == ek.BOOK_FULL or status == ek.TAPE_FULL or status == ek.REPORTS_FULL:
        return status
    at[PROPOSAL] = number + 1
    at[PROPOSAL_NS] = now + wait_ns(market.flow, market.seeds[FLOW], number + 1, now)
    return status


@melted_door
def people(market, now):
    """The participants who wake now."""
    walk_to(market, now)
    wake(market, now, market.engine.counters[ek.PHASE] == ek.CONTINUOUS)
    return fk.OK


@tower_part
def calendar_next(market):
    row = market.at[SCHEDULE_ROW]
    scheduled = market.schedule[row, SCHEDULE_NS] if row < market.schedule.shape[0] else NEVER
    return min(scheduled, market.at[UNCROSS_NS])


@tower_call
def _end_call(market):
    """Uncross, and let the bands stand around the price that came out."""
    at, engine = market.at, market.engine
    at[UNCROSS_NS] = NEVER
    status, level, _, _ = uncross(engine, at[REFERENCE])
    if at[BAND] > 0 and status == fk.OK and level != ek.NO_LEVEL:
        engine.counters[ek.BAND_LOW] = max(0, level - at[BAND])
        engine.counters[ek.BAND_HIGH] = min(engine.levels.shape[2] - 1, level + at[BAND])
    return status


@melted_door
def calendar(market, now):
    """Do what the calendar says of this moment; gives the status."""
    at, engine = market.at, market.engine
    if at[UNCROSS_NS] == now:
        return _told(_end_call(market))
    row = at[SCHEDULE_ROW]
    what, value = market.schedule[row, SCHEDULE_WHAT], market.schedule[row, SCHEDULE_VALUE]
    status = fk.OK
    if what == NEWS:
        walk_to(market, now)
        market.facts[VALUE] += value / 1000.0
    elif what == CALL:
        if at[UNCROSS_NS] != NEVER:
            # A volatility auction that is still on ends first, and the calendar's call begins right after it.
            status = _end_call(market)
            if status == ek.INTERRUPTED:
                # A stop that it set off began another one, which ends first too: at this same instant.
                at[UNCROSS_NS] = now
                return fk.OK
        if status == fk.OK or status == ek.REFUSED:
            if engine.counters[ek.LAST_LEVEL] >= 0:
                at[REFERENCE] = engine.counters[ek.LAST_LEVEL]
            status = start_call(engine, value)
    elif what == UNCROSS:
        status = _end_call(market)
    elif what == HALT:
        at[UNCROSS_NS] = NEVER
        status = halt(engine)
    elif what == RESUME:
        status = resume(engine)
        if status == ek.REFUSED and engine.counters[ek.PHASE] == ek.HALTED:
            # The halt came upon a call and left a crossed book: only an auction can go on from there.
            status = start_call(engine, ek.VOLATILITY)
            at[UNCROSS_NS] = now + at[CALL_NS]
    elif what == CLOSE:
        at[UNCROSS_NS] = NEVER
        status = close_day(engine)
    status = _told(status)
    if status == fk.OK or status == ek.INTERRUPTED:
        at[SCHEDULE_ROW] = row + 1
    return status


@tower_part
def _told(status):
    """What the loop must know of what the venue says: that there is no room, or that an auction has begun."""
    full = status == ek.TAPE_FULL or status == ek.REPORTS_FULL or status == ek.BOOK_FULL
    return status if full or status == ek.INTERRUPTED else fk.OK


@melted_door
def arrival(market):
    """Hand the engine the message that arrives now; gives the status."""
    at, bus, engine = market.at, market.bus, market.engine
    row = market.heap[0, 2]
    owner, client, side, level, size = (
        bus[row, OWNER], bus[row, CLIENT], bus[row, BUS_SIDE], bus[row, LEVEL], bus[row, QUANTITY],
    )  # fmt: skip
    order = market.own[client, 0] if client >= 0 else bus[row, ORDER]
    if bus[row, WHAT] == SEND_NEW:
        status, order = submit(
            engine, owner, side, level, size, bus[row, TYPE], bus[row, TIME_IN_FORCE], bus[row, HIDDEN],
            bus[row, DISPLAY], bus[row, STOP], bus[row, PEG], bus[row, PEG_OFFSET],
        )  # fmt: skip
        if client >= 0:
            market.own[client, 0] = order
        if bus[row, TAG] != NO_TAG:
            stands = _stands(engine, order)
            market.people[owner - 1, BID_ID if bus[row, TAG] == QUOTE_BID else ASK_ID] = order if stands else NO_QUOTE
    elif bus[row, WHAT] == SEND_CANCEL:
        status = cancel(engine, owner, order)
    else:
        status = modify(engine, owner, order, level, size)
    if status == ek.BOOK_FULL or status == ek.TAPE_FULL or status == ek.REPORTS_FULL:
        # Nothing was done: it arrives again once there is room.
        return status
    take_next(at, bus, market.heap, market.spare)
    at[SENT] = order
    at[SENT_CLIENT] = client
    # That an order is refused is told to its owner; here it is no trouble.
    return ek.INTERRUPTED if status == ek.INTERRUPTED else fk.OK


@tower_part
def _stands(engine, order):
    slot = order & ek.SLOT_MASK
    return order > 0 and engine.orders[slot, ek.ORDER_ID] == order and engine.orders[slot, fk.SIDE] != 0
