"""What watched orders do once the rows of an instant are in: auctions, stops set off, pegs priced anew, the close."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call
from tcakit.market.codes import DAY
from tcakit.replay.arrival_kernel import place
from tcakit.replay.feed_kernel import printed_size
from tcakit.replay.layout_kernel import (
    AHEAD,
    AUCTION,
    CLOSE_NS,
    CLOSES,
    ENDS,
    EXPIRED,
    FOR_CLOSE,
    FOR_NOTHING,
    FOR_OPEN,
    FOR_STOP,
    GROW_LIVE,
    GROW_LOG,
    IMPACT_NS,
    IS_DUE,
    L_ORDER,
    LEAVES,
    LOG_ORDER,
    LOG_REASON,
    LOG_ROW,
    LOG_SIZE,
    MAKER,
    MOVES,
    N_LIVE,
    N_LOG,
    N_WATCHED,
    NO_AUCTION,
    NO_LIQUIDITY,
    NO_REASON,
    NOTHING,
    OFF_GRID,
    OPENS,
    PLACING,
    REFILLS,
    REPLACED,
    REPRICED,
    ROW,
    SESSION_OVER,
    SHIFT,
    SHIFTS,
    SIDE,
    TAKER,
    TICK,
    TIME_IN_FORCE,
    TRADED_THROUGH,
    TRIGGERED,
    UNSETTLED,
    WAITS,
    WHOLE_FILLS,
)
from tcakit.replay.ledger_kernel import give_back
from tcakit.replay.moved_book_kernel import shift_book
from tcakit.replay.order_log_kernel import emit, fill, note_quote, remove_live
from tcakit.replay.watch_kernel import limit_of, no_longer_waits, peg_tick


@bare_call
def _place_of(s, order):
    """Where an order stands among the resting ones, -1 if it rests nowhere."""
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_ORDER] == order:
            return k
    return -1


@bare_call
def _left_of_auction(s, i, side, size):
    """What of an auction's print is left for orders of ours on a side: each share was bought once and sold once."""
    at = s.cursor[N_LOG] - 1
    while at >= 0 and s.log[at, LOG_ROW] == i:
        reason = s.log[at, LOG_REASON]
        if (reason == AUCTION or reason == TRADED_THROUGH) and s.orders[s.log[at, LOG_ORDER], SIDE] == side:
            size -= s.log[at, LOG_SIZE]
        at -= 1
    return size


@bare_call
def _first_in_auction(s, waits):
    """The order whose turn it is: bids before offers, orders at the market first, then the best limit, then the
    earliest; -1 if none waits for this auction."""
    found = np.int64(-1)
    for k in range(s.cursor[N_WATCHED]):
        order = s.watched[k]
        if s.orders[order, WAITS] != waits:
            continue
        if found < 0 or s.orders[order, SIDE] < s.orders[found, SIDE]:
            found = order
        elif s.orders[order, SIDE] == s.orders[found, SIDE]:
            toward = 1 if s.orders[order, SIDE] == 0 else -1
            if (limit_of(s, order) - limit_of(s, found)) * toward > 0:
                found = order
    return found


@bare_call
def _fill_in_auction(market, s, waits):
    """Fill what waits for the auction that the row before the next one printed, at its price; the rest expires."""
    i = s.cursor[ROW] - 1
    ns, tick2, ticks = market.ns[i], np.int64(market.tick2[i]), s.sizes.shape[1]
    note_quote(market, s, i)
    while True:
        order = _first_in_auction(s, waits)
        if order < 0:
            return NOTHING
        if s.cursor[N_LOG] + 4 >= s.log.shape[0]:
            return GROW_LOG
        side, limit = s.orders[order, SIDE], limit_of(s, order)
        s.orders[order, WAITS] = FOR_NOTHING
        reason, take = NO_LIQUIDITY, NOTHING
        if tick2 < 0 or tick2 > 2 * (ticks - 1):
            reason = OFF_GRID
        elif (2 * limit - tick2) * (1 if side == 0 else -1) >= 0:
            take = max(NOTHING, min(s.orders[order, LEAVES], _left_of_auction(s, i, side, printed_size(market, i))))
        if take > 0:
            if s.settings[WHOLE_FILLS] == 1:
                take = s.orders[order, LEAVES]
            # A price between two ticks is met at the worse of them.
            fill(s, ns, order, AUCTION, (tick2 + 1 - side) >> 1, take, -1.0, i, TAKER)
        if s.orders[order, LEAVES] > 0:
            emit(s, ns, order, EXPIRED, reason, limit, NOTHING, -1.0, i, MAKER)


@bare_call
def _first_due(s):
    for k in range(s.cursor[N_WATCHED]):
        if s.orders[s.watched[k], IS_DUE] == 1:
            return s.watched[k]
    return -1


@bare_call
def _begins_to_move(s, ns, order, row):
    """Tell of a stop set off or of a peg's new price; False if the peg stays where it is."""
    if s.orders[order, WAITS] == FOR_STOP:
        s.orders[order, WAITS] = FOR_NOTHING
        emit(s, ns, order, TRIGGERED, NO_REASON, limit_of(s, order), NOTHING, -1.0, row, MAKER)
        return True
    tick = peg_tick(s, order)
    k = _place_of(s, order)
    if tick < 0 or (k >= 0 and tick + s.cursor[SHIFT] == s.orders[order, TICK]):
        return False
    if k >= 0:
        remove_live(s, k)
    s.orders[order, WAITS] = FOR_NOTHING
    s.orders[order, TICK] = tick + s.cursor[SHIFT]
    emit(s, ns, order, REPLACED, REPRICED, tick, NOTHING, -1.0, row, MAKER)
    return True


@bare_call
def _move(market, s):
    """Let the stops that were set off and the pegs whose price moved come anew, in order of their arrival."""
    row = s.cursor[ROW]
    # A peg may also follow a book that our impact moved, later than its last row.
    ns = max(market.ns[row - 1], s.cursor[IMPACT_NS]) if row > 0 else s.cursor[IMPACT_NS]
    if s.settings[REFILLS] == 1:
        give_back(s, ns)
    while True:
        order = _first_due(s)
        if order < 0:
            return NOTHING
        if s.cursor[N_LOG] + 8 >= s.log.shape[0]:
            return GROW_LOG
        if s.cursor[N_LIVE] + 1 >= s.live.shape[0]:
            return GROW_LIVE
        if s.cursor[PLACING] == 0:
            note_quote(market, s, row)
            if not _begins_to_move(s, ns, order, row):
                s.orders[order, IS_DUE] = 0
                continue
            s.cursor[PLACING] = 1
        if not place(s, ns, order, limit_of(s, order), row):
            return GROW_LOG
        s.cursor[PLACING] = 0
        s.orders[order, IS_DUE] = 0
        no_longer_waits(s, order)


@bare_call
def _end_session(market, s):
    """Let orders for the day expire, and those for an opening auction that was not recorded."""
    row = s.cursor[ROW]
    note_quote(market, s, row)
    k = NOTHING
    while k < s.cursor[N_WATCHED]:
        order = s.watched[k]
        for_open = s.orders[order, WAITS] == FOR_OPEN
        if not for_open and s.orders[order, TIME_IN_FORCE] != DAY:
            k += 1
            continue
        if s.cursor[N_LOG] + 4 >= s.log.shape[0]:
            return GROW_LOG
        at = _place_of(s, order)
        ahead = -1.0
        if at >= 0:
            ahead = max(0.0, s.queue[at, AHEAD])
            remove_live(s, at)
        tick = limit_of(s, order)
        reason = NO_AUCTION if for_open else SESSION_OVER
        emit(s, s.settings[CLOSE_NS], order, EXPIRED, reason, tick, NOTHING, ahead, row, MAKER)
    return NOTHING


@bare_call
def settle(market, s):
    """Do all that cursor[UNSETTLED] says; gives 0, or GROW_LOG or GROW_LIVE (call again)."""
    while s.cursor[UNSETTLED] != 0:
        for bit in (SHIFTS, OPENS, CLOSES, MOVES, ENDS):
            if s.cursor[UNSETTLED] & bit == 0:
                continue
            if bit == SHIFTS and s.cursor[PLACING] == 1 and s.cursor[UNSETTLED] & MOVES != 0:
                # Not under an order that was taking when the log filled up.
                continue
            if bit == SHIFTS:
                status = shift_book(market, s)
            elif bit == MOVES:
                status = _move(market, s)
            elif bit == ENDS:
                status = _end_session(market, s)
            else:
                status = _fill_in_auction(market, s, FOR_OPEN if bit == OPENS else FOR_CLOSE)
            if status != NOTHING:
                return status
            s.cursor[UNSETTLED] &= ~bit
    return NOTHING
