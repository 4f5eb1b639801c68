"""The best of many tried on the same days: how much of its advantage is what the best of equals shows by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.tca.inference import DRAWS
from tcakit.tca.shortfall import BPS


@dataclass(frozen=True, slots=True)
class BestOfMany:
    """The cheapest of `tried` columns: `best` is its place, `gain_bps` by how much it is below the mean of all.

    `chance_bps` is the gain to expect of the best of as many that cost the same, `p_value` how often those gain as much
    or more.
    """

    best: int
    tried: int
    gain_bps: float
    chance_bps: float
    p_value: float


def best_of_many(
    costs: NDArray[np.float64], notionals: NDArray[np.float64], *, draws: int = DRAWS, seed: int = 0
) -> BestOfMany | None:
    """White's (2000) reality check of costs by day and candidate, in currency, both (days, candidates).

    Whole days are drawn with replacement, for all candidates alike, so that what they share is not taken for luck; a
    candidate's advantage is its bps of notional below the mean of all candidates, in each draw less the one observed:
    so all cost the same on average. None with fewer than two days or candidates, or where one has no notional. The same
    seed and numbers give the same.

    >>> best_of_many(np.array([[1.0, 2.0], [1.0, 2.0]]), np.full((2, 2), 1e4)).gain_bps
    0.5
    """
    days, tried = costs.shape
    if days < 2 or tried < 2 or not (notionals.sum(axis=0) > 0).all():
        return None
    observed = _below_mean(costs.sum(axis=0), notionals.sum(axis=0))
    best = int(np.argmax(observed))
    generator = np.random.default_rng(seed)
    times = generator.multinomial(days, np.full(days, 1 / days), size=draws).astype(np.float64)
    # Not by `@`, whose last bits hang on how many threads there are.
    tops, bottoms = (np.einsum("dn,nc->dc", times, values) for values in (costs, notionals))
    usable = (bottoms > 0).all(axis=1)
    gains = (_below_mean(tops[usable], bottoms[usable]) - observed).max(axis=1)
    # Sums of the same numbers in another order are not the same to the last bit.
    reached = gains >= observed[best] * (1 - 1e-9)
    return BestOfMany(
        best, tried, float(observed[best]), float(gains.mean()), float((reached.sum() + 1) / (len(gains) + 1))
    )


def _below_mean(cost: NDArray[np.float64], notional: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how many bps each candidate (last axis) is below the mean of all."""
    bps = cost / notional * BPS
    below: NDArray[np.float64] = bps.mean(axis=-1, keepdims=True) - bps
    return below
