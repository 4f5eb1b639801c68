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
TAKER = np.int64(codes.TAKER)
MAKER = np.int64(codes.MAKER)
NOTHING = np.int64(0)
EITHER_SIDE = np.int64(-1)
AT_OR_BETTER = np.int64(0)  # half ticks by which an order must be priced better to be eligible
BETTER = np.int64(1)

# Why `advance` came back.
AT_TIME = 0
RESPONSE = 1  # something the strategy must know has reached it
GROW_LOG = 2  # the log is nearly full: enlarge it and call again
GROW_LIVE = 3  # the table of resting orders is full: enlarge it and call again

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
PLACING = 17  # whether the message at hand is a modification whose order has left its place
WALKED = 18  # how many ticks from the best the message at hand has taken from, when the log filled up
CURSOR_SIZE = 19

# settings: int64 parameters of the run.
RESPONSE_LATENCY_NS = 0
FEED_LATENCY_NS = 1
QUEUE_RULE = 2
LOT = 3
ONE_BOOK = 4  # 1 when the strategy sees the venue's book without delay
WHOLE_FILLS = 5  # 1 when a fill is always of all that an order has left
DEPLETES = 6  # 1 when what we took stays taken
RESPONSE_KIND = 7
SETTINGS_SIZE = 8

# How long an answer takes (RESPONSE_KIND).
FIXED = 0  # RESPONSE_LATENCY_NS
RECORDED = 1  # between recorded answers: response_at are times at the venue, response_ns what these took
DRAWN = 2  # response_ns, one after the other

# parameters: float64 (2).
POWER = 0  # of the power queue rules
UNIT = 1  # stored size units a share, contract or coin

# orders: int64 (capacity, ORDER_FIELDS), by order id.
SIDE = 0  # 0 buy, 1 sell
TICK = 1
QUANTITY = 2
LEAVES = 3
TYPE = 4
TIME_IN_FORCE = 5
STATE = 6
SUBMITTED_NS = 7
OWNER = 8
ORDER_FIELDS = 9

# bus: int64 (capacity, 5) of messages on their way to the venue; tick and quantity are a modification's.
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

# live: int64 (capacity, 4), resting orders in order of arrival; queue: float64 (capacity, 2).
L_ORDER = 0
L_SIDE = 1
L_TICK = 2
L_ROW = 3
AHEAD = 0
PRINTED = 1

# log: int64 (capacity, LOG_FIELDS) of what the venue did; log_ahead: float64 (capacity).
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
LOG_FIELDS = 12
