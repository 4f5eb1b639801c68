"""A price-time (FIFO) order book in flat arrays: orders in slots, linked in the order they queued at each
level.

Prices are levels of a dense ladder (level = tick - base tick). A book is three arrays, made by `new_book`:

* `orders` int64 (slots, at least 5): NEXT and PREVIOUS slot at the level (-1 none), SIZE, LEVEL, SIDE (+1
  buy, -1 sell, 0 while the slot is empty); callers may append columns of their own;
* `levels` int64 (2, ladder levels, 4): HEAD and TAIL slot (-1 none), displayed LEVEL_SIZE, COUNT of orders;
  row 0 is the bid side, row 1 the ask side;
* `best` int64 (2,): best bid level (-1 while there is none), best ask level (ladder length while there is
  none).

Every function that can fail returns a status code, OK being 0; sizes and slots are never invented.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit, melted_door
from tcakit.market.codes import ADD, BUY, CLEAR, DELETE, EXECUTE, REDUCE, SNAPSHOT

NEXT = 0
PREVIOUS = 1
SIZE = 2
LEVEL = 3
SIDE = 4
ORDER_COLUMNS = 5

HEAD = 0
TAIL = 1
LEVEL_SIZE = 2
COUNT = 3
LEVEL_COLUMNS = 4

OK = 0
OFF_LADDER = 1  # the level is outside the ladder: make a longer one
NO_SLOT = 2  # the slot is outside the book: make a larger one
SLOT_TAKEN = 3  # an order stands there already
NO_ORDER = 4  # no order stands there
BAD_SIZE = 5  # not above zero


@jit
def new_book(slots, ladder_levels, order_columns):
    """An empty book: `(orders, levels, best)`; `order_columns` is ORDER_COLUMNS or more."""
    orders = np.zeros((slots, order_columns), np.int64)
    orders[:, NEXT] = -1
    orders[:, PREVIOUS] = -1
    levels = np.zeros((2, ladder_levels, LEVEL_COLUMNS), np.int64)
    levels[:, :, HEAD] = -1
    levels[:, :, TAIL] = -1
    best = np.empty(2, np.int64)
    best[0] = -1
    best[1] = ladder_levels
    return orders, levels, best


@melted_door
def side_row(side):
    """The row of `levels` and `best` for a side: 0 bids, 1 asks."""
    return 0 if side == BUY else 1


@melted_door
def add(orders, levels, best, slot, side, level, size):
    """Put an order at the end of the queue of its level."""
    if slot < 0 or slot >= orders.shape[0]:
        return NO_SLOT
    if level < 0 or level >= levels.shape[1]:
        return OFF_LADDER
    if size <= 0:
        return BAD_SIZE
    if orders[slot, SIDE] != 0:
        return SLOT_TAKEN
    row = side_row(side)
    last = levels[row, level, TAIL]
    orders[slot, NEXT] = -1
    orders[slot, PREVIOUS] = last
    orders[slot, SIZE] = size
    orders[slot, LEVEL] = level
    orders[slot, SIDE] = side
    if last >= 0:
        orders[last, NEXT] = slot
    else:
        levels[row, level, HEAD] = slot
    levels[row, level, TAIL] = slot
    levels[row, level, LEVEL_SIZE] += size
    levels[row, level, COUNT] += 1
    # One comparison for both sides: which side an order is of, no processor foresees.
    if side * (level - best[row]) > 0:
        best[row] = level
    return OK


@melted_door
def remove(orders, levels, best, slot):
    """Take an order out, wherever it stands in its queue."""
    if slot < 0 or slot >= orders.shape[0]:
        return NO_SLOT
    side = orders[slot, SIDE]
    if side == 0:
        return NO_ORDER
    row = side_row(side)
    level = orders[slot, LEVEL]
    before = orders[slot, PREVIOUS]
    after = orders[slot, NEXT]
    if before >= 0:
        orders[before, NEXT] = after
    else:
        levels[row, level, HEAD] = after
    if after >= 0:
        orders[after, PREVIOUS] = before
    else:
        levels[row, level, TAIL] = before
    levels[row, level, LEVEL_SIZE] -= orders[slot, SIZE]
    levels[row, level, COUNT] -= 1
    orders[slot, NEXT] = -1
    orders[slot, PREVIOUS] = -1
    orders[slot, SIZE] = 0
    orders[slot, SIDE] = 0
    if levels[row, level, COUNT] == 0 and level == best[row]:
        if row == 0:
            while level >= 0 and levels[0, level, COUNT] == 0:
                level -= 1
        else:
            while level < levels.shape[1] and levels[1, level, COUNT] == 0:
                level += 1
        best[row] = level
    return OK


@melted_door
def reduce(orders, levels, best, slot, amount):
    """Shrink an order in place; it keeps its priority, and leaves when nothing is left of it."""
    if slot < 0 or slot >= orders.shape[0]:
        return NO_SLOT
    if orders[slot, SIDE] == 0:
        return NO_ORDER
    if amount <= 0:
        return BAD_SIZE
    if amount >= orders[slot, SIZE]:
        return remove(orders, levels, best, slot)
    orders[slot, SIZE] -= amount
    levels[side_row(orders[slot, SIDE]), orders[slot, LEVEL], LEVEL_SIZE] -= amount
    return OK


@jit
def modify(orders, levels, best, slot, level, size):
    """Give an order a new level and size; it goes to the end of the queue there."""
    if slot < 0 or slot >= orders.shape[0]:
        return NO_SLOT
    side = orders[slot, SIDE]
    if side == 0:
        return NO_ORDER
    if level < 0 or level >= levels.shape[1]:
        return OFF_LADDER
    if size <= 0:
        return BAD_SIZE
    remove(orders, levels, best, slot)
    return add(orders, levels, best, slot, side, level, size)


@melted_door
def front(levels, side, level):
    """The slot of the order that trades first at a level, -1 if the level is empty."""
    return levels[side_row(side), level, HEAD]


@jit
def clear(orders, levels, best):
    """Empty the book."""
    for slot in range(orders.shape[0]):
        orders[slot, NEXT] = -1
        orders[slot, PREVIOUS] = -1
        orders[slot, SIZE] = 0
        orders[slot, SIDE] = 0
    for row in range(2):
        for level in range(levels.shape[1]):
            levels[row, level, HEAD] = -1
            levels[row, level, TAIL] = -1
            levels[row, level, LEVEL_SIZE] = 0
            levels[row, level, COUNT] = 0
    best[0] = -1
    best[1] = levels.shape[1]


@jit
def level_sizes(
    kind,
    side,
    tick,
    size,
    order_index,
    base_tick,
    ladder_levels,
    slots,
    level_size,
    queued_row,
):
    """Replay a level-3 column and write what each row left displayed; returns (status, row it stopped at or
    row count).

    In: `kind` uint8, `side` int8, `tick` and `size` int64, `order_index` int64 dense slot (-1 unknown
    order, see `order_index_kernel`). `size` is what was added, taken off or executed; for DELETE it is not
    read.

    Out, all int64 and as long as the input: `level_size` is the size displayed at the row's (side, tick)
    after it, -1 for rows that do not touch the book (prints, halts, clear); `queued_row` the row at which
    the order of this row got its present place in the queue (the row itself for ADD and SNAPSHOT), -1 for
    an unknown order or none. Events on unknown orders leave the book as it is.
    """
    orders, levels, best = new_book(slots, ladder_levels, ORDER_COLUMNS)
    joined = np.full(slots, -1, np.int64)
    for row in range(len(kind)):
        what = kind[row]
        level_size[row] = -1
        queued_row[row] = -1
        if what == CLEAR:
            clear(orders, levels, best)
            continue
        joins = what in (ADD, SNAPSHOT)
        if not (joins or what in (REDUCE, DELETE, EXECUTE)):
            continue
        level = tick[row] - base_tick
        if level < 0 or level >= ladder_levels:
            return OFF_LADDER, row
        slot = order_index[row]
        if slot >= slots:
            return NO_SLOT, row
        if joins:
            if slot < 0:
                return NO_SLOT, row
            # Some recorders publish a new snapshot without clearing: the same order again, now at the end
            # of its queue.
            if orders[slot, SIDE] != 0:
                remove(orders, levels, best, slot)
            status = add(orders, levels, best, slot, side[row], level, size[row])
            if status != OK:
                return status, row
            joined[slot] = row
            queued_row[row] = row
        elif slot >= 0 and orders[slot, SIDE] != 0:
            queued_row[row] = joined[slot]
            if what == DELETE:
                status = remove(orders, levels, best, slot)
            else:
                status = reduce(orders, levels, best, slot, size[row])
            if status != OK:
                return status, row
        level_size[row] = levels[side_row(side[row]), level, LEVEL_SIZE]
    return OK, len(kind)
