"""Whether a model of impact pays those who only push the price: it must not.

Gatheral (2010); Gatheral, Schied and Slynko (2012). A model that fails here lets an optimiser find profits that are
not there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.impact.decay import Decay
from tcakit.impact.trades import decay_matrix

# Below it power-law decay can be gamed whatever the impact: Gatheral (2010), section 5.
LEAST_DECAY_EXPONENT = 2.0 - math.log(3.0) / math.log(2.0)


def pump_and_dump_cost(
    concavity: float, decay_rate: float, pump_time: float, dump_time: float = 0.0, shares: float = 1.0
) -> float:
    """Cost of buying at a constant rate for `pump_time` and selling all of it in `dump_time`; below zero it pays.

    Impact of a rate v is v^`concavity`, and decays as exp(-`decay_rate` t). With a `dump_time` of zero all is sold at
    once: under concave impact that sale itself then costs nothing, which is how the model is gamed. The unit is that of
    shares times impact.

    >>> round(pump_and_dump_cost(0.5, 1.0, 1.0), 4), round(pump_and_dump_cost(1.0, 1.0, 1.0), 4)
    (-0.2642, 0.2358)
    """
    if not 0.0 < concavity <= 1.0:
        raise UsageError(f"the concavity is {concavity:g}", remedy="give a number above 0, at most 1")
    if not (decay_rate > 0.0 and pump_time > 0.0 and dump_time >= 0.0 and shares > 0.0):
        raise UsageError("no round trip", remedy="give a decay rate, a time to buy and shares above zero")
    rate = shares / pump_time
    faded = decay_rate * pump_time
    bought = rate ** (1.0 + concavity) * (faded + math.expm1(-faded)) / decay_rate**2
    left = -(rate**concavity) * math.expm1(-faded) / decay_rate
    if dump_time == 0.0:
        # A share sold at rate v pays v^δ for 1/v of time: nothing as v grows, unless δ is 1.
        return bought - shares * left + (0.5 * shares**2 if concavity == 1.0 else 0.0)
    speed = shares / dump_time
    later = decay_rate * dump_time
    received = -left * speed * -math.expm1(-later) / decay_rate
    return bought + received + speed ** (1.0 + concavity) * (later + math.expm1(-later)) / decay_rate**2


def power_law_faults(decay_exponent: float, concavity: float) -> tuple[str, ...]:
    """Which necessary conditions a power-law decay t^-γ with impact v^δ breaks, in words; empty if none.

    γ + δ ≥ 1 and γ ≥ 2 - ln 3 / ln 2 = 0.4150. They are necessary, not sufficient.

    >>> power_law_faults(0.5, 0.5)
    ()
    >>> power_law_faults(0.3, 0.8)
    ('decay exponent 0.3 is below 0.4150',)
    """
    faults = []
    if decay_exponent + concavity < 1.0:
        faults.append(f"decay exponent {decay_exponent:g} and concavity {concavity:g} add up to less than 1")
    if decay_exponent < LEAST_DECAY_EXPONENT:
        faults.append(f"decay exponent {decay_exponent:g} is below {LEAST_DECAY_EXPONENT:.4f}")
    return tuple(faults)


def least_round_trip(times: ArrayLike, decay: Decay) -> tuple[float, NDArray[np.float64]]:
    """The cheapest round trip of unit length at these times under linear impact: its cost, and its trades.

    Trades qᵢ add up to zero and Σ qᵢ² = 1; the cost is half the least eigenvalue of the decay matrix on such trades.
    At zero or above nothing can be gained at these times. A kernel that only falls is not enough: it must be convex
    too, or positive definite (Bochner). UsageError with fewer than two times.

    >>> from tcakit.impact.decay import ExponentialDecay
    >>> round(least_round_trip([0.0, 1.0], ExponentialDecay.of_half_life(1.0))[0], 12)
    0.25
    """
    matrix = decay_matrix(times, decay)
    count = len(matrix)
    if count < 2:
        raise UsageError("a round trip needs two times", remedy="give more times")
    # An orthonormal basis of the trades that add up to zero.
    basis = np.linalg.qr(np.column_stack([np.ones(count), np.eye(count)[:, :-1]]))[0][:, 1:]
    values, vectors = np.linalg.eigh(basis.T @ matrix @ basis)
    return 0.5 * float(values[0]), basis @ vectors[:, 0]
