"""What the venue says of our orders, and where they rest."""

from __future__ import annotations

from tcakit.jit import bare_call
from tcakit.market.codes import FIFO
from tcakit.replay.latency_kernel import between
from tcakit.replay.layout_kernel import (
    AHEAD,
    CANCEL_REJECTED,
    CANCELLED,
    DISPLAY,
    DRAWN,
    EXPIRED,
    FILLED,
    HAS_IMPACT,
    IS_WATCHED,
    L_ORDER,
    L_ROW,
    L_SIDE,
    L_TICK,
    LAST_RESPONSE_NS,
    LEAVES,
    LOG_ASK,
    LOG_BID,
    LOG_EVENT,
    LOG_LEAVES,
    LOG_LIQUIDITY,
    LOG_LOCAL_NS,
    LOG_NS,
    LOG_ORDER,
    LOG_REASON,
    LOG_ROW,
    LOG_SHIFT,
    LOG_SIZE,
    LOG_TICK,
    MAKER,
    MODIFY_REJECTED,
    N_LIVE,
    N_LOG,
    OWN_ASK,
    OWN_BID,
    PARTIAL,
    PRINTED,
    QUEUE_RULE,
    QUOTE_ASK,
    QUOTE_BID,
    RECORDED,
    REJECTED,
    REPLACED,
    RESPONSE_KIND,
    RESPONSE_LATENCY_NS,
    SHIFT,
    STATE,
    TICK,
    TIP,
    TOOK,
)
from tcakit.replay.shift_kernel import meet_waiting
from tcakit.replay.watch_kernel import unwatch


@bare_call
def _response_ns(s, ns):
    """How long an answer of now is under way to the strategy."""
    if s.settings[RESPONSE_KIND] == RECORDED:
        return between(s.response_at, s.response_ns, ns)
    if s.settings[RESPONSE_KIND] == DRAWN:
        return s.response_ns[s.cursor[N_LOG] % s.response_ns.shape[0]]
    return s.settings[RESPONSE_LATENCY_NS]


@bare_call
def emit(s, ns, order, event, reason, tick, size, ahead, row, liquidity):
    """Log what the venue did at a tick of the recorded book, and when the strategy will know; answers never overtake
    each other."""
    at = s.cursor[N_LOG]
    local = max(ns + _response_ns(s, ns), s.cursor[LAST_RESPONSE_NS])
    s.cursor[LAST_RESPONSE_NS] = local
    s.log[at, LOG_NS] = ns
    s.log[at, LOG_LOCAL_NS] = local
    s.log[at, LOG_ORDER] = order
    s.log[at, LOG_EVENT] = event
    s.log[at, LOG_REASON] = reason
    s.log[at, LOG_TICK] = tick + s.cursor[SHIFT]
    s.log[at, LOG_SIZE] = size
    s.log[at, LOG_LEAVES] = s.orders[order, LEAVES]
    s.log[at, LOG_ROW] = row
    s.log[at, LOG_BID] = s.cursor[QUOTE_BID]
    s.log[at, LOG_ASK] = s.cursor[QUOTE_ASK]
    s.log[at, LOG_LIQUIDITY] = liquidity
    s.log[at, LOG_SHIFT] = s.cursor[SHIFT]
    s.log_ahead[at] = ahead
    s.cursor[N_LOG] = at + 1
    if event != CANCEL_REJECTED and event != MODIFY_REJECTED and event != REPLACED:
        s.orders[order, STATE] = event
    over = event == FILLED or event == CANCELLED or event == EXPIRED or event == REJECTED
    if over and s.orders[order, IS_WATCHED] == 1:
        unwatch(s, order)


@bare_call
def fill(s, ns, order, reason, tick, size, ahead, row, liquidity):
    if s.settings[HAS_IMPACT] == 1 and reason != TOOK:
        meet_waiting(s, ns, order, size)
    s.orders[order, LEAVES] -= size
    event = FILLED if s.orders[order, LEAVES] == 0 else PARTIAL
    emit(s, ns, order, event, reason, tick, size, ahead, row, liquidity)


@bare_call
def fill_resting(s, ns, k, reason, size, row):
    """Fill the k-th resting order at its own price; gives whether it is gone."""
    order = s.live[k, L_ORDER]
    fill(s, ns, order, reason, s.orders[order, TICK] - s.cursor[SHIFT], size, max(0.0, s.queue[k, AHEAD]), row, MAKER)
    if s.orders[order, LEAVES] > 0:
        s.orders[order, TIP] = max(0, s.orders[order, TIP] - size)
        return False
    remove_live(s, k)
    return True


@bare_call
def visible(s, order):
    """What an order shows: its tip, or all that is left."""
    return s.orders[order, TIP] if s.orders[order, DISPLAY] > 0 else s.orders[order, LEAVES]


@bare_call
def shown_at(s, side, tick):
    """What is displayed at a tick, nothing outside of the ladder."""
    return s.sizes[side, tick] if 0 <= tick < s.sizes.shape[1] else 0


@bare_call
def show_next_tip(s, k, size, row):
    """Let an iceberg whose tip is gone show the next one, behind all that its level shows after a print of `size`."""
    order, side, tick = s.live[k, L_ORDER], s.live[k, L_SIDE], s.live[k, L_TICK]
    printed = s.queue[k, PRINTED]
    last = s.cursor[N_LIVE] - 1
    for j in range(k, last):
        for field in range(s.live.shape[1]):
            s.live[j, field] = s.live[j + 1, field]
        for field in range(s.queue.shape[1]):
            s.queue[j, field] = s.queue[j + 1, field]
    s.live[last, L_ORDER] = order
    s.live[last, L_SIDE] = side
    s.live[last, L_TICK] = tick
    s.live[last, L_ROW] = row
    gone = float(size) if s.settings[QUEUE_RULE] == FIFO else printed
    s.queue[last, AHEAD] = max(0.0, float(shown_at(s, side, tick)) - gone)
    s.queue[last, PRINTED] = printed
    s.orders[order, TIP] = min(s.orders[order, DISPLAY], s.orders[order, LEAVES])


@bare_call
def remove_live(s, k):
    n = s.cursor[N_LIVE]
    if 0 <= s.live[k, L_TICK] < s.sizes.shape[1]:
        s.mine[s.live[k, L_SIDE], s.live[k, L_TICK]] -= 1
    # Cell by cell: assigning whole rows would triple the time this file takes to compile.
    for j in range(k, n - 1):
        for field in range(s.live.shape[1]):
            s.live[j, field] = s.live[j + 1, field]
        for field in range(s.queue.shape[1]):
            s.queue[j, field] = s.queue[j + 1, field]
    s.cursor[N_LIVE] = n - 1
    note_own_best(s)


@bare_call
def note_own_best(s):
    """Remember our best resting prices: rows beyond them, at levels without orders of ours, are no concern of ours."""
    s.cursor[OWN_BID] = -1
    s.cursor[OWN_ASK] = s.sizes.shape[1]
    for k in range(s.cursor[N_LIVE]):
        tick = s.live[k, L_TICK]
        if s.live[k, L_SIDE] == 0:
            s.cursor[OWN_BID] = max(s.cursor[OWN_BID], tick)
        else:
            s.cursor[OWN_ASK] = min(s.cursor[OWN_ASK], tick)


@bare_call
def note_quote(market, s, row):
    """Remember the best displayed ticks before a row, and those that still have something we did not take."""
    ticks = s.sizes.shape[1]
    s.best[0] = market.best_bid[row - 1] if row > 0 else -1
    s.best[1] = market.best_ask[row - 1] if row > 0 else ticks
    bid = s.best[0]
    while bid >= 0 and s.sizes[0, bid] <= s.taken[0, bid]:
        bid -= 1
    ask = s.best[1]
    while ask < ticks and s.sizes[1, ask] <= s.taken[1, ask]:
        ask += 1
    s.cursor[QUOTE_BID] = bid
    s.cursor[QUOTE_ASK] = ask if ask < ticks else -1
