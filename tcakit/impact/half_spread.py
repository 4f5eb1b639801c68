"""The least of all models: an order pays half the spread and moves nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import Parametric, require
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange


@dataclass(frozen=True, slots=True)
class HalfSpread(Parametric):
    """`half_spreads` of them are paid a share: 1 takes all, 0 trades at the mid, -1 earns the spread.

    The model to beat: one that predicts worse than this one is worth nothing.

    >>> HalfSpread().cost_bps(OrderFacts.of(quantity_adv=0.01, half_spread_bps=2.5)).tolist()
    [2.5]
    """

    half_spreads: float = 1.0

    name = "half-spread"
    needs = ("half_spread_bps",)

    def __post_init__(self) -> None:
        if not -1.0 <= self.half_spreads <= 1.0:
            raise UsageError(f"half_spreads is {self.half_spreads:g}", remedy="give a number from -1 to 1")

    @property
    def range(self) -> FittedRange:
        return FittedRange("the quotes; true of orders no larger than the touch")

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """The last share is priced as all others."""
        return self.cost_bps(facts)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return self.half_spreads * facts.half_spread_bps

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.zeros(len(facts))
