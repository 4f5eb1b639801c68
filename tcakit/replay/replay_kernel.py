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
from tcakit.market import codes
from tcakit.market.codes import FIFO, FOK, GTC, MARKET, NEW, POST_ONLY
from tcakit.replay.latency_kernel import between
from tcakit.replay.queue_kernel import after_level_change

# Numpy integers, as the parts below are handed them: numba compiles anew for every literal.
ACKNOWLEDGED = np.int64(codes.ACKNOWLEDGED)
PARTIAL = np.int64(codes.PARTIAL)
FILLED = np.int64(codes.FILLED)
CANCELLED = np.int64(codes.CANCELLED)
REJECTED = np.int64(codes.REJECTED)
EXPIRED = np.int64(codes.EXPIRED)
CANCEL_REJECTED = np.int64(codes.CANCEL_REJECTED)
REPLACED = np.int64(codes.REPLACED)
MODIFY_REJECTED = np.int64(codes.MODIFY_REJECTED)
NO_REASON = np.int64(codes.NO_REASON)
TOOK = np.int64(codes.TOOK)
QUEUE_REACHED = np.int64(codes.QUEUE_REACHED)
TRADED_THROUGH = np.int64(codes.TRADED_THROUGH)
CROSSED = np.int64(codes.CROSSED)
NO_LIQUIDITY = np.int64(codes.NO_LIQUIDITY)
WOULD_CROSS = np.int64(codes.WOULD_CROSS)
BY_STRATEGY = np.int64(codes.BY_STRATEGY)
OFF_GRID = np.int64(codes.OFF_GRID)
UNKNOWN_ORDER = np.int64(codes.UNKNOWN_ORDER)
HALTED = np.int64(codes.HALTED)
NEVER_ARRIVED = np.int64(codes.NEVER_ARRIVED)
TAKER = np.int64(codes.TAKER)
MAKER = np.int64(codes.MAKER)
NOTHING = np.int64(0)
EITHER_SIDE = np.int64(-1)
AT_OR_BETTER = np.int64(0)  # half ticks by which an order must be priced better to be eligible
BETTER = np.int64(1)

# Why `advance` came back.
AT_TIME = 0
RESPONSE = 1  # something the strategy must know has reached it
GROW_LOG = 2  # the log is nearly full: enlarge it and call again
GROW_LIVE = 3  # the table of resting orders is full: enlarge it and call again

# cursor: int64 scalars of the state.
ROW = 0  # next row of the feed at the venue
LOCAL_ROW = 1  # next row of the feed that has not reached the strategy
NOW = 2
N_LIVE = 3
N_LOG = 4
DELIVERED = 5  # log rows the strategy already knows
BUS_HEAD = 6
BUS_TAIL = 7
LAST_RESPONSE_NS = 8
IS_HALTED = 9
SEEN_ROW = 10  # next row that local_sizes do not show yet: they are brought up to LOCAL_ROW when looked at
QUOTE_BID = 11  # best displayed and not yet taken before the row or message at hand, -1 if none
QUOTE_ASK = 12
OWN_BID = 13  # our best resting bid, -1 if none
OWN_ASK = 14  # our best resting offer, the number of ticks if none
ANY_TAKEN = 15  # whether we ever took displayed size
ANY_LOCAL_TAKEN = 16  # and whether the strategy knows
PLACING = 17  # whether the message at hand is a modification whose order has left its place
WALKED = 18  # how many ticks from the best the message at hand has taken from, when the log filled up
CURSOR_SIZE = 19

# settings: int64 parameters of the run.
RESPONSE_LATENCY_NS = 0
FEED_LATENCY_NS = 1
QUEUE_RULE = 2
LOT = 3
ONE_BOOK = 4  # 1 when the strategy sees the venue's book without delay
WHOLE_FILLS = 5  # 1 when a fill is always of all that an order has left
DEPLETES = 6  # 1 when what we took stays taken
RESPONSE_KIND = 7
SETTINGS_SIZE = 8

# How long an answer takes (RESPONSE_KIND).
FIXED = 0  # RESPONSE_LATENCY_NS
RECORDED = 1  # between recorded answers: response_at are times at the venue, response_ns what these took
DRAWN = 2  # response_ns, one after the other

# parameters: float64 (2).
POWER = 0  # of the power queue rules
UNIT = 1  # stored size units a share, contract or coin

# orders: int64 (capacity, ORDER_FIELDS), by order id.
SIDE = 0  # 0 buy, 1 sell
TICK = 1
QUANTITY = 2
LEAVES = 3
TYPE = 4
TIME_IN_FORCE = 5
STATE = 6
SUBMITTED_NS = 7
OWNER = 8
ORDER_FIELDS = 9

# bus: int64 (capacity, 5) of messages on their way to the venue; tick and quantity are a modification's.
BUS_NS = 0
BUS_WHAT = 1
BUS_ORDER = 2
BUS_TICK = 3
BUS_QUANTITY = 4
BUS_FIELDS = 5
SEND_NEW = 0
SEND_CANCEL = 1
SEND_MODIFY = 2
SEND_LOST = 3  # a new order that never reaches the venue: the strategy is told so at that time
SEND_CANCEL_LOST = 4  # and a cancel
SEND_MODIFY_LOST = 5  # and a modification

# live: int64 (capacity, 4), resting orders in order of arrival; queue: float64 (capacity, 2).
L_ORDER = 0
L_SIDE = 1
L_TICK = 2
L_ROW = 3
AHEAD = 0
PRINTED = 1

# log: int64 (capacity, LOG_FIELDS) of what the venue did; log_ahead: float64 (capacity).
LOG_NS = 0
LOG_LOCAL_NS = 1
LOG_ORDER = 2
LOG_EVENT = 3
LOG_REASON = 4
LOG_TICK = 5
LOG_SIZE = 6
LOG_LEAVES = 7
LOG_ROW = 8
LOG_BID = 9
LOG_ASK = 10
LOG_LIQUIDITY = 11
LOG_FIELDS = 12


@bare_call
def _response_ns(s, ns):
    """How long an answer of now is under way to the strategy."""
    if s.settings[RESPONSE_KIND] == RECORDED:
        return between(s.response_at, s.response_ns, ns)
    if s.settings[RESPONSE_KIND] == DRAWN:
        return s.response_ns[s.cursor[N_LOG] % s.response_ns.shape[0]]
    return s.settings[RESPONSE_LATENCY_NS]


@bare_call
def _emit(s, ns, order, event, reason, tick, size, ahead, row, liquidity):
    """Log what the venue did, and when the strategy will know; answers never overtake each other."""
    at = s.cursor[N_LOG]
    local = max(ns + _response_ns(s, ns), s.cursor[LAST_RESPONSE_NS])
    s.cursor[LAST_RESPONSE_NS] = local
    s.log[at, LOG_NS] = ns
    s.log[at, LOG_LOCAL_NS] = local
    s.log[at, LOG_ORDER] = order
    s.log[at, LOG_EVENT] = event
    s.log[at, LOG_REASON] = reason
    s.log[at, LOG_TICK] = tick
    s.log[at, LOG_SIZE] = size
    s.log[at, LOG_LEAVES] = s.orders[order, LEAVES]
    s.log[at, LOG_ROW] = row
    s.log[at, LOG_BID] = s.cursor[QUOTE_BID]
    s.log[at, LOG_ASK] = s.cursor[QUOTE_ASK]
    s.log[at, LOG_LIQUIDITY] = liquidity
    s.log_ahead[at] = ahead
    s.cursor[N_LOG] = at + 1
    if event != CANCEL_REJECTED and event != MODIFY_REJECTED and event != REPLACED:
        s.orders[order, STATE] = event


@bare_call
def _fill(s, ns, order, reason, tick, size, ahead, row, liquidity):
    s.orders[order, LEAVES] -= size
    event = FILLED if s.orders[order, LEAVES] == 0 else PARTIAL
    _emit(s, ns, order, event, reason, tick, size, ahead, row, liquidity)


@bare_call
def _fill_resting(s, ns, k, reason, size, row):
    """Fill the k-th resting order at its own price; gives whether it is gone."""
    order = s.live[k, L_ORDER]
    _fill(s, ns, order, reason, s.live[k, L_TICK], size, max(0.0, s.queue[k, AHEAD]), row, MAKER)
    if s.orders[order, LEAVES] > 0:
        return False
    _remove_live(s, k)
    return True


@bare_call
def _remove_live(s, k):
    n = s.cursor[N_LIVE]
    s.mine[s.live[k, L_SIDE], s.live[k, L_TICK]] -= 1
    # Cell by cell: assigning whole rows would triple the time this file takes to compile.
    for j in range(k, n - 1):
        for field in range(s.live.shape[1]):
            s.live[j, field] = s.live[j + 1, field]
        for field in range(s.queue.shape[1]):
            s.queue[j, field] = s.queue[j + 1, field]
    s.cursor[N_LIVE] = n - 1
    _note_own_best(s)


@bare_call
def _note_own_best(s):
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
def _note_quote(market, s, row):
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
        if reason == NO_REASON or not _fill_resting(s, ns, k, reason, s.orders[s.live[k, L_ORDER], LEAVES], row):
            k += 1


@bare_part
def _on_print(s, ns, side, tick2, size, displayed, queued_row, row):
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
        _fill_resting(s, ns, k, TRADED_THROUGH, take, row)
    if not displayed or side < 0:
        return
    k = NOTHING
    while k < s.cursor[N_LIVE]:
        gone = False
        if s.live[k, L_SIDE] == side and 2 * s.live[k, L_TICK] == tick2:
            take = min(_reached(s, k, size, queued_row), left, s.orders[s.live[k, L_ORDER], LEAVES])
            if take > 0:
                left -= take
                gone = _fill_resting(s, ns, k, QUEUE_REACHED, take, row)
        if not gone:
            k += 1


@bare_part
def _on_level(s, ns, side, tick, before, after, best, size, entered, printed, queued_row, row):
    """Move our places in the queue of a level that changed, and fill what the other side now shows to us."""
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_SIDE] == side and s.live[k, L_TICK] == tick:
            ahead = s.queue[k, AHEAD]
            if s.settings[QUEUE_RULE] == FIFO:
                if after < before and not printed and queued_row < s.live[k, L_ROW]:
                    ahead = max(0.0, ahead - size)
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
            if s.settings[DEPLETES] == 1:
                s.taken[side, tick] += take
                s.cursor[ANY_TAKEN] = 1
        _fill_resting(s, ns, k, CROSSED, take, row)


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
            _fill(s, ns, order, TOOK, tick, take, -1.0, row, TAKER)
        tick += step
    s.cursor[WALKED] = 0
    return True


@bare_call
def _on_new(s, ns, order, row):
    """Our order reaches the venue; False when the log filled up before it was done (call again)."""
    ticks = s.sizes.shape[1]
    side = s.orders[order, SIDE]
    limit = s.orders[order, TICK]
    if s.orders[order, TYPE] == MARKET:
        limit = ticks - 1 if side == 0 else 0
    elif limit < 0 or limit >= ticks:
        _emit(s, ns, order, REJECTED, OFF_GRID, limit, NOTHING, -1.0, row, MAKER)
        return True
    if s.orders[order, STATE] == NEW:
        _emit(s, ns, order, ACKNOWLEDGED, NO_REASON, limit, NOTHING, -1.0, row, MAKER)
    return _place(s, ns, order, limit, row)


@bare_call
def _place(s, ns, order, limit, row):
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
        _emit(s, ns, order, EXPIRED, stop, limit, NOTHING, -1.0, row, MAKER)
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
    _note_own_best(s)
    s.log_ahead[s.cursor[N_LOG] - 1] = s.queue[k, AHEAD]
    return True


@bare_call
def _on_cancel(s, ns, order, row):
    for k in range(s.cursor[N_LIVE]):
        if s.live[k, L_ORDER] == order:
            tick, ahead = s.live[k, L_TICK], max(0.0, s.queue[k, AHEAD])
            _remove_live(s, k)
            _emit(s, ns, order, CANCELLED, BY_STRATEGY, tick, NOTHING, ahead, row, MAKER)
            return
    _emit(s, ns, order, CANCEL_REJECTED, UNKNOWN_ORDER, s.orders[order, TICK], NOTHING, -1.0, row, MAKER)


@bare_call
def _on_modify(s, ns, order, tick, quantity, row):
    """Another limit or open size for a resting order; gives whether it left its place and is to be placed anew."""
    k = NOTHING
    while k < s.cursor[N_LIVE] and s.live[k, L_ORDER] != order:
        k += 1
    held = s.orders[order, TICK]
    if k == s.cursor[N_LIVE]:
        _emit(s, ns, order, MODIFY_REJECTED, UNKNOWN_ORDER, held, NOTHING, -1.0, row, MAKER)
        return False
    ahead = max(0.0, s.queue[k, AHEAD])
    if tick < 0 or tick >= s.sizes.shape[1]:
        _emit(s, ns, order, MODIFY_REJECTED, OFF_GRID, held, NOTHING, ahead, row, MAKER)
        return False
    keeps = tick == held and quantity <= s.orders[order, LEAVES]
    s.orders[order, QUANTITY] += quantity - s.orders[order, LEAVES]
    s.orders[order, LEAVES] = quantity
    s.orders[order, TICK] = tick
    if not keeps:
        _remove_live(s, k)
    _emit(s, ns, order, REPLACED, BY_STRATEGY, tick, NOTHING, ahead if keeps else -1.0, row, MAKER)
    return not keeps


@bare_call
def _on_lost(s, ns, order, event, row):
    """Tell the strategy, now, that a message of its never got to the venue."""
    _emit(s, ns, order, event, NEVER_ARRIVED, s.orders[order, TICK], NOTHING, -1.0, row, MAKER)
    at = s.cursor[N_LOG] - 1
    before = s.log[at - 1, LOG_LOCAL_NS] if at > 0 else ns
    s.log[at, LOG_LOCAL_NS] = s.cursor[LAST_RESPONSE_NS] = max(ns, before)


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


@bare_call
def _on_row(market, s, i, do, side):
    """Let a row reach the venue where orders of ours rest that it concerns."""
    ns = market.ns[i]
    queued_row = market.queued_row[i] if s.settings[QUEUE_RULE] == FIFO else -1
    if do & (PRINTS_DISPLAYED | PRINTS_OTHER):
        displayed = do & PRINTS_DISPLAYED != 0
        known = side if market.side[i] != 0 else EITHER_SIDE
        _on_print(s, ns, known, np.int64(market.tick2[i]), market.size[i], displayed, queued_row, i)
    if do & SETS_LEVEL:
        tick, after = market.tick2[i] >> 1, market.level[i]
        before = s.sizes[side, tick]
        s.sizes[side, tick] = after
        if s.taken[side, tick] > after:
            s.taken[side, tick] = after
        entered = do & ENTERS_WINDOW != 0
        printed = do & PRINTS_DISPLAYED != 0
        best = np.int64(market.best_bid[i] if side == 0 else market.best_ask[i])
        _on_level(s, ns, side, tick, before, after, best, market.size[i], entered, printed, queued_row, i)


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


@bare_call
def advance(market, s, until):
    """Run the market and our messages up to `until` (ns), or to the first response that reaches the strategy.

    Gives why it came back: AT_TIME, RESPONSE, GROW_LOG or GROW_LIVE; cursor[NOW] is the time reached.
    """
    rows = market.ns.shape[0]
    cursor, log, bus = s.cursor, s.log, s.bus
    while True:
        horizon = until
        if cursor[DELIVERED] < cursor[N_LOG]:
            horizon = min(horizon, log[cursor[DELIVERED], LOG_LOCAL_NS])
        has_message = cursor[BUS_HEAD] < cursor[BUS_TAIL] and bus[cursor[BUS_HEAD], BUS_NS] <= horizon
        if has_message:
            horizon = bus[cursor[BUS_HEAD], BUS_NS]
        logged = cursor[N_LOG]
        quiet = cursor[N_LIVE] == 0
        any_taken = cursor[ANY_TAKEN] == 1
        full = False
        i = cursor[ROW]
        while i < rows and market.ns[i] <= horizon:
            do = market.action[i]
            side = 0 if market.side[i] > 0 else 1
            if not quiet and _concerns_us(market, s, i, do, side):
                if cursor[N_LOG] + cursor[N_LIVE] + 4 >= log.shape[0]:
                    full = True
                    break
                _note_quote(market, s, i)
                _on_row(market, s, i, do, side)
            else:
                _apply(market, i, do, side, s.sizes, s.taken, any_taken)
            if do & (HALTS | RESUMES):
                cursor[IS_HALTED] = 1 if do & HALTS else 0
            i += 1
            if cursor[N_LOG] > logged:
                break
        cursor[ROW] = i
        if full:
            return GROW_LOG
        if cursor[N_LOG] > logged:
            # An answer is under way now and may arrive before the horizon we had.
            continue
        if not has_message:
            break
        if cursor[N_LOG] + 8 >= log.shape[0]:
            return GROW_LOG
        if cursor[N_LIVE] + 1 >= s.live.shape[0]:
            return GROW_LIVE
        order = bus[cursor[BUS_HEAD], BUS_ORDER]
        if s.orders[order, STATE] == NEW or (bus[cursor[BUS_HEAD], BUS_WHAT] != SEND_NEW and cursor[PLACING] == 0):
            # Not again for an order that was taking when the log filled up.
            _note_quote(market, s, i)
        if bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_CANCEL:
            _on_cancel(s, horizon, order, i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_LOST:
            _on_lost(s, horizon, order, REJECTED, i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_CANCEL_LOST:
            _on_lost(s, horizon, order, CANCEL_REJECTED, i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_MODIFY_LOST:
            _on_lost(s, horizon, order, MODIFY_REJECTED, i)
        elif bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_MODIFY:
            tick, quantity = bus[cursor[BUS_HEAD], BUS_TICK], bus[cursor[BUS_HEAD], BUS_QUANTITY]
            if cursor[PLACING] == 1 or _on_modify(s, horizon, order, tick, quantity, i):
                cursor[PLACING] = 1
                if not _place(s, horizon, order, tick, i):
                    return GROW_LOG
                cursor[PLACING] = 0
        elif not _on_new(s, horizon, order, i):
            return GROW_LOG
        cursor[BUS_HEAD] += 1
    status = AT_TIME
    cursor[NOW] = until
    if cursor[DELIVERED] < cursor[N_LOG] and log[cursor[DELIVERED], LOG_LOCAL_NS] <= until:
        status = RESPONSE
        cursor[NOW] = log[cursor[DELIVERED], LOG_LOCAL_NS]
    i = cursor[ROW]
    if s.settings[ONE_BOOK] == 0:
        i = cursor[LOCAL_ROW]
        seen_until = cursor[NOW] - s.settings[FEED_LATENCY_NS]
        while i < rows and market.local_ns[i] <= seen_until:
            i += 1
    cursor[LOCAL_ROW] = i
    return status
