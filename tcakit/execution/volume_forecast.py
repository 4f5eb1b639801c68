"""The rest of a day's volume from what of it has been seen: Białkowski, Darolles and Le Fol (2008).

A day is what days have in common, the first principal component of days by bins at its mean, times one and a deviation;
deviations last, as an ARMA(1, 1). Their paper takes what is in common from many shares, this from many days of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError

FEWEST_DAYS = 5
# A forecast below this part of the usual is taken for it: a bin is never without volume for certain.
_LEAST_PART = 0.05
_LIMIT = 0.99


@dataclass(frozen=True, slots=True)
class VolumeForecast:
    """A usual day and how deviations from it last; make it with `VolumeForecast.of_days`.

    `common` is the usual volume of each bin, float64 of n, in shares; `explained` the share of all squared volume that
    the component holds. A deviation y is y(i) = φ y(i-1) + e(i) + θ e(i-1), φ `autoregression`, θ `moving_average`.
    """

    common: NDArray[np.float64]
    autoregression: float
    moving_average: float
    explained: float

    @classmethod
    def of_days(cls, volumes: ArrayLike) -> VolumeForecast:
        """From the volumes of whole days, (days, bins) in shares; DataError with fewer than five days or a bin that is
        always empty.

        >>> days = np.outer([1.0, 2.0, 1.0, 2.0, 1.5], [4.0, 2.0, 4.0])
        >>> VolumeForecast.of_days(days).common.round(9).tolist()
        [6.0, 3.0, 6.0]
        """
        held = np.asarray(volumes, np.float64)
        if held.ndim != 2 or len(held) < FEWEST_DAYS:
            count = len(held) if held.ndim == 2 else 0
            raise DataError(
                f"{count} whole days are too few for a forecast of volume", remedy=f"store {FEWEST_DAYS} or more"
            )
        scores, sizes, parts = np.linalg.svd(held, full_matrices=False)
        common = float(np.mean(scores[:, 0])) * sizes[0] * parts[0]
        if not (common > 0.0).all():
            raise DataError("a bin of the day has no volume in common", remedy="take longer bins")
        autoregression, moving_average = _arma(held / common - 1.0)
        explained = float(sizes[0] ** 2 / np.sum(sizes**2))
        return cls(common, autoregression, moving_average, explained)

    def ahead(self, seen: ArrayLike) -> NDArray[np.float64]:
        """Volume of each bin still to come, in shares, after those of the first bins have been seen."""
        known = np.asarray(seen, np.float64)
        count = len(known)
        deviation = surprise = 0.0
        for place in range(count):
            now = float(known[place] / self.common[place]) - 1.0
            surprise = now - self.autoregression * deviation - self.moving_average * surprise
            deviation = now
        following = self.autoregression * deviation + self.moving_average * surprise
        later = following * self.autoregression ** np.arange(len(self.common) - count)
        return np.asarray(self.common[count:] * np.maximum(1.0 + later, _LEAST_PART))

    def weights(self, volumes: ArrayLike) -> NDArray[np.float64]:
        """Part of an order to be traded in each bin of a day, each decided on the bins before it; they add up to 1."""
        held = np.asarray(volumes, np.float64)
        found, left = np.empty(len(held)), 1.0
        for place in range(len(held)):
            rest = self.ahead(held[:place])
            found[place] = left * rest[0] / rest.sum()
            left -= found[place]
        return found


def tracking_error_bps(weights: ArrayLike, volumes: ArrayLike, prices: ArrayLike) -> float:
    """How far an order worked so would have been from the day's VWAP, in bps of it, whichever way.

    Columns of a day's bins; `prices` are the bins' VWAPs, that of the bin before where nothing traded.

    >>> round(tracking_error_bps([0.5, 0.5], [100, 300], [100.0, 101.0]), 4)
    24.8139
    """
    price = np.asarray(prices, np.float64)
    usual = np.asarray(volumes, np.float64)
    vwap = float(usual @ price / usual.sum())
    return abs(float(np.asarray(weights, np.float64) @ price) / vwap - 1.0) * 1e4


def _arma(deviations: NDArray[np.float64]) -> tuple[float, float]:
    """φ and θ of least squared surprises, each day beginning afresh."""
    from scipy.optimize import minimize
    from scipy.signal import lfilter

    def surprises(at: NDArray[np.float64]) -> float:
        if np.abs(at).max() > _LIMIT:
            return np.inf
        found = lfilter([1.0, -float(at[0])], [1.0, float(at[1])], deviations, axis=1)
        return float(np.sum(np.asarray(found) ** 2))

    starts = [np.array([phi, theta]) for phi in (0.0, 0.5, 0.9) for theta in (-0.5, 0.0)]
    found = minimize(surprises, min(starts, key=surprises), method="Nelder-Mead", options={"xatol": 1e-4}).x
    return float(found[0]), float(found[1])
