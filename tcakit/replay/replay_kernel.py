"""The replay loop: a recorded book moves, our orders wait and take in it, and every step of theirs is logged.

All state is in arrays, so that `advance` can stop at any time and go on: a strategy is asked between two calls. What
happens at the venue at time t is known to the strategy at t + response latency; what it asks for arrives at the venue
after the entry latency. At equal times the market's rows come before our orders.

Rules of filling (docs/replay.md says why):
- taking walks the displayed levels up to the limit; what we took stays taken (`taken`): it comes back only as far as
  the level's displayed size rises anew;
- a print at our price fills us once all that stood ahead is gone, and no more than was printed;
- a print at a worse price than ours fills us, and no more than was printed;
- an opposite level shown at our price or better fills us, and no more than is newly shown and not taken.
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
    clear_book,
    set_level,
)
from tcakit.jit import jit
from tcakit.market.codes import (
    ACKNOWLEDGED,
    BY_STRATEGY,
    CANCEL_REJECTED,
    CANCELLED,
    CROSSED,
    EXPIRED,
    FIFO,
    FILLED,
    FOK,
    GTC,
    HALTED,
    MAKER,
    MARKET,
    NO_LIQUIDITY,
    NO_REASON,
    OFF_GRID,
    PARTIAL,
    POST_ONLY,
    QUEUE_REACHED,
    REJECTED,
    TAKER,
    TOOK,
    TRADED_THROUGH,
    UNKNOWN_ORDER,
    WOULD_CROSS,
)
from tcakit.replay.queue_kernel import after_level_change

# Why `advance` came back.
AT_TIME = 0
RESPONSE = 1  # something the strategy must know has reached it
GROW_LOG = 2  # the log is nearly full: enlarge it and call again
GROW_LIVE = 3  # the table of resting orders is full: enlarge it and call again

# cursor: int64 scalars of the state.
ROW = 0  # next row of the feed at the venue
LOCAL_ROW = 1  # next row of the feed as the strategy sees it
NOW = 2
N_LIVE = 3
N_LOG = 4
DELIVERED = 5  # log rows the strategy already knows
BUS_HEAD = 6
BUS_TAIL = 7
LAST_RESPONSE_NS = 8
IS_HALTED = 9
LOCAL_VOLUME = 10  # printed size the strategy has seen
LOCAL_LAST_TICK2 = 11
CURSOR_SIZE = 12

# settings: int64 parameters of the run.
RESPONSE_LATENCY_NS = 0
FEED_LATENCY_NS = 1
QUEUE_RULE = 2
LOT = 3
ONE_BOOK = 4  # 1 when the strategy sees the venue's book without delay
SETTINGS_SIZE = 5

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

# bus: int64 (capacity, 3) of messages on their way to the venue.
BUS_NS = 0
BUS_WHAT = 1  # 0 new, 1 cancel
BUS_ORDER = 2
SEND_NEW = 0
SEND_CANCEL = 1

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


@jit
def _emit(
    cursor, settings, orders, log, log_ahead, best, ticks, ns, order, event, reason, tick, size, ahead, row, liquidity
):
    at = cursor[N_LOG]
    local = ns + settings[RESPONSE_LATENCY_NS]
    if local < cursor[LAST_RESPONSE_NS]:
        local = cursor[LAST_RESPONSE_NS]
    cursor[LAST_RESPONSE_NS] = local
    log[at, LOG_NS] = ns
    log[at, LOG_LOCAL_NS] = local
    log[at, LOG_ORDER] = order
    log[at, LOG_EVENT] = event
    log[at, LOG_REASON] = reason
    log[at, LOG_TICK] = tick
    log[at, LOG_SIZE] = size
    log[at, LOG_LEAVES] = orders[order, LEAVES]
    log[at, LOG_ROW] = row
    log[at, LOG_BID] = best[0]
    log[at, LOG_ASK] = best[1] if best[1] < ticks else -1
    log[at, LOG_LIQUIDITY] = liquidity
    log_ahead[at] = ahead
    cursor[N_LOG] = at + 1
    if event != CANCEL_REJECTED:
        orders[order, STATE] = event


@jit
def _fill(cursor, settings, orders, log, log_ahead, best, ticks, ns, order, reason, tick, size, ahead, row, liquidity):
    orders[order, LEAVES] -= size
    event = FILLED if orders[order, LEAVES] == 0 else PARTIAL
    _emit(
        cursor,
        settings,
        orders,
        log,
        log_ahead,
        best,
        ticks,
        ns,
        order,
        event,
        reason,
        tick,
        size,
        ahead,
        row,
        liquidity,
    )


@jit
def _remove_live(cursor, live, queue, k):
    n = cursor[N_LIVE]
    for j in range(k, n - 1):
        live[j] = live[j + 1]
        queue[j] = queue[j + 1]
    cursor[N_LIVE] = n - 1


@jit
def _best_eligible(cursor, live, side, tick2, strictly):
    """The resting order of ours on `side` (-1 any) that has priority at a print or level, -1 if none.

    A buy is reached by anything priced below it (or at it, unless `strictly`), a sell by anything above. Best price
    first, then earliest.
    """
    found = -1
    for k in range(cursor[N_LIVE]):
        own = live[k, L_SIDE]
        if side >= 0 and own != side:
            continue
        edge = (2 * live[k, L_TICK] - tick2) * (1 if own == 0 else -1)
        if edge < 0 or (strictly and edge == 0):
            continue
        if found < 0 or (
            own == live[found, L_SIDE] and (live[k, L_TICK] - live[found, L_TICK]) * (1 if own == 0 else -1) > 0
        ):
            found = k
    return found


@jit
def _on_print(
    cursor,
    settings,
    orders,
    live,
    queue,
    log,
    log_ahead,
    best,
    ticks,
    ns,
    side,
    tick2,
    size,
    displayed,
    queued_row,
    row,
):
    """Fill our resting orders by a print: those it traded through, then those it reached in the queue."""
    left = size
    while left > 0:
        k = _best_eligible(cursor, live, side if displayed else -1, tick2, True)
        if k < 0:
            break
        order = live[k, L_ORDER]
        take = min(left, orders[order, LEAVES])
        left -= take
        _fill(
            cursor, settings, orders, log, log_ahead, best, ticks, ns, order, TRADED_THROUGH, live[k, L_TICK], take,
            0.0, row, MAKER,
        )  # fmt: skip
        if orders[order, LEAVES] == 0:
            _remove_live(cursor, live, queue, k)
    if not displayed or side < 0:
        return
    lot = settings[LOT]
    k = 0
    while k < cursor[N_LIVE]:
        if live[k, L_SIDE] == side and 2 * live[k, L_TICK] == tick2:
            order = live[k, L_ORDER]
            reached = np.int64(0)
            if settings[QUEUE_RULE] == FIFO:
                if queued_row >= live[k, L_ROW]:
                    reached = size
                else:
                    queue[k, AHEAD] = max(0.0, queue[k, AHEAD] - size)
            else:
                queue[k, AHEAD] -= size
                queue[k, PRINTED] += size
                past = -queue[k, AHEAD] / lot
                whole = np.int64(np.floor(past + 0.5)) if past >= 0.0 else -np.int64(np.floor(0.5 - past))
                if whole > 0:
                    queue[k, AHEAD] = 0.0
                    reached = whole * lot
            take = min(reached, left, orders[order, LEAVES])
            if take > 0:
                left -= take
                _fill(
                    cursor, settings, orders, log, log_ahead, best, ticks, ns, order, QUEUE_REACHED, live[k, L_TICK],
                    take, queue[k, AHEAD], row, MAKER,
                )  # fmt: skip
                if orders[order, LEAVES] == 0:
                    _remove_live(cursor, live, queue, k)
                    continue
        k += 1


@jit
def _on_level(
    cursor, settings, power, orders, live, queue, log, log_ahead, sizes, taken, best, ticks, ns, side, tick, before, after,
    size, entered, printed, queued_row, row,
):  # fmt: skip
    """Move our places in the queue of a level that changed, and fill what the other side now shows to us."""
    for k in range(cursor[N_LIVE]):
        if live[k, L_SIDE] == side and live[k, L_TICK] == tick:
            if settings[QUEUE_RULE] == FIFO:
                if after < before and not printed and queued_row < live[k, L_ROW]:
                    queue[k, AHEAD] = max(0.0, queue[k, AHEAD] - size)
            elif entered:
                # The level was out of sight: all we know is that no more than is shown can be ahead of us.
                queue[k, AHEAD] = min(queue[k, AHEAD], float(after))
            else:
                queue[k, AHEAD] = after_level_change(
                    settings[QUEUE_RULE], power, queue[k, AHEAD], queue[k, PRINTED], float(before), float(after)
                )
                queue[k, PRINTED] = 0.0
    if after <= before:
        return
    while sizes[side, tick] - taken[side, tick] > 0:
        k = _best_eligible(cursor, live, 1 - side, 2 * tick, False)
        if k < 0:
            return
        order = live[k, L_ORDER]
        take = min(sizes[side, tick] - taken[side, tick], orders[order, LEAVES])
        taken[side, tick] += take
        _fill(
            cursor, settings, orders, log, log_ahead, best, ticks, ns, order, CROSSED, live[k, L_TICK], take,
            0.0, row, MAKER,
        )  # fmt: skip
        if orders[order, LEAVES] == 0:
            _remove_live(cursor, live, queue, k)


@jit
def _available(sizes, taken, best, side, limit):
    """Displayed size not yet taken on `side`, from the best to the limit tick."""
    total = np.int64(0)
    step = 1 if side == 1 else -1
    tick = best[side]
    while 0 <= tick < sizes.shape[1] and (limit - tick) * step >= 0:
        if sizes[side, tick] > taken[side, tick]:
            total += sizes[side, tick] - taken[side, tick]
        tick += step
    return total


@jit
def _on_new(cursor, settings, orders, live, queue, log, log_ahead, sizes, taken, best, ticks, ns, order, row):
    """Our order reaches the venue; gives False when the log filled up before it was done (call again)."""
    side = orders[order, SIDE]
    other = 1 - side
    step = 1 if side == 0 else -1
    limit = orders[order, TICK]
    kind = orders[order, TYPE]
    force = orders[order, TIME_IN_FORCE]
    if kind == MARKET:
        limit = ticks - 1 if side == 0 else 0
    elif limit < 0 or limit >= ticks:
        _emit(
            cursor,
            settings,
            orders,
            log,
            log_ahead,
            best,
            ticks,
            ns,
            order,
            REJECTED,
            OFF_GRID,
            limit,
            0,
            -1.0,
            row,
            MAKER,
        )
        return True
    if orders[order, STATE] == 0:
        _emit(
            cursor, settings, orders, log, log_ahead, best, ticks, ns, order, ACKNOWLEDGED, NO_REASON, limit, 0, -1.0, row,
            MAKER,
        )  # fmt: skip
    shown = best[other]
    crosses = 0 <= shown < ticks and (limit - shown) * step >= 0
    stop = NO_REASON
    if crosses and force == POST_ONLY:
        stop = WOULD_CROSS
    elif cursor[IS_HALTED] == 1 and (kind == MARKET or force != GTC):
        stop = HALTED
    elif force == FOK and _available(sizes, taken, best, other, limit) < orders[order, LEAVES]:
        stop = NO_LIQUIDITY
    elif crosses and cursor[IS_HALTED] == 0:
        tick = shown
        while orders[order, LEAVES] > 0 and 0 <= tick < ticks and (limit - tick) * step >= 0:
            free = sizes[other, tick] - taken[other, tick]
            if free > 0:
                if cursor[N_LOG] + 4 >= log.shape[0]:
                    return False
                take = min(free, orders[order, LEAVES])
                taken[other, tick] += take
                _fill(
                    cursor, settings, orders, log, log_ahead, best, ticks, ns, order, TOOK, tick, take, -1.0, row, TAKER
                )
            tick += step
    if orders[order, LEAVES] == 0:
        return True
    if stop == NO_REASON and (kind == MARKET or force != GTC) and force != POST_ONLY:
        stop = NO_LIQUIDITY
    if stop != NO_REASON:
        _emit(
            cursor, settings, orders, log, log_ahead, best, ticks, ns, order, EXPIRED, stop, limit, 0, -1.0, row, MAKER
        )
        return True
    k = cursor[N_LIVE]
    live[k, L_ORDER] = order
    live[k, L_SIDE] = side
    live[k, L_TICK] = limit
    live[k, L_ROW] = row
    queue[k, AHEAD] = float(sizes[side, limit])
    queue[k, PRINTED] = 0.0
    cursor[N_LIVE] = k + 1
    log_ahead[cursor[N_LOG] - 1] = queue[k, AHEAD]
    return True


@jit
def _on_cancel(cursor, settings, orders, live, queue, log, log_ahead, best, ticks, ns, order, row):
    for k in range(cursor[N_LIVE]):
        if live[k, L_ORDER] == order:
            tick = live[k, L_TICK]
            ahead = queue[k, AHEAD]
            _remove_live(cursor, live, queue, k)
            _emit(
                cursor, settings, orders, log, log_ahead, best, ticks, ns, order, CANCELLED, BY_STRATEGY, tick, 0, ahead, row,
                MAKER,
            )  # fmt: skip
            return
    _emit(
        cursor, settings, orders, log, log_ahead, best, ticks, ns, order, CANCEL_REJECTED, UNKNOWN_ORDER,
        orders[order, TICK], 0, -1.0, row, MAKER,
    )  # fmt: skip


@jit
def advance(
    ns, local_ns, action, side, tick2, size, level, queued_row,
    sizes, taken, best, local_sizes, local_best,
    cursor, settings, power, orders, bus, live, queue, log, log_ahead, until,
):  # fmt: skip
    """Run the market and our messages up to `until` (ns), or to the first response that reaches the strategy.

    Feed columns (n): `ns`, `local_ns`, `size`, `level`, `queued_row` int64, `action` uint8, `side` int8, `tick2` int32.
    Books: `sizes`, `taken`, `local_sizes` int64 (2, ticks); `best`, `local_best` int64 (2). The rest as named above.
    """
    rows = ns.shape[0]
    ticks = sizes.shape[1]
    status = AT_TIME
    one_book = settings[ONE_BOOK] == 1
    while True:
        horizon = until
        if cursor[DELIVERED] < cursor[N_LOG] and log[cursor[DELIVERED], LOG_LOCAL_NS] < horizon:
            horizon = log[cursor[DELIVERED], LOG_LOCAL_NS]
        has_message = cursor[BUS_HEAD] < cursor[BUS_TAIL] and bus[cursor[BUS_HEAD], BUS_NS] <= horizon
        if has_message:
            horizon = bus[cursor[BUS_HEAD], BUS_NS]
        logged = cursor[N_LOG]
        i = cursor[ROW]
        full = False
        while i < rows and ns[i] <= horizon:
            do = action[i]
            quiet = cursor[N_LIVE] == 0
            if not quiet and cursor[N_LOG] + cursor[N_LIVE] + 4 >= log.shape[0]:
                full = True
                break
            book_side = 0 if side[i] > 0 else 1
            if do & (PRINTS_DISPLAYED | PRINTS_OTHER):
                if one_book:
                    cursor[LOCAL_VOLUME] += size[i]
                    cursor[LOCAL_LAST_TICK2] = tick2[i]
                if not quiet:
                    _on_print(
                        cursor, settings, orders, live, queue, log, log_ahead, best, ticks, ns[i],
                        book_side if side[i] != 0 else -1, tick2[i], size[i], do & PRINTS_DISPLAYED != 0,
                        queued_row[i] if settings[QUEUE_RULE] == FIFO else -1, i,
                    )  # fmt: skip
            if do & SETS_LEVEL:
                tick = tick2[i] >> 1
                before = set_level(sizes, best, book_side, tick, level[i])
                if taken[book_side, tick] > level[i]:
                    taken[book_side, tick] = level[i]
                if not quiet:
                    _on_level(
                        cursor, settings, power, orders, live, queue, log, log_ahead, sizes, taken, best, ticks, ns[i],
                        book_side, tick, before, level[i], size[i], do & ENTERS_WINDOW != 0, do & PRINTS_DISPLAYED != 0,
                        queued_row[i] if settings[QUEUE_RULE] == FIFO else -1, i,
                    )  # fmt: skip
            elif do & LEAVES_WINDOW:
                set_level(sizes, best, book_side, tick2[i] >> 1, 0)
            elif do & CLEARS:
                clear_book(sizes, best)
            elif do & HALTS:
                cursor[IS_HALTED] = 1
            elif do & RESUMES:
                cursor[IS_HALTED] = 0
            i += 1
            if cursor[N_LOG] > logged:
                break
        cursor[ROW] = i
        if full:
            return GROW_LOG
        if cursor[N_LOG] > logged:
            # A response is under way now and may arrive before the horizon we had.
            continue
        if has_message:
            if cursor[N_LOG] + 8 >= log.shape[0]:
                return GROW_LOG
            if cursor[N_LIVE] + 1 >= live.shape[0]:
                return GROW_LIVE
            order = bus[cursor[BUS_HEAD], BUS_ORDER]
            if bus[cursor[BUS_HEAD], BUS_WHAT] == SEND_NEW:
                if not _on_new(
                    cursor, settings, orders, live, queue, log, log_ahead, sizes, taken, best, ticks, horizon, order, i
                ):
                    return GROW_LOG
            else:
                _on_cancel(cursor, settings, orders, live, queue, log, log_ahead, best, ticks, horizon, order, i)
            cursor[BUS_HEAD] += 1
            continue
        if cursor[DELIVERED] < cursor[N_LOG] and log[cursor[DELIVERED], LOG_LOCAL_NS] <= until:
            status = RESPONSE
            cursor[NOW] = log[cursor[DELIVERED], LOG_LOCAL_NS]
        else:
            cursor[NOW] = until
        break
    if not one_book:
        i = cursor[LOCAL_ROW]
        seen_until = cursor[NOW] - settings[FEED_LATENCY_NS]
        while i < rows and local_ns[i] <= seen_until:
            do = action[i]
            if do & (PRINTS_DISPLAYED | PRINTS_OTHER):
                cursor[LOCAL_VOLUME] += size[i]
                cursor[LOCAL_LAST_TICK2] = tick2[i]
            if do & SETS_LEVEL:
                set_level(local_sizes, local_best, 0 if side[i] > 0 else 1, tick2[i] >> 1, level[i])
            elif do & LEAVES_WINDOW:
                set_level(local_sizes, local_best, 0 if side[i] > 0 else 1, tick2[i] >> 1, 0)
            elif do & CLEARS:
                clear_book(local_sizes, local_best)
            i += 1
        cursor[LOCAL_ROW] = i
    return status
