"""Venue order ids to dense, recycled slots, so that a level-3 kernel indexes arrays and needs no hash map."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit
from tcakit.market.codes import ADD, CLEAR, DELETE, EXECUTE, REDUCE, SNAPSHOT

OK = 0
TABLE_FULL = 1  # more live orders than the table was made for

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


@jit
def _home(order_id, mask):
    """The preferred cell of an id (Fibonacci hashing; the mask is a power of two less one, below 2**32)."""
    return np.int64((np.uint64(order_id) * _MULTIPLIER) >> _SHIFT) & mask


@jit
def dense_index(kind, order_id, size, mask, index):
    """Write each row's slot into `index` (int64; -1 for unknown orders and rows without one).

    Slots are freed when their order is deleted, or reduced or executed to nothing, and given out again, so
    that the highest slot is near the most orders ever alive at once. `mask` + 1 is the length of the hash
    table, a power of two; at most half of it is filled. Returns (status, slots used).
    """
    length = mask + 1
    keys = np.zeros(length, np.int64)
    cells = np.full(length, -1, np.int64)  # -1 marks an empty cell, so that every id, zero too, may be a key
    most = length // 2
    free = np.empty(most, np.int64)
    left = np.zeros(most, np.int64)
    used = 0
    spare = 0
    for row in range(len(kind)):
        index[row] = -1
        what = kind[row]
        if what == CLEAR:
            cells[:] = -1
            spare = 0
            for slot in range(used - 1, -1, -1):
                free[spare] = slot
                spare += 1
            continue
        joins = what in (ADD, SNAPSHOT)
        if not (joins or what in (REDUCE, DELETE, EXECUTE)):
            continue
        key = order_id[row]
        cell = _home(key, mask)
        while cells[cell] >= 0 and keys[cell] != key:
            cell = (cell + 1) & mask
        slot = cells[cell]
        if joins:
            if slot < 0:
                if spare > 0:
                    spare -= 1
                    slot = free[spare]
                elif used < most:
                    slot = used
                    used += 1
                else:
                    return TABLE_FULL, used
                keys[cell] = key
                cells[cell] = slot
            left[slot] = size[row]
            index[row] = slot
            continue
        if slot < 0:
            continue
        index[row] = slot
        if what == DELETE:
            left[slot] = 0
        else:
            left[slot] -= size[row]
        if left[slot] > 0:
            continue
        free[spare] = slot
        spare += 1
        # Backward-shift deletion: move up what stands behind the hole and may stand in it, so that no probe
        # breaks off.
        hole = cell
        cells[hole] = -1
        probe = (hole + 1) & mask
        while cells[probe] >= 0:
            home = _home(keys[probe], mask)
            if ((probe - home) & mask) >= ((probe - hole) & mask):
                keys[hole] = keys[probe]
                cells[hole] = cells[probe]
                cells[probe] = -1
                hole = probe
            probe = (probe + 1) & mask
    return OK, used
