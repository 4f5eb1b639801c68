"""Loops over DBN records: where each begins, and times that never run backwards."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit

HEADER = 16  # bytes that every record begins with: length, type, publisher, instrument, time

GOOD = 0
WRONG_LENGTH = 1  # the length byte is not that of its type
UNKNOWN_TYPE = 2
CUT_SHORT = 3  # the file ends within the record
LOST = 4  # neither type nor length can be right, and nothing near looks like a record

_FARTHEST = 1024  # bytes in which a broken record must end: no record is longer


@jit
def fits(data, at, sizes):
    """Whether a record of known type and length, or the end of the file, is at that place."""
    left = data.shape[0] - at
    if left == 0:
        return True
    if left < HEADER:
        return False
    size = sizes[data[at + 1]]
    return size > 0 and size == np.int64(data[at]) * 4 and size <= left


@jit
def step_over(data, position, sizes):
    """Length of a broken record: as it says, as its type says, or up to the next two that fit; 0 if none does."""
    told = np.int64(data[position]) * 4
    size = sizes[data[position + 1]]
    left = data.shape[0] - position
    if HEADER <= told <= left and fits(data, position + told, sizes):
        return told
    if 0 < size <= left and fits(data, position + size, sizes):
        return size
    for step in range(1, min(_FARTHEST, left - HEADER)):
        at = position + step
        if fits(data, at, sizes) and fits(data, at + sizes[data[at + 1]], sizes):
            return np.int64(step)
    return np.int64(0)


@jit
def walk(data, position, sizes, offsets, status):
    """Find records from `position` on; gives (records found, position after them).

    `data` uint8; `sizes` int64 (256): bytes of a record by its type, 0 for unknown ones; `offsets` int64 and `status`
    uint8 are filled, as many as there is room. CUT_SHORT and LOST end the file: the position is then its end.
    """
    found = 0
    end = data.shape[0]
    room = offsets.shape[0]
    while position < end and found < room:
        left = end - position
        offsets[found] = position
        if left < HEADER:
            status[found] = CUT_SHORT
            return found + 1, end
        told = np.int64(data[position]) * 4
        size = sizes[data[position + 1]]
        if size > 0 and size == told and size <= left:
            status[found] = GOOD
            found += 1
            position += size
            continue
        step = step_over(data, position, sizes)
        if step == 0 and HEADER <= told <= left:
            step = told
        if step == 0:
            status[found] = CUT_SHORT if max(told, size) > left else LOST
            return found + 1, end
        status[found] = UNKNOWN_TYPE if size == 0 else WRONG_LENGTH
        found += 1
        position += step
    return found, position


@jit
def steady(stream, ns, latest):
    """Raise each time to the latest before it in its stream, in place.

    `stream` int32 index into `latest`, int64, which is kept from call to call.
    """
    for row in range(ns.shape[0]):
        at = stream[row]
        if ns[row] < latest[at]:
            ns[row] = latest[at]
        else:
            latest[at] = ns[row]
