"""Turn rows of a LOBSTER pair into book events: what the message says, and what else the window shows."""

from __future__ import annotations

import numpy as np

from tcakit.jit import inline, jit
from tcakit.market.codes import (
    ADD,
    CORRECTION,
    DELETE,
    ENTER,
    EXECUTE,
    LEAVE,
    PRINT_CROSS,
    REDUCE,
    SET,
    SNAPSHOT,
)

DONE = 0
FULL = 1
NO_SIZE = -1  # level_size of an event that leaves no known size behind


@inline
def _find(prices, count, price, side):
    """Place of a price in a window sorted from best to worst, or where it would stand."""
    at = 0
    while at < count and (prices[at] - price) * side > 0:
        at += 1
    return at


@inline
def _insert(prices, sizes, count, at, price, size):
    for k in range(count, at, -1):
        prices[k] = prices[k - 1]
        sizes[k] = sizes[k - 1]
    prices[at] = price
    sizes[at] = size


@inline
def _remove(prices, sizes, count, at):
    for k in range(at, count - 1):
        prices[k] = prices[k + 1]
        sizes[k] = sizes[k + 1]


@inline
def _load(book, row, levels, side, prices, sizes):
    """Read one side of a book row; levels without size (LOBSTER's dummies) do not count."""
    offset = 0 if side < 0 else 2
    count = 0
    for level in range(levels):
        price = book[row, 4 * level + offset]
        size = book[row, 4 * level + offset + 1]
        if size > 0:
            prices[count] = price
            sizes[count] = size
            count += 1
    return count


@inline
def _apply(prices, sizes, count, price, side, change):
    """Change the size at a price; gives (new count, size left there, whether the window could explain it)."""
    at = _find(prices, count, price, side)
    held = at < count and prices[at] == price
    left = (sizes[at] if held else 0) + change
    if left < 0:
        return count, np.int64(0), False
    if held:
        if left == 0:
            _remove(prices, sizes, count, at)
            return count - 1, np.int64(0), True
        sizes[at] = left
    elif left > 0:
        _insert(prices, sizes, count, at, price, left)
        count += 1
    return count, left, True


@jit
def book_events(
    kind,
    side,
    price,
    size,
    message_ok,
    book,
    book_ok,
    levels,
    out_row,
    out_kind,
    out_side,
    out_price,
    out_size,
    out_level,
):
    """Fill the out columns; gives (status, events, rows that the messages cannot explain).

    `kind`, `side`, `price`, `size` int64 (n); `book` int64 (n, 4*levels) as ask price, ask size, bid price, bid size;
    `*_ok` bool (n). `out_row` is the row of the pair an event belongs to. The opening window is row 0 with its own
    message undone, written as SNAPSHOT events. `unexplained` bool (n) is the last result.
    """
    n = kind.shape[0]
    capacity = out_row.shape[0]
    width = levels + 2
    prices = np.zeros((2, width), np.int64)
    sizes = np.zeros((2, width), np.int64)
    counts = np.zeros(2, np.int64)
    row_prices = np.zeros(width, np.int64)
    row_sizes = np.zeros(width, np.int64)
    unexplained = np.zeros(n, np.bool_)
    m = 0
    started = False
    for i in range(n):
        if m + 8 * levels + 8 > capacity:
            return FULL, m, unexplained
        if not started and book_ok[i]:
            for s in range(2):
                bside = 1 - 2 * s
                counts[s] = _load(book, i, levels, bside, prices[s], sizes[s])
            if message_ok[i]:
                k = kind[i]
                s = 0 if side[i] > 0 else 1
                if k == ADD:
                    counts[s], _, _ = _apply(prices[s], sizes[s], counts[s], price[i], side[i], -size[i])
                elif k == REDUCE or k == DELETE or k == EXECUTE:
                    counts[s], _, _ = _apply(prices[s], sizes[s], counts[s], price[i], side[i], size[i])
            for s in range(2):
                for level in range(counts[s]):
                    out_row[m] = i
                    out_kind[m] = SNAPSHOT
                    out_side[m] = 1 - 2 * s
                    out_price[m] = prices[s, level]
                    out_size[m] = sizes[s, level]
                    out_level[m] = sizes[s, level]
                    m += 1
            started = True
        crossing = False
        if message_ok[i]:
            k = kind[i]
            left = np.int64(NO_SIZE)
            if k == ADD or k == REDUCE or k == DELETE or k == EXECUTE:
                s = 0 if side[i] > 0 else 1
                change = size[i] if k == ADD else -size[i]
                if counts[s] < width:
                    counts[s], after, fits = _apply(prices[s], sizes[s], counts[s], price[i], side[i], change)
                else:
                    fits = False
                if fits:
                    left = after
                elif started:
                    unexplained[i] = True
            crossing = k == PRINT_CROSS
            out_row[m] = i
            out_kind[m] = k
            out_side[m] = side[i]
            out_price[m] = price[i]
            out_size[m] = size[i]
            out_level[m] = left
            m += 1
        if not book_ok[i]:
            continue
        for s in range(2):
            bside = 1 - 2 * s
            row_count = _load(book, i, levels, bside, row_prices, row_sizes)
            a = 0
            b = 0
            while a < counts[s] or b < row_count:
                if a < counts[s] and b < row_count and prices[s, a] == row_prices[b]:
                    if sizes[s, a] == row_sizes[b]:
                        a += 1
                        b += 1
                        continue
                    what = SET if crossing else CORRECTION
                    new_size = row_sizes[b]
                    at_price = row_prices[b]
                    a += 1
                    b += 1
                elif b >= row_count or (a < counts[s] and (prices[s, a] - row_prices[b]) * bside > 0):
                    # Known before, not shown now: it can only have been pushed out at the far end.
                    at_price = prices[s, a]
                    new_size = np.int64(0)
                    what = LEAVE if b >= row_count and row_count == levels else (SET if crossing else CORRECTION)
                    if what == LEAVE:
                        new_size = np.int64(NO_SIZE)
                    a += 1
                else:
                    # Shown now, not known before: it can only have come in at the far end.
                    at_price = row_prices[b]
                    new_size = row_sizes[b]
                    what = ENTER if a >= counts[s] else (SET if crossing else CORRECTION)
                    b += 1
                if what == CORRECTION:
                    unexplained[i] = True
                out_row[m] = i
                out_kind[m] = what
                out_side[m] = bside
                out_price[m] = at_price
                out_size[m] = new_size if what == ENTER else NO_SIZE
                out_level[m] = new_size
                m += 1
            for level in range(row_count):
                prices[s, level] = row_prices[level]
                sizes[s, level] = row_sizes[level]
            counts[s] = row_count
    return DONE, m, unexplained
