"""How much of a parent order should be done by when."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tcakit.execution.volume_curve import VolumeCurve

Number = TypeVar("Number", float, NDArray[np.float64])
"""Each formula is written once, for one time or for many."""


class Schedule(Protocol):
    """Shares that should be done at a time. `must_complete`: whether the rest is bought or sold at the end."""

    @property
    def quantity(self) -> int: ...

    @property
    def must_complete(self) -> bool: ...

    def target(self, ns: int, market_volume: int) -> float:
        """Shares due by `ns`, of a market that has printed `market_volume` since the parent's start."""
        ...

    def targets(self, ns: NDArray[np.int64], market_volume: NDArray[np.int64]) -> NDArray[np.float64]:
        """The same for many times at once, with the volume printed by each of them."""
        ...

    def slice_size(self) -> float:
        """Shares that one step of the tactic works at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Twap:
    """Equal amounts in equal times.

    >>> Twap(1000, 0, 100, step_ns=10).target(25, 0)
    250.0
    """

    quantity: int
    start_ns: int
    end_ns: int
    step_ns: int
    must_complete: bool = True

    def target(self, ns: int, market_volume: int) -> float:
        return self.quantity * _elapsed(ns, self.start_ns, self.end_ns)

    def targets(self, ns: NDArray[np.int64], market_volume: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.quantity * _elapsed_each(ns, self.start_ns, self.end_ns)

    def slice_size(self) -> float:
        return self.quantity * self.step_ns / max(1, self.end_ns - self.start_ns)


@dataclass(frozen=True, slots=True)
class Vwap:
    """In proportion to the volume that the market usually prints between start and end."""

    quantity: int
    start_ns: int
    end_ns: int
    step_ns: int
    curve: VolumeCurve
    must_complete: bool = True

    def target(self, ns: int, market_volume: int) -> float:
        first, last = self.curve.fraction(self.start_ns), self.curve.fraction(self.end_ns)
        if last <= first:
            return self.quantity * _elapsed(ns, self.start_ns, self.end_ns)
        at = self.curve.fraction(min(max(ns, self.start_ns), self.end_ns))
        return self._due(at, first, last)

    def targets(self, ns: NDArray[np.int64], market_volume: NDArray[np.int64]) -> NDArray[np.float64]:
        first, last = self.curve.fraction(self.start_ns), self.curve.fraction(self.end_ns)
        if last <= first:
            return self.quantity * _elapsed_each(ns, self.start_ns, self.end_ns)
        return self._due(self.curve.fractions(np.clip(ns, self.start_ns, self.end_ns)), first, last)

    def _due(self, at: Number, first: float, last: float) -> Number:
        return self.quantity * (at - first) / (last - first)

    def slice_size(self) -> float:
        return self.quantity * self.step_ns / max(1, self.end_ns - self.start_ns)


@dataclass(frozen=True, slots=True)
class ParticipationOfVolume:
    """A fixed share of all volume, our own included: ours = rate / (1 - rate) of what others print.

    >>> ParticipationOfVolume(1000, 0, 100, rate=0.1, clip=50).target(10, 900)
    100.0
    """

    quantity: int
    start_ns: int
    end_ns: int
    rate: float
    clip: int
    must_complete: bool = False

    def target(self, ns: int, market_volume: int) -> float:
        return min(float(self.quantity), self._due(float(market_volume)))

    def targets(self, ns: NDArray[np.int64], market_volume: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.minimum(float(self.quantity), self._due(market_volume.astype(np.float64)))

    def _due(self, market_volume: Number) -> Number:
        return market_volume * self.rate / (1.0 - self.rate)

    def slice_size(self) -> float:
        return float(self.clip)


@dataclass(frozen=True, slots=True)
class ImplementationShortfall:
    """Almgren and Chriss (2000): what is left follows sinh(k (T - t)) / sinh(k T).

    `half_life_ns` is the time in which a long order would halve, so k = ln 2 / half-life (their own "half-life" is
    1/k, the time to fall to 1/e). A short half-life trades early: less risk, more impact.
    """

    quantity: int
    start_ns: int
    end_ns: int
    step_ns: int
    half_life_ns: int
    must_complete: bool = True

    def target(self, ns: int, market_volume: int) -> float:
        return self._due(_elapsed(ns, self.start_ns, self.end_ns), math.exp, math.expm1)

    def targets(self, ns: NDArray[np.int64], market_volume: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._due(_elapsed_each(ns, self.start_ns, self.end_ns), np.exp, np.expm1)

    def _due(self, elapsed: Number, exp: Callable[[Any], Any], expm1: Callable[[Any], Any]) -> Number:
        urgency = math.log(2.0) * (self.end_ns - self.start_ns) / self.half_life_ns
        if urgency <= 0.0:
            return self.quantity * elapsed
        # sinh(u (1-x)) / sinh(u) written with falling exponentials, so that a great urgency does not overflow, and
        # with expm1, so that a small one loses no digits.
        left = exp(-urgency * elapsed) * expm1(-2.0 * urgency * (1.0 - elapsed)) / math.expm1(-2.0 * urgency)
        return self.quantity * (1.0 - left)

    def slice_size(self) -> float:
        return self.quantity * self.step_ns / max(1, self.end_ns - self.start_ns)


def _elapsed(ns: int, start_ns: int, end_ns: int) -> float:
    return min(1.0, max(0.0, (ns - start_ns) / max(1, end_ns - start_ns)))


def _elapsed_each(ns: NDArray[np.int64], start_ns: int, end_ns: int) -> NDArray[np.float64]:
    return np.clip((ns - start_ns) / max(1, end_ns - start_ns), 0.0, 1.0)


def whole_lots(shares: Number, lot: int) -> Number:
    """Shares cut down to whole lots of `lot`, as every schedule is traded.

    >>> whole_lots(299.9, 100)
    200.0
    """
    return shares // lot * lot


def shares_due(
    schedule: Schedule, lot: int, ns: NDArray[np.int64], market_volume: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Whole lots that a schedule wants done by each of n rising times, int64 of n in stored size units.

    `market_volume` is what the market has printed by then since the parent's start. By the last time the whole order is
    due, where the schedule completes.

    >>> shares_due(Twap(1000, 0, 90, step_ns=10), 100, np.array([30, 60, 90]), np.zeros(3, np.int64)).tolist()
    [300, 600, 1000]
    """
    due = whole_lots(schedule.targets(ns, market_volume), lot).astype(np.int64)
    if schedule.must_complete and due.size:
        due[-1] = schedule.quantity
    return due
