"""The last row at or before each of many instants, both in order of time: one walk, leaping where rows are many."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit


@jit
def last_rows(times, asked, shift, rows):
    """Write to `rows`, int64, the last place of `times` at or before `asked` + `shift`, -1 where there is none.

    `times` and `asked` are int64 and ascend. A `shift` of -1 asks for what stood strictly before, for times are whole.
    """
    count, place = times.size, 0
    for at in range(asked.size):
        moment = asked[at] + shift
        if place < count and times[place] <= moment:
            # Leap ever further, then halve: a walk where instants lie close together, a search where they do not.
            low, leap = place, 1
            high = low + leap
            while high < count and times[high] <= moment:
                low = high
                leap *= 2
                high = low + leap
            high = min(high, count)
            while high - low > 1:
                middle = (low + high) // 2
                if times[middle] <= moment:
                    low = middle
                else:
                    high = middle
            place = low + 1
        rows[at] = place - 1


@jit
def mids_at_rows(times, bid, ask, asked, shift, rows, first, last, old_ns, mids):
    """Write to `mids`, float64, the mid of each of `rows` as `last_rows` gave them; how many are older than `old_ns`.

    NaN where there is no row, a side is empty (NaN), or `asked` + `shift` lies before `first` or after `last`.
    """
    old = 0
    for at in range(asked.size):
        moment = asked[at] + shift
        row = rows[at]
        if row < 0 or moment < first or moment > last:
            mids[at] = np.nan
            continue
        mids[at] = (bid[row] + ask[row]) / 2.0
        if moment - times[row] > old_ns:
            old += 1
    return old
