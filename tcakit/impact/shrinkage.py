"""The level of impact from two sources: the tape, of which there is much, and our own fills, which are the truth.

Both are taken as normal in the logarithm of the prefactor. Weighted by their precisions they make the mean of the
posterior (Lindley and Smith, 1972): with few fills the tape speaks, with many it no longer matters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tcakit.errors import DataError, UsageError
from tcakit.impact.flow_state import LEVEL_FACTORS

_REACH = 1.959963984540054  # of a normal 95 % interval, in standard deviations


@dataclass(frozen=True, slots=True)
class Level:
    """A prefactor above zero, and the standard error of its logarithm: 0.1 for about 10 %."""

    prefactor: float
    log_se: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.prefactor) and self.prefactor > 0.0):
            raise DataError(f"a prefactor of {self.prefactor:g} has no logarithm", remedy="give a number above zero")
        if not (self.log_se >= 0.0):
            raise UsageError(f"an error of {self.log_se:g}", remedy="give a number of zero or more")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the prefactor."""
        reach = math.exp(min(_REACH * self.log_se, 700.0))
        return self.prefactor / reach, self.prefactor * reach

    @classmethod
    def of_interval(cls, prefactor: float, low: float, high: float) -> Level:
        """From an estimate and its 95 % interval, of which both ends are above zero.

        >>> round(Level.of_interval(1.0, 0.5, 2.0).log_se, 4)
        0.3537
        """
        if not 0.0 < low <= high:
            raise DataError(f"an interval from {low:g} to {high:g} has no logarithm", remedy="fit on more data")
        return cls(prefactor, (math.log(high) - math.log(low)) / (2.0 * _REACH))


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The level of both sources, and how much of it, from 0 to 1, our own fills said."""

    level: Level
    own_weight: float


def tape_prior(fitted: Level, factors: tuple[float, float] = LEVEL_FACTORS) -> Level:
    """What the tape says of an order of ours: its fitted level in the middle of the range of `factors`.

    Orders are thought to move the price by half to all of the level of aggregate flow. That range is taken for the 95 %
    interval of the factor, and adds to the error of the fit.

    >>> prior = tape_prior(Level(2.0, 0.0))
    >>> [round(end, 6) for end in prior.interval]
    [1.0, 2.0]
    """
    low, high = factors
    if not 0.0 < low <= high:
        raise UsageError(f"factors from {low:g} to {high:g}", remedy="give two numbers above zero, the smaller first")
    spread = (math.log(high) - math.log(low)) / (2.0 * _REACH)
    return Level(fitted.prefactor * math.sqrt(low * high), math.hypot(fitted.log_se, spread))


def shrunk(tape: Level, own: Level | None) -> Shrunk:
    """The tape's level (`tape_prior`) drawn towards that of our own fills, as far as those are the more certain.

    ln c = w ln c_own + (1 - w) ln c_tape with w = s_tape² / (s_tape² + s_own²), and 1/s² = 1/s_tape² + 1/s_own².
    Without fills of our own it is the tape's. UsageError where both are said to be without error and differ.

    >>> both = shrunk(Level(1.0, 0.3), Level(2.0, 0.1))
    >>> round(both.level.prefactor, 4), round(both.level.log_se, 4), round(both.own_weight, 4)
    (1.8661, 0.0949, 0.9)
    """
    if own is None:
        return Shrunk(tape, 0.0)
    if math.isinf(tape.log_se):
        return Shrunk(own, 1.0)
    if tape.log_se == 0.0 and own.log_se == 0.0:
        if tape.prefactor != own.prefactor:
            raise UsageError("two different levels without error", remedy="give each its error")
        return Shrunk(own, 1.0)
    if math.isinf(own.log_se):
        return Shrunk(tape, 0.0)
    # Ratios, so that an error past all squares still has its weight.
    weight = (tape.log_se / math.hypot(tape.log_se, own.log_se)) ** 2
    mean = weight * math.log(own.prefactor) + (1.0 - weight) * math.log(tape.prefactor)
    return Shrunk(Level(math.exp(mean), math.sqrt(weight) * own.log_se), weight)
