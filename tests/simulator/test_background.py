"""The background flow: what a simulated day does is what its tables say, and one seed gives one day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tcakit.market import codes
from tcakit.simulator.background_run import open_market, prepare
from tcakit.simulator.calibration_clock import Waits
from tcakit.simulator.calibration_count import QUEUE_FIRST, count_day
from tcakit.simulator.flow_layout_kernel import CANCEL_BEST, DEEPER, IMPROVE, JOIN, TAKE
from tcakit.simulator.flow_parameters import EVENT_NAMES, FlowModel
from tcakit.simulator.flow_tables import WaitPart
from tcakit.simulator.tape_day import tape_day
from tcakit.simulator.zero_intelligence import zero_intelligence
from tcakit.venue.engine_layout_kernel import ASKS, BIDS, DISPLAYED, TAPE_KIND, TAPE_TS

DATE = "2026-03-03"


@pytest.fixture(scope="module")
def plain() -> FlowModel:
    return replace(zero_intelligence(), close_time="12:30:00")


@pytest.fixture(scope="module")
def plain_run(plain):
    run = open_market(prepare(plain, DATE), 5)
    run.run_day()
    return run


def counted(model, run, waits):
    return count_day(tape_day(model, DATE, run), model.spread_from, model.queue_unit, waits)


def test_a_day_counted_gives_its_rates_back(plain, plain_run):
    found = counted(plain, plain_run, Waits(0.0, 0.0, (), plain.long_waits))
    assert plain.queue_first == QUEUE_FIRST
    seconds = found.exposure[0]
    for event in (IMPROVE, JOIN, DEEPER, TAKE, CANCEL_BEST):
        name = EVENT_NAMES[event]
        rate = plain.rates.by_state[name][:, :1, None] * plain.rates.by_queue[name][None, None, :]
        for axis in ((1, 2), (0, 1)):
            expected = (rate * seconds).sum(axis=axis)
            seen = found.counts[0, ..., event].sum(axis=axis)
            enough = expected > 30.0
            # The last bin of queues has no end: rates grow on within it.
            if event == CANCEL_BEST and axis == (0, 1):
                enough[-1] = False
            assert enough.any()
            z = (seen - expected)[enough] / np.sqrt(expected[enough])
            assert np.abs(z).max() < 4.5, (name, axis, seen, expected)


def test_what_follows_in_bursts_is_chosen_by_its_weights(plain):
    waits = Waits(0.6, 0.01, (WaitPart(1.0, 1e-3, 0.1),), plain.long_waits)
    weights = dict(plain.rates.by_state) | {"join": 3.0 * plain.rates.by_state["join"]}
    model = replace(
        plain,
        short_share=0.6,
        short_waits=waits.short,
        following=replace(plain.rates, by_state=weights),
    )
    run = open_market(prepare(model, DATE), 6)
    run.run_day()
    found = counted(model, run, waits)
    followed, exposure = found.counts[1], found.exposure[1]
    # Both sides' weights share each event: the ratio of two kinds of one side is that of their weights.
    joins, takes = followed[..., JOIN].sum(), followed[..., TAKE].sum()
    wanted = 3.0 * plain.rates.by_state["join"][0, 0] / plain.rates.by_state["take"][0, 0]
    error = wanted * np.sqrt(1.0 / joins + 1.0 / takes)
    assert abs(joins / takes - wanted) < 4.5 * error
    share = followed.sum() / (found.counts[0].sum() + followed.sum())
    # A few that came of themselves came as close.
    assert share == pytest.approx(0.6, abs=0.05)
    assert exposure.sum() == 2.0 * followed.sum()


def test_one_seed_gives_one_day_and_another_another(plain):
    prepared = prepare(replace(plain, close_time="09:40:00"), DATE)
    tapes = []
    for seed in (7, 7, 8):
        run = open_market(prepared, seed)
        run.run_day()
        tapes.append(run.tape()[:, :8].tobytes())
    assert tapes[0] == tapes[1] != tapes[2]


def test_a_run_in_pieces_and_in_small_rooms_is_the_same_run(plain):
    prepared = prepare(replace(plain, close_time="09:40:00"), DATE)
    whole = open_market(prepared, 7)
    whole.run_day()
    pieces = open_market(prepared, 7, tape_rows=1)
    for until in np.linspace(pieces.now, int(pieces.flow.times[1]) - 1, 17).astype(np.int64):
        pieces.run_until(int(until))
    assert pieces.tape()[:, :8].tobytes() == whole.tape()[:, :8].tobytes()


def test_twins_are_identical_until_one_is_traded_in(plain):
    market = open_market(prepare(plain, DATE), 9)
    market.run_until(market.now + 60_000_000_000)
    step = 10_000_000_000
    when = market.now + step * np.arange(1, 20, dtype=np.int64)
    when[4] = when[3] + 1  # just after what is traded
    nothing = np.zeros(len(when), np.int64)
    first, second, third = (market.twin() for _ in range(3))
    mids = [twin.send(when, nothing)[0] for twin in (first, second)]
    assert mids[0].tobytes() == mids[1].tobytes()
    traded = nothing.copy()
    traded[3] = 1_000
    moved, filled, cash = third.send(when, traded)
    assert moved[:4].tobytes() == mids[0][:4].tobytes()
    assert moved[4] > mids[0][4]
    assert filled[3] > 0
    assert cash[3] < 0
    # Proposals came at the same times, and as many: the clock does not look at the market.
    assert third.number == first.number
    assert third.now == first.now


def test_the_book_never_crosses_dies_out_or_runs_away(plain, plain_run):
    engine = plain_run.engine
    tape = plain_run.tape()
    assert (np.diff(tape[:, TAPE_TS]) >= 0).all()
    assert engine.best[DISPLAYED, 0] < engine.best[DISPLAYED, 1]
    standing = plain.profile.sum()
    for row in (BIDS, ASKS):
        assert standing / 4.0 < engine.counters[row] < standing * 4.0
    assert codes.EXECUTE in tape[:, TAPE_KIND]
