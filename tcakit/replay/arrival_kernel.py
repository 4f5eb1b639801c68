"""What our messages do when they reach the venue: orders take, rest or expire, and are modified or cancelled."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.market.codes import (
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    DAY,
    FOK,
    GTC,
    MARKET,
    MATCH_OFF,
    NEW,
    NO_PEG,
    POST_ONLY,
)
from tcakit.replay.layout_kernel import (
    ACKNOWLEDGED,
    AHEAD,
    BY_STRATEGY,
    CANCEL_REJECTED,
    CANCELLED,
    CLOSE_NS,
    CLOSE_ROW,
    DISPLAY,
    EXPIRED,
    FOR_CLOSE,
    FOR_NOTHING,
    FOR_OPEN,
    FOR_PEG,
    FOR_STOP,
    HALTED,
    HAS_IMPACT,
    HAS_PEG_LIMIT,
    IS_HALTED,
    IS_WATCHED,
    L_ORDER,
    L_ROW,
    L_SIDE,
    L_TICK,
    LAST_RESPONSE_NS,
    LEAVES,
    LOG_LOCAL_NS,
    MAKER,
    MET_WITHHELD,
    MODIFY_REJECTED,
    N_LIVE,
    N_LOG,
    NEVER_ARRIVED,
    NO_LIQUIDITY,
    NO_REASON,
    NOTHING,
    OFF_GRID,
    OPEN_ROW,
    OWN_ASK,
    OWN_BID,
    PEG,
    PEG_LIMIT,
    PRINTED,
    QUANTITY,
    QUOTE_ASK,
    QUOTE_BID,
    REJECTED,
    REPLACED,
    SELF_MATCH,
    SELF_MATCH_RULE,
    SESSION_OVER,
    SHIFT,
    SIDE,
    STATE,
    STOP_TICK,
    TAKER,
    TICK,
    TIME_IN_FORCE,
    TIP,
    TOOK,
    TYPE,
    UNKNOWN_ORDER,
    WAITS,
    WALK_SIZE,
    WALKED,
    WHOLE_FILLS,
    WITHHELD,
    WOULD_CROSS,
)
from tcakit.replay.ledger_kernel import take_from
from tcakit.replay.order_log_kernel import emit, fill, note_own_best, remove_live, shown_at
from tcakit.replay.shift_kernel import fade_to, meet_taking, push, reachable
from tcakit.replay.watch_kernel import limit_of, peg_tick, watch


@bare_call
def _available(s, order, limit):
    """Displayed size of the other side that an order could take, from the best to the limit tick."""
    side = 1 - s.orders[order, SIDE]
    total = np.int64(0)
    step = 1 if side == 1 else -1
    tick = s.best[side]
    while 0 <= tick < s.sizes.shape[1] and (limit - tick) * step >= 0:
        free = max(0, s.sizes[side, tick] - s.taken[side, tick])
        may = free
        if s.settings[HAS_IMPACT] == 1 and free > 0:
            may = reachable(s, order, tick, np.float64(total), free)
        total += may
        if may < free:
            break
        tick += step
    return total


@bare_call
def _walk(s, ns, order, limit, row):
    """Take what is displayed and not yet taken, best first, up to the limit; False when the log is full."""
    side = 1 - s.orders[order, SIDE]
    step = 1 if side == 1 else -1
    # Where what we took is there again, the levels do not say how far we had come.
    tick = s.best[side] + s.cursor[WALKED] * step
    while s.orders[order, LEAVES] > 0 and 0 <= tick < s.sizes.shape[1] and (limit - tick) * step >= 0:
        free = s.sizes[side, tick] - s.taken[side, tick]
        wanted, is_stopped = s.orders[order, LEAVES], False
        if free > 0:
            if s.cursor[N_LOG] + 4 >= s.log.shape[0]:
                s.cursor[WALKED] = (tick - s.best[side]) * step
                return False
            take = s.orders[order, LEAVES]
            if s.settings[WHOLE_FILLS] == 0:
                take = min(free, take)
            if s.settings[HAS_IMPACT] == 1:
                may = reachable(s, order, tick, s.impact[WALK_SIZE], take)
                is_stopped, take = may < take, may
                meet_taking(s, order, tick, take)
            take_from(s, ns, side, tick, take)
            fill(s, ns, order, TOOK, tick, take, -1.0, row, TAKER)
        if s.settings[HAS_IMPACT] == 1:
            s.impact[WITHHELD] += min(wanted, s.sizes[side, tick]) - min(wanted, max(NOTHING, free))
            if is_stopped:
                break
        tick += step
    s.cursor[WALKED] = max(0, (tick - s.best[side]) * step)
    return True


@bare_call
def on_new(s, ns, order, row):
    """Our order reaches the venue; False when the log filled up before it was done (call again)."""
    ticks = s.sizes.shape[1]
    waits, force = s.orders[order, WAITS], s.orders[order, TIME_IN_FORCE]
    limit = s.orders[order, PEG_LIMIT] if s.orders[order, PEG] != NO_PEG else s.orders[order, TICK]
    stop = s.orders[order, STOP_TICK]
    if limit < 0 or limit >= ticks or (waits == FOR_STOP and (stop < 0 or stop >= ticks)):
        emit(s, ns, order, REJECTED, OFF_GRID, limit - s.cursor[SHIFT], NOTHING, -1.0, row, MAKER)
        return True
    limit -= s.cursor[SHIFT]
    if s.orders[order, PEG] != NO_PEG:
        limit = peg_tick(s, order)
        s.orders[order, TICK] = limit + s.cursor[SHIFT] if limit >= 0 else limit
    elif s.orders[order, TYPE] == MARKET:
        limit = limit_of(s, order)
    if s.orders[order, STATE] == NEW:
        emit(s, ns, order, ACKNOWLEDGED, NO_REASON, limit, NOTHING, -1.0, row, MAKER)
        if _is_too_late(s, ns, waits, force, row):
            emit(s, ns, order, EXPIRED, SESSION_OVER, limit, NOTHING, -1.0, row, MAKER)
            return True
        if waits != FOR_NOTHING or force == DAY or s.orders[order, PEG] != NO_PEG:
            watch(s, order)
        if limit < 0:
            s.orders[order, WAITS] = FOR_PEG
    if s.orders[order, WAITS] != FOR_NOTHING:
        return True
    return place(s, ns, order, limit, row)


@bare_call
def _is_too_late(s, ns, waits, force, row):
    """Whether the session or the auction that an order is for was over when it came."""
    if waits == FOR_CLOSE:
        return 0 <= s.settings[CLOSE_ROW] < row
    if waits == FOR_OPEN and 0 <= s.settings[OPEN_ROW] < row:
        return True
    return (force == DAY or waits == FOR_OPEN) and ns >= s.settings[CLOSE_NS]


@bare_call
def _next_of_ours(s, side):
    """Place among the resting orders of the one of ours on `side` that comes first, -1 if there is none."""
    best = s.cursor[OWN_BID] if side == 0 else s.cursor[OWN_ASK]
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_SIDE] == side and s.live[k, L_TICK] == best:
            return k
    return -1


@bare_call
def _walk_up_to_ours(s, ns, order, limit, row):
    """Take up to the limit but meet no order of ours; False when the log is full.

    An order of ours is met once all is taken that is displayed at better prices than its own.
    """
    side = 1 - s.orders[order, SIDE]
    step = 1 if side == 1 else -1
    while s.orders[order, LEAVES] > 0:
        k = _next_of_ours(s, side)
        if k < 0 or (limit - s.live[k, L_TICK]) * step < 0:
            return _walk(s, ns, order, limit, row)
        if not _walk(s, ns, order, s.live[k, L_TICK] - step, row):
            return False
        if s.orders[order, LEAVES] == 0:
            break
        if s.cursor[N_LOG] + 4 >= s.log.shape[0]:
            return False
        if s.settings[SELF_MATCH_RULE] != CANCEL_NEWEST:
            met, ahead = s.live[k, L_ORDER], max(0.0, s.queue[k, AHEAD])
            tick = limit_of(s, met)
            remove_live(s, k)
            emit(s, ns, met, CANCELLED, SELF_MATCH, tick, NOTHING, ahead, row, MAKER)
        if s.settings[SELF_MATCH_RULE] != CANCEL_OLDEST:
            emit(s, ns, order, CANCELLED, SELF_MATCH, limit, NOTHING, -1.0, row, MAKER)
            break
    return True


@bare_call
def _walked_ticks(s, side):
    """By how many ticks what an order took has moved the best that is left of a side."""
    step = 1 if side == 1 else -1
    first = s.cursor[QUOTE_ASK] if side == 1 else s.cursor[QUOTE_BID]
    tick = last = first
    while 0 <= tick < s.sizes.shape[1]:
        if s.sizes[side, tick] > 0:
            last = tick
        if s.sizes[side, tick] > s.taken[side, tick]:
            return float(abs(tick - first))
        tick += step
    return float(abs(last - first) + 1)


@bare_call
def _move_the_market(s, ns, order):
    """Let what an order took move the market, as far as the walk through the book has not; note what was withheld."""
    if s.impact[WALK_SIZE] > 0.0:
        side = s.orders[order, SIDE]
        push(s, ns, 1.0 if side == 0 else -1.0, s.impact[WALK_SIZE], _walked_ticks(s, 1 - side))
    s.log_impact[s.cursor[N_LOG] - 1, MET_WITHHELD] += s.impact[WITHHELD]
    s.impact[WALK_SIZE] = s.impact[WITHHELD] = 0.0


@bare_call
def place(s, ns, order, limit, row):
    """Let an order take, rest or expire at its limit; False when the log filled up before it was done (call again)."""
    ticks = s.sizes.shape[1]
    side = s.orders[order, SIDE]
    is_market = s.orders[order, TYPE] == MARKET
    force = s.orders[order, TIME_IN_FORCE]
    toward = 1 if side == 0 else -1
    shown = s.best[1 - side]
    crosses = 0 <= shown < ticks and (limit - shown) * toward >= 0
    rests = not is_market and (force == GTC or force == POST_ONLY or force == DAY)
    halted = s.cursor[IS_HALTED] == 1
    reach = limit
    meets = False
    if s.settings[HAS_IMPACT] == 1:
        fade_to(s, ns)
    if s.settings[SELF_MATCH_RULE] != MATCH_OFF:
        own = s.cursor[OWN_ASK] if side == 0 else s.cursor[OWN_BID]
        is_there = own < ticks if side == 0 else own >= 0
        meets = is_there and (limit - own) * toward >= 0
        if meets and s.settings[SELF_MATCH_RULE] != CANCEL_OLDEST:
            reach = own - toward
    stop = NO_REASON
    if halted:
        stop = NO_REASON if rests else HALTED
    elif crosses and force == POST_ONLY:
        stop = WOULD_CROSS
    elif force == FOK and s.settings[WHOLE_FILLS] == 0 and _available(s, order, reach) < s.orders[order, LEAVES]:
        stop = NO_LIQUIDITY
    elif meets:
        if not _walk_up_to_ours(s, ns, order, limit, row):
            return False
    elif crosses and not _walk(s, ns, order, limit, row):
        return False
    s.cursor[WALKED] = 0
    if s.settings[HAS_IMPACT] == 1:
        _move_the_market(s, ns, order)
    if s.orders[order, LEAVES] == 0 or s.orders[order, STATE] == CANCELLED:
        return True
    if stop == NO_REASON and not rests:
        stop = NO_LIQUIDITY
    if stop != NO_REASON:
        emit(s, ns, order, EXPIRED, stop, limit, NOTHING, -1.0, row, MAKER)
        return True
    stand(s, order, limit, row)
    s.log_ahead[s.cursor[N_LOG] - 1] = s.queue[s.cursor[N_LIVE] - 1, AHEAD]
    return True


@bare_call
def stand(s, order, limit, row):
    """Let an order rest behind all that is displayed at its limit; with impact that may lie outside of the ladder."""
    side, tick = s.orders[order, SIDE], limit
    k = s.cursor[N_LIVE]
    s.live[k, L_ORDER] = order
    s.live[k, L_SIDE] = side
    s.live[k, L_TICK] = tick
    s.live[k, L_ROW] = row
    s.queue[k, AHEAD] = float(shown_at(s, side, tick))
    s.queue[k, PRINTED] = 0.0
    s.cursor[N_LIVE] = k + 1
    s.orders[order, TIP] = min(s.orders[order, DISPLAY], s.orders[order, LEAVES])
    if 0 <= tick < s.sizes.shape[1]:
        s.mine[side, tick] += 1
    note_own_best(s)


@bare_call
def on_cancel(s, ns, order, row):
    held = s.orders[order, TICK] - s.cursor[SHIFT]
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_ORDER] == order:
            ahead = max(0.0, s.queue[k, AHEAD])
            remove_live(s, k)
            emit(s, ns, order, CANCELLED, BY_STRATEGY, held, NOTHING, ahead, row, MAKER)
            return
    if s.orders[order, IS_WATCHED] == 1:
        emit(s, ns, order, CANCELLED, BY_STRATEGY, held, NOTHING, -1.0, row, MAKER)
        return
    emit(s, ns, order, CANCEL_REJECTED, UNKNOWN_ORDER, held, NOTHING, -1.0, row, MAKER)


@bare_call
def on_modify(s, ns, order, tick, quantity, row):
    """Another limit or open size for a resting order; gives whether it left its place and is to be placed anew."""
    k = NOTHING
    while k < s.cursor[N_LIVE] and s.live[k, L_ORDER] != order:
        k += 1
    held, shift = s.orders[order, TICK], s.cursor[SHIFT]
    waits = k == s.cursor[N_LIVE]
    if waits and s.orders[order, IS_WATCHED] == 0:
        emit(s, ns, order, MODIFY_REJECTED, UNKNOWN_ORDER, held - shift, NOTHING, -1.0, row, MAKER)
        return False
    ahead = -1.0 if waits else max(0.0, s.queue[k, AHEAD])
    if s.orders[order, TYPE] == MARKET:
        tick = held
    elif tick < 0 or tick >= s.sizes.shape[1]:
        emit(s, ns, order, MODIFY_REJECTED, OFF_GRID, held - shift, NOTHING, ahead, row, MAKER)
        return False
    if s.orders[order, PEG] != NO_PEG:
        s.orders[order, PEG_LIMIT] = tick
        s.orders[order, HAS_PEG_LIMIT] = 1
        tick = peg_tick(s, order)
        tick = held if tick < 0 else tick + shift
    keeps = waits or (tick == held and quantity <= s.orders[order, LEAVES])
    s.orders[order, QUANTITY] += quantity - s.orders[order, LEAVES]
    s.orders[order, LEAVES] = quantity
    s.orders[order, TICK] = tick
    s.orders[order, TIP] = min(s.orders[order, TIP], quantity)
    if not keeps:
        remove_live(s, k)
    emit(s, ns, order, REPLACED, BY_STRATEGY, tick - shift, NOTHING, ahead if keeps else -1.0, row, MAKER)
    return not keeps


@bare_call
def on_lost(s, ns, order, event, reason, row):
    """Tell the strategy, now, that a message of its never got to the venue."""
    emit(
        s,
        ns,
        order,
        event,
        reason if reason != NO_REASON else NEVER_ARRIVED,
        s.orders[order, TICK] - s.cursor[SHIFT],
        NOTHING,
        -1.0,
        row,
        MAKER,
    )
    at = s.cursor[N_LOG] - 1
    before = s.log[at - 1, LOG_LOCAL_NS] if at > 0 else ns
    s.log[at, LOG_LOCAL_NS] = s.cursor[LAST_RESPONSE_NS] = max(ns, before)
