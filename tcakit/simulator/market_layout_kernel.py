"""Where everything of a simulated market stands: its engine, its sources of orders, what is under way, and our orders.

All arrays are int64 unless said otherwise; times are ns since 1970 UTC, prices levels of the engine's ladder, sizes
stored units of the instrument.

* `at`: scalars, below; `facts` float64: the VALUE (in levels, with a fraction) that news and time move;
* `people`, a row a participant, `rates` float64 the same rows: what it is and wants, `memory` float64 what it
  remembers, `people_seeds` uint64 its own stream of random numbers; `seeds` uint64: those of the background (FLOW) and
  of what is nobody's, the value and the calls (WORLD);
* `bus`, a row a message under way; `heap` (n, 3): arrival, number, row of `bus`, the next to arrive first; `spare`:
  the free rows of `bus` in its first `bus rows - BUS_COUNT` places;
* `schedule`, a row for what the venue's calendar or the world does at a time: NS, WHAT, VALUE;
* `own` (n, 2): the engine's id of each of our orders, -1 before it arrives, and its owner; `client_of_slot`: which of
  our orders stands in a slot of the engine, -1 none;
* `log`: what we are told of our orders, in the order in which it happens;
* `dark_flow` float64: DARK_INTERVAL_NS and what follows it, of the orders that others put into the dark;
  `dark_seeds` uint64 (1,): of their random numbers;
* `steps`: where the code of the sources is, by BACKGROUND, PEOPLE, ARRIVAL, CALENDAR and what follows them: each is
  compiled by itself, and known by its address. As plain Python they are the functions themselves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# --- at ------------------------------------------------------------------------------------------------------------
NOW = 0
PROPOSAL = 1  # number of the background's next proposal
PROPOSAL_NS = 2
PEOPLE_NS = 3  # when the next participant wakes
TAPE_SEEN = 4  # rows of the tape that feedback and volume know
VOLUME = 5  # printed so far
BUS_COUNT = 6
BUS_NUMBER = 7  # messages sent so far
SCHEDULE_ROW = 8
UNCROSS_NS = 9  # when the call that is on ends; NEVER
VALUE_SECOND = 10  # whole seconds of the value's walk done
START_NS = 11
LOG_ROWS = 12
DELIVERED = 13  # rows of the log that have been read
RESPONSE_NS = 14  # an answer's way to us
EVENTS = 15  # what happened: proposals, wakes, arrivals
FIRST_OWN = 16  # owner of our first strategy: participants have those from 1 to here
CALL_NS = 17  # length of a volatility auction
REFERENCE = 18  # level that the next uncrossing is nearest to
VOLATILITY_CALLS = 19  # so far
WATCHED = 20  # 1: come back whenever the touch has changed
TOUCH = 21  # bid, ask, and what they show, as they were at the last look: four places
SENT = 25  # the engine's id of the order that came in last, -1 none, and its number if it is one of ours
SENT_CLIENT = 26
BAND = 27  # levels that a trade may be away from the last auction, 0 for any
DARK_PROPOSAL = 28  # number of the next order that somebody puts into the dark
DARK_NS = 29  # when; NEVER without a dark venue
AT = 30

FLOW = 0
WORLD = 1

BACKGROUND = 0
PEOPLE = 1
ARRIVAL = 2
CALENDAR = 3
DARK_FLOW = 4  # somebody puts an order into the dark
DARK_ARRIVAL = 5
DARK_CROSSING = 6
STEPS = 7

# dark_flow: means, and shares of orders
DARK_INTERVAL_NS = 0
DARK_LOTS = 1  # of an order
DARK_PATIENCE_NS = 2
DARK_MINIMUM_SHARE = 3  # those that trade no less than half of their size at once
DARK_LIMIT_SHARE = 4  # those that go no farther than the middle was when they came
DARK_LEAN = 5  # how much more often buys come while bids outweigh offers
DARK_NUMBERS = 6

VALUE = 0
VALUE_STEP = 1  # standard deviation of the value's walk in a second, in levels
FACTS = 2

NEVER = 2**62

# --- people --------------------------------------------------------------------------------------------------------
KIND = 0
LATENCY = 1
NEXT_NS = 2
NUMBER = 3  # how often it woke
SIDE = 4  # of what it works
REMAINING = 5
INVENTORY = 6
BID_ID = 7  # its quotes: the engine's id, NO_QUOTE, or ON_ITS_WAY
ASK_ID = 8
BID_LEVEL = 9
ASK_LEVEL = 10
SEEN_VOLUME = 11
TRADED = 12  # in all
PEOPLE_COLUMNS = 13

NO_QUOTE = 0
ON_ITS_WAY = -1

# rates, float64: the first three of every participant, the rest by kind.
INTERVAL = 0  # mean ns between its wakes
SIZE = 1  # of an order
LIMIT = 2  # of its inventory, either way
FIRST = 3
SECOND = 4
THIRD = 5
RATES = 6

MEMORY = 2

METAORDER_TRADER = 0
MARKET_MAKER = 1
MOMENTUM_TRADER = 2
FUNDAMENTAL_TRADER = 3
POV_FOLLOWER = 4
OPPORTUNIST = 5

# --- bus -----------------------------------------------------------------------------------------------------------
WHAT = 0
OWNER = 1
CLIENT = 2  # number of our order, -1 of a participant's
ORDER = 3  # the engine's id, of a participant's cancel or change
BUS_SIDE = 4
LEVEL = 5
QUANTITY = 6
TYPE = 7
TIME_IN_FORCE = 8
HIDDEN = 9
DISPLAY = 10
STOP = 11  # level, -1 none
PEG = 12
PEG_OFFSET = 13
TAG = 14  # QUOTE_BID or QUOTE_ASK: which quote of a participant it is
VENUE = 15  # LIT or DARK: where it goes
LEAST = 16  # what an order in the dark trades at once at least
BUS_COLUMNS = 17

LIT = 0
DARK = 1

SEND_NEW = 0
SEND_CANCEL = 1
SEND_MODIFY = 2

NO_TAG = 0
QUOTE_BID = 1
QUOTE_ASK = 2

# --- schedule ------------------------------------------------------------------------------------------------------
SCHEDULE_NS = 0
SCHEDULE_WHAT = 1
SCHEDULE_VALUE = 2
SCHEDULE_COLUMNS = 3

CALL = 0  # a call begins: SCHEDULE_VALUE is its phase
UNCROSS = 1
HALT = 2
RESUME = 3
CLOSE = 4
NEWS = 5  # SCHEDULE_VALUE: thousandths of a level that the value jumps by

# --- log -----------------------------------------------------------------------------------------------------------
LOG_NS = 0
LOG_LOCAL_NS = 1
LOG_ORDER = 2  # number of our order
LOG_EVENT = 3
LOG_REASON = 4
LOG_LEVEL = 5
LOG_PART = 6  # hundredths of a tick above it
LOG_SIZE = 7
LOG_LEAVES = 8
LOG_LIQUIDITY = 9
LOG_BID = 10  # best displayed levels at that moment; -1 and the ladder's length where there is none
LOG_ASK = 11
LOG_TAPE_ROW = 12
LOG_AHEAD = 13  # displayed size that stood before it when it came to rest, -1 elsewhere
LOG_COLUMNS = 14

# --- statuses of `run` beside those of the engine -------------------------------------------------------------------
AT_TIME = 0
RESPONSE = 30
TOUCHED = 31  # the touch has changed
BUS_FULL = 32
LOG_FULL = 33
DARK_FULL = 34


class Market(NamedTuple):
    """The arrays of a simulated market; `engine`, `flow`, `feedback` and `dark` (`venue.midpoint_layout_kernel`) are
    tuples of arrays themselves."""

    engine: Any
    flow: Any
    feedback: Any
    dark: Any
    at: Any
    facts: Any
    people: Any
    rates: Any
    memory: Any
    people_seeds: Any
    seeds: Any
    bus: Any
    heap: Any
    spare: Any
    schedule: Any
    own: Any
    client_of_slot: Any
    log: Any
    dark_flow: Any
    dark_seeds: Any
    steps: Any
