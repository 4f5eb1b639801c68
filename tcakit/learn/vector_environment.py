"""Many episodes side by side, as Gymnasium's vector environments have them, on several cores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.jit import IS_COMPILED
from tcakit.learn.actions import Actions, schedule_rate
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.features import USUAL_FEATURES
from tcakit.learn.helpers import Helper
from tcakit.learn.simulated_episode import SimulatedEpisode, compiled_for_many
from tcakit.learn.stepped_market import MarketSource
from tcakit.learn.stepper import Arrays, arrays_of
from tcakit.learn.table_kernel import OVER, tell_each
from tcakit.learn.task import OBJECTIVES, ExecutionTask, Scales, Weights

Told = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]
_NOT_OVER = 0
_WHOLE = ("step", "side", "left", "filled", "left_at_end", "volume")
_REAL = ("mid_ticks", "arrival_mid_ticks", "cost_bps")
"""What `tell_each` writes, in its order."""


class VectorExecutionEnvironment(VectorEnv[NDArray[np.float32], Any, NDArray[Any]]):
    """`count` environments of `ExecutionEnvironment` with one source, task and kind of action.

    It gives what Gymnasium's `SyncVectorEnv` would give around them: the same seeds are the same episodes, and an
    environment whose episode is over is reset by the next step, whatever its action. In simulated markets the steps
    are taken by kernels on `threads` threads at a time; in recorded ones one after the other.
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}  # noqa: RUF012  (so Gymnasium has it)

    def __init__(
        self,
        source: MarketSource,
        task: ExecutionTask,
        actions: Actions | None = None,
        *,
        count: int,
        threads: int = 2,
        features: Sequence[str] = USUAL_FEATURES,
        weights: Weights | None = None,
        scales: Scales | None = None,
    ) -> None:
        if count < 1 or threads < 1:
            raise UsageError(f"count {count}, threads {threads}", place="count", remedy="give at least one of each")
        self.num_envs, self.actions = count, actions or schedule_rate()
        self._arrays = arrays_of(len(features), count)
        self.environments = [
            ExecutionEnvironment(
                source,
                task,
                self.actions,
                features=features,
                weights=weights,
                scales=scales,
                arrays=Arrays(*(array[place] for array in self._arrays)),
            )
            for place in range(count)
        ]
        first = self.environments[0]
        self.single_observation_space, self.single_action_space = first.observation_space, first.action_space
        self.observation_space = batch_space(first.observation_space, count)
        self.action_space = batch_space(first.action_space, count)
        self._statuses = np.zeros(count, np.int64)
        self._over = np.zeros(count, np.bool_)
        self._simulated = [each.stepper for each in self.environments if isinstance(each.stepper, SimulatedEpisode)]
        self._is_parallel = IS_COMPILED and len(self._simulated) == count
        self._books = np.array([each.book_address for each in self._simulated], np.int64)
        self._markets = np.zeros(len(self._simulated), np.int64)
        parts = min(threads, count) if self._is_parallel else 1
        self._parts = list(pairwise(np.linspace(0, count, parts + 1).astype(int).tolist()))
        self._helpers = [Helper() for _ in range(parts - 1)]

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in every environment; a whole number as `seed` stands for it and those that follow."""
        seeds: list[int | None]
        if isinstance(seed, Sequence):
            seeds = list(seed)
        else:
            seeds = [None if seed is None else seed + place for place in range(self.num_envs)]
        if len(seeds) != self.num_envs:
            raise UsageError(f"{len(seeds)} seeds", place="seed", remedy=f"give {self.num_envs}")
        for one, environment in zip(seeds, self.environments, strict=True):
            environment.reset(seed=one, options=options)
        self._over = np.ones(self.num_envs, np.bool_)  # they have just begun
        return self._arrays.observation.copy(), self._told()[2]

    def step(self, actions: Any) -> Told:
        """Take a decision in every environment, or begin a new episode where the last one is over."""
        values = self.actions.of_many(actions)
        if len(values) != self.num_envs:
            raise UsageError(f"{len(values)} actions", place="actions", remedy=f"give {self.num_envs}")
        self._statuses[:] = np.where(self._over, OVER, _NOT_OVER)
        for helper, part in zip(self._helpers, self._parts[1:], strict=True):
            helper.start(partial(self._part, values, *part))
        try:
            self._part(values, *self._parts[0])
        finally:
            # Nothing goes on while nobody waits for it.
            for helper in self._helpers:
                helper.wait()
        over, rewards, infos = self._told()
        return self._arrays.observation.copy(), rewards, over, np.zeros(self.num_envs, np.bool_), infos

    def _part(self, values: NDArray[np.float64], first: int, end: int) -> None:
        """Take the steps of the environments from `first` to before `end`."""
        actions, statuses = self.actions, self._statuses
        for place in np.flatnonzero(self._over[first:end]) + first:
            self.environments[place].reset()
        if not self._is_parallel:
            for place in np.flatnonzero(~self._over[first:end]) + first:
                self.environments[place].stepper.act(actions.kind, float(values[place]), actions.unit)
            return
        self._markets[first:end] = [each.address for each in self._simulated[first:end]]
        act_each, runner = compiled_for_many()
        act_each(runner, self._markets, self._books, actions.kind, values, actions.unit, statuses, first, end)
        for place in np.flatnonzero(statuses[first:end] > 0) + first:
            self._simulated[place].go_on(int(statuses[place]))

    def _told(self) -> tuple[NDArray[np.bool_], NDArray[np.float64], dict[str, Any]]:
        """Which episodes are over, the rewards, and `ExecutionEnvironment.info` of all as Gymnasium has it: a column a
        name, and who has it."""
        count, parts = self.num_envs, len(_REAL)
        over, rewards, everyone = np.empty(count, np.bool_), np.empty(count), np.ones(count, np.bool_)
        whole, real = np.empty((len(_WHOLE), count), np.int64), np.empty((parts + len(OBJECTIVES), count))
        tell_each(self._arrays.account, self._arrays.measures, self._over, over, rewards, whole, real)
        self._over = over
        infos = _named(_WHOLE, whole, everyone) | _named(_REAL, real[:parts], everyone)
        infos["rewards"], infos["_rewards"] = _named(tuple(OBJECTIVES), real[parts:], everyone), everyone
        return over.copy(), rewards, infos

    def close_extras(self, **kwargs: Any) -> None:
        """Let the threads go."""
        for helper in self._helpers:
            helper.close()
        self._helpers = []


def _named(names: tuple[str, ...], columns: NDArray[Any], everyone: NDArray[np.bool_]) -> dict[str, Any]:
    """Columns by name, each with who has it."""
    found: dict[str, Any] = dict(zip(names, columns, strict=True))
    return found | {f"_{name}": everyone for name in names}
