"""When the background's proposals come: a clock that never looks at the market.

Waits are a mixture: short ones, at machine speed after the proposal before (a burst), and long ones, which the day's
shape stretches. Two runs of one seed therefore propose at the same times, whatever happens in between.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import melted_door
from tcakit.simulator.flow_layout_kernel import CLOSE_NS, OPEN_NS, SHORT_SHARE
from tcakit.simulator.random_kernel import bits

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_UNIT = 2.0**-32
_NS = 1e9
FIELD = 0  # of the random numbers of a proposal


@melted_door
def activity(flow, now):
    """How busy the day is at `now`, 1 on average: straight between the middles of the shape's bins."""
    shape = flow.shape
    last = shape.shape[0] - 1
    length = float(flow.times[CLOSE_NS] - flow.times[OPEN_NS])
    place = (now - flow.times[OPEN_NS]) / length * (last + 1) - 0.5
    if place <= 0.0:
        return shape[0]
    if place >= last:
        return shape[last]
    left = int(place)
    return shape[left] + (place - left) * (shape[left + 1] - shape[left])


@melted_door
def is_short(flow, seed, number):
    """Whether a proposal follows the one before it in a burst."""
    word = bits(seed, number, FIELD)
    return (np.float64(word & _LOW) + 0.5) * _UNIT < flow.numbers[SHORT_SHARE]


@melted_door
def wait_ns(flow, seed, number, now):
    """Nanoseconds, one or more, from `now`, when proposal `number` - 1 came, to proposal `number`."""
    word = bits(seed, number, FIELD)
    draw = (np.float64(word >> _HALF) + 0.5) * _UNIT
    if (np.float64(word & _LOW) + 0.5) * _UNIT < flow.numbers[SHORT_SHARE]:
        table = flow.short_wait
        busy = 1.0
    else:
        table = flow.long_wait
        busy = activity(flow, now)
    place = draw * (table.shape[0] - 1)
    left = int(place)
    seconds = table[left] + (place - left) * (table[left + 1] - table[left])
    return max(1, int(seconds / busy * _NS))
