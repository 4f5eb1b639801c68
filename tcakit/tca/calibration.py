"""Whether costs came out as they were estimated before trading: slope, bias and coverage, with intervals over days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError
from tcakit.tca.resampling import DRAWS, drawn_sums

LEAST_ORDERS = 3
COVERAGE = 0.95
Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How estimates of costs held, over `orders` of `days`; None where too few orders say anything.

    `slope` is that of realised on estimated cost: 1 if an order estimated to cost twice as much did. `bias_bps` is the
    mean of realised less estimated: above zero trading was dearer than estimated. `coverage` is the share of orders
    whose cost lay in the band of a single order, `nominal` what it should be. `left_out` had no estimate or no cost.
    """

    orders: int
    days: int
    left_out: int
    slope: float | None
    slope_interval: Interval
    bias_bps: float | None
    bias_interval_bps: Interval
    coverage: float | None
    coverage_interval: Interval
    nominal: float = COVERAGE


def calibrated(
    estimated_bps: ArrayLike,
    realised_bps: ArrayLike,
    low_bps: ArrayLike,
    high_bps: ArrayLike,
    days: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Calibration:
    """Set realised costs against estimates; `low_bps` to `high_bps` is each order's band. All of n, NaN where unknown.

    Slope and bias weigh an order by 1 / width², as chance moves a long order in a volatile share most; orders without a
    width are left out. Intervals draw days, then orders within them. DataError for columns of different lengths.

    >>> found = calibrated([1, 2, 3], [3, 5, 7], [-9, -8, -7], [11, 12, 13], ["a", "a", "b"])
    >>> found.slope, found.bias_bps, found.coverage
    (2.0, 3.0, 1.0)
    """
    columns = [np.asarray(column, np.float64) for column in (estimated_bps, realised_bps, low_bps, high_bps)]
    if any(column.shape != (len(days),) for column in columns):
        raise DataError("columns of different lengths", remedy="give one number of each for every day named")
    width = columns[3] - columns[2]
    usable = np.isfinite(np.column_stack(columns)).all(axis=1) & (width > 0.0)
    estimated, realised, low, high = (column[usable] for column in columns)
    dates = [day for day, kept in zip(days, usable, strict=True) if kept]
    count, left_out = len(dates), len(days) - len(dates)
    if count < LEAST_ORDERS:
        return Calibration(count, len(set(dates)), left_out, None, None, None, None, None, None)
    weight = 1.0 / width[usable] ** 2
    # About their mean: sums of squares of large numbers would lose their digits.
    centred = estimated - np.average(estimated, weights=weight)
    off = realised - estimated
    inside = ((realised >= low) & (realised <= high)).astype(np.float64)
    sums = np.column_stack(
        [weight, weight * centred, weight * centred**2, weight * off, weight * centred * off, inside, np.ones(count)]
    )
    drawn = drawn_sums(sums, dates, draws=draws, seed=seed)
    whole = sums.sum(axis=0)[None, :]
    told: list[float | Interval] = []
    for figure in (_slope, _bias, _share):
        found = float(figure(whole)[0])
        told += [found if math.isfinite(found) else None, _interval(figure(drawn))]
    return Calibration(count, len(set(dates)), left_out, *told)  # type: ignore[arg-type]


def _slope(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 + the slope of what was off on the estimate, NaN where estimates are all alike."""
    weight, first, second, off, both = sums[:, :5].T
    spread = second - first**2 / weight
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            spread > 1e-12 * np.maximum(second, 1e-300), 1.0 + (both - first * off / weight) / spread, np.nan
        )


def _bias(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums[:, 3] / sums[:, 0]


def _share(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums[:, 5] / sums[:, 6]


def _interval(values: NDArray[np.float64]) -> Interval:
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
