"""Live orders and displayed level sizes of every symbol of an ITCH day, in flat arrays kept between chunks.

* `recent` int64 (two words an order, a power of two of them): an order stands at its reference modulo their number, as
  REFERENCE (one more than the venue's, 0 none) and PLACE. References grow through the day, so that the orders talked
  of most are close together in memory. One that would fall on an older order, still live, sends that one to `older`.
* `older` int64 (the same two words): open addressing by a hash of the reference.
* `levels` int64 (two words a level): KEY (book and price packed), or the next free level, and SIZE displayed.
* `index` int32 (four times the levels): open addressing from a key to its level + 1; 0 is empty.
* `counts` int64 (COUNTERS,): what the other arrays hold, and where the reading stands.

A book is one side of one symbol: twice its stock locate, one more for asks. PLACE packs the order's level and the
shares left of it. Functions that need room say so before they change anything; `tcakit.feeds.itch_state` makes it.

Rows are two words of a flat array, and indices are handed over unsigned, because a matrix costs a multiplication and a
signed index a second look at each access: half of all that is done here.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call, bare_jit, bare_part

REFERENCE = 0
PLACE = 1
KEY = 0
SIZE = 1

OLDER = 0  # orders in `older`
LEVELS = 1  # levels ever handed out
FREE = 2  # first free level + 1, 0 none
FREE_LEVELS = 3  # how many are free
LAST_NS = 4  # time of the last good message
MESSAGES = 5  # messages seen
LOST = 6  # 1 while looking for the next message after damage
LARGEST_LOCATE = 7
HEAPED = 8  # cells of the heap pool in use
LARGEST_REFERENCE = 9  # of any order so far
COUNTERS = 10

IN_HEAP = np.int64(1) << 60  # in a KEY: a heap of the quotes kernel holds this level
_SHARES = np.int64(0xFFFFFFFF)
_PRICE = np.int64(0x7FFFFFFF)
_BOOK = np.int64(0x1FFFF)
_MIX = np.uint64(0x9E3779B97F4A7C15)
NOWHERE = np.int64(-1)


@bare_part
def get(words, at):
    return words[np.uint64(at)]


@bare_part
def put(words, at, value):
    words[np.uint64(at)] = value


@bare_part
def book_of(locate, side):
    return 2 * locate + np.int64(side < 0)


@bare_part
def level_key(book, price):
    """A side of a symbol (17 bits) and a price (31 bits) in one word."""
    return (book << 32) | price


@bare_part
def key_price(key):
    return key & _PRICE


@bare_part
def key_book(key):
    return (key >> 32) & _BOOK


@bare_part
def key_side(key):
    return np.int64(1) - 2 * ((key >> 32) & 1)


@bare_part
def key_locate(key):
    return (key >> 33) & 0xFFFF


@bare_part
def place_of(level, shares):
    return (level << 32) | shares


@bare_part
def place_level(place):
    return place >> 32


@bare_part
def place_shares(place):
    return place & _SHARES


@bare_part
def mixed(word, mask):
    """A hash of a word, from 0 to mask, which is less than 2**32."""
    return np.int64(((np.uint64(word) * _MIX) >> np.uint64(32)) & np.uint64(mask))


@bare_part
def row_of(recent, reference):
    """Where the two words of an order with this reference would begin in `recent`."""
    return 2 * reference & (recent.shape[0] - 2)


@bare_part
def in_recent(recent, reference):
    return get(recent, row_of(recent, reference)) == reference and reference != 0


@bare_call
def find_older(older, reference):
    """The row of `older` that an order stands in, or -1."""
    mask = (older.shape[0] >> 1) - 1
    at = mixed(reference, mask)
    while get(older, 2 * at) != 0:
        if get(older, 2 * at) == reference:
            return at
        at = (at + 1) & mask
    return NOWHERE


@bare_part
def find_order(recent, older, counts, reference):
    """Where an order stands: its place in `recent`, or -2 - its row of `older`, or -1; -1 for reference 0."""
    at = row_of(recent, reference)
    if in_recent(recent, reference):
        return at
    if counts[OLDER] == 0 or reference == 0:
        return NOWHERE
    row = find_older(older, reference)
    return row if row == NOWHERE else -2 - row


@bare_part
def order_place(recent, older, at):
    return get(recent, at + PLACE) if at >= 0 else get(older, 2 * (-2 - at) + PLACE)


@bare_part
def has_room(older, levels, counts):
    """Whether one order more, on a level of its own, fits whatever its reference."""
    return 4 * (counts[OLDER] + 1) <= older.shape[0] and (counts[FREE] != 0 or 2 * counts[LEVELS] < levels.shape[0])


@bare_call
def set_older(older, reference, place):
    mask = (older.shape[0] >> 1) - 1
    at = mixed(reference, mask)
    while get(older, 2 * at) != 0:
        at = (at + 1) & mask
    put(older, 2 * at, reference)
    put(older, 2 * at + PLACE, place)


@bare_part
def add_order(recent, older, counts, reference, place):
    """Write an order down that stands nowhere yet."""
    counts[LARGEST_REFERENCE] = max(counts[LARGEST_REFERENCE], reference)
    at = row_of(recent, reference)
    if get(recent, at) != 0:
        set_older(older, get(recent, at), get(recent, at + PLACE))
        counts[OLDER] += 1
    put(recent, at, reference)
    put(recent, at + PLACE, place)


@bare_call
def _close_gap(older, gap):
    """Move what follows an emptied row back, so that no search ends too early."""
    mask = (older.shape[0] >> 1) - 1
    at = (gap + 1) & mask
    while get(older, 2 * at) != 0:
        home = mixed(get(older, 2 * at), mask)
        if ((at - home) & mask) >= ((at - gap) & mask):
            put(older, 2 * gap, get(older, 2 * at))
            put(older, 2 * gap + PLACE, get(older, 2 * at + PLACE))
            gap = at
        at = (at + 1) & mask
    put(older, 2 * gap, np.int64(0))


@bare_part
def shrink_order(recent, older, counts, at, place, shares):
    """Take shares off an order found by `find_order`; with nothing left it is gone."""
    left = place - shares
    gone = place_shares(left) == 0
    if at >= 0:
        if gone:
            put(recent, at, np.int64(0))
        else:
            put(recent, at + PLACE, left)
    elif gone:
        _close_gap(older, -2 - at)
        counts[OLDER] -= 1
    else:
        put(older, 2 * (-2 - at) + PLACE, left)


@bare_part
def find_level(levels, index, key):
    """The level of a key, or -1 where there is none."""
    mask = index.shape[0] - 1
    at = mixed(key, mask)
    while get(index, at) != 0:
        level = np.int64(get(index, at)) - 1
        if get(levels, 2 * level) & ~IN_HEAP == key:
            return level
        at = (at + 1) & mask
    return NOWHERE


@bare_call
def make_level(levels, index, counts, key):
    """A level with nothing on it for a key that has none; there must be room."""
    mask = index.shape[0] - 1
    at = mixed(key, mask)
    while get(index, at) != 0:
        at = (at + 1) & mask
    if counts[FREE] != 0:
        level = counts[FREE] - 1
        counts[FREE] = get(levels, 2 * level)
        counts[FREE_LEVELS] -= 1
    else:
        level = counts[LEVELS]
        counts[LEVELS] += 1
    put(levels, 2 * level, key)
    put(levels, 2 * level + SIZE, np.int64(0))
    put(index, at, np.int32(level + 1))
    return level


@bare_part
def level_at(levels, index, counts, key):
    """The level of a key, made with nothing on it where there is none."""
    level = find_level(levels, index, key)
    return level if level != NOWHERE else make_level(levels, index, counts, key)


@bare_jit
def spread_orders(recent, older, larger_recent, larger_older, counts):
    """Put all orders into an empty, larger `older`, and into a larger `recent` or the one they have."""
    if larger_recent.shape[0] != recent.shape[0]:
        for at in range(0, recent.shape[0], 2):
            if get(recent, at) != 0:
                home = row_of(larger_recent, get(recent, at))
                put(larger_recent, home, get(recent, at))
                put(larger_recent, home + PLACE, get(recent, at + PLACE))
    counts[OLDER] = 0
    for at in range(0, older.shape[0], 2):
        reference = get(older, at)
        if reference != 0:
            home = row_of(larger_recent, reference)
            if get(larger_recent, home) == 0:
                put(larger_recent, home, reference)
                put(larger_recent, home + PLACE, get(older, at + PLACE))
            else:
                set_older(larger_older, reference, get(older, at + PLACE))
                counts[OLDER] += 1


@bare_jit
def sweep_levels(levels, index, counts):
    """Free all levels on which nothing is displayed, and enter the others into an empty index."""
    mask = index.shape[0] - 1
    counts[FREE] = 0
    counts[FREE_LEVELS] = 0
    for level in range(counts[LEVELS]):
        key = get(levels, 2 * level)
        if get(levels, 2 * level + SIZE) == 0 and key & IN_HEAP == 0:
            put(levels, 2 * level, counts[FREE])
            counts[FREE] = level + 1
            counts[FREE_LEVELS] += 1
        else:
            at = mixed(key & ~IN_HEAP, mask)
            while get(index, at) != 0:
                at = (at + 1) & mask
            put(index, at, np.int32(level + 1))
