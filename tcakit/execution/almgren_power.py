"""Optimal execution without an end under temporary impact that is a power of the rate: Almgren (2003)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError


@dataclass(frozen=True, slots=True)
class PowerImpactOrder:
    """An order of `quantity` shares whose every share costs `temporary` · rate^`exponent` more, rate in shares a day.

    `volatility` is in currency a share per √day; `temporary` (η) in currency a share per (share a day)^k, k being the
    `exponent`; `risk_aversion` (λ) is per unit of currency. There is no end: what is left falls for ever (k <= 1), or
    is gone at a finite time (k > 1).

    >>> order = PowerImpactOrder(1e5, volatility=1.0, temporary=0.5 / 1e5, exponent=1.0, risk_aversion=1e-5)
    >>> round(order.time_scale_days, 2), round(order.expected_cost), round(order.deviation)
    (0.71, 35355, 59460)
    """

    quantity: float
    volatility: float
    temporary: float
    exponent: float
    risk_aversion: float

    def __post_init__(self) -> None:
        for name in ("quantity", "volatility", "temporary", "exponent", "risk_aversion"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise UsageError(f"{name} is {value:g}", remedy="give a number above zero")

    @property
    def time_scale_days(self) -> float:
        """T*, in which all would be done at the first rate: (k η X^(k-1) / (λ σ²))^(1/(k+1))."""
        k = self.exponent
        top = k * self.temporary * self.quantity ** (k - 1.0)
        return float((top / (self.risk_aversion * self.volatility**2)) ** (1.0 / (k + 1.0)))

    def holdings(self, days: ArrayLike) -> NDArray[np.float64]:
        """Shares left at times of zero or more, in days."""
        elapsed, k = np.asarray(days, np.float64) / self.time_scale_days, self.exponent
        if k == 1.0:
            return np.asarray(self.quantity * np.exp(-elapsed))
        grown = np.maximum(1.0 + (1.0 - k) / (1.0 + k) * elapsed, 0.0)
        return np.asarray(self.quantity * grown ** (-(1.0 + k) / (1.0 - k)))

    @property
    def half_life_days(self) -> float:
        """When half of the order is done."""
        return self.time_scale_days * half_life_in_time_scales(self.exponent)

    @property
    def expected_cost(self) -> float:
        """Currency, against the price at the start: (k+1)/(3k+1) η X (X/T*)^k."""
        rate = self.quantity / self.time_scale_days
        return self._share * self.temporary * self.quantity * rate**self.exponent

    @property
    def variance(self) -> float:
        """Currency squared: (k+1)/(3k+1) σ² X² T*."""
        return self._share * self.volatility**2 * self.quantity**2 * self.time_scale_days

    @property
    def deviation(self) -> float:
        """Standard deviation of the cost, in currency."""
        return math.sqrt(self.variance)

    @property
    def _share(self) -> float:
        return (self.exponent + 1.0) / (3.0 * self.exponent + 1.0)


def half_life_in_time_scales(exponent: float) -> float:
    """Time in which such an order halves, in units of T*: ln 2 under linear impact.

    >>> round(half_life_in_time_scales(1.0), 6), round(half_life_in_time_scales(0.999999), 6)
    (0.693147, 0.693147)
    """
    if exponent == 1.0:
        return math.log(2.0)
    power = (1.0 - exponent) / (1.0 + exponent)
    return math.expm1(power * math.log(2.0)) / power
