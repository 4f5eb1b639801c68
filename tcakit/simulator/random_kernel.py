"""Random numbers by counter: the draw is a hash of (seed, step, field), so a run owes nothing to any hidden
state.

Two runs with one seed see the same numbers at the same step, however their markets differ meanwhile:
differences between them are the effect of what was changed (common random numbers).
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import jit, tower_door
from tcakit.market.splitmix_kernel import GOLDEN, mixed

_11 = np.uint64(11)
_FIELDS = np.uint64(64)
_UNIT = 2.0**-53


@tower_door
def uniform(seed, step, field):
    """A number in (0, 1), never 0, so that its logarithm exists.

    `seed` is a uint64, `step` counts from 0, `field` is below 64.
    """
    word = mixed(seed + (np.uint64(step) * _FIELDS + np.uint64(field) + np.uint64(1)) * GOLDEN)
    return (np.float64(word >> _11) + 0.5) * _UNIT


@tower_door
def bits(seed, step, field):
    """64 bits of which every part is as random: for more than one draw of a single hash."""
    return mixed(seed + (np.uint64(step) * _FIELDS + np.uint64(field) + np.uint64(1)) * GOLDEN)


@jit
def stream(seed, source):
    """The seed (uint64) of one source of numbers of a run: sources of one seed have nothing in common."""
    return mixed(mixed(seed + GOLDEN) + (np.uint64(source) + np.uint64(1)) * GOLDEN)


@jit
def normal(seed, step, field):
    """A standard normal number (Box-Muller); uses `field` and the one after it."""
    radius = np.sqrt(-2.0 * np.log(uniform(seed, step, field)))
    return radius * np.cos(2.0 * np.pi * uniform(seed, step, field + 1))


@jit
def exponential(seed, step, field):
    """An exponential number of mean one."""
    return -np.log(uniform(seed, step, field))


@jit
def whole(seed, step, field, count):
    """A whole number from 0 to `count` - 1."""
    return min(int(uniform(seed, step, field) * count), count - 1)
