"""A dark venue's doors: orders come, are taken back and changed, and meet when the other venue's quotes have moved.

The caller sets clock and quotes, asks `room`, and sends a message. How orders meet is said in `midpoint_meet_kernel`.
"""

from __future__ import annotations

from tcakit.book.fifo_kernel import (
    COUNT,
    HEAD,
    NO_ORDER,
    OK,
    SIDE,
    SIZE,
    add,
    remove,
)
from tcakit.jit import (
    tower_door,
    tower_part,
)
from tcakit.market.codes import (
    ACKNOWLEDGED,
    BAD_TERMS,
    BUY,
    BY_STRATEGY,
    CANCEL_REJECTED,
    CANCELLED,
    EXPIRED,
    MAKER,
    MODIFY_REJECTED,
    NO_LIQUIDITY,
    NO_REASON,
    ODD_LOT,
    OFF_GRID,
    REJECTED,
    REPLACED,
    SELL,
    SESSION_OVER,
    SIZE_REFUSED,
    TAKER,
    UNKNOWN_ORDER,
    WRONG_PHASE,
)
from tcakit.market.codes import HALTED as HALTED_REASON
from tcakit.venue.engine_layout_kernel import (
    BOOK_FULL,
    CLOSED,
    CONTINUOUS,
    HALTED,
    MOST_SIZE,
    NOT_YOURS,
    REFUSED,
    REPORTS_FULL,
    SLOT_BITS,
    SLOT_MASK,
    TAPE_FULL,
)
from tcakit.venue.midpoint_layout_kernel import (
    LADDER,
    LEAST,
    LIMIT,
    LOT,
    NO_LIMIT,
    ORDER_ID,
    OWNER,
    PHASE,
    PLACE,
    PRINT_ROWS,
    REFERENCE,
    REPORT_ROWS,
    RESTING,
    SEQUENCE,
    UNTIL,
)
from tcakit.venue.midpoint_meet_kernel import BEYOND, NOBODY, drop_what_is_over, leave, meet, shrink, tell, tell_of

_REPORTS_OF_AN_ORDER = 2  # each meeting of two orders ends one of them at least, and is told to both
_REPORTS_OF_A_MESSAGE = 4


@tower_door
def room(venue):
    """Whether any one message is sure to find room: OK, BOOK_FULL, TAPE_FULL or REPORTS_FULL."""
    counters = venue.counters
    orders = counters[RESTING] + 1
    if orders > venue.orders.shape[0]:
        return BOOK_FULL
    if counters[PRINT_ROWS] + orders > venue.prints.shape[0]:
        return TAPE_FULL
    told = _REPORTS_OF_AN_ORDER * orders + _REPORTS_OF_A_MESSAGE
    return OK if counters[REPORT_ROWS] + told <= venue.reports.shape[0] else REPORTS_FULL


@tower_door
def cross(venue):
    """Clock and quotes are new: let those meet who stand here, and end all of them once the other venue has closed."""
    if venue.counters[PHASE] != CLOSED:
        meet(venue, NOBODY)
        return
    for row in range(2):
        while venue.queues[row, 0, COUNT] > 0:
            leave(venue, venue.queues[row, 0, HEAD], EXPIRED, SESSION_OVER)


@tower_part
def _bad_terms(venue, limit, size, least):
    """Why the venue refuses an order's terms, NO_REASON if it does not."""
    counters = venue.counters
    if counters[PHASE] == CLOSED:
        return SESSION_OVER
    if counters[PHASE] == HALTED:
        return HALTED_REASON
    if size <= 0 or size > MOST_SIZE:
        return SIZE_REFUSED
    if size % counters[LOT] != 0 or least % counters[LOT] != 0:
        return ODD_LOT
    if least < 0 or least > size:
        return BAD_TERMS
    if limit != NO_LIMIT and not 0 <= limit <= 2 * (counters[LADDER] - 1):
        return OFF_GRID
    return NO_REASON


@tower_part
def _queue(venue, slot, side, limit, size):
    """Put an order at the end of its side."""
    orders, counters = venue.orders, venue.counters
    counters[SEQUENCE] += 1
    add(orders, venue.queues, venue.ends, slot, side, 0, size)
    orders[slot, PLACE] = counters[SEQUENCE]
    orders[slot, LIMIT] = side * BEYOND if limit == NO_LIMIT else limit


@tower_door
def submit(venue, owner, side, limit, size, least, at_once, until, reference):
    """Take an order in; gives (status, its id, 0 if it was refused).

    `limit` is a half level or NO_LIMIT, `least` the least that it trades at once, `until` (ns) when its time is over;
    `at_once` (0 or 1) says that what does not trade now is dropped.
    """
    orders, counters = venue.orders, venue.counters
    reason = _bad_terms(venue, limit, size, least)
    if reason == NO_REASON and side != BUY and side != SELL:
        reason = BAD_TERMS
    if reason == NO_REASON and at_once == 1 and counters[PHASE] != CONTINUOUS:
        reason = WRONG_PHASE
    if reason != NO_REASON:
        tell(venue, owner, 0, reference, REJECTED, reason, limit, size, 0, TAKER, 0)
        return REFUSED, 0
    slot = venue.spare[orders.shape[0] - counters[RESTING] - 1]
    counters[RESTING] += 1
    _queue(venue, slot, side, limit, size)
    order_id = (counters[SEQUENCE] << SLOT_BITS) | slot
    orders[slot, ORDER_ID] = order_id
    orders[slot, OWNER] = owner
    orders[slot, LEAST] = least
    orders[slot, UNTIL] = until
    orders[slot, REFERENCE] = reference
    tell_of(venue, slot, ACKNOWLEDGED, NO_REASON, limit, size, size, TAKER, 0)
    meet(venue, slot)
    if at_once == 1 and orders[slot, ORDER_ID] == order_id:
        leave(venue, slot, CANCELLED, NO_LIQUIDITY)
    return OK, order_id


@tower_part
def _standing(venue, owner, order_id):
    """The slot of an owner's order (OK), or why there is none."""
    slot = order_id & SLOT_MASK
    orders = venue.orders
    if order_id <= 0 or slot >= orders.shape[0] or orders[slot, ORDER_ID] != order_id or orders[slot, SIDE] == 0:
        return NO_ORDER, slot
    return OK if orders[slot, OWNER] == owner else NOT_YOURS, slot


@tower_door
def cancel(venue, owner, order_id, reference):
    """Take an owner's order back; gives the status."""
    drop_what_is_over(venue)
    status, slot = _standing(venue, owner, order_id)
    if status == OK:
        leave(venue, slot, CANCELLED, BY_STRATEGY)
    else:
        tell(venue, owner, order_id, reference, CANCEL_REJECTED, UNKNOWN_ORDER, -1, 0, 0, TAKER, 0)
    return status


@tower_door
def modify(venue, owner, order_id, limit, size, reference):
    """Give an owner's order another limit and open size; gives the status.

    With the same limit and no more size it keeps its place. What it trades at least stays as it was, or is all of it.
    """
    drop_what_is_over(venue)
    status, slot = _standing(venue, owner, order_id)
    if status != OK:
        tell(venue, owner, order_id, reference, MODIFY_REJECTED, UNKNOWN_ORDER, -1, 0, 0, TAKER, 0)
        return status
    orders = venue.orders
    side, old = orders[slot, SIDE], orders[slot, SIZE]
    reason = _bad_terms(venue, limit, size, 0)
    if reason != NO_REASON:
        tell_of(venue, slot, MODIFY_REJECTED, reason, limit, 0, old, MAKER, 0)
        return REFUSED
    worst = side * BEYOND if limit == NO_LIMIT else limit
    came = NOBODY
    if worst == orders[slot, LIMIT] and size <= old:
        if size < old:
            shrink(venue, slot, old - size)
    else:
        remove(orders, venue.queues, venue.ends, slot)
        _queue(venue, slot, side, limit, size)
        came = slot
    tell_of(venue, slot, REPLACED, BY_STRATEGY, limit, size, size, MAKER, 0)
    meet(venue, came)
    return OK
