"""Live orders and displayed level sizes of every symbol of an ITCH day, in flat arrays kept between chunks.

* `recent` int64 (power of two, 2): an order stands at its reference modulo the length, as REFERENCE (one more than
  the venue's, 0 none) and PLACE. References grow through the day, so that the orders talked of most are close together
  in memory. One that would fall on an older order, still live, sends that one to `older`.
* `older` int64 (power of two, 2): the same columns, open addressing by a hash of the reference.
* `levels` int64 (levels, 2): KEY (stock locate, side and price packed), or the next free level, and SIZE displayed.
* `index` int32 (four times the levels): open addressing from a key to its level + 1; 0 is empty.
* `counts` int64 (COUNTERS,): what the other arrays hold, and where the reading stands.

PLACE packs the order's level and the shares left of it. Functions that need room say so before they change anything;
`tcakit.feeds.itch_state` makes it.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_jit, bare_part

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
COUNTERS = 9

IN_HEAP = np.int64(1) << 60  # in a KEY: a heap of the quotes kernel holds this level
_SHARES = np.int64(0xFFFFFFFF)
_PRICE = np.int64(0x7FFFFFFF)
_MIX = np.uint64(0x9E3779B97F4A7C15)
NOWHERE = np.int64(-1)


@bare_part
def level_key(locate, side, price):
    """Stock locate (16 bits), side (1 for asks) and price (31 bits) in one word."""
    return (locate << 33) | (np.int64(side < 0) << 32) | price


@bare_part
def key_price(key):
    return key & _PRICE


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
    return np.int64(np.uint64(place) >> np.uint64(32))


@bare_part
def place_shares(place):
    return place & _SHARES


@bare_part
def mixed(word, mask):
    """A hash of a word, from 0 to mask, which is less than 2**32."""
    return np.int64(((np.uint64(word) * _MIX) >> np.uint64(32)) & np.uint64(mask))


@bare_part
def row_of(recent, reference):
    # The low half of the reference says it, and is seen not to be negative: no index needs a second look.
    return np.int64(np.uint32(reference) & np.uint32(recent.shape[0] - 1))


@bare_part
def find_order(recent, older, reference):
    """Where an order stands: its row of `recent`, or -2 - its row of `older`, or -1."""
    at = row_of(recent, reference)
    if recent[at, REFERENCE] == reference:
        return at
    mask = older.shape[0] - 1
    at = mixed(reference, mask)
    while older[at, REFERENCE] != 0:
        if older[at, REFERENCE] == reference:
            return -2 - at
        at = (at + 1) & mask
    return NOWHERE


@bare_part
def order_place(recent, older, at):
    return recent[at, PLACE] if at >= 0 else older[-2 - at, PLACE]


@bare_part
def has_room(older, levels, counts):
    """Whether one order more, on a level of its own, fits whatever its reference."""
    return 2 * (counts[OLDER] + 1) <= older.shape[0] and (counts[FREE] != 0 or counts[LEVELS] < levels.shape[0])


@bare_part
def set_older(older, reference, place):
    mask = older.shape[0] - 1
    at = mixed(reference, mask)
    while older[at, REFERENCE] != 0:
        at = (at + 1) & mask
    older[at, REFERENCE] = reference
    older[at, PLACE] = place


@bare_part
def add_order(recent, older, counts, reference, place):
    """Write an order down that stands nowhere yet."""
    at = row_of(recent, reference)
    if recent[at, REFERENCE] != 0:
        set_older(older, recent[at, REFERENCE], recent[at, PLACE])
        counts[OLDER] += 1
    recent[at, REFERENCE] = reference
    recent[at, PLACE] = place


@bare_part
def _close_gap(older, gap):
    """Move what follows an emptied row back, so that no search ends too early."""
    mask = older.shape[0] - 1
    at = (gap + 1) & mask
    while older[at, REFERENCE] != 0:
        home = mixed(older[at, REFERENCE], mask)
        if ((at - home) & mask) >= ((at - gap) & mask):
            older[gap, REFERENCE] = older[at, REFERENCE]
            older[gap, PLACE] = older[at, PLACE]
            gap = at
        at = (at + 1) & mask
    older[gap, REFERENCE] = 0


@bare_part
def shrink_order(recent, older, counts, at, shares):
    """Take shares off an order found by `find_order`; with nothing left it is gone."""
    if at >= 0:
        if place_shares(recent[at, PLACE]) == shares:
            recent[at, REFERENCE] = 0
        else:
            recent[at, PLACE] -= shares
    elif place_shares(older[-2 - at, PLACE]) == shares:
        _close_gap(older, -2 - at)
        counts[OLDER] -= 1
    else:
        older[-2 - at, PLACE] -= shares


@bare_part
def level_at(levels, index, counts, key):
    """The level of a key, made with nothing on it where there is none."""
    mask = index.shape[0] - 1
    at = mixed(key, mask)
    while index[at] != 0:
        level = np.int64(index[at]) - 1
        if levels[level, KEY] & ~IN_HEAP == key:
            return level
        at = (at + 1) & mask
    if counts[FREE] != 0:
        level = counts[FREE] - 1
        counts[FREE] = levels[level, KEY]
        counts[FREE_LEVELS] -= 1
    else:
        level = counts[LEVELS]
        counts[LEVELS] += 1
    levels[level, KEY] = key
    levels[level, SIZE] = 0
    index[at] = np.int32(level + 1)
    return level


@bare_jit
def copy_older(older, larger):
    """Put all of `older` into an empty, larger array of its kind."""
    for at in range(older.shape[0]):
        if older[at, REFERENCE] != 0:
            set_older(larger, older[at, REFERENCE], older[at, PLACE])


@bare_jit
def sweep_levels(levels, index, counts):
    """Free all levels on which nothing is displayed, and enter the others into an empty index."""
    mask = index.shape[0] - 1
    counts[FREE] = 0
    counts[FREE_LEVELS] = 0
    for level in range(counts[LEVELS]):
        if levels[level, SIZE] == 0 and levels[level, KEY] & IN_HEAP == 0:
            levels[level, KEY] = counts[FREE]
            counts[FREE] = level + 1
            counts[FREE_LEVELS] += 1
        else:
            at = mixed(levels[level, KEY] & ~IN_HEAP, mask)
            while index[at] != 0:
                at = (at + 1) & mask
            index[at] = np.int32(level + 1)
