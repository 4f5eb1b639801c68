"""How far two samples lie apart, as LOB-Bench measures it: total variation on bins, and Wasserstein's distance.

Nagy and others (2025), "LOB-Bench: benchmarking generative AI for finance". Both come with 100 samples drawn anew and
the interval that holds 99 % of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 100
CONFIDENCE = 0.99
_MOST_BINS = 1 << 20
# Cells of equal weight that samples are drawn anew on: what lies within one does not matter for an interval.
_CELLS = 2_048
_MOST_COUNTS = 1 << 22


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance and what it came to in samples drawn anew, float64; NaN where it cannot be said."""

    value: float
    draws: NDArray[np.float64]

    @property
    def interval(self) -> tuple[float, float]:
        """Between which 99 % of what it is, and of what it came to, lie."""
        held = np.append(self.draws, self.value)
        if not np.isfinite(held).all():
            return float("nan"), float("nan")
        tail = 50.0 * (1.0 - CONFIDENCE)
        low, high = np.percentile(held, [tail, 100.0 - tail]).tolist()
        return low, high


@dataclass(frozen=True, slots=True)
class Apart:
    """Both distances of two samples."""

    total_variation: Distance
    wasserstein: Distance


@dataclass(frozen=True, slots=True)
class Tally:
    """The values of a sample in order, float64, each once, and how often each stands in it, int64."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, sample: NDArray[np.float64]) -> Tally:
        """Count a sample.

        >>> Tally.of(np.array([2.0, 1.0, 2.0])).counts.tolist()
        [1, 2]
        """
        return cls(*np.unique(sample.astype(np.float64), return_counts=True))


NOWHERE = Apart(Distance(float("nan"), np.zeros(0)), Distance(float("nan"), np.zeros(0)))


def apart(
    real: NDArray[np.float64] | Tally,
    made: NDArray[np.float64] | Tally,
    *,
    discrete: bool = False,
    thresholds: NDArray[np.float64] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Apart:
    """Total variation and Wasserstein-1 distance of two samples, counted or not; NaN where one is empty.

    Total variation is half the sum of what the shares in bins differ by; bins are each value's own if `discrete`, those
    between `thresholds` if given, else of Freedman and Diaconis's width over both samples. Wasserstein's distance is in
    standard deviations of both samples together. `draws` 0: no intervals.

    >>> found = apart(np.array([0.0, 1.0]), np.array([1.0, 2.0]), discrete=True)
    >>> found.total_variation.value, round(found.wasserstein.value, 6)
    (0.5, 1.224745)
    """
    one, other = (sample if isinstance(sample, Tally) else Tally.of(sample) for sample in (real, made))
    if not len(one.values) or not len(other.values):
        return NOWHERE
    values, counts = _merged(one, other)
    random = np.random.default_rng(seed)
    binned = _together(counts, _bins(values, counts.sum(axis=0), discrete, thresholds))
    spread = _deviation(values, counts.sum(axis=0))
    variation = Distance(
        float(_total_variation(binned[0], binned[1])),
        _drawn_variation(binned, draws, random),
    )
    if not spread > 0.0:
        return Apart(variation, NOWHERE.wasserstein)
    cells, middles = _cells(values, counts)
    moved = Distance(
        float(_wasserstein(values, counts[0], counts[1])) / spread,
        _wasserstein(middles, *(_drawn(row, draws, random) for row in cells)) / spread if draws else np.zeros(0),
    )
    return Apart(variation, moved)


def freedman_diaconis(values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Edges of bins of width 2 · IQR / n^(1/3) over sorted values that stand so often; none where half are equal.

    >>> freedman_diaconis(np.arange(8.0), np.ones(8, np.int64)).tolist()
    [0.0, 3.5, 7.0]
    """
    total = int(counts.sum())
    ends = np.cumsum(counts)

    def quantile(part: float) -> float:
        place = part * (total - 1)
        low, high = (values[np.searchsorted(ends, int(row), "right")] for row in (np.floor(place), np.ceil(place)))
        return float(low + (high - low) * (place - np.floor(place)))

    width = 2.0 * (quantile(0.75) - quantile(0.25)) / total ** (1.0 / 3.0)
    if not width > 0.0:
        return np.zeros(0)
    bins = min(max(int(np.ceil((values[-1] - values[0]) / width)), 1), _MOST_BINS)
    return np.linspace(values[0], values[-1], bins + 1)


def deciles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nine deciles of a sample as thresholds; a value that is several of them has a bin of its own.

    >>> deciles(np.array([1.0, 1, 1, 1, 1, 1, 2, 3, 4, 5])).round(3).tolist()
    [1.0, 1.0, 1.4, 2.3, 3.2, 4.1]
    """
    found, often = np.unique(np.quantile(values, np.arange(1, 10) / 10.0), return_counts=True)
    return np.sort(np.concatenate([found, np.nextafter(found[often > 1], np.inf)]))


def _merged(one: Tally, other: Tally) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The values of both in order, and how often each stands in the one and in the other, (2, values)."""
    values = np.concatenate([one.values, other.values])
    order = np.argsort(values, kind="stable")  # two runs in order are merged, not sorted
    values = values[order]
    counts = np.zeros((2, len(values)), np.int64)
    counts[0, : len(one.values)] = one.counts
    counts[1, len(one.values) :] = other.counts
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return values[first], np.add.reduceat(counts[:, order], first, axis=1)


def _bins(
    values: NDArray[np.float64], counts: NDArray[np.int64], discrete: bool, thresholds: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    """The bin of each sorted value, numbered from 0 without gaps."""
    edges = freedman_diaconis(values, counts) if thresholds is None and not discrete else thresholds
    if edges is None or (thresholds is None and not len(edges)):
        return np.arange(len(values))
    found = np.searchsorted(edges, values, "right")
    return np.cumsum(np.concatenate([[0], np.diff(found) != 0])).astype(np.int64)


def _together(counts: NDArray[np.int64], bins: NDArray[np.int64]) -> NDArray[np.int64]:
    first = np.flatnonzero(np.concatenate([[True], np.diff(bins) != 0]))
    return np.add.reduceat(counts, first, axis=1)


def _cells(values: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts of both samples in cells of about the same weight, and the mean of the values in each cell."""
    both = counts.sum(axis=0)
    if len(values) <= _CELLS:
        return counts, values
    ends = np.cumsum(both)
    cell = (ends - 1) * _CELLS // ends[-1]
    bins = np.cumsum(np.concatenate([[0], np.diff(cell) != 0]))
    weight = np.bincount(bins, weights=both)
    return _together(counts, bins), np.bincount(bins, weights=both * values) / weight


def _drawn(counts: NDArray[np.int64], draws: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Counts (draws, bins) of as many values, drawn anew from those that there are."""
    held = np.flatnonzero(counts)
    found = np.zeros((draws, len(counts)), np.int64)
    found[:, held] = random.multinomial(int(counts.sum()), counts[held] / counts.sum(), size=draws)
    return found


def _drawn_variation(binned: NDArray[np.int64], draws: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Total variation in each draw; as many draws at once as memory is no matter for."""
    step = max(1, _MOST_COUNTS // binned.shape[1])
    parts = [
        _total_variation(*(_drawn(row, min(step, draws - begin), random) for row in binned))
        for begin in range(0, draws, step)
    ]
    return np.concatenate([np.zeros(0), *parts])


def _total_variation(real: NDArray[np.int64], made: NDArray[np.int64]) -> NDArray[np.float64]:
    shares = [counts / counts.sum(axis=-1, keepdims=True) for counts in (real, made)]
    return np.asarray(0.5 * np.abs(shares[0] - shares[1]).sum(axis=-1))


def _wasserstein(values: NDArray[np.float64], real: NDArray[np.int64], made: NDArray[np.int64]) -> NDArray[np.float64]:
    """∫ |F - G| over the sorted values, in their unit."""
    apart_at = np.cumsum(real, axis=-1) / real.sum(axis=-1, keepdims=True)
    apart_at -= np.cumsum(made, axis=-1) / made.sum(axis=-1, keepdims=True)
    np.abs(apart_at, out=apart_at)
    return np.asarray((apart_at[..., :-1] * np.diff(values)).sum(axis=-1))


def _deviation(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    total = int(counts.sum())
    if total < 2:
        return float("nan")
    mean = float((values * counts).sum()) / total
    return float(np.sqrt(((values - mean) ** 2 * counts).sum() / (total - 1)))
