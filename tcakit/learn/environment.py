"""A Gymnasium environment: an order to be bought or sold in a given time, in a recorded or a simulated market."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.actions import Actions, schedule_rate
from tcakit.learn.episode import Episode
from tcakit.learn.features import USUAL_FEATURES, numbers_of, observation_space
from tcakit.learn.stepped_market import MarketSource
from tcakit.learn.stepper import Arrays, Stepper, arrays_of
from tcakit.learn.task import OBJECTIVES, ExecutionTask, Scales, Weights, settings_of
from tcakit.market.codes import BUY, SELL

Observation = NDArray[np.float32]
_DRAWS = 1 << 62


class ExecutionEnvironment(gymnasium.Env[Observation, Any]):
    """Episodes of a task in markets of a source, such as `ReplayedMarkets` or `SimulatedMarkets`.

    An observation is a box of float32 (`features.FEATURES`), an action of the kind that `actions` says. The reward is
    the weighted sum of its parts, which are in `info["rewards"]` one by one; with the weights as they stand it is minus
    the cost of the step in bps of the order's value at arrival, and over an episode minus the implementation shortfall.
    An episode is over when the order is filled, or at its end, where what is left is sent as a market order and what
    even that leaves is valued at the mid.

    `reset(seed=...)` gives the same episode for the same seed; `reset(options={"draw": n})` episode n of the source,
    the same whatever came before, and `options={"side": -1}` a sell. UsageError for anything that cannot be.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  (so Gymnasium has it)

    def __init__(
        self,
        source: MarketSource,
        task: ExecutionTask,
        actions: Actions | None = None,
        *,
        features: Sequence[str] = USUAL_FEATURES,
        weights: Weights | None = None,
        scales: Scales | None = None,
        arrays: Arrays | None = None,
    ) -> None:
        lot = source.instrument.lot_size
        if task.quantity % lot:
            raise UsageError(f"quantity {task.quantity}", place="quantity", remedy=f"take a multiple of {lot}")
        self.source, self.task = source, task
        self.actions = actions or schedule_rate()
        if self.actions.kind == el.UNITS and self.actions.unit % lot:
            raise UsageError(f"unit {self.actions.unit}", place="unit", remedy=f"take a multiple of {lot}")
        self.features, self.weights = tuple(features), weights or Weights()
        self.scales = scales or Scales(source.spread_ticks, float(task.quantity))
        numbers = numbers_of(self.features)
        self.observation_space = observation_space(self.features)  # type: ignore[assignment]
        self.action_space = self.actions.space
        settings = settings_of(self.weights, self.scales)
        self.arrays = arrays or arrays_of(len(numbers))
        self.stepper = stepper_of(source, task, settings, numbers, self.arrays)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; gives the first observation, and the order's arrival in `info`."""
        super().reset(seed=seed)
        draw, side = self.drawn(options or {})
        self.stepper.begin(draw, side)
        return self.arrays.observation.copy(), self.info()

    def drawn(self, options: dict[str, Any]) -> tuple[int, int]:
        """The number of the next episode and its side."""
        unknown = sorted(set(options) - {"draw", "side"})
        if unknown:
            raise UsageError(f"no option {unknown[0]!r}", place="options", remedy="there are draw and side")
        draw = options.get("draw")
        draw = int(self.np_random.integers(_DRAWS)) if draw is None else int(draw)
        if draw < 0:
            raise UsageError(f"draw {draw}", place="options", remedy="number episodes from 0")
        # From the draw, not from what was drawn before it, so that an episode is the same whatever came before.
        side = options.get("side") or self.task.side or (BUY if np.random.default_rng(draw).random() < 0.5 else SELL)
        if side not in (BUY, SELL):
            raise UsageError(f"side {side!r}", place="options", remedy="give +1 to buy, -1 to sell")
        return draw, side

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a decision, and let the market run to the next one."""
        value = self.actions.value(action)
        self._check()
        self.stepper.act(self.actions.kind, value, self.actions.unit)
        return self._told()

    def instruct(self, quantity: int, offset: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """A step with another order than the actions have: take `quantity` at once, and have the rest stand `offset`
        ticks from the touch (`episode_layout_kernel`: NO_LIMIT for no limit order, LEAVE for the one that stands)."""
        self._check()
        self.stepper.instruct(quantity, offset)
        return self._told()

    def _check(self) -> None:
        account = self.arrays.account
        if account[el.STEPS] == 0 or account[el.IS_OVER]:
            raise UsageError("no episode is under way", place="step", remedy="reset the environment")

    def _told(self) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        account, measures, observation = self.arrays
        return observation.copy(), float(measures[el.REWARD]), bool(account[el.IS_OVER]), False, self.info()

    def info(self) -> dict[str, Any]:
        """The episode so far: times, what is left, what it has cost in bps, and the parts of the last reward."""
        at, measures = self.arrays.account.tolist(), self.arrays.measures.tolist()
        return {
            "step": at[el.STEP],
            "side": at[el.SIDE],
            "left": at[el.LEFT],
            "filled": at[el.QUANTITY] - at[el.LEFT],
            "left_at_end": at[el.LEFT_AT_END],
            "volume": at[el.VOLUME],
            "mid_ticks": at[el.MID] / 2,
            "arrival_mid_ticks": at[el.ARRIVAL_MID] / 2,
            "cost_bps": 1e4 * at[el.COST] / (at[el.QUANTITY] * at[el.ARRIVAL_MID]),
            "rewards": dict(zip(OBJECTIVES, measures[el.PRICE : el.REWARD], strict=True)),
        }


def stepper_of(
    source: MarketSource,
    task: ExecutionTask,
    settings: NDArray[np.float64],
    features: NDArray[np.int64],
    arrays: Arrays,
) -> Stepper:
    """The fastest stepper that a source's markets can be worked by."""
    own = getattr(source, "stepper", None)
    fast: Stepper | None = None if own is None else own(task, settings, features, arrays)
    return fast or Episode(source, task, settings, features, arrays)
