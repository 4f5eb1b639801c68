"""Where an order of the engine stands: its slot in the pool, its place in a book, the list of pegged orders."""

from __future__ import annotations

from tcakit.book.fifo_kernel import LEVEL, SIDE, SIZE, add, remove, side_row
from tcakit.jit import tower_call, tower_part
from tcakit.market.codes import LIMIT as LIMIT_ORDER
from tcakit.market.codes import NO_PEG
from tcakit.venue.engine_layout_kernel import (
    BIDS,
    BOOK,
    DISPLAY,
    DISPLAYED,
    DRESSED,
    EXTRA_ROWS,
    ICEBERGS,
    LIMIT,
    LIVE,
    NO_LEVEL,
    NOWHERE,
    ORDER_ID,
    OWNED,
    OWNER,
    PEG,
    PEG_FIRST,
    PEG_LAST,
    PEGS,
    PLAIN_NAME,
    POOL_PLACE,
    PUBLIC_ID,
    RESERVE,
    SEQUENCE,
    SLOT_BITS,
    STOP_ORDERS,
    STOPS,
    TIME_IN_FORCE,
    TOUCHED,
    TOUCHED_STOPS,
    TYPE,
    UNSEEN,
)

_NEXT_PEG = 0
_PREVIOUS_PEG = 1


@tower_part
def next_id(engine, slot):
    """A number that no order had before, and from which its slot is read."""
    engine.counters[SEQUENCE] += 1
    return (engine.counters[SEQUENCE] << SLOT_BITS) | slot


@tower_part
def _swap(engine, place, other):
    """Let the slots of two places of the pool change them."""
    pool = engine.pool
    first, second = pool[place], pool[other]
    pool[place] = second
    pool[other] = first
    engine.orders[second, POOL_PLACE] = place
    engine.orders[first, POOL_PLACE] = other


@tower_part
def wear_nothing(engine, slot):
    """Leave in a slot what a plain anonymous order has that is displayed; so it is in every free slot."""
    orders = engine.orders
    orders[slot, PUBLIC_ID] = PLAIN_NAME
    orders[slot, OWNER] = 0
    orders[slot, RESERVE] = 0
    orders[slot, DISPLAY] = 0
    orders[slot, BOOK] = DISPLAYED
    orders[slot, TYPE] = LIMIT_ORDER
    orders[slot, TIME_IN_FORCE] = 0
    orders[slot, PEG] = NO_PEG
    orders[slot, LIMIT] = NO_LEVEL


@tower_part
def allot(engine, owner):
    """The slot of a new order, which nobody sees yet and which has an id and no parts; `room` has said there is one."""
    counters = engine.counters
    place = counters[LIVE] + counters[UNSEEN]
    slot = engine.pool[place]
    counters[UNSEEN] += 1
    order_id = next_id(engine, slot)
    orders = engine.orders
    counters[DRESSED] += 1
    orders[slot, POOL_PLACE] = place
    orders[slot, ORDER_ID] = order_id
    orders[slot, PUBLIC_ID] = order_id
    orders[slot, OWNER] = owner
    orders[slot, BOOK] = NOWHERE
    if owner > 0:
        counters[OWNED] += 1
    return slot


@tower_call
def release(engine, slot):
    """Give the slot of an order back that stands in no book and is not displayed."""
    orders, counters = engine.orders, engine.counters
    if orders[slot, PEG] != NO_PEG:
        _unlink_peg(engine, slot)
    undress(engine, slot)
    _swap(engine, orders[slot, POOL_PLACE], counters[LIVE] + counters[UNSEEN] - 1)
    counters[UNSEEN] -= 1
    orders[slot, SIZE] = 0
    orders[slot, SIDE] = 0
    orders[slot, ORDER_ID] = 0


@tower_call
def undress(engine, slot):
    """Take all that is special off an order that goes."""
    counters, orders = engine.counters, engine.orders
    if orders[slot, PUBLIC_ID] != PLAIN_NAME:
        counters[DRESSED] -= 1
        if orders[slot, OWNER] > 0:
            counters[OWNED] -= 1
    wear_nothing(engine, slot)


@tower_part
def name_of(engine, slot):
    """What the tape calls an order."""
    public_id = engine.orders[slot, PUBLIC_ID]
    return engine.orders[slot, ORDER_ID] if public_id == PLAIN_NAME else public_id


@tower_part
def lose_place(engine, slot):
    """Make it due another name on the tape, and its time priority with it."""
    if engine.orders[slot, PUBLIC_ID] == PLAIN_NAME:
        engine.counters[DRESSED] += 1
    engine.orders[slot, PUBLIC_ID] = 0


@tower_part
def name_anew(engine, slot):
    """Give an order that lost its place another name on the tape."""
    if engine.orders[slot, PUBLIC_ID] == 0:
        engine.orders[slot, PUBLIC_ID] = next_id(engine, slot)


@tower_part
def slices(engine, slot):
    """How many times an iceberg will yet show a new tip."""
    reserve = engine.orders[slot, RESERVE]
    if reserve == 0:
        return 0
    display = engine.orders[slot, DISPLAY]
    return (reserve + display - 1) // display


@tower_part
def _extra_rows(engine, slot, book):
    """Rows of the tape that an order in a book can cause beside the one that every displayed order can: see `room`."""
    if book == DISPLAYED:
        return 2 * slices(engine, slot)  # a tip is taken, the next one is shown
    if book == STOPS:
        return 3  # takes part of an order, is queued, is taken
    return 1 if engine.orders[slot, PEG] == NO_PEG else 2  # is taken; a pegged one may take as well


@tower_call
def queue(engine, slot, book, side, level, size):
    """Put an order at the end of a level of a book; `size` is without the reserve. A stop is of the other side."""
    orders, counters = engine.orders, engine.counters
    add(orders, engine.levels[book], engine.best[book], slot, side, level, size)
    orders[slot, BOOK] = book
    counters[EXTRA_ROWS] += _extra_rows(engine, slot, book)
    if book == DISPLAYED:
        _swap(engine, orders[slot, POOL_PLACE], counters[LIVE])
        counters[LIVE] += 1
        counters[UNSEEN] -= 1
        counters[BIDS + side_row(side)] += 1
        if orders[slot, RESERVE] > 0:
            counters[ICEBERGS] += 1
    elif book == STOPS:
        counters[STOP_ORDERS] += 1


@tower_call
def unqueue(engine, slot):
    """Take an order out of its book; it keeps its slot, level and reserve, and its size is forgotten."""
    orders, counters = engine.orders, engine.counters
    book, side = orders[slot, BOOK], orders[slot, SIDE]
    counters[EXTRA_ROWS] -= _extra_rows(engine, slot, book)
    if book == DISPLAYED:
        if orders[slot, RESERVE] > 0:
            counters[ICEBERGS] -= 1
        _swap(engine, orders[slot, POOL_PLACE], counters[LIVE] - 1)
        counters[LIVE] -= 1
        counters[UNSEEN] += 1
        counters[BIDS + side_row(side)] -= 1
    elif book == STOPS:
        counters[STOP_ORDERS] -= 1
        if orders[slot, DISPLAY] == TOUCHED:
            counters[TOUCHED_STOPS] -= 1
    remove(orders, engine.levels[book], engine.best[book], slot)
    orders[slot, BOOK] = NOWHERE


@tower_call
def set_reserve(engine, slot, reserve):
    """Change what a queued iceberg has not shown yet."""
    orders, counters = engine.orders, engine.counters
    counters[EXTRA_ROWS] -= 2 * slices(engine, slot)
    if reserve == 0 and orders[slot, RESERVE] > 0:
        counters[ICEBERGS] -= 1
    orders[slot, RESERVE] = reserve
    counters[EXTRA_ROWS] += 2 * slices(engine, slot)


@tower_call
def park(engine, slot, side, level, size):
    """Let a pegged order that has no price wait outside all books."""
    orders = engine.orders
    name_anew(engine, slot)
    orders[slot, SIDE] = side
    orders[slot, SIZE] = size
    orders[slot, LEVEL] = level
    engine.counters[EXTRA_ROWS] += 2


@tower_call
def unpark(engine, slot):
    """Make such an order ready for a book."""
    engine.orders[slot, SIDE] = 0
    engine.orders[slot, SIZE] = 0
    engine.counters[EXTRA_ROWS] -= 2


@tower_call
def link_peg(engine, slot):
    """Put an order at the end of the list of pegged ones."""
    counters, pegs = engine.counters, engine.pegs
    last = counters[PEG_LAST]
    pegs[slot, _PREVIOUS_PEG] = last
    pegs[slot, _NEXT_PEG] = -1
    if last >= 0:
        pegs[last, _NEXT_PEG] = slot
    else:
        counters[PEG_FIRST] = slot
    counters[PEG_LAST] = slot
    counters[PEGS] += 1


@tower_call
def _unlink_peg(engine, slot):
    counters, pegs = engine.counters, engine.pegs
    before, after = pegs[slot, _PREVIOUS_PEG], pegs[slot, _NEXT_PEG]
    if before >= 0:
        pegs[before, _NEXT_PEG] = after
    else:
        counters[PEG_FIRST] = after
    if after >= 0:
        pegs[after, _PREVIOUS_PEG] = before
    else:
        counters[PEG_LAST] = before
    counters[PEGS] -= 1


@tower_part
def peg_after(engine, slot):
    """The pegged order that was entered next, -1 none."""
    return engine.pegs[slot, _NEXT_PEG]
