"""What a compiled strategy's run keeps beside the market: its place in the loop, its wakes, and what it was told."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tcakit.replay.layout_kernel import SETTINGS_SIZE

# Why a run came back. Statuses of `advance` are smaller.
OVER = np.int64(10)
FULL = np.int64(11)  # orders, messages, wakes or what was asked need larger arrays: enlarge them and call again
PAUSED = np.int64(12)  # many events have passed: call again
FAULTY = np.int64(13)  # the strategy asked for what cannot be: scalars[FAULT] says which

# What the strategy is to be asked next.
STARTS = np.int64(20)
WAKES = np.int64(21)
FILLS = np.int64(22)
CHANGES = np.int64(23)

# settings of a compiled strategy's replay have one more.
BASE_TICK = SETTINGS_SIZE  # tick of ladder index 0

# scalars: int64.
PHASE = 0  # ADVANCING, TELLING or WAKING
POSITION = 1  # stored units bought less those sold, as the strategy knows it
N_ORDERS = 2
N_MESSAGES = 3
LAST_ARRIVAL_NS = 4
N_WAKES = 5
N_TOLD = 6
END_NS = 7  # the run may end from here on
HAS_STARTED = 8
STATUS = 9  # of the last `advance`
FAULT = 10
FAULT_VALUE = 11
EVENTS_LEFT = 12  # until the run pauses
LOG_ROW = 13  # of the event at hand
ENTRY_KIND = 14  # FIXED, RECORDED or DRAWN of `layout_kernel`
ENTRY_NS = 15  # FIXED: of new orders, cancels and modifications; RECORDED: the offset
CANCEL_NS = 16
MODIFY_NS = 17
START_NS = 18  # the parent order that the strategy works, if there is one
LAST_NS = 19
PARENT_SIDE = 20
PARENT_QUANTITY = 21
PARENT_LIMIT = 22
UNTIL_NS = 23  # the strategy is asked no more after that time
SCALARS = 24

ADVANCING, TELLING, WAKING = 0, 1, 2

# Faults.
BAD_ORDER = 1  # side or quantity
BAD_CHANGE = 2  # quantity
TOO_MANY = 3  # messages from one callback
BAD_PARTS = 4  # of an order contradict each other
NO_SESSION = 5  # whose times an order needs

# What one callback may send and ask: there is room for it before it is called.
ROOM = 1024

# told: int64 (capacity, 5): what the strategy asked, as in `ReplayResult.local_events`.
TOLD_NS = 0
TOLD_ORDER = 1
TOLD_EVENT = 2
TOLD_TICK = 3
TOLD_SIZE = 4
TOLD_FIELDS = 5

# known: int64 (capacity, 2), by order id.
IS_OVER = 0
OPEN_SIZE = 1
KNOWN_FIELDS = 2


class Own(NamedTuple):
    """What is the strategy's own."""

    scalars: Any  # int64 (SCALARS)
    parameters: Any  # float64
    integers: Any  # int64, the strategy's memory of whole numbers, zero at the start
    floats: Any  # float64, and of others
    wakes: Any  # int64, a heap: the earliest first
    told: Any
    known: Any
    entry_at: Any  # int64, RECORDED: times of the requests
    entry_ns: Any  # int64, RECORDED: arrivals; DRAWN: one after the other
    answer_ns: Any  # int64, RECORDED: answers


class Fill(NamedTuple):
    """An execution as the strategy learns of it (`venue.gateway.Fill`)."""

    order_id: Any
    side: Any
    tick: Any
    quantity: Any
    venue_ns: Any
    local_ns: Any
    is_maker: Any
