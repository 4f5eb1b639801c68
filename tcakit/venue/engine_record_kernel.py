"""What the engine writes down: the tape for all, reports for owners; and whether there is room for it."""

from __future__ import annotations

from tcakit.book.fifo_kernel import OK, SIZE
from tcakit.jit import tower_call, tower_door, tower_part
from tcakit.market.codes import FILLED, PARTIAL
from tcakit.venue.engine_layout_kernel import (
    BOOK_FULL,
    CLOCK,
    DISPLAYED,
    EXTRA_ROWS,
    LIVE,
    ORDER_ID,
    OWNED,
    OWNER,
    PEGS,
    REPORT_ASK,
    REPORT_BID,
    REPORT_COUNTERPARTY,
    REPORT_EVENT,
    REPORT_LEAVES,
    REPORT_LEVEL,
    REPORT_LIQUIDITY,
    REPORT_ORDER_ID,
    REPORT_OWNER,
    REPORT_PART,
    REPORT_REASON,
    REPORT_ROWS,
    REPORT_SIZE,
    REPORT_TAPE_ROW,
    REPORT_TS,
    REPORTS_FULL,
    RESERVE,
    STOP_ORDERS,
    TAPE_FULL,
    TAPE_KIND,
    TAPE_LEVEL,
    TAPE_LEVEL_SIZE,
    TAPE_ORDER_ID,
    TAPE_OWNER,
    TAPE_PART,
    TAPE_RESTING_ID,
    TAPE_ROWS,
    TAPE_SIDE,
    TAPE_SIZE,
    TAPE_TAKER_ID,
    TAPE_TAKER_OWNER,
    TAPE_TS,
    UNSEEN,
)

# A message takes an order off (1), ends partly through another (1), queues what is left (1), and begins an auction
# (2) or ends one (2). All else that it writes belongs to an order that stood there and goes, or to a slice of one.
_ROWS_OF_A_MESSAGE = 8
_REPORTS_OF_A_MESSAGE = 16
_REPORTS_OF_AN_ORDER = 3  # touched off, traded, ended


@tower_part
def write(engine, kind, side, level, size, level_size, public_id, owner, taker_owner, taker_id, resting_id):
    """Write a row of the tape; `room` has said that there is one."""
    tape, counters = engine.tape, engine.counters
    row = counters[TAPE_ROWS]
    tape[row, TAPE_TS] = counters[CLOCK]
    tape[row, TAPE_KIND] = kind
    tape[row, TAPE_SIDE] = side
    tape[row, TAPE_LEVEL] = level
    tape[row, TAPE_PART] = 0
    tape[row, TAPE_SIZE] = size
    tape[row, TAPE_LEVEL_SIZE] = level_size
    tape[row, TAPE_ORDER_ID] = public_id
    tape[row, TAPE_OWNER] = owner
    tape[row, TAPE_TAKER_OWNER] = taker_owner
    tape[row, TAPE_TAKER_ID] = taker_id
    tape[row, TAPE_RESTING_ID] = resting_id
    counters[TAPE_ROWS] = row + 1


@tower_call
def record(engine, kind, side, level, size, level_size, public_id, owner, taker_owner, taker_id, resting_id):
    """Write a row of the tape, where it is not the short way."""
    write(engine, kind, side, level, size, level_size, public_id, owner, taker_owner, taker_id, resting_id)


@tower_call
def report(engine, owner, order_id, event, reason, level, size, leaves, liquidity, counterparty):
    """Tell an owner above 0 what became of an order."""
    if owner <= 0:
        return
    reports, counters = engine.reports, engine.counters
    row = counters[REPORT_ROWS]
    reports[row, REPORT_TS] = counters[CLOCK]
    reports[row, REPORT_ORDER_ID] = order_id
    reports[row, REPORT_OWNER] = owner
    reports[row, REPORT_EVENT] = event
    reports[row, REPORT_REASON] = reason
    reports[row, REPORT_LEVEL] = level
    reports[row, REPORT_PART] = 0
    reports[row, REPORT_SIZE] = size
    reports[row, REPORT_LEAVES] = leaves
    reports[row, REPORT_LIQUIDITY] = liquidity
    reports[row, REPORT_COUNTERPARTY] = counterparty
    reports[row, REPORT_BID] = engine.best[DISPLAYED, 0]
    reports[row, REPORT_ASK] = engine.best[DISPLAYED, 1]
    reports[row, REPORT_TAPE_ROW] = counters[TAPE_ROWS]
    counters[REPORT_ROWS] = row + 1


@tower_call
def report_fill(engine, slot, reason, level, size, liquidity, counterparty):
    """Tell an order's owner of a fill that is about to be taken off it."""
    owner = engine.orders[slot, OWNER]
    if owner > 0:
        leaves = engine.orders[slot, SIZE] + engine.orders[slot, RESERVE] - size
        event = FILLED if leaves == 0 else PARTIAL
        order_id = engine.orders[slot, ORDER_ID]
        report(engine, owner, order_id, event, reason, level, size, leaves, liquidity, counterparty)


@tower_part
def rows_for(engine, owner, extra_rows):
    """Whether a message of that owner, of so many rows more than most, finds room for all it can write."""
    counters = engine.counters
    rows = counters[LIVE] + counters[EXTRA_ROWS] + extra_rows
    if counters[TAPE_ROWS] + rows + _ROWS_OF_A_MESSAGE > engine.tape.shape[0]:
        return TAPE_FULL
    if owner > 0 or counters[OWNED] > 0:
        told = _REPORTS_OF_AN_ORDER * (rows + counters[UNSEEN]) + counters[PEGS] * (counters[STOP_ORDERS] + 2)
        if counters[REPORT_ROWS] + told + _REPORTS_OF_A_MESSAGE > engine.reports.shape[0]:
            return REPORTS_FULL
    return OK


@tower_part
def room_for(engine, owner, extra_rows):
    """Whether a new order finds that room, and a slot."""
    status = rows_for(engine, owner, extra_rows)
    if status == OK and engine.counters[LIVE] + engine.counters[UNSEEN] >= engine.orders.shape[0]:
        return BOOK_FULL
    return status


@tower_door
def room(engine):
    """Whether any one message is sure to find room: OK, BOOK_FULL, TAPE_FULL or REPORTS_FULL.

    Ask before each message. The bound counts what every order that stands there can write at most, so that a message
    never stops half-way; an iceberg of many slices is asked for once more by `submit`, which then does nothing.
    """
    return room_for(engine, 1, 0)
