"""A whole table of messages for the matching engine, in one call."""

from __future__ import annotations

from tcakit.book.fifo_kernel import OK
from tcakit.jit import bare_jit, tower_call
from tcakit.venue.engine_auction_kernel import close_day, halt, resume, start_call, uncross
from tcakit.venue.engine_kernel import cancel_slot, displayed_slot, reduce_slot, submit_limit, submit_market
from tcakit.venue.engine_layout_kernel import (
    BOOK_FULL,
    CLOCK,
    ORDER_ID,
    OWNER,
    REPORTS_FULL,
    TAPE_FULL,
)
from tcakit.venue.engine_record_kernel import room_for, rows_for
from tcakit.venue.engine_submit_kernel import cancel, modify, submit

# A message is a row; kinds but NEW_ORDER read the first seven columns at most.
MESSAGE_TS = 0
MESSAGE_KIND = 1
MESSAGE_OWNER = 2
MESSAGE_SIDE = 3
MESSAGE_LEVEL = 4  # START_CALL: the phase; UNCROSS: the reference
MESSAGE_SIZE = 5  # UNCROSS: 1 puts the reference half a level higher
MESSAGE_ORDER = 6  # cancel, reduce, modify: the order's id, or -1 - the row of the message that sent it
MESSAGE_TYPE = 7
MESSAGE_TIME_IN_FORCE = 8
MESSAGE_HIDDEN = 9
MESSAGE_DISPLAY = 10
MESSAGE_STOP = 11  # NO_LEVEL none
MESSAGE_PEG = 12
MESSAGE_PEG_OFFSET = 13
MESSAGE_COLUMNS = 14

NEW_LIMIT = 0  # until cancelled
NEW_MARKET = 1
CANCEL_ORDER = 2
REDUCE_ORDER = 3  # displayed anonymous orders alone
MODIFY_ORDER = 4
NEW_ORDER = 5  # with all parts
START_CALL = 6
UNCROSS = 7
STOP_TRADING = 8
RESUME_TRADING = 9
CLOSE_DAY = 10

RESULT_STATUS = 0
RESULT_VALUE = 1  # the order's id, 0 none; of an auction its level
RESULT_COLUMNS = 2


@tower_call
def _rare(engine, messages, row, kind):
    """A message that is neither a plain new order nor about one; gives (status, value)."""
    level = messages[row, MESSAGE_LEVEL]
    if kind == NEW_ORDER:
        return submit(
            engine,
            messages[row, MESSAGE_OWNER],
            messages[row, MESSAGE_SIDE],
            level,
            messages[row, MESSAGE_SIZE],
            messages[row, MESSAGE_TYPE],
            messages[row, MESSAGE_TIME_IN_FORCE],
            messages[row, MESSAGE_HIDDEN],
            messages[row, MESSAGE_DISPLAY],
            messages[row, MESSAGE_STOP],
            messages[row, MESSAGE_PEG],
            messages[row, MESSAGE_PEG_OFFSET],
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
        return reduce_slot(engine, displayed_slot(engine, order_id), size)
    return cancel(engine, owner, order_id)


@bare_jit
def process(engine, messages, results, first, last):
    """Send the messages of the rows from `first` up to `last` of a table; gives (status, row it stopped at).

    `messages` int64 (rows, MESSAGE_COLUMNS), `results` int64 (rows, RESULT_COLUMNS) to be written. It stops, and has
    done nothing of that row, where there is no `room` for a message: BOOK_FULL, TAPE_FULL or REPORTS_FULL.
    """
    orders, counters = engine.orders, engine.counters
    for row in range(first, last):
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
        elif kind == NEW_MARKET:
            status, _ = submit_market(engine, owner, messages[row, MESSAGE_SIDE], messages[row, MESSAGE_SIZE])
        elif kind <= MODIFY_ORDER:
            order_id = messages[row, MESSAGE_ORDER]
            if order_id < 0:
                order_id = results[-1 - order_id, RESULT_VALUE] if -1 - order_id < row else 0
            slot = displayed_slot(engine, order_id)
            if kind == CANCEL_ORDER and owner == 0 and slot >= 0 and orders[slot, OWNER] == 0:
                status = cancel_slot(engine, slot)
            else:
                status = _change(engine, messages, row, kind, order_id)
        else:
            status, value = _rare(engine, messages, row, kind)
        if status == BOOK_FULL or status == TAPE_FULL or status == REPORTS_FULL:
            return status, row
        results[row, RESULT_STATUS] = status
        results[row, RESULT_VALUE] = value
    return OK, last
