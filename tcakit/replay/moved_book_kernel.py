"""What happens to our resting orders when our impact moves the recorded book by a tick or more.

The book moves as one, with its spread, depth and queues. Our orders keep their prices: they stand elsewhere in it,
behind all that is displayed there. One that the moved book reaches comes anew and takes: nobody came to meet it, and
filled at its own price for nothing, an order would earn from the push of its sender's other side.
"""

from __future__ import annotations

from tcakit.jit import bare_call
from tcakit.market.codes import NO_PEG
from tcakit.replay.arrival_kernel import place, stand
from tcakit.replay.layout_kernel import (
    AT_TIME,
    GROW_LOG,
    IS_HALTED,
    L_ORDER,
    MAKER,
    MOVES,
    N_LIVE,
    N_LOG,
    N_PEGGED,
    N_SHIFTS,
    N_WATCHED,
    NOTHING,
    PEG,
    QUOTE_ASK,
    QUOTE_BID,
    REFILLS,
    REPLACED,
    REPRICED,
    ROW,
    SHIFT,
    SHIFT_NS,
    SIDE,
    STOPS_HIT,
    TICK,
    UNSETTLED,
)
from tcakit.replay.ledger_kernel import give_back
from tcakit.replay.order_log_kernel import emit, note_quote, remove_live
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
def _stand_anew(s, row):
    """Let all resting orders find their places in the book as it stands now, in order of arrival."""
    k = NOTHING
    for _ in range(s.cursor[N_LIVE]):
        order = s.live[k, L_ORDER]
        if _follows(s, order):
            k += 1
            continue
        remove_live(s, k)
        stand(s, order, limit_of(s, order), row)


@bare_call
def _is_reached(s, order):
    """Whether something is left of the other side at an order's limit or better."""
    limit = limit_of(s, order)
    if s.orders[order, SIDE] == 0:
        return 0 <= s.cursor[QUOTE_ASK] <= limit
    return s.cursor[QUOTE_BID] >= 0 and s.cursor[QUOTE_BID] >= limit


@bare_call
def _come_anew(market, s, ns, row):
    """Let the orders that the moved book reaches take, rest or expire as new ones would, in order of arrival."""
    k = NOTHING
    for _ in range(s.cursor[N_LIVE]):
        if k >= s.cursor[N_LIVE]:
            break
        order = s.live[k, L_ORDER]
        note_quote(market, s, row)
        if _follows(s, order) or not _is_reached(s, order):
            k += 1
            continue
        remove_live(s, k)
        emit(s, ns, order, REPLACED, REPRICED, limit_of(s, order), NOTHING, -1.0, row, MAKER)
        place(s, ns, order, limit_of(s, order), row)


@bare_call
def _rows_of_log(s, shift):
    """How many rows of the log our resting orders may need when the book moves to a shift."""
    ticks = s.sizes.shape[1]
    rows = 2 * s.cursor[N_LIVE] + 8
    for k in range(s.cursor[N_LIVE]):
        order = s.live[k, L_ORDER]
        side = 1 - s.orders[order, SIDE]
        step = 1 if side == 1 else -1
        limit, tick = s.orders[order, TICK] - shift, s.best[side]
        while 0 <= tick < ticks and (limit - tick) * step >= 0:
            rows += 1 if s.sizes[side, tick] > 0 else 0
            tick += step
    return rows


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
        note_quote(market, s, row)
        if s.cursor[N_SHIFTS] >= s.shifts.shape[0] or s.cursor[N_LOG] + _rows_of_log(s, shift) >= s.log.shape[0]:
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
            _stand_anew(s, row)
            if s.cursor[IS_HALTED] == 0:
                _come_anew(market, s, ns, row)
    set_next_look(s)
    return AT_TIME
