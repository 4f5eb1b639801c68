"""Orders worked in a recorded market: Gymnasium's own checks, and costs that add up to the shortfall."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tcakit.errors import UsageError
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.features import FEATURES
from tcakit.learn.replayed import ReplayedMarkets
from tcakit.learn.task import ExecutionTask, Weights
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.tca.shortfall import shortfall

SIZE, TICK, EVENT = lk.LOG_SIZE, lk.LOG_TICK, lk.LOG_EVENT
FILL = (codes.PARTIAL, codes.FILLED)
KINDS = ("rates", "rate", "offsets", "offset", "children", "child")
Made = Callable[..., ExecutionEnvironment]


@pytest.mark.parametrize("kind", KINDS)
def test_gymnasium_finds_nothing_to_say(environment: Made, kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Gymnasium tells whoever makes an environment by hand that it did not make it.
        warnings.filterwarnings("ignore", message=".*not created from a registered.*")
        warnings.filterwarnings("ignore", message=".*no `spec`.*")
        check_env(environment(kind, features=tuple(FEATURES)), skip_render_check=True)


@pytest.mark.parametrize("entry_ms", [0, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_rewards_add_up_to_the_shortfall(feed: Feed, environment: Made, kind: str, entry_ms: int) -> None:
    """Fills as the market's log has them, measured as any order is; with latencies orders cross the ends of steps."""
    played = environment(kind, entry_ms)
    chance = np.random.default_rng(3)
    for draw in range(4):
        _, info = played.reset(options={"draw": draw * 7})
        arrival, side = info["arrival_mid_ticks"], info["side"]
        total, over = 0.0, False
        played.action_space.seed(int(chance.integers(1 << 30)))
        while not over:
            observation, reward, over, _, info = played.step(played.action_space.sample())
            assert played.observation_space.contains(observation)
            total += reward
        log = played.stepper._market._market.result().log  # type: ignore[attr-defined]
        fills = [(row[SIZE], row[TICK] + feed.base_tick) for row in log.tolist() if row[SIZE] and row[EVENT] in FILL]
        told = shortfall(side, 1_500, arrival, fills, 0.0, info["mid_ticks"], arrival)
        assert told.filled == info["filled"] <= 1_500
        assert total == pytest.approx(-told.total_bps_of_paper, rel=1e-12, abs=1e-12)
        assert info["cost_bps"] == pytest.approx(told.total_bps_of_paper, rel=1e-12, abs=1e-12)


def test_an_even_schedule_is_twap_and_is_done_at_the_end(environment: Made) -> None:
    played = environment("rate")
    played.reset(options={"draw": 11})
    left, over = [1_500], False
    while not over:
        _, _, over, _, info = played.step(np.array([1 / 3], np.float32))
        left.append(info["left"])
    assert np.allclose(-np.diff(left), 1_500 / 8, atol=1.0)
    assert info["left"] == 0
    assert info["left_at_end"] == 0


def test_what_is_left_is_bought_at_the_end(environment: Made) -> None:
    played = environment("children", weights=Weights(completion=2.0))
    played.reset(options={"draw": 5})
    for step in range(8):
        _, reward, over, _, info = played.step(0)
        assert over == (step == 7)
    assert info["left_at_end"] == 1_500
    assert info["rewards"]["completion"] == -1.0
    assert info["filled"] > 0
    assert reward == pytest.approx(info["rewards"]["price"] - 2.0)


def test_an_order_that_stands_where_it_is_wanted_keeps_its_place(environment: Made) -> None:
    played = environment("offsets")
    played.reset(options={"draw": 2, "side": 1})
    orders = set()
    for _ in range(8):
        before = played.arrays.account.copy()
        _, _, over, _, _ = played.step(0)
        if over:
            break
        after = played.arrays.account
        orders.add(int(after[el.ORDER]))
        if before[el.ORDER] >= 0 and before[el.BID] - 4 == before[el.ORDER_TICK]:
            assert after[el.ORDER] in (before[el.ORDER], el.NO_ORDER)
        assert after[el.OPEN] == after[el.LEFT]
    assert len(orders) > 1


def test_the_parts_of_the_reward(environment: Made) -> None:
    weights = Weights(1.0, 2.0, 3.0, 4.0, 5.0, allowed_participation=0.05)
    played = environment("rates", weights=weights)
    played.reset(options={"draw": 3})
    over = False
    while not over:
        _, reward, over, _, info = played.step(2)
        parts = info["rewards"]
        assert all(value <= 0.0 for name, value in parts.items() if name != "price")
        assert reward == pytest.approx(
            parts["price"] + 2 * parts["speed"] + 3 * parts["impact"] + 4 * parts["completion"] + 5 * parts["unfilled"]
        )
        assert parts["speed"] == pytest.approx(-((info["left"] / 1_500) ** 2) / 8)


def test_a_seed_is_an_episode(environment: Made) -> None:
    one, other = environment(), environment()
    other.reset(seed=1)
    other.step(5)
    for seed in (4, 5):
        first, _ = one.reset(seed=seed)
        assert np.array_equal(first, other.reset(seed=seed)[0])
        for action in (1, 3, 0):
            here, there = one.step(action), other.step(action)
            assert np.array_equal(here[0], there[0])
            assert here[1:] == there[1:]


def test_what_cannot_be_is_refused(feed: Feed, environment: Made) -> None:
    played = environment()
    with pytest.raises(UsageError, match="no episode is under way"):
        played.step(1)
    played.reset(seed=0)
    with pytest.raises(UsageError, match="action 6"):
        played.step(6)
    with pytest.raises(UsageError, match="did you mean spread"):
        environment(features=("spred",))
    with pytest.raises(UsageError, match="no option 'start'"):
        played.reset(options={"start": 1})
    with pytest.raises(UsageError, match="fits into the recording"):
        ReplayedMarkets([feed]).starts(10**15)
    with pytest.raises(UsageError, match="quantity is 0"):
        ExecutionTask(1, 0, 1.0, 1)
    with pytest.raises(UsageError, match="speed is -1"):
        Weights(speed=-1.0)
