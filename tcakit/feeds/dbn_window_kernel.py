"""Ten levels a side after every record to book events: what was published anew, and what the window's end hides."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit
from tcakit.market.codes import CLEAR, ENTER, LEAVE, PRINT, SET, SNAPSHOT

DONE = 0
FULL = 1

DAY = 0  # of `books`: trade date of the book's last record, -1 before its first
NO_SIZE = -1
_CLEAR, _TRADE = 82, 84  # R T


@jit
def window_events(
    row, action, book, day, side, price, size, level_price, level_size,
    held_price, held_size, held_count, books,
    out_row, out_kind, out_side, out_price, out_size, out_level,
):  # fmt: skip
    """Work records off from `row` on and fill the out columns; gives (status, row to come again with, events).

    In: `level_price`, `level_size` int64 (records, 2, levels), bids first, best first, size 0 where there is none;
    `side` int8 is the side that took, of prints. The `held_*` arrays (books, 2, levels) and (books, 2) are each book's
    window, kept from call to call, `books` int64 (books, 1). A book begins, on each trade date, with CLEAR and the
    whole window as SNAPSHOT. A level beyond the old window's end ENTERs, one beyond the new window's end LEAVEs; all
    others are SET.
    """
    count = action.shape[0]
    room = out_row.shape[0]
    levels = level_price.shape[2]
    m = 0
    while row < count:
        b = book[row]
        if m + 6 * levels + 4 > room:
            return FULL, row, m
        started = books[b, DAY] >= 0
        if books[b, DAY] != day[row] or action[row] == _CLEAR:
            out_row[m] = row
            out_kind[m] = CLEAR
            out_side[m] = 0
            out_price[m] = 0
            out_size[m] = NO_SIZE
            out_level[m] = NO_SIZE
            m += 1
            for s in range(2):
                if not started or action[row] == _CLEAR:
                    held_count[b, s] = 0
                    for k in range(levels):
                        if level_size[row, s, k] > 0:
                            held_price[b, s, held_count[b, s]] = level_price[row, s, k]
                            held_size[b, s, held_count[b, s]] = level_size[row, s, k]
                            held_count[b, s] += 1
                for k in range(held_count[b, s]):
                    out_row[m] = row
                    out_kind[m] = SNAPSHOT
                    out_side[m] = 1 - 2 * s
                    out_price[m] = held_price[b, s, k]
                    out_size[m] = held_size[b, s, k]
                    out_level[m] = held_size[b, s, k]
                    m += 1
            books[b, DAY] = day[row]
        if action[row] == _TRADE:
            out_row[m] = row
            out_kind[m] = PRINT
            out_side[m] = -side[row]
            out_price[m] = price[row]
            out_size[m] = size[row]
            out_level[m] = NO_SIZE
            m += 1
        for s in range(2):
            better = 1 - 2 * s
            shown = 0
            for k in range(levels):
                if level_size[row, s, k] > 0:
                    shown += 1
            held = held_count[b, s]
            a = 0
            k = 0
            while a < held or k < levels:
                if k < levels and level_size[row, s, k] == 0:
                    k += 1
                    continue
                what = SET
                if a < held and k < levels and held_price[b, s, a] == level_price[row, s, k]:
                    at_price = held_price[b, s, a]
                    left = level_size[row, s, k]
                    same = held_size[b, s, a] == left
                    a += 1
                    k += 1
                    if same:
                        continue
                elif k >= levels or (a < held and (held_price[b, s, a] - level_price[row, s, k]) * better > 0):
                    at_price = held_price[b, s, a]
                    left = np.int64(0)
                    if k >= levels and shown == levels:
                        what = LEAVE
                        left = np.int64(NO_SIZE)
                    a += 1
                else:
                    at_price = level_price[row, s, k]
                    left = level_size[row, s, k]
                    if a >= held and held == levels:
                        what = ENTER
                    k += 1
                out_row[m] = row
                out_kind[m] = what
                out_side[m] = better
                out_price[m] = at_price
                out_size[m] = left if what == ENTER else NO_SIZE
                out_level[m] = left
                m += 1
            held_count[b, s] = 0
            for k in range(levels):
                if level_size[row, s, k] > 0:
                    held_price[b, s, held_count[b, s]] = level_price[row, s, k]
                    held_size[b, s, held_count[b, s]] = level_size[row, s, k]
                    held_count[b, s] += 1
        row += 1
    return DONE, row, m
