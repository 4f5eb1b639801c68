"""The background's clock, feedback and proposals, small enough to run uncompiled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tcakit.market.codes import ADD, BUY, EXECUTE, PRINT_HIDDEN, SELL
from tcakit.simulator.background_run import open_market, prepare
from tcakit.simulator.clock_kernel import activity, is_short, wait_ns
from tcakit.simulator.feedback_kernel import absorb, add_trade, decay_to, tilt
from tcakit.simulator.flow_layout_kernel import NEXT_ROW
from tcakit.simulator.flow_parameters import FeedbackLaw, FlowModel
from tcakit.simulator.flow_tables import WaitPart
from tcakit.simulator.memory_kernel import memory_before
from tcakit.simulator.random_kernel import bits, stream, uniform
from tcakit.simulator.zero_intelligence import zero_intelligence
from tcakit.venue.engine_layout_kernel import (
    TAPE_KIND,
    TAPE_LEVEL,
    TAPE_LEVEL_SIZE,
    TAPE_ROWS,
    TAPE_SIDE,
    TAPE_SIZE,
    TAPE_TS,
    new_engine,
)

DATE = "2026-03-03"
NS = 1_000_000_000
SEED = np.uint64(11)


@pytest.fixture
def model() -> FlowModel:
    return replace(
        zero_intelligence(),
        short_share=0.4,
        short_waits=(WaitPart(1.0, 1e-3, 0.2),),
        activity=(2.0, 0.5, 1.0, 3.0),
    )


def test_streams_have_nothing_in_common():
    with np.errstate(over="ignore"):
        first, second = (np.uint64(stream(SEED, source)) for source in (0, 1))
        draws = np.array([[uniform(seed, step, 2) for step in range(500)] for seed in (first, second)])
        assert bits(first, 3, 2) != bits(second, 3, 2)
    assert abs(np.corrcoef(draws)[0, 1]) < 0.2


def test_the_clock_keeps_its_law_and_its_day(model):
    flow = model.arrays(DATE)
    open_ns, close_ns = flow.times
    edges = [activity(flow, int(open_ns + share * (close_ns - open_ns))) for share in (0.0, 0.125, 0.25, 0.875, 1.0)]
    scale = flow.shape[0] / 2.0
    assert edges == pytest.approx([2.0 * scale, 2.0 * scale, 1.25 * scale, 3.0 * scale, 3.0 * scale])
    grid = open_ns + (np.arange(1_000) + 0.5) / 1_000 * (close_ns - open_ns)
    assert np.mean([activity(flow, int(at)) for at in grid]) == pytest.approx(1.0, abs=1e-3)
    with np.errstate(over="ignore"):
        short = np.array([is_short(flow, SEED, number) for number in range(2_000)])
        waits = np.array([wait_ns(flow, SEED, number, int(open_ns)) for number in range(2_000)])
    assert waits.min() >= 1
    assert short.mean() == pytest.approx(0.4, abs=0.05)
    assert np.median(waits[short]) == pytest.approx(1e6, rel=0.1)
    busy = activity(flow, int(open_ns))
    assert waits[~short].mean() * busy == pytest.approx(flow.long_wait.mean() * NS, rel=0.15)


def test_feedback_is_the_sum_over_trades_of_a_power_law():
    law = FeedbackLaw(strength=0.3, tau_s=5.0, beta=0.5, size_power=0.5, largest_tilt=50.0)
    feedback = law.arrays()
    random = np.random.default_rng(3)
    when = np.sort(random.integers(0, 600 * NS, 40))
    sign = random.choice([-1, 1], 40)
    share = random.random(40) * 2.0
    for trade in range(40):
        add_trade(feedback, int(when[trade]), int(sign[trade]), share[trade])
    now = 700 * NS
    phi = (sign * np.sqrt(share) * (1.0 + (now - when) / NS / 5.0) ** -0.5).sum()
    scale = (np.sqrt(share) * (1.0 + (now - when) / NS / 5.0) ** -0.5).sum()
    assert tilt(feedback, now) == pytest.approx(0.3 * phi, abs=0.3 * 0.01 * scale)
    jumps = sign * np.sqrt(share)
    before = memory_before(when / NS, jumps, feedback.terms[:, 0], feedback.terms[:, 1] * NS)
    assert before[0] == 0.0
    direct = [(jumps[:k] * (1.0 + (when[k] - when[:k]) / NS / 5.0) ** -0.5).sum() for k in range(40)]
    np.testing.assert_allclose(before, direct, atol=0.01 * scale)
    # Bringing it up to date in small steps or in a large one is the same, and time does not run backwards.
    steps, leap = law.arrays(), law.arrays()
    for one in (steps, leap):
        add_trade(one, NS, 1, 1.0)
    for second in range(2, 40):
        decay_to(steps, second * NS // 2)
    decay_to(steps, 39 * NS)
    decay_to(leap, 39 * NS)
    decay_to(leap, NS)
    np.testing.assert_allclose(steps.terms, leap.terms, rtol=1e-6)
    cut = replace(law, largest_tilt=0.01).arrays()
    add_trade(cut, NS, SELL, 1.0)
    assert tilt(cut, NS) == -0.01
    assert tilt(replace(law, strength=0.0).arrays(), NS) == 0.0


def test_one_taker_s_rows_are_one_trade_and_each_is_looked_at_once():
    law = FeedbackLaw(strength=1.0, size_power=2.0)
    engine, feedback = new_engine(8, 16, 16, 64), law.arrays()
    rows = [
        (5, ADD, BUY, 7, 100, 100),
        (7, EXECUTE, SELL, 8, 100, 300),  # one taker: all 400 of a level in two steps, and half of the next
        (7, EXECUTE, SELL, 8, 300, 0),
        (7, EXECUTE, SELL, 9, 50, 50),
        (9, EXECUTE, BUY, 7, 25, 75),
        (9, PRINT_HIDDEN, BUY, 7, 100, -1),
    ]
    columns = [TAPE_TS, TAPE_KIND, TAPE_SIDE, TAPE_LEVEL, TAPE_SIZE, TAPE_LEVEL_SIZE]
    for row, (seconds, *rest) in enumerate(rows):
        engine.tape[row, columns] = seconds * NS, *rest
    engine.counters[TAPE_ROWS] = len(rows)
    for _ in range(2):
        absorb(feedback, engine)
    wanted = law.arrays()
    add_trade(wanted, 7 * NS, 1, 1.5)
    add_trade(wanted, 9 * NS, -1, 0.25)
    np.testing.assert_array_equal(feedback.terms, wanted.terms)
    assert feedback.memory[NEXT_ROW] == len(rows)


def test_proposals_come_at_times_that_own_orders_do_not_move(model):
    leaning = model.with_feedback(strength=0.2, tau_s=5.0)
    market = open_market(prepare(leaning, DATE), 3)
    other = market.twin()
    until = market.now + 20 * NS
    when = market.now + NS * np.arange(1, 20, 3, dtype=np.int64)
    market.send(when, np.full(len(when), 150, np.int64))
    market.run_until(until)
    other.run_until(until)
    assert (market.number, market.now) == (other.number, other.now)
    assert market.number > 50
    assert market.tape()[:, :8].tobytes() != other.tape()[:, :8].tobytes()
    kinds = set(market.tape()[:, TAPE_KIND].tolist())
    assert {ADD, EXECUTE} <= kinds
