"""A whole table of messages for the matching engine, in one call."""

from __future__ import annotations

from tcakit.book.fifo_kernel import NEXT, NO_ORDER, OK, PREVIOUS, TAIL, side_row
from tcakit.jit import prefetch, tower_call, tower_jit, tower_part
from tcakit.market.codes import BAD_TERMS
from tcakit.venue.engine_auction_kernel import close_day, halt, resume, start_call, uncross
from tcakit.venue.engine_kernel import cancel_slot, displayed_slot, reduce_slot, stands, submit_limit, submit_market
from tcakit.venue.engine_layout_kernel import (
    BOOK_FULL,
    CLOCK,
    DISPLAYED,
    ENGINE_ORDER_COLUMNS,
    LIVE,
    NOT_YOURS,
    ORDER_ID,
    OWNER,
    POOL_PLACE,
    REASON,
    REFUSED,
    REPORTS_FULL,
    SLOT_MASK,
    TAPE_FULL,
)
from tcakit.venue.engine_record_kernel import room_for, rows_for
from tcakit.venue.engine_submit_kernel import cancel, modify, submit

# A message is a row, as long as a line of the cache.
MESSAGE_TS = 0
MESSAGE_KIND = 1
MESSAGE_OWNER = 2
MESSAGE_SIDE = 3
MESSAGE_LEVEL = 4  # START_CALL: the phase; UNCROSS: the reference
MESSAGE_SIZE = 5  # UNCROSS: 1 puts the reference half a level higher
MESSAGE_ORDER = 6  # cancel, reduce, modify: the order's id, or -1 - the row of the message that sent it
MESSAGE_PARTS = 7  # NEW_ORDER: its row in the table of parts
MESSAGE_COLUMNS = 8

PART_TYPE = 0
PART_TIME_IN_FORCE = 1
PART_HIDDEN = 2
PART_DISPLAY = 3
PART_STOP = 4  # NO_LEVEL none
PART_PEG = 5
PART_PEG_OFFSET = 6
PART_COLUMNS = 7

NEW_LIMIT = 0  # until cancelled
NEW_MARKET = 1
CANCEL_ORDER = 2
REDUCE_ORDER = 3  # displayed orders alone
MODIFY_ORDER = 4
NEW_ORDER = 5  # with parts
START_CALL = 6
UNCROSS = 7
STOP_TRADING = 8
RESUME_TRADING = 9
CLOSE_DAY = 10

_FAR_AHEAD = 24  # rows
_AHEAD = 14
_NEAR = 7
_MANY = 5_000  # orders that the processor's cache does not hold

RESULT_STATUS = 0
RESULT_VALUE = 1  # the order's id, 0 none; of an auction its level
RESULT_COLUMNS = 2


@tower_call
def _rare(engine, messages, parts, row, kind):
    """A message that is neither a plain new order nor about one; gives (status, value)."""
    level = messages[row, MESSAGE_LEVEL]
    if kind == NEW_ORDER:
        part = messages[row, MESSAGE_PARTS]
        if part < 0 or part >= parts.shape[0]:
            engine.counters[REASON] = BAD_TERMS
            return REFUSED, 0
        return submit(
            engine,
            messages[row, MESSAGE_OWNER],
            messages[row, MESSAGE_SIDE],
            level,
            messages[row, MESSAGE_SIZE],
            parts[part, PART_TYPE],
            parts[part, PART_TIME_IN_FORCE],
            parts[part, PART_HIDDEN],
            parts[part, PART_DISPLAY],
            parts[part, PART_STOP],
            parts[part, PART_PEG],
            parts[part, PART_PEG_OFFSET],
        )
    if kind == START_CALL:
        return start_call(engine, level), 0
    if kind == UNCROSS:
        status, found, _, _ = uncross(engine, level, messages[row, MESSAGE_SIZE])
        return status, found
    if kind == STOP_TRADING:
        return halt(engine), 0
    if kind == RESUME_TRADING:
        return resume(engine), 0
    return close_day(engine), 0


@tower_call
def _change(engine, messages, row, kind, order_id):
    """Cancel, shrink or modify an order by its id."""
    owner, size = messages[row, MESSAGE_OWNER], messages[row, MESSAGE_SIZE]
    if kind == MODIFY_ORDER:
        return modify(engine, owner, order_id, messages[row, MESSAGE_LEVEL], size)
    if kind == REDUCE_ORDER:
        slot = displayed_slot(engine, order_id)
        if slot >= 0 and engine.orders[slot, OWNER] != owner:
            return NOT_YOURS
        return reduce_slot(engine, slot, size)
    return cancel(engine, owner, order_id)


@tower_part
def _order_of(messages, results, row):
    """The id of the order that a message is about."""
    order_id = messages[row, MESSAGE_ORDER]
    if order_id >= 0:
        return order_id
    sent = -1 - order_id
    return results[sent, RESULT_VALUE] if sent < row else 0


@tower_part
def _slot_ahead(messages, results, row, ahead, last):
    """The slot of the order that a later message is about, as far as that is known by now; -1 if it is not."""
    if row + ahead >= last:
        return -1
    sent = -1 - messages[row + ahead, MESSAGE_ORDER]
    if sent < 0 or sent >= row:
        return -1
    return results[sent, RESULT_VALUE] & SLOT_MASK


@tower_part
def _ask_ahead(engine, messages, results, row, last):
    """Ask for memory that later messages need: where a cancel's order is told, then the order, then its neighbours."""
    orders = engine.orders
    if row + _FAR_AHEAD < last:
        sent = -1 - messages[row + _FAR_AHEAD, MESSAGE_ORDER]
        if 0 <= sent < row:
            prefetch(results, sent * RESULT_COLUMNS)
    slot = _slot_ahead(messages, results, row, _AHEAD, last)
    if slot >= 0:
        prefetch(orders, slot * ENGINE_ORDER_COLUMNS)
    if engine.counters[LIVE] < _MANY:
        return
    ahead = row + _NEAR
    if ahead < last and messages[ahead, MESSAGE_KIND] == NEW_LIMIT:
        level = messages[ahead, MESSAGE_LEVEL]
        if 0 <= level < engine.levels.shape[2]:
            tail = engine.levels[DISPLAYED, side_row(messages[ahead, MESSAGE_SIDE]), level, TAIL]
            prefetch(orders, max(tail, 0) * ENGINE_ORDER_COLUMNS)
        return
    slot = _slot_ahead(messages, results, row, _NEAR, last)
    if slot >= 0:
        prefetch(orders, max(orders[slot, NEXT], 0) * ENGINE_ORDER_COLUMNS)
        prefetch(orders, max(orders[slot, PREVIOUS], 0) * ENGINE_ORDER_COLUMNS)
        prefetch(engine.pool, orders[slot, POOL_PLACE])


@tower_jit
def process(engine, messages, parts, results, first, last):
    """Send the messages of the rows from `first` up to `last` of a table; gives (status, row it stopped at).

    `messages` int64 (rows, MESSAGE_COLUMNS), `parts` int64 (rows, PART_COLUMNS), `results` int64 (rows, RESULT_COLUMNS)
    to be written. It stops, and has done nothing of that row, where there is no `room` for a message: BOOK_FULL,
    TAPE_FULL or REPORTS_FULL.
    """
    orders, counters = engine.orders, engine.counters
    for row in range(first, last):
        _ask_ahead(engine, messages, results, row, last)
        owner, kind = messages[row, MESSAGE_OWNER], messages[row, MESSAGE_KIND]
        status = room_for(engine, owner, 0) if kind <= NEW_MARKET else rows_for(engine, owner, 0)
        if status != OK:
            return status, row
        counters[CLOCK] = messages[row, MESSAGE_TS]
        value = 0
        if kind == NEW_LIMIT:
            side, level, size = messages[row, MESSAGE_SIDE], messages[row, MESSAGE_LEVEL], messages[row, MESSAGE_SIZE]
            status, slot = submit_limit(engine, owner, side, level, size)
            if slot >= 0:
                value = orders[slot, ORDER_ID]
        elif kind == CANCEL_ORDER and owner == 0:
            order_id = _order_of(messages, results, row)
            slot = displayed_slot(engine, order_id)
            if slot >= 0 and orders[slot, OWNER] == 0:
                status = cancel_slot(engine, slot)
            elif not stands(engine, order_id):
                status = NO_ORDER
            else:
                status = cancel(engine, owner, order_id)
        elif kind == NEW_MARKET:
            status, _ = submit_market(engine, owner, messages[row, MESSAGE_SIDE], messages[row, MESSAGE_SIZE])
        elif kind <= MODIFY_ORDER:
            status = _change(engine, messages, row, kind, _order_of(messages, results, row))
        else:
            status, value = _rare(engine, messages, parts, row, kind)
        if status == BOOK_FULL or status == TAPE_FULL or status == REPORTS_FULL:
            return status, row
        results[row, RESULT_STATUS] = status
        results[row, RESULT_VALUE] = value
    return OK, last
