"""The cheapest schedule over slices of time under linear impact that decays.

Where the kernel has a value at lag zero each slice trades at its middle: `transient_schedule.optimal_trades`. Where it
has none (t^-γ) a trade costs without end, and each slice trades at a constant rate instead.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.impact.decay import Decay
from tcakit.impact.trades import decay_matrix


def slice_kernel(edges: ArrayLike, decay: Decay) -> NDArray[np.float64]:
    """What slices do to each other, float64 (n, n): ½ qᵀ K q is what amounts q of each slice cost.

    `edges` are the n + 1 rising ends of the slices, in the decay's time. G of the lags between middles, or its mean
    over each pair of slices where G has no value at zero: then equal rates cost exactly what the impact model says of
    an order at a constant rate.

    >>> from tcakit.impact.decay import ExponentialDecay
    >>> slice_kernel([0.0, 1.0, 3.0], ExponentialDecay(0.0)).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    times = np.asarray(edges, np.float64)
    length = np.diff(times)
    if times.ndim != 1 or times.size < 2 or not (length > 0.0).all():
        raise UsageError("slices without length", remedy="give rising times")
    if math.isfinite(float(decay.value(0.0))):
        return decay_matrix(times[:-1] + length / 2.0, decay)
    # With D the double integral of G: over slices [a, b] and [c, d] it is D(d-a) - D(c-a) - D(d-b) + D(c-b), D even.
    area = decay.double_integral(np.abs(times[None, :] - times[:, None]))
    both = area[:-1, 1:] - area[:-1, :-1] - area[1:, 1:] + area[1:, :-1]
    return np.asarray(both / np.outer(length, length))


def cheapest_slices(
    quantity: float, edges: ArrayLike, decay: Decay, allowed: ArrayLike = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amounts of each slice, float64 of n, zero where trading is not `allowed`, and the kernel they are the best of.

    x = X K⁻¹ 1 / (1ᵀ K⁻¹ 1): Gatheral, Schied and Slynko (2012). Raises UsageError where the kernel lets a round trip
    earn, or asks to trade back: then no schedule of one side is the cheapest.

    >>> from tcakit.impact.decay import ExponentialDecay
    >>> trades, _ = cheapest_slices(100.0, [0.0, 1.0, 2.0, 3.0], ExponentialDecay.of_half_life(1.0))
    >>> trades.round(6).tolist()
    [40.0, 20.0, 40.0]
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    kernel = slice_kernel(edges, decay)
    may = np.broadcast_to(np.asarray(allowed, np.bool_), len(kernel))
    if not may.any():
        raise UsageError("no slice may trade", remedy="allow at least one")
    try:
        weights = cho_solve(cho_factor(kernel[np.ix_(may, may)]), np.ones(int(may.sum())))
    except LinAlgError:
        weights = np.array([math.nan])
    if not (weights > 0.0).all():
        raise UsageError(
            "this decay lets a round trip earn over these slices, so that no schedule is the cheapest",
            remedy="use a kernel that is convex and falling, or fewer slices",
        )
    trades = np.zeros(len(kernel))
    trades[may] = quantity * weights / weights.sum()
    return trades, kernel
