"""The matching engine's doors: orders by id, background orders by slot, calls and halts.

The caller sets the clock, asks `room`, and sends a message. Anonymous (owner 0) limit and market orders that meet only
plain displayed orders take the short way of `engine_plain_kernel`; all else goes by `engine_submit_kernel`. Both end
alike.
"""

from __future__ import annotations

import numpy as np

from tcakit.book.fifo_kernel import BAD_SIZE, LEVEL, LEVEL_SIZE, NO_ORDER, NO_SLOT, OK, SIDE, SIZE, remove, side_row
from tcakit.jit import melted_door, tower_call, tower_door, tower_part
from tcakit.market.codes import BY_STRATEGY, CANCELLED, DELETE, GTC, MAKER, MARKET, NO_PEG, REPLACED
from tcakit.market.codes import LIMIT as LIMIT_ORDER
from tcakit.venue.engine_auction_kernel import close_day, halt, indicative, resume, start_call, uncross
from tcakit.venue.engine_enter_kernel import begin_message, end_message, far_end, would_take
from tcakit.venue.engine_layout_kernel import (
    DISPLAYED,
    DRESSED,
    DROPPED,
    ICEBERGS,
    LIVE,
    NO_LEVEL,
    ORDER_ID,
    OWNER,
    PEGS,
    POOL_PLACE,
    REFUSED,
    RESERVE,
    SLOT_MASK,
    STATIC_HIGH,
    STATIC_LOW,
    UNSEEN,
    Engine,
    new_engine,
)
from tcakit.venue.engine_match_kernel import leave, shrink
from tcakit.venue.engine_plain_kernel import is_plain, keep_free, plain_ahead, release_plain, rest_plain, take_plain
from tcakit.venue.engine_record_kernel import report, room, write
from tcakit.venue.engine_slots_kernel import name_of, next_id
from tcakit.venue.engine_submit_kernel import cancel, modify, submit

__all__ = [
    "Engine",
    "cancel",
    "cancel_slot",
    "modify",
    "new_engine",
    "close_day",
    "halt",
    "indicative",
    "resume",
    "start_call",
    "uncross",
    "reduce_slot",
    "room",
    "submit",
    "submit_limit",
    "submit_market",
]


@tower_part
def stands(engine, order_id):
    """Whether an order of that id has not ended."""
    slot = order_id & SLOT_MASK
    return order_id > 0 and slot < engine.orders.shape[0] and engine.orders[slot, ORDER_ID] == order_id


@tower_part
def displayed_slot(engine, order_id):
    """The slot of an order that is displayed, -1 if it is not."""
    slot = order_id & SLOT_MASK
    if stands(engine, order_id) and engine.orders[slot, POOL_PLACE] < engine.counters[LIVE]:
        return slot
    return np.int64(-1)


@melted_door
def submit_limit(engine, owner, side, level, size):
    """Trade what crosses, queue the rest until it is cancelled; gives (status, slot of the resting order or -1).

    The short way to `submit` for anonymous orders. Statuses are those of `submit`; ask `room` first.
    """
    counters = engine.counters
    if is_plain(engine, owner, side, size) and counters[STATIC_LOW] <= level <= counters[STATIC_HIGH]:
        place = counters[LIVE] + counters[UNSEEN]
        if not would_take(engine, side, level):
            slot = engine.pool[place]
            rest_plain(engine, slot, next_id(engine, slot), side, level, size)
            return OK, slot
        if plain_ahead(engine, side, level):
            slot = engine.pool[place]
            order_id = next_id(engine, slot)
            left = take_plain(engine, side, level, size, order_id)
            if left == 0:
                return OK, np.int64(-1)
            keep_free(engine, slot, place)
            rest_plain(engine, slot, order_id, side, level, left)
            return OK, slot
    status, order_id = submit(engine, owner, side, level, size, LIMIT_ORDER, GTC, 0, 0, NO_LEVEL, NO_PEG, 0)
    return status, displayed_slot(engine, order_id)


@melted_door
def submit_market(engine, owner, side, size):
    """Trade at whatever prices there are; gives (status, size that found nobody), which is dropped.

    In a call it waits for the auction, and nothing is dropped yet.
    """
    limit = far_end(engine, side)
    if is_plain(engine, owner, side, size) and plain_ahead(engine, side, limit):
        slot = engine.pool[engine.counters[LIVE] + engine.counters[UNSEEN]]
        return OK, take_plain(engine, side, limit, size, next_id(engine, slot))
    return _submit_market(engine, owner, side, size)


@tower_call
def _submit_market(engine, owner, side, size):
    status, _ = submit(engine, owner, side, NO_LEVEL, size, MARKET, GTC, 0, 0, NO_LEVEL, NO_PEG, 0)
    return status, size if status == REFUSED else engine.counters[DROPPED]


@melted_door
def cancel_slot(engine, slot):
    """Take a displayed order out by its slot; gives the status."""
    orders, counters = engine.orders, engine.counters
    if slot < 0 or slot >= orders.shape[0]:
        return NO_SLOT
    if orders[slot, SIDE] == 0 or orders[slot, POOL_PLACE] >= counters[LIVE]:
        return NO_ORDER
    if orders[slot, OWNER] > 0 or counters[ICEBERGS] > 0 or counters[PEGS] > 0:
        return _cancel_dressed(engine, slot)
    side, level, size = orders[slot, SIDE], orders[slot, LEVEL], orders[slot, SIZE]
    order_id = orders[slot, ORDER_ID]
    public_id = name_of(engine, slot) if counters[DRESSED] > 0 else order_id
    row = side_row(side)
    remove(orders, engine.levels[DISPLAYED], engine.best[DISPLAYED], slot)
    release_plain(engine, slot, row)
    shown = engine.levels[DISPLAYED, row, level, LEVEL_SIZE]
    write(engine, DELETE, side, level, size, shown, public_id, 0, 0, 0, order_id)
    return OK


@tower_call
def _cancel_dressed(engine, slot):
    leave(engine, slot, CANCELLED, BY_STRATEGY)
    begin_message(engine)
    end_message(engine)
    return OK


@tower_door
def reduce_slot(engine, slot, amount):
    """Take a part off a displayed order by its slot, which keeps its place; all of it is a cancel. Gives the status."""
    orders, counters = engine.orders, engine.counters
    if slot < 0 or slot >= orders.shape[0]:
        return NO_SLOT
    if orders[slot, SIDE] == 0 or orders[slot, POOL_PLACE] >= counters[LIVE]:
        return NO_ORDER
    if amount <= 0:
        return BAD_SIZE
    if amount >= orders[slot, SIZE] + orders[slot, RESERVE]:
        return cancel_slot(engine, slot)
    shrink(engine, slot, amount)
    left = orders[slot, SIZE] + orders[slot, RESERVE]
    level = orders[slot, LEVEL]
    report(engine, orders[slot, OWNER], orders[slot, ORDER_ID], REPLACED, BY_STRATEGY, level, amount, left, MAKER, 0)
    return OK
