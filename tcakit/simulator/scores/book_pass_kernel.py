"""One pass over a day's book events: what the best levels of the book show after each message.

Messages are rows that a venue sends of orders and trades; the other rows (levels that come into a recorded window or
leave it, corrections, snapshots) belong to the message before them. `sizes` and `best` are those of the price ladder.
"""

from __future__ import annotations

import numpy as np

from tcakit.book.ladder_kernel import clear_book, set_level
from tcakit.jit import inline, jit
from tcakit.market.codes import CLEAR, DELETE, EXECUTE, LEAVE, PRINT, REDUCE

BLOCK = 64  # ticks that are passed over at once where none of them shows anything
BID, BID_SIZE, BID_DEPTH, ASK, ASK_SIZE, ASK_DEPTH = 0, 1, 2, 3, 4, 5
STATES = 6


@inline
def next_level(sizes, shown, side, tick):
    """The next tick behind `tick` (which may be off the ladder's near end) that shows something; -1 if none does."""
    ticks = sizes.shape[1]
    step = -1 if side == 0 else 1
    at = tick + step
    while 0 <= at < ticks:
        block = at // BLOCK
        if shown[side, block] == 0:
            at = block * BLOCK - 1 if side == 0 else (block + 1) * BLOCK
            continue
        if sizes[side, at] > 0:
            return at
        at += step
    return -1


@inline
def level_number(sizes, shown, best, side, tick, levels):
    """Which level of its side a tick is, 1 the best; `levels` + 1 for all behind."""
    at = best[side]
    number = 1
    while number <= levels and 0 <= at < sizes.shape[1]:
        if (side == 0 and at <= tick) or (side == 1 and at >= tick):
            return number
        number += 1
        at = next_level(sizes, shown, side, at)
    # Fewer levels are shown than could be: the next in line is one of them.
    return number


@inline
def look(sizes, shown, best, levels, edges, state, side):
    """Best tick, its size and the size of the best levels of a side, into `state`; how far they reach, into `edges`."""
    at = best[side]
    if not 0 <= at < sizes.shape[1]:
        at = -1
    state[3 * side] = at
    state[3 * side + 1] = sizes[side, at] if at >= 0 else 0
    depth = np.int64(0)
    number = 0
    edges[side] = -1 if side == 0 else sizes.shape[1]
    while number < levels and at >= 0:
        depth += sizes[side, at]
        number += 1
        if number == levels:
            edges[side] = at
        at = next_level(sizes, shown, side, at)
    state[3 * side + 2] = depth


@jit
def book_pass(kind, side, tick, level, message, levels, sizes, shown, out_level, out_state):
    """What stands in the best `levels` after each message, and which level it was about; returns how many there are.

    `kind` uint8 and `side` int8 as the store codes them, `tick` int64 on the ladder (-1: off it), `level` int64 the
    displayed size afterwards (-1: untouched or unknown), `message` bool, all of n. `sizes` int64 (2, ticks) and `shown`
    int64 (2, ticks // BLOCK + 1) are empty. Written for each message in order: `out_level` int64 (m, 2), the number of
    its level before and after it (`levels` + 1 for all behind, 0 off the ladder), and `out_state` int64 (m, STATES).
    """
    best = np.empty(2, np.int64)
    edges = np.empty(2, np.int64)
    state = np.zeros(STATES, np.int64)
    best[0], best[1] = -1, sizes.shape[1]
    for book in range(2):
        look(sizes, shown, best, levels, edges, state, book)
    written = -1
    for i in range(kind.shape[0]):
        at = tick[i]
        row = 0 if side[i] > 0 else 1
        placed = at >= 0 and side[i] != 0
        if message[i]:
            if written >= 0:
                for column in range(STATES):
                    out_state[written, column] = state[column]
            written += 1
            out_level[written, 0] = level_number(sizes, shown, best, row, at, levels) if placed else 0
        if kind[i] == CLEAR:
            clear_book(sizes, best)
            for book in range(2):
                for block in range(shown.shape[1]):
                    shown[book, block] = 0
                look(sizes, shown, best, levels, edges, state, book)
        elif placed and (level[i] >= 0 or kind[i] == LEAVE):
            size = level[i] if level[i] >= 0 else np.int64(0)
            other = 1 - row
            stood = best[other]
            before = set_level(sizes, best, row, at, size)
            if before > 0 and size <= 0:
                shown[row, at // BLOCK] -= 1
            elif before <= 0 and size > 0:
                shown[row, at // BLOCK] += 1
            if (row == 0 and at >= edges[0]) or (row == 1 and at <= edges[1]):
                look(sizes, shown, best, levels, edges, state, row)
            if best[other] != stood:
                look(sizes, shown, best, levels, edges, state, other)
        if message[i]:
            out_level[written, 1] = level_number(sizes, shown, best, row, at, levels) if placed else 0
    if written >= 0:
        for column in range(STATES):
            out_state[written, column] = state[column]
    return written + 1


@jit
def name_executions(ns, kind, side, price, size, out):
    """Where a venue prints a trade and then takes the orders out that it met, say that these traded.

    Columns are those of the store, of n; `out` uint8 (n) is `kind` and gets EXECUTE at orders that go, whole or in
    part, at the instant, side and price of a print before them, up to its size.
    """
    for i in range(kind.shape[0]):
        if kind[i] != PRINT or side[i] == 0:
            continue
        left = size[i]
        j = i + 1
        while left > 0 and j < kind.shape[0] and ns[j] == ns[i]:
            goes = out[j] == REDUCE or out[j] == DELETE
            if goes and side[j] == side[i] and price[j] == price[i] and size[j] <= left:
                out[j] = EXECUTE
                left -= size[j]
            j += 1
