"""Facts of returns of the mid: no linear memory, heavy tails that grow lighter, clusters, and the signature plot.

Cont (2001), "Empirical properties of asset returns". Returns are in ticks, over seconds of the clock on the wall; those
over longer than a second begin anew every second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.tape import Tape
from tcakit.simulator.scores.block_draws import BLOCKS, UNKNOWN, Estimate, block_sums, estimate, power_law

HORIZONS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300)
STEP_S = 10
RETURN_LAGS = np.arange(1, 21)
CLUSTER_LAGS = np.arange(1, 61)
TAIL = 0.05
_FEWEST_SECONDS = 1_500
Values = NDArray[np.float64]


def second_mids(tape: Tape) -> Values:
    """Mid in ticks at each whole second of the session, without those before the first quote."""
    mids = tape.mid_at(tape.edges(1.0))
    return np.asarray(mids[np.isfinite(mids)])


def enough(tape: Tape) -> str | None:
    """Why the session is too short for these facts, or its price too still; None where it is not."""
    mids = second_mids(tape)
    if len(mids) < _FEWEST_SECONDS:
        return f"{len(mids)} seconds with a quote, {_FEWEST_SECONDS} are needed"
    if not np.any(np.diff(mids)):
        return "the price never moves"
    return None


def signature(tape: Tape) -> tuple[Estimate, Estimate]:
    """σ²(τ), mean squared move over τ seconds by τ, in ticks² a second, and σ²(1 s) over σ²(300 s)."""
    sums = _over_horizons(second_mids(tape), (2,))

    def variance(found: Values) -> Values:
        return np.asarray(found[..., 1::2] / found[..., ::2] / np.array(HORIZONS_S, np.float64))

    ratio = estimate(sums, lambda found: variance(found)[..., :1] / variance(found)[..., -1:])
    return estimate(sums, variance), ratio


def kurtosis(tape: Tape) -> Estimate:
    """Excess kurtosis of moves over each of `HORIZONS_S`: it falls as the horizon grows."""
    sums = _over_horizons(second_mids(tape), (2, 4))

    def excess(found: Values) -> Values:
        count, second, fourth = found[..., ::3], found[..., 1::3], found[..., 2::3]
        return np.asarray(count * fourth / second**2 - 3.0)

    return estimate(sums, excess)


def return_memory(tape: Tape) -> Estimate:
    """Correlation of moves over 10 s with those up to 200 s later: about none in markets."""
    return _memory(_steps(tape), RETURN_LAGS)[0]


def volatility_clusters(tape: Tape) -> tuple[Estimate, Estimate]:
    """Correlation of the sizes of moves over 10 s with later ones, and b in its decay as lag^-b (0.2 to 0.4)."""
    return _memory(np.abs(_steps(tape)), CLUSTER_LAGS)


def hill_index(tape: Tape) -> Estimate:
    """Hill's index of the 5 % largest moves over 10 s: how heavy the tail is, about 3 in markets."""
    sizes = np.abs(_steps(tape))
    threshold = float(np.quantile(sizes, 1.0 - TAIL))
    if not threshold > 0.0:
        return UNKNOWN
    beyond = sizes > threshold
    columns = [beyond, np.where(beyond, np.log(np.maximum(sizes, threshold) / threshold), 0.0)]
    return estimate(block_sums(_blocks(len(sizes)), columns, BLOCKS), lambda found: found[..., :1] / found[..., 1:])


def _steps(tape: Tape) -> Values:
    return np.diff(second_mids(tape)[::STEP_S])


def _blocks(count: int) -> NDArray[np.int64]:
    return np.arange(count) * BLOCKS // max(count, 1)


def _over_horizons(mids: Values, powers: tuple[int, ...]) -> Values:
    """Sums (blocks, ...) by horizon: how many moves there are, and the sum of each power of them."""
    parts = []
    for horizon in HORIZONS_S:
        moves = mids[horizon:] - mids[:-horizon]
        columns = [np.ones(len(moves)), *(moves**power for power in powers)]
        parts.append(block_sums(_blocks(len(moves)), columns, BLOCKS))
    return np.concatenate(parts, axis=1)


def _memory(values: Values, lags: NDArray[np.int64]) -> tuple[Estimate, Estimate]:
    """Correlations at these lags, and the exponent of their decay."""
    count = len(values)
    columns = np.zeros((3 + 2 * len(lags), count))
    columns[0], columns[1], columns[2] = 1.0, values, values**2
    for place, lag in enumerate(lags.tolist()):
        columns[3 + 2 * place, :-lag] = values[:-lag] * values[lag:]
        columns[4 + 2 * place, :-lag] = 1.0
    sums = block_sums(_blocks(count), columns, BLOCKS)

    def correlation(found: Values) -> Values:
        mean = found[..., 1:2] / found[..., :1]
        variance = found[..., 2:3] / found[..., :1] - mean**2
        return np.asarray((found[..., 3::2] / found[..., 4::2] - mean**2) / variance)

    exponent = estimate(sums, lambda found: power_law(lags.astype(np.float64), correlation(found)))
    return estimate(sums, correlation), exponent
