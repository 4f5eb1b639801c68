"""Optimal execution under linear impact and risk aversion: Almgren and Chriss (2000), in currency and shares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.execution.convex_schedule import ConvexProblem, solve


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A schedule: `times_days` and `holdings` at the n + 1 ends of the intervals, `trades` in each of the n; expected
    cost in currency and its variance in currency squared."""

    times_days: NDArray[np.float64]
    holdings: NDArray[np.float64]
    trades: NDArray[np.float64]
    expected_cost: float
    variance: float

    @property
    def deviation(self) -> float:
        """Standard deviation of the cost, in currency."""
        return math.sqrt(self.variance)

    def utility_cost(self, risk_aversion: float) -> float:
        """Expected cost plus risk aversion times variance: what was minimised."""
        return self.expected_cost + risk_aversion * self.variance


@dataclass(frozen=True, slots=True)
class AlmgrenChriss:
    """An order to be worked in `intervals` equal parts of `days`, under linear impact.

    `volatility` is in currency a share per √day, `drift` in currency a share per day towards a better price;
    `permanent` (γ) in currency a share per share; `temporary` (η) in currency a share per (share a day); `fixed` (ε)
    in currency a share: half the spread and fees. Raises UsageError for impossible values, and where the intervals are
    so long that trading faster would cost less: η - γ τ / 2 must be above zero, τ being the length of an interval.

    >>> order = AlmgrenChriss(1e6, 5.0, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625)
    >>> order.optimal(risk_aversion=1e-6).holdings.round(1).tolist()
    [1000000.0, 541955.6, 289854.2, 147897.5, 62141.8, 0.0]
    """

    quantity: float
    days: float
    intervals: int
    volatility: float
    permanent: float
    temporary: float
    fixed: float = 0.0
    drift: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("quantity", self.quantity), ("days", self.days), ("temporary", self.temporary)):
            if not (math.isfinite(value) and value > 0.0):
                raise UsageError(f"{name} is {value:g}", remedy="give a number above zero")
        for name, value in (("volatility", self.volatility), ("permanent", self.permanent), ("fixed", self.fixed)):
            if not (math.isfinite(value) and value >= 0.0):
                raise UsageError(f"{name} is {value:g}", remedy="give a number of zero or more")
        if self.intervals < 1:
            raise UsageError(f"{self.intervals} intervals", remedy="give at least one")
        if self.temporary_net <= 0.0:
            wanted = math.floor(self.permanent * self.days / (2.0 * self.temporary)) + 1
            raise UsageError(
                f"intervals of {self.interval_days:g} days are too long: permanent impact within one "
                f"({self.permanent * self.interval_days / 2.0:g}) outweighs temporary impact ({self.temporary:g}), and "
                "no schedule would be the best",
                remedy=f"use {wanted} intervals or more",
            )

    @property
    def interval_days(self) -> float:
        """τ of the paper."""
        return self.days / self.intervals

    @property
    def temporary_net(self) -> float:
        """η - γ τ / 2: temporary impact less what the trade's own permanent impact is counted twice."""
        return self.temporary - 0.5 * self.permanent * self.interval_days

    @property
    def times_days(self) -> NDArray[np.float64]:
        return np.arange(self.intervals + 1, dtype=np.float64) * self.interval_days

    def urgency(self, risk_aversion: float) -> float:
        """κ per day; 1/κ is the paper's "half-life", in which a long order falls to 1/e.

        κ does not depend on the quantity: under linear impact large and small orders are worked alike.
        """
        tau = self.interval_days
        # 2 (cosh κτ - 1) = 4 sinh²(κτ/2), which keeps its digits where κτ is small.
        return 2.0 / tau * math.asinh(0.5 * tau * self._continuous_urgency(risk_aversion))

    def risk_aversion_of_half_life(self, half_life_days: float) -> float:
        """The risk aversion, per unit of currency, at which a long order halves in that time.

        >>> order = AlmgrenChriss(1e6, 5.0, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6)
        >>> import math
        >>> round(math.log(2) / order.urgency(order.risk_aversion_of_half_life(1.5)), 12)
        1.5
        """
        if not half_life_days > 0.0 or self.volatility == 0.0:
            raise UsageError(
                "no risk aversion has that half-life", remedy="give a half-life and a volatility above zero"
            )
        tau = self.interval_days
        continuous = 2.0 / tau * math.sinh(0.5 * tau * math.log(2.0) / half_life_days)
        return continuous**2 * self.temporary_net / self.volatility**2

    def optimal(self, risk_aversion: float, most: ArrayLike | None = None) -> Trajectory:
        """The schedule of least expected cost plus `risk_aversion` (per unit of currency) times variance.

        With `most`, the most shares of an interval (one number or one each), the quadratic program is solved instead
        of the closed form; with drift it is refused. The drift is spent on waiting, so that a schedule under it may buy
        or sell back.
        """
        if not (math.isfinite(risk_aversion) and risk_aversion >= 0.0):
            raise UsageError(f"a risk aversion of {risk_aversion:g}", remedy="give a number of zero or more")
        if most is not None:
            return self._capped(risk_aversion, most)
        times = self.times_days
        left = self.days - times
        kappa = self.urgency(risk_aversion)
        if kappa == 0.0:
            holdings = self.quantity * left / self.days
            extra = 0.25 * self.drift / self.temporary_net * times * left
        else:
            # Falling exponentials only: sinh overflows where κT is above 710.
            holdings = self.quantity * np.exp(-kappa * times) * np.expm1(-2.0 * kappa * left)
            holdings /= math.expm1(-2.0 * kappa * self.days)
            # [1 - (sinh κ(T-t) + sinh κt) / sinh κT] written as a product, which keeps its digits where κ is small.
            shape = np.expm1(-kappa * left) * np.expm1(-kappa * times) / (1.0 + math.exp(-kappa * self.days))
            extra = self.drift / (2.0 * self.temporary_net * self._continuous_urgency(risk_aversion) ** 2) * shape
        holdings = holdings + extra
        holdings[0], holdings[-1] = self.quantity, 0.0
        return self.trajectory(-np.diff(holdings))

    def drift_holding(self, risk_aversion: float) -> float:
        """α / (2 λ σ²): what would be held for the drift alone, were there time."""
        return self.drift / (2.0 * risk_aversion * self.volatility**2)

    def trajectory(self, trades: ArrayLike) -> Trajectory:
        """Any schedule's expected cost and variance; `trades` of each interval add up to the quantity."""
        shares = np.asarray(trades, np.float64)
        if shares.shape != (self.intervals,) or not math.isclose(shares.sum(), self.quantity, rel_tol=1e-9):
            raise UsageError("these trades are not the order", remedy=f"give {self.intervals} that add up to it")
        tau = self.interval_days
        holdings = np.concatenate([[self.quantity], self.quantity - np.cumsum(shares)])
        holdings[-1] = 0.0
        expected = 0.5 * self.permanent * self.quantity**2 + self.fixed * float(np.abs(shares).sum())
        expected += self.temporary_net / tau * float(shares @ shares) - self.drift * tau * float(holdings[1:].sum())
        variance = self.volatility**2 * tau * float(holdings[1:] @ holdings[1:])
        return Trajectory(self.times_days, holdings, shares, expected, variance)

    def _continuous_urgency(self, risk_aversion: float) -> float:
        return math.sqrt(risk_aversion / self.temporary_net) * self.volatility

    def _capped(self, risk_aversion: float, most: ArrayLike) -> Trajectory:
        if self.drift:
            raise UsageError("caps and a drift together", remedy="leave one of them out")
        risk = risk_aversion * self.volatility**2 * self.interval_days
        cost = np.full(self.intervals, self.temporary_net / self.interval_days)
        return self.trajectory(solve(ConvexProblem.of(self.quantity, cost=cost, risk=risk, most=most)).trades)
