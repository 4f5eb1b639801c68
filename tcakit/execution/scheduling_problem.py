"""An order, the slices of time it may trade in, and what trading in each of them costs and risks: bps of arrival."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.execution.convex_schedule import ConvexProblem
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.facts import OrderFacts


@dataclass(frozen=True, slots=True)
class SchedulingProblem:
    """`quantity` shares to be traded in n slices of time; columns are float64 of n. `SchedulingProblem.of` makes it.

    - `volume`: shares that the market is expected to trade in a slice, all of them;
    - `volatility_bps`: standard deviation of the price's move from a slice to the next, bps;
    - `rate_cost_bps` (c) and `rate_exponent` (β): shares traded at rate n/V cost c (n/V)^β bps each;
    - `extra_cost_bps`: what each share of a slice costs besides, whatever the rate: fees, spread where slices differ;
    - `least`, `most`: shares of a slice; zero where trading is not allowed;
    - `lot`: shares; `fixed_cost_bps`: what all schedules pay alike, half the permanent impact and half the spread.
    """

    quantity: float
    volume: NDArray[np.float64]
    volatility_bps: NDArray[np.float64]
    rate_cost_bps: NDArray[np.float64]
    rate_exponent: NDArray[np.float64]
    extra_cost_bps: NDArray[np.float64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]
    lot: int = 1
    fixed_cost_bps: float = 0.0

    @classmethod
    def of(
        cls,
        quantity: float,
        *,
        volume: ArrayLike,
        volatility_bps: ArrayLike = 0.0,
        rate_cost_bps: ArrayLike = 1.0,
        rate_exponent: ArrayLike = 1.0,
        extra_cost_bps: ArrayLike = 0.0,
        participation: ArrayLike = math.inf,
        least_participation: ArrayLike = 0.0,
        allowed: ArrayLike = True,
        lot: int = 1,
        fixed_cost_bps: float = 0.0,
    ) -> SchedulingProblem:
        """A problem from columns, or one number for all slices (`volume` must be a column).

        `participation` is the most that we may be of a slice's volume, `least_participation` the least; `allowed` marks
        the slices in which we may trade. A slice without volume takes nothing. An auction is a slice of its own, with
        its volume, its costs and its cap; a closing auction has no volatility. Caps are cut down to whole lots.
        Raises UsageError if the order does not fit, or a value is impossible.

        >>> may = [True, True, False]
        >>> problem = SchedulingProblem.of(600, volume=[1000, 2000, 3000], participation=0.2, allowed=may)
        >>> problem.most.tolist()
        [200.0, 400.0, 0.0]
        """
        count = np.size(volume)
        shares = np.asarray(volume, np.float64)
        given = {
            "volume": shares,
            "volatility_bps": volatility_bps,
            "rate_cost_bps": rate_cost_bps,
            "rate_exponent": rate_exponent,
            "extra_cost_bps": extra_cost_bps,
            "participation": participation,
            "least_participation": least_participation,
            "allowed": np.asarray(allowed, np.bool_).astype(np.float64),
        }
        columns = {name: _column(name, value, count) for name, value in given.items()}
        for name, column in columns.items():
            if name != "extra_cost_bps" and (column < 0.0).any():
                raise UsageError(f"{name} is below zero", remedy="give zero or more for every slice")
        if lot < 1 or not (math.isfinite(quantity) and quantity > 0.0):
            raise UsageError(f"{quantity:g} shares in lots of {lot}", remedy="give a quantity and a lot above zero")
        may = (columns.pop("allowed") > 0.0) & (columns["volume"] > 0.0)
        caps, floors = columns.pop("participation"), columns.pop("least_participation")
        most = np.where(may, np.minimum(np.where(may, caps, 0.0) * columns["volume"], quantity), 0.0)
        # A cap that is a whole number of lots but for rounding is one; the last odd lot may go wherever there is room.
        most = np.where(most < quantity, np.floor(most / lot + 1e-9) * lot, quantity) * may
        least = np.where(may, floors * columns["volume"], 0.0)
        made = cls(float(quantity), least=least, most=most, lot=lot, fixed_cost_bps=fixed_cost_bps, **columns)
        made.convex(0.0)
        return made

    @classmethod
    def of_almgren(
        cls,
        model: Almgren2005,
        *,
        quantity: float,
        adv: float,
        volume: ArrayLike,
        volatility_daily: float,
        day_parts: ArrayLike,
        shares_outstanding: float = math.nan,
        participation: ArrayLike = math.inf,
        allowed: ArrayLike = True,
        lot: int = 1,
    ) -> SchedulingProblem:
        """The problem of an order under Almgren et al. (2005): its temporary impact shapes the schedule, half of its
        permanent one is paid by all alike.

        `adv` and `volume` in shares; `volatility_daily` a fraction; `day_parts` the share of a day's variance that
        falls in each slice (its length over the session's, if nothing better is known).
        """
        facts = OrderFacts.of(
            quantity_adv=quantity / adv,
            duration=max(float(np.sum(volume)), quantity) / adv,
            volatility_daily=volatility_daily,
            shares_outstanding_adv=shares_outstanding / adv,
        )
        return cls.of(
            quantity,
            volume=volume,
            volatility_bps=1e4 * volatility_daily * np.sqrt(np.asarray(day_parts, np.float64)),
            rate_cost_bps=1e4 * model.eta * volatility_daily,
            rate_exponent=model.rate_exponent,
            participation=participation,
            allowed=allowed,
            lot=lot,
            fixed_cost_bps=float(model.permanent_bps(facts)[0]) / 2.0,
        )

    def __len__(self) -> int:
        return len(self.volume)

    def cost_bps(self, trades: NDArray[np.float64]) -> float:
        """Expected cost of a schedule against arrival, bps of the whole order."""
        rate = np.divide(trades, self.volume, out=np.zeros(len(self)), where=self.volume > 0.0)
        paid = trades * (self.extra_cost_bps + self.rate_cost_bps * rate**self.rate_exponent)
        return self.fixed_cost_bps + float(paid.sum()) / self.quantity

    def deviation_bps(self, trades: NDArray[np.float64]) -> float:
        """Standard deviation of the cost against arrival: what is left after a slice is at risk until the next."""
        left = np.maximum(self.quantity - np.cumsum(trades), 0.0) / self.quantity
        return math.sqrt(float(np.square(self.volatility_bps * left).sum()))

    def deviation_to_close_bps(self, trades: NDArray[np.float64]) -> float:
        """Standard deviation of the cost against the price of the last slice: what is done by then is at risk."""
        done = np.cumsum(trades)[:-1] / self.quantity
        return math.sqrt(float(np.square(self.volatility_bps[:-1] * done).sum()))

    def convex(self, risk_aversion: float) -> ConvexProblem:
        """The problem as money: bps times shares, risk aversion being per bp."""
        may = self.most > 0.0
        power = np.where(may, self.volume, 1.0) ** -self.rate_exponent
        return ConvexProblem.of(
            self.quantity,
            cost=self.rate_cost_bps * power,
            exponent=self.rate_exponent,
            linear=self.extra_cost_bps,
            risk=risk_aversion * np.square(self.volatility_bps) / self.quantity,
            least=self.least,
            most=self.most,
        )

    def reversed_in_time(self) -> SchedulingProblem:
        """The problem whose time runs from the close back: its deviation against arrival is ours against the close."""
        turned = {
            name: getattr(self, name)[::-1].copy()
            for name in ("volume", "rate_cost_bps", "rate_exponent", "extra_cost_bps", "least", "most")
        }
        # What was done by slice k is at risk from k on; seen from the close that is the slice before.
        volatility = np.concatenate([self.volatility_bps[:-1][::-1], [0.0]])
        return replace(self, volatility_bps=volatility, **turned)


def _column(name: str, value: ArrayLike, count: int) -> NDArray[np.float64]:
    column = np.asarray(value, np.float64)
    if column.shape not in ((), (count,)) or count == 0:
        raise UsageError(
            f"{name} has {column.size} values for {count} slices", remedy="give one a slice, or one for all"
        )
    if np.isnan(column).any() or (name != "participation" and np.isinf(column).any()):
        raise UsageError(f"{name} is not finite", remedy="give a number for every slice")
    return np.broadcast_to(column, count).copy()
