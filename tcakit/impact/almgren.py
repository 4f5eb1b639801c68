"""Permanent and temporary impact from orders of a large broker: Almgren, Thum, Hauptmann and Li (2005)."""

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
class Almgren2005(Parametric):
    """Size moves the price for good, rate moves it while we trade. With T the duration on the volume's clock:

    - permanent I = 1e4 γ σ T (Q/(ADV T))^α (shares outstanding/ADV)^δ: where the price is half an hour later;
    - temporary K = 1e4 η σ (Q/(ADV T))^β: what the current rate costs on top;
    - cost J = I/2 + K, and the last trade is at I + K, the peak.

    γ is `gamma`, η is `eta`, α is `size_exponent`, β is `rate_exponent`, δ is `shares_exponent`. The defaults are the
    paper's. η is a law of the rate and an average: it is no prefactor of a square-root law, which is of the size and
    a peak. Futures and coins have no shares outstanding: only parameters fitted without them (δ = 0) serve there.

    >>> facts = {"quantity_adv": 0.1, "volatility_daily": 0.0157, "shares_outstanding_adv": 1728 / 6.561}
    >>> ibm = OrderFacts.of(duration=0.1, **facts)
    >>> Almgren2005().cost_bps(ibm).round(3).tolist()
    [32.224]
    """

    gamma: float = 0.314
    eta: float = 0.142
    size_exponent: float = 1.0
    rate_exponent: float = 0.6
    shares_exponent: float = 0.25

    name = "almgren-2005"

    def __post_init__(self) -> None:
        for name, value in self.parameters.items():
            if not (math.isfinite(value) and value >= 0.0):
                raise UsageError(f"{name} is {value:g}", remedy="give a number of zero or more")

    @property
    def needs(self) -> tuple[str, ...]:
        always = ("volatility_daily", "duration")
        return (*always, "shares_outstanding_adv") if self.shares_exponent else always

    @property
    def range(self) -> FittedRange:
        return FittedRange(
            "29,509 orders in S&P 500 shares, December 2001 to June 2003: Almgren et al. (2005)",
            {"quantity_adv": (0.0025, 0.1)},
        )

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """I of the paper."""
        require(self, facts)
        rate = facts.quantity_adv / facts.duration
        moved = 1e4 * self.gamma * facts.volatility_daily * facts.duration * rate**self.size_exponent
        if self.shares_exponent:
            moved = moved * facts.shares_outstanding_adv**self.shares_exponent
        return np.asarray(moved)

    def temporary_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """K of the paper."""
        require(self, facts)
        rate = facts.quantity_adv / facts.duration
        return np.asarray(1e4 * self.eta * facts.volatility_daily * rate**self.rate_exponent)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """J of the paper."""
        return self.permanent_bps(facts) / 2.0 + self.temporary_bps(facts)

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        return self.permanent_bps(facts) + self.temporary_bps(facts)
