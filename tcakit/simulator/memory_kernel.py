"""The memory of signed trades at each trade of a recorded day."""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit


@jit
def memory_before(seconds, jumps, weights, rates):
    """Sum of weights times jumps decayed at `rates` (1/s), just before each trade; `seconds` do not fall.

    Trades of one instant do not see each other.
    """
    found = np.empty(len(jumps))
    amounts = np.zeros(len(weights))
    waiting = 0.0
    last = seconds[0] if len(seconds) else 0.0
    for trade in range(len(jumps)):
        elapsed = seconds[trade] - last
        if elapsed > 0.0:
            for term in range(len(weights)):
                amounts[term] = (amounts[term] + waiting) * np.exp(-rates[term] * elapsed)
            waiting = 0.0
            last = seconds[trade]
        total = 0.0
        for term in range(len(weights)):
            total += weights[term] * amounts[term]
        found[trade] = total
        waiting += jumps[trade]
    return found
