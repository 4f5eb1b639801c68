"""Impact as a power of size, the square-root law among them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import Parametric, require
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange

_RANGE = FittedRange(
    "exponent 0.4 to 0.7, prefactor near 1: Tóth et al. (2011); range: Bucci et al. (2019)",
    {"quantity_adv": (1e-3, 1e-1)},
)


def _power_bps(prefactor: float, exponent: float, facts: OrderFacts) -> NDArray[np.float64]:
    return np.asarray(1e4 * prefactor * facts.volatility_daily * facts.quantity_adv**exponent)


def _check(prefactor: float, exponent: float) -> None:
    if not (math.isfinite(prefactor) and prefactor >= 0.0):
        raise UsageError(f"the prefactor is {prefactor:g}", remedy="give a number of zero or more, 0.5 to 1 is usual")
    if not 0.0 < exponent <= 1.0:
        raise UsageError(f"the exponent is {exponent:g}", remedy="give a number above 0, at most 1; 0.5 is usual")


@dataclass(frozen=True, slots=True)
class PowerLaw(Parametric):
    """peak = 1e4 Y σ (Q/ADV)^δ, Y the `prefactor`, δ the `exponent`; cost = peak / (1 + δ).

    The law is one of size: how long the order takes plays no part. The cost follows from the peak if the order climbs
    along the law as it trades. What stays afterwards the law does not say: `permanent_bps` is NaN.

    >>> facts = OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02)
    >>> PowerLaw(prefactor=0.7, exponent=0.5).peak_bps(facts).round(9).tolist()
    [14.0]
    """

    prefactor: float = 1.0
    exponent: float = 0.5

    name = "power-law"
    needs = ("volatility_daily",)

    def __post_init__(self) -> None:
        _check(self.prefactor, self.exponent)

    @property
    def range(self) -> FittedRange:
        return _RANGE

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return _power_bps(self.prefactor, self.exponent, facts)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        return self.peak_bps(facts) / (1.0 + self.exponent)

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.full(len(facts), np.nan)


@dataclass(frozen=True, slots=True)
class SquareRoot(Parametric):
    """The power law with δ = 1/2: peak = 1e4 Y σ √(Q/ADV), cost two thirds of it.

    >>> facts = OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02)
    >>> SquareRoot(prefactor=0.7).cost_bps(facts).round(2).tolist()
    [9.33]
    """

    prefactor: float = 1.0

    name = "square-root"
    needs = ("volatility_daily",)

    def __post_init__(self) -> None:
        _check(self.prefactor, 0.5)

    @property
    def range(self) -> FittedRange:
        return _RANGE

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return _power_bps(self.prefactor, 0.5, facts)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        return self.peak_bps(facts) / 1.5

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.full(len(facts), np.nan)
