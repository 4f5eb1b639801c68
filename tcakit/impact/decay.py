"""How the impact of a trade decays: G(t), and its integrals for orders worked at a constant rate.

Lags are zero or more, in whatever unit of time the rates are in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError


class Decay(Protocol):
    """A decay kernel: `value` G(t), `integral` ∫₀ᵗ G, and `double_integral` ∫₀ᵗ∫₀ˢ G, each float64 like the lag."""

    def value(self, lag: ArrayLike) -> NDArray[np.float64]: ...

    def integral(self, lag: ArrayLike) -> NDArray[np.float64]: ...

    def double_integral(self, lag: ArrayLike) -> NDArray[np.float64]: ...


@dataclass(frozen=True, slots=True)
class ExponentialDecay:
    """G(t) = exp(-ρ t), ρ the `rate`; zero never decays.

    >>> ExponentialDecay.of_half_life(2.0).value([0.0, 2.0, 4.0]).round(12).tolist()
    [1.0, 0.5, 0.25]
    """

    rate: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate >= 0.0):
            raise UsageError(f"the rate of decay is {self.rate:g}", remedy="give a number of zero or more")

    @classmethod
    def of_half_life(cls, half_life: float) -> ExponentialDecay:
        if not half_life > 0.0:
            raise UsageError(f"the half-life is {half_life:g}", remedy="give a time above zero")
        return cls(math.log(2.0) / half_life)

    def value(self, lag: ArrayLike) -> NDArray[np.float64]:
        return np.exp(-self.rate * np.asarray(lag, np.float64))

    def integral(self, lag: ArrayLike) -> NDArray[np.float64]:
        time = np.asarray(lag, np.float64)
        return -np.expm1(-self.rate * time) / self.rate if self.rate else time

    def double_integral(self, lag: ArrayLike) -> NDArray[np.float64]:
        time = np.asarray(lag, np.float64)
        faded = self.rate * time
        # (x - 1 + e^-x) / x² loses its digits near zero; there the first terms of its series are exact.
        series = 1 / 2 - faded / 6 * (1 - faded / 4 * (1 - faded / 5 * (1 - faded / 6)))
        with np.errstate(invalid="ignore", divide="ignore"):
            closed = (faded + np.expm1(-faded)) / (faded * faded)
        return np.asarray(time * time * np.where(faded < 1e-2, series, closed))


@dataclass(frozen=True, slots=True)
class PowerDecay:
    """G(t) = (1 + t/t₀)^-γ, γ the `exponent` between 0 and 1, t₀ the `lag_scale`; with t₀ = 0, t^-γ.

    Without a lag scale the kernel has no value at zero: only rates, not trades, can be priced with it.

    >>> PowerDecay(0.5, lag_scale=1.0).value([0.0, 3.0]).tolist()
    [1.0, 0.5]
    """

    exponent: float
    lag_scale: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.exponent < 1.0:
            raise UsageError(f"the decay exponent is {self.exponent:g}", remedy="give a number between 0 and 1")
        if not (math.isfinite(self.lag_scale) and self.lag_scale >= 0.0):
            raise UsageError(f"the lag scale is {self.lag_scale:g}", remedy="give a time of zero or more")

    def value(self, lag: ArrayLike) -> NDArray[np.float64]:
        time = np.asarray(lag, np.float64)
        if self.lag_scale:
            return np.asarray((1.0 + time / self.lag_scale) ** -self.exponent)
        with np.errstate(divide="ignore"):
            return np.asarray(time**-self.exponent)

    def integral(self, lag: ArrayLike) -> NDArray[np.float64]:
        time = np.asarray(lag, np.float64)
        rest = 1.0 - self.exponent
        if not self.lag_scale:
            return np.asarray(time**rest / rest)
        return np.asarray(self.lag_scale * np.expm1(rest * np.log1p(time / self.lag_scale)) / rest)

    def double_integral(self, lag: ArrayLike) -> NDArray[np.float64]:
        time = np.asarray(lag, np.float64)
        rest, next_rest = 1.0 - self.exponent, 2.0 - self.exponent
        if not self.lag_scale:
            return np.asarray(time**next_rest / (rest * next_rest))
        grown = self.lag_scale * np.expm1(next_rest * np.log1p(time / self.lag_scale)) / next_rest
        return np.asarray(self.lag_scale * (grown - time) / rest)


@dataclass(frozen=True, slots=True)
class SumOfExponentials:
    """G(t) = Σ wⱼ exp(-ρⱼ t): what a replay can carry along in a few numbers (`transient_kernel`).

    >>> SumOfExponentials((0.5, 0.5), (0.0, 1.0)).value(0.0).tolist()
    1.0
    """

    weights: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.rates) or not self.rates:
            raise UsageError(f"{len(self.weights)} weights and {len(self.rates)} rates", remedy="give as many of each")
        if not all(math.isfinite(number) and number >= 0.0 for number in (*self.weights, *self.rates)):
            raise UsageError("a weight or a rate is negative", remedy="give numbers of zero or more")

    def value(self, lag: ArrayLike) -> NDArray[np.float64]:
        return self._sum([ExponentialDecay(rate).value(lag) for rate in self.rates])

    def integral(self, lag: ArrayLike) -> NDArray[np.float64]:
        return self._sum([ExponentialDecay(rate).integral(lag) for rate in self.rates])

    def double_integral(self, lag: ArrayLike) -> NDArray[np.float64]:
        return self._sum([ExponentialDecay(rate).double_integral(lag) for rate in self.rates])

    def _sum(self, each: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.asarray(np.tensordot(np.asarray(self.weights), np.stack(each), axes=1))


def fit_exponentials(
    decay: Decay, least_lag: float, greatest_lag: float, *, per_decade: int = 2
) -> tuple[SumOfExponentials, float]:
    """A sum of exponentials that follows a decay between two lags, and its greatest relative error there.

    Rates are spread evenly over the logarithm of the lags, `per_decade` of them to a factor of ten and a decade beyond
    each end; weights are found by least squares of the relative error, none below zero, so that the sum is as free of
    manipulation as each of its terms (Bochner). At lag zero the sum is the sum of its weights, whatever the decay is.
    Raises UsageError unless 0 < least_lag < greatest_lag.

    >>> fitted, worst = fit_exponentials(PowerDecay(0.5, lag_scale=1.0), 0.1, 1000.0)
    >>> worst < 0.01
    True
    """
    if not (0.0 < least_lag < greatest_lag and math.isfinite(greatest_lag) and per_decade >= 1):
        raise UsageError("no span of lags to fit", remedy="give a least lag above zero and a greater greatest lag")
    from scipy.optimize import nnls

    low, high = math.log10(least_lag), math.log10(greatest_lag)
    rates = 10.0 ** -np.linspace(low - 1.0, high + 1.0, round((high - low + 2.0) * per_decade) + 1)
    lags = np.logspace(low, high, 20 * len(rates))
    goal = decay.value(lags)
    relative = np.exp(-np.outer(lags, rates)) / goal[:, None]
    weights, _ = nnls(relative, np.ones(len(lags)))
    kept = weights > 0.0
    error = float(np.max(np.abs(relative @ weights - 1.0)))
    return SumOfExponentials(tuple(weights[kept].tolist()), tuple(rates[kept].tolist())), error
