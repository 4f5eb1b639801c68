"""Impact that decays while the order trades, as models of whole orders."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import Parametric, require
from tcakit.impact.decay import Decay, ExponentialDecay, PowerDecay
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange

_NEEDS = ("volatility_daily", "duration")


@dataclass(frozen=True, slots=True)
class Propagator(Parametric):
    """Each moment's rate moves the price by its power δ, and what it moved decays as a power of time.

    peak = 1e4 c σ (Q/(ADV T))^δ ∫₀ᵀ G, with G(t) = (1 + t/t₀)^-γ on the volume's clock in days (t^-γ if t₀ = 0):
    c is `prefactor`, γ `decay_exponent`, δ `concavity`, t₀ `lag_scale`. With γ + δ = 1 and t₀ = 0 the peak is a
    power law of size alone; γ = δ = 1/2 is the square-root law of prefactor 2 c. Bouchaud, Gefen, Potters and Wyart
    (2004); Gatheral (2010), with what γ and δ must keep to (`manipulation.py`). All of it fades in the end.

    >>> facts = OrderFacts.of(quantity_adv=0.01, duration=[0.1, 0.4], volatility_daily=0.02)
    >>> Propagator(prefactor=0.35).peak_bps(facts).round(9).tolist()
    [14.0, 14.0]
    """

    prefactor: float
    decay_exponent: float = 0.5
    concavity: float = 0.5
    lag_scale: float = 0.0

    name = "propagator"
    needs = _NEEDS

    def __post_init__(self) -> None:
        _check_prefactor(self.prefactor)
        if not 0.0 < self.concavity <= 1.0:
            raise UsageError(f"the concavity is {self.concavity:g}", remedy="give a number above 0, at most 1")
        _ = self.decay

    @property
    def decay(self) -> Decay:
        return PowerDecay(self.decay_exponent, self.lag_scale)

    @property
    def range(self) -> FittedRange:
        return FittedRange("form: Bouchaud et al. (2004), Gatheral (2010)")

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return _scale(self.prefactor, self.concavity, facts) * self.decay.integral(facts.duration)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        scale = _scale(self.prefactor, self.concavity, facts)
        return np.asarray(scale * self.decay.double_integral(facts.duration) / facts.duration)

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.zeros(len(facts))


@dataclass(frozen=True, slots=True)
class ObizhaevaWang(Parametric):
    """A book that is pushed in proportion to what is taken and refills exponentially: Obizhaeva and Wang (2013).

    Of the move 1e4 σ Q/ADV a part `permanent` stays and a part `transient` fades with `half_life`, in days on the
    volume's clock. Both are moves, in daily volatilities, per day's volume. Optimum: `execution.transient_schedule`.

    >>> facts = OrderFacts.of(quantity_adv=0.01, duration=0.1, volatility_daily=0.02)
    >>> ObizhaevaWang(transient=2.0, half_life=1e9).peak_bps(facts).round(6).tolist()
    [4.0]
    """

    transient: float
    half_life: float
    permanent: float = 0.0

    name = "obizhaeva-wang"
    needs = _NEEDS

    def __post_init__(self) -> None:
        _check_prefactor(self.transient)
        _check_prefactor(self.permanent)
        _ = self.decay

    @property
    def decay(self) -> Decay:
        return ExponentialDecay.of_half_life(self.half_life)

    @property
    def range(self) -> FittedRange:
        return FittedRange("form: Obizhaeva and Wang (2013)")

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        fading = _scale(self.transient, 1.0, facts) * self.decay.integral(facts.duration)
        return fading + self.permanent_bps(facts)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        fading = _scale(self.transient, 1.0, facts) * self.decay.double_integral(facts.duration) / facts.duration
        return np.asarray(fading + self.permanent_bps(facts) / 2.0)

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.asarray(1e4 * self.permanent * facts.volatility_daily * facts.quantity_adv)


def _scale(prefactor: float, concavity: float, facts: OrderFacts) -> NDArray[np.float64]:
    rate = facts.quantity_adv / facts.duration
    return np.asarray(1e4 * prefactor * facts.volatility_daily * rate**concavity)


def _check_prefactor(value: float) -> None:
    if not (math.isfinite(value) and value >= 0.0):
        raise UsageError(f"an impact of {value:g}", remedy="give a number of zero or more")
