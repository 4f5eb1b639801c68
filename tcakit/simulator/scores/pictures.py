"""What is drawn of two days beside each other: how their values are spread, and the mean of one given another."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.simulator.scores.conditions import Condition, bins_of
from tcakit.simulator.scores.events import Events
from tcakit.simulator.scores.quantities import Sample

BINS = 48
_TAIL = 0.005
_LEAST_WEIGHT = 0.002


def histogram(real: Sample, made: Sample) -> dict[str, list[float]]:
    """Shares of both samples `at` the middles of bins; what lies beyond 99 % of all values is in the outer bins.

    >>> histogram(np.array([1.0, 1.0, 2.0]), np.array([2.0]))["made"]
    [0.0, 1.0]
    """
    both = np.concatenate([real, made])
    values = np.unique(both)
    low, high = np.quantile(both, [_TAIL, 1.0 - _TAIL])
    if len(values[(values >= low) & (values <= high)]) <= BINS:
        at = values[(values >= low) & (values <= high)]
        edges = (at[1:] + at[:-1]) / 2.0
    else:
        edges = np.linspace(low, high, BINS + 1)
        at = (edges[1:] + edges[:-1]) / 2.0
        edges = edges[1:-1]
    shares = [
        np.bincount(np.searchsorted(edges, part, "right"), minlength=len(at)) / len(part) for part in (real, made)
    ]
    return {"at": at.tolist(), "real": shares[0].tolist(), "made": shares[1].tolist()}


def means_given(condition: Condition, real: Events, made: Events) -> dict[str, list[Any]]:
    """Mean of what is compared in each bin of the condition, at the mean of the condition there; rare bins left out."""
    given = [condition.given(day) for day in (real, made)]
    compared = [condition.compared(day) for day in (real, made)]
    bins = bins_of(condition, given)
    count = 1 + max(int(numbers.max()) for numbers in bins)
    held = [np.bincount(numbers, minlength=count) for numbers in bins]
    total = held[0] + held[1]
    kept = np.flatnonzero(total >= _LEAST_WEIGHT * total.sum())
    place = sum(np.bincount(numbers, values, count) for numbers, values in zip(bins, given, strict=True)) / total
    found: dict[str, list[Any]] = {"at": (place[kept] * condition.shown[1]).tolist()}
    for name, numbers, values, often in zip(("real", "made"), bins, compared, held, strict=True):
        sums = np.bincount(numbers, values, count)
        found[name] = [float(sums[row] / often[row]) if often[row] else None for row in kept.tolist()]
    return found
