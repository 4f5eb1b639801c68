"""One number for many scores: their mean, median and interquartile mean, with 99 % intervals over the draws of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.scores.distances import CONFIDENCE, Distance

KINDS = ("mean", "median", "iqm")
_DRAWS = 1_000


def averages(distances: Sequence[Distance], *, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Value, low and high of each of `KINDS` over the scores that are known; of none, an empty dict.

    For each of 1,000 draws, one of each score's own draws is taken (LOB-Bench's `summary_stats`).

    >>> found = averages([Distance(value, np.array([value])) for value in (1.0, 2.0, 3.0, 4.0, 90.0)])
    >>> found["mean"], found["median"], found["iqm"]
    ((20.0, 20.0, 20.0), (3.0, 3.0, 3.0), (3.0, 3.0, 3.0))
    """
    known = [distance for distance in distances if np.isfinite(distance.value)]
    if not known:
        return {}
    random = np.random.default_rng(seed)
    drawn = np.stack([random.choice(np.append(one.draws, one.value), _DRAWS) for one in known], axis=1)
    tail = 50.0 * (1.0 - CONFIDENCE)
    found = {}
    for name, value, draws in zip(KINDS, _three(np.array([[one.value for one in known]])), _three(drawn), strict=True):
        low, high = np.percentile(draws, [tail, 100.0 - tail]).tolist()
        found[name] = (float(value[0]), low, high)
    return found


def _three(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Mean, median and interquartile mean of each row."""
    low, high = np.percentile(values, [25, 75], axis=1, keepdims=True)
    inside = (values >= low) & (values <= high)
    return values.mean(axis=1), np.median(values, axis=1), (values * inside).sum(axis=1) / inside.sum(axis=1)
