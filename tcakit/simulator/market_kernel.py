"""The clock of a simulated market: background, participants, messages under way, the calendar and a dark venue, in one
order of time.

At one instant the calendar comes first, then messages that arrive, then participants, then what others put into the
dark, then the background. After each of them those in the dark meet, if displayed prices have moved. Every source
draws from its own numbers by counter, and none of their clocks looks at the market: two runs that differ in our orders
alone see the same proposals at the same times (common random numbers).
"""

from __future__ import annotations

from tcakit.book import fifo_kernel as fk
from tcakit.jit import call_step, melted_door, tower_part
from tcakit.simulator.dark_kernel import has_moved
from tcakit.simulator.market_layout_kernel import (
    ARRIVAL,
    AT_TIME,
    BACKGROUND,
    BUS_COUNT,
    BUS_FULL,
    CALENDAR,
    CALL_NS,
    DARK,
    DARK_ARRIVAL,
    DARK_CROSSING,
    DARK_FLOW,
    DARK_FULL,
    DARK_NS,
    DELIVERED,
    EVENTS,
    LOG_FULL,
    LOG_LOCAL_NS,
    LOG_ROWS,
    NEVER,
    NOW,
    PEOPLE,
    PEOPLE_NS,
    PROPOSAL_NS,
    REFERENCE,
    RESPONSE,
    SENT,
    SENT_CLIENT,
    TOUCH,
    TOUCHED,
    UNCROSS_NS,
    VENUE,
    VOLATILITY_CALLS,
    WATCHED,
)
from tcakit.simulator.participant_kernel import shown
from tcakit.simulator.settle_kernel import settle
from tcakit.simulator.sources_kernel import calendar_next
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue import midpoint_kernel
from tcakit.venue.engine_record_kernel import room
from tcakit.venue.midpoint_layout_kernel import RESTING

_MESSAGES_A_WAKE = 4
_ROWS_A_MESSAGE = 4  # of our log, beyond one for each order that stands


@melted_door
def run(market, where, until):
    """Let the market run to a time (ns), to the first answer that reaches us, or to the first change of a touch that is
    watched; gives which of them it was, or what has to be enlarged before it is called again. `where` is by what the
    sources know the market: where its table stands, or, as plain Python, the market itself."""
    at, counters = market.at, market.engine.counters
    while True:
        status = _room(market)
        if status != fk.OK:
            return status
        calendar_ns = calendar_next(market)
        now = min(min(at[PROPOSAL_NS], at[PEOPLE_NS]), min(at[DARK_NS], calendar_ns))
        if at[BUS_COUNT] > 0:
            now = min(now, market.heap[0, 0])
        if at[DELIVERED] < at[LOG_ROWS] and market.log[at[DELIVERED], LOG_LOCAL_NS] <= min(now, until):
            at[NOW] = max(at[NOW], market.log[at[DELIVERED], LOG_LOCAL_NS])
            return RESPONSE
        if now > until:
            at[NOW] = until
            return AT_TIME
        at[NOW] = now
        counters[ek.CLOCK] = now
        at[EVENTS] += 1
        at[SENT] = -1
        at[SENT_CLIENT] = -1
        source, before = BACKGROUND, counters[ek.PHASE]
        if calendar_ns == now:
            source = CALENDAR
        elif at[BUS_COUNT] > 0 and market.heap[0, 0] == now:
            source = DARK_ARRIVAL if market.bus[market.heap[0, 2], VENUE] == DARK else ARRIVAL
        elif at[PEOPLE_NS] == now:
            source = PEOPLE
        elif at[DARK_NS] == now:
            source = DARK_FLOW
        status = call_step(market.steps[source], (where, now))
        if status != fk.OK and status != ek.INTERRUPTED:
            return status
        settle(market, at[SENT], at[SENT_CLIENT])
        if market.dark.counters[RESTING] > 0 and has_moved(market):
            call_step(market.steps[DARK_CROSSING], (where, now))
        # A call that the calendar began is ended by the calendar.
        began = before != ek.VOLATILITY and source != CALENDAR and counters[ek.PHASE] == ek.VOLATILITY
        if (began or status == ek.INTERRUPTED) and at[UNCROSS_NS] == NEVER:
            at[UNCROSS_NS] = now + at[CALL_NS]
            at[REFERENCE] = counters[ek.LAST_LEVEL]
            at[VOLATILITY_CALLS] += 1
        if at[WATCHED] == 1 and _is_touched(market):
            return TOUCHED


@tower_part
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


@tower_part
def _room(market):
    """Whether the next event, whatever it is, has room for all that it may write."""
    status = room(market.engine)
    if status != fk.OK:
        return status
    at = market.at
    if at[BUS_COUNT] + _MESSAGES_A_WAKE * market.people.shape[0] + 1 > market.bus.shape[0]:
        return BUS_FULL
    resting = market.dark.counters[RESTING]
    if resting > 0 and midpoint_kernel.room(market.dark) != fk.OK:
        return DARK_FULL
    # An order of ours that takes meets no more orders than stand there, slices of icebergs counted one by one.
    counters = market.engine.counters
    met = max(counters[ek.LIVE] + counters[ek.EXTRA_ROWS], resting) if market.own[0, 1] >= 0 else 0
    if at[LOG_ROWS] + _ROWS_A_MESSAGE * (market.own.shape[0] + 1) + met > market.log.shape[0]:
        return LOG_FULL
    return fk.OK
