"""Where what stands in the arrays of a replay, and the words that its kernels hand each other."""

from __future__ import annotations

import numpy as np

from tcakit.market import codes

# Numpy integers, as the parts below are handed them: numba compiles anew for every literal.
ACKNOWLEDGED = np.int64(codes.ACKNOWLEDGED)
PARTIAL = np.int64(codes.PARTIAL)
FILLED = np.int64(codes.FILLED)
CANCELLED = np.int64(codes.CANCELLED)
REJECTED = np.int64(codes.REJECTED)
EXPIRED = np.int64(codes.EXPIRED)
CANCEL_REJECTED = np.int64(codes.CANCEL_REJECTED)
REPLACED = np.int64(codes.REPLACED)
MODIFY_REJECTED = np.int64(codes.MODIFY_REJECTED)
TRIGGERED = np.int64(codes.TRIGGERED)
NO_REASON = np.int64(codes.NO_REASON)
TOOK = np.int64(codes.TOOK)
QUEUE_REACHED = np.int64(codes.QUEUE_REACHED)
TRADED_THROUGH = np.int64(codes.TRADED_THROUGH)
CROSSED = np.int64(codes.CROSSED)
NO_LIQUIDITY = np.int64(codes.NO_LIQUIDITY)
WOULD_CROSS = np.int64(codes.WOULD_CROSS)
BY_STRATEGY = np.int64(codes.BY_STRATEGY)
OFF_GRID = np.int64(codes.OFF_GRID)
UNKNOWN_ORDER = np.int64(codes.UNKNOWN_ORDER)
HALTED = np.int64(codes.HALTED)
NEVER_ARRIVED = np.int64(codes.NEVER_ARRIVED)
AUCTION = np.int64(codes.AUCTION)
NO_AUCTION = np.int64(codes.NO_AUCTION)
SESSION_OVER = np.int64(codes.SESSION_OVER)
REPRICED = np.int64(codes.REPRICED)
SELF_MATCH = np.int64(codes.SELF_MATCH)
TAKER = np.int64(codes.TAKER)
MAKER = np.int64(codes.MAKER)
NOTHING = np.int64(0)
NEVER = np.int64(1 << 62)
EITHER_SIDE = np.int64(-1)
AT_OR_BETTER = np.int64(0)  # half ticks by which an order must be priced better to be eligible
BETTER = np.int64(1)

# Why `advance` came back.
AT_TIME = 0
RESPONSE = 1  # something the strategy must know has reached it
GROW_LOG = 2  # the log is nearly full: enlarge it and call again
GROW_LIVE = 3  # the table of resting or of watched orders is full: enlarge both and call again

# cursor: int64 scalars of the state.
ROW = 0  # next row of the feed at the venue
LOCAL_ROW = 1  # next row of the feed that has not reached the strategy
NOW = 2
N_LIVE = 3
N_LOG = 4
DELIVERED = 5  # log rows the strategy already knows
BUS_HEAD = 6
BUS_TAIL = 7
LAST_RESPONSE_NS = 8
IS_HALTED = 9
SEEN_ROW = 10  # next row that local_sizes do not show yet: they are brought up to LOCAL_ROW when looked at
QUOTE_BID = 11  # best displayed and not yet taken before the row or message at hand, -1 if none
QUOTE_ASK = 12
OWN_BID = 13  # our best resting bid, -1 if none
OWN_ASK = 14  # our best resting offer, the number of ticks if none
ANY_TAKEN = 15  # whether we ever took displayed size
ANY_LOCAL_TAKEN = 16  # and whether the strategy knows
PLACING = 17  # whether the message or watched order at hand has been told of and is still to be placed
WALKED = 18  # how many ticks from the best the message at hand has taken from, when the log filled up
N_WATCHED = 19  # orders that rows or the clock may move though they rest nowhere, or because they do
N_PEGGED = 20  # of them pegged
STOP_ABOVE = 21  # twice the lowest tick at which a print sets off a buy stop, as far as none reaches if there is none
STOP_BELOW = 22  # and twice the highest one of a sell stop
PEG_BID = 23  # best displayed ticks that pegged orders were last priced by
PEG_ASK = 24
STOPS_HIT = 25  # whether prints of the instant at hand have set off stops
UNSETTLED = 26  # what watched orders are still to do before anything else happens, as bits
IS_CLOSED = 27  # whether the session's close has come for watched orders
N_TOLD = 28  # rows of `told`
LAST_ARRIVAL_NS = 29  # when the last message that does not get lost reaches the venue
SHIFT = 30  # whole ticks by which our impact has moved the recorded book: our tick less that of the recording
SHIFT_NS = 31  # when the shift is to be looked at again, as it may have faded to another tick; never without impact
IMPACT_NS = 32  # the time of which the impact in `terms` and `impact` is
N_SHIFTS = 33  # rows of `shifts`
NEXT_PAST = 34  # next row of `own_past`
N_LENT = 35  # rows of `lent_at`
CURSOR_SIZE = 36

# cursor[UNSETTLED]
OPENS = 1  # the opening auction has printed
CLOSES = 2  # the closing auction has
MOVES = 4  # stops were set off, or the price of pegs moved
ENDS = 8  # the session has ended
SHIFTS = 16  # our impact is to be looked at: the book may have moved by a tick

# settings: int64 parameters of the run.
RESPONSE_LATENCY_NS = 0
FEED_LATENCY_NS = 1
QUEUE_RULE = 2
LOT = 3
ONE_BOOK = 4  # 1 when the strategy sees the venue's book without delay
WHOLE_FILLS = 5  # 1 when a fill is always of all that an order has left
DEPLETES = 6  # 1 when what we took stays taken
RESPONSE_KIND = 7
SELF_MATCH_RULE = 8
CLOSE_NS = 9  # end of the session, for the orders that end with it
OPEN_ROW = 10  # the row that prints the opening auction, -1 if none does
CLOSE_ROW = 11
LEAST_RESPONSE_NS = 12  # no answer takes less
HAS_IMPACT = 13  # 1 when what our fills do to the market is kept and logged
REFILLS = 14  # 1 when time gives back what we took
SETTINGS_SIZE = 15

# How long an answer takes (RESPONSE_KIND).
FIXED = 0  # RESPONSE_LATENCY_NS
RECORDED = 1  # between recorded answers: response_at are times at the venue, response_ns what these took
DRAWN = 2  # response_ns, one after the other

# parameters: float64 (2).
POWER = 0  # of the power queue rules
UNIT = 1  # stored size units a share, contract or coin

# terms: float64 (terms, TERM_FIELDS), one for each exponential by which impact fades.
WEIGHT = 0  # ticks that the price moves for each stored unit
HALVINGS = 1  # how often it halves in a ns
LEFT = 2  # ticks left at cursor[IMPACT_NS], above zero where we bought
TERM_FIELDS = 3

# impact: float64 (IMPACT_SIZE).
TRANSIENT = 0  # ticks at cursor[IMPACT_NS]: the sum of what the terms have left
PERMANENT = 1  # ticks
LASTING = 2  # ticks of permanent impact for each stored unit
JUMP = 3  # ticks of both kinds for each stored unit
PASSIVE_WEIGHT = 4  # part of it that a fill has which took nothing
WALK_SIZE = 5  # what the order at hand has taken
WITHHELD = 6  # and what it could not, as we took it before
REFILL_HALVINGS = 7  # how often what we took halves in a ns
IMPACT_SIZE = 8

# own_past: int64 (fills, 2), the firm's fills that the recording holds: ns, and stored units, below zero for sells.
# shifts: int64 (capacity, 2): ns and the shift from then on. lent_at: int64 (capacity, 2): side and tick of `lent`.

# orders: int64 (capacity, ORDER_FIELDS), by order id. All ticks of an order are ours: less the shift they are those of
# the recorded book.
SIDE = 0  # 0 buy, 1 sell
TICK = 1
QUANTITY = 2
LEAVES = 3
TYPE = 4
TIME_IN_FORCE = 5
STATE = 6
SUBMITTED_NS = 7
OWNER = 8
WAITS = 9  # for what it waits at the venue without resting anywhere
STOP_TICK = 10
DISPLAY = 11  # what an iceberg shows at once, 0 where an order shows all
TIP = 12  # what it shows now
PEG = 13
PEG_OFFSET = 14  # ticks from its reference towards the other side
PEG_LIMIT = 15
HAS_PEG_LIMIT = 16  # whether the limit is one that was asked for
HAS_STOP = 17
IS_WATCHED = 18
IS_DUE = 19
ORDER_FIELDS = 20

# orders[WAITS]
FOR_NOTHING = 0
FOR_STOP = 1
FOR_OPEN = 2
FOR_CLOSE = 3
FOR_PEG = 4  # no price to be pegged to

# bus: int64 (capacity, 5) of messages on their way to the venue; tick and quantity are a modification's. The tick of
# one that is lost is the reason, 0 for what never arrived.
BUS_NS = 0
BUS_WHAT = 1
BUS_ORDER = 2
BUS_TICK = 3
BUS_QUANTITY = 4
BUS_FIELDS = 5
SEND_NEW = 0
SEND_CANCEL = 1
SEND_MODIFY = 2
SEND_LOST = 3  # a new order that never reaches the venue: the strategy is told so at that time
SEND_CANCEL_LOST = 4  # and a cancel
SEND_MODIFY_LOST = 5  # and a modification

# told: int64 (capacity, 5), what strategies asked: the limit and open size that the order then had, or was to get.
TOLD_NS = 0
TOLD_ORDER = 1
TOLD_EVENT = 2
TOLD_TICK = 3
TOLD_SIZE = 4
TOLD_FIELDS = 5

# live: int64 (capacity, 4), resting orders in order of arrival, at ticks of the recorded book; queue: float64
# (capacity, 2).
# watched: int64 (capacity), orders in order of arrival.
L_ORDER = 0
L_SIDE = 1
L_TICK = 2
L_ROW = 3
AHEAD = 0
PRINTED = 1

# log: int64 (capacity, LOG_FIELDS) of what the venue did; log_ahead: float64 (capacity). Its tick is ours, bid and ask
# are those of the recorded book.
LOG_NS = 0
LOG_LOCAL_NS = 1
LOG_ORDER = 2
LOG_EVENT = 3
LOG_REASON = 4
LOG_TICK = 5
LOG_SIZE = 6
LOG_LEAVES = 7
LOG_ROW = 8
LOG_BID = 9
LOG_ASK = 10
LOG_LIQUIDITY = 11
LOG_SHIFT = 12
LOG_FIELDS = 13

# log_impact: float64 (capacity, MET_FIELDS), one row a row of the log; ticks, above zero where they move prices up.
MET_TRANSIENT = 0  # what earlier fills had moved the market by
MET_PERMANENT = 1
MET_OWN = 2  # what the fill itself moved it by while it traded
MET_CHARGE = 3  # by how much a fill that took is dearer than its tick says
MET_WITHHELD = 4  # displayed size that it could not have, as we took it before
MET_FIELDS = 5
