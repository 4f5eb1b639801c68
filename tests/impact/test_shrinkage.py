"""Our own fills override the tape as their error shrinks, and the two together are better than either."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError, UsageError
from tcakit.impact.shrinkage import Level, shrunk, tape_prior

levels = st.floats(0.01, 100.0)
errors = st.floats(0.001, 10.0)


@given(levels, errors, levels, errors)
def test_it_is_the_posterior_of_two_normals(tape, tape_error, own, own_error):
    found = shrunk(Level(tape, tape_error), Level(own, own_error))
    precision = 1.0 / tape_error**2 + 1.0 / own_error**2
    mean = (math.log(tape) / tape_error**2 + math.log(own) / own_error**2) / precision
    assert math.log(found.level.prefactor) == pytest.approx(mean, abs=1e-9)
    assert found.level.log_se == pytest.approx(precision**-0.5)
    assert min(tape, own) * (1 - 1e-9) <= found.level.prefactor <= max(tape, own) * (1 + 1e-9)
    assert found.level.log_se <= min(tape_error, own_error) * (1 + 1e-9)


@given(levels, errors, levels)
def test_own_fills_override_as_their_error_shrinks(tape, tape_error, own):
    weights = [shrunk(Level(tape, tape_error), Level(own, error)).own_weight for error in (100.0, 1.0, 0.1, 1e-3, 0.0)]
    assert weights == sorted(weights)
    assert weights[-1] == 1.0
    assert shrunk(Level(tape, tape_error), Level(own, 1e-6)).level.prefactor == pytest.approx(own, rel=1e-3)
    assert shrunk(Level(tape, tape_error), Level(own, 1e6)).level.prefactor == pytest.approx(tape, rel=1e-3)


def test_without_own_fills_the_tape_speaks():
    tape = Level(0.7, 0.2)
    assert shrunk(tape, None).level == tape
    assert shrunk(tape, Level(3.0, math.inf)).level == tape
    assert shrunk(Level(0.7, math.inf), Level(3.0, 0.1)).level == Level(3.0, 0.1)


def test_both_together_err_less_than_either():
    random = np.random.default_rng(2)
    truth, tape_error, own_error = 0.8, 0.25, 0.35
    wrong = {"tape": [], "own": [], "both": []}
    held = []
    for _ in range(2_000):
        tape = Level(truth * math.exp(tape_error * random.normal()), tape_error)
        own = Level(truth * math.exp(own_error * random.normal()), own_error)
        both = shrunk(tape, own).level
        for name, level in (("tape", tape), ("own", own), ("both", both)):
            wrong[name].append(math.log(level.prefactor / truth) ** 2)
        low, high = both.interval
        held.append(low < truth < high)
    assert np.mean(wrong["both"]) < 0.8 * min(np.mean(wrong["tape"]), np.mean(wrong["own"]))
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_the_range_of_the_level_widens_what_the_tape_says():
    prior = tape_prior(Level.of_interval(16.0, 12.0, 20.0))
    assert prior.prefactor == pytest.approx(16.0 * math.sqrt(0.5))
    assert prior.log_se > Level.of_interval(16.0, 12.0, 20.0).log_se
    assert tape_prior(Level(2.0, 0.1), (1.0, 1.0)) == Level(2.0, 0.1)


def test_what_has_no_logarithm_is_refused():
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(DataError, match="no logarithm"):
            Level(wrong, 0.1)
    with pytest.raises(DataError, match="no logarithm"):
        Level.of_interval(1.0, -0.5, 2.0)
    with pytest.raises(UsageError, match="an error of"):
        Level(1.0, math.nan)
    with pytest.raises(UsageError, match="two different levels"):
        shrunk(Level(1.0, 0.0), Level(2.0, 0.0))
    with pytest.raises(UsageError, match="factors from"):
        tape_prior(Level(1.0, 0.1), (0.0, 1.0))
