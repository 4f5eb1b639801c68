"""How well a model says the cost of days that it was not fitted on: the only score that counts.

Days are held out in blocks that hang together, so that nothing of a day or its neighbours is in the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fit_bootstrap import times_drawn
from tcakit.impact.fit_profile import LeastSquares, minima
from tcakit.impact.sample import FittingSample

BLOCKS = 5


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Costs said of each order by a model fitted without its block of days, bps, float64 of n."""

    predicted_bps: NDArray[np.float64]
    sample: FittingSample

    @property
    def losses(self) -> NDArray[np.float64]:
        """Squared error in variances of chance, float64 of n: 1 on average for a perfect model."""
        return np.asarray(((self.sample.cost_bps - self.predicted_bps) / self.sample.noise_bps) ** 2)


def day_blocks(sample: FittingSample, blocks: int = BLOCKS) -> NDArray[np.int64]:
    """The block of each order's day: days that follow each other, about as many orders in each; int64 of n."""
    held, place = np.unique(sample.day, return_inverse=True)
    many = min(blocks, len(held))
    per_day = np.bincount(place)
    middle = np.cumsum(per_day) - per_day / 2.0
    block_of_day = np.minimum((middle * many / len(sample)).astype(np.int64), many - 1)
    _, block_of_day = np.unique(block_of_day, return_inverse=True)
    return np.asarray(block_of_day[place], np.int64)


def held_out(problem: LeastSquares, sums: NDArray[np.float64], blocks: int = BLOCKS) -> HeldOut:
    """Each block said by a fit of all other blocks; `sums` are the moments by day (`LeastSquares.clustered`)."""
    return _held_out(problem, sums, problem.sample.day, day_blocks(problem.sample, blocks))


def held_out_symbols(problem: LeastSquares, blocks: int = BLOCKS) -> HeldOut | None:
    """Each group of symbols said by a fit of all other symbols; None with fewer than two symbols.

    What is left on symbols that a fit has not seen says whether volatility, volume and spread make them comparable.
    """
    sample = problem.sample
    held, place = np.unique(sample.symbol, return_inverse=True)
    if len(held) < 2:
        return None
    # The largest symbols first, dealt round: about as many orders in each group.
    rank = np.empty(len(held), np.int64)
    rank[np.argsort(-np.bincount(place), kind="stable")] = np.arange(len(held))
    group = rank % min(blocks, len(held))
    return _held_out(problem, problem.clustered(place.astype(np.int64)), place, group[place])


def _held_out(
    problem: LeastSquares, sums: NDArray[np.float64], cluster: NDArray[np.int64], block: NDArray[np.int64]
) -> HeldOut:
    """Costs of each block by the fit of the rest; `cluster` says for each order to which row of `sums` it belongs."""
    sample = problem.sample
    _, first = np.unique(cluster, return_index=True)
    total = sums.sum(axis=0)
    predicted = np.full(len(sample), np.nan)
    for number in range(int(block.max()) + 1):
        rest = total - sums[block[first] == number].sum(axis=0)
        coefficients, places, _ = minima(rest[None], problem.width, problem.steps)
        if np.isnan(coefficients).any():
            continue
        exponents = tuple(problem.exponents_at(places)[0].tolist())
        mine = block == number
        predicted[mine] = problem.said(exponents, coefficients[0])[mine]
    return HeldOut(predicted, sample)


def held_out_mean(sample: FittingSample, blocks: int = BLOCKS) -> HeldOut:
    """The model that knows nothing of an order: each costs what the orders of the other blocks cost on average."""
    block = day_blocks(sample, blocks)
    weights = 1.0 / sample.noise_bps**2
    predicted = np.empty(len(sample))
    for number in range(int(block.max()) + 1):
        others = block != number
        mean = np.average(sample.cost_bps[others], weights=weights[others]) if others.any() else np.nan
        predicted[~others] = mean
    return HeldOut(predicted, sample)


def skill(model: HeldOut, other: HeldOut, draws: int = 1_000, seed: int = 0) -> dict[str, Any]:
    """By what share the model's squared error is below another's, with an interval over days and `compared`.

    Beside noise all models are nearly equal: a skill of 2 per cent is what a true impact law has.
    """
    sample = model.sample
    _, place = np.unique(sample.day, return_inverse=True)
    ours, theirs = np.bincount(place, weights=model.losses), np.bincount(place, weights=other.losses)
    ratios = np.concatenate([1.0 - (times @ ours) / (times @ theirs) for times in times_drawn(len(ours), draws, seed)])
    low, high = np.percentile(ratios, [2.5, 97.5])
    return {
        "skill": float(1.0 - ours.sum() / theirs.sum()),
        "ci": [float(low), float(high)],
        "p_value": compared(model, other),
    }


def compared(model: HeldOut, other: HeldOut) -> float:
    """Two-sided p-value of two models erring alike: Diebold and Mariano's (1995) test, with days as clusters."""
    ones = np.ones((len(model.sample), 1))
    return clustered_regression(ones, other.losses - model.losses, model.sample.day).p_value()


def calibration(model: HeldOut) -> dict[str, Any]:
    """Slope of what orders cost on what was said of them, both weighted by chance; 1 where predictions hold.

    Below 1 the model says too much of large orders and too little of small ones. The intercept is in bps.
    """
    scale = 1.0 / model.sample.noise_bps
    columns = np.column_stack([model.predicted_bps * scale, scale])
    found = clustered_regression(columns, model.sample.cost_bps * scale, model.sample.day)
    slope, error = float(found.coefficients[0]), float(found.errors[0])
    return {
        "slope": slope,
        "se": error,
        "ci": [slope - 1.96 * error, slope + 1.96 * error],
        "intercept_bps": float(found.coefficients[1]),
        "intercept_se": float(found.errors[1]),
    }
