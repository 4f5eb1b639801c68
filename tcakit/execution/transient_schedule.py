"""Optimal schedules where linear impact decays: Gatheral, Schied and Slynko (2012), Obizhaeva and Wang (2013)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.impact.decay import Decay
from tcakit.impact.trades import decay_matrix, schedule_cost


def optimal_trades(
    quantity: float, times: ArrayLike, decay: Decay, permanent: float = 0.0
) -> tuple[NDArray[np.float64], float]:
    """The cheapest trades at given times, float64 of n, and their cost, under linear impact that decays.

    x = X K⁻¹ 1 / (1ᵀ K⁻¹ 1) with cost X² / (2 · 1ᵀ K⁻¹ 1), K being G of the lags; what stays (`permanent`) costs half
    of it times X² whatever the schedule. Cost is in currency where G is currency a share per share. Raises UsageError
    if the kernel lets a round trip earn at these times: then there is no cheapest schedule.

    >>> from tcakit.impact.decay import ExponentialDecay
    >>> trades, cost = optimal_trades(100.0, [0.0, 1.0, 2.0], ExponentialDecay.of_half_life(1.0))
    >>> trades.round(6).tolist(), round(cost, 6)
    ([40.0, 20.0, 40.0], 3000.0)
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    matrix = decay_matrix(times, decay)
    try:
        weights = cho_solve(cho_factor(matrix), np.ones(len(matrix)))
    except LinAlgError as error:
        raise UsageError(
            "this decay kernel lets a round trip earn at these times, so that no schedule is the cheapest",
            remedy="use a kernel that is convex and falling, and times that differ",
        ) from error
    total = float(weights.sum())
    return quantity / total * weights, quantity**2 / (2.0 * total) + 0.5 * permanent * quantity**2


@dataclass(frozen=True, slots=True)
class PowerDecaySchedule:
    """The optimum in continuous time where impact decays as t^-γ: rate A [s (T - s)]^(-(1-γ)/2), in shares a time.

    Much at the start, much at the end; it beats a constant rate by some 2 % only. Costs are in units of G times shares
    squared. Gatheral, Schied and Slynko (2012), example of power-law decay.

    >>> schedule = PowerDecaySchedule(1.0, 1.0, 0.5)
    >>> round(schedule.cost / schedule.constant_rate_cost, 5)
    0.98327
    """

    quantity: float
    time: float
    decay_exponent: float

    def __post_init__(self) -> None:
        if not 0.0 < self.decay_exponent < 1.0:
            raise UsageError(f"the decay exponent is {self.decay_exponent:g}", remedy="give a number between 0 and 1")
        if not (self.quantity > 0.0 and self.time > 0.0):
            raise UsageError("no order", remedy="give a quantity and a time above zero")

    @property
    def _amplitude(self) -> float:
        gamma, half = self.decay_exponent, 0.5 * self.time
        shape = math.gamma(1.0 + 0.5 * gamma) / math.gamma(0.5 * (1.0 + gamma))
        return self.quantity / (math.sqrt(math.pi) * half**gamma) * shape

    def rate(self, at: ArrayLike) -> NDArray[np.float64]:
        """Shares per unit of time at times within (0, T)."""
        elapsed = np.asarray(at, np.float64)
        return np.asarray(self._amplitude * (elapsed * (self.time - elapsed)) ** (-0.5 * (1.0 - self.decay_exponent)))

    @property
    def cost(self) -> float:
        """Of the optimum: half the quantity times the price that it holds all the way, A π / cos(π γ / 2)."""
        return 0.5 * self.quantity * self._amplitude * math.pi / math.cos(0.5 * math.pi * self.decay_exponent)

    @property
    def constant_rate_cost(self) -> float:
        """X² T^-γ / ((1 - γ) (2 - γ))."""
        gamma = self.decay_exponent
        return self.quantity**2 * self.time**-gamma / ((1.0 - gamma) * (2.0 - gamma))


@dataclass(frozen=True, slots=True)
class ObizhaevaWangOrder:
    """An order in a book of even depth that refills: Obizhaeva and Wang (2013), without risk aversion.

    `depth` is shares per unit of price, `resilience` (ρ) per unit of time, `time` the time there is, `permanent` (λ)
    the part of a share's push that stays, in price a share, below 1/depth. Costs are against the price at the start.

    >>> order = ObizhaevaWangOrder(1e5, time=60.0, depth=5e5, resilience=0.6931471805599453 / 5)
    >>> round(order.block), round(order.cost, 3), round(order.constant_rate_cost, 3), order.block_cost
    (9692, 1938.404, 2115.483, 10000.0)
    """

    quantity: float
    time: float
    depth: float
    resilience: float
    permanent: float = 0.0

    def __post_init__(self) -> None:
        for name in ("quantity", "time", "depth", "resilience"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise UsageError(f"{name} is {value:g}", remedy="give a number above zero")
        if not 0.0 <= self.permanent <= 1.0 / self.depth:
            raise UsageError(
                f"a permanent impact of {self.permanent:g}",
                remedy=f"a share pushes by {1 / self.depth:g}: give no more",
            )

    @property
    def transient(self) -> float:
        """κ = 1/depth - λ: the part of a share's push that fades."""
        return 1.0 / self.depth - self.permanent

    @property
    def block(self) -> float:
        """Shares traded at once at the start, and again at the end: X / (ρT + 2)."""
        return self.quantity / (self._fadings + 2.0)

    @property
    def rate(self) -> float:
        """Shares per unit of time in between: ρ X / (ρT + 2)."""
        return self.resilience * self.block

    @property
    def cost(self) -> float:
        """Of the optimum: λ X² / 2 + κ X² / (ρT + 2)."""
        return self._lasting + self.transient * self.quantity * self.block

    @property
    def block_cost(self) -> float:
        """Of all at once."""
        return 0.5 * self.quantity**2 / self.depth

    @property
    def constant_rate_cost(self) -> float:
        """Of a constant rate: λ X² / 2 + κ X² (ρT - 1 + exp(-ρT)) / (ρT)²."""
        from tcakit.impact.decay import ExponentialDecay

        mean = float(ExponentialDecay(self.resilience).double_integral(self.time)) / self.time**2
        return self._lasting + self.transient * self.quantity**2 * mean

    def grid(self, intervals: int) -> tuple[NDArray[np.float64], float]:
        """The optimum on `intervals` + 1 evenly spaced times, both ends included: trades and their cost.

        The first and the last are X / ((N - 1)(1 - a) + 2) with a = exp(-ρT/N), those between (1 - a) times that.
        Alfonsi, Fruth and Schied (2010).
        """
        if intervals < 1:
            raise UsageError(f"{intervals} intervals", remedy="give at least one")
        refilled = -math.expm1(-self._fadings / intervals)
        end = self.quantity / ((intervals - 1) * refilled + 2.0)
        trades = np.full(intervals + 1, refilled * end)
        trades[0] = trades[-1] = end
        return trades, self._lasting + 0.5 * self.transient * self.quantity * end * (2.0 - refilled)

    def cost_of(self, times: ArrayLike, trades: ArrayLike) -> float:
        """Of any trades at any times."""
        from tcakit.impact.decay import ExponentialDecay

        fading = schedule_cost(times, trades, ExponentialDecay(self.resilience))
        return self.transient * fading + 0.5 * self.permanent * float(np.sum(trades)) ** 2

    @property
    def _fadings(self) -> float:
        return self.resilience * self.time

    @property
    def _lasting(self) -> float:
        return 0.5 * self.permanent * self.quantity**2
