"""The integer words that files, store, kernels and reports share; kernels may import this and nothing else of ours.

Side is always the side of the book or of the order: +1 buy (bid), -1 sell (ask), 0 unknown.
"""

from __future__ import annotations

BUY = 1
SELL = -1

# --- what happened to the book (book_events.kind) ---------------------------------------------------------
SNAPSHOT = 0  # a level of the opening snapshot
ADD = 1  # an order joined the level
REDUCE = 2  # an order shrank in place
DELETE = 3  # an order left
EXECUTE = 4  # a displayed order traded
PRINT_HIDDEN = 5  # a trade against a hidden order: the displayed book does not move
PRINT_CROSS = 6  # an auction print
ENTER = 7  # a level came into the recorded window (it may have existed before)
LEAVE = 8  # a level went out of the recorded window (it may live on, unseen)
SET = 9  # a level's displayed size was published anew
PRINT = 10  # a trade published apart from the book
CLEAR = 11  # the book was emptied by the venue
CORRECTION = 12  # the recorded book says other than the recorded messages
HALT = 13  # trading stopped
QUOTE_RESUME = 14  # quoting resumed, trading still halted
TRADE_RESUME = 15  # trading resumed
EXECUTE_UNPRINTED = 16  # a displayed order traded, but its print is reported elsewhere (not to be counted twice)
BUST = 17  # an earlier print, named by its trade id, was broken

EVENT_NAMES = {
    SNAPSHOT: "snapshot",
    ADD: "add",
    REDUCE: "reduce",
    DELETE: "delete",
    EXECUTE: "execute",
    PRINT_HIDDEN: "print hidden",
    PRINT_CROSS: "print cross",
    ENTER: "enter",
    LEAVE: "leave",
    SET: "set",
    PRINT: "print",
    CLEAR: "clear",
    CORRECTION: "correction",
    HALT: "halt",
    QUOTE_RESUME: "quote resume",
    TRADE_RESUME: "trade resume",
    EXECUTE_UNPRINTED: "execute unprinted",
    BUST: "bust",
}
PRINT_KINDS = (EXECUTE, PRINT_HIDDEN, PRINT_CROSS, PRINT)
# An order that a venue replaces with loss of its place is written as DELETE and then ADD.
BOOK_KINDS = (SNAPSHOT, ADD, REDUCE, DELETE, EXECUTE, EXECUTE_UNPRINTED, ENTER, LEAVE, SET, CORRECTION)

# --- orders ------------------------------------------------------------------------------------------------
LIMIT = 0
MARKET = 1
ORDER_TYPE_NAMES = {LIMIT: "limit", MARKET: "market"}

GTC = 0
IOC = 1
FOK = 2
POST_ONLY = 3
DAY = 4  # until the session's close
AT_OPEN = 5  # only in the opening auction
AT_CLOSE = 6  # only in the closing auction
TIME_IN_FORCE_NAMES = {
    GTC: "gtc",
    IOC: "ioc",
    FOK: "fok",
    POST_ONLY: "post-only",
    DAY: "day",
    AT_OPEN: "opening",
    AT_CLOSE: "closing",
}

NO_PEG = 0
PRIMARY_PEG = 1  # to the best price of the order's own side
MARKET_PEG = 2  # to the best price of the other side
MIDPOINT_PEG = 3  # to the middle, rounded away from the other side
PEG_NAMES = {NO_PEG: "", PRIMARY_PEG: "primary", MARKET_PEG: "market", MIDPOINT_PEG: "midpoint"}

# What happens when an order would meet one of our own (self-match prevention).
MATCH_OFF = 0  # nothing: orders of ours pass each other
CANCEL_NEWEST = 1
CANCEL_OLDEST = 2
CANCEL_BOTH = 3
SELF_MATCH_NAMES = {
    MATCH_OFF: "off",
    CANCEL_NEWEST: "cancel-newest",
    CANCEL_OLDEST: "cancel-oldest",
    CANCEL_BOTH: "cancel-both",
}
DECREMENT = 4  # both shrink by the smaller one: simulated venues only
VENUE_SELF_MATCH_NAMES = {**SELF_MATCH_NAMES, DECREMENT: "decrement"}

# --- states of an order, and the events that lead there -------------------------------------------------------
NEW = 0  # made by the strategy, on its way to the venue
PENDING_CANCEL = 1  # a cancel is on its way to the venue
ACKNOWLEDGED = 2
PARTIAL = 3
FILLED = 4
CANCELLED = 5
REJECTED = 6
EXPIRED = 7
CANCEL_REJECTED = 8  # an event, not a state: the cancel came too late
REPLACED = 9  # events too, after which an order is as live as before: it has another price or size,
MODIFY_REJECTED = 10  # or it has not
PENDING_MODIFY = 11  # a modification is on its way to the venue
TRIGGERED = 12  # a stop order was touched off and goes to market
STATE_NAMES = {
    NEW: "new",
    PENDING_CANCEL: "pending cancel",
    ACKNOWLEDGED: "acknowledged",
    PARTIAL: "partial",
    FILLED: "filled",
    CANCELLED: "cancelled",
    REJECTED: "rejected",
    EXPIRED: "expired",
    CANCEL_REJECTED: "cancel rejected",
    REPLACED: "replaced",
    MODIFY_REJECTED: "modify rejected",
    PENDING_MODIFY: "pending modify",
    TRIGGERED: "triggered",
}

# --- why a fill happened, or why an order ended --------------------------------------------------------------
NO_REASON = 0
TOOK = 1  # our order crossed the spread on arrival
QUEUE_REACHED = 2  # a print at our price, after all that stood before us
TRADED_THROUGH = 3  # a print at a price worse than ours
CROSSED = 4  # the other side was displayed at our price or better
NO_LIQUIDITY = 5  # nothing was left to take within the limit
WOULD_CROSS = 6  # post-only would have taken
BY_STRATEGY = 7  # the strategy asked for it
OFF_GRID = 8  # the price is not on the tick grid of the replay
END_OF_DATA = 9  # the recording ended
UNKNOWN_ORDER = 10  # no such live order
HALTED = 11  # the venue was halted
NEVER_ARRIVED = 12  # it was lost on its way to the venue
AUCTION = 13  # at the price of an auction
NO_AUCTION = 14  # the auction it waited for was not recorded
SESSION_OVER = 15  # the session, or the auction it was meant for, is over
REPRICED = 16  # the price that it is pegged to moved
SELF_MATCH = 17  # it would have met another order of ours
# The gateway refused it before it was sent, by a limit on
LIMIT_SIZE = 18
LIMIT_NOTIONAL = 19
LIMIT_POSITION = 20
LIMIT_COLLAR = 21
LIMIT_OPEN_ORDERS = 22
LIMIT_MESSAGES = 23
# The venue refused it:
WRONG_PHASE = 24  # in this phase of the day there is no such order
SIZE_REFUSED = 25  # not above zero, or absurd
ODD_LOT = 26  # not in whole lots
PRICE_BAND = 27  # the price is too far away
BAD_TERMS = 28  # terms that do not go together
MIDPOINT = 29  # a fill at the middle of another venue's quotes
PRE_TRADE_LIMITS = (LIMIT_SIZE, LIMIT_NOTIONAL, LIMIT_POSITION, LIMIT_COLLAR, LIMIT_OPEN_ORDERS, LIMIT_MESSAGES)
REASON_NAMES = {
    NO_REASON: "",
    TOOK: "took",
    QUEUE_REACHED: "queue reached",
    TRADED_THROUGH: "traded through",
    CROSSED: "crossed",
    NO_LIQUIDITY: "no liquidity",
    WOULD_CROSS: "would cross",
    BY_STRATEGY: "by strategy",
    OFF_GRID: "outside the price grid",
    END_OF_DATA: "end of data",
    UNKNOWN_ORDER: "unknown order",
    HALTED: "halted",
    NEVER_ARRIVED: "never arrived",
    AUCTION: "auction",
    NO_AUCTION: "no auction recorded",
    SESSION_OVER: "session over",
    REPRICED: "repriced",
    SELF_MATCH: "self match",
    LIMIT_SIZE: "pre-trade limit: order size",
    LIMIT_NOTIONAL: "pre-trade limit: order notional",
    LIMIT_POSITION: "pre-trade limit: position",
    LIMIT_COLLAR: "pre-trade limit: price collar",
    LIMIT_OPEN_ORDERS: "pre-trade limit: open orders",
    LIMIT_MESSAGES: "pre-trade limit: messages a second",
    WRONG_PHASE: "not in this phase",
    SIZE_REFUSED: "size refused",
    ODD_LOT: "not in whole lots",
    PRICE_BAND: "outside the price band",
    BAD_TERMS: "terms that do not go together",
    MIDPOINT: "midpoint",
}

TAKER = 0
MAKER = 1
LIQUIDITY_NAMES = {TAKER: "taker", MAKER: "maker"}

# --- queue rules of the replay -----------------------------------------------------------------------------
RISK_AVERSE = 0  # only prints and a shrunken level move us forward
LOG_PROB = 1
LOG_PROB2 = 2
POWER_PROB = 3
POWER_PROB2 = 4
POWER_PROB3 = 5
FIFO = 6  # the exact place, from a level-3 recording
QUEUE_RULE_NAMES = {
    RISK_AVERSE: "risk-averse",
    LOG_PROB: "log",
    LOG_PROB2: "log2",
    POWER_PROB: "power",
    POWER_PROB2: "power2",
    POWER_PROB3: "power3",
    FIFO: "fifo",
}


def code_of(names: dict[int, str], name: str) -> int:
    """The integer of a word, e.g. `code_of(QUEUE_RULE_NAMES, "fifo")` is 6; KeyError if there is none."""
    for code, word in names.items():
        if word == name:
            return code
    raise KeyError(name)


# Rows of a blotter that change an earlier fill.
CORRECT = "correct"
CANCEL = "cancel"
