"""Several markets run in one clock: what happens anywhere is handled before anything later anywhere else.

Markets know nothing of each other; only strategies carry something from one to the other, when an answer reaches them.
So a market may run ahead of the others up to the first time at which one of these might answer, and no further.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from tcakit.jit import IS_COMPILED, bare_call, call_step, jit, part, pointer_to
from tcakit.replay.entry_kernel import market_at, state_at, table_at
from tcakit.replay.layout_kernel import (
    AT_TIME,
    BUS_HEAD,
    BUS_NS,
    BUS_TAIL,
    CLOSE_NS,
    DELIVERED,
    GROW_LOG,
    IS_CLOSED,
    LEAST_RESPONSE_NS,
    LOG_LOCAL_NS,
    N_LIVE,
    N_LOG,
    N_WATCHED,
    NOW,
    RESPONSE,
    ROW,
    SHIFT_NS,
    UNSETTLED,
)

_int64 = pointer_to["int64"]
_NEVER = np.int64(1 << 62)
_AT_ONCE = np.int64(-(1 << 62))


@bare_call
def may_answer_at(market, s):
    """The time (ns) before which no answer of a market can reach a strategy; never, where nothing of ours is there."""
    cursor = s.cursor
    if cursor[UNSETTLED] != 0:
        return _AT_ONCE
    at = _NEVER
    if cursor[N_LIVE] > 0 or cursor[N_WATCHED] > 0:
        if cursor[ROW] < market.ns.shape[0]:
            at = market.ns[cursor[ROW]]
        if cursor[N_WATCHED] > 0 and cursor[IS_CLOSED] == 0:
            at = min(at, s.settings[CLOSE_NS])
        at = min(at, cursor[SHIFT_NS])
        at = min(at, _NEVER - s.settings[LEAST_RESPONSE_NS]) + s.settings[LEAST_RESPONSE_NS]
    if cursor[BUS_HEAD] < cursor[BUS_TAIL]:
        # No sooner than it gets there: what is lost is answered at that very time.
        at = min(at, s.bus[cursor[BUS_HEAD], BUS_NS])
    if cursor[DELIVERED] < cursor[N_LOG]:
        at = min(at, s.log[cursor[DELIVERED], LOG_LOCAL_NS])
    return at


def _plain_soonest(many, k):
    return may_answer_at(*many[k])


def _plain_now(many, k):
    return many[k][1].cursor[NOW]


@part
def _soonest_at(many, k):
    table = table_at(many[k])
    return may_answer_at(market_at(table), state_at(table))


@part
def _now_at(many, k):
    return state_at(table_at(many[k])).cursor[NOW]


_soonest, _now = (_soonest_at, _now_at) if IS_COMPILED else (_plain_soonest, _plain_now)


@part
def advance_together(step, many, soonest, until):
    """`advance` (which is what `step` runs), for several markets: until `until` (ns), or to the first answer that
    reaches a strategy; all of them have come to that time then.

    `soonest` int64 (markets + 1) is for the kernel's own use, but for its last: the market that must grow, where that
    is why it came back.
    """
    n = soonest.shape[0] - 1
    for k in range(n):
        soonest[k] = _soonest(many, k)
    reached = until
    while True:
        first = 0
        for k in range(1, n):
            if soonest[k] < soonest[first]:
                first = k
        if soonest[first] > until:
            break
        horizon = until
        for k in range(n):
            if k != first:
                horizon = min(horizon, soonest[k])
        status = call_step(step, (many[first], horizon))
        if status >= GROW_LOG:
            soonest[n] = first
            return status
        if status == RESPONSE:
            reached = _now(many, first)
            break
        soonest[first] = _soonest(many, first)
    found = AT_TIME
    for k in range(n):
        status = call_step(step, (many[k], reached))
        if status >= GROW_LOG:
            soonest[n] = k
            return status
        if status == RESPONSE:
            found = RESPONSE
    return found


@jit
def advance_together_at(step, addresses, soonest, count, until):
    """`advance_together`, by addresses: of `advance_at`, of its tables' addresses and of `soonest`."""
    many = carray(_int64(addresses), (count,))
    return advance_together(step, many, carray(_int64(soonest), (count + 1,)), until)
