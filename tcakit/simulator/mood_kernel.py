"""What takers are in the mood for: waves of many lengths that lean them to one side, whatever the market does.

Signs of real trades remember over minutes and hours, since large orders are worked in pieces; the background has no
large orders, but it has their mood. As waves of all lengths are as strong, the memory falls slowly, as a power does. A
wave goes straight from node to node; nodes hang on the seed and the time alone, so that two runs of one seed are in one
mood.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import tower_part
from tcakit.simulator.flow_layout_kernel import MOOD_SHORTEST_NS, MOOD_STRENGTH, MOOD_WAVES, WAVES_AT
from tcakit.simulator.random_kernel import uniform

_NODE = 24  # field of the random numbers
_LENGTHS = 16  # more than there are waves
_VARIANCE = 1.0 / 18.0  # of a wave between uniform nodes, over its length


@tower_part
def mood(flow, seed, now):
    """Log odds, halved, of a buyer against a seller at `now` (ns); standard deviation MOOD_STRENGTH."""
    strength = flow.numbers[MOOD_STRENGTH]
    waves = int(flow.numbers[MOOD_WAVES])
    if strength == 0.0 or waves == 0:
        return 0.0
    total = 0.0
    length = flow.numbers[MOOD_SHORTEST_NS]
    place = WAVES_AT
    for wave in range(waves):
        at = now / length
        node = np.floor(at)
        if flow.scratch[place] != node:
            number = int(node) * _LENGTHS + wave
            flow.scratch[place] = node
            flow.scratch[place + 1] = uniform(seed, number, _NODE)
            flow.scratch[place + 2] = uniform(seed, number + _LENGTHS, _NODE)
        part = at - node
        total += (1.0 - part) * flow.scratch[place + 1] + part * flow.scratch[place + 2] - 0.5
        length *= 2.0
        place += 3
    return strength * total / np.sqrt(waves * _VARIANCE)
