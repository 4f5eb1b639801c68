"""What takers are in the mood for: waves of many lengths that lean them to one side, whatever the market does.

Signs of real trades remember over minutes and hours, since large orders are worked in pieces; the background has no
large orders, but it has their mood. Where waves of all lengths are as strong, the memory falls slowly, as a power does.
A wave goes straight from node to node; nodes hang on the seed and the time alone, so that two runs of one seed are in
one mood.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import tower_part
from tcakit.simulator.flow_layout_kernel import MOOD_FIRST, MOOD_SHORTEST_NS, MOOD_WAVES, WAVES_AT
from tcakit.simulator.random_kernel import uniform

_NODE = 24  # field of the random numbers
_LENGTHS = 16  # more than there are waves
_DEVIATION = 18.0**-0.5  # of a wave between uniform nodes, over its length


@tower_part
def mood(flow, seed, now):
    """Log odds, halved, of a buyer against a seller at `now` (ns): the sum of all waves."""
    total = 0.0
    length = flow.numbers[MOOD_SHORTEST_NS]
    place = WAVES_AT
    for wave in range(int(flow.numbers[MOOD_WAVES])):
        at = now / length
        node = np.floor(at)
        if flow.scratch[place] != node:
            number = int(node) * _LENGTHS + wave
            flow.scratch[place] = node
            flow.scratch[place + 1] = uniform(seed, number, _NODE)
            flow.scratch[place + 2] = uniform(seed, number + _LENGTHS, _NODE)
        part = at - node
        value = (1.0 - part) * flow.scratch[place + 1] + part * flow.scratch[place + 2] - 0.5
        total += flow.numbers[MOOD_FIRST + wave] * value
        length *= 2.0
        place += 3
    return total / _DEVIATION
