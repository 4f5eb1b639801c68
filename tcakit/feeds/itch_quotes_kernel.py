"""Best bid and offer of every symbol, and all prints, straight from the bytes of an ITCH 5.0 file.

What most messages need stands in the loop, in the order in which the kinds of a day are common; what few need is
called. `sides` and `cells` are those of `itch_best_kernel`.
"""

from __future__ import annotations

import numpy as np

from tcakit.feeds.itch_best_kernel import BEST, BEST_SIZE, SIDE_WORDS, enter_heap, heap_has_room, next_best
from tcakit.feeds.itch_book_kernel import (
    IN_HEAP,
    LARGEST_REFERENCE,
    LAST_NS,
    LOST,
    MESSAGES,
    NOWHERE,
    PLACE,
    SIZE,
    add_order,
    book_of,
    find_level,
    find_order,
    get,
    has_room,
    key_book,
    key_locate,
    key_price,
    key_side,
    level_key,
    make_level,
    mixed,
    order_place,
    place_level,
    place_of,
    place_shares,
    put,
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

_CACHED_WORDS = 1 << 16
_A, _B, _C, _D, _E, _F, _N, _P, _Q, _S, _U, _X, _Y = 65, 66, 67, 68, 69, 70, 78, 80, 81, 83, 85, 88, 89


@bare_part
def _has_room(recent, older, levels, cells, sides, counts, book, level, reference):
    """Whether an order more fits; `level` is the one it goes to, if there is one."""
    plain = level != NOWHERE and get(levels, 2 * level) & IN_HEAP != 0 and get(recent, row_of(recent, reference)) == 0
    return plain or (has_room(older, levels, counts) and heap_has_room(cells, sides, counts, book))


@bare_part
def _chosen(every, one, other):
    """`one` where all bits of `every` are set, `other` where none is."""
    return other ^ ((one ^ other) & every)


@bare_part
def _quote(quotes, at, ns, locate, sides):
    quote_ns, quote_locate, quote_bid, quote_bid_size, quote_ask, quote_ask_size = quotes
    bid = 2 * SIDE_WORDS * locate
    ask = bid + SIDE_WORDS
    put(quote_ns, at, ns)
    put(quote_locate, at, locate)
    put(quote_bid, at, get(sides, bid + BEST))
    put(quote_bid_size, at, get(sides, bid + BEST_SIZE))
    put(quote_ask, at, get(sides, ask + BEST))
    put(quote_ask_size, at, get(sides, ask + BEST_SIZE))


@bare_part
def _print(prints, at, ns, locate, kind, side, price, size, match):
    print_ns, print_locate, print_kind, print_side, print_price, print_size, print_match = prints
    put(print_ns, at, ns)
    put(print_locate, at, locate)
    put(print_kind, at, kind)
    put(print_side, at, side)
    put(print_price, at, price)
    put(print_size, at, size)
    put(print_match, at, match)


@bare_part
def _take(levels, cells, sides, book, level, price, shares):
    """Take shares off a level; gives whether the best of its side changed."""
    left = get(levels, 2 * level + SIZE) - shares
    put(levels, 2 * level + SIZE, left)
    if price != get(sides, SIDE_WORDS * book + BEST):
        return False
    if left == 0:
        next_best(levels, cells, sides, book)
    else:
        put(sides, SIDE_WORDS * book + BEST_SIZE, left)
    return True


@bare_jit
def quotes_and_prints(
    buffer, start, end, last, midnight_ns, arrays, counts, names, cells, sides, quotes, prints, quoted, printed
):
    """Read messages from `start`; gives (status, where it stopped, quotes, prints, messages passed over as bad).

    It stops with NEED_ROWS when it has read as many messages as there were free rows of either kind, full or not.
    `quotes` columns (n): time, locate, bid, bid size, ask, ask size; 0 and 0 where a side is empty. `prints` columns
    (k): time, locate, type of the message, side of the resting order, price, size, match number. `quoted` and
    `printed` are how many rows they hold already.
    """
    recent, older, levels, index = arrays
    at = np.int64(start)
    surely = np.int64(end) - LONGEST - 2  # a message that begins here or before is whole
    # Orders that stay in the processor's cache need not be asked for.
    asked = surely if recent.shape[0] > _CACHED_WORDS else np.int64(-1)
    ahead = at
    for _ in range(MESSAGES_AHEAD):
        if ahead <= asked:
            ahead += 2 + LENGTHS[get(buffer, ahead + 2)]
    passed_over = 0
    messages = counts[MESSAGES]
    last_ns = counts[LAST_NS]
    lost = counts[LOST]
    # So many messages find rows for what they give, a quote and a print at most.
    surely_fit = min(quotes[0].shape[0] - quoted, prints[0].shape[0] - printed)
    status = DONE
    while True:
        if surely_fit == 0:
            status = NEED_ROWS
            break
        surely_fit -= 1
        if ahead <= asked:
            # The order of a message some way ahead is on its way from memory while this one is dealt with.
            prefetch(recent, row_of(recent, u32(buffer, ahead + 17) + 1))
            ahead += 2 + LENGTHS[get(buffer, ahead + 2)]
        length = LENGTHS[get(buffer, at + 2)] if at <= surely else np.int64(0)
        if length == 0 or u16(buffer, at) != length:
            found, length = next_message(buffer, at, end, last)
            if found != MESSAGE:
                if found == MORE:
                    status = NEED_BYTES
                    break
                if found != END and lost == 0:
                    passed_over += 1
                    messages += 1
                if found == END or found == CUT:
                    at = end
                    break
                at = ahead = length
                lost = np.int64(not last and at >= end - 104)
                continue
        m = at + 2
        kind = get(buffer, m)
        locate = u16(buffer, m + 1)
        ns = u48(buffer, m + 5)
        lost = np.int64(0)
        messages += 1
        at = m + length
        if check_time(last_ns, ns) != GOOD:
            passed_over += 1
            continue
        if (kind == _A or kind == _D or kind == _F) and m <= surely:
            # Nine messages of ten, and nobody can guess which of the two comes next: what differs is chosen by masks,
            # not by branches. What is not as usual in any respect goes the long way below.
            every = -np.int64(kind != _D)  # all bits for a new order, none for one that goes
            reference = i64(buffer, m + 11) + 1
            row = row_of(recent, reference)
            place = get(recent, row + PLACE)
            letter = get(buffer, m + 19)
            new_shares = u32(buffer, m + 20)
            wanted = level_key(2 * locate + np.int64(letter == _S), u32(buffer, m + 32))
            # An order that goes asks for no level: it looks at the same cell each time, which is at hand.
            found = np.int64(get(index, mixed(wanted & every, index.shape[0] - 1))) - 1
            level = _chosen(every, found & ~(found >> 63), place_level(place))
            key = get(levels, 2 * level)
            newest = counts[LARGEST_REFERENCE]
            no_side = (letter != _S) & (letter != _B)
            unusual = (key ^ (wanted | IN_HEAP)) | (get(names, locate) ^ i64(buffer, m + 24))
            unusual |= np.int64(no_side | (new_shares == 0) | (reference <= newest))
            unusual = (unusual & every) | (key_locate(key) ^ locate) | (get(recent, row) ^ (reference & ~every))
            if unusual == 0 and reference > 0:
                size = get(levels, 2 * level + SIZE) + _chosen(every, new_shares, -place_shares(place))
                put(levels, 2 * level + SIZE, size)
                put(recent, row, reference & every)
                put(recent, row + PLACE, _chosen(every, place_of(level, new_shares), place))
                counts[LARGEST_REFERENCE] = max(newest, reference)
                last_ns = ns
                price = key_price(key)
                book = key_book(key)
                best = get(sides, SIDE_WORDS * book + BEST)
                if (price - best) * key_side(key) >= 0 or best == 0:
                    if size == 0:
                        next_best(levels, cells, sides, book)
                    else:
                        put(sides, SIDE_WORDS * book + BEST, price)
                        put(sides, SIDE_WORDS * book + BEST_SIZE, size)
                    _quote(quotes, quoted, midnight_ns + ns, locate, sides)
                    quoted += 1
                continue
        moved = False
        adds = False
        if kind == _A or kind == _F:
            word = i64(buffer, m + 24)
            known = get(names, locate) == word and locate != 0
            if not known and learn_name(names, counts, locate, word) != GOOD:
                passed_over += 1
                continue
            new = order_key(i64(buffer, m + 11))
            side = side_of(get(buffer, m + 19))
            new_shares = u32(buffer, m + 20)
            new_price = u32(buffer, m + 32)
            if check_new(recent, older, counts, new, side, new_shares, new_price) != GOOD:
                passed_over += 1
                continue
            book = book_of(locate, side)
            adds = True
        elif kind == _D or kind == _X or kind == _E or kind == _C or kind == _U:
            reference = order_key(i64(buffer, m + 11))
            found_at = find_order(recent, older, counts, reference)
            if found_at == NOWHERE:
                passed_over += 1
                continue
            place = order_place(recent, older, found_at)
            level = place_level(place)
            key = get(levels, 2 * level)
            shares = place_shares(place) if kind == _U or kind == _D else u32(buffer, m + 19)
            bad = check_taken(key, place, locate, shares)
            side = key_side(key)
            price = key_price(key)
            book = key_book(key)
            if kind == _U:
                new = order_key(i64(buffer, m + 19))
                terms = i64(buffer, m + 27)
                new_shares = (terms >> 32) & 0xFFFFFFFF
                new_price = terms & 0xFFFFFFFF
                if bad == GOOD:
                    bad = check_new(recent, older, counts, new, side, new_shares, new_price)
                adds = True
            elif kind == _E or kind == _C:
                trade_price = price
                printable = True
                if kind == _C:
                    trade_price = u32(buffer, m + 32)
                    printable = get(buffer, m + 31) == _Y
                    if trade_price == 0 or not (printable or get(buffer, m + 31) == _N):
                        bad = np.int64(1)
                match = i64(buffer, m + 23)
                if match < 0:
                    bad = np.int64(1)
                if bad == GOOD and printable:
                    _print(prints, printed, midnight_ns + ns, locate, kind, side, trade_price, shares, match)
                    printed += 1
            if bad != GOOD:
                passed_over += 1
                continue
            if not adds:
                shrink_order(recent, older, counts, found_at, place, shares)
                moved = _take(levels, cells, sides, book, level, price, shares)
        else:
            stock = STOCK_AT[kind]
            bad = learn_name(names, counts, locate, i64(buffer, m + stock)) if stock != 0 else GOOD
            if bad == GOOD and (kind == _P or kind == _Q):
                side = side_of(get(buffer, m + 19)) if kind == _P else np.int64(0)
                shares = u32(buffer, m + 20) if kind == _P else i64(buffer, m + 11)
                price = u32(buffer, m + 32) if kind == _P else u32(buffer, m + 27)
                match = i64(buffer, m + 36) if kind == _P else i64(buffer, m + 31)
                wrong = shares < 0 or match < 0 or (shares > 0 and price == 0)
                bad = np.int64(wrong or (kind == _P and (side == 0 or shares == 0)))
                if bad == GOOD and shares > 0:
                    _print(prints, printed, midnight_ns + ns, locate, kind, side, price, shares, match)
                    printed += 1
            if bad != GOOD:
                passed_over += 1
                continue
        if adds:
            new_level = find_level(levels, index, level_key(book, new_price))
            if not _has_room(recent, older, levels, cells, sides, counts, book, new_level, new):
                # Nothing is changed yet: the same message comes again.
                messages -= 1
                at = m - 2
                status = NEED_ROOM
                break
            words = SIDE_WORDS * book
            best, best_size = get(sides, words + BEST), get(sides, words + BEST_SIZE)
            if kind == _U:
                shrink_order(recent, older, counts, found_at, place, shares)
                _take(levels, cells, sides, book, level, price, shares)
            if new_level == NOWHERE:
                new_level = make_level(levels, index, counts, level_key(book, new_price))
            size = get(levels, 2 * new_level + SIZE) + new_shares
            put(levels, 2 * new_level + SIZE, size)
            add_order(recent, older, counts, new, place_of(new_level, new_shares))
            if get(levels, 2 * new_level) & IN_HEAP == 0:
                enter_heap(levels, cells, sides, counts, book, side, new_price, new_level)
            now = get(sides, words + BEST)
            if now == 0 or (new_price - now) * side >= 0:
                put(sides, words + BEST, new_price)
                put(sides, words + BEST_SIZE, size)
            # A replaced order may leave the best as it was.
            moved = get(sides, words + BEST) != best or get(sides, words + BEST_SIZE) != best_size
        last_ns = ns
        if moved:
            _quote(quotes, quoted, midnight_ns + ns, locate, sides)
            quoted += 1
    counts[MESSAGES] = messages
    counts[LAST_NS] = last_ns
    counts[LOST] = lost
    return status, at, quoted, printed, passed_over
