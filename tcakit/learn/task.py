"""What is to be learned: an order to be worked in a given time, and what is thought good of its execution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.learn import episode_layout_kernel as el
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.codes import BUY, SELL

_MOST_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class ExecutionTask:
    """Buy (+1) or sell (-1) `quantity` stored units within `seconds`, in `steps` decisions at equal distances.

    `side` None draws one for each episode. UsageError for what cannot be.

    >>> ExecutionTask(1, 2_000, seconds=600, steps=20).step_ns
    30000000000
    """

    side: int | None
    quantity: int
    seconds: float
    steps: int

    def __post_init__(self) -> None:
        if self.side not in (None, BUY, SELL):
            raise UsageError(f"side {self.side!r}", place="side", remedy="give +1 to buy, -1 to sell, None to draw one")
        _positive("quantity", self.quantity, 1 << 40)
        _positive("steps", self.steps, _MOST_STEPS)
        _positive("seconds", self.seconds, 1e6)
        if self.step_ns < 1:
            raise UsageError("a step is shorter than a nanosecond", place="steps", remedy="take fewer")

    @property
    def duration_ns(self) -> int:
        """From the arrival of the order to its end."""
        return round(self.seconds * NS_PER_SECOND)

    @property
    def step_ns(self) -> int:
        """About so long is a step; all of them together are `duration_ns`."""
        return self.duration_ns // self.steps


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part of the reward counts; see `OBJECTIVES`. As it stands, the reward is the price alone."""

    price: float = 1.0
    speed: float = 0.0
    impact: float = 0.0
    completion: float = 0.0
    unfilled: float = 0.0
    allowed_participation: float = 0.1

    def __post_init__(self) -> None:
        for name in (*OBJECTIVES, "allowed_participation"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0.0:
                raise UsageError(f"{name} is {value!r}", place=name, remedy="give a number that is not below zero")

    def vector(self) -> list[float]:
        """As the kernel takes them, the participation last."""
        return [*(getattr(self, name) for name in OBJECTIVES), self.allowed_participation]


OBJECTIVES = {
    "price": "minus the cost of the step in bps of the order's value at arrival; all add up to minus the shortfall",
    "speed": "minus the square of the share of the order that is left, over the number of steps",
    "impact": "minus the square of our participation in the step beyond the allowed one, times the share filled",
    "completion": "at the end, minus the share of the order that only the closing market order was left to fill",
    "unfilled": "at the end, minus the share of the order that was never filled",
}
"""The parts of the reward: name -> in words."""


@dataclass(frozen=True, slots=True)
class Scales:
    """At which spread (and move) in ticks, and at which size in stored units, a squashed feature is one half.

    `variance_memory` is the share of the variance of moves that a step keeps of the steps before it.
    """

    spread_ticks: float
    size: float
    variance_memory: float = 0.8

    def __post_init__(self) -> None:
        _positive("spread_ticks", self.spread_ticks, 1e9)
        _positive("size", self.size, 1e15)
        if not 0.0 <= self.variance_memory < 1.0:
            raise UsageError(
                f"variance_memory is {self.variance_memory!r}",
                place="variance_memory",
                remedy="choose from 0 to below 1",
            )


def settings_of(weights: Weights, scales: Scales) -> NDArray[np.float64]:
    """What the kernels reckon with (`episode_layout_kernel`)."""
    found = np.zeros(el.SETTINGS)
    found[: el.SPREAD_SCALE] = weights.vector()
    found[el.SPREAD_SCALE], found[el.SIZE_SCALE] = scales.spread_ticks, scales.size
    found[el.VARIANCE_DECAY] = scales.variance_memory
    return found


def _positive(name: str, value: float, most: float) -> None:
    if not (isinstance(value, int | float) and 0 < value <= most):
        raise UsageError(f"{name} is {value!r}", place=name, remedy=f"give a number above zero, at most {most:g}")
