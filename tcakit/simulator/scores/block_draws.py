"""Facts of one day with intervals: sums over blocks of the day, of which the day is drawn anew.

Trades and quotes of one minute hang together, so that single ones drawn anew would make intervals far too narrow
(Künsch 1989). A fact that can be had from sums over blocks needs no second look at the day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 500
CONFIDENCE = 0.95
BLOCKS = 39  # ten minutes each of a session of 6.5 hours
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a fact is, float64 of m (a number a lag, or one), and its 95 % intervals; NaN where it cannot be said."""

    value: Values
    low: Values
    high: Values

    def scalar(self) -> tuple[float, float, float]:
        """Value, low and high of a fact that is one number."""
        return float(self.value[0]), float(self.low[0]), float(self.high[0])


UNKNOWN = Estimate(*(np.full(1, np.nan) for _ in range(3)))


def estimate(sums: Values, statistic: Callable[[Values], Values], *, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """A fact from sums (blocks, k), by a function of sums (..., k) that gives (..., m); draws without it are left out.

    >>> mean = estimate(np.array([[3.0, 1.0], [3.0, 1.0]]), lambda sums: sums[..., :1] / sums[..., 1:])
    >>> mean.scalar()
    (3.0, 3.0, 3.0)
    """
    blocks = len(sums)
    often = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1.0 / blocks), size=draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.atleast_1d(statistic(sums.sum(axis=0)))
        drawn = statistic(often.astype(np.float64) @ sums).reshape(draws, -1)
    low, high = np.full((2, len(value)), np.nan)
    for place in range(len(value)):
        held = drawn[:, place][np.isfinite(drawn[:, place])]
        # Where half of the draws say nothing, neither do the others.
        if np.isfinite(value[place]) and 2 * len(held) > draws:
            tail = 50.0 * (1.0 - CONFIDENCE)
            low[place], high[place] = np.percentile(held, [tail, 100.0 - tail])
    return Estimate(value, low, high)


def block_sums(place: NDArray[np.int64], columns: ArrayLike, blocks: int) -> Values:
    """Sums (blocks, k) of k columns of n over the block that each row is in.

    >>> block_sums(np.array([0, 0, 1]), [[1.0, 2.0, 3.0]], 2).tolist()
    [[3.0], [3.0]]
    """
    return np.stack([np.bincount(place, weights=column, minlength=blocks) for column in np.asarray(columns)], axis=1)


def blocks_of_time(ns: NDArray[np.int64], open_ns: int, close_ns: int, blocks: int = BLOCKS) -> NDArray[np.int64]:
    """Which of so many equal parts of the session each instant is in."""
    return np.clip((ns - open_ns) * blocks // max(close_ns - open_ns, 1), 0, blocks - 1)


def power_law(lags: Values, values: Values) -> Values:
    """The exponent b of A · lag^-b, A above 0, that leaves least squares of each row of `values` (..., lags).

    The errors of correlations are alike at all lags, so that no logarithm is taken. NaN where the values are no such
    law, the best A not above 0; 0 where they do not fall with the lag.

    >>> lags = np.arange(1.0, 50.0)
    >>> power_law(lags, 0.3 * lags**-0.5).round(2).tolist()
    0.5
    """
    exponents = np.arange(301) / 100.0
    shapes = lags[None, :] ** -exponents[:, None]
    products = values @ shapes.T
    gain = np.where(products > 0.0, products**2 / (shapes**2).sum(axis=1), -1.0)
    best = np.argmax(gain, axis=-1)
    known = np.take_along_axis(gain, best[..., None], axis=-1)[..., 0] > 0.0
    return np.asarray(np.where(known & np.isfinite(values).all(axis=-1), exponents[best], np.nan))
