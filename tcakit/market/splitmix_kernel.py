"""A hash of whole numbers for numbers by counter: the finaliser of SplitMix64.

Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import inline

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""What counters are multiplied by before they are hashed, so that neighbours lie far apart."""
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_27 = np.uint64(27)
_30 = np.uint64(30)
_31 = np.uint64(31)


@inline
def mixed(word):
    """A uint64 whose every bit hangs on every bit of `word`, a uint64."""
    word = (word ^ (word >> _30)) * _FIRST
    word = (word ^ (word >> _27)) * _SECOND
    return word ^ (word >> _31)
