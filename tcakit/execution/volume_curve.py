"""How a market's volume is spread over its day, from strictly earlier days or from a named default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT_NAME = "default U-shape"
BINS = 78


@dataclass(frozen=True, slots=True)
class VolumeCurve:
    """Cumulative share of a session's volume: `edges` (ns since 1970, ascending) and `shares` (0 to 1) at them.

    `day_volume` is the volume of a whole session that it goes with, in stored size units; None where unknown.
    """

    name: str
    edges: NDArray[np.int64]
    shares: NDArray[np.float64]
    day_volume: float | None = None

    def fraction(self, ns: int) -> float:
        """Share of the session's volume printed by `ns`, straight lines between the edges."""
        return float(np.interp(ns, self.edges, self.shares))

    def fractions(self, ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """The same for many instants."""
        return np.interp(ns, self.edges, self.shares)


def default_curve(open_ns: int, close_ns: int) -> VolumeCurve:
    """A U over the session: intensity 1 at midday, 2.5 at the open, 3 at the close, quadratic in between.

    It is no estimate of anything: it is used, and said to be used, where no earlier day is stored.
    """
    x = np.linspace(0.0, 1.0, 79)
    middle = 0.5
    intensity = np.where(x < middle, 1.0 + 1.5 * ((middle - x) / middle) ** 2, 1.0 + 2.0 * ((x - middle) / middle) ** 2)
    cumulative = np.concatenate([[0.0], np.cumsum((intensity[1:] + intensity[:-1]) / 2.0)])
    edges = open_ns + (x * (close_ns - open_ns)).astype(np.int64)
    return VolumeCurve(DEFAULT_NAME, edges, cumulative / cumulative[-1])


def curve_from_days(
    open_ns: int, close_ns: int, earlier: list[tuple[int, NDArray[np.int64], NDArray[np.int64]]], bins: int = BINS
) -> VolumeCurve | None:
    """The mean curve of earlier days, each (its own open, print times, print sizes); None if none printed.

    Every day counts the same, whatever its volume.
    """
    length = close_ns - open_ns
    days = [shares_of_day(day_open, length, ns, size, bins) for day_open, ns, size in earlier]
    return mean_curve(open_ns, close_ns, days)


def shares_of_day(
    open_ns: int, length_ns: int, ns: NDArray[np.int64], size: NDArray[np.int64], bins: int = BINS
) -> NDArray[np.float64] | None:
    """Cumulative share of a day's volume at the edges of `bins` equal parts of its session; None if nothing printed."""
    inside = (ns >= open_ns) & (ns <= open_ns + length_ns)
    total = size[inside].sum()
    if total <= 0:
        return None
    binned, _ = np.histogram(ns[inside] - open_ns, bins=_grid(length_ns, bins), weights=size[inside].astype(np.float64))
    return np.concatenate([[0.0], np.cumsum(binned) / total])


def mean_curve(open_ns: int, close_ns: int, days: Sequence[NDArray[np.float64] | None]) -> VolumeCurve | None:
    """The mean of `shares_of_day` of some days, set on this day's session; None if no day has any."""
    shares = [day for day in days if day is not None]
    if not shares:
        return None
    count = len(shares)
    name = f"mean of {count} earlier day{'s' if count > 1 else ''}"
    return VolumeCurve(name, open_ns + _grid(close_ns - open_ns, len(shares[0]) - 1), np.mean(shares, axis=0))


def _grid(length_ns: int, bins: int) -> NDArray[np.int64]:
    return np.linspace(0, length_ns, bins + 1).astype(np.int64)
