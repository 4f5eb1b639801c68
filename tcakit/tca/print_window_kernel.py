"""The prints that orders met: extremes, what was beaten, prices within the limit; one walk through each window."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit

# Columns of what `walk_windows` writes.
LOWEST, HIGHEST = 0, 1
VOLUME, WORSE_VOLUME, BETTER_VOLUME, PRINTS, WORSE_PRINTS = 2, 3, 4, 5, 6
LIMIT_VOLUME, LIMIT_ABOVE = 7, 8
COLUMNS = 9

# Prices come as quotients: what lies nearer together than this part of a stored unit is one price.
SAME = 1e-6
# The limit may be kept in another unit than the prints.
LIMIT_SAME = 0.5


@jit
def walk_windows(price, size, first, after_interval, after_window, side, average, limit, base, out):
    """Fill `out`, float64 (orders, COLUMNS), from the prints `first` <= place < `after_interval` of each order.

    `price` and `size` are int64 in stored units; `average` and `limit` float64 in the same, NaN where there is none.
    The extremes are of the prints before `after_window`, NaN where there are none; volumes are in stored units, what is
    worse is higher for a `side` of +1 and lower for -1. LIMIT_ABOVE is the sum of (price - `base`) x size of the
    LIMIT_VOLUME that printed within the limit.
    """
    for order in range(first.size):
        lowest, highest = np.nan, np.nan
        for place in range(first[order], after_window[order]):
            at = float(price[place])
            if not lowest <= at:
                lowest = at
            if not highest >= at:
                highest = at
        out[order, LOWEST], out[order, HIGHEST] = lowest, highest
        volume, worse, better, worse_prints, within, above = 0, 0, 0, 0, 0, 0.0
        for place in range(first[order], after_interval[order]):
            shares = size[place]
            volume += shares
            distance = side[order] * (price[place] - average[order])
            if distance > SAME:
                worse += shares
                worse_prints += 1
            elif distance < -SAME:
                better += shares
            if side[order] * (price[place] - limit[order]) <= LIMIT_SAME:
                within += shares
                above += float(price[place] - base) * shares
        out[order, VOLUME] = volume
        out[order, WORSE_VOLUME], out[order, BETTER_VOLUME] = worse, better
        out[order, PRINTS] = after_interval[order] - first[order]
        out[order, WORSE_PRINTS] = worse_prints
        out[order, LIMIT_VOLUME], out[order, LIMIT_ABOVE] = within, above


@jit
def walk_until(price, size, first, wanted, side, limit, base, out):
    """Write to `out`, float64 (orders), the average price of the prints from `first` on until `wanted` is reached.

    `wanted` is int64 in stored units, below one where there is none; the last print counts as far as it is needed.
    With a `limit` (NaN: none) prints worse than it are left out. NaN where the prints end before. Averages are in
    stored units less `base`.
    """
    for order in range(first.size):
        out[order] = np.nan
        if wanted[order] < 1:
            continue
        left, above = wanted[order], 0.0
        for place in range(first[order], price.size):
            if side[order] * (price[place] - limit[order]) > LIMIT_SAME:
                continue
            shares = min(size[place], left)
            above += float(price[place] - base) * shares
            left -= shares
            if left == 0:
                out[order] = above / wanted[order]
                break
