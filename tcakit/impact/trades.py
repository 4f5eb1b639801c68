"""What single trades do to the price, and what they cost: the propagator of Bouchaud, Gefen, Potters and Wyart (2004).

The price is moved by Σ G(t - tᵢ) qᵢ over the trades so far, plus what stays. Trades are signed: above zero buys.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.impact.decay import Decay, SumOfExponentials


def decay_matrix(times: ArrayLike, decay: Decay, permanent: float = 0.0) -> NDArray[np.float64]:
    """G(|tᵢ - tⱼ|) + `permanent` of n rising times, float64 (n, n): a schedule q costs ½ qᵀ K q.

    UsageError if times do not rise, or if the kernel has no value at lag zero.
    """
    at = _rising(times)
    if not np.isfinite(decay.value(0.0)):
        raise UsageError("the decay kernel is infinite at lag zero", remedy="give it a lag scale above zero")
    return decay.value(np.abs(at[:, None] - at[None, :])) + permanent


def impact_before(times: ArrayLike, trades: ArrayLike, decay: Decay, permanent: float = 0.0) -> NDArray[np.float64]:
    """What earlier trades have done to the price when each trade comes, float64 of n, in the unit of G times trades.

    Sums of exponentials are carried along; any other kernel is summed over all pairs.

    >>> from tcakit.impact.decay import ExponentialDecay
    >>> impact_before([0.0, 1.0], [100.0, 100.0], ExponentialDecay.of_half_life(1.0)).tolist()
    [0.0, 50.0]
    """
    at, signed = _rising(times), _as_long(trades, times)
    stays = permanent * (np.cumsum(signed) - signed)
    if isinstance(decay, SumOfExponentials):
        from tcakit.impact.transient_kernel import carry_impact

        weights, rates = np.asarray(decay.weights), np.asarray(decay.rates)
        before = np.empty(len(at))
        carry_impact(at, signed, weights, rates, np.zeros(len(rates)), before)
        return before + stays
    earlier = np.tril(decay.value(np.abs(np.subtract.outer(at, at)) + np.eye(len(at))), -1)
    return earlier @ signed + stays


def schedule_cost(times: ArrayLike, trades: ArrayLike, decay: Decay, permanent: float = 0.0) -> float:
    """Cost of trades against the price before the first: Σ qᵢ (impact before i + ½ (G(0) + permanent) qᵢ).

    In currency where G is currency a share per share. A trade pays half of its own jump, as it walks up to it.

    >>> from tcakit.impact.decay import ExponentialDecay
    >>> schedule_cost([0.0], [100.0], ExponentialDecay(1.0))
    5000.0
    """
    signed = _as_long(trades, times)
    own = float(decay.value(0.0)) + permanent
    if not math.isfinite(own):
        raise UsageError("the decay kernel is infinite at lag zero", remedy="give it a lag scale above zero")
    return float(signed @ (impact_before(times, signed, decay, permanent) + 0.5 * own * signed))


def _rising(times: ArrayLike) -> NDArray[np.float64]:
    at = np.asarray(times, np.float64)
    if at.ndim != 1 or not np.isfinite(at).all() or (np.diff(at) < 0.0).any():
        raise UsageError("times do not rise", remedy="give one column of times, earliest first")
    return at


def _as_long(trades: ArrayLike, times: ArrayLike) -> NDArray[np.float64]:
    signed = np.asarray(trades, np.float64)
    if signed.shape != np.shape(times):
        raise UsageError(f"{signed.size} trades at {np.size(times)} times", remedy="give as many of each")
    return signed
