"""What our messages do when they reach the venue: orders take, rest or expire, and are modified or cancelled."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.market.codes import FOK, GTC, MARKET, NEW, POST_ONLY
from tcakit.replay.layout_kernel import (
    ACKNOWLEDGED,
    AHEAD,
    ANY_TAKEN,
    BY_STRATEGY,
    CANCEL_REJECTED,
    CANCELLED,
    DEPLETES,
    EXPIRED,
    HALTED,
    IS_HALTED,
    L_ORDER,
    L_ROW,
    L_SIDE,
    L_TICK,
    LAST_RESPONSE_NS,
    LEAVES,
    LOG_LOCAL_NS,
    MAKER,
    MODIFY_REJECTED,
    N_LIVE,
    N_LOG,
    NEVER_ARRIVED,
    NO_LIQUIDITY,
    NO_REASON,
    NOTHING,
    OFF_GRID,
    PRINTED,
    QUANTITY,
    REJECTED,
    REPLACED,
    SIDE,
    STATE,
    TAKER,
    TICK,
    TIME_IN_FORCE,
    TOOK,
    TYPE,
    UNKNOWN_ORDER,
    WALKED,
    WHOLE_FILLS,
    WOULD_CROSS,
)
from tcakit.replay.order_log_kernel import emit, fill, note_own_best, remove_live


@bare_call
def _available(s, side, limit):
    """Displayed size not yet taken on `side`, from the best to the limit tick."""
    total = np.int64(0)
    step = 1 if side == 1 else -1
    tick = s.best[side]
    while 0 <= tick < s.sizes.shape[1] and (limit - tick) * step >= 0:
        total += max(0, s.sizes[side, tick] - s.taken[side, tick])
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
        if free > 0:
            if s.cursor[N_LOG] + 4 >= s.log.shape[0]:
                s.cursor[WALKED] = (tick - s.best[side]) * step
                return False
            take = s.orders[order, LEAVES]
            if s.settings[WHOLE_FILLS] == 0:
                take = min(free, take)
            if s.settings[DEPLETES] == 1:
                s.taken[side, tick] += take
                s.cursor[ANY_TAKEN] = 1
            fill(s, ns, order, TOOK, tick, take, -1.0, row, TAKER)
        tick += step
    s.cursor[WALKED] = 0
    return True


@bare_call
def on_new(s, ns, order, row):
    """Our order reaches the venue; False when the log filled up before it was done (call again)."""
    ticks = s.sizes.shape[1]
    side = s.orders[order, SIDE]
    limit = s.orders[order, TICK]
    if s.orders[order, TYPE] == MARKET:
        limit = ticks - 1 if side == 0 else 0
    elif limit < 0 or limit >= ticks:
        emit(s, ns, order, REJECTED, OFF_GRID, limit, NOTHING, -1.0, row, MAKER)
        return True
    if s.orders[order, STATE] == NEW:
        emit(s, ns, order, ACKNOWLEDGED, NO_REASON, limit, NOTHING, -1.0, row, MAKER)
    return place(s, ns, order, limit, row)


@bare_call
def place(s, ns, order, limit, row):
    """Let an order take, rest or expire at its limit; False when the log filled up before it was done (call again)."""
    ticks = s.sizes.shape[1]
    side = s.orders[order, SIDE]
    is_market = s.orders[order, TYPE] == MARKET
    force = s.orders[order, TIME_IN_FORCE]
    shown = s.best[1 - side]
    crosses = 0 <= shown < ticks and (limit - shown) * (1 if side == 0 else -1) >= 0
    rests = not is_market and (force == GTC or force == POST_ONLY)
    halted = s.cursor[IS_HALTED] == 1
    stop = NO_REASON
    if halted:
        stop = NO_REASON if rests else HALTED
    elif crosses and force == POST_ONLY:
        stop = WOULD_CROSS
    elif force == FOK and s.settings[WHOLE_FILLS] == 0 and _available(s, 1 - side, limit) < s.orders[order, LEAVES]:
        stop = NO_LIQUIDITY
    elif crosses and not _walk(s, ns, order, limit, row):
        return False
    if s.orders[order, LEAVES] == 0:
        return True
    if stop == NO_REASON and not rests:
        stop = NO_LIQUIDITY
    if stop != NO_REASON:
        emit(s, ns, order, EXPIRED, stop, limit, NOTHING, -1.0, row, MAKER)
        return True
    k = s.cursor[N_LIVE]
    s.live[k, L_ORDER] = order
    s.live[k, L_SIDE] = side
    s.live[k, L_TICK] = limit
    s.live[k, L_ROW] = row
    s.queue[k, AHEAD] = float(s.sizes[side, limit])
    s.queue[k, PRINTED] = 0.0
    s.cursor[N_LIVE] = k + 1
    s.mine[side, limit] += 1
    note_own_best(s)
    s.log_ahead[s.cursor[N_LOG] - 1] = s.queue[k, AHEAD]
    return True


@bare_call
def on_cancel(s, ns, order, row):
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_ORDER] == order:
            tick, ahead = s.live[k, L_TICK], max(0.0, s.queue[k, AHEAD])
            remove_live(s, k)
            emit(s, ns, order, CANCELLED, BY_STRATEGY, tick, NOTHING, ahead, row, MAKER)
            return
    emit(s, ns, order, CANCEL_REJECTED, UNKNOWN_ORDER, s.orders[order, TICK], NOTHING, -1.0, row, MAKER)


@bare_call
def on_modify(s, ns, order, tick, quantity, row):
    """Another limit or open size for a resting order; gives whether it left its place and is to be placed anew."""
    k = NOTHING
    while k < s.cursor[N_LIVE] and s.live[k, L_ORDER] != order:
        k += 1
    held = s.orders[order, TICK]
    if k == s.cursor[N_LIVE]:
        emit(s, ns, order, MODIFY_REJECTED, UNKNOWN_ORDER, held, NOTHING, -1.0, row, MAKER)
        return False
    ahead = max(0.0, s.queue[k, AHEAD])
    if tick < 0 or tick >= s.sizes.shape[1]:
        emit(s, ns, order, MODIFY_REJECTED, OFF_GRID, held, NOTHING, ahead, row, MAKER)
        return False
    keeps = tick == held and quantity <= s.orders[order, LEAVES]
    s.orders[order, QUANTITY] += quantity - s.orders[order, LEAVES]
    s.orders[order, LEAVES] = quantity
    s.orders[order, TICK] = tick
    if not keeps:
        remove_live(s, k)
    emit(s, ns, order, REPLACED, BY_STRATEGY, tick, NOTHING, ahead if keeps else -1.0, row, MAKER)
    return not keeps


@bare_call
def on_lost(s, ns, order, event, row):
    """Tell the strategy, now, that a message of its never got to the venue."""
    emit(s, ns, order, event, NEVER_ARRIVED, s.orders[order, TICK], NOTHING, -1.0, row, MAKER)
    at = s.cursor[N_LOG] - 1
    before = s.log[at - 1, LOG_LOCAL_NS] if at > 0 else ns
    s.log[at, LOG_LOCAL_NS] = s.cursor[LAST_RESPONSE_NS] = max(ns, before)
