"""Order-by-order records to book events with displayed sizes: orders and levels in two hash tables that live from
call to call.

Tables are open-addressed with linear probing; their lengths are powers of two. An entry of an earlier generation of
its book (one that was cleared since) counts as absent and is dropped when the table grows.

* `orders_book` int32 (-1 empty), `orders_id` int64, `orders` int64 (length, 5): PRICE, SIZE, SIDE, GENERATION, JOINED
  (a count that rises with every order that queues);
* `levels_book` int32 (-1 empty), `levels` int64 (length, 4): PRICE, SIZE (displayed), SIDE, GENERATION;
* `books` int64 (books, 3): BOOK_GENERATION, IN_SNAPSHOT, DAY (-1 before its first record);
* `used` int64 (3): orders, levels, JOINED count.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import inline, jit
from tcakit.market.codes import ADD, CLEAR, DELETE, PRINT, REDUCE, SNAPSHOT

PRICE = 0
SIZE = 1
SIDE = 2
GENERATION = 3
JOINED = 4

BOOK_GENERATION = 0
IN_SNAPSHOT = 1
DAY = 2

DONE = 0
FULL = 1  # no room for output: take it and come again
GROW = 2  # a table is half full: make it longer and come again
NEW_DAY = 3  # a book's trade date changed: write its orders down, set its DAY, and come again

NO_SIZE = -1
F_SNAPSHOT = 32
F_TOP = 64  # the record is the best of its side, not one order of many
UNDEFINED_PRICE = 9223372036854775807
_ADD, _CANCEL, _MODIFY, _CLEAR, _TRADE = 65, 67, 77, 82, 84  # A C M R T


@inline
def _mix(book, one, other, mask):
    value = np.uint64(one) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(other) * np.uint64(0xC2B2AE3D27D4EB4F)
    value ^= np.uint64(book) * np.uint64(0x165667B19E3779F9)
    value ^= value >> np.uint64(29)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    return np.int64((value >> np.uint64(32)) & np.uint64(mask))


@jit
def order_place(orders_book, orders_id, book, order_id):
    """Where an order stands, or the empty place where it would."""
    mask = orders_book.shape[0] - 1
    at = _mix(book, order_id, 0, mask)
    while orders_book[at] != -1 and not (orders_book[at] == book and orders_id[at] == order_id):
        at = (at + 1) & mask
    return at


@jit
def level_place(levels_book, levels, book, side, price):
    """Where a level stands, or the empty place where it would."""
    mask = levels_book.shape[0] - 1
    at = _mix(book, price, side + 2, mask)
    while levels_book[at] != -1 and not (
        levels_book[at] == book and levels[at, PRICE] == price and levels[at, SIDE] == side
    ):
        at = (at + 1) & mask
    return at


@jit
def drop_order(orders_book, orders_id, orders, hole):
    """Empty a place and move up what stands behind it and may stand there, so that no search breaks off."""
    mask = orders_book.shape[0] - 1
    orders_book[hole] = -1
    probe = (hole + 1) & mask
    while orders_book[probe] != -1:
        home = _mix(orders_book[probe], orders_id[probe], 0, mask)
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            orders_book[hole] = orders_book[probe]
            orders_id[hole] = orders_id[probe]
            orders[hole] = orders[probe]
            orders_book[probe] = -1
            hole = probe
        probe = (probe + 1) & mask


@jit
def change_level(levels_book, levels, generation, used, book, side, price, change):
    """Add to a level's displayed size; gives what it shows then."""
    at = level_place(levels_book, levels, book, side, price)
    if levels_book[at] == -1:
        used[1] += 1
        levels_book[at] = book
        levels[at, PRICE] = price
        levels[at, SIDE] = side
        levels[at, SIZE] = 0
    elif levels[at, GENERATION] != generation:
        levels[at, SIZE] = 0
    levels[at, GENERATION] = generation
    levels[at, SIZE] += change
    return levels[at, SIZE]


@jit
def refill(old_book, old_id, old, books, used, new_book, new_id, new):
    """Carry live orders into a longer table."""
    used[0] = 0
    for row in range(old_book.shape[0]):
        book = old_book[row]
        if book >= 0 and old[row, GENERATION] == books[book, BOOK_GENERATION]:
            at = order_place(new_book, new_id, book, old_id[row])
            new_book[at] = book
            new_id[at] = old_id[row]
            new[at] = old[row]
            used[0] += 1


@jit
def refill_levels(old_book, old, books, used, new_book, new):
    """Carry levels that show something into a longer table."""
    used[1] = 0
    for row in range(old_book.shape[0]):
        book = old_book[row]
        if book >= 0 and old[row, GENERATION] == books[book, BOOK_GENERATION] and old[row, SIZE] > 0:
            at = level_place(new_book, new, book, old[row, SIDE], old[row, PRICE])
            new_book[at] = book
            new[at] = old[row]
            used[1] += 1


@jit
def book_events(
    row, action, flags, book, day, side, price, size, order_id,
    orders_book, orders_id, orders, levels_book, levels, books, used,
    out_row, out_kind, out_side, out_price, out_size, out_level, out_id,
):  # fmt: skip
    """Work records off from `row` on and fill the out columns; gives (status, row to come again with, events).

    In, one entry a record: `action` uint8 (its letter), `flags` uint8, `book` int32, `day` int32, `side` int8 (of the
    book; of a print, the side that took), `price`, `size`, `order_id` int64. Out, int64: `out_row` the record,
    `out_level` the displayed size after it (NO_SIZE where the row does not touch the book, or cancels an unknown
    order), the rest as in the store.
    """
    count = action.shape[0]
    room = out_row.shape[0]
    m = 0
    while row < count:
        b = book[row]
        what = action[row]
        if books[b, DAY] != day[row]:
            if books[b, DAY] >= 0:
                return NEW_DAY, row, m
            books[b, DAY] = day[row]
        if m + 4 > room:
            return FULL, row, m
        if 2 * used[0] + 4 > orders_book.shape[0] or 2 * used[1] + 4 > levels_book.shape[0]:
            return GROW, row, m
        top = what == _ADD and flags[row] & F_TOP != 0
        if top:
            # The best of the side anew: what stood there before is gone.
            standing = 0
            for at in range(orders_book.shape[0]):
                if orders_book[at] == b and orders[at, SIDE] == side[row]:
                    standing += orders[at, GENERATION] == books[b, BOOK_GENERATION]
            if m + standing + 4 > room:
                return FULL, row, m
        snapshot = flags[row] & F_SNAPSHOT != 0
        fresh = snapshot and books[b, IN_SNAPSHOT] == 0
        books[b, IN_SNAPSHOT] = 1 if snapshot else 0
        if what == _CLEAR or fresh:
            # A snapshot tells the whole book, whether or not the venue clears it first.
            books[b, BOOK_GENERATION] += 1
            out_row[m] = row
            out_kind[m] = CLEAR
            out_side[m] = 0
            out_price[m] = 0
            out_size[m] = NO_SIZE
            out_level[m] = NO_SIZE
            out_id[m] = 0
            m += 1
        generation = books[b, BOOK_GENERATION]
        if what == _TRADE:
            out_row[m] = row
            out_kind[m] = PRINT
            out_side[m] = -side[row]
            out_price[m] = price[row]
            out_size[m] = size[row]
            out_level[m] = NO_SIZE
            out_id[m] = 0
            m += 1
        if top:
            at = 0
            while at < orders_book.shape[0]:
                if (
                    orders_book[at] == b
                    and orders[at, SIDE] == side[row]
                    and orders[at, GENERATION] == generation
                    and orders[at, SIZE] > 0
                ):
                    out_row[m] = row
                    out_kind[m] = DELETE
                    out_side[m] = side[row]
                    out_price[m] = orders[at, PRICE]
                    out_size[m] = orders[at, SIZE]
                    out_level[m] = change_level(
                        levels_book, levels, generation, used, b, side[row], orders[at, PRICE], -orders[at, SIZE]
                    )
                    out_id[m] = orders_id[at]
                    m += 1
                    orders[at, SIZE] = 0
                    orders[at, GENERATION] = -1
                at += 1
        if not (what == _ADD or what == _CANCEL or what == _MODIFY) or (top and price[row] == UNDEFINED_PRICE):
            row += 1
            continue
        at = order_place(orders_book, orders_id, b, order_id[row])
        taken = orders_book[at] != -1
        live = taken and orders[at, GENERATION] == generation
        if what == _CANCEL and not live:
            out_row[m] = row
            out_kind[m] = DELETE
            out_side[m] = side[row]
            out_price[m] = price[row]
            out_size[m] = size[row]
            out_level[m] = NO_SIZE
            out_id[m] = order_id[row]
            m += 1
            row += 1
            continue
        leaves = np.int64(0)  # size that leaves the order's old place
        joins = what != _CANCEL
        if live:
            held = orders[at, SIZE]
            leaves = held
            if what == _CANCEL:
                leaves = min(size[row], held)
            elif (
                what == _MODIFY
                and orders[at, PRICE] == price[row]
                and orders[at, SIDE] == side[row]
                and size[row] <= held
            ):
                # Smaller, or the same, at the same price: it keeps its place.
                leaves = held - size[row]
                joins = False
            if leaves > 0:
                out_row[m] = row
                out_kind[m] = DELETE if leaves == held else REDUCE
                out_side[m] = orders[at, SIDE]
                out_price[m] = orders[at, PRICE]
                out_size[m] = leaves
                out_level[m] = change_level(
                    levels_book, levels, generation, used, b, orders[at, SIDE], orders[at, PRICE], -leaves
                )
                out_id[m] = order_id[row]
                m += 1
                orders[at, SIZE] = held - leaves
            if not joins and orders[at, SIZE] == 0:
                drop_order(orders_book, orders_id, orders, at)
                used[0] -= 1
        if joins:
            if not taken:
                used[0] += 1
                orders_book[at] = b
                orders_id[at] = order_id[row]
            used[2] += 1
            orders[at, PRICE] = price[row]
            orders[at, SIZE] = size[row]
            orders[at, SIDE] = side[row]
            orders[at, GENERATION] = generation
            orders[at, JOINED] = used[2]
            out_row[m] = row
            out_kind[m] = SNAPSHOT if snapshot else ADD
            out_side[m] = side[row]
            out_price[m] = price[row]
            out_size[m] = size[row]
            out_level[m] = change_level(levels_book, levels, generation, used, b, side[row], price[row], size[row])
            out_id[m] = order_id[row]
            m += 1
        row += 1
    return DONE, row, m
