"""What the matching engine is made of: one tuple of int64 arrays, and the names of their columns.

`Engine` holds, for one symbol of one venue,

* `orders` (slots, 16): the orders, by slot. Columns 0-4 are those of `book.fifo_kernel`, SIZE being what is displayed
  or, of an order that nobody sees, all of it;
* `levels` (BOOKS, 2, ladder levels, 4) and `best` (BOOKS, 2): five books of `fifo_kernel` over the same orders.
  DISPLAYED is what everybody sees. HIDDEN holds hidden and pegged orders, which trade after the displayed ones of their
  level. In STOPS the stop orders wait, buys on the ask row and sells on the bid row, so that `best` is the next to be
  touched off. OPENING and CLOSING hold the orders that are for an auction alone (and market orders during a call);
* `pool` (slots,): a permutation of the slots: the displayed orders first (LIVE of them), then the unseen ones (UNSEEN),
  then the free slots. A displayed order is drawn at random in one step;
* `pegs` (slots, 2): the pegged orders linked in the order of their entry;
* `counters` (COUNTERS,): see the names below. The caller sets CLOCK (ns) before each message, and may set BAND_LOW and
  BAND_HIGH (a match outside starts a volatility auction), STATIC_LOW and STATIC_HIGH (a price outside is refused), LOT
  and SELF_MATCH (`market.codes`);
* `tape` (rows, 12): the level-3 log, a row an event. The columns from TAPE_OWNER on are private: no export has them;
* `reports` (rows, 14): what owners above 0 are told. Owner 0 stands for the anonymous rest of the market.

An order's id is its sequence number << 24 | its slot: found without a map, and never used twice. PUBLIC_ID is its name
on the tape: the same at first, a new one whenever the order loses its place (as in ITCH), so that a smaller one has
priority. Prices are levels of a ladder (level = tick - base tick), sizes whole units.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tcakit.book.fifo_kernel import HEAD, NEXT, ORDER_COLUMNS, PREVIOUS, TAIL
from tcakit.market.codes import MATCH_OFF

# --- orders: beside NEXT, PREVIOUS, SIZE, LEVEL, SIDE of the book. The first eight share a line of the cache. ---------
ORDER_ID = ORDER_COLUMNS  # what its owner calls it
OWNER = 6
POOL_PLACE = 7
PUBLIC_ID = 8  # what the tape calls it: PLAIN_NAME where that is the order's id, 0 while it is to be named anew
RESERVE = 9  # iceberg: not yet shown
DISPLAY = 10  # iceberg: shown at once, 0 all; HIDES; of a stop TOUCHED, or 0
BOOK = 11  # the book it stands in, NOWHERE while in none
TYPE = 12
TIME_IN_FORCE = 13
PEG = 14  # 0 none, else the code and, above its PEG_BITS, the offset in ticks towards the other side
LIMIT = 15  # level that a stop-limit goes to or that a pegged order must not pass, NO_LEVEL none
ENGINE_ORDER_COLUMNS = 16

DISPLAYED = 0
HIDDEN = 1
STOPS = 2
OPENING = 3
CLOSING = 4
BOOKS = 5
NOWHERE = -1
PLAIN_NAME = -1
NO_LEVEL = -1
PEG_BITS = 3
HIDES = -1
TOUCHED = -2

SLOT_BITS = 24
MOST_SLOTS = 1 << SLOT_BITS
SLOT_MASK = MOST_SLOTS - 1
MOST_SIZE = 1 << 36  # of one order: 2**24 of them still add up
_LINE = 8  # words of 8 bytes in a line of the cache

# --- counters ---------------------------------------------------------------------------------------------------
CLOCK = 0
PHASE = 1
LIVE = 2  # displayed orders
BIDS = 3  # displayed bids, and next to it
ASKS = 4  # displayed asks
UNSEEN = 5  # orders that are not displayed
SEQUENCE = 6  # the last number given to an id
TAPE_ROWS = 7
REPORT_ROWS = 8
LAST_LEVEL = 9  # of the last trade, NO_LEVEL before there was one
BAND_LOW = 10
BAND_HIGH = 11
STATIC_LOW = 12
STATIC_HIGH = 13
LOT = 14
SELF_MATCH = 15
PEGS = 16  # live pegged orders
STOP_ORDERS = 17  # live stop orders
ICEBERGS = 18  # live orders with a reserve
EXTRA_ROWS = 19  # rows that unseen orders and reserves could yet write, beside one for each displayed order
OWNED = 20  # live orders of owners above 0
REASON = 21  # of the last refusal (market.codes)
TRADED_LOW = 22  # lowest and highest level traded at in this message: what touches stops off
TRADED_HIGH = 23
PEG_FIRST = 24  # slots of the first and the last pegged order, -1 none
PEG_LAST = 25
PEG_BID = 26  # displayed best that pegged orders were last priced by
PEG_ASK = 27
DROPPED = 28  # what was left of the order that came last and ended
DRESSED = 29  # live orders that came the long way: only theirs are the columns from PUBLIC_ID on to be looked at
TOUCHED_STOPS = 30  # live stops that trades reached before a call began, which go when it has ended
COUNTERS = 31

# --- phases -----------------------------------------------------------------------------------------------------
CONTINUOUS = 0
PRE_OPEN = 1  # these three are calls: orders gather, nothing trades until `uncross`
CLOSING_CALL = 2
VOLATILITY = 3
HALTED = 4
CLOSED = 5

# --- tape -------------------------------------------------------------------------------------------------------
TAPE_TS = 0
TAPE_KIND = 1  # market.codes
TAPE_SIDE = 2  # of the resting order
TAPE_LEVEL = 3
TAPE_PART = 4  # hundredths of a tick above the level, for prints between ticks
TAPE_SIZE = 5
TAPE_LEVEL_SIZE = 6  # displayed after it, -1 for what is not displayed
TAPE_ORDER_ID = 7  # PUBLIC_ID, 0 of an order that is not displayed
TAPE_OWNER = 8  # private from here on: owner of the resting order
TAPE_TAKER_OWNER = 9
TAPE_TAKER_ID = 10  # ORDER_ID of the order that came, 0 none
TAPE_RESTING_ID = 11  # ORDER_ID of the resting order
TAPE_COLUMNS = 12

# --- reports ----------------------------------------------------------------------------------------------------
REPORT_TS = 0
REPORT_ORDER_ID = 1
REPORT_OWNER = 2
REPORT_EVENT = 3  # states and events of orders in market.codes
REPORT_REASON = 4
REPORT_LEVEL = 5  # of the fill, else of the order
REPORT_PART = 6
REPORT_SIZE = 7  # of the fill, else of what ended or was changed
REPORT_LEAVES = 8  # still open after it
REPORT_LIQUIDITY = 9
REPORT_COUNTERPARTY = 10  # owner
REPORT_BID = 11  # displayed best levels just before it
REPORT_ASK = 12
REPORT_TAPE_ROW = 13  # the row of the tape that tells the same to all, or the next one to be written
REPORT_COLUMNS = 14

# --- statuses beside those of the book ----------------------------------------------------------------------------
BOOK_FULL = 11  # no free slot: make a larger engine
TAPE_FULL = 12  # the message might not find room on the tape: make it longer
REPORTS_FULL = 13  # nor its reports
INTERRUPTED = 14  # the next match is outside the band: a volatility auction has begun
REFUSED = 15  # counters[REASON] says why
NOT_YOURS = 16  # the order is another owner's


class Engine(NamedTuple):
    """The arrays of one matching engine; all int64."""

    orders: Any
    levels: Any
    best: Any
    pool: Any
    pegs: Any
    counters: Any
    tape: Any
    reports: Any


def new_engine(slots, ladder_levels, tape_rows, report_rows):
    """An engine with empty books, in continuous trading, with lots of 1 and no bands. For Python; kernels get one."""
    orders = empty_slots(slots, 0)
    levels = at_a_line((BOOKS, 2, ladder_levels, 4))
    levels[:] = 0
    levels[:, :, :, HEAD] = -1
    levels[:, :, :, TAIL] = -1
    best = np.empty((BOOKS, 2), np.int64)
    best[:, 0] = -1
    best[:, 1] = ladder_levels
    pool = at_a_line((slots,))
    pool[:] = np.arange(slots)
    pegs = np.full((slots, 2), -1, np.int64)
    counters = np.zeros(COUNTERS, np.int64)
    counters[PHASE] = CONTINUOUS
    counters[LAST_LEVEL] = NO_LEVEL
    counters[BAND_HIGH] = ladder_levels - 1
    counters[STATIC_HIGH] = ladder_levels - 1
    counters[LOT] = 1
    counters[SELF_MATCH] = MATCH_OFF
    counters[TRADED_LOW] = ladder_levels
    counters[TRADED_HIGH] = NO_LEVEL
    counters[PEG_FIRST] = -1
    counters[PEG_LAST] = -1
    counters[PEG_BID] = -1
    counters[PEG_ASK] = ladder_levels
    tape = at_a_line((tape_rows, TAPE_COLUMNS))
    reports = np.empty((report_rows, REPORT_COLUMNS), np.int64)
    return Engine(orders, levels, best, pool, pegs, counters, tape, reports)


def at_a_line(shape):
    """A table of int64, not yet written, that begins where a line of the cache does: numpy's own begin 16 bytes later,
    and an order would then lie in three lines rather than in two. Not zeros: they do not ask for large pages of memory.
    """
    words = 1
    for length in shape:
        words *= length
    table = np.empty(words + _LINE, np.int64)
    first = -(table.ctypes.data // 8) % _LINE
    return table[first : first + words].reshape(shape)


def empty_slots(slots, first):
    """Free slots, the first of them of that number."""
    orders = at_a_line((slots, ENGINE_ORDER_COLUMNS))
    orders[:] = 0
    orders[:, NEXT] = -1
    orders[:, PREVIOUS] = -1
    orders[:, POOL_PLACE] = np.arange(first, first + slots)
    orders[:, PUBLIC_ID] = PLAIN_NAME
    orders[:, LIMIT] = NO_LEVEL
    return orders
