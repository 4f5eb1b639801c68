"""Resting orders that were never sent: an index of a recorded day by price level, and what would have filled them.

A lone post-only order can only be filled or moved by the rows of its own level and by rows that reach beyond it. The
index keeps the former together, in order, and the latter under minima of blocks of rows, so that an order is priced
without a look at the rows in between. The rules of filling are those of `fill_kernel`, for one order alone in the
market and without latency.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
from tcakit.jit import bare_call, bare_jit, bare_part
from tcakit.market.codes import (
    CROSSED,
    FIFO,
    NO_REASON,
    OFF_GRID,
    QUEUE_REACHED,
    RISK_AVERSE,
    TRADED_THROUGH,
    WOULD_CROSS,
)
from tcakit.replay.queue_kernel import after_level_change

BLOCK = 64  # rows of a block, and blocks of a block of blocks
NEVER = np.int32(2**31 - 1)

# What an entry of a level was, as bits.
IS_PRINT = 1  # a displayed print of known side at this price
IS_SET = 2  # the level showed `shown` afterwards
IS_ENTER = 4  # it came into sight with it
WAS_EXECUTION = 8  # the row of this change was a displayed print too
IS_RISE = 16  # it showed more than before, and the venue was not halted

# outcome: int64 (orders, OUTCOME_FIELDS); rows are -1 where there is none.
REASON = 0  # of the first fill, or why the order did not rest
AHEAD_AT_ARRIVAL = 1  # displayed size, -1 if the order did not rest
FIRST_ROW = 2  # the row of the first fill
LAST_ROW = 3  # the row that filled the order completely
BY_QUEUE = 4  # size filled when the queue was reached
BY_THROUGH = 5  # when the market traded through
BY_CROSS = 6  # when the other side was displayed at our price or better
OUTCOME_FIELDS = 7


class LevelIndex(NamedTuple):
    """The index; level k is side * ticks + tick (side 0 bids, 1 offers), its entries `start[k]` to `start[k + 1]`.

    `reach[0, i]` is the lowest half tick at which row i could fill a resting buy, `reach[1, i]` minus the highest at
    which it could fill a resting sell, NEVER where none, unless it does so by the queue of the row's own level.
    """

    start: Any  # int64 (2 * ticks + 1)
    row: Any  # int32 (entries), row of the feed
    shown: Any  # int64 (entries), displayed size after it
    size: Any  # int64 (entries), size of the row
    what: Any  # uint8 (entries), bits
    reach: Any  # int32 (2, rows)
    block: Any  # int32 (2, rows / BLOCK), minima of reach
    block2: Any  # int32 (2, rows / BLOCK^2), minima of those
    halt_row: Any  # int64, rows that halt or resume, and
    halted: Any  # uint8, whether the venue is halted after them


@bare_part
def _is_queue_print(do, side, tick2, ticks):
    """Whether a row counts in the queue of a level: displayed, side known, price on the grid."""
    return do & PRINTS_DISPLAYED != 0 and side != 0 and tick2 & 1 == 0 and 0 <= tick2 < 2 * ticks


@bare_jit
def count_entries(action, side, tick2, level, sizes, start):
    """Write to `start` where the entries of each level will begin; gives the number of rows that halt or resume.

    `sizes` int64 (2, ticks) and `start` int64 (2 * ticks + 1) must be zero; other columns as in a feed. All sizes are
    zero again afterwards.
    """
    ticks = sizes.shape[1]
    halts = 0
    for i in range(action.shape[0]):
        do = action[i]
        s = 0 if side[i] > 0 else 1
        tick = np.int64(tick2[i] >> 1)
        if do & (SETS_LEVEL | LEAVES_WINDOW):
            sizes[s, tick] = level[i] if do & SETS_LEVEL else np.int64(0)
            start[s * ticks + tick + 1] += 1
        elif _is_queue_print(do, side[i], tick2[i], ticks):
            start[s * ticks + tick + 1] += 1
        elif do & CLEARS:
            for n in range(2):
                for at in range(ticks):
                    if sizes[n, at] != 0:
                        sizes[n, at] = 0
                        start[n * ticks + at + 1] += 1
        if do & (HALTS | RESUMES):
            halts += 1
    for n in range(2):
        for at in range(ticks):
            start[n * ticks + at + 1] += start[n * ticks + at]
            sizes[n, at] = 0
    return halts


@bare_part
def _put(index, following, k, i, shown, size, what):
    at = following[k]
    following[k] = at + 1
    index.row[at] = i
    index.shown[at] = shown
    index.size[at] = size
    index.what[at] = what


@bare_jit
def build(action, side, tick2, size, level, sizes, following, index):
    """Fill the arrays of an index whose `start` is known, in one pass over a feed's columns.

    `sizes` int64 (2, ticks) must be zero; `following` int64 (2 * ticks) a copy of `start` without its last.
    """
    ticks = sizes.shape[1]
    is_halted = 0
    halts = 0
    for n in range(2):
        for b in range(index.block.shape[1]):
            index.block[n, b] = NEVER
        for b in range(index.block2.shape[1]):
            index.block2[n, b] = NEVER
    for i in range(action.shape[0]):
        do = action[i]
        s = 0 if side[i] > 0 else 1
        half = np.int64(tick2[i])
        tick = half >> 1
        buy, sell = np.int64(NEVER), np.int64(NEVER)
        counts = _is_queue_print(do, side[i], tick2[i], ticks)
        if do & (PRINTS_DISPLAYED | PRINTS_OTHER) and size[i] > 0:
            either = side[i] == 0 or do & PRINTS_OTHER
            if either or s == 0:
                buy = half + 1
            if either or s == 1:
                sell = 1 - half
        if do & (SETS_LEVEL | LEAVES_WINDOW):
            before = sizes[s, tick]
            what = IS_PRINT if counts else 0
            after = np.int64(0)
            if do & SETS_LEVEL:
                after = level[i]
                what |= IS_SET
                if do & ENTERS_WINDOW:
                    what |= IS_ENTER
                if do & PRINTS_DISPLAYED:
                    what |= WAS_EXECUTION
                if after > before and is_halted == 0:
                    what |= IS_RISE
                    if s == 1:
                        buy = min(buy, half)
                    else:
                        sell = min(sell, -half)
            sizes[s, tick] = after
            _put(index, following, s * ticks + tick, i, after, size[i], what)
        elif counts:
            _put(index, following, s * ticks + tick, i, sizes[s, tick], size[i], IS_PRINT)
        elif do & CLEARS:
            for n in range(2):
                for at in range(ticks):
                    if sizes[n, at] != 0:
                        sizes[n, at] = 0
                        _put(index, following, n * ticks + at, i, 0, 0, 0)
        if do & (HALTS | RESUMES):
            is_halted = 1 if do & HALTS else 0
            index.halt_row[halts] = i
            index.halted[halts] = is_halted
            halts += 1
        index.reach[0, i] = buy
        index.reach[1, i] = sell
        b, b2 = i // BLOCK, i // (BLOCK * BLOCK)
        index.block[0, b] = min(index.block[0, b], buy)
        index.block[1, b] = min(index.block[1, b], sell)
        index.block2[0, b2] = min(index.block2[0, b2], buy)
        index.block2[1, b2] = min(index.block2[1, b2], sell)


@bare_call
def _first_from(rows, low, high, i):
    """The first place in rows[low:high], which rise, that holds row i or a later one; `high` if none."""
    while low < high:
        middle = (low + high) >> 1
        if rows[middle] < i:
            low = middle + 1
        else:
            high = middle
    return low


@bare_call
def _next_reach(index, s, price, i, end):
    """The first row from i to before `end` that reaches a price (half ticks, minus those for a sell); `end` if none."""
    while i < end:
        if i & (BLOCK - 1) == 0:
            if i & (BLOCK * BLOCK - 1) == 0 and index.block2[s, i // (BLOCK * BLOCK)] > price:
                i += BLOCK * BLOCK
                continue
            if index.block[s, i // BLOCK] > price:
                i += BLOCK
                continue
        if index.reach[s, i] <= price:
            return i
        i += 1
    return end


@bare_call
def _was_halted(index, i):
    """Whether the venue is halted before row i."""
    at = _first_from(index.halt_row, 0, index.halt_row.shape[0], i)
    return at > 0 and index.halted[at - 1] == 1


@bare_call
def _crossed_size(index, s, ticks, tick, i, joined, has_crossed):
    """What row i newly shows of the other side to an order that joined before row `joined`, less what the order took.

    An order that still rests after a rise took all the level showed. So what it holds of the level is the least that
    was shown since the last rise that it saw.
    """
    k = (1 - s) * ticks + tick
    at = _first_from(index.row, index.start[k], index.start[k + 1], i)
    if not index.what[at] & IS_RISE:
        return np.int64(0)
    after = index.shown[at]
    if not has_crossed:
        return after
    taken = after
    at -= 1
    while at >= index.start[k] and index.row[at] >= joined:
        if index.what[at] & IS_SET:
            taken = min(taken, index.shown[at])
        if index.what[at] & IS_RISE:
            return after - taken
        at -= 1
    return after


@bare_jit
def price_orders(
    action, side, tick2, size, queued_row, best_bid, best_ask, index, rule, power, unit, lot,
    joined, until, order_side, order_tick, quantity, outcome, ahead_left,
):  # fmt: skip
    """Price orders, each alone in the market; gives nothing, but writes `outcome` and `ahead_left`.

    Order z joins before row `joined[z]` and is taken back before row `until[z]`; `order_side` 0 buy, 1 sell,
    `order_tick` its ladder index, `quantity` in stored units, a multiple of `lot`: int64 (orders). `outcome` int64
    (orders, OUTCOME_FIELDS), `ahead_left` float64 (orders): what stood ahead when it was taken back or filled, -1 if
    it did not rest. Other columns as in a feed, `rule` and `power` as in a replay; `unit` stored sizes are a share.
    """
    ticks = (index.start.shape[0] - 1) // 2
    rows = action.shape[0]
    for z in range(joined.shape[0]):
        s, p, i, end = order_side[z], order_tick[z], joined[z], min(until[z], rows)
        for field in range(OUTCOME_FIELDS):
            outcome[z, field] = 0
        outcome[z, REASON] = NO_REASON
        outcome[z, AHEAD_AT_ARRIVAL] = outcome[z, FIRST_ROW] = outcome[z, LAST_ROW] = -1
        ahead_left[z] = -1.0
        if p < 0 or p >= ticks:
            outcome[z, REASON] = OFF_GRID
            continue
        if i > 0:
            crosses = best_ask[i - 1] <= p if s == 0 else best_bid[i - 1] >= p
            if crosses and not _was_halted(index, i):
                outcome[z, REASON] = WOULD_CROSS
                continue
        k = s * ticks + p
        j, stop = _first_from(index.row, index.start[k], index.start[k + 1], i), index.start[k + 1]
        shown = index.shown[j - 1] if j > index.start[k] else np.int64(0)
        outcome[z, AHEAD_AT_ARRIVAL] = shown
        ahead, printed = float(shown), 0.0
        price = 2 * p if s == 0 else -2 * p
        leaves = quantity[z]
        x = _next_reach(index, s, price, i, end)
        while leaves > 0:
            r = min(np.int64(index.row[j]), end) if j < stop else end
            if r >= end and x >= end:
                break
            reason = NO_REASON
            if x < r:
                r = x
                take = np.int64(0)
                do = action[x]
                is_other = (0 if side[x] > 0 else 1) != s
                either = side[x] == 0 or do & PRINTS_OTHER
                worse = price > tick2[x] if s == 0 else price > -tick2[x]
                if do & (PRINTS_DISPLAYED | PRINTS_OTHER) and (either or not is_other) and worse and size[x] > 0:
                    take = min(size[x], leaves)
                    leaves -= take
                    outcome[z, BY_THROUGH] += take
                    reason = TRADED_THROUGH
                if do & SETS_LEVEL and is_other and leaves > 0:
                    tick = np.int64(tick2[x] >> 1)
                    take = min(_crossed_size(index, s, ticks, tick, x, i, outcome[z, BY_CROSS] > 0), leaves)
                    if take > 0:
                        leaves -= take
                        outcome[z, BY_CROSS] += take
                        if reason == NO_REASON:
                            reason = CROSSED
                x = _next_reach(index, s, price, x + 1, end)
            else:
                what, after = index.what[j], index.shown[j]
                before = index.shown[j - 1] if j > index.start[k] else np.int64(0)
                if what & IS_PRINT:
                    beyond = np.int64(0)
                    if rule == FIFO:
                        if queued_row[r] >= i:
                            ahead = 0.0
                            beyond = index.size[j]
                        else:
                            ahead = max(0.0, ahead - index.size[j])
                    else:
                        ahead -= index.size[j]
                        printed += index.size[j]
                        if ahead < 0.0:
                            lots = np.int64(np.floor(-ahead / lot + 0.5))
                            if lots > 0:
                                ahead = 0.0
                            beyond = lots * lot
                    take = min(beyond, index.size[j], leaves)
                    if take > 0:
                        leaves -= take
                        outcome[z, BY_QUEUE] += take
                        reason = QUEUE_REACHED
                if what & IS_SET and leaves > 0:
                    if rule == FIFO:
                        if after < before and not what & WAS_EXECUTION and queued_row[r] < i:
                            ahead = max(0.0, ahead - index.size[j])
                    elif rule != RISK_AVERSE and not what & IS_ENTER:
                        ahead = after_level_change(rule, power, unit, ahead, printed, float(before), float(after))
                    ahead = min(ahead, float(after))
                    printed = 0.0
                j += 1
            if reason != NO_REASON:
                if outcome[z, FIRST_ROW] < 0:
                    outcome[z, FIRST_ROW] = r
                    outcome[z, REASON] = reason
                if leaves == 0:
                    outcome[z, LAST_ROW] = r
        ahead_left[z] = max(0.0, ahead)
