"""The best N levels after each event of a level-3 day, for the events that a window recording shows."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit
from tcakit.market.codes import (
    ADD,
    BUY,
    DELETE,
    EXECUTE,
    EXECUTE_UNPRINTED,
    HALT,
    PRINT_CROSS,
    PRINT_HIDDEN,
    QUOTE_RESUME,
    REDUCE,
    TRADE_RESUME,
)

NO_PRICE = -1  # price of a level that is not there; its size is 0


@jit
def _fill_side(shown, best, side_row, depth, window, out):
    """Write the best `depth` levels of a side into row `out` of `window`; returns the last (or NO_PRICE)."""
    offset = 2 if side_row == 0 else 0
    step = -1 if side_row == 0 else 1
    tick = best
    last = NO_PRICE
    for level in range(depth):
        while 0 <= tick < shown.shape[1] and shown[side_row, tick] == 0:
            tick += step
        if 0 <= tick < shown.shape[1]:
            window[out, 4 * level + offset] = tick
            window[out, 4 * level + offset + 1] = shown[side_row, tick]
            last = tick
            tick += step
        else:
            window[out, 4 * level + offset] = NO_PRICE
            window[out, 4 * level + offset + 1] = 0
            last = NO_PRICE
    return last


@jit
def windows(kind, side, tick, level_size, opening_rows, ladder_levels, depth, quotes_only, row_of, window):
    """Write kept rows' numbers into `row_of` and their windows into `window`; returns how many were kept.

    In: columns of a level-3 day in file order, `level_size` being the size displayed at (side, tick) after
    the row. Kept are the rows after the first `opening_rows` that change the best `depth` levels, and
    trades, halts and resumptions. With `quotes_only` there is instead the last opening row, and the one at which
    trading resumes, and none while it does not: then the book may be crossed. Out: `row_of` int64 and `window`
    int64 (rows, 4 x depth): ask tick, ask size, bid tick, bid size a level, as long as the input at most.
    """
    shown = np.zeros((2, ladder_levels), np.int64)
    best = np.empty(2, np.int64)
    best[0] = -1
    best[1] = ladder_levels
    edge = np.full(2, NO_PRICE, np.int64)
    kept = 0
    trading = True
    for row in range(len(kind)):
        what = kind[row]
        inside = False
        resumed = what == TRADE_RESUME
        paused = what == HALT or what == QUOTE_RESUME
        trading = (trading or resumed) and not paused
        if what in (ADD, REDUCE, DELETE, EXECUTE, EXECUTE_UNPRINTED):
            at = 0 if side[row] == BUY else 1
            where = tick[row]
            shown[at, where] = level_size[row]
            if at == 0:
                inside = edge[0] == NO_PRICE or where >= edge[0]
                if where > best[0]:
                    best[0] = where
                while best[0] >= 0 and shown[0, best[0]] == 0:
                    best[0] -= 1
            else:
                inside = edge[1] == NO_PRICE or where <= edge[1]
                if where < best[1]:
                    best[1] = where
                while best[1] < ladder_levels and shown[1, best[1]] == 0:
                    best[1] += 1
        opened = row == opening_rows - 1
        if row < opening_rows - 1 or (opened and not quotes_only):
            continue
        apart = what == PRINT_HIDDEN or what == PRINT_CROSS or paused or resumed
        if inside or opened or resumed or (apart and not quotes_only):
            if quotes_only and not trading:
                continue
            edge[0] = _fill_side(shown, best[0], 0, depth, window, kept)
            edge[1] = _fill_side(shown, best[1], 1, depth, window, kept)
            row_of[kept] = row
            kept += 1
    return kept
