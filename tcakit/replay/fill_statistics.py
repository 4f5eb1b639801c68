"""How sure shares, means and survival curves are when they come from orders that saw the same market.

Orders that rest at the same time are filled by the same prints, so that thousands of them say little more than one.
Each figure therefore takes the cluster of every order: orders of different clusters share nothing, and the spread of
whole clusters is what makes an interval. All intervals are of 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TAIL = 0.975


def _quantile(clusters: int) -> float:
    """Of Student's t, as clusters are few: nan with fewer than two."""
    from scipy import stats

    return float(stats.t.ppf(_TAIL, clusters - 1)) if clusters > 1 else float("nan")


def _cluster_sums(values: Floats, cluster: NDArray[np.int64]) -> Floats:
    return np.bincount(np.unique(cluster, return_inverse=True)[1], weights=values).astype(np.float64, copy=False)


def share(hit: NDArray[np.bool_], cluster: NDArray[np.int64]) -> tuple[float, float, float]:
    """The share that is true, and its interval; nan where nothing is, or where one cluster says it all.

    The score interval of Wilson (1927, JASA 22), with the number of orders divided by the design effect of the
    clusters (Kish 1965, Survey Sampling, 5.4), never below the number of clusters.

    >>> tuple(round(value, 3) for value in share(np.arange(100) % 4 == 0, np.arange(100)))
    (0.25, 0.175, 0.344)
    """
    n = len(hit)
    if not n:
        return float("nan"), float("nan"), float("nan")
    p = float(hit.mean())
    sums = _cluster_sums(hit.astype(np.float64) - p, cluster)
    count = len(sums)
    variance = float((sums**2).sum()) / n**2 * count / max(count - 1, 1)
    effective = min(float(n), max(p * (1 - p) / variance if variance > 0 else 0.0, float(count)))
    z = _quantile(count)
    middle = (p + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z / (1 + z**2 / effective) * np.sqrt(p * (1 - p) / effective + z**2 / (4 * effective**2))
    return p, float(np.maximum(0.0, middle - half)), float(np.minimum(1.0, middle + half))


def mean(values: Floats, cluster: NDArray[np.int64]) -> tuple[float, float, float]:
    """The mean of values and its interval, by the spread of clusters' sums (Liang and Zeger 1986, Biometrika 73).

    >>> tuple(round(value, 2) for value in mean(np.array([1.0, 2.0, 3.0]), np.arange(3)))
    (2.0, -0.48, 4.48)
    """
    n = len(values)
    if not n:
        return float("nan"), float("nan"), float("nan")
    middle = float(values.mean())
    sums = _cluster_sums(values - middle, cluster)
    count = len(sums)
    half = _quantile(count) * np.sqrt(float((sums**2).sum()) / n**2 * count / max(count - 1, 1))
    return middle, float(middle - half), float(middle + half)


@dataclass(frozen=True, slots=True)
class ProductLimit:
    """The survival curve of durations some of which were cut short: see `product_limit`.

    `time`, `at_risk`, `events`, `survival` and `greenwood` (the sum in Greenwood's formula) are by distinct time of an
    event; `duration`, `is_event` and `cluster` by order.
    """

    duration: NDArray[np.int64]
    is_event: NDArray[np.bool_]
    cluster: NDArray[np.int64]
    time: NDArray[np.int64]
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    survival: Floats
    greenwood: Floats

    def at(self, times: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """The survival at times and its interval, nan past the last order seen; the interval where it is 0 or 1.

        The interval is that of log(-log S) (Kalbfleisch and Prentice 1980, 1.3), so that it stays within 0 and 1. The
        variance is Greenwood's (1926), or where it is larger that of clusters (Williams 1995, Biometrics 51).
        """
        place = np.searchsorted(self.time, times, "right") - 1
        inside = place >= 0
        survival = np.where(inside, np.append(self.survival, 1.0)[place], 1.0)
        survival[times > self.duration.max(initial=-1)] = np.nan
        variance = np.array([self._relative_variance(int(time)) for time in times])
        low, high = self._interval(survival, variance)
        return survival, low, high

    def quantile(self, share_filled: float) -> tuple[float, float, float]:
        """When that share has had its event, and its interval: where the curve's own interval reaches it.

        Brookmeyer and Crowley (1982, Biometrics 38); nan where the curve does not come so far.
        """
        reached = np.flatnonzero(self.survival <= 1 - share_filled)
        if not len(reached):
            return float("nan"), float("nan"), float("nan")
        at = reached[0]
        own = self.greenwood[at]
        ratio = self._relative_variance(int(self.time[at])) / own if 0 < own < np.inf else 1.0
        low, high = self._interval(self.survival, self.greenwood * ratio)
        first = [np.flatnonzero(bound <= 1 - share_filled) for bound in (low, high)]
        times = [float(self.time[found[0]]) if len(found) else float("nan") for found in first]
        return float(self.time[at]), times[0], times[1]

    def _relative_variance(self, time: int) -> float:
        """Of the survival at a time, over its square."""
        place = int(np.searchsorted(self.time, time, "right")) - 1
        if place < 0:
            return 0.0
        # What each order adds to log S: its own event, less what was to be expected while it was at risk.
        expected = np.concatenate([[0.0], np.cumsum(self.events / self.at_risk.astype(np.float64) ** 2)])
        seen = np.searchsorted(self.time, np.minimum(self.duration, time), "right")
        own = np.where(self.is_event & (self.duration <= time), 1.0 / self.at_risk[np.maximum(seen - 1, 0)], 0.0)
        sums = _cluster_sums(own - expected[seen], self.cluster)
        clustered = float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1)
        return max(float(self.greenwood[place]), clustered)

    def _interval(self, survival: Floats, variance: Floats) -> tuple[Floats, Floats]:
        z = _quantile(len(np.unique(self.cluster)))
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.exp(z * np.sqrt(variance) / np.abs(np.log(survival)))
            low, high = survival**width, survival ** (1 / width)
        known = (survival > 0) & (survival < 1) & np.isfinite(variance)
        return np.where(known, low, np.nan), np.where(known, high, np.nan)


def product_limit(duration: NDArray[np.int64], is_event: NDArray[np.bool_], cluster: NDArray[np.int64]) -> ProductLimit:
    """The survival curve S(t) = product over times t_j <= t of 1 - d_j / n_j: Kaplan and Meier (1958, JASA 53).

    d_j of the n_j orders that were still at risk had their event at t_j. An order that was cut short at a time was at
    risk at that time. All columns by order; `duration` in whole units, not below zero.

    >>> curve = product_limit(np.array([1, 2, 2, 3]), np.array([True, True, False, False]), np.arange(4))
    >>> curve.time.tolist(), curve.at_risk.tolist(), curve.survival.tolist()
    ([1, 2], [4, 3], [0.75, 0.5])
    """
    time, events = np.unique(duration[is_event], return_counts=True)
    at_risk = len(duration) - np.searchsorted(np.sort(duration), time, "left")
    survival = np.cumprod(1.0 - events / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(events / (at_risk.astype(np.float64) * (at_risk - events)))
    return ProductLimit(duration, is_event, cluster, time, at_risk, events.astype(np.int64), survival, greenwood)
