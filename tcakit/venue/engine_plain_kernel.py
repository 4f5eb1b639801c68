"""The short way of an anonymous order that meets only plain displayed ones: what the long one would do, sooner."""

from __future__ import annotations

from tcakit.book.fifo_kernel import HEAD, LEVEL_SIZE, SIZE, add, remove, side_row
from tcakit.jit import tower_part
from tcakit.market.codes import ADD, BUY, EXECUTE, MAKER, QUEUE_REACHED, SELL
from tcakit.venue.engine_layout_kernel import (
    BAND_HIGH,
    BAND_LOW,
    BIDS,
    CONTINUOUS,
    DISPLAYED,
    DRESSED,
    HIDDEN,
    ICEBERGS,
    LAST_LEVEL,
    LIVE,
    LOT,
    MOST_SIZE,
    ORDER_ID,
    OWNER,
    PEGS,
    PHASE,
    POOL_PLACE,
    STOP_ORDERS,
    UNSEEN,
)
from tcakit.venue.engine_match_kernel import reaches
from tcakit.venue.engine_record_kernel import report_fill, write
from tcakit.venue.engine_slots_kernel import name_of, undress


@tower_part
def is_plain(engine, owner, side, size):
    """Whether the short way may be taken: an anonymous order of a good size, in continuous trading without pegs."""
    counters = engine.counters
    lot = counters[LOT]
    return (
        owner == 0
        and (side == BUY or side == SELL)
        and 0 < size <= MOST_SIZE
        and counters[PHASE] == CONTINUOUS
        and counters[PEGS] == 0
        and (lot == 1 or size % lot == 0)
    )


@tower_part
def plain_ahead(engine, side, limit):
    """Whether an order up to that limit meets displayed orders without reserves alone, in band, and no stop waits."""
    counters, row = engine.counters, side_row(-side)
    if counters[ICEBERGS] > 0 or counters[STOP_ORDERS] > 0 or reaches(engine.best[HIDDEN, row], side, limit):
        return False
    best = engine.best[DISPLAYED, row]
    if side == BUY:
        return best >= counters[BAND_LOW] and limit <= counters[BAND_HIGH]
    return best <= counters[BAND_HIGH] and limit >= counters[BAND_LOW]


@tower_part
def release_plain(engine, slot, row):
    """Give the slot of a displayed order back."""
    orders, pool, counters = engine.orders, engine.pool, engine.counters
    if counters[DRESSED] > 0:
        undress(engine, slot)
    last = counters[LIVE] - 1
    place = orders[slot, POOL_PLACE]
    moved = pool[last]
    pool[place] = moved
    orders[moved, POOL_PLACE] = place
    counters[LIVE] = last
    counters[BIDS + row] -= 1
    if counters[UNSEEN] > 0:
        end = last + counters[UNSEEN]
        moved = pool[end]
        pool[last] = moved
        orders[moved, POOL_PLACE] = last
        last = end
    pool[last] = slot
    orders[slot, POOL_PLACE] = last
    orders[slot, ORDER_ID] = 0


@tower_part
def take_plain(engine, side, limit, size, taker_id):
    """Trade an anonymous order where `plain_ahead` holds; gives the size left."""
    orders, levels, best, counters = engine.orders, engine.levels, engine.best, engine.counters
    resting_side = -side
    row = side_row(resting_side)
    while size > 0:
        level = best[DISPLAYED, row]
        if not reaches(level, side, limit):
            break
        slot = levels[DISPLAYED, row, level, HEAD]
        amount = min(size, orders[slot, SIZE])
        order_id, owner = orders[slot, ORDER_ID], orders[slot, OWNER]
        public_id = name_of(engine, slot) if counters[DRESSED] > 0 else order_id
        if owner > 0:
            report_fill(engine, slot, QUEUE_REACHED, level, amount, MAKER, 0)
        if amount == orders[slot, SIZE]:
            remove(orders, levels[DISPLAYED], best[DISPLAYED], slot)
            release_plain(engine, slot, row)
        else:
            orders[slot, SIZE] -= amount
            levels[DISPLAYED, row, level, LEVEL_SIZE] -= amount
        counters[LAST_LEVEL] = level
        size -= amount
        shown = levels[DISPLAYED, row, level, LEVEL_SIZE]
        write(engine, EXECUTE, resting_side, level, amount, shown, public_id, owner, 0, taker_id, order_id)
    return size


@tower_part
def rest_plain(engine, slot, order_id, side, level, size):
    """Queue what is left of an anonymous order in the first free slot."""
    orders, pool, counters = engine.orders, engine.pool, engine.counters
    row = side_row(side)
    add(orders, engine.levels[DISPLAYED], engine.best[DISPLAYED], slot, side, level, size)
    orders[slot, ORDER_ID] = order_id
    place = counters[LIVE]
    if counters[UNSEEN] > 0:
        end = place + counters[UNSEEN]
        moved = pool[place]
        pool[end] = moved
        orders[moved, POOL_PLACE] = end
        pool[place] = slot
    orders[slot, POOL_PLACE] = place
    counters[LIVE] = place + 1
    counters[BIDS + row] += 1
    shown = engine.levels[DISPLAYED, row, level, LEVEL_SIZE]
    write(engine, ADD, side, level, size, shown, order_id, 0, 0, 0, order_id)


@tower_part
def keep_free(engine, slot, place):
    """Make a slot that was free at a place of the pool the first free one again, whatever was given back meanwhile."""
    counters, pool = engine.counters, engine.pool
    first = counters[LIVE] + counters[UNSEEN]
    pool[place] = pool[first]
    pool[first] = slot
