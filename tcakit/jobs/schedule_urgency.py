"""How much risk is worth, as a desk says it: a half-life, a price of risk, or a risk aversion."""

from __future__ import annotations

from dataclasses import dataclass

from tcakit.errors import UsageError
from tcakit.execution import risk_aversion as aversions
from tcakit.jobs.schedule_frontier import mean_slice_ns
from tcakit.jobs.schedule_problem import Costed, Day
from tcakit.market.clock import parse_duration

URGENT = ("is", "optimal", "target-close")


@dataclass(frozen=True, slots=True)
class Urgency:
    """How much risk is worth, one of: `risk_aversion` per bp (bps of cost per bps² of variance), `half_life_ns` in
    which half would be done, or `price_of_risk`, bps of cost for a bp of deviation."""

    risk_aversion: float | None = None
    half_life_ns: int | None = None
    price_of_risk: float | None = None

    @property
    def given(self) -> list[str]:
        """The flags that were given."""
        return [f"--{name.removesuffix('_ns').replace('_', '-')}" for name in self.__slots__ if self._has(name)]

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None


def urgency_of(name: str, value: str | None, urgency: Urgency) -> Urgency | None:
    """The one urgency that was asked for, None where the algorithm has none."""
    given = urgency.given
    if name not in URGENT:
        if given:
            raise UsageError(f"{name} has no urgency", place=", ".join(given), remedy="use is, or leave it out")
        return None
    if value is not None:
        urgency = Urgency(half_life_ns=parse_duration(value, "--algo"))
        given = [f"{name}:{value}", *given]
    if len(given) != 1:
        message = f"{name} needs its urgency" if not given else f"more than one urgency: {', '.join(given)}"
        remedy = f"write {name}:30m, or --risk-aversion, --half-life or --price-of-risk"
        raise UsageError(message, place="--algo", remedy=remedy)
    return urgency


def risk_aversion_of(urgency: Urgency, costed: Costed, day: Day) -> float:
    """The urgency as a risk aversion per bp."""
    problem = costed.problem
    if costed.law is None:
        raise UsageError(
            "without daily volatility there is no risk to weigh", place="--volatility", remedy="give --volatility"
        )
    if urgency.half_life_ns is not None:
        return aversions.of_half_life(problem, urgency.half_life_ns / mean_slice_ns(day))
    if urgency.price_of_risk is not None:
        return aversions.of_price_of_risk(problem, urgency.price_of_risk)
    return urgency.risk_aversion or 0.0
