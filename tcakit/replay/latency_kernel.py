"""Times between recorded ones."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call


@bare_call
def between(at, values, now):
    """The value at a time on the line through the two recorded times around it; the first or last one outside of them.

    `at` int64 (n,) grows, `values` int64 (n,). In floats, cut to whole ns, as hftbacktest does it.
    """
    last = at.shape[0] - 1
    if now <= at[0]:
        return values[0]
    if now >= at[last]:
        return values[last]
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if at[middle] <= now:
            low = middle
        else:
            high = middle
    slope = np.float64(values[high] - values[low]) / np.float64(at[high] - at[low])
    return np.int64(slope * np.float64(now - at[low])) + values[low]
