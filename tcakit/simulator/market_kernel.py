"""The clock of a simulated market: background, participants, messages under way and the calendar, in one order of
time.

At one instant the calendar comes first, then messages that arrive, then participants, then the background. Every
source draws from its own numbers by counter, and none of their clocks looks at the market: two runs that differ in
our orders alone see the same proposals at the same times (common random numbers).
"""

from __future__ import annotations

from tcakit.book import fifo_kernel as fk
from tcakit.jit import bare_call, bare_jit, bare_part
from tcakit.simulator.background_kernel import propose
from tcakit.simulator.bus_kernel import pop
from tcakit.simulator.call_kernel import call_order
from tcakit.simulator.clock_kernel import wait_ns
from tcakit.simulator.market_layout_kernel import (
    ASK_ID,
    AT_TIME,
    BID_ID,
    BUS_COUNT,
    BUS_FULL,
    BUS_SIDE,
    CALL,
    CALL_NS,
    CLIENT,
    CLOSE,
    DELIVERED,
    DISPLAY,
    EVENTS,
    FLOW,
    HALT,
    HIDDEN,
    LEVEL,
    LOG_FULL,
    LOG_LOCAL_NS,
    LOG_ROWS,
    NEVER,
    NEWS,
    NO_QUOTE,
    NO_TAG,
    NOW,
    ORDER,
    OWNER,
    PEG,
    PEG_OFFSET,
    PEOPLE_NS,
    PROPOSAL,
    PROPOSAL_NS,
    QUANTITY,
    QUOTE_BID,
    REFERENCE,
    RESPONSE,
    RESUME,
    SCHEDULE_NS,
    SCHEDULE_ROW,
    SCHEDULE_VALUE,
    SCHEDULE_WHAT,
    SEND_CANCEL,
    SEND_NEW,
    STOP,
    TAG,
    TIME_IN_FORCE,
    TOUCH,
    TOUCHED,
    TYPE,
    UNCROSS,
    UNCROSS_NS,
    VALUE,
    VOLATILITY_CALLS,
    WATCHED,
    WHAT,
)
from tcakit.simulator.participant_kernel import shown
from tcakit.simulator.participants_kernel import wake
from tcakit.simulator.settle_kernel import settle
from tcakit.simulator.value_kernel import walk_to
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.engine_kernel import cancel, modify, room, submit
from tcakit.venue.engine_phase_kernel import close_day, halt, resume, start_call, uncross

_MESSAGES_A_WAKE = 4
_ROWS_A_MESSAGE = 4  # of our log, beyond one for each order that stands


@bare_jit
def run(market, until):
    """Let the market run to a time (ns), to the first answer that reaches us, or to the first change of a touch that is
    watched; gives which of them it was, or what has to be enlarged before it is called again."""
    at, counters = market.at, market.engine.counters
    while True:
        status = _room(market)
        if status != fk.OK:
            return status
        now = min(at[PROPOSAL_NS], at[PEOPLE_NS])
        if at[BUS_COUNT] > 0:
            now = min(now, market.heap[0, 0])
        now = min(now, _calendar_ns(market))
        if at[DELIVERED] < at[LOG_ROWS] and market.log[at[DELIVERED], LOG_LOCAL_NS] <= min(now, until):
            at[NOW] = max(at[NOW], market.log[at[DELIVERED], LOG_LOCAL_NS])
            return RESPONSE
        if now > until:
            at[NOW] = until
            return AT_TIME
        at[NOW] = now
        counters[ek.CLOCK] = now
        at[EVENTS] += 1
        phase = counters[ek.PHASE]
        sent, client = -1, -1
        if _calendar_ns(market) == now:
            status = _calendar(market, now)
        elif at[BUS_COUNT] > 0 and market.heap[0, 0] == now:
            status, sent, client = _arrive(market)
        elif at[PEOPLE_NS] == now:
            walk_to(market, now)
            wake(market, now, phase == ek.CONTINUOUS)
        else:
            number = at[PROPOSAL]
            if phase == ek.CONTINUOUS:
                status = propose(market.engine, market.flow, market.feedback, market.seeds[FLOW], number, now)
            elif phase == ek.PRE_OPEN or phase == ek.CLOSING_CALL or phase == ek.VOLATILITY:
                status = call_order(market, number)
            at[PROPOSAL] = number + 1
            at[PROPOSAL_NS] = now + wait_ns(market.flow, market.seeds[FLOW], number + 1, now)
        if status != fk.OK and status != ek.INTERRUPTED:
            return status
        settle(market, sent, client)
        if counters[ek.PHASE] == ek.VOLATILITY and at[UNCROSS_NS] == NEVER:
            at[UNCROSS_NS] = now + at[CALL_NS]
            at[REFERENCE] = counters[ek.LAST_LEVEL]
            at[VOLATILITY_CALLS] += 1
        if at[WATCHED] == 1 and _is_touched(market):
            return TOUCHED


@bare_part
def _is_touched(market):
    """Whether the touch, or what it shows, is another than at the last look."""
    at, best = market.at, market.engine.best
    changed = False
    for row in range(2):
        level = best[ek.DISPLAYED, row]
        size = shown(market, row)
        if at[TOUCH + 2 * row] != level or at[TOUCH + 2 * row + 1] != size:
            at[TOUCH + 2 * row] = level
            at[TOUCH + 2 * row + 1] = size
            changed = True
    return changed


@bare_part
def _room(market):
    """Whether the next event, whatever it is, has room for all that it may write."""
    status = room(market.engine)
    if status != fk.OK:
        return status
    at = market.at
    if at[BUS_COUNT] + _MESSAGES_A_WAKE * market.people.shape[0] + 1 > market.bus.shape[0]:
        return BUS_FULL
    if at[LOG_ROWS] + _ROWS_A_MESSAGE * (market.own.shape[0] + 1) > market.log.shape[0]:
        return LOG_FULL
    return fk.OK


@bare_part
def _calendar_ns(market):
    row = market.at[SCHEDULE_ROW]
    scheduled = market.schedule[row, SCHEDULE_NS] if row < market.schedule.shape[0] else NEVER
    return min(scheduled, market.at[UNCROSS_NS])


@bare_call
def _calendar(market, now):
    """Do what the calendar says of this moment."""
    at, engine = market.at, market.engine
    if at[UNCROSS_NS] == now:
        at[UNCROSS_NS] = NEVER
        status, _, _, _ = uncross(engine, at[REFERENCE])
        return status
    row = at[SCHEDULE_ROW]
    at[SCHEDULE_ROW] = row + 1
    what, value = market.schedule[row, SCHEDULE_WHAT], market.schedule[row, SCHEDULE_VALUE]
    if what == NEWS:
        walk_to(market, now)
        market.facts[VALUE] += value / 1000.0
        return fk.OK
    if what == CALL:
        if engine.counters[ek.LAST_LEVEL] >= 0:
            at[REFERENCE] = engine.counters[ek.LAST_LEVEL]
        at[UNCROSS_NS] = NEVER
        return start_call(engine, value)
    if what == UNCROSS:
        at[UNCROSS_NS] = NEVER
        status, _, _, _ = uncross(engine, at[REFERENCE])
        return status
    if what == HALT:
        at[UNCROSS_NS] = NEVER
        return halt(engine)
    if what == RESUME:
        return resume(engine)
    if what == CLOSE:
        at[UNCROSS_NS] = NEVER
        return close_day(engine)
    return fk.OK


@bare_call
def _arrive(market):
    """Hand the engine the message that arrives now; gives (status, id of the order that came in, its number)."""
    at, bus, engine = market.at, market.bus, market.engine
    row = pop(at, bus, market.heap, market.spare)
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
    # That an order is refused is told to its owner; here it is no trouble.
    if status != ek.INTERRUPTED:
        status = fk.OK
    return status, order, client


@bare_part
def _stands(engine, order):
    slot = order & ek.SLOT_MASK
    return order > 0 and engine.orders[slot, ek.ORDER_ID] == order and engine.orders[slot, fk.SIDE] != 0
