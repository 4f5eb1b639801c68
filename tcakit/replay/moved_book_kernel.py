"""What happens to our resting orders when our impact moves the recorded book by a tick or more.

The book moves as one, with its spread, depth and queues. Our orders keep their prices: they stand elsewhere in it,
behind all that is displayed there, and are filled at their own price where the book has moved through them.
"""

from __future__ import annotations

from tcakit.jit import bare_call
from tcakit.market.codes import NO_PEG
from tcakit.replay.arrival_kernel import stand
from tcakit.replay.layout_kernel import (
    AT_TIME,
    CROSSED,
    GROW_LOG,
    IS_HALTED,
    L_ORDER,
    LEAVES,
    MAKER,
    MOVES,
    N_LIVE,
    N_LOG,
    N_PEGGED,
    N_SHIFTS,
    N_WATCHED,
    NOTHING,
    PEG,
    REFILLS,
    ROW,
    SHIFT,
    SHIFT_NS,
    SIDE,
    STOPS_HIT,
    TICK,
    UNSETTLED,
)
from tcakit.replay.ledger_kernel import give_back, take_from
from tcakit.replay.order_log_kernel import fill, note_quote, remove_live
from tcakit.replay.shift_kernel import fade_to, forget_past, moved_by, set_next_look, whole_ticks
from tcakit.replay.watch_kernel import limit_of, look_for_pegs, note_watched, peg_tick


@bare_call
def _follows(s, order):
    """Whether an order is pegged and its price moves with the book: it is priced anew where it is."""
    if s.orders[order, PEG] == NO_PEG:
        return False
    tick = peg_tick(s, order)
    return tick >= 0 and tick + s.cursor[SHIFT] != s.orders[order, TICK]


@bare_call
def _meet(s, ns, order, limit, row):
    """Fill a resting order by what the book that moved through it shows: all of it at our price."""
    side = 1 - s.orders[order, SIDE]
    step = 1 if side == 1 else -1
    tick, met = s.best[side], NOTHING
    while met < s.orders[order, LEAVES] and 0 <= tick < s.sizes.shape[1] and (limit - tick) * step >= 0:
        free = s.sizes[side, tick] - s.taken[side, tick]
        if free > 0:
            take = min(free, s.orders[order, LEAVES] - met)
            take_from(s, ns, side, tick, take)
            met += take
        tick += step
    if met > 0:
        fill(s, ns, order, CROSSED, limit, met, 0.0, row, MAKER)


@bare_call
def _stand_anew(s, ns, row):
    """Let all resting orders find their places in the book as it stands now, in order of arrival."""
    k = NOTHING
    for _ in range(s.cursor[N_LIVE]):
        order = s.live[k, L_ORDER]
        if _follows(s, order):
            k += 1
            continue
        limit = limit_of(s, order)
        if s.cursor[IS_HALTED] == 0:
            _meet(s, ns, order, limit, row)
        remove_live(s, k)
        if s.orders[order, LEAVES] > 0:
            stand(s, order, limit, row)


@bare_call
def shift_book(market, s):
    """Bring our impact up to cursor[SHIFT_NS], and the book to its tick; gives AT_TIME, or GROW_LOG (call again)."""
    ns, row = s.cursor[SHIFT_NS], s.cursor[ROW]
    fade_to(s, ns)
    forget_past(s, ns)
    while True:
        shift = whole_ticks(moved_by(s))
        if shift == s.cursor[SHIFT]:
            break
        if s.cursor[N_SHIFTS] >= s.shifts.shape[0] or s.cursor[N_LOG] + s.cursor[N_LIVE] >= s.log.shape[0]:
            return GROW_LOG
        s.shifts[s.cursor[N_SHIFTS], 0] = ns
        s.shifts[s.cursor[N_SHIFTS], 1] = shift
        s.cursor[N_SHIFTS] += 1
        s.cursor[SHIFT] = shift
        if s.settings[REFILLS] == 1:
            give_back(s, ns)
        note_quote(market, s, row)
        if s.cursor[N_WATCHED] > 0:
            note_watched(s)
            if s.cursor[N_PEGGED] > 0:
                look_for_pegs(s)
                if 0 < row < market.ns.shape[0] and market.ns[row] == market.ns[row - 1]:
                    # Not before the rows of this instant are in.
                    s.cursor[STOPS_HIT] = 1
                else:
                    s.cursor[UNSETTLED] |= MOVES
        if s.cursor[N_LIVE] > 0:
            _stand_anew(s, ns, row)
    set_next_look(s)
    return AT_TIME
