"""Messages on their way to the venue: the next to arrive comes first, and of those that arrive together the first
sent."""

from __future__ import annotations

from tcakit.jit import tower_door, tower_part
from tcakit.simulator.market_layout_kernel import (
    BUS_COUNT,
    BUS_NUMBER,
    BUS_SIDE,
    CLIENT,
    DISPLAY,
    HIDDEN,
    LEAST,
    LEVEL,
    LIT,
    ORDER,
    OWNER,
    PEG,
    PEG_OFFSET,
    QUANTITY,
    STOP,
    TAG,
    TIME_IN_FORCE,
    TYPE,
    VENUE,
    WHAT,
)


@tower_part
def _earlier(heap, one, other):
    return heap[one, 0] < heap[other, 0] or (heap[one, 0] == heap[other, 0] and heap[one, 1] < heap[other, 1])


@tower_part
def _swap(heap, one, other):
    for column in range(3):
        held = heap[one, column]
        heap[one, column] = heap[other, column]
        heap[other, column] = held


@tower_part
def place(at, bus, heap, spare, arrival_ns):
    """Make room for a message that arrives at a time; gives its row of `bus`, which there must be."""
    count = at[BUS_COUNT]
    row = spare[bus.shape[0] - count - 1]
    heap[count, 0] = arrival_ns
    heap[count, 1] = at[BUS_NUMBER]
    heap[count, 2] = row
    at[BUS_COUNT] = count + 1
    at[BUS_NUMBER] += 1
    child = count
    while child > 0:
        parent = (child - 1) // 2
        if not _earlier(heap, child, parent):
            break
        _swap(heap, child, parent)
        child = parent
    return row


@tower_door
def take_next(at, bus, heap, spare):
    """Take the message that arrives next off the bus; gives its row, which is free from then on."""
    row = heap[0, 2]
    last = at[BUS_COUNT] - 1
    _swap(heap, 0, last)
    at[BUS_COUNT] = last
    spare[bus.shape[0] - last - 1] = row
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            return row
        if child + 1 < last and _earlier(heap, child + 1, child):
            child += 1
        if not _earlier(heap, child, parent):
            return row
        _swap(heap, parent, child)
        parent = child


@tower_door
def post(
    at, bus, heap, spare, arrival_ns, what, owner, client, order, side, level, quantity, order_type, time_in_force, tag
):  # fmt: skip
    """Send a plain message; gives its row, whose further columns a caller may set."""
    row = place(at, bus, heap, spare, arrival_ns)
    bus[row, WHAT] = what
    bus[row, OWNER] = owner
    bus[row, CLIENT] = client
    bus[row, ORDER] = order
    bus[row, BUS_SIDE] = side
    bus[row, LEVEL] = level
    bus[row, QUANTITY] = quantity
    bus[row, TYPE] = order_type
    bus[row, TIME_IN_FORCE] = time_in_force
    bus[row, HIDDEN] = 0
    bus[row, DISPLAY] = 0
    bus[row, STOP] = -1
    bus[row, PEG] = 0
    bus[row, PEG_OFFSET] = 0
    bus[row, TAG] = tag
    bus[row, VENUE] = LIT
    bus[row, LEAST] = 0
    return row
