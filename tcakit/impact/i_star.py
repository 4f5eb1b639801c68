"""The I-Star model: what an order would cost at once, spread over its participation. Kissell and Malamut (2006)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.impact.contract import Parametric, require
from tcakit.impact.facts import OrderFacts
from tcakit.impact.ranges import FittedRange

TRADING_DAYS = 250


@dataclass(frozen=True, slots=True)
class IStar(Parametric):
    """I* = a1 (Q/ADV)^a2 σ^a3 P^a5 bps at once; cost = b1 I* POV^a4 + (1 - b1) I*.

    Here σ is annual (daily times √250) and POV the participation; a5 = 0 leaves the price out. The second term is the
    part that stays. The model has no price path: its peak is NaN. The defaults are Kissell's for all shares;
    `LARGE_CAP` and `SMALL_CAP` make the other two.

    >>> facts = OrderFacts.of(quantity_adv=0.1, participation=0.1, volatility_daily=0.25 / 250**0.5)
    >>> IStar().instant_bps(facts).round(2).tolist(), IStar().cost_bps(facts).round(2).tolist()
    ([74.57], [24.6])
    """

    a1: float = 708.0
    a2: float = 0.55
    a3: float = 0.71
    a4: float = 0.50
    b1: float = 0.98
    a5: float = 0.0

    name = "i-star"

    def __post_init__(self) -> None:
        for name, value in self.parameters.items():
            if not (math.isfinite(value) and (value >= 0.0 or name == "a5")):
                raise UsageError(f"{name} is {value:g}", remedy="give a number of zero or more")
        if self.b1 > 1.0:
            raise UsageError(f"b1 is {self.b1:g}", remedy="b1 is the share that is temporary: give at most 1")

    @property
    def needs(self) -> tuple[str, ...]:
        always = ("volatility_daily", "participation")
        return (*always, "price") if self.a5 else always

    @property
    def range(self) -> FittedRange:
        return FittedRange("Kissell, The Science of Algorithmic Trading (2013)")

    def instant_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """I*: the cost if all of it were traded at once."""
        require(self, facts)
        annual = facts.volatility_daily * math.sqrt(TRADING_DAYS)
        priced = facts.price**self.a5 if self.a5 else 1.0
        return np.asarray(self.a1 * facts.quantity_adv**self.a2 * annual**self.a3 * priced)

    def cost_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        at_once = self.instant_bps(facts)
        return np.asarray(self.b1 * at_once * facts.participation**self.a4 + (1.0 - self.b1) * at_once)

    def permanent_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        return (1.0 - self.b1) * self.instant_bps(facts)

    def peak_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        require(self, facts)
        return np.full(len(facts), np.nan)

    def timing_risk_bps(self, facts: OrderFacts) -> NDArray[np.float64]:
        """Standard deviation of the cost: 1e4 σ √(Q (1 - POV) / (3 · 250 · ADV · POV)), σ annual.

        The duration is counted in the others' volume, hence 1 - POV; `facts.timing_risk_bps` counts all volume.
        """
        require(self, facts)
        others = facts.quantity_adv * (1.0 - facts.participation) / facts.participation
        return np.asarray(1e4 * facts.volatility_daily * np.sqrt(others / 3.0))


LARGE_CAP = partial(IStar, a1=687.0, a2=0.70, a3=0.72, a4=0.35, b1=0.98)
SMALL_CAP = partial(IStar, a1=702.0, a2=0.47, a3=0.69, a4=0.60, b1=0.97)
