"""A price ladder: displayed size per side and tick in flat arrays, with the best tick of each side kept.

`sizes` is int64 (2, ticks), row 0 the bids and row 1 the offers; `best` int64 (2): best bid tick (-1 if none) and
best offer tick (ticks if none). Where a feed crosses itself, the side that was published last is believed: the other
side's best moves away, its stale levels stay until the feed takes them back.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import inline, jit

# What a row of a feed does, as bits.
PRINTS_DISPLAYED = 1  # a trade against displayed size, at the price and side of the row
PRINTS_OTHER = 2  # a trade against hidden size, or in an auction
SETS_LEVEL = 4  # the level shows `level` afterwards
LEAVES_WINDOW = 8  # the level goes out of sight
ENTERS_WINDOW = 16  # the level comes into sight
CLEARS = 32  # the book is emptied
HALTS = 64
RESUMES = 128
# The bit means nothing else where no level is set.
PRINTS_AUCTION = PRINTS_OTHER | ENTERS_WINDOW


@inline
def set_level(sizes, best, side, tick, size):
    """Show `size` at a level and keep the best ticks; gives what it showed before."""
    before = sizes[side, tick]
    sizes[side, tick] = size
    if side == 0:
        if size > 0:
            if tick > best[0]:
                best[0] = tick
                if tick >= best[1]:
                    up = tick + 1
                    while up < sizes.shape[1] and sizes[1, up] <= 0:
                        up += 1
                    best[1] = up
        elif tick == best[0]:
            down = tick - 1
            while down >= 0 and sizes[0, down] <= 0:
                down -= 1
            best[0] = down
    else:
        if size > 0:
            if tick < best[1]:
                best[1] = tick
                if tick <= best[0]:
                    down = tick - 1
                    while down >= 0 and sizes[0, down] <= 0:
                        down -= 1
                    best[0] = down
        elif tick == best[1]:
            up = tick + 1
            while up < sizes.shape[1] and sizes[1, up] <= 0:
                up += 1
            best[1] = up
    return before


@inline
def clear_book(sizes, best):
    """Empty both sides."""
    for side in range(2):
        for tick in range(sizes.shape[1]):
            if sizes[side, tick] != 0:
                sizes[side, tick] = 0
    best[0] = -1
    best[1] = sizes.shape[1]


@jit
def best_quotes(action, side, tick2, level, sizes, best, out_bid, out_bid_size, out_ask, out_ask_size):
    """Best bid and offer after each row: ticks (-1 where a side is empty) and displayed sizes, all int64 (n).

    `action` uint8 bits, `side` int8 (+1/-1), `tick2` int32 twice the tick (odd between ticks), `level` int64.
    """
    ticks = sizes.shape[1]
    for i in range(action.shape[0]):
        do = action[i]
        if do & (SETS_LEVEL | LEAVES_WINDOW):
            shown = level[i] if do & SETS_LEVEL else np.int64(0)
            set_level(sizes, best, 0 if side[i] > 0 else 1, tick2[i] >> 1, shown)
        elif do & CLEARS:
            clear_book(sizes, best)
        bid = best[0]
        ask = best[1]
        out_bid[i] = bid
        out_bid_size[i] = sizes[0, bid] if bid >= 0 else 0
        out_ask[i] = ask if ask < ticks else -1
        out_ask_size[i] = sizes[1, ask] if ask < ticks else 0


@jit
def best_ticks(action, side, tick2, level, sizes, out_bid, out_ask):
    """Best ticks after each row, int32 (n): -1 and the number of ticks where a side is empty. Else as `best_quotes`."""
    best = np.empty(2, np.int64)
    best[0], best[1] = -1, sizes.shape[1]
    for i in range(action.shape[0]):
        do = action[i]
        if do & (SETS_LEVEL | LEAVES_WINDOW):
            shown = level[i] if do & SETS_LEVEL else np.int64(0)
            set_level(sizes, best, 0 if side[i] > 0 else 1, tick2[i] >> 1, shown)
        elif do & CLEARS:
            clear_book(sizes, best)
        out_bid[i] = best[0]
        out_ask[i] = best[1]
