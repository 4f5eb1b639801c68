"""Impact that grows with the logarithm of size: Zarinelli, Treccani, Farmer and Lillo (2015)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import Parametric, require
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange


@dataclass(frozen=True, slots=True)
class Logarithm(Parametric):
    """peak = 1e4 a σ ln(1 + b Q/ADV), a the `prefactor`, b the `bend`; linear below 1/b of ADV, flat far above it.

    The cost is the mean of the peak on the way, for an order that climbs along the law as it trades. The paper's law
    over five decades of size; no values of it are published that fit all markets, so neither has a default.

    >>> model = Logarithm(prefactor=0.1, bend=100.0)
    >>> facts = OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02)
    >>> model.peak_bps(facts).round(3).tolist(), model.cost_bps(facts).round(3).tolist()
    ([13.863], [7.726])
    """

    prefactor: float
    bend: float

    name = "logarithm"
    needs = ("volatility_daily",)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.prefactor) and self.prefactor >= 0.0):
            raise UsageError(f"the prefactor is {self.prefactor:g}", remedy="give a number of zero or more")
        if not (math.isfinite(self.bend) and self.bend > 0.0):
            raise UsageError(f"the bend is {self.bend:g}", remedy="give a number above zero")

    @property
    def range(self) -> FittedRange:
        return FittedRange("form: Zarinelli et al. (2015), 2007 to 2009", {"quantity_adv": (1e-5, 1e-1)})

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.asarray(1e4 * self.prefactor * facts.volatility_daily * np.log1p(self.bend * facts.quantity_adv))

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        mean = mean_logarithm(self.bend * facts.quantity_adv)
        return np.asarray(1e4 * self.prefactor * facts.volatility_daily * mean)

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.full(len(facts), np.nan)


def mean_logarithm(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of ln(1 + u) for u from 0 to `size`: ((1 + x) ln(1 + x) - x) / x.

    >>> mean_logarithm(np.array([0.0, 1e-9, 1.0])).round(12).tolist()
    [0.0, 5e-10, 0.38629436112]
    """
    # Near zero the two terms cancel; there the first terms of the series are exact.
    series = size / 2 * (1 - size / 3 * (1 - size / 2 * (1 - 0.6 * size)))
    with np.errstate(invalid="ignore", divide="ignore"):
        closed = ((1.0 + size) * np.log1p(size) - size) / size
    return np.asarray(np.where(size < 1e-3, series, closed))
