"""The background flow in arrays: what a proposal may become, the tables its rates are read from, and what it keeps.

`Flow` is made by `flow_parameters.FlowModel.arrays`; every table is read only but `memory` and `scratch`. Rates are per
second of operational time (the day's shape taken out) and of one side of the book: both sides read one table, the
imbalance seen from their own queue.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# What a proposal may become, on the side whose book it changes.
IMPROVE = 0  # a limit order inside the spread
JOIN = 1  # a limit order at the best price
DEEPER = 2  # a limit order behind it
CANCEL_BEST = 3
CANCEL_DEEPER = 4
TAKE = 5  # a market order that takes from this side
HIDDEN = 6  # a print against an unseen order of this side
EVENTS = 7

# `numbers`, float64.
RATE_BOUND = 0  # proposals a second that come of themselves, from which thinning starts
SHORT_SHARE = 1  # of waits, at machine speed after the one before
QUEUE_UNIT = 2  # the size of a best queue of middle length
DEEP_ORDERS = 3  # orders behind the best of one side, on average
PART_BEST = 4  # share of cancels at the best that only shrink an order
PART_DEEPER = 5
HIDDEN_MIDDLE = 6  # share of hidden prints at the very middle
QUEUE_FIRST = 7  # the first of the edges of queue bins, in QUEUE_UNIT; each is twice the one before
NEW_BEST_ORDER = 8  # the largest single order of those that a new best level comes with; 0: it is one order
MOOD_SHORTEST_NS = 9  # length of the shortest of the waves that lean takers to one side; each is twice the one before
MOOD_WAVES = 10
MOOD_FIRST = 11  # and on: the strength of each wave, as a standard deviation of half log odds
MOST_WAVES = 12
NUMBERS = MOOD_FIRST + MOST_WAVES
WAVES_AT = 2 * EVENTS  # in `scratch`, behind the rates: node and its two values a wave

# `times`, int64 ns since 1970.
OPEN_NS = 0
CLOSE_NS = 1
TIMES = 2

# `memory`, int64: all that the flow remembers beside the book.
LAST_BID = 0  # where the best stood when last seen: a side that is swept empty begins there again
LAST_ASK = 1
IN_BURST = 2  # whether the proposal that the present burst follows came to something
MEMORY = 3

DRAWS = 1024  # entries of a table that is drawn from: each is as likely


class Flow(NamedTuple):
    """Background flow, all arrays.

    `rates` float64 (2, spread bins, imbalance bins, EVENTS), of what comes of itself (1/s) and of what follows in a
    burst (weights); `queue_factor` float64 (2, queue bins, EVENTS), by which they are multiplied; `spread_bin` int64
    (widest + 1,), the bin of a spread in ticks; `clearing` float64 (queue bins, 2), the share of takers that take all
    of the best queue, and of those the share that go on beyond (first below zero: they take what was drawn, at most
    all); `sizes` int64 (EVENTS, DRAWS); `inside` int64 (spread bins, DRAWS), the spread that an order inside it leaves;
    `distance` int64 (2, DRAWS), ticks behind the best of a new order, and drawn until an order stands there to be
    withdrawn; `rank` int64 (DRAWS,), places from the end of its queue of an order withdrawn; `hidden` float64 (DRAWS,),
    where in the spread an unseen order traded, 0 its own side's best, 1 the other's; `profile` float64 (reach + 1,),
    mean orders by ticks behind the best; `fill` the like, orders at which a level is sure to lose one that is drawn
    there; `short_wait` and `long_wait` float64 (entries + 1,), seconds at equal steps of probability; `shape` float64
    (bins,), the day's activity, mean one; `scratch` float64, nothing that would not be worked out anew: the
    rates of a proposal (2 EVENTS,), the nodes between which the mood is (MOST_WAVES, 3).
    """

    rates: np.ndarray
    queue_factor: np.ndarray
    spread_bin: np.ndarray
    clearing: np.ndarray
    sizes: np.ndarray
    inside: np.ndarray
    distance: np.ndarray
    rank: np.ndarray
    hidden: np.ndarray
    profile: np.ndarray
    fill: np.ndarray
    short_wait: np.ndarray
    long_wait: np.ndarray
    shape: np.ndarray
    numbers: np.ndarray
    times: np.ndarray
    memory: np.ndarray
    scratch: np.ndarray


# Columns of `Feedback.terms`.
WEIGHT = 0
DECAY_PER_NS = 1
AMOUNT = 2
TERM_COLUMNS = 3

# `Feedback.numbers`, float64.
STRENGTH = 0  # m of the log odds m phi of a seller against a buyer
LARGEST_TILT = 1  # |m phi| at most
SIZE_POWER = 2  # of the share of the queue that a trade took
FEEDBACK_NUMBERS = 3

# `Feedback.memory`, int64.
NEXT_ROW = 0  # of the tape, not looked at yet
STATE_NS = 1  # when the amounts were last brought up to date
FEEDBACK_MEMORY = 2


class Feedback(NamedTuple):
    """Memory of signed trades, all arrays: `terms` float64 (K, TERM_COLUMNS), `numbers` float64, `memory` int64.

    phi(t) = sum of WEIGHT times AMOUNT, each AMOUNT the sum over trades of sign times the share of
    the queue that it took, to a power, decayed
    exponentially.
    """

    terms: np.ndarray
    numbers: np.ndarray
    memory: np.ndarray
