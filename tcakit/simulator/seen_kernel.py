"""What the market's tape shows to somebody who hears of it later: level sizes, touch and volume as of a time."""

from __future__ import annotations

from tcakit.jit import jit
from tcakit.market.codes import EXECUTE, PRINT_CROSS, PRINT_HIDDEN
from tcakit.venue import engine_layout_kernel as ek

ROW = 0  # rows of the tape that have been heard of
SEEN_VOLUME = 1
BEST_BID = 2
BEST_ASK = 3
SEEN = 4


@jit
def see(tape, rows, until, seen, sizes):
    """Hear of the first `rows` rows of the tape up to a time; `sizes` (2, ladder) are the displayed level sizes."""
    row = seen[ROW]
    while row < rows and tape[row, ek.TAPE_TS] <= until:
        kind = tape[row, ek.TAPE_KIND]
        if kind == EXECUTE or kind == PRINT_HIDDEN or kind == PRINT_CROSS:
            seen[SEEN_VOLUME] += tape[row, ek.TAPE_SIZE]
        shown = tape[row, ek.TAPE_LEVEL_SIZE]
        if shown >= 0:
            _set(seen, sizes, 0 if tape[row, ek.TAPE_SIDE] > 0 else 1, tape[row, ek.TAPE_LEVEL], shown)
        row += 1
    seen[ROW] = row


@jit
def _set(seen, sizes, side, level, shown):
    sizes[side, level] = shown
    best = seen[BEST_BID + side]
    if side == 0:
        if shown > 0 and level > best:
            seen[BEST_BID] = level
        elif shown == 0 and level == best:
            while best >= 0 and sizes[0, best] == 0:
                best -= 1
            seen[BEST_BID] = best
    elif shown > 0 and level < best:
        seen[BEST_ASK] = level
    elif shown == 0 and level == best:
        while best < sizes.shape[1] and sizes[1, best] == 0:
            best += 1
        seen[BEST_ASK] = best
