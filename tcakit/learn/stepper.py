"""What works the order of an episode, step by step, and the arrays that it writes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tcakit.learn import episode_layout_kernel as el


class Arrays(NamedTuple):
    """The account, the measures and the observation (float32) of the last step; see `episode_layout_kernel`."""

    account: NDArray[np.int64]
    measures: NDArray[np.float64]
    observation: NDArray[np.float32]


class Stepper(Protocol):
    """`episode.Episode` in any market, `simulated_episode.SimulatedEpisode` in a simulated one."""

    @property
    def arrays(self) -> Arrays: ...

    def begin(self, draw: int, side: int) -> None:
        """Begin the episode of a draw."""
        ...

    def act(self, kind: int, value: float, unit: int) -> None:
        """Take a step with an action of `actions`."""
        ...

    def instruct(self, quantity: int, offset: int) -> None:
        """Take a step with a market order of `quantity` and a limit order `offset` ticks from the touch for the rest,
        or NO_LIMIT, or LEAVE."""
        ...


def arrays_of(features: int, count: int | None = None) -> Arrays:
    """Arrays for an episode with so many features, or for `count` of them, a row each."""
    rows = () if count is None else (count,)
    return Arrays(
        np.zeros((*rows, el.ACCOUNT), np.int64),
        np.zeros((*rows, el.MEASURES), np.float64),
        np.zeros((*rows, features), np.float32),
    )
