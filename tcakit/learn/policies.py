"""Policies that learn nothing: what a learner has to beat, chance among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.environment import ExecutionEnvironment

Step = tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]


class Policy(Protocol):
    """What works an order: it is told where an episode begins, and takes each step itself."""

    @property
    def name(self) -> str: ...

    def start(self, environment: ExecutionEnvironment, draw: int) -> None:
        """An episode has begun: the one of this draw."""
        ...

    def step(self, environment: ExecutionEnvironment, observation: NDArray[np.float32]) -> Step:
        """Take a step of the environment; gives what it gave."""
        ...


@dataclass(frozen=True, slots=True)
class Learned:
    """A policy that acts by what it observes: `choose` gives an action of the environment's space."""

    name: str
    choose: Callable[[NDArray[np.float32]], Any]

    def start(self, environment: ExecutionEnvironment, draw: int) -> None:
        """It remembers nothing."""

    def step(self, environment: ExecutionEnvironment, observation: NDArray[np.float32]) -> Step:
        return environment.step(self.choose(observation))


@dataclass(frozen=True, slots=True)
class Chance:
    """Any action of the environment's space, each as likely; the same ones in the same episode."""

    name: str = "random"

    def start(self, environment: ExecutionEnvironment, draw: int) -> None:
        environment.action_space.seed(draw % (1 << 32))

    def step(self, environment: ExecutionEnvironment, observation: NDArray[np.float32]) -> Step:
        return environment.step(environment.action_space.sample())


class _Scheduled:
    """A policy of market orders: after each step only so much of the order is to be left."""

    __slots__ = ()

    def start(self, environment: ExecutionEnvironment, draw: int) -> None:
        """The account says all."""

    def target(self, account: NDArray[np.int64]) -> float:
        """What is to be left after this step, in stored units."""
        raise NotImplementedError

    def step(self, environment: ExecutionEnvironment, observation: NDArray[np.float32]) -> Step:
        account = environment.arrays.account
        lot = int(account[el.LOT])
        wanted = (int(account[el.LEFT]) - int(account[el.OPEN]) - self.target(account)) / lot
        return environment.instruct(max(0, math.floor(wanted + 0.5)) * lot, el.NO_LIMIT)


@dataclass(frozen=True, slots=True)
class Immediate(_Scheduled):
    """All at once, as a market order."""

    name: str = "immediate"

    def target(self, account: NDArray[np.int64]) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Twap(_Scheduled):
    """The same at every step."""

    name: str = "twap"

    def target(self, account: NDArray[np.int64]) -> float:
        return float(account[el.QUANTITY] * (1.0 - (account[el.STEP] + 1) / account[el.STEPS]))


@dataclass(frozen=True, slots=True)
class Vwap(_Scheduled):
    """In step with the volume that a curve expects, which is to be known before the day."""

    curve: VolumeCurve
    name: str = "vwap"

    def target(self, account: NDArray[np.int64]) -> float:
        start, duration = int(account[el.START_NS]), int(account[el.DURATION_NS])
        now = start + (int(account[el.STEP]) + 1) * duration // int(account[el.STEPS])
        begun, reached, done = (self.curve.fraction(ns) for ns in (start, now, start + duration))
        if done <= begun:
            return Twap().target(account)
        return float(account[el.QUANTITY] * (done - reached) / (done - begun))


@dataclass(frozen=True, slots=True)
class Pov(_Scheduled):
    """A share of all that is traded: it follows what others traded until now, and is late by a step."""

    participation: float = 0.1
    name: str = "pov"

    def __post_init__(self) -> None:
        if not 0.0 < self.participation < 1.0:
            raise UsageError(
                f"participation is {self.participation!r}", place="participation", remedy="choose between 0 and 1"
            )

    def target(self, account: NDArray[np.int64]) -> float:
        ours = self.participation / (1.0 - self.participation) * account[el.VOLUME]
        return float(account[el.QUANTITY] - ours)


@dataclass(frozen=True, slots=True)
class AlmgrenChrissPolicy(_Scheduled):
    """The optimal trajectory under linear impact and risk aversion: sinh(k (T - t)) / sinh(k T) is left at t (Almgren
    and Chriss, 2000). `urgency` is k T: 0 is TWAP, the larger the sooner."""

    urgency: float = 1.5
    name: str = "almgren-chriss"

    def __post_init__(self) -> None:
        if not 0.0 < self.urgency <= 100.0:
            raise UsageError(f"urgency is {self.urgency!r}", place="urgency", remedy="choose from above 0 to 100")

    def target(self, account: NDArray[np.int64]) -> float:
        to_go = 1.0 - float(account[el.STEP] + 1) / float(account[el.STEPS])
        return float(account[el.QUANTITY]) * math.sinh(self.urgency * to_go) / math.sinh(self.urgency)


@dataclass(frozen=True, slots=True)
class SubmitAndLeave:
    """One limit order at the arrival's touch, or so many ticks from it towards the other side, and a market order for
    what is left at the end (Nevmyvaka, Feng and Kearns, 2006)."""

    offset: int = 0
    name: str = "submit-and-leave"

    def start(self, environment: ExecutionEnvironment, draw: int) -> None:
        """The account says all."""

    def step(self, environment: ExecutionEnvironment, observation: NDArray[np.float32]) -> Step:
        is_first = environment.arrays.account[el.STEP] == 0
        return environment.instruct(0, self.offset if is_first else el.LEAVE)


def baselines(curve: VolumeCurve | None = None) -> tuple[Policy, ...]:
    """What every learner is to be set beside; VWAP only where the day's curve is given."""
    known: tuple[Policy, ...] = (Twap(), Chance(), Pov(), AlmgrenChrissPolicy(), SubmitAndLeave(), Immediate())
    return known if curve is None else (*known, Vwap(curve))
