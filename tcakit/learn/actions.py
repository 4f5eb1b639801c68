"""What a learner may do: three kinds of action, each as a choice from a list or as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.learn import episode_layout_kernel as el


@dataclass(frozen=True, slots=True)
class Actions:
    """A kind of action (`episode_layout_kernel`), the values that may be chosen, or instead the bounds of one that is
    given as a number from 0 (the lower) to 1 (the upper).

    Made by `schedule_rate`, `limit_offset` and `child_order`. `unit` is the size of one child in stored units.
    """

    kind: int
    values: tuple[float, ...]
    bounds: tuple[float, float] | None
    unit: int = 1

    @property
    def space(self) -> spaces.Discrete[Any] | spaces.Box:
        """Gymnasium's space of it: the number of a choice, or one number from 0 to 1 (float32)."""
        if self.bounds is None:
            return spaces.Discrete(len(self.values))
        return spaces.Box(0.0, 1.0, (1,), np.float32)

    def value(self, action: Any) -> float:
        """The value that an action of the space stands for; UsageError for one that is not in it."""
        if self.bounds is None:
            number = int(action)
            if not 0 <= number < len(self.values):
                raise UsageError(
                    f"action {action!r}", place="action", remedy=f"choose from 0 to {len(self.values) - 1}"
                )
            return self.values[number]
        share = float(action[0])
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"action {share:g}", place="action", remedy="choose from 0 to 1")
        low, high = self.bounds
        return low + share * (high - low)

    def of_many(self, actions: NDArray[Any]) -> NDArray[np.float64]:
        """`value` of each row of a batch."""
        if self.bounds is None:
            numbers = np.asarray(actions, np.int64).reshape(-1)
            # Numbers below zero are very large ones without a sign.
            if bool((numbers.view(np.uint64) >= len(self.values)).any()):
                raise UsageError("an action is none of the choices", place="action")
            return np.array(self.values)[numbers]
        shares = np.asarray(actions, np.float64).reshape(-1)
        if not bool(((shares >= 0.0) & (shares <= 1.0)).all()):
            raise UsageError("an action is out of bounds", place="action", remedy="choose from 0 to 1")
        low, high = self.bounds
        return low + shares * (high - low)


def schedule_rate(rates: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0, 4.0), most: float | None = None) -> Actions:
    """Send a market order now of so many times what an even schedule of all that is left would send.

    A choice of `rates`, or with `most` any from 0 to it. Always 1 is TWAP; a rate that is at least the number of
    steps left sends all.

    >>> schedule_rate().space, schedule_rate(most=3).space
    (Discrete(6), Box(0.0, 1.0, (1,), float32))
    """
    if most is not None:
        return Actions(el.RATE, (), _bounds("most", 0.0, most, 1e6))
    return Actions(el.RATE, _checked("rates", rates, 0.0, 1e6), None)


def limit_offset(offsets: Sequence[int] = (-4, -2, -1, 0, 1, 2), bounds: tuple[int, int] | None = None) -> Actions:
    """Have one limit order stand for all that is left, so many ticks from our side's touch towards the other side.

    0 joins the touch, below zero stands behind it, above goes into the spread or takes. It is replaced at each step,
    but keeps its place where it is already at the price (Nevmyvaka, Feng and Kearns, 2006). A choice of `offsets`, or
    with `bounds` the tick nearest to any between them.
    """
    if bounds is not None:
        return Actions(el.OFFSET, (), _bounds("bounds", bounds[0], bounds[1], 1e6))
    return Actions(el.OFFSET, tuple(float(round(value)) for value in _checked("offsets", offsets, -1e6, 1e6)), None)


def child_order(most: int, unit: int, is_continuous: bool = False) -> Actions:
    """Send a market order of 0 to `most` units of `unit` stored units each, never more than is left."""
    if not (isinstance(most, int) and isinstance(unit, int) and most > 0 and unit > 0):
        raise UsageError(f"most {most} and unit {unit}", place="child_order", remedy="give whole numbers above zero")
    if is_continuous:
        return Actions(el.UNITS, (), (0.0, float(most)), unit)
    return Actions(el.UNITS, tuple(float(count) for count in range(most + 1)), None, unit)


def _checked(name: str, values: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    found = tuple(float(value) for value in values)
    if not found or not all(low <= value <= high for value in found):
        raise UsageError(f"{name} are {list(values)!r}", place=name, remedy=f"give numbers from {low:g} to {high:g}")
    return found


def _bounds(name: str, low: float, high: float, most: float) -> tuple[float, float]:
    if not -most <= low < high <= most:
        raise UsageError(f"{name}: from {low!r} to {high!r}", place=name, remedy="the upper bound is the larger one")
    return float(low), float(high)
