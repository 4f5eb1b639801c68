"""What leans takers to one side: waves of the strength and memory that were asked for, and found again in a day."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.market.codes import EXECUTE, SELL
from tcakit.simulator.background_run import open_market, prepare
from tcakit.simulator.calibration_feedback import SideTrades
from tcakit.simulator.calibration_mood import against_feedback, fit_mood, wave_correlation
from tcakit.simulator.flow_parameters import FeedbackLaw, MoodLaw
from tcakit.simulator.flow_toml import flow_text, read_flow_text
from tcakit.simulator.zero_intelligence import zero_intelligence
from tcakit.venue.engine_layout_kernel import TAPE_KIND, TAPE_SIDE, TAPE_TS

DATE = "2026-03-03"
MOOD = MoodLaw(20.0, (0.245,) * 6)


@pytest.fixture(scope="module")
def plain():
    model = zero_intelligence(orders_per_second=6.0, takers_per_second=1.5, cancels_per_order=0.3)
    return replace(model, close_time="12:30:00")


@pytest.fixture(scope="module")
def moody(plain):
    run = open_market(prepare(replace(plain, mood=MOOD), DATE), 3)
    run.run_day()
    return run


def waves(seconds, law, random):
    """The same waves by numpy, with other random numbers: a value at each time."""
    total = np.zeros(len(seconds))
    for wave, strength in enumerate(law.strengths):
        at = seconds / (law.shortest_s * 2.0**wave)
        nodes = random.random(int(at.max()) + 2)
        total += strength * (np.interp(at, np.arange(len(nodes)), nodes) - 0.5)
    return total * np.sqrt(18.0)


def taken(run):
    """Times (s) and sides of takers, +1 bought."""
    tape = run.tape()[run.opening_rows :]
    tape = tape[tape[:, TAPE_KIND] == EXECUTE]
    first = np.concatenate([[True], np.diff(tape[:, TAPE_TS]) > 0])
    return tape[first, TAPE_TS] / 1e9, np.where(tape[first, TAPE_SIDE] == SELL, 1.0, -1.0)


def test_waves_have_the_correlation_that_is_claimed():
    random = np.random.default_rng(4)
    law = MoodLaw(20.0, (3.0**-0.5,) * 3)
    made = np.array([waves(np.array([100.0, 110.0, 130.0, 180.0]) + random.uniform(0, 80), law, random)
                     for _ in range(20_000)])  # fmt: skip
    assert made.std() == pytest.approx(1.0, abs=0.02)
    apart = np.array([0.0, 10.0, 30.0, 80.0])
    seen = (made[:, :1] * made).mean(axis=0)
    np.testing.assert_allclose(seen, wave_correlation(apart, 20.0, 3), atol=0.025)


def test_takers_lean_as_long_and_as_far_as_the_mood_says(plain, moody):
    seconds, sign = taken(moody)
    expected = np.tanh(waves(np.linspace(0.0, 1e5, 200_000), MOOD, np.random.default_rng(1)))
    by_minute = np.bincount(((seconds - seconds[0]) // 60).astype(int), sign)
    counts = np.bincount(((seconds - seconds[0]) // 60).astype(int))
    share = by_minute[counts > 20] / counts[counts > 20]
    noise = np.mean(1.0 / counts[counts > 20])
    assert share.var() - noise == pytest.approx(expected.var(), rel=0.5)
    assert share.var() > 3.0 * noise
    alone = open_market(prepare(plain, DATE), 3)
    alone.run_day()
    assert len(taken(alone)[0]) == pytest.approx(len(seconds), rel=0.1)


def test_one_seed_is_in_one_mood_however_the_market_runs(plain, moody):
    again = open_market(prepare(replace(plain, mood=MOOD), DATE), 3)
    step = (int(again.flow.times[1]) - again.now) // 7
    for _ in range(7):
        again.run_until(again.now + step)
    again.run_day()
    assert again.tape().tobytes() == moody.tape().tobytes()


def test_the_strength_is_found_again():
    random = np.random.default_rng(8)
    for strength in (0.0, 0.4):
        law = MoodLaw(30.0, (strength / 8.0**0.5,) * 8)
        seconds = np.sort(random.uniform(0.0, 60_000.0, 30_000))
        odds = random.normal(0.0, 0.5, len(seconds))
        buys = 0.5 * (1.0 + np.tanh(waves(seconds, law, random) - 0.5 * odds))
        sign = np.where(random.random(len(seconds)) < buys, 1.0, -1.0)
        found = fit_mood(SideTrades(seconds, sign, np.ones(len(seconds)), odds), 60_000.0)
        assert np.linalg.norm(found.strengths) == pytest.approx(strength, abs=0.1)
    assert fit_mood(SideTrades(seconds[:100], sign[:100], sign[:100], odds[:100]), 100.0) == MoodLaw()


def test_the_mood_is_in_the_file(plain):
    model = replace(plain, mood=MOOD)
    assert read_flow_text(flow_text(model)).mood == MOOD
    without = flow_text(model).partition("# Waves")[0]
    assert read_flow_text(without).mood == MoodLaw()


def test_a_mood_that_is_leant_against_is_stronger_the_longer_it_lasts():
    law = FeedbackLaw(strength=0.3, tau_s=10.0, beta=0.5)
    mood = MoodLaw(20.0, (0.05,) * 6)
    assert against_feedback(mood, law, 0.0, 5.0) == mood
    found = against_feedback(mood, law, 0.3, 5.0).strengths
    assert all(later > earlier >= 0.05 for earlier, later in pairwise(found))
    # In mean field a lean that lasts falls as the root of its length, far out.
    assert found[-1] / found[-2] == pytest.approx(2.0**0.5, rel=0.1)


def test_no_mood_beyond_all_measure():
    for wrong in ({"strengths": (-1.0,)}, {"shortest_s": 0.0}, {"strengths": (0.1,) * 99}):
        with pytest.raises(UsageError):
            MoodLaw(**wrong)
