"""An order that comes meets those that stand: best price, then displayed before hidden, then time."""

from __future__ import annotations

from tcakit.book.fifo_kernel import HEAD, LEVEL, LEVEL_SIZE, NEXT, OK, SIDE, SIZE, reduce, side_row
from tcakit.jit import tower_call, tower_part
from tcakit.market.codes import (
    ADD,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELLED,
    DELETE,
    EXECUTE,
    MATCH_OFF,
    PRINT_HIDDEN,
    QUEUE_REACHED,
    REDUCE,
    REPLACED,
    SELF_MATCH,
    TOOK,
)
from tcakit.market.codes import FILLED as FILLED_EVENT
from tcakit.market.codes import MAKER as MAKER_CODE
from tcakit.market.codes import PARTIAL as PARTIAL_EVENT
from tcakit.market.codes import TAKER as TAKER_CODE
from tcakit.venue.engine_layout_kernel import (
    BAND_HIGH,
    BAND_LOW,
    BOOK,
    DISPLAY,
    DISPLAYED,
    HIDDEN,
    INTERRUPTED,
    LAST_LEVEL,
    ORDER_ID,
    OWNER,
    PUBLIC_ID,
    REFUSED,
    RESERVE,
    TRADED_HIGH,
    TRADED_LOW,
)
from tcakit.venue.engine_layout_kernel import SELF_MATCH as SELF_MATCH_RULE
from tcakit.venue.engine_record_kernel import record, report, report_fill
from tcakit.venue.engine_slots_kernel import name_of, next_id, queue, release, set_reserve, unqueue


@tower_part
def reaches(level, side, limit):
    """Whether an order of that side and limit reaches the best level of the other side; that of an empty one never."""
    return side * (limit - level) >= 0


@tower_part
def first_to_trade(engine, resting_side):
    """Book and best level of a side that trade first, whether or not somebody sees it."""
    row = side_row(resting_side)
    shown, unseen = engine.best[DISPLAYED, row], engine.best[HIDDEN, row]
    if row == 1:
        return (DISPLAYED, shown) if shown <= unseen else (HIDDEN, unseen)
    return (DISPLAYED, shown) if shown >= unseen else (HIDDEN, unseen)


@tower_part
def in_band(engine, level):
    """Whether a match at a level may happen without a volatility auction."""
    return engine.counters[BAND_LOW] <= level <= engine.counters[BAND_HIGH]


@tower_part
def note_trade(engine, level):
    """Remember where was traded last, and how far in this message."""
    counters = engine.counters
    counters[LAST_LEVEL] = level
    counters[TRADED_LOW] = min(counters[TRADED_LOW], level)
    counters[TRADED_HIGH] = max(counters[TRADED_HIGH], level)


@tower_call
def take_off(engine, slot, amount, kind, taker_owner, taker_id):
    """Take what traded off a resting order and write it down; an iceberg then shows its next tip, last in the queue.

    `kind` is what a displayed order is written as: EXECUTE, or EXECUTE_UNPRINTED in an auction, where unseen orders are
    not written at all.
    """
    orders = engine.orders
    book, side, level = orders[slot, BOOK], orders[slot, SIDE], orders[slot, LEVEL]
    owner, order_id, public_id = orders[slot, OWNER], orders[slot, ORDER_ID], name_of(engine, slot)
    left = orders[slot, SIZE] - amount
    reserve = orders[slot, RESERVE]
    if left > 0:
        reduce(orders, engine.levels[book], engine.best[book], slot, amount)
    else:
        unqueue(engine, slot)
    row = side_row(side)
    if book == DISPLAYED:
        shown = engine.levels[DISPLAYED, row, level, LEVEL_SIZE]
        record(engine, kind, side, level, amount, shown, public_id, owner, taker_owner, taker_id, order_id)
    elif kind == EXECUTE:
        record(engine, PRINT_HIDDEN, side, level, amount, -1, 0, owner, taker_owner, taker_id, order_id)
    if left > 0:
        return
    if reserve > 0:
        tip = min(reserve, orders[slot, DISPLAY])
        orders[slot, RESERVE] = reserve - tip
        public_id = next_id(engine, slot)
        orders[slot, PUBLIC_ID] = public_id
        queue(engine, slot, DISPLAYED, side, level, tip)
        shown = engine.levels[DISPLAYED, row, level, LEVEL_SIZE]
        record(engine, ADD, side, level, tip, shown, public_id, owner, 0, 0, order_id)
    else:
        release(engine, slot)


@tower_call
def leave(engine, slot, event, reason):
    """End an order that stands in a book: it is written if it was displayed, its owner is told, its slot is free."""
    orders = engine.orders
    book, side, level = orders[slot, BOOK], orders[slot, SIDE], orders[slot, LEVEL]
    size, reserve = orders[slot, SIZE], orders[slot, RESERVE]
    owner, order_id, public_id = orders[slot, OWNER], orders[slot, ORDER_ID], name_of(engine, slot)
    report(engine, owner, order_id, event, reason, level, size + reserve, 0, MAKER_CODE, 0)
    unqueue(engine, slot)
    if book == DISPLAYED:
        shown = engine.levels[DISPLAYED, side_row(side), level, LEVEL_SIZE]
        record(engine, DELETE, side, level, size, shown, public_id, owner, 0, 0, order_id)
    release(engine, slot)


@tower_call
def shrink(engine, slot, amount):
    """Take less than all off a resting order, what it has not shown first; it keeps its place."""
    orders = engine.orders
    unshown = min(amount, orders[slot, RESERVE])
    if unshown > 0:
        set_reserve(engine, slot, orders[slot, RESERVE] - unshown)
    amount -= unshown
    if amount == 0:
        return
    book, side, level = orders[slot, BOOK], orders[slot, SIDE], orders[slot, LEVEL]
    reduce(orders, engine.levels[book], engine.best[book], slot, amount)
    if book == DISPLAYED:
        shown = engine.levels[DISPLAYED, side_row(side), level, LEVEL_SIZE]
        owner, order_id, public_id = orders[slot, OWNER], orders[slot, ORDER_ID], name_of(engine, slot)
        record(engine, REDUCE, side, level, amount, shown, public_id, owner, 0, 0, order_id)


@tower_call
def _decrement(engine, slot, resting, limit, left):
    """Shrink an order that comes and one of its owner by the smaller one's size; gives what is left of the first."""
    orders = engine.orders
    whole = orders[resting, SIZE] + orders[resting, RESERVE]
    amount = min(left, whole)
    owner = orders[slot, OWNER]
    event = CANCELLED if amount == left else REPLACED
    report(engine, owner, orders[slot, ORDER_ID], event, SELF_MATCH, limit, amount, left - amount, TAKER_CODE, owner)
    if amount == whole:
        leave(engine, resting, CANCELLED, SELF_MATCH)
    else:
        level, rest = orders[resting, LEVEL], whole - amount
        resting_id = orders[resting, ORDER_ID]
        report(engine, owner, resting_id, REPLACED, SELF_MATCH, level, amount, rest, MAKER_CODE, owner)
        shrink(engine, resting, amount)
    return left - amount


@tower_part
def match(engine, slot, side, limit, size):
    """Trade an order that comes, up to its limit; gives (size left, OK or what stopped it).

    INTERRUPTED: the next match is outside the band. REFUSED: it would have met an order of its owner, and is to go.
    """
    orders, levels = engine.orders, engine.levels
    owner, order_id = orders[slot, OWNER], orders[slot, ORDER_ID]
    rule = engine.counters[SELF_MATCH_RULE] if owner > 0 else MATCH_OFF
    row = side_row(-side)
    left = size
    while left > 0:
        book, level = first_to_trade(engine, -side)
        if not reaches(level, side, limit):
            break
        if not in_band(engine, level):
            return left, INTERRUPTED
        resting = levels[book, row, level, HEAD]
        other = orders[resting, OWNER]
        if rule != MATCH_OFF and other == owner:
            if rule == CANCEL_OLDEST or rule == CANCEL_BOTH:
                leave(engine, resting, CANCELLED, SELF_MATCH)
            elif rule != CANCEL_NEWEST:
                left = _decrement(engine, slot, resting, limit, left)
            if rule == CANCEL_NEWEST or rule == CANCEL_BOTH:
                return left, REFUSED
            continue
        amount = min(left, orders[resting, SIZE])
        left -= amount
        event = FILLED_EVENT if left == 0 else PARTIAL_EVENT
        report(engine, owner, order_id, event, TOOK, level, amount, left, TAKER_CODE, other)
        report_fill(engine, resting, QUEUE_REACHED, level, amount, MAKER_CODE, owner)
        note_trade(engine, level)
        take_off(engine, resting, amount, EXECUTE, owner, order_id)
    return left, OK


@tower_part
def _level_offers(engine, book, row, level, owner, rule, wanted):
    """What a level of a book gives an order of that owner: (size, whether one of its own stands in the way)."""
    orders, slot = engine.orders, engine.levels[book, row, level, HEAD]
    tips = reserves = 0
    while slot >= 0 and tips < wanted:
        if rule != MATCH_OFF and orders[slot, OWNER] == owner:
            if rule != CANCEL_OLDEST:
                return tips, True
        else:
            tips += orders[slot, SIZE]
            reserves += orders[slot, RESERVE]
        slot = orders[slot, NEXT]
    return tips + reserves, False


@tower_call
def can_fill(engine, owner, side, limit, size):
    """Whether an order would fill wholly at once: within limit and band, and without those of its own owner."""
    rule = engine.counters[SELF_MATCH_RULE] if owner > 0 else MATCH_OFF
    row = side_row(-side)
    _, level = first_to_trade(engine, -side)
    found, ladder = 0, engine.levels.shape[2]
    while found < size and 0 <= level < ladder and reaches(level, side, limit) and in_band(engine, level):
        for book in (DISPLAYED, HIDDEN):
            offered, barred = _level_offers(engine, book, row, level, owner, rule, size - found)
            found += offered
            if found >= size:
                return True
            if barred:
                return False
        level += side
    return found >= size
