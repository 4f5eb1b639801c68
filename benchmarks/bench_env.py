"""Steps of the learning environment in simulated and recorded markets, one at a time and many side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
from gymnasium.vector import SyncVectorEnv

from benchmarks.harness import Benchmark
from tcakit.learn.actions import schedule_rate
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.replayed import ReplayedMarkets
from tcakit.learn.simulated import SimulatedMarkets
from tcakit.learn.task import ExecutionTask
from tcakit.learn.vector_environment import VectorExecutionEnvironment
from tcakit.replay.columns import feed_columns, feed_from_columns
from tcakit.simulator.made_day import make_day
from tcakit.simulator.participants import usual_participants
from tcakit.simulator.sample_market import sample_market
from tcakit.simulator.sources import make_market
from tcakit.simulator.world import World
from tcakit.simulator.zero_intelligence import zero_intelligence

STEPS = 60
EPISODES = 100
MANY = 16
SECONDS = 2.6
"""Of a step: about 65 events of the market."""
_MODEST = 2


def simulated() -> SimulatedMarkets:
    """A market of background flow, ten participants and common random numbers."""
    world = World(participants=usual_participants(), opening_call_seconds=0.0, closing_call_seconds=0.0)
    return SimulatedMarkets(lambda seed: make_market(zero_intelligence(), world, "2026-03-03", seed))


def one(source: SimulatedMarkets | ReplayedMarkets, task: ExecutionTask) -> ExecutionEnvironment:
    """A single environment."""
    return ExecutionEnvironment(source, task, schedule_rate())


def played(environment: ExecutionEnvironment, episodes: int) -> float:
    """Rewards of so many episodes of TWAP."""
    total = 0.0
    for draw in range(episodes):
        environment.reset(options={"draw": draw})
        over = False
        while not over:
            _, reward, over, _, _ = environment.step(_MODEST)
            total += reward
    return total


def played_together(environment: VectorExecutionEnvironment | SyncVectorEnv, steps: int) -> float:
    """Seconds of the clock that so many steps of all environments take."""
    actions = np.full(environment.num_envs, _MODEST)
    environment.reset(seed=0)
    started = time.perf_counter()
    for _ in range(steps):
        environment.step(actions)
    return time.perf_counter() - started


def events_a_step(environment: ExecutionEnvironment) -> float:
    """Events of the market in a step of TWAP."""
    environment.reset(options={"draw": 0})
    market = environment.stepper.market  # type: ignore[attr-defined]
    before, steps, over = market.events, 0, False
    while not over:
        over = environment.step(_MODEST)[2]
        steps += 1
    return float(market.events - before) / steps


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    episodes = max(1, int(EPISODES * scale))
    task = ExecutionTask(1, 3_000, seconds=SECONDS * STEPS, steps=STEPS)
    source = simulated()
    fast = one(source, task)
    job = (
        f"{episodes * STEPS:,} steps of an order in a simulated market (ten participants, {events_a_step(fast):.0f} "
        f"events a step), {episodes} resets with them"
    )
    yield Benchmark("environment-simulated", job, partial(played, fast, episodes))
    together = VectorExecutionEnvironment(source, task, schedule_rate(), count=MANY, threads=2)
    singles = SyncVectorEnv([lambda: one(source, task) for _ in range(MANY)])
    steps = max(2, int(10 * STEPS * scale))
    job = f"{steps * MANY:,} such steps in {MANY} environments side by side on two threads, seconds of the clock"
    ours, theirs = partial(played_together, together, steps), partial(played_together, singles, steps)
    yield Benchmark("environment-vector", job, ours, "gymnasium's SyncVectorEnv around ours", theirs, clock=True)
    together.close()
    day = make_day("ALFA", "2026-03-03", 7, sample_market("alfa", events=max(5_000, int(100_000 * scale))))
    book = {name: getattr(day, name) for name in ("ts_ns", "kind", "side", "price", "size", "level_size")}
    feed = feed_from_columns(day.instrument, feed_columns(day.instrument, book))
    recorded = one(ReplayedMarkets([feed]), ExecutionTask(1, 3_000, seconds=10.0 * STEPS, steps=STEPS))
    job = f"{episodes * STEPS:,} steps of an order in a recorded day of {len(feed.ns):,} rows, {episodes} resets too"
    yield Benchmark("environment-replayed", job, partial(played, recorded, episodes))
