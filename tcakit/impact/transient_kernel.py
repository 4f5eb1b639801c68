"""Impact that decays as a sum of exponentials, carried from trade to trade: work per trade, not per pair of trades."""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_jit


@bare_jit
def carry_impact(times, jumps, weights, rates, state, before):
    """Write into `before[i]` the impact that the trades before i have left when trade i comes, float64 of n.

    `times` rise, `jumps[i]` is what trade i adds to each term by its weight; `state` holds a number a term: what was
    left just after the trade before the first one given, at times[0] or earlier if that is known to be zero.
    """
    last = times[0] if times.size else 0.0
    for trade in range(times.size):
        gap = times[trade] - last
        left = 0.0
        for term in range(rates.size):
            state[term] *= np.exp(-rates[term] * gap)
            left += state[term]
        before[trade] = left
        for term in range(rates.size):
            state[term] += weights[term] * jumps[trade]
        last = times[trade]
