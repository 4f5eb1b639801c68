"""An episode's costs add up to the shortfall whatever fills and mids do, and its features keep within their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.learn import episode_layout_kernel as el
from tcakit.learn.episode_kernel import arrive, ask, begin, close_step, filled, step_end_ns
from tcakit.learn.feature_kernel import observe
from tcakit.learn.features import FEATURES, observation_space
from tcakit.learn.task import ExecutionTask, Scales, Weights, settings_of
from tcakit.tca.shortfall import shortfall

SETTINGS = settings_of(Weights(), Scales(2.0, 100.0))
TOUCH = st.tuples(st.integers(900, 1_100), st.integers(1, 30))
FILLS = st.lists(st.tuples(st.integers(800, 1_200), st.integers(1, 40)), max_size=3)


@given(
    side=st.sampled_from([1, -1]),
    steps=st.lists(st.tuples(TOUCH, FILLS, st.integers(0, 500)), min_size=1, max_size=6),
    arrival=TOUCH,
)
def test_costs_add_up_to_the_shortfall(
    side: int, steps: list[tuple[tuple[int, int], list[tuple[int, int]], int]], arrival: tuple[int, int]
) -> None:
    account, measures = np.zeros(el.ACCOUNT, np.int64), np.zeros(el.MEASURES)
    begin(account, measures, side, 200, 1, len(steps), 0, 60)
    account[el.BID], account[el.ASK] = arrival[0], sum(arrival)
    arrive(account)
    space = observation_space(tuple(FEATURES))
    seen = np.zeros(len(FEATURES), np.float32)
    fills, rewards = [], 0.0
    for (bid, spread), found, volume in steps:
        account[el.STEP_FILLED] = 0
        for tick, wanted in found:
            size = min(wanted, int(account[el.LEFT]))
            if size:
                account[el.OPEN] += size
                filled(account, tick, size)
                fills.append((size, tick))
        account[el.BID], account[el.ASK] = bid, bid + spread
        account[el.STEP_VOLUME] = volume
        account[el.VOLUME] += volume
        account[el.STEP_BOUGHT] = volume // 3
        account[el.BID_SIZE] = account[el.BID_DEPTH] = volume
        close_step(account, measures, SETTINGS)
        rewards += measures[el.REWARD]
        observe(account, measures, SETTINGS, np.arange(len(FEATURES)), seen)
        assert space.contains(seen)
    told = shortfall(side, 200, sum(arrival) / 2 + arrival[0] / 2, fills, 0.0, bid + spread / 2)
    assert told.total == account[el.COST] / 2
    assert -rewards == pytest.approx(told.total_bps_of_paper, rel=1e-12, abs=1e-9)
    assert account[el.OPEN] == 0


@given(
    quantity=st.integers(1, 1_000).map(lambda lots: 10 * lots),
    steps=st.integers(1, 40),
    rates=st.lists(st.floats(0.0, 5.0), min_size=40, max_size=40),
)
def test_a_schedule_never_asks_for_more_than_is_left(quantity: int, steps: int, rates: list[float]) -> None:
    account, measures = np.zeros(el.ACCOUNT, np.int64), np.zeros(el.MEASURES)
    begin(account, measures, 1, quantity, 10, steps, 1_000, 777)
    ends = []
    for rate in rates[:steps]:
        ask(account, el.RATE, rate, 1)
        asked = int(account[el.ASKED_QUANTITY])
        assert 0 <= asked <= account[el.LEFT]
        assert asked % 10 == 0
        account[el.LEFT] -= asked
        ends.append(int(step_end_ns(account)))
        account[el.STEP] += 1
    assert ends == sorted(ends)
    assert ends[-1] == 1_777


def test_a_rate_of_one_ends_with_nothing_left() -> None:
    account, measures = np.zeros(el.ACCOUNT, np.int64), np.zeros(el.MEASURES)
    begin(account, measures, -1, 1_000, 1, 7, 0, ExecutionTask(1, 1, 1.0, 1).duration_ns)
    for _ in range(7):
        ask(account, el.RATE, 1.0, 1)
        account[el.LEFT] -= account[el.ASKED_QUANTITY]
        account[el.STEP] += 1
    assert account[el.LEFT] == 0
    ask(account, el.OFFSET, -2.0, 1)
    assert (account[el.ASKED_QUANTITY], account[el.ASKED_OFFSET]) == (0, -2)
