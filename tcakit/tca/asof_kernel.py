"""The last row at or before each of many instants, both in order of time: one walk, leaping where rows are many."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit

# Rows ahead that are searched without a branch. Where instants lie closer than this, and they mostly do, there is
# nothing to predict, and walks of several shifts overlap in the processor.
_NEAR = 32


@jit
def rows_until(times, place, moment):
    """How many of `times`, int64 and ascending, stand at or before `moment`; the first `place` are known to."""
    count = times.size
    if place + _NEAR <= count and times[place + _NEAR - 1] > moment:
        place += 16 * (times[place + 15] <= moment)
        place += 8 * (times[place + 7] <= moment)
        place += 4 * (times[place + 3] <= moment)
        place += 2 * (times[place + 1] <= moment)
        return place + (times[place] <= moment)
    # Leap ever further, then halve.
    low, leap = place - 1, 1
    while low + leap < count and times[low + leap] <= moment:
        low += leap
        leap *= 2
    high = min(low + leap, count)
    while high - low > 1:
        middle = (low + high) // 2
        if times[middle] <= moment:
            low = middle
        else:
            high = middle
    return low + 1


@jit
def last_rows(times, asked, shift, rows):
    """Write to `rows`, int64, the last place of `times` at or before `asked` + `shift`, -1 where there is none.

    `times` and `asked` are int64 and ascend. A `shift` of -1 asks for what stood strictly before, for times are whole.
    """
    place = 0
    for at in range(asked.size):
        place = rows_until(times, place, asked[at] + shift)
        rows[at] = place - 1


@jit
def mids_shifted(times, bid, ask, asked, shifts, first, last, old_ns, mids, old):
    """Write to `mids`, float64 (shifts, asked), the mid at or before each of `asked` + each of `shifts`.

    NaN where there is no row, a side is empty (NaN), or the instant lies before `first` or after `last`. Adds to
    `old`, int64 (shifts), how many mids are older than `old_ns`. `times` and `asked` ascend.
    """
    places = np.zeros(shifts.size, np.int64)
    for at in range(asked.size):
        for number in range(shifts.size):
            moment = asked[at] + shifts[number]
            place = rows_until(times, places[number], moment)
            places[number] = place
            if place == 0 or moment < first or moment > last:
                mids[number, at] = np.nan
            else:
                mids[number, at] = (bid[place - 1] + ask[place - 1]) / 2.0
                old[number] += moment - times[place - 1] > old_ns


@jit
def inside_shifted(times, bid, ask, asked, price, edge, shifts, inside):
    """Write to `inside`, bool (shifts, asked), whether a price lies at or inside the quote of its instant + each shift.

    Up to `edge` beyond counts as inside; nothing lies inside where there is no quote. `times` and `shifts` ascend.
    """
    for at in range(asked.size):
        place = 0
        for number in range(shifts.size):
            moment = asked[at] + shifts[number]
            # Shifts lie closer than quotes, mostly: there is nothing to search.
            if place < times.size and times[place] <= moment:
                place = rows_until(times, place, moment)
            inside[number, at] = (
                place > 0 and price[at] >= bid[place - 1] - edge[at] and price[at] <= ask[place - 1] + edge[at]
            )
