"""What a dark venue is made of: one tuple of int64 arrays, and the names of their columns.

Orders rest unseen and meet at the middle of another venue's displayed best prices. Prices are half levels of that
venue's ladder, so that a middle is a whole number: best bid level + best offer level. `Midpoint` holds, for one symbol,

* `orders` (slots, 12): the orders, by slot; columns 0-4 are those of `book.fifo_kernel`, all at its level 0;
* `queues` (2, 1, 4) and `ends` (2,): a book of `fifo_kernel` with one level: the buys in the order of time, and the
  sells;
* `spare` (slots,): the free slots in its first slots - RESTING places;
* `counters` (COUNTERS,): see below. The caller sets CLOCK (ns), and PHASE, BID and ASK as they stand at the displayed
  venue, before each message, and once LADDER, LOT and SELF_MATCH;
* `prints` (rows, 10): what traded. The columns from PRINT_BUY_OWNER on are private;
* `reports` (rows, 15): what owners above 0 are told, in the columns of the displayed venue's reports and one more.

An order's id is its sequence number << 24 | its slot, as at the displayed venue.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tcakit.book.fifo_kernel import HEAD, ORDER_COLUMNS, TAIL
from tcakit.market.codes import MATCH_OFF
from tcakit.venue.engine_layout_kernel import CLOSED, REPORT_COLUMNS

# --- orders: beside NEXT, PREVIOUS, SIZE, LEVEL, SIDE of the book ---------------------------------------------------
ORDER_ID = ORDER_COLUMNS  # what its owner calls it
OWNER = 6
PLACE = 7  # number of its place in time: a smaller one trades first
LIMIT = 8  # the worst half level it trades at; of an order without limit beyond all there are
LEAST = 9  # the least that it trades at once, 0 any; of what is smaller than that, all of it
UNTIL = 10  # ns: it is gone from then on
REFERENCE = 11  # its owner's own number for it, told back with each report
MIDPOINT_ORDER_COLUMNS = 12

NO_LIMIT = -1
NEVER = 2**62

# --- counters -------------------------------------------------------------------------------------------------------
CLOCK = 0
PHASE = 1  # of the displayed venue (engine_layout_kernel)
BID = 2  # its best displayed levels, -1 and LADDER where there is none
ASK = 3
LADDER = 4  # its levels
RESTING = 5  # orders that stand here
SEQUENCE = 6  # the last number given
PRINT_ROWS = 7
REPORT_ROWS = 8
VOLUME = 9  # traded so far
LOT = 10
SELF_MATCH = 11  # market.codes
COUNTERS = 12

# --- prints ---------------------------------------------------------------------------------------------------------
PRINT_TS = 0
PRINT_HALF = 1  # half level
PRINT_SIZE = 2
PRINT_SIDE = 3  # of the order that came, 0 where both stood and the middle came to them
PRINT_BID = 4
PRINT_ASK = 5
PRINT_BUY_OWNER = 6  # private from here on
PRINT_SELL_OWNER = 7
PRINT_BUY_ID = 8
PRINT_SELL_ID = 9
PRINT_COLUMNS = 10

REPORT_REFERENCE = REPORT_COLUMNS
MIDPOINT_REPORT_COLUMNS = REPORT_COLUMNS + 1

NO_MIDDLE = -1


class Midpoint(NamedTuple):
    """The arrays of one dark venue; all int64."""

    orders: Any
    queues: Any
    ends: Any
    spare: Any
    counters: Any
    prints: Any
    reports: Any


def new_midpoint(slots, ladder_levels, print_rows, report_rows):
    """A venue where nothing stands, the displayed one closed. For Python; kernels get one."""
    orders = np.zeros((slots, MIDPOINT_ORDER_COLUMNS), np.int64)
    queues = np.zeros((2, 1, 4), np.int64)
    queues[:, :, HEAD] = -1
    queues[:, :, TAIL] = -1
    counters = np.zeros(COUNTERS, np.int64)
    counters[PHASE] = CLOSED
    counters[BID] = -1
    counters[ASK] = ladder_levels
    counters[LADDER] = ladder_levels
    counters[LOT] = 1
    counters[SELF_MATCH] = MATCH_OFF
    return Midpoint(
        orders,
        queues,
        np.array([-1, 1], np.int64),
        np.arange(slots),
        counters,
        np.zeros((print_rows, PRINT_COLUMNS), np.int64),
        np.zeros((report_rows, MIDPOINT_REPORT_COLUMNS), np.int64),
    )
