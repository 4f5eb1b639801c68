"""Orders worked in a simulated market: the kernel does what the plain loop does, and many do what one does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv

from tcakit.errors import UsageError
from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.actions import Actions, child_order, limit_offset, schedule_rate
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.episode import Episode
from tcakit.learn.evaluation import evaluate
from tcakit.learn.features import FEATURES, numbers_of
from tcakit.learn.policies import AlmgrenChrissPolicy, Immediate, Twap
from tcakit.learn.simulated import SimulatedMarkets
from tcakit.learn.simulated_episode import SimulatedEpisode
from tcakit.learn.task import ExecutionTask, Weights, settings_of
from tcakit.learn.vector_environment import VectorExecutionEnvironment
from tcakit.market import codes
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket, TradingRules
from tcakit.simulator.participants import Participants
from tcakit.simulator.sources import make_market
from tcakit.simulator.world import World
from tcakit.simulator.zero_intelligence import zero_intelligence
from tcakit.tca.shortfall import shortfall
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.latency import ConstantLatency

TASK = ExecutionTask(None, 2_000, seconds=40.0, steps=8)
NAMES = tuple(FEATURES)
KINDS = {"rates": schedule_rate(), "offsets": limit_offset(), "child": child_order(5, 100, is_continuous=True)}


def make(latency_ms: int = 0) -> Callable[[int], SimulatedMarket]:
    people = (Participants("market-maker", 2, interval_s=1.0), Participants("metaorder-trader", 1))
    world = World(participants=people, opening_call_seconds=0.0, closing_call_seconds=0.0)
    rules = TradingRules(ConstantLatency(entry_ns=latency_ms * 1_000_000, response_ns=latency_ms * 1_000_000))
    model = zero_intelligence()
    return lambda seed: make_market(model, world, "2026-03-03", seed, rules=rules)


@pytest.fixture(scope="module")
def source() -> SimulatedMarkets:
    return SimulatedMarkets(make(), starts=2, warm_up_s=60.0)


def environment(source: SimulatedMarkets, actions: Actions, **given: Any) -> ExecutionEnvironment:
    return ExecutionEnvironment(source, TASK, actions, features=NAMES, **given)


def played(one: ExecutionEnvironment, draw: int, chance: np.random.Generator) -> list[Any]:
    """All that an environment says in an episode of chance actions."""
    one.action_space.seed(int(chance.integers(1 << 30)))
    observation, info = one.reset(options={"draw": draw})
    said: list[Any] = [(observation.tolist(), info)]
    over = False
    while not over:
        observation, reward, over, _, info = one.step(one.action_space.sample())
        assert one.observation_space.contains(observation)
        said.append((observation.tolist(), reward, over, info))
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_gymnasium_finds_nothing_to_say(source: SimulatedMarkets, kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*not created from a registered.*")
        warnings.filterwarnings("ignore", message=".*no `spec`.*")
        check_env(environment(source, KINDS[kind]), skip_render_check=True)


@pytest.mark.parametrize("latency_ms", [0, 700, 6_000])
@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_does_what_the_plain_loop_does(kind: str, latency_ms: int) -> None:
    """To the last bit; with the longest latency, answers come after later steps have begun."""
    markets = SimulatedMarkets(make(latency_ms), starts=2, warm_up_s=30.0)
    fast, slow = (environment(markets, KINDS[kind]) for _ in range(2))
    assert isinstance(fast.stepper, SimulatedEpisode)
    settings = settings_of(Weights(), fast.scales)
    slow.stepper = Episode(markets, TASK, settings, numbers_of(NAMES), slow.arrays)
    for draw in range(2):
        chances = (np.random.default_rng(draw) for _ in range(2))
        one, other = (played(each, draw, chance) for each, chance in zip((fast, slow), chances, strict=True))
        assert one == other
        known = el.PHASE
        assert np.array_equal(fast.arrays.account[:known], slow.arrays.account[:known])


@pytest.mark.parametrize("kind", KINDS)
def test_rewards_add_up_to_the_shortfall(source: SimulatedMarkets, kind: str) -> None:
    one = environment(source, KINDS[kind])
    for draw in range(3):
        said = played(one, draw, np.random.default_rng(draw))
        stepper, arrival, end = one.stepper, said[0][1]["arrival_mid_ticks"], said[-1][3]
        assert isinstance(stepper, SimulatedEpisode)
        market, base = stepper.market.market, stepper.market.base_tick
        log = market.log[: market.at[ml.LOG_ROWS]].tolist()
        fills = [
            (row[ml.LOG_SIZE], row[ml.LOG_LEVEL] + base)
            for row in log
            if row[ml.LOG_EVENT] in (codes.PARTIAL, codes.FILLED)
        ]
        told = shortfall(end["side"], TASK.quantity, arrival, fills, 0.0, end["mid_ticks"], arrival)
        assert told.filled == end["filled"] <= TASK.quantity
        assert sum(row[1] for row in said[1:]) == pytest.approx(-told.total_bps_of_paper, rel=1e-12, abs=1e-12)


def test_episodes_are_the_same_whatever_came_before(source: SimulatedMarkets) -> None:
    one, other = environment(source, KINDS["rates"]), environment(source, KINDS["rates"])
    for draw in (5, 0, 5, 3):
        played(other, draw, np.random.default_rng(0))
    for draw in (3, 5):
        chances = (np.random.default_rng(9) for _ in range(2))
        first, second = (played(each, draw, chance) for each, chance in zip((one, other), chances, strict=True))
        assert first == second
    apart = [played(one, draw, np.random.default_rng(9))[0][0] for draw in (3, 5, 7)]
    assert apart[0] != apart[1] != apart[2]


@pytest.mark.parametrize("kind", ["rates", "child"])
def test_many_do_what_single_ones_do(source: SimulatedMarkets, kind: str) -> None:
    """Gymnasium's own vector environment around single ones says the same, infos too, past the ends of episodes."""
    actions = KINDS[kind]
    many = VectorExecutionEnvironment(source, TASK, actions, count=3, features=NAMES)
    singles = SyncVectorEnv([lambda: environment(source, actions) for _ in range(3)])
    one, other = many.reset(seed=11), singles.reset(seed=11)
    many.action_space.seed(1)
    for _ in range(3 * TASK.steps):
        assert np.array_equal(one[0], other[0])
        assert one[1].keys() == other[1].keys()
        for name, column in other[1].items():
            _same(one[1][name], column)
        chosen = many.action_space.sample()
        *mine, one_info = many.step(chosen)
        *theirs, other_info = singles.step(chosen)
        for here, there in zip(mine[1:], theirs[1:], strict=True):
            assert np.array_equal(here, there)
        one, other = (mine[0], one_info), (theirs[0], other_info)
    many.close()


def _same(one: Any, other: Any) -> None:
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for name, value in other.items():
            _same(one[name], value)
    else:
        assert np.array_equal(one, other)


def test_a_market_that_runs_out_of_room_goes_on(source: SimulatedMarkets) -> None:
    """The arrays are enlarged in the middle of a step, and nothing else is different."""
    usual, tight = environment(source, KINDS["rates"]), environment(source, KINDS["rates"])
    tight.reset(options={"draw": 4})
    stepper = tight.stepper
    assert isinstance(stepper, SimulatedEpisode)
    market = stepper.market.market
    rows = int(market.engine.counters[ek.TAPE_ROWS])
    stepper.market.market = market._replace(
        log=market.log[:40].copy(), engine=market.engine._replace(tape=market.engine.tape[: rows + 60].copy())
    )
    stepper.take()
    usual.reset(options={"draw": 4})
    for _ in range(TASK.steps - 1):
        assert usual.step(2)[:3][1:] == tight.step(2)[:3][1:]
    assert len(stepper.market.market.engine.tape) > rows + 60


def test_own_orders_are_left_out_of_what_is_seen(source: SimulatedMarkets) -> None:
    """A limit order inside the spread is the best of its side for all others, but not for whoever placed it."""
    one = environment(source, limit_offset((1, 2)))
    for draw in range(6):
        one.reset(options={"draw": draw, "side": 1})
        before = one.arrays.account[[el.BID, el.ASK]].tolist()
        if before[1] - before[0] >= 3:
            break
    one.step(0)
    account = one.arrays.account
    market = one.stepper.market  # type: ignore[attr-defined]
    if account[el.ORDER] >= 0 and market.best_tick(0) == account[el.ORDER_TICK]:
        assert account[el.BID] < account[el.ORDER_TICK] or account[el.BID_SIZE] > 0
    shown = market.size_at(1, int(account[el.BID]))
    ours = account[el.OPEN] if account[el.ORDER] >= 0 and account[el.ORDER_TICK] == account[el.BID] else 0
    assert account[el.BID_SIZE] == shown - ours


def test_common_random_numbers_cut_the_variance(source: SimulatedMarkets) -> None:
    one = environment(source, KINDS["rates"])
    found = evaluate(one, [Twap(), AlmgrenChrissPolicy(), Immediate()], episodes=40)
    rows = {row["policy"]: row for row in found.table.to_dicts()}
    assert rows["almgren-chriss"]["variance_ratio"] > 3.0
    assert rows["immediate"]["difference_low"] > 0.0
    # Episodes that go on from one start are drawn together.
    assert rows["twap"]["blocks"] == 2
    assert rows["twap"]["completed"] == 1.0


def test_episodes_end_with_the_day() -> None:
    late = SimulatedMarkets(make(), starts=1, warm_up_s=6.5 * 3_600 - 20.0)
    with pytest.raises(UsageError, match="lasts into the close"):
        environment(late, KINDS["rates"]).reset(seed=0)
    with pytest.raises(UsageError, match="starts 0"):
        SimulatedMarkets(make(), starts=0)
