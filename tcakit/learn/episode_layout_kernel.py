"""Where everything of an episode stands: an order that is being worked, the market as it is seen, and what it has cost.

`account` is int64: times ns since 1970, prices ticks, sizes stored units of the instrument; a MID is the sum of the two
best ticks, so that it is a whole number (of half ticks). `measures` and `settings` are float64.
"""

from __future__ import annotations

# --- account -------------------------------------------------------------------------------------------------------
SIDE = 0  # +1 buy, -1 sell
QUANTITY = 1  # all that is to be traded
LOT = 2
STEPS = 3
START_NS = 4
DURATION_NS = 5
STEP = 6  # decisions taken so far
LEFT = 7  # not filled, as far as we know
OPEN = 8  # of that, in orders that stand or are under way
ORDER = 9  # number of the limit order that stands, NO_ORDER
ORDER_TICK = 10  # its limit
BID = 11  # best ticks and what they show, as seen now; of a side that is empty the last tick, and nothing
ASK = 12
BID_SIZE = 13
ASK_SIZE = 14
BID_DEPTH = 15  # shown by the best DEPTH_TICKS ticks; the plain loop looks at them where a feature asks
ASK_DEPTH = 16
MID = 17
LAST_MID = 18  # at the decision before
ARRIVAL_MID = 19
VOLUME = 20  # printed by others since the start
STEP_VOLUME = 21  # in the last step
STEP_BOUGHT = 22  # in the last step, by others who took from sellers, from us too
STEP_SOLD = 23
STEP_FILLED = 24  # ours in the last step
STEP_COST = 25  # of the last step, in half ticks times units
COST = 26  # of all steps so far
FILLED_COST = 27  # of the fills of this step against its MID, collected until the step is closed
FILLS = 28
LEFT_AT_END = 29  # before what was left was sent as a market order
IS_OVER = 30
ASKED_QUANTITY = 31  # what the action wants: units to take at once, and
ASKED_OFFSET = 32  # ticks from our side's touch of a limit order for the rest; or NO_LIMIT, or LEAVE
# Of a simulated market alone, whose steps a kernel takes (`step_kernel`).
PHASE = 33  # how far the step under way has come
BASE_TICK = 34  # of the ladder's level 0
ENTRY_NS = 35  # a message's way to the venue
LAST_ARRIVAL_NS = 36  # of the messages sent so far
SENT = 37  # orders sent so far
TAPE_LOOKED = 38  # rows of the tape that have been looked at
WAIT_NS = 39  # time that the step waits for
ACCOUNT = 40

NO_ORDER = -1
NO_LIMIT = 1 << 40  # no limit order is to stand
LEAVE = NO_LIMIT + 1  # the one that stands stays
DEPTH_TICKS = 5
REACH_TICKS = 1_000  # how far behind a touch that is ours alone the next one is looked for

# --- measures ------------------------------------------------------------------------------------------------------
VARIANCE = 0  # of a step's move of the mid (ticks squared), decayed
PRICE = 1  # of the last step, the parts of its reward and their weighted sum
SPEED = 2
IMPACT = 3
COMPLETION = 4
UNFILLED = 5
REWARD = 6
MEASURES = 7

# --- settings ------------------------------------------------------------------------------------------------------
WEIGHTS = 0  # of PRICE to UNFILLED
OBJECTIVES = 5
ALLOWED_PARTICIPATION = 5
SPREAD_SCALE = 6  # ticks
SIZE_SCALE = 7  # units
VARIANCE_DECAY = 8
SETTINGS = 9

# --- kinds of action -----------------------------------------------------------------------------------------------
RATE = 0  # share of the slice that an even schedule would send now
OFFSET = 1  # ticks from the touch of a limit order for all that is left
UNITS = 2  # market orders of so many units
