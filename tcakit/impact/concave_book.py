"""Impact that is a concave function of a flow that fades, as a model of whole orders."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import Parametric, require
from tcakit.impact.decay import ExponentialDecay
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange

_NODES = 32


@dataclass(frozen=True, slots=True)
class AlfonsiFruthSchied(Parametric):
    """A book that refills exponentially and is thicker the further it is pushed: Alfonsi, Fruth and Schied (2010).

    What was traded fades with `half_life`, in days on the volume's clock, and the price stands where a power of what
    is left puts it: peak = 1e4 c σ (Q/(ADV T) ∫₀ᵀ e^(-ρt) dt)^δ, c the `prefactor`, δ the `concavity`. Never fading, it
    is the power law of size; with δ = 1, `obizhaeva-wang` without a permanent part. All of it fades in the end.

    >>> facts = OrderFacts.of(quantity_adv=0.01, duration=0.1, volatility_daily=0.02)
    >>> AlfonsiFruthSchied(prefactor=1.0, half_life=1e9).peak_bps(facts).round(6).tolist()
    [20.0]
    """

    prefactor: float
    half_life: float
    concavity: float = 0.5

    name = "alfonsi-fruth-schied"
    needs = ("volatility_daily", "duration")

    def __post_init__(self) -> None:
        if not (math.isfinite(self.prefactor) and self.prefactor >= 0.0):
            raise UsageError(f"an impact of {self.prefactor:g}", remedy="give a number of zero or more")
        if not 0.0 < self.concavity <= 1.0:
            raise UsageError(f"the concavity is {self.concavity:g}", remedy="give a number above 0, at most 1")
        _ = self.decay

    @property
    def decay(self) -> ExponentialDecay:
        return ExponentialDecay.of_half_life(self.half_life)

    @property
    def range(self) -> FittedRange:
        return FittedRange("form: Alfonsi, Fruth and Schied (2010)")

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return self._moved(facts, facts.duration)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """The mean of the move over the order, by Gauss's rule in the square of time, where the root is smooth."""
        require(self, facts)
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        part = (nodes + 1.0) / 2.0
        moved = [
            weight * at * self._moved(facts, facts.duration * at * at)
            for at, weight in zip(part.tolist(), weights.tolist(), strict=True)
        ]
        return np.asarray(np.sum(moved, axis=0))

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.zeros(len(facts))

    def _moved(self, facts: OrderFacts, elapsed: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far the price is, so far into an order worked at a constant rate."""
        left = facts.quantity_adv / facts.duration * self.decay.integral(elapsed)
        return np.asarray(1e4 * self.prefactor * facts.volatility_daily * left**self.concavity)
