"""Best bid and offer of every symbol, and all prints, straight from the bytes of an ITCH 5.0 file.

Each side of each symbol keeps its levels in a heap, best on top; a level that empties stays in it until it comes up.
`sides` int64 (2 * locates, SIDE_COLUMNS): HEAP and ROOM say where the side's cells begin in `cells` and how many they
are, FILLED how many are in use; BEST and BEST_SIZE are price and size of its best level, 0 where it has none.
A cell packs how good the price is (31 bits, the least is the best) and its level.
"""

from __future__ import annotations

import numpy as np

from tcakit.feeds.itch_book_kernel import (
    HEAPED,
    IN_HEAP,
    KEY,
    LAST_NS,
    LOST,
    MESSAGES,
    NOWHERE,
    SIZE,
    add_order,
    find_order,
    has_room,
    key_price,
    key_side,
    level_at,
    level_key,
    order_place,
    place_level,
    place_of,
    place_shares,
    row_of,
    shrink_order,
)
from tcakit.feeds.itch_frame_kernel import (
    CUT,
    END,
    LENGTHS,
    LONGEST,
    MESSAGE,
    MESSAGES_AHEAD,
    MORE,
    STOCK_AT,
    i64,
    next_message,
    u16,
    u32,
    u48,
)
from tcakit.feeds.itch_kernel import (
    DONE,
    GOOD,
    NEED_BYTES,
    NEED_ROOM,
    NEED_ROWS,
    check_new,
    check_taken,
    check_time,
    learn_name,
    order_key,
    side_of,
)
from tcakit.jit import bare_jit, bare_part, prefetch

HEAP = 0
ROOM = 1
FILLED = 2
BEST = 3
BEST_SIZE = 4
SIDE_COLUMNS = 8  # a line of memory

_FIRST_ROOM = np.int64(64)
_LEVEL = np.int64(0x7FFFFFFF)
_A, _C, _D, _E, _F, _N, _P, _Q, _U, _X, _Y = 65, 67, 68, 69, 70, 78, 80, 81, 85, 88, 89


@bare_part
def _cell(price, side, level):
    rank = price if side < 0 else _LEVEL - price
    return (rank << 31) | level


@bare_part
def _enter(levels, cells, sides, counts, book, level, cell):
    """Put a level into the heap of its side; `cells` must have room for twice the heap."""
    filled = sides[book, FILLED]
    if filled == sides[book, ROOM]:
        room = max(2 * filled, _FIRST_ROOM)
        first = counts[HEAPED]
        counts[HEAPED] += room
        for k in range(filled):
            cells[first + k] = cells[sides[book, HEAP] + k]
        sides[book, HEAP] = first
        sides[book, ROOM] = room
    heap = sides[book, HEAP]
    at = filled
    while at > 0:
        above = (at - 1) >> 1
        if cells[heap + above] <= cell:
            break
        cells[heap + at] = cells[heap + above]
        at = above
    cells[heap + at] = cell
    sides[book, FILLED] = filled + 1
    levels[level, KEY] |= IN_HEAP


@bare_part
def _leave(levels, cells, sides, book):
    """Take the top of a side's heap out."""
    heap = sides[book, HEAP]
    levels[cells[heap] & _LEVEL, KEY] &= ~IN_HEAP
    filled = sides[book, FILLED] - 1
    sides[book, FILLED] = filled
    cell = cells[heap + filled]
    at = np.int64(0)
    while 2 * at + 1 < filled:
        below = 2 * at + 1
        if below + 1 < filled and cells[heap + below + 1] < cells[heap + below]:
            below += 1
        if cells[heap + below] >= cell:
            break
        cells[heap + at] = cells[heap + below]
        at = below
    cells[heap + at] = cell


@bare_part
def _put(recent, older, levels, index, cells, sides, counts, locate, side, price, reference, shares):
    """Add an order; gives whether the best of its side changed."""
    level = level_at(levels, index, counts, level_key(locate, side, price))
    levels[level, SIZE] += shares
    add_order(recent, older, counts, reference, place_of(level, shares))
    book = 2 * locate + np.int64(side < 0)
    if levels[level, KEY] & IN_HEAP == 0:
        _enter(levels, cells, sides, counts, book, level, _cell(price, side, level))
    best = sides[book, BEST]
    if best == 0 or (price - best) * side >= 0:
        sides[book, BEST] = price
        sides[book, BEST_SIZE] = levels[level, SIZE]
        return True
    return False


@bare_part
def _take(levels, cells, sides, locate, side, price, level, shares):
    """Take shares off a level; gives whether the best of its side changed."""
    left = levels[level, SIZE] - shares
    levels[level, SIZE] = left
    book = 2 * locate + np.int64(side < 0)
    if price != sides[book, BEST]:
        return False
    if left == 0:
        while sides[book, FILLED] > 0 and levels[cells[sides[book, HEAP]] & _LEVEL, SIZE] == 0:
            _leave(levels, cells, sides, book)
        if sides[book, FILLED] == 0:
            sides[book, BEST] = 0
            sides[book, BEST_SIZE] = 0
            return True
        top = cells[sides[book, HEAP]] & _LEVEL
        sides[book, BEST] = key_price(levels[top, KEY])
        left = levels[top, SIZE]
    sides[book, BEST_SIZE] = left
    return True


@bare_jit
def quotes_and_prints(
    buffer, start, end, last, midnight_ns, arrays, counts, names, cells, sides, quotes, prints, quoted, printed
):
    """Read messages from `start`; gives (status, where it stopped, quotes, prints, messages passed over as bad).

    `quotes` columns (n): time, locate, bid, bid size, ask, ask size; 0 and 0 where a side is empty. `prints` columns
    (k): time, locate, type of the message, side of the resting order, price, size, match number. `quoted` and
    `printed` are how many rows they hold already.
    """
    recent, older, levels, index = arrays
    quote_ns, quote_locate, quote_bid, quote_bid_size, quote_ask, quote_ask_size = quotes
    print_ns, print_locate, print_kind, print_side, print_price, print_size, print_match = prints
    at = np.int64(start)
    ahead = at
    for _ in range(MESSAGES_AHEAD):
        if ahead + LONGEST < end:
            ahead += 2 + LENGTHS[buffer[ahead + 2]]
    passed_over = 0
    messages = counts[MESSAGES]
    last_ns = counts[LAST_NS]
    status = DONE
    while True:
        if quoted + 2 > quote_ns.shape[0] or printed >= print_ns.shape[0]:
            status = NEED_ROWS
            break
        found, length = next_message(buffer, at, end, last)
        ahead = max(ahead, at)
        if ahead + LONGEST < end:
            # The order of a message some way ahead is on its way from memory while this one is dealt with.
            prefetch(recent, row_of(recent, u32(buffer, ahead + 17) + 1))
            ahead += 2 + LENGTHS[buffer[ahead + 2]]
        if found != MESSAGE:
            if found == MORE:
                status = NEED_BYTES
                break
            if found != END and counts[LOST] == 0:
                passed_over += 1
                messages += 1
            if found == END or found == CUT:
                at = end
                break
            at = ahead = length
            counts[LOST] = not last and at >= end - 104
            continue
        m = at + 2
        kind = buffer[m]
        locate = u16(buffer, m + 1)
        if kind == _A or kind == _F or kind == _U:
            most = max(sides[2 * locate, ROOM], sides[2 * locate + 1, ROOM], _FIRST_ROOM)
            if not has_room(older, levels, counts) or counts[HEAPED] + 2 * most > cells.shape[0]:
                status = NEED_ROOM
                break
        counts[LOST] = 0
        messages += 1
        at = m + length
        ns = u48(buffer, m + 5)
        bad = check_time(last_ns, ns)
        stock = STOCK_AT[kind]
        if bad == GOOD and stock != 0:
            word = i64(buffer, m + stock)
            if names[locate] != word or locate == 0:
                bad = learn_name(names, counts, locate, word)
        if bad != GOOD:
            passed_over += 1
            continue
        moved = False
        if kind == _A or kind == _F:
            reference = order_key(i64(buffer, m + 11))
            side = side_of(buffer[m + 19])
            shares = u32(buffer, m + 20)
            price = u32(buffer, m + 32)
            bad = check_new(recent, older, reference, side, shares, price)
            if bad == GOOD:
                moved = _put(recent, older, levels, index, cells, sides, counts, locate, side, price, reference, shares)
        elif kind == _D or kind == _X or kind == _E or kind == _C or kind == _U:
            reference = order_key(i64(buffer, m + 11))
            found_at = find_order(recent, older, reference) if reference != 0 else NOWHERE
            bad = np.int64(1)
            if found_at != NOWHERE:
                place = order_place(recent, older, found_at)
                level = place_level(place)
                shares = place_shares(place) if kind == _D or kind == _U else u32(buffer, m + 19)
                bad = check_taken(levels, place, locate, shares)
            if bad == GOOD:
                side = key_side(levels[level, KEY])
                price = key_price(levels[level, KEY])
                if kind == _U:
                    new = order_key(i64(buffer, m + 19))
                    new_shares = u32(buffer, m + 27)
                    new_price = u32(buffer, m + 31)
                    bad = check_new(recent, older, new, side, new_shares, new_price)
                elif kind == _E or kind == _C:
                    trade_price = price
                    printable = True
                    if kind == _C:
                        trade_price = u32(buffer, m + 32)
                        printable = buffer[m + 31] == _Y
                        bad = np.int64(trade_price == 0 or not (printable or buffer[m + 31] == _N))
                    match = i64(buffer, m + 23)
                    if match < 0:
                        bad = np.int64(1)
                    if bad == GOOD and printable:
                        print_ns[printed] = midnight_ns + ns
                        print_locate[printed] = locate
                        print_kind[printed] = kind
                        print_side[printed] = side
                        print_price[printed] = trade_price
                        print_size[printed] = shares
                        print_match[printed] = match
                        printed += 1
            if bad == GOOD:
                book = 2 * locate + np.int64(side < 0)
                best, best_size = sides[book, BEST], sides[book, BEST_SIZE]
                shrink_order(recent, older, counts, found_at, shares)
                moved = _take(levels, cells, sides, locate, side, price, level, shares)
                if kind == _U:
                    _put(recent, older, levels, index, cells, sides, counts, locate, side, new_price, new, new_shares)
                    # It may have come back to what it was.
                    moved = sides[book, BEST] != best or sides[book, BEST_SIZE] != best_size
        elif kind == _P or kind == _Q:
            side = side_of(buffer[m + 19]) if kind == _P else np.int64(0)
            shares = u32(buffer, m + 20) if kind == _P else i64(buffer, m + 11)
            price = u32(buffer, m + 32) if kind == _P else u32(buffer, m + 27)
            match = i64(buffer, m + 36) if kind == _P else i64(buffer, m + 31)
            wrong = shares < 0 or match < 0 or (shares > 0 and price == 0)
            bad = np.int64(wrong or (kind == _P and (side == 0 or shares == 0)))
            if bad == GOOD and shares > 0:
                print_ns[printed] = midnight_ns + ns
                print_locate[printed] = locate
                print_kind[printed] = kind
                print_side[printed] = side
                print_price[printed] = price
                print_size[printed] = shares
                print_match[printed] = match
                printed += 1
        if bad != GOOD:
            passed_over += 1
            continue
        last_ns = ns
        if moved:
            book = 2 * locate
            quote_ns[quoted] = midnight_ns + ns
            quote_locate[quoted] = locate
            quote_bid[quoted] = sides[book, BEST]
            quote_bid_size[quoted] = sides[book, BEST_SIZE]
            quote_ask[quoted] = sides[book + 1, BEST]
            quote_ask_size[quoted] = sides[book + 1, BEST_SIZE]
            quoted += 1
    counts[MESSAGES] = messages
    counts[LAST_NS] = last_ns
    return status, at, quoted, printed, passed_over
