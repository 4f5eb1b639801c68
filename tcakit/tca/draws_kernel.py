"""Draws by counter: which row is drawn is a hash of (seed, draw, position); the sums of each draw are made on the way.

Anybody can follow them with whole numbers alone. The hash is the finaliser of SplitMix64; a row out of n is the upper
half of the hash times n, its upper half again (Lemire 2019, "Fast random integer generation in an interval", without
the rejection: off by n / 2^32 at most).
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import inline, jit, lanes_jit
from tcakit.market.splitmix_kernel import GOLDEN, mixed

_32 = np.uint64(32)
_63 = np.uint64(63)
_ONE = np.uint64(1)
_1, _2, _3, _4, _5, _6, _7, _8 = np.arange(1, 9, dtype=np.uint64)


@inline
def key_of(seed, draw):
    """Where the numbers of a draw begin; `seed` is a uint64, `draw` counts from 0."""
    return mixed(mixed(seed + GOLDEN) + (np.uint64(draw) + _ONE) * GOLDEN)


@inline
def word_at(key, position):
    """The number at a position (from 0) of the draw with that key: a uint64."""
    return mixed(key + (np.uint64(position) + _ONE) * GOLDEN)


@inline
def place_at(key, position, count):
    """A whole number from 0 to `count` - 1, `count` below 2^32."""
    return np.int64(((word_at(key, position) >> _32) * np.uint64(count)) >> _32)


# Rows that are drawn at once before any is looked up: the hashes of a run need not wait for one another.
_RUN = 512
# Rows wider than this are dear to fetch: they are fetched once a draw, in their order, not as often as they are drawn.
_WIDE = 24
ABREAST = 4
"""Columns that are summed abreast, if not twice as many: the kernels take a multiple of so many."""


@lanes_jit
def sum_rows(columns, size, seed, sums):
    """Add to each row of `sums` (draws, k), zeros, `size` rows of `columns` (n, k) drawn with replacement."""
    count = columns.shape[0]
    places = np.empty(_RUN, np.uint64)
    times = np.zeros(count if columns.shape[1] > _WIDE else 0)
    drawn = np.empty(times.size, np.uint64)
    for draw in range(sums.shape[0]):
        key = key_of(seed, draw)
        for first in range(0, size, _RUN):
            length = min(_RUN, size - first)
            for place in range(length):
                places[place] = place_at(key, first + place, count)
            if times.size:
                for place in range(length):
                    times[places[place]] += 1.0
            else:
                add_rows(columns, places, length, sums[draw])
        if times.size:
            add_times(columns, times, drawn, sums[draw])


@lanes_jit
def sum_days(columns, starts, seed, sums):
    """As `sum_rows`, days drawn first: `starts` (days + 1) says where the rows of each day begin in `columns`.

    A draw takes as many days as there are; after each it takes as many rows of that day as the day has.
    """
    days = starts.size - 1
    places = np.empty(_RUN, np.uint64)
    for draw in range(sums.shape[0]):
        key = key_of(seed, draw)
        position = 0
        for _ in range(days):
            day = place_at(key, position, days)
            position += 1
            size = starts[day + 1] - starts[day]
            for first in range(0, size, _RUN):
                length = min(_RUN, size - first)
                for place in range(length):
                    places[place] = starts[day] + place_at(key, position + first + place, size)
                add_rows(columns, places, length, sums[draw])
            position += size


# Places have no sign, so that no index is asked whether it counts from the end.
@inline
def add_rows(columns, places, length, sums):
    """Add to `sums` (k) the rows of the first `length` of `places`; k is a multiple of `ABREAST`."""
    column = np.uint64(0)
    end = np.uint64(sums.size)
    while column + _8 <= end:
        one, two, three, four, five, six, seven, eight = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for place in range(length):
            row = places[place]
            one += columns[row, column]
            two += columns[row, column + _1]
            three += columns[row, column + _2]
            four += columns[row, column + _3]
            five += columns[row, column + _4]
            six += columns[row, column + _5]
            seven += columns[row, column + _6]
            eight += columns[row, column + _7]
        sums[column] += one
        sums[column + _1] += two
        sums[column + _2] += three
        sums[column + _3] += four
        sums[column + _4] += five
        sums[column + _5] += six
        sums[column + _6] += seven
        sums[column + _7] += eight
        column += _8
    if column < end:
        one, two, three, four = 0.0, 0.0, 0.0, 0.0
        for place in range(length):
            row = places[place]
            one += columns[row, column]
            two += columns[row, column + _1]
            three += columns[row, column + _2]
            four += columns[row, column + _3]
        sums[column] += one
        sums[column + _1] += two
        sums[column + _2] += three
        sums[column + _3] += four


@inline
def add_times(columns, times, drawn, sums):
    """Add to `sums` (k) each row as often as `times` (n) says, and set `times` to zero; `drawn` (n) is overwritten."""
    length = 0
    for row in range(np.uint64(times.size)):
        # Which rows were drawn is chance: written whether or not, so that nobody need guess.
        drawn[length] = row
        length += times[row] > 0.0
    for place in range(length):
        row = drawn[place]
        often = times[row]
        times[row] = 0.0
        for column in range(np.uint64(sums.size)):
            sums[column] += often * columns[row, column]


@jit
def sum_signed(values, seed, sums):
    """Write to `sums` (draws) the sum of `values`, each less where the first bit of its number is 1."""
    for draw in range(sums.size):
        key = key_of(seed, draw)
        total = 0.0
        for position in range(values.size):
            if word_at(key, position) >> _63:
                total -= values[position]
            else:
                total += values[position]
        sums[draw] = total
