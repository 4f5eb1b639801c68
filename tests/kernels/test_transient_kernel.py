"""Impact carried from trade to trade is the sum over all pairs of trades."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.impact import transient_kernel

TRADES = st.lists(st.tuples(st.floats(0.0, 50.0), st.floats(-1e4, 1e4)), max_size=25)
TERMS = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 4.0)), min_size=1, max_size=5)


def witness(times, jumps, weights, rates):
    return [
        sum(
            jumps[earlier]
            * sum(w * math.exp(-r * (times[trade] - times[earlier])) for w, r in zip(weights, rates, strict=True))
            for earlier in range(trade)
        )
        for trade in range(len(times))
    ]


def carried(times, jumps, weights, rates, state=None):
    before = np.full(len(times), np.nan)
    state = np.zeros(len(rates)) if state is None else state
    transient_kernel.carry_impact(
        np.array(times, np.float64), np.array(jumps, np.float64), np.array(weights), np.array(rates), state, before
    )
    return before


@given(TRADES, TERMS)
def test_carried_impact_is_the_sum_over_pairs(trades, terms):
    times = np.cumsum([gap for gap, _ in trades]).tolist()
    jumps = [jump for _, jump in trades]
    weights, rates = zip(*terms, strict=True)
    assert carried(times, jumps, weights, rates) == pytest.approx(witness(times, jumps, weights, rates), abs=1e-7)


def test_the_state_goes_on_where_it_was_left():
    times, jumps, weights, rates = [0.0, 1.0, 1.0, 4.0], [3.0, -1.0, 2.0, 5.0], (0.4, 0.6), (0.1, 1.5)
    state = np.zeros(2)
    first = carried(times[:2], jumps[:2], weights, rates, state)
    # The first time of a call is that of its state: a trade of nothing there joins the two.
    rest = carried([1.0, *times[2:]], [0.0, *jumps[2:]], weights, rates, state)
    assert [*first, *rest[1:]] == pytest.approx(witness(times, jumps, weights, rates))
