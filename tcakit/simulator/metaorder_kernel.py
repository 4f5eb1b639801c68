"""Market orders by a timetable, sent into the running background."""

from __future__ import annotations

import numpy as np

from tcakit.book.fifo_kernel import OK
from tcakit.jit import tower_jit
from tcakit.market.codes import BUY, EXECUTE, SELL
from tcakit.simulator.background_kernel import market_order, run_background, taker_size
from tcakit.simulator.feedback_kernel import absorb
from tcakit.simulator.flow_layout_kernel import NEXT_ROW
from tcakit.simulator.random_kernel import bits
from tcakit.venue.engine_layout_kernel import (
    CLOCK,
    DISPLAYED,
    TAPE_KIND,
    TAPE_LEVEL,
    TAPE_ROWS,
    TAPE_SIZE,
)
from tcakit.venue.engine_record_kernel import room_for

_NONE = np.uint64(0)


@tower_jit
def send_by_timetable(engine, flow, feedback, seed, number, now, when_ns, sizes, own, first, middle, filled, cash):
    """Run the background and send `sizes` (above zero buys, below sells, 0 only looks) at `when_ns`, rising.

    With a stream `own` of random numbers (uint64, 0 none), only the sign of sizes counts: each takes as much as a taker
    of the background would.

    From entry `first` of the timetable on; proposal `number` - 1 came at `now`. Out, float64 of an entry each: `middle`
    levels just before it (the mid), and `filled` shares and `cash` (levels times shares, above zero received) of it.
    The tape is begun anew when it is half full: it is not kept. Returns (status, next entry, next number, now); with a
    status other than OK make room and go on.
    """
    entry = first
    while entry < len(when_ns):
        status, number, now = run_background(engine, flow, feedback, seed, number, now, when_ns[entry])
        if status != OK:
            return status, entry, number, now
        status = room_for(engine, 0, 0)
        if status != OK:
            return status, entry, number, now
        absorb(feedback, engine)
        if 2 * engine.counters[TAPE_ROWS] > engine.tape.shape[0]:
            engine.counters[TAPE_ROWS] = 0
            feedback.memory[NEXT_ROW] = 0
        bid, ask = engine.best[DISPLAYED, 0], engine.best[DISPLAYED, 1]
        if bid >= 0 and ask < engine.levels.shape[2]:
            middle[entry] = 0.5 * (bid + ask)
        elif entry > 0:
            middle[entry] = middle[entry - 1]
        size = sizes[entry]
        filled[entry] = 0.0
        cash[entry] = 0.0
        if size != 0:
            engine.counters[CLOCK] = when_ns[entry]
            row = engine.counters[TAPE_ROWS]
            side = BUY if size > 0 else SELL
            size = abs(size)
            if own != _NONE:
                size = taker_size(engine, flow, 1 if side == BUY else 0, bits(own, entry, 0))
            if size > 0:
                market_order(engine, side, size)
            while row < engine.counters[TAPE_ROWS]:
                if engine.tape[row, TAPE_KIND] == EXECUTE:
                    filled[entry] += engine.tape[row, TAPE_SIZE]
                    cash[entry] -= side * engine.tape[row, TAPE_SIZE] * engine.tape[row, TAPE_LEVEL]
                row += 1
        entry += 1
    return OK, entry, number, now
