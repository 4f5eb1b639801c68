"""Impact in proportion to size, which stays: Kyle (1985)."""

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
class Linear(Parametric):
    """Each share moves the price alike and for good: peak = 1e4 `coefficient` σ Q/ADV, cost = peak / 2.

    `coefficient` is the move, in daily volatilities, of an order of a whole day's volume. Nothing is published that
    fits all markets, so it has no default.

    >>> model = Linear(coefficient=2.0)
    >>> facts = OrderFacts.of(quantity_adv=0.01, volatility_daily=0.02)
    >>> model.peak_bps(facts).tolist(), model.cost_bps(facts).tolist()
    ([4.0], [2.0])
    """

    coefficient: float

    name = "linear"
    needs = ("volatility_daily",)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.coefficient) and self.coefficient >= 0.0):
            raise UsageError(f"the coefficient is {self.coefficient:g}", remedy="give a number of zero or more")

    @property
    def range(self) -> FittedRange:
        # Below a thousandth of the day's volume impact is linear, above it bends: Bucci et al. (2019).
        return FittedRange("form: Kyle (1985); linear up to 0.1 % of ADV: Bucci et al. (2019)", {
            "quantity_adv": (0.0, 1e-3)
        })  # fmt: skip

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.asarray(1e4 * self.coefficient * facts.volatility_daily * facts.quantity_adv)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        return self.peak_bps(facts) / 2.0

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        return self.peak_bps(facts)


@dataclass(frozen=True, slots=True)
class KyleEquilibrium:
    """One auction with an informed trader, noise and a market maker who knows their laws (Kyle 1985, section 2).

    `price_per_share` (λ) is the move of the price per share of net flow; `shares_per_price` (β) is how many shares the
    informed trader asks per unit of mispricing; `depth_shares` is 1/λ. 1/β = 2 λ.
    """

    price_per_share: float
    shares_per_price: float

    @property
    def depth_shares(self) -> float:
        return 1.0 / self.price_per_share


def kyle_equilibrium(value_deviation: float, noise_shares: float) -> KyleEquilibrium:
    """λ = ½ √(Σ₀/σᵤ²) and β = √(σᵤ²/Σ₀), from the deviations √Σ₀ of the value (currency a share) and σᵤ of noise flow.

    Raises UsageError unless both are above zero.

    >>> kyle_equilibrium(value_deviation=2.0, noise_shares=1000.0)
    KyleEquilibrium(price_per_share=0.001, shares_per_price=500.0)
    """
    if not (value_deviation > 0.0 and noise_shares > 0.0):
        raise UsageError("no equilibrium without noise and uncertain value", remedy="give both above zero")
    return KyleEquilibrium(0.5 * value_deviation / noise_shares, noise_shares / value_deviation)
