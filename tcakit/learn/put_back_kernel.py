"""Putting a market's engine back to where another one stands, at the price of the orders that stand in the two.

Only slots and levels with orders are written. A free slot keeps what an order left in it, as it would in any market:
the engine reads nothing of it but that it is free.
"""

from __future__ import annotations

from tcakit.book.fifo_kernel import LEVEL
from tcakit.jit import jit
from tcakit.venue.engine_layout_kernel import BOOK, BOOKS, LIVE, NOWHERE, PEGS, POOL_PLACE, UNSEEN


@jit
def put_engine_back(running, kept):
    """Have an engine stand where one with as many slots and levels does; the rows of the tape are not touched."""
    were_pegged = running.counters[PEGS] + kept.counters[PEGS] > 0
    for place in range(running.counters[LIVE] + running.counters[UNSEEN]):
        _copy(running, kept, running, running.pool[place])
    for place in range(kept.counters[LIVE] + kept.counters[UNSEEN]):
        _copy(running, kept, kept, kept.pool[place])
    for place in range(kept.pool.shape[0]):
        slot = kept.pool[place]
        if running.pool[place] != slot:
            running.pool[place] = slot
            running.orders[slot, POOL_PLACE] = place
    if were_pegged:
        for slot in range(kept.pegs.shape[0]):
            running.pegs[slot, 0] = kept.pegs[slot, 0]
            running.pegs[slot, 1] = kept.pegs[slot, 1]
    for book in range(BOOKS):
        running.best[book, 0] = kept.best[book, 0]
        running.best[book, 1] = kept.best[book, 1]
    for counter in range(kept.counters.shape[0]):
        running.counters[counter] = kept.counters[counter]


@jit
def _copy(running, kept, stands, slot):
    """Write over a slot, and the level at which its order stands in one of the two."""
    book, level = stands.orders[slot, BOOK], stands.orders[slot, LEVEL]
    if book != NOWHERE:
        for row in range(2):
            for column in range(kept.levels.shape[3]):
                running.levels[book, row, level, column] = kept.levels[book, row, level, column]
    for column in range(kept.orders.shape[1]):
        running.orders[slot, column] = kept.orders[slot, column]
