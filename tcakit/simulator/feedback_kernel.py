"""The market's memory of signed trades: a power law that leans on which side is traded next.

phi(t) = sum over trades of sign times share^power times (1 + (t - s) / tau)^-beta, kept as a sum of exponentials so
that a trade costs as many steps as there are terms. Noble, Rosenbaum and Souilmi (2026) lean the side of trades so.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import melted_door
from tcakit.market.codes import EXECUTE
from tcakit.simulator.flow_layout_kernel import (
    AMOUNT,
    DECAY_PER_NS,
    LARGEST_TILT,
    NEXT_ROW,
    SIZE_POWER,
    STATE_NS,
    STRENGTH,
    WEIGHT,
)
from tcakit.venue.engine_layout_kernel import (
    NO_LEVEL,
    TAPE_KIND,
    TAPE_LEVEL,
    TAPE_LEVEL_SIZE,
    TAPE_ROWS,
    TAPE_SIDE,
    TAPE_SIZE,
    TAPE_TS,
)

_SMALL = 0.02  # below it four terms of the series of exp are exact to 1e-9


@melted_door
def decay_to(feedback, now):
    """Bring the amounts up to `now`, ns; a time before the last changes nothing."""
    elapsed = now - feedback.memory[STATE_NS]
    if elapsed <= 0:
        return
    terms = feedback.terms
    for term in range(terms.shape[0]):
        step = terms[term, DECAY_PER_NS] * elapsed
        if step < _SMALL:
            terms[term, AMOUNT] *= 1.0 - step * (1.0 - step * (0.5 - step / 6.0))
        else:
            terms[term, AMOUNT] *= np.exp(-step)
    feedback.memory[STATE_NS] = now


@melted_door
def add_trade(feedback, now, sign, share):
    """Remember a trade at `now`: `sign` +1 if a buyer took, -1 if a seller did; `share` of the queue that it took."""
    decay_to(feedback, now)
    jump = sign * share ** feedback.numbers[SIZE_POWER]
    for term in range(feedback.terms.shape[0]):
        feedback.terms[term, AMOUNT] += jump


@melted_door
def absorb(feedback, engine):
    """Remember the trades on the tape that were not looked at yet, whoever made them.

    A trade counts by the share that it took of the queue at the best, one for each level that it emptied: so that small
    trades, which hardly move the price, are hardly remembered. Rows of one taker (same time and side, one after the
    other) are one trade; prints of orders that nobody saw are none. A tape that begins anew is read from its beginning:
    absorb before it does.
    """
    rows = engine.counters[TAPE_ROWS]
    row = feedback.memory[NEXT_ROW]
    if row > rows:
        row = 0
    tape = engine.tape
    while row < rows:
        if tape[row, TAPE_KIND] != EXECUTE:
            row += 1
            continue
        when = tape[row, TAPE_TS]
        side = tape[row, TAPE_SIDE]
        level = NO_LEVEL
        before = 1.0
        share = 0.0
        while (
            row < rows
            and tape[row, TAPE_KIND] == EXECUTE
            and tape[row, TAPE_TS] == when
            and tape[row, TAPE_SIDE] == side
        ):
            if tape[row, TAPE_LEVEL] != level:
                level = tape[row, TAPE_LEVEL]
                before = float(tape[row, TAPE_SIZE] + max(0, tape[row, TAPE_LEVEL_SIZE]))
            share += tape[row, TAPE_SIZE] / before
            row += 1
        add_trade(feedback, when, -side, share)
    feedback.memory[NEXT_ROW] = rows


@melted_door
def tilt(feedback, now):
    """m phi at `now`, cut to the largest allowed: above zero after buying, when sellers become likelier."""
    if feedback.numbers[STRENGTH] == 0.0:
        return 0.0
    decay_to(feedback, now)
    total = 0.0
    for term in range(feedback.terms.shape[0]):
        total += feedback.terms[term, WEIGHT] * feedback.terms[term, AMOUNT]
    largest = feedback.numbers[LARGEST_TILT]
    return max(-largest, min(largest, feedback.numbers[STRENGTH] * total))
