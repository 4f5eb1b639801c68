"""The flow's parameters: there and back through TOML, and what cannot be is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.simulator.feedback_terms import exponential_terms, power_law
from tcakit.simulator.flow_parameters import FeedbackLaw
from tcakit.simulator.flow_tables import Law, WaitPart, law_of, mean_of_waits, wait_table
from tcakit.simulator.flow_toml import flow_text, read_flow, read_flow_text
from tcakit.simulator.zero_intelligence import zero_intelligence


def test_toml_there_and_back():
    model = zero_intelligence("ALFA").with_feedback(strength=0.0312, tau_s=7.5)
    text = flow_text(model)
    again = read_flow_text(text)
    assert flow_text(again) == text
    assert again.feedback == model.feedback
    for left, right in zip(model.arrays("2026-03-03"), again.arrays("2026-03-03"), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5)
    for line in text.splitlines():
        if line.startswith("[") and "." not in line and "[[" not in line:
            assert text.splitlines()[text.splitlines().index(line) - 1].startswith("#"), line


@pytest.mark.parametrize(
    ("was", "becomes", "place", "said"),
    [
        ("format = 1", "format = 9", "format", "reads 1"),
        ("short_share = 0.0", 'short_share = "half"', "clock.short_share", "write a number"),
        ("short_share = 0.0", "short_share = 1.5", "short_share", "from 0 to 1"),
        ("rate_bound =", "rate_bund =", "clock.rate_bound", "missing"),
        ("part_best = 0.0", "part_best = 0.0\npart_bets = 0.0", "withdrawn.part_bets", "did you mean part_best"),
        ("strength = 0.0", "strength = inf", "feedback.strength", "give a number"),
        ("tau_s = 20.0", "tau_s = -1.0", "feedback.tau_s", "above zero"),
        ("imbalance_bins = 1", "imbalance_bins = 2", "rates.improve", "one number a bin"),
        ('open_time = "09:30:00"', 'open_time = "25:00"', "session", "HH:MM:SS"),
        ('close_time = "16:00:00"', 'close_time = "09:00:00"', "session", "later close"),
        ("ask = 10001", "ask = 10000", "book", "bid below the ask"),
        ("clears = [", "clears = [0.5, ", "takers", "one number a queue bin"),
        ("[instrument]", "[instrument", "parameters", "no TOML"),
        ("weights = [1.0]", "weights = [-1.0]", "weights", "below zero"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(was, becomes, place, said):
    text = flow_text(zero_intelligence())
    assert was in text
    with pytest.raises(UsageError) as told:
        read_flow_text(text.replace(was, becomes, 1)).arrays("2026-03-03")
    assert place in (told.value.place or "") + str(told.value)
    assert said in str(told.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="simulate fit"):
        read_flow(tmp_path / "none.toml")


@pytest.mark.parametrize(("tau", "beta"), [(2.0, 0.25), (20.0, 0.5), (50.0, 1.5)])
def test_the_sum_of_exponentials_is_the_power_law(tau, beta):
    weights, rates = exponential_terms(tau, beta, 3_600.0)
    elapsed = np.concatenate([[0.0], np.geomspace(1e-3, 3_600.0, 500)])
    sums = np.exp(-np.outer(elapsed, rates)) @ weights
    assert np.abs(sums / power_law(elapsed, tau, beta) - 1.0).max() < 0.01
    assert (weights > 0.0).all()


def test_waits_have_the_mean_and_quantiles_of_their_law():
    table = wait_table([WaitPart(0.25, 1e-4, 0.5), WaitPart(0.75, 1.0, 0.3)])
    middle = table[len(table) // 2 :: len(table)][0]
    # A quarter lies far below: the median is the third of the other part.
    assert np.log10(middle) == pytest.approx(0.3 * -0.4307, abs=0.01)
    assert mean_of_waits(wait_table([WaitPart(1.0, 1.0, 0.3)])) == pytest.approx(
        np.exp((0.3 * np.log(10)) ** 2 / 2), rel=0.01
    )
    assert mean_of_waits(wait_table([WaitPart(1.0, 1.0, 0.3)], 5.0)) == pytest.approx(5.0)


def test_a_law_of_many_values_keeps_its_mean():
    values = np.random.default_rng(1).geometric(0.003, 20_000)
    law = law_of(values)
    assert len(law.values) <= 64
    assert law.mean() == pytest.approx(values.mean(), rel=0.002)
    with pytest.raises(UsageError, match="rising order"):
        Law((2.0, 1.0), (1.0, 1.0))


def test_zero_intelligence_must_not_eat_itself_up():
    with pytest.raises(UsageError, match="dies out"):
        zero_intelligence(orders_per_second=1.0, takers_per_second=1.0)
    with pytest.raises(UsageError, match="above zero"):
        zero_intelligence(cancels_per_order=0.0)
    assert replace(FeedbackLaw(), strength=-0.1).strength == -0.1
