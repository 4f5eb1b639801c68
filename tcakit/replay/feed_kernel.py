"""What a row of a feed says that has no column of its own, so that a day takes less memory."""

from __future__ import annotations

from tcakit.book.ladder_kernel import CLEARS, LEAVES_WINDOW, SETS_LEVEL
from tcakit.jit import bare_call, bare_part, jit
from tcakit.replay.layout_kernel import NOTHING


@bare_call
def printed_size(market, i):
    """Size that a row printed, 0 if it prints nothing: few rows print, and those that fill us are fewer."""
    low, high = 0, market.print_row.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if market.print_row[middle] < i:
            low = middle + 1
        else:
            high = middle
    if low == market.print_row.shape[0] or market.print_row[low] != i:
        return NOTHING
    before = market.print_volume[low - 1] if low > 0 else NOTHING
    return market.print_volume[low] - before


@bare_part
def received_at(market, i):
    """When a row was received (ns)."""
    if market.late_ns.shape[0] > 0:
        return market.ns[i] + market.late_ns[i]
    return market.received_ns[i]


@jit
def row_sizes(action, side, tick2, level, print_row, print_volume, sizes, out):
    """Size of every row, `out` int64 (n): what it printed, else by how much it changed what its level shows.

    `sizes` int64 (2, ticks) must be zero; other columns as in a feed.
    """
    printed = 0
    for i in range(action.shape[0]):
        do = action[i]
        out[i] = 0
        if do & (SETS_LEVEL | LEAVES_WINDOW):
            s, tick = 0 if side[i] > 0 else 1, tick2[i] >> 1
            after = level[i] if do & SETS_LEVEL else 0
            out[i] = abs(after - sizes[s, tick])
            sizes[s, tick] = after
        elif do & CLEARS:
            for s in range(2):
                for tick in range(sizes.shape[1]):
                    sizes[s, tick] = 0
        if printed < print_row.shape[0] and print_row[printed] == i:
            out[i] = print_volume[printed] - (print_volume[printed - 1] if printed > 0 else 0)
            printed += 1


@jit
def touch_sizes(action, side, tick2, level, best_bid, best_ask, sizes, out):
    """Displayed size at the best bid and the best offer after every row, `out` int64 (2, n); 0 where a side is empty.

    `sizes` int64 (2, ticks) must be zero; other columns as in a feed.
    """
    for i in range(action.shape[0]):
        do = action[i]
        if do & (SETS_LEVEL | LEAVES_WINDOW):
            s, tick = 0 if side[i] > 0 else 1, tick2[i] >> 1
            sizes[s, tick] = level[i] if do & SETS_LEVEL else 0
        elif do & CLEARS:
            for s in range(2):
                for tick in range(sizes.shape[1]):
                    sizes[s, tick] = 0
        out[0, i] = sizes[0, best_bid[i]] if best_bid[i] >= 0 else 0
        out[1, i] = sizes[1, best_ask[i]] if best_ask[i] < sizes.shape[1] else 0
