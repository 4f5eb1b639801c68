"""The orders that rows or the clock may move of themselves: stops, pegs, orders for an auction or for the day.

A run that has none pays for a look at their number now and then; with some, a row costs a few comparisons more.
"""

from __future__ import annotations

import numpy as np

from tcakit.book.ladder_kernel import ENTERS_WINDOW, PRINTS_DISPLAYED, PRINTS_OTHER
from tcakit.jit import bare_call
from tcakit.market.codes import DAY, MARKET, MIDPOINT_PEG, NO_PEG, PRIMARY_PEG
from tcakit.replay.layout_kernel import (
    CLOSE_ROW,
    CLOSES,
    FOR_NOTHING,
    FOR_STOP,
    IS_DUE,
    IS_WATCHED,
    MOVES,
    N_PEGGED,
    N_WATCHED,
    OPEN_ROW,
    OPENS,
    PEG,
    PEG_ASK,
    PEG_BID,
    PEG_LIMIT,
    PEG_OFFSET,
    SHIFT,
    SIDE,
    STOP_ABOVE,
    STOP_BELOW,
    STOP_TICK,
    STOPS_HIT,
    TICK,
    TIME_IN_FORCE,
    TYPE,
    UNSETTLED,
    WAITS,
)


@bare_call
def note_watched(s):
    """Remember what rows must be looked at for: which prints set off a stop, and whether anything is pegged."""
    s.cursor[STOP_ABOVE] = 4 * s.sizes.shape[1]
    s.cursor[STOP_BELOW] = -4
    s.cursor[N_PEGGED] = 0
    for k in range(s.cursor[N_WATCHED]):
        order = s.watched[k]
        if s.orders[order, PEG] != NO_PEG:
            s.cursor[N_PEGGED] += 1
        if s.orders[order, WAITS] == FOR_STOP:
            stop2 = 2 * (s.orders[order, STOP_TICK] - s.cursor[SHIFT])
            if s.orders[order, SIDE] == 0:
                s.cursor[STOP_ABOVE] = min(s.cursor[STOP_ABOVE], stop2)
            else:
                s.cursor[STOP_BELOW] = max(s.cursor[STOP_BELOW], stop2)


@bare_call
def watch(s, order):
    s.watched[s.cursor[N_WATCHED]] = order
    s.cursor[N_WATCHED] += 1
    s.orders[order, IS_WATCHED] = 1
    # What pegs that are there already were priced by is the same: they have followed every change.
    s.cursor[PEG_BID] = s.best[0]
    s.cursor[PEG_ASK] = s.best[1]
    note_watched(s)


@bare_call
def unwatch(s, order):
    if s.orders[order, IS_WATCHED] == 0:
        return
    left = np.int64(0)
    for k in range(s.cursor[N_WATCHED]):
        if s.watched[k] != order:
            s.watched[left] = s.watched[k]
            left += 1
    s.cursor[N_WATCHED] = left
    s.orders[order, IS_WATCHED] = 0
    s.orders[order, IS_DUE] = 0
    s.orders[order, WAITS] = FOR_NOTHING
    note_watched(s)


@bare_call
def no_longer_waits(s, order):
    """An order for nothing but a stop is watched no more once that was set off."""
    s.orders[order, WAITS] = FOR_NOTHING
    if s.orders[order, PEG] == NO_PEG and s.orders[order, TIME_IN_FORCE] != DAY:
        unwatch(s, order)
    else:
        note_watched(s)


@bare_call
def limit_of(s, order):
    """The tick of the recorded book up to which an order may trade; with impact it may lie outside of it."""
    if s.orders[order, TYPE] == MARKET:
        return s.sizes.shape[1] - 1 if s.orders[order, SIDE] == 0 else np.int64(0)
    return s.orders[order, TICK] - s.cursor[SHIFT]


@bare_call
def peg_tick(s, order):
    """The tick of the recorded book that a pegged order is priced at by the best displayed ones of now, -1 where it has
    nothing to be pegged to."""
    side, peg = s.orders[order, SIDE], s.orders[order, PEG]
    ticks = s.sizes.shape[1]
    has_bid, has_ask = s.best[0] >= 0, s.best[1] < ticks
    if peg == MIDPOINT_PEG:
        if not has_bid or not has_ask:
            return np.int64(-1)
        tick = (s.best[0] + s.best[1] + side) >> 1
    else:
        of = side if peg == PRIMARY_PEG else 1 - side
        if not (has_bid if of == 0 else has_ask):
            return np.int64(-1)
        tick = s.best[of]
    limit, offset = s.orders[order, PEG_LIMIT] - s.cursor[SHIFT], s.orders[order, PEG_OFFSET]
    tick = min(tick + offset, limit) if side == 0 else max(tick - offset, limit)
    return min(max(tick, 0), ticks - 1)


@bare_call
def _hit_stops(s, tick2):
    for k in range(s.cursor[N_WATCHED]):
        order = s.watched[k]
        if s.orders[order, WAITS] == FOR_STOP:
            beyond = (tick2 - 2 * (s.orders[order, STOP_TICK] - s.cursor[SHIFT])) * (
                1 if s.orders[order, SIDE] == 0 else -1
            )
            if beyond >= 0:
                s.orders[order, IS_DUE] = 1
                s.cursor[STOPS_HIT] = 1


@bare_call
def look_for_pegs(s):
    """Let all pegged orders be priced anew."""
    for k in range(s.cursor[N_WATCHED]):
        if s.orders[s.watched[k], PEG] != NO_PEG:
            s.orders[s.watched[k], IS_DUE] = 1


@bare_call
def look_at_row(market, s, i, do):
    """Note in cursor[UNSETTLED] what a row gives watched orders to do; prints are weighed when their instant ends.

    Level-2 feeds print first and show what is left of the level in the next row.
    """
    tick2 = np.int64(market.tick2[i])
    prints = do & PRINTS_DISPLAYED or (do & PRINTS_OTHER and not do & ENTERS_WINDOW)
    if prints and (tick2 >= s.cursor[STOP_ABOVE] or tick2 <= s.cursor[STOP_BELOW]):
        _hit_stops(s, tick2)
    if i == s.settings[OPEN_ROW]:
        s.cursor[UNSETTLED] |= OPENS
    if i == s.settings[CLOSE_ROW]:
        s.cursor[UNSETTLED] |= CLOSES
    if i + 1 < market.ns.shape[0] and market.ns[i + 1] == market.ns[i]:
        return
    bid, ask = np.int64(market.best_bid[i]), np.int64(market.best_ask[i])
    if s.cursor[N_PEGGED] > 0 and (bid != s.cursor[PEG_BID] or ask != s.cursor[PEG_ASK]):
        s.cursor[PEG_BID] = bid
        s.cursor[PEG_ASK] = ask
        s.cursor[UNSETTLED] |= MOVES
        look_for_pegs(s)
    if s.cursor[STOPS_HIT] == 1:
        s.cursor[STOPS_HIT] = 0
        s.cursor[UNSETTLED] |= MOVES
