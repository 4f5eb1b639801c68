"""What a compiled strategy is asked next: the loop of `replay.Replay.run` for one strategy, cut where it is asked."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call, bare_part, call_int, jit
from tcakit.market.codes import CANCELLED, EXPIRED, FILLED, PARTIAL, REJECTED, REPLACED, TOOK
from tcakit.replay.address_kernel import log_of, orders_of, own_at, scalars_of, settings_of, shared_at, small_part
from tcakit.replay.layout_kernel import (
    ANY_LOCAL_TAKEN,
    BUS_HEAD,
    BUS_NS,
    BUS_TAIL,
    DELIVERED,
    DEPLETES,
    GROW_LOG,
    LAST_RESPONSE_NS,
    LOG_EVENT,
    LOG_FIELDS,
    LOG_LEAVES,
    LOG_LIQUIDITY,
    LOG_LOCAL_NS,
    LOG_NS,
    LOG_ORDER,
    LOG_REASON,
    LOG_SIZE,
    LOG_TICK,
    MAKER,
    N_LOG,
    NOW,
    ONE_BOOK,
    ORDER_FIELDS,
    RESPONSE,
    SIDE,
)
from tcakit.replay.own_kernel import (
    ADVANCING,
    BASE_TICK,
    CHANGES,
    END_NS,
    EVENTS_LEFT,
    FAULT,
    FAULTY,
    FILLS,
    FULL,
    HAS_STARTED,
    IS_OVER,
    LOG_ROW,
    N_ORDERS,
    N_TOLD,
    N_WAKES,
    OPEN_SIZE,
    OVER,
    PAUSED,
    PHASE,
    POSITION,
    ROOM,
    STARTS,
    STATUS,
    TELLING,
    UNTIL_NS,
    WAKES,
    WAKING,
    Fill,
)
from tcakit.replay.replay_kernel import advance, see

_NOTHING = np.int64(0)


@bare_part
def _has_room(s, own):
    return (
        own.scalars[N_ORDERS] + ROOM <= s.orders.shape[0]
        and own.scalars[N_ORDERS] + ROOM <= own.known.shape[0]
        and own.scalars[N_TOLD] + ROOM <= own.told.shape[0]
        and own.scalars[N_WAKES] + ROOM <= own.wakes.shape[0]
        and s.cursor[BUS_TAIL] + ROOM <= s.bus.shape[0]
    )


@bare_call
def _knows_taken(market, s, side, tick, size):
    """Show the strategy no more what it took: it knows of it now."""
    see(market, s)
    s.local_taken[side, tick] = min(s.local_taken[side, tick] + size, s.local_sizes[side, tick])
    s.cursor[ANY_LOCAL_TAKEN] = 1


@bare_part
def _learn(market, s, own, at):
    """What the strategy knows after a row of the log; gives what it is to be asked of it."""
    order, event = s.log[at, LOG_ORDER], s.log[at, LOG_EVENT]
    own.scalars[LOG_ROW] = at
    if event == FILLED or event == CANCELLED or event == REJECTED or event == EXPIRED:
        own.known[order, IS_OVER] = 1
    if event == REPLACED:
        own.known[order, OPEN_SIZE] = s.log[at, LOG_LEAVES]
    if event != FILLED and event != PARTIAL:
        return CHANGES
    size, side = s.log[at, LOG_SIZE], s.orders[order, SIDE]
    own.known[order, OPEN_SIZE] -= size
    own.scalars[POSITION] += size if side == 0 else -size
    if s.log[at, LOG_REASON] == TOOK and s.settings[DEPLETES] == 1 and s.settings[ONE_BOOK] == 0:
        _knows_taken(market, s, 1 - side, s.log[at, LOG_TICK], size)
    return FILLS


@bare_call
def _pop_wake(own):
    """Forget the earliest wake."""
    n = own.scalars[N_WAKES] - 1
    own.scalars[N_WAKES] = n
    last = own.wakes[n]
    at = _NOTHING
    while 2 * at + 1 < n:
        child = 2 * at + 1
        if child + 1 < n and own.wakes[child + 1] < own.wakes[child]:
            child += 1
        if own.wakes[child] >= last:
            break
        own.wakes[at] = own.wakes[child]
        at = child
    own.wakes[at] = last


@bare_part
def _may_end(s, own):
    """Whether the end has passed and nothing is under way; else when to look again."""
    cursor, now = s.cursor, s.cursor[NOW]
    if own.scalars[N_WAKES] > 0 or now < own.scalars[END_NS]:
        return False
    if cursor[BUS_HEAD] == cursor[BUS_TAIL] and cursor[DELIVERED] == cursor[N_LOG]:
        return True
    under_way = s.bus[cursor[BUS_TAIL] - 1, BUS_NS] if cursor[BUS_TAIL] > 0 else now
    own.scalars[END_NS] = max(now + 1, under_way, cursor[LAST_RESPONSE_NS])
    return False


@bare_part
def _next_event(market, s, own):
    """Run the market up to what the strategy is to be asked next; gives what that is, or why the run came back."""
    scalars, cursor = own.scalars, s.cursor
    if scalars[FAULT] != 0:
        return FAULTY
    if not _has_room(s, own):
        return FULL
    scalars[EVENTS_LEFT] -= 1
    if scalars[EVENTS_LEFT] <= 0:
        return PAUSED
    while True:
        if scalars[PHASE] == ADVANCING:
            until = own.wakes[0] if scalars[N_WAKES] > 0 else scalars[END_NS]
            status = advance(market, s, max(until, cursor[NOW]))
            if status >= GROW_LOG:
                return np.int64(status)
            scalars[STATUS] = status
            scalars[PHASE] = TELLING
            if cursor[NOW] > scalars[UNTIL_NS]:
                return OVER
        if scalars[PHASE] == TELLING:
            at = cursor[DELIVERED]
            if at < cursor[N_LOG] and s.log[at, LOG_LOCAL_NS] <= cursor[NOW]:
                cursor[DELIVERED] = at + 1
                return _learn(market, s, own, at)
            scalars[PHASE] = ADVANCING if scalars[STATUS] == RESPONSE else WAKING
        if scalars[PHASE] == WAKING:
            if scalars[N_WAKES] > 0 and own.wakes[0] <= cursor[NOW]:
                _pop_wake(own)
                if scalars[HAS_STARTED] == 1:
                    return WAKES
                scalars[HAS_STARTED] = 1
                return STARTS
            scalars[PHASE] = ADVANCING
            if _may_end(s, own):
                return OVER


@bare_call
def _run(feed, s, own, market, me, asked):
    while True:
        what = _next_event(feed, s, own)
        if what < STARTS:
            return what
        call_int(asked, (market, me, what))


@jit
def run(market, me, asked):
    """Let a strategy trade; gives why the run came back. `market` and `me` are as in `address_kernel`, `asked` is the
    strategy: the address of a function of these two and of what it is asked."""
    feed, state = shared_at(market)
    return _run(feed, state, own_at(me), market, me, asked)


@small_part
def fill_of(market, me):
    """The fill at hand, as the strategy is told of it."""
    log, at = log_of(market), scalars_of(me)[LOG_ROW] * LOG_FIELDS
    order = log[at + LOG_ORDER]
    return Fill(
        order,
        1 - 2 * orders_of(market)[order * ORDER_FIELDS + SIDE],
        log[at + LOG_TICK] + settings_of(market)[BASE_TICK],
        log[at + LOG_SIZE],
        log[at + LOG_NS],
        log[at + LOG_LOCAL_NS],
        log[at + LOG_LIQUIDITY] == MAKER,
    )


@small_part
def event_of(market, me):
    """The event at hand that is no fill: order, event and reason."""
    log, at = log_of(market), scalars_of(me)[LOG_ROW] * LOG_FIELDS
    return log[at + LOG_ORDER], log[at + LOG_EVENT], log[at + LOG_REASON]
