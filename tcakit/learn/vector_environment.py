"""Many episodes side by side, as Gymnasium's vector environments have them, on several cores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.jit import IS_COMPILED
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.actions import Actions, schedule_rate
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.features import USUAL_FEATURES
from tcakit.learn.simulated_episode import SimulatedEpisode, compiled_for_many
from tcakit.learn.stepped_market import MarketSource
from tcakit.learn.stepper import Arrays, arrays_of
from tcakit.learn.table_kernel import OVER
from tcakit.learn.task import OBJECTIVES, ExecutionTask, Scales, Weights

Told = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]
_NOT_OVER = 0


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
        self._pool = ThreadPoolExecutor(parts - 1, "episodes") if parts > 1 else None

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
        self._over[:] = False
        return self._arrays.observation.copy(), self._infos()

    def step(self, actions: Any) -> Told:
        """Take a decision in every environment, or begin a new episode where the last one is over."""
        values = self.actions.of_many(actions)
        if len(values) != self.num_envs:
            raise UsageError(f"{len(values)} actions", place="actions", remedy=f"give {self.num_envs}")
        self._statuses[:] = np.where(self._over, OVER, _NOT_OVER)
        if self._pool is None:
            self._part(values, *self._parts[0])
        else:
            others = [self._pool.submit(self._part, values, *part) for part in self._parts[1:]]
            self._part(values, *self._parts[0])
            for other in others:
                other.result()
        was_over = self._over
        account, measures, observation = self._arrays
        self._over = ~was_over & (account[:, el.IS_OVER] != 0)
        rewards = np.where(was_over, 0.0, measures[:, el.REWARD])
        return observation.copy(), rewards, self._over.copy(), np.zeros(self.num_envs, np.bool_), self._infos()

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

    def _infos(self) -> dict[str, Any]:
        """`ExecutionEnvironment.info` of all of them, as Gymnasium has it: a column a name, and who has it."""
        account, measures, _ = self._arrays
        everyone = np.ones(self.num_envs, np.bool_)
        columns = {
            "step": account[:, el.STEP],
            "side": account[:, el.SIDE],
            "left": account[:, el.LEFT],
            "filled": account[:, el.QUANTITY] - account[:, el.LEFT],
            "left_at_end": account[:, el.LEFT_AT_END],
            "volume": account[:, el.VOLUME],
            "mid_ticks": account[:, el.MID] / 2,
            "arrival_mid_ticks": account[:, el.ARRIVAL_MID] / 2,
            "cost_bps": 1e4 * account[:, el.COST] / (account[:, el.QUANTITY] * account[:, el.ARRIVAL_MID]),
        }
        parts = {name: measures[:, el.PRICE + place] for place, name in enumerate(OBJECTIVES)}
        found: dict[str, Any] = {"rewards": _told(parts, everyone), "_rewards": everyone}
        return found | _told(columns, everyone)

    def close_extras(self, **kwargs: Any) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()


def _told(columns: dict[str, NDArray[Any]], everyone: NDArray[np.bool_]) -> dict[str, Any]:
    return {key: value for name, column in columns.items() for key, value in ((name, +column), (f"_{name}", everyone))}
