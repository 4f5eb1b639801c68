"""How a row of the market fills our resting orders and moves their places: prints, and levels that change."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call, bare_part
from tcakit.market.codes import FIFO
from tcakit.replay.layout_kernel import (
    AHEAD,
    AT_OR_BETTER,
    BETTER,
    CROSSED,
    DISPLAY,
    EITHER_SIDE,
    IS_HALTED,
    L_ORDER,
    L_ROW,
    L_SIDE,
    L_TICK,
    LEAVES,
    LOT,
    N_LIVE,
    NO_REASON,
    NOTHING,
    POWER,
    PRINTED,
    QUEUE_REACHED,
    QUEUE_RULE,
    TIP,
    TRADED_THROUGH,
    UNIT,
    WHOLE_FILLS,
)
from tcakit.replay.ledger_kernel import take_from
from tcakit.replay.order_log_kernel import fill_resting, show_next_tip, visible
from tcakit.replay.queue_kernel import after_level_change


@bare_part
def _best_eligible(s, side, tick2, margin):
    """The resting order of ours on `side` (or on either) that has priority at a print or level, -1 if none.

    A buy is reached by anything priced below it, a sell by anything above, by `margin` half ticks at least. Best price
    first, then earliest.
    """
    found = -1
    for k in range(s.cursor[N_LIVE]):
        own = s.live[k, L_SIDE]
        if side >= 0 and own != side:
            continue
        toward = 1 if own == 0 else -1
        if (2 * s.live[k, L_TICK] - tick2) * toward < margin:
            continue
        if found < 0 or (own == s.live[found, L_SIDE] and (s.live[k, L_TICK] - s.live[found, L_TICK]) * toward > 0):
            found = k
    return found


@bare_part
def _reached(s, k, size, queued_row):
    """How much of a print at our price is past what stood ahead of the k-th resting order."""
    if s.settings[QUEUE_RULE] == FIFO:
        if queued_row >= s.live[k, L_ROW]:
            s.queue[k, AHEAD] = 0.0
            return size
        s.queue[k, AHEAD] = max(0.0, s.queue[k, AHEAD] - size)
        return NOTHING
    s.queue[k, AHEAD] -= size
    s.queue[k, PRINTED] += size
    if s.queue[k, AHEAD] >= 0.0:
        return NOTHING
    lots = np.int64(np.floor(-s.queue[k, AHEAD] / s.settings[LOT] + 0.5))
    if lots > 0:
        s.queue[k, AHEAD] = 0.0
    return lots * s.settings[LOT]


@bare_call
def _print_fills_whole(s, ns, side, tick2, size, displayed, queued_row, row):
    """Fill all of each order that a print trades through or reaches, whatever was printed."""
    k = NOTHING
    while k < s.cursor[N_LIVE]:
        own = s.live[k, L_SIDE]
        toward = (2 * s.live[k, L_TICK] - tick2) * (1 if own == 0 else -1)
        reason = NO_REASON
        if not displayed or side < 0 or own == side:
            if toward > 0:
                reason = TRADED_THROUGH
            elif toward == 0 and displayed and side >= 0 and _reached(s, k, size, queued_row) > 0:
                reason = QUEUE_REACHED
        if reason == NO_REASON or not fill_resting(s, ns, k, reason, s.orders[s.live[k, L_ORDER], LEAVES], row):
            k += 1


@bare_call
def _print_fills_reserves(s, ns, side, tick2, size, left, row):
    """Fill what icebergs at a print's price do not show, by what is left of the print beyond all that its level shows;
    then those whose tip is gone show the next one."""
    lot = s.settings[LOT]
    hidden = (left - s.sizes[side, tick2 >> 1]) // lot * lot
    k, end = NOTHING, s.cursor[N_LIVE]
    while k < end:
        order = s.live[k, L_ORDER]
        at_price = s.live[k, L_SIDE] == side and 2 * s.live[k, L_TICK] == tick2
        if at_price and s.orders[order, DISPLAY] > 0 and s.orders[order, TIP] == 0:
            take = min(hidden, s.orders[order, LEAVES])
            if take > 0:
                hidden -= take
                fill_resting(s, ns, k, QUEUE_REACHED, take, row)
            if s.orders[order, LEAVES] > 0:
                show_next_tip(s, k, size, row)
            # Either way another order stands in its place now.
            end -= 1
        else:
            k += 1


@bare_call
def _show_tip_if_gone(s, k, row):
    order = s.live[k, L_ORDER]
    if s.orders[order, DISPLAY] > 0 and s.orders[order, TIP] == 0:
        show_next_tip(s, k, NOTHING, row)


@bare_part
def on_print(s, ns, side, tick2, size, displayed, queued_row, row):
    """Fill our resting orders by a print: those it traded through, then those it reached in the queue."""
    if s.settings[WHOLE_FILLS] == 1:
        _print_fills_whole(s, ns, side, tick2, size, displayed, queued_row, row)
        return
    left = size
    while left > 0:
        k = _best_eligible(s, side if displayed else EITHER_SIDE, tick2, BETTER)
        if k < 0:
            break
        take = min(left, s.orders[s.live[k, L_ORDER], LEAVES])
        left -= take
        if not fill_resting(s, ns, k, TRADED_THROUGH, take, row):
            _show_tip_if_gone(s, k, row)
    if not displayed or side < 0:
        return
    k, tip_gone = NOTHING, False
    while k < s.cursor[N_LIVE]:
        gone = False
        if s.live[k, L_SIDE] == side and 2 * s.live[k, L_TICK] == tick2:
            order = s.live[k, L_ORDER]
            take = min(_reached(s, k, size, queued_row), left, visible(s, order))
            if take > 0:
                left -= take
                gone = fill_resting(s, ns, k, QUEUE_REACHED, take, row)
                tip_gone = tip_gone or (not gone and s.orders[order, DISPLAY] > 0 and s.orders[order, TIP] == 0)
        if not gone:
            k += 1
    if tip_gone:
        _print_fills_reserves(s, ns, side, tick2, size, left, row)


@bare_part
def on_level(s, ns, side, tick, before, after, best, entered, printed, queued_row, row):
    """Move our places in the queue of a level that changed, and fill what the other side now shows to us."""
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_SIDE] == side and s.live[k, L_TICK] == tick:
            ahead = s.queue[k, AHEAD]
            if s.settings[QUEUE_RULE] == FIFO:
                if after < before and not printed and queued_row < s.live[k, L_ROW]:
                    ahead = max(0.0, ahead - (before - after))
            elif not entered:
                ahead = after_level_change(
                    s.settings[QUEUE_RULE],
                    s.parameters[POWER],
                    s.parameters[UNIT],
                    ahead,
                    s.queue[k, PRINTED],
                    float(before),
                    float(after),
                )
            # All that is known of a level that was out of sight: no more than it shows can stand before us.
            s.queue[k, AHEAD] = min(ahead, float(after))
            s.queue[k, PRINTED] = 0.0
    whole = s.settings[WHOLE_FILLS] == 1
    # Whoever fills whole orders looks at the best price alone.
    rises = (best - s.best[side]) * (1 if side == 0 else -1) > 0 if whole else after > before
    if not rises or s.cursor[IS_HALTED] == 1:
        return
    free = s.sizes[side, tick] - s.taken[side, tick]
    while free > 0:
        k = _best_eligible(s, 1 - side, 2 * tick, AT_OR_BETTER)
        if k < 0:
            return
        take = s.orders[s.live[k, L_ORDER], LEAVES]
        if not whole:
            take = min(free, take)
            free -= take
            take_from(s, ns, side, tick, take)
        if not fill_resting(s, ns, k, CROSSED, take, row):
            _show_tip_if_gone(s, k, row)
