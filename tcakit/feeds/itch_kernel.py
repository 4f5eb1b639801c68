"""Turn bytes of an ITCH 5.0 file into rows of book events, chunk by chunk, with every row's level after it."""

from __future__ import annotations

import numpy as np

from tcakit.feeds.itch_book_kernel import (
    LARGEST_LOCATE,
    LARGEST_REFERENCE,
    LAST_NS,
    LOST,
    MESSAGES,
    NOWHERE,
    SIZE,
    add_order,
    book_of,
    find_order,
    get,
    has_room,
    key_locate,
    key_price,
    key_side,
    level_at,
    level_key,
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
    DAMAGED,
    END,
    LENGTHS,
    LONGEST,
    MESSAGE,
    MESSAGES_AHEAD,
    MORE,
    NS_PER_DAY,
    STOCK_AT,
    i64,
    next_message,
    u16,
    u32,
    u48,
)
from tcakit.jit import bare_call, bare_jit, bare_part, prefetch
from tcakit.market.codes import (
    ADD,
    BUST,
    DELETE,
    EXECUTE,
    EXECUTE_UNPRINTED,
    HALT,
    PRINT_CROSS,
    PRINT_HIDDEN,
    QUOTE_RESUME,
    REDUCE,
    TRADE_RESUME,
)

DONE = 0  # nothing is left
NEED_BYTES = 1  # go on with the next chunk, from where this call stopped
NEED_ROWS = 2  # go on with fresh output columns
NEED_ROOM = 3  # go on when the book's arrays have grown

NO_VALUE = np.int64(-1)  # null, in every output column

GOOD = 0
BAD_LENGTH = 1
BAD_CUT = 2
BAD_TIME = 3
BAD_BACKWARDS = 4
BAD_LOCATE = 5
BAD_NAME = 6
BAD_OTHER_NAME = 7
BAD_TWO_LOCATES = 8
BAD_REFERENCE = 9
BAD_LIVE = 10
BAD_UNKNOWN = 11
BAD_OTHER_LOCATE = 12
BAD_SIDE = 13
BAD_SIZE = 14
BAD_PRICE = 15
BAD_LEFT = 16
BAD_MATCH = 17
BAD_CODE = 18
BAD_TYPE = 19

_A, _B, _C, _D, _E, _F, _H = 65, 66, 67, 68, 69, 70, 72
_N, _P, _Q, _S, _T, _U, _X, _Y, _h = 78, 80, 81, 83, 84, 85, 88, 89, 104
_LARGEST_PRICE = np.int64(0x7FFFFFFF)
_LARGEST_REFERENCE = np.int64((1 << 63) - 1)
_LARGEST_CROSS = np.int64(1) << 62


@bare_call
def learn_name(names, counts, locate, word):
    """Check the symbol of a message against what its stock locate stands for; a first one is kept."""
    if locate == 0:
        return BAD_LOCATE
    if names[locate] == word:
        return GOOD
    if names[locate] != 0:
        return BAD_OTHER_NAME
    blank = False
    for k in range(8):
        letter = (word >> (56 - 8 * k)) & 0xFF
        # Letters, then blanks up to eight.
        if letter < 32 or letter > 126 or (letter == 32 and k == 0) or (blank and letter != 32):
            return BAD_NAME
        blank = letter == 32
    for other in range(1, counts[LARGEST_LOCATE] + 1):
        if names[other] == word:
            return BAD_TWO_LOCATES
    names[locate] = word
    counts[LARGEST_LOCATE] = max(counts[LARGEST_LOCATE], locate)
    return GOOD


@bare_part
def order_key(reference):
    """One more than a reference, so that none is zero; 0 for one that does not fit."""
    return reference + 1 if 0 <= reference < _LARGEST_REFERENCE else np.int64(0)


@bare_part
def side_of(letter):
    """+1 for B, -1 for S, 0 for anything else."""
    return np.int64(letter == _B) - np.int64(letter == _S)


@bare_part
def check_new(recent, older, counts, reference, side, shares, price):
    """Whether an order can be added."""
    if side == 0:
        return BAD_SIDE
    if shares == 0:
        return BAD_SIZE
    if price == 0 or price > _LARGEST_PRICE:
        return BAD_PRICE
    if reference == 0:
        return BAD_REFERENCE
    # References grow through the day: the largest so far needs no search.
    if reference <= counts[LARGEST_REFERENCE] and find_order(recent, older, counts, reference) != NOWHERE:
        return BAD_LIVE
    return GOOD


@bare_part
def check_taken(key, place, locate, shares):
    """Whether shares can be taken off an order that was found, on a level of that key."""
    if key_locate(key) != locate:
        return BAD_OTHER_LOCATE
    if shares == 0:
        return BAD_SIZE
    if shares > place_shares(place):
        return BAD_LEFT
    return GOOD


@bare_part
def check_time(last_ns, ns):
    if ns >= NS_PER_DAY:
        return BAD_TIME
    if ns < last_ns:
        return BAD_BACKWARDS
    return GOOD


@bare_part
def _row(out, at, ns, locate, kind, side, price, size, level_size, order_id, trade_id, print_price):
    words, kinds, sides, locates = out
    kinds[at] = kind
    sides[at] = side
    locates[at] = locate
    words[0, at] = ns
    words[1, at] = price
    words[2, at] = size
    words[3, at] = level_size
    words[4, at] = order_id
    words[5, at] = trade_id
    words[6, at] = print_price


@bare_part
def _halt_kind(letter):
    """The event of a trading state; 0, which is no halt, for an unknown one."""
    if letter == _H or letter == _P:
        return HALT
    if letter == _Q:
        return QUOTE_RESUME
    return TRADE_RESUME if letter == _T else 0


@bare_jit
def decode(
    buffer, start, end, last, midnight_ns, wanted, buy_is_told, arrays, counts, names, fine, out, notices, faults
):
    """Read messages from `start`; gives (status, where it stopped, rows, notices, faults).

    `buffer` uint8; `wanted` is the only symbol to keep as a word, 0 for all; `buy_is_told` whether the side of a
    hidden print can be believed where it says buy. `arrays`, `counts`, `names`, `fine` are a `BookState`'s. `out` is
    (words int64 (7, n): time, price, size, level size, order id, trade id, print price; kind uint8 (n); side int8;
    locate int32). `notices` int64 (k, 2) takes time and place in the buffer of other messages; `faults`
    int64 (m, 4) message number, reason, place and length.
    """
    recent, older, levels, index = arrays
    at = np.int64(start)
    row = 0
    noted = 0
    refused = 0
    rows_end = out[1].shape[0] - 2
    status = DONE
    ahead = at
    for _ in range(MESSAGES_AHEAD):
        if ahead + LONGEST < end:
            ahead += 2 + LENGTHS[buffer[ahead + 2]]
    while True:
        if row > rows_end or noted >= notices.shape[0] or refused >= faults.shape[0]:
            status = NEED_ROWS
            break
        if not has_room(older, levels, counts):
            status = NEED_ROOM
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
            if found == END:
                at = end
                break
            if not counts[LOST]:
                counts[MESSAGES] += 1
                known = LENGTHS[buffer[at + 2]] if end - at > 2 else 1
                faults[refused, 0] = counts[MESSAGES]
                faults[refused, 1] = BAD_CUT if found == CUT else (BAD_LENGTH if known else BAD_TYPE)
                faults[refused, 2] = at
                faults[refused, 3] = min(end, length if found == DAMAGED else end) - at
                refused += 1
            if found == CUT:
                at = end
                break
            at = ahead = length
            counts[LOST] = not last and at >= end - 104
            continue
        counts[LOST] = 0
        counts[MESSAGES] += 1
        m = at + 2
        at = m + length
        kind = buffer[m]
        locate = u16(buffer, m + 1)
        ns = u48(buffer, m + 5)
        bad = check_time(counts[LAST_NS], ns)
        if bad == GOOD:
            stock = STOCK_AT[kind]
            if stock != 0:
                word = i64(buffer, m + stock)
                if names[locate] != word or locate == 0:
                    bad = learn_name(names, counts, locate, word)
        if bad == GOOD:
            if wanted != 0 and names[locate] != wanted and locate != 0:
                counts[LAST_NS] = ns
                continue
            ts = midnight_ns + ns
            if kind == _A or kind == _F:
                reference = order_key(i64(buffer, m + 11))
                side = side_of(buffer[m + 19])
                shares = u32(buffer, m + 20)
                price = u32(buffer, m + 32)
                bad = check_new(recent, older, counts, reference, side, shares, price)
                if bad == GOOD:
                    level = level_at(levels, index, counts, level_key(book_of(locate, side), price))
                    after = get(levels, 2 * level + SIZE) + shares
                    put(levels, 2 * level + SIZE, after)
                    add_order(recent, older, counts, reference, place_of(level, shares))
                    fine[locate] |= price % 100 != 0
                    _row(out, row, ts, locate, ADD, side, price, shares, after, reference - 1, NO_VALUE, NO_VALUE)
                    row += 1
            elif kind == _D or kind == _X or kind == _E or kind == _C or kind == _U:
                reference = order_key(i64(buffer, m + 11))
                found_at = find_order(recent, older, counts, reference)
                if found_at == NOWHERE:
                    bad = BAD_UNKNOWN
                else:
                    place = order_place(recent, older, found_at)
                    level = place_level(place)
                    key = get(levels, 2 * level)
                    whole = place_shares(place)
                    shares = whole if kind == _D or kind == _U else u32(buffer, m + 19)
                    bad = check_taken(key, place, locate, shares)
                if bad == GOOD:
                    side = key_side(key)
                    price = key_price(key)
                    event = DELETE if shares == whole else REDUCE
                    match = NO_VALUE
                    printed = NO_VALUE
                    if kind == _E or kind == _C:
                        event = EXECUTE
                        match = i64(buffer, m + 23)
                        if match < 0:
                            bad = BAD_MATCH
                        if kind == _C:
                            printed = u32(buffer, m + 32)
                            if printed == 0:
                                bad = BAD_PRICE
                            if printed == price:
                                printed = NO_VALUE
                            if buffer[m + 31] == _N:
                                event = EXECUTE_UNPRINTED
                            elif buffer[m + 31] != _Y:
                                bad = BAD_CODE
                    elif kind == _U:
                        new = order_key(i64(buffer, m + 19))
                        new_shares = u32(buffer, m + 27)
                        new_price = u32(buffer, m + 31)
                        bad = check_new(recent, older, counts, new, side, new_shares, new_price)
                if bad == GOOD:
                    shrink_order(recent, older, counts, found_at, place, shares)
                    after = get(levels, 2 * level + SIZE) - shares
                    put(levels, 2 * level + SIZE, after)
                    _row(out, row, ts, locate, event, side, price, shares, after, reference - 1, match, printed)
                    row += 1
                    if kind == _U:
                        level = level_at(levels, index, counts, level_key(book_of(locate, side), new_price))
                        after = get(levels, 2 * level + SIZE) + new_shares
                        put(levels, 2 * level + SIZE, after)
                        add_order(recent, older, counts, new, place_of(level, new_shares))
                        fine[locate] |= new_price % 100 != 0
                        _row(out, row, ts, locate, ADD, side, new_price, new_shares, after, new - 1, NO_VALUE, NO_VALUE)
                        row += 1
            elif kind == _P:
                side = side_of(buffer[m + 19])
                shares = u32(buffer, m + 20)
                price = u32(buffer, m + 32)
                match = i64(buffer, m + 36)
                if side == 0:
                    bad = BAD_SIDE
                elif shares == 0:
                    bad = BAD_SIZE
                elif price == 0:
                    bad = BAD_PRICE
                elif match < 0:
                    bad = BAD_MATCH
                else:
                    if side > 0 and not buy_is_told:
                        side = np.int64(0)
                    _row(out, row, ts, locate, PRINT_HIDDEN, side, price, shares, NO_VALUE, NO_VALUE, match, NO_VALUE)
                    row += 1
            elif kind == _B:
                match = i64(buffer, m + 11)
                if match < 0:
                    bad = BAD_MATCH
                elif names[locate] == 0:
                    bad = BAD_LOCATE
                else:
                    none = NO_VALUE
                    _row(out, row, ts, locate, BUST, np.int64(0), none, none, none, none, match, none)
                    row += 1
            else:
                if kind == _Q:
                    shares = i64(buffer, m + 11)
                    price = u32(buffer, m + 27)
                    match = i64(buffer, m + 31)
                    if shares < 0 or shares > _LARGEST_CROSS:
                        bad = BAD_SIZE
                    elif match < 0:
                        bad = BAD_MATCH
                    elif shares > 0 and price == 0:
                        bad = BAD_PRICE
                    elif shares > 0:
                        none = NO_VALUE
                        _row(out, row, ts, locate, PRINT_CROSS, np.int64(0), price, shares, none, none, match, none)
                        row += 1
                elif kind == _H or kind == _h:
                    event = _halt_kind(buffer[m + 19]) if kind == _H else _halt_kind(buffer[m + 20])
                    if event == 0 or (kind == _h and event == QUOTE_RESUME):
                        bad = BAD_CODE
                    elif kind == _H or buffer[m + 19] == _Q:
                        none = NO_VALUE
                        _row(out, row, ts, locate, event, np.int64(0), none, none, none, none, none, none)
                        row += 1
                if bad == GOOD:
                    notices[noted, 0] = ts
                    notices[noted, 1] = m
                    noted += 1
        if bad == GOOD:
            counts[LAST_NS] = ns
        else:
            faults[refused, 0] = counts[MESSAGES]
            faults[refused, 1] = bad
            faults[refused, 2] = m
            faults[refused, 3] = length
            refused += 1
    return status, at, row, noted, refused
