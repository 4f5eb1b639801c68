"""The best level of each side of each symbol: a heap of its levels a side, best on top.

`sides` int64 (SIDE_WORDS a book): HEAP and ROOM say where the book's cells begin in `cells` and how many they
are, FILLED how many are in use; BEST and BEST_SIZE are price and size of its best level, 0 where it has none.
A cell packs how good the price is (31 bits, the least is the best) and its level. A level that empties stays in the
heap until it comes up.
"""

from __future__ import annotations

import numpy as np

from tcakit.feeds.itch_book_kernel import HEAPED, IN_HEAP, SIZE, get, key_price, put
from tcakit.jit import bare_call, bare_part

HEAP = 0
ROOM = 1
FILLED = 2
BEST = 3
BEST_SIZE = 4
SIDE_WORDS = 8  # a line of memory

_FIRST_ROOM = np.int64(64)
_LEVEL = np.int64(0x7FFFFFFF)


@bare_part
def _cell(price, side, level):
    rank = price if side < 0 else _LEVEL - price
    return (rank << 31) | level


@bare_part
def heap_has_room(cells, sides, counts, book):
    """Whether one level more can be entered, and the symbol has its words."""
    if SIDE_WORDS * (book + 2) > sides.shape[0]:
        return False
    filled = get(sides, SIDE_WORDS * book + FILLED)
    if filled < get(sides, SIDE_WORDS * book + ROOM):
        return True
    return counts[HEAPED] + max(2 * filled, _FIRST_ROOM) <= cells.shape[0]


@bare_call
def enter_heap(levels, cells, sides, counts, book, side, price, level):
    """Put a level into the heap of its side; `heap_has_room` must have said yes."""
    words = SIDE_WORDS * book
    filled = get(sides, words + FILLED)
    if filled == get(sides, words + ROOM):
        room = max(2 * filled, _FIRST_ROOM)
        first = counts[HEAPED]
        counts[HEAPED] += room
        for k in range(filled):
            put(cells, first + k, get(cells, get(sides, words + HEAP) + k))
        put(sides, words + HEAP, first)
        put(sides, words + ROOM, room)
    heap = get(sides, words + HEAP)
    cell = _cell(price, side, level)
    at = filled
    while at > 0:
        above = (at - 1) >> 1
        if get(cells, heap + above) <= cell:
            break
        put(cells, heap + at, get(cells, heap + above))
        at = above
    put(cells, heap + at, cell)
    put(sides, words + FILLED, filled + 1)
    put(levels, 2 * level, get(levels, 2 * level) | IN_HEAP)


@bare_part
def _leave_heap(levels, cells, sides, words):
    """Take the top of a side's heap out."""
    heap = get(sides, words + HEAP)
    level = get(cells, heap) & _LEVEL
    put(levels, 2 * level, get(levels, 2 * level) & ~IN_HEAP)
    filled = get(sides, words + FILLED) - 1
    put(sides, words + FILLED, filled)
    cell = get(cells, heap + filled)
    at = np.int64(0)
    while 2 * at + 1 < filled:
        below = 2 * at + 1
        if below + 1 < filled and get(cells, heap + below + 1) < get(cells, heap + below):
            below += 1
        if get(cells, heap + below) >= cell:
            break
        put(cells, heap + at, get(cells, heap + below))
        at = below
    put(cells, heap + at, cell)


@bare_call
def next_best(levels, cells, sides, book):
    """The best level of a side is empty: find the one behind it."""
    words = SIDE_WORDS * book
    best, size = np.int64(0), np.int64(0)
    while get(sides, words + FILLED) > 0:
        top = get(cells, get(sides, words + HEAP)) & _LEVEL
        size = get(levels, 2 * top + SIZE)
        if size != 0:
            best = key_price(get(levels, 2 * top))
            break
        _leave_heap(levels, cells, sides, words)
    put(sides, words + BEST, best)
    put(sides, words + BEST_SIZE, size)
