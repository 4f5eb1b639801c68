"""Price-time matching of limit, market and cancel requests on the FIFO book; writes what happened as
level-3 events.

The engine is six arrays, made by `new_engine`: the book of `fifo_kernel` (`orders` with two columns more:
ORDER_ID, the venue's number, and POOL_PLACE), `levels`, `best`, and

* `pool` int64 (slots,): a permutation of the slots, live ones first, so that one can be drawn at random in
  one step;
* `counters` int64: LIVE orders of both sides, live BIDS and ASKS, NEXT_ID, TAPE_ROWS, and CLOCK (ns, set by
  the caller);
* `tape` int64 (rows, 8): one row an event: TAPE_TS, TAPE_KIND (market.codes), TAPE_SIDE of the resting order,
  TAPE_LEVEL, TAPE_PART (hundredths of a tick above the level, for prints between ticks), TAPE_SIZE,
  TAPE_LEVEL_SIZE (displayed after it, -1 for a hidden print), TAPE_ORDER_ID.

An incoming order that trades is no event itself: each resting order it meets is an EXECUTE; what is left of
it is an ADD.
"""

from __future__ import annotations

import numpy as np

from tcakit.book.fifo_kernel import (
    HEAD,
    LEVEL,
    LEVEL_SIZE,
    OK,
    ORDER_COLUMNS,
    SIDE,
    SIZE,
    add,
    new_book,
    reduce,
    remove,
    side_row,
)
from tcakit.jit import jit
from tcakit.market.codes import ADD, BUY, DELETE, EXECUTE, PRINT_HIDDEN, REDUCE

ORDER_ID = ORDER_COLUMNS
POOL_PLACE = ORDER_COLUMNS + 1

LIVE = 0
BIDS = 1
ASKS = 2
NEXT_ID = 3
TAPE_ROWS = 4
CLOCK = 5
COUNTERS = 6

TAPE_TS = 0
TAPE_KIND = 1
TAPE_SIDE = 2
TAPE_LEVEL = 3
TAPE_PART = 4
TAPE_SIZE = 5
TAPE_LEVEL_SIZE = 6
TAPE_ORDER_ID = 7
TAPE_COLUMNS = 8

# Beside the statuses of the book:
BOOK_FULL = 11  # no free slot: make a larger engine
TAPE_FULL = 12  # no free row on the tape: make a longer one


@jit
def new_engine(slots, ladder_levels, tape_rows, first_order_id):
    """An engine with an empty book: `(orders, levels, best, pool, counters, tape)`."""
    orders, levels, best = new_book(slots, ladder_levels, ORDER_COLUMNS + 2)
    pool = np.arange(slots)
    for slot in range(slots):
        orders[slot, POOL_PLACE] = slot
    counters = np.zeros(COUNTERS, np.int64)
    counters[NEXT_ID] = first_order_id
    tape = np.empty((tape_rows, TAPE_COLUMNS), np.int64)
    return orders, levels, best, pool, counters, tape


@jit
def _write(counters, tape, kind, side, level, part, size, level_size, order_id):
    row = counters[TAPE_ROWS]
    if row >= tape.shape[0]:
        return TAPE_FULL
    tape[row, TAPE_TS] = counters[CLOCK]
    tape[row, TAPE_KIND] = kind
    tape[row, TAPE_SIDE] = side
    tape[row, TAPE_LEVEL] = level
    tape[row, TAPE_PART] = part
    tape[row, TAPE_SIZE] = size
    tape[row, TAPE_LEVEL_SIZE] = level_size
    tape[row, TAPE_ORDER_ID] = order_id
    counters[TAPE_ROWS] = row + 1
    return OK


@jit
def _release(orders, pool, counters, slot, side):
    """Give a slot back: it changes places with the last live one."""
    last = counters[LIVE] - 1
    place = orders[slot, POOL_PLACE]
    other = pool[last]
    pool[place] = other
    orders[other, POOL_PLACE] = place
    pool[last] = slot
    orders[slot, POOL_PLACE] = last
    counters[LIVE] = last
    counters[BIDS + side_row(side)] -= 1


@jit
def take(orders, levels, best, pool, counters, tape, side, limit_level, size):
    """Trade an incoming order against the other side up to `limit_level`; returns (status, size left)."""
    resting = -side
    row = side_row(resting)
    while size > 0:
        level = best[row]
        if row == 1:
            if level >= levels.shape[1] or level > limit_level:
                break
        elif level < 0 or level < limit_level:
            break
        slot = levels[row, level, HEAD]
        traded = min(size, orders[slot, SIZE])
        order_id = orders[slot, ORDER_ID]
        reduce(orders, levels, best, slot, traded)
        if orders[slot, SIDE] == 0:
            _release(orders, pool, counters, slot, resting)
        size -= traded
        displayed = levels[row, level, LEVEL_SIZE]
        status = _write(counters, tape, EXECUTE, resting, level, 0, traded, displayed, order_id)
        if status != OK:
            return status, size
    return OK, size


@jit
def submit_limit(orders, levels, best, pool, counters, tape, side, level, size):
    """Trade what crosses, queue the rest; returns (status, slot of the resting order or -1)."""
    status, left = take(orders, levels, best, pool, counters, tape, side, level, size)
    if status != OK or left == 0:
        return status, -1
    if counters[LIVE] >= orders.shape[0]:
        return BOOK_FULL, -1
    slot = pool[counters[LIVE]]
    status = add(orders, levels, best, slot, side, level, left)
    if status != OK:
        return status, -1
    row = side_row(side)
    counters[LIVE] += 1
    counters[BIDS + row] += 1
    orders[slot, ORDER_ID] = counters[NEXT_ID]
    counters[NEXT_ID] += 1
    displayed = levels[row, level, LEVEL_SIZE]
    return _write(counters, tape, ADD, side, level, 0, left, displayed, orders[slot, ORDER_ID]), slot


@jit
def submit_market(orders, levels, best, pool, counters, tape, side, size):
    """Trade against whatever is displayed; what finds nobody is dropped. Returns (status, size left)."""
    limit_level = levels.shape[1] - 1 if side == BUY else 0
    return take(orders, levels, best, pool, counters, tape, side, limit_level, size)


@jit
def cancel(orders, levels, best, pool, counters, tape, slot):
    """Take a resting order out; returns the status."""
    side = orders[slot, SIDE]
    level = orders[slot, LEVEL]
    size = orders[slot, SIZE]
    status = remove(orders, levels, best, slot)
    if status != OK:
        return status
    _release(orders, pool, counters, slot, side)
    displayed = levels[side_row(side), level, LEVEL_SIZE]
    return _write(counters, tape, DELETE, side, level, 0, size, displayed, orders[slot, ORDER_ID])


@jit
def cancel_part(orders, levels, best, pool, counters, tape, slot, amount):
    """Shrink a resting order, which keeps its place; all of it or more is a cancel. Returns the status."""
    if amount >= orders[slot, SIZE]:
        return cancel(orders, levels, best, pool, counters, tape, slot)
    side = orders[slot, SIDE]
    level = orders[slot, LEVEL]
    status = reduce(orders, levels, best, slot, amount)
    if status != OK:
        return status
    displayed = levels[side_row(side), level, LEVEL_SIZE]
    return _write(counters, tape, REDUCE, side, level, 0, amount, displayed, orders[slot, ORDER_ID])


@jit
def print_hidden(counters, tape, side, level, part, size):
    """Write a trade against an unseen order of that side; the displayed book stays. Returns the status."""
    return _write(counters, tape, PRINT_HIDDEN, side, level, part, size, -1, 0)
