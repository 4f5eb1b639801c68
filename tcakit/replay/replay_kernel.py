"""The replay loop: a recorded book moves, our orders wait and take in it, and every step of theirs is logged.

All state is in arrays, so that `advance` can stop at any time and go on: a strategy is asked between two calls. What
happens at the venue at time t is known to the strategy at t + response latency; what it asks for arrives at the venue
after the entry latency. At equal times the market's rows come before our orders.

Rules of filling (docs/replay.md says why):
- taking walks the displayed levels up to the limit; what we took stays taken (`taken`): it comes back only as far as
  the level's displayed size rises anew;
- a print at our price fills us once all that stood ahead is gone, and no more than was printed;
- a print at a worse price than ours fills us, and no more than was printed;
- an opposite level that rises at our price or better fills us, and no more than it shows and we did not take.
With WHOLE_FILLS every fill is of all that an order has left, taking is at the best price, and an opposite level fills
us when it becomes the best; without DEPLETES what we took is there again.
"""

from __future__ import annotations

import numpy as np

from tcakit.book.ladder_kernel import (
    CLEARS,
    ENTERS_WINDOW,
    HALTS,
    LEAVES_WINDOW,
    PRINTS_DISPLAYED,
    PRINTS_OTHER,
    RESUMES,
    SETS_LEVEL,
)
from tcakit.jit import bare_call, bare_part
from tcakit.market.codes import FIFO, NEW
from tcakit.replay.arrival_kernel import on_cancel, on_lost, on_modify, on_new, place
from tcakit.replay.feed_kernel import printed_size, received_at
from tcakit.replay.fill_kernel import on_level, on_print
from tcakit.replay.layout_kernel import (
    ANY_LOCAL_TAKEN,
    ANY_TAKEN,
    AT_TIME,
    BUS_HEAD,
    BUS_NS,
    BUS_ORDER,
    BUS_QUANTITY,
    BUS_TAIL,
    BUS_TICK,
    BUS_WHAT,
    CANCEL_REJECTED,
    CLOSE_NS,
    DELIVERED,
    EITHER_SIDE,
    ENDS,
    FEED_LATENCY_NS,
    GROW_LIVE,
    GROW_LOG,
    IS_CLOSED,
    IS_HALTED,
    LOCAL_ROW,
    LOG_LOCAL_NS,
    MODIFY_REJECTED,
    N_LIVE,
    N_LOG,
    N_WATCHED,
    NEVER,
    NOW,
    ONE_BOOK,
    OWN_ASK,
    OWN_BID,
    PLACING,
    QUEUE_RULE,
    REFILLS,
    REJECTED,
    RESPONSE,
    ROW,
    SEEN_ROW,
    SEND_CANCEL,
    SEND_CANCEL_LOST,
    SEND_LOST,
    SEND_MODIFY,
    SEND_MODIFY_LOST,
    SEND_NEW,
    SHIFT_NS,
    SHIFTS,
    STATE,
    UNSETTLED,
)
from tcakit.replay.ledger_kernel import give_back, shrink_with
from tcakit.replay.order_log_kernel import note_quote
from tcakit.replay.settle_kernel import settle
from tcakit.replay.watch_kernel import limit_of, look_at_row


@bare_part
def _concerns_us(market, s, i, do, side):
    """Whether a row can fill a resting order of ours or move its place: few rows do."""
    tick2 = market.tick2[i]
    if do & (PRINTS_DISPLAYED | PRINTS_OTHER):
        below, above = 2 * s.cursor[OWN_BID] >= tick2, 2 * s.cursor[OWN_ASK] <= tick2
        if do & PRINTS_OTHER or market.side[i] == 0:
            if below or above:
                return True
        elif below if side == 0 else above:
            return True
    if do & SETS_LEVEL:
        tick = tick2 >> 1
        return s.mine[side, tick] > 0 or (tick >= s.cursor[OWN_ASK] if side == 0 else tick <= s.cursor[OWN_BID])
    return False


@bare_part
def _on_row(market, s, i, do, side):
    """Let a row reach the venue where orders of ours rest that it concerns."""
    ns = market.ns[i]
    queued_row = np.int64(market.queued_row[i] if s.settings[QUEUE_RULE] == FIFO else -1)
    if do & (PRINTS_DISPLAYED | PRINTS_OTHER):
        displayed = do & PRINTS_DISPLAYED != 0
        known = side if market.side[i] != 0 else EITHER_SIDE
        on_print(s, ns, known, np.int64(market.tick2[i]), printed_size(market, i), displayed, queued_row, i)
    if do & SETS_LEVEL:
        tick, after = market.tick2[i] >> 1, market.level[i]
        before = s.sizes[side, tick]
        s.sizes[side, tick] = after
        if s.taken[side, tick] > after:
            s.taken[side, tick] = after
        entered = do & ENTERS_WINDOW != 0
        printed = do & PRINTS_DISPLAYED != 0
        best = np.int64(market.best_bid[i] if side == 0 else market.best_ask[i])
        on_level(s, ns, side, tick, before, after, best, entered, printed, queued_row, i)


@bare_part
def _apply(market, i, do, side, sizes, taken, any_taken):
    """What a row does to the displayed sizes, and to what of them was taken."""
    if do & SETS_LEVEL:
        tick, shown = market.tick2[i] >> 1, market.level[i]
        sizes[side, tick] = shown
        if any_taken and taken[side, tick] > shown:
            taken[side, tick] = shown
    elif do & LEAVES_WINDOW:
        sizes[side, market.tick2[i] >> 1] = 0
    elif do & CLEARS:
        for row in range(2):
            for tick in range(sizes.shape[1]):
                if sizes[row, tick] != 0:
                    sizes[row, tick] = 0


@bare_call
def see(market, s):
    """Show the strategy the sizes of all rows that have reached it."""
    i = s.cursor[SEEN_ROW]
    any_taken = s.cursor[ANY_LOCAL_TAKEN] == 1
    while i < s.cursor[LOCAL_ROW]:
        _apply(market, i, market.action[i], 0 if market.side[i] > 0 else 1, s.local_sizes, s.local_taken, any_taken)
        i += 1
    s.cursor[SEEN_ROW] = i


@bare_part
def advance(market, s, until):
    """Run the market and our messages up to `until` (ns), or to the first response that reaches the strategy.

    Gives why it came back: AT_TIME, RESPONSE, GROW_LOG or GROW_LIVE; cursor[NOW] is the time reached.
    """
    rows = market.ns.shape[0]
    cursor, log, bus = s.cursor, s.log, s.bus
    while True:
        if cursor[UNSETTLED] != 0:
            status = settle(market, s)
            if status != AT_TIME:
                return status
        horizon = until
        if cursor[DELIVERED] < cursor[N_LOG]:
            horizon = min(horizon, log[cursor[DELIVERED], LOG_LOCAL_NS])
        has_message = cursor[BUS_HEAD] < cursor[BUS_TAIL] and bus[cursor[BUS_HEAD], BUS_NS] <= horizon
        if has_message:
            horizon = bus[cursor[BUS_HEAD], BUS_NS]
        # The session ends after the rows of that time, and before our messages of that time.
        ends = cursor[N_WATCHED] > 0 and cursor[IS_CLOSED] == 0 and s.settings[CLOSE_NS] <= horizon
        if ends:
            has_message, horizon = False, s.settings[CLOSE_NS]
        # Our impact fades to another tick: after the rows and the session's end of that time.
        due = cursor[SHIFT_NS]
        fades = due != NEVER and (due < horizon or (due == horizon and not ends))
        if fades:
            has_message, ends, horizon = False, False, cursor[SHIFT_NS]
        watched = cursor[N_WATCHED] > 0
        logged = cursor[N_LOG]
        quiet = cursor[N_LIVE] == 0
        calm = quiet and not watched
        any_taken = cursor[ANY_TAKEN] == 1
        refills = any_taken and s.settings[REFILLS] == 1
        full = False
        i = cursor[ROW]
        while i < rows and market.ns[i] <= horizon:
            do = market.action[i]
            side = 0 if market.side[i] > 0 else 1
            if refills and do & SETS_LEVEL and s.taken[side, market.tick2[i] >> 1] > market.level[i]:
                shrink_with(s, market.ns[i], side, market.tick2[i] >> 1, market.level[i])
            if calm:
                _apply(market, i, do, side, s.sizes, s.taken, any_taken)
            else:
                if not quiet and _concerns_us(market, s, i, do, side):
                    if cursor[N_LOG] + 2 * cursor[N_LIVE] + 4 >= log.shape[0]:
                        full = True
                        break
                    if refills:
                        give_back(s, market.ns[i])
                    note_quote(market, s, i)
                    _on_row(market, s, i, do, side)
                else:
                    _apply(market, i, do, side, s.sizes, s.taken, any_taken)
                if watched:
                    look_at_row(market, s, i, do)
            if do & (HALTS | RESUMES):
                cursor[IS_HALTED] = 1 if do & HALTS else 0
            i += 1
            if not calm and (cursor[N_LOG] > logged or cursor[UNSETTLED] != 0):
                break
        cursor[ROW] = i
        if full:
            return GROW_LOG
        if cursor[N_LOG] > logged or cursor[UNSETTLED] != 0:
            # An answer is under way now and may arrive before the horizon we had.
            continue
        if ends:
            cursor[IS_CLOSED] = 1
            cursor[UNSETTLED] |= ENDS
            continue
        if fades:
            cursor[UNSETTLED] |= SHIFTS
            continue
        if not has_message:
            break
        if cursor[N_LOG] + 8 >= log.shape[0]:
            return GROW_LOG
        if cursor[N_LIVE] + 1 >= s.live.shape[0] or cursor[N_WATCHED] + 1 >= s.watched.shape[0]:
            return GROW_LIVE
        if horizon >= s.settings[CLOSE_NS]:
            cursor[IS_CLOSED] = 1
        order = bus[cursor[BUS_HEAD], BUS_ORDER]
        if refills:
            give_back(s, horizon)
        if s.orders[order, STATE] == NEW or (bus[cursor[BUS_HEAD], BUS_WHAT] != SEND_NEW and cursor[PLACING] == 0):
            # Not again for an order that was taking when the log filled up.
            note_quote(market, s, i)
        if bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_CANCEL:
            on_cancel(s, horizon, order, i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_LOST:
            on_lost(s, horizon, order, REJECTED, bus[cursor[BUS_HEAD], BUS_TICK], i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_CANCEL_LOST:
            on_lost(s, horizon, order, CANCEL_REJECTED, bus[cursor[BUS_HEAD], BUS_TICK], i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_MODIFY_LOST:
            on_lost(s, horizon, order, MODIFY_REJECTED, bus[cursor[BUS_HEAD], BUS_TICK], i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_MODIFY:
            tick, quantity = bus[cursor[BUS_HEAD], BUS_TICK], bus[cursor[BUS_HEAD], BUS_QUANTITY]
            if cursor[PLACING] == 1 or on_modify(s, horizon, order, tick, quantity, i):
                cursor[PLACING] = 1
                if not place(s, horizon, order, limit_of(s, order), i):
                    return GROW_LOG
                cursor[PLACING] = 0
        elif not on_new(s, horizon, order, i):
            return GROW_LOG
        cursor[BUS_HEAD] += 1
    status = AT_TIME
    cursor[NOW] = until
    if cursor[DELIVERED] < cursor[N_LOG] and log[cursor[DELIVERED], LOG_LOCAL_NS] <= until:
        status = RESPONSE
        cursor[NOW] = log[cursor[DELIVERED], LOG_LOCAL_NS]
    if s.settings[REFILLS] == 1:
        give_back(s, cursor[NOW])
    i = cursor[ROW]
    if s.settings[ONE_BOOK] == 0:
        i = cursor[LOCAL_ROW]
        seen_until = cursor[NOW] - s.settings[FEED_LATENCY_NS]
        while i < rows and received_at(market, i) <= seen_until:
            i += 1
    cursor[LOCAL_ROW] = i
    return status
