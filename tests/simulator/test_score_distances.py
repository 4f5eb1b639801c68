"""Distances of samples against scipy and numpy, and what is known of them without either."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from tcakit.simulator.scores import distances
from tcakit.simulator.scores.averages import averages
from tcakit.simulator.scores.distances import Distance, Tally, apart, deciles, freedman_diaconis

FLOATS = st.lists(st.floats(-50, 50).map(lambda value: round(value, 2)), min_size=2, max_size=60)
WHOLE = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=60)


def published_variation(real, made, *, discrete):
    """Shares in groups as the benchmark makes them: numpy's edges, and the group that an edge begins."""
    both = np.concatenate([real, made])
    edges = np.unique(both) if discrete else np.histogram_bin_edges(both, bins="fd")
    groups = [np.searchsorted(edges, part, "right") for part in (real, made)]
    count = len(edges) + 1
    shares = [np.bincount(group, minlength=count) / len(group) for group in groups]
    return np.abs(shares[0] - shares[1]).sum() / 2.0


@settings(max_examples=60)
@given(st.one_of(FLOATS, WHOLE), st.one_of(FLOATS, WHOLE), st.booleans())
def test_distances_are_the_published_ones(one, other, discrete):
    real, made = np.array(one), np.array(other)
    found = apart(real, made, discrete=discrete, draws=0)
    both = np.concatenate([real, made])
    low, high = np.percentile(both, [25, 75])
    # Where half of the values are equal numpy makes one bin of all, and all would be alike.
    flat = not discrete and not high > low
    assert found.total_variation.value == pytest.approx(
        published_variation(real, made, discrete=discrete or flat), abs=1e-12
    )
    deviation = both.std(ddof=1)
    if deviation > 1e-12:
        expected = wasserstein_distance(real / deviation, made / deviation)
        assert found.wasserstein.value == pytest.approx(expected, rel=1e-9, abs=1e-9)
    else:
        assert np.isnan(found.wasserstein.value)


@settings(max_examples=30)
@given(FLOATS)
def test_a_sample_is_not_apart_from_itself(values):
    sample = np.array(values)
    found = apart(sample, sample, draws=0)
    assert found.total_variation.value == 0.0
    assert found.wasserstein.value == 0.0 or np.isnan(found.wasserstein.value)


def test_a_shift_is_moved_by_its_own_length():
    sample = np.random.default_rng(1).normal(size=4_000)
    both = np.concatenate([sample, sample + 0.5])
    found = apart(sample, sample + 0.5)
    assert found.wasserstein.value == pytest.approx(0.5 / both.std(ddof=1))
    low, high = found.wasserstein.interval
    assert low < found.wasserstein.value < high < low + 0.2
    assert apart(np.zeros(5), np.ones(7), discrete=True).total_variation.value == 1.0


def test_draws_are_those_of_values_drawn_anew():
    """Counts drawn at once spread as distances of samples drawn value by value do, many values in cells as well."""
    random = np.random.default_rng(2)
    real, made = random.normal(size=5_000), random.normal(0.2, 1.1, size=4_000)
    found = apart(real, made, draws=300, seed=5)
    deviation = np.concatenate([real, made]).std(ddof=1)
    slow = [
        wasserstein_distance(random.choice(real, len(real)), random.choice(made, len(made))) / deviation
        for _ in range(300)
    ]
    assert found.wasserstein.draws.mean() == pytest.approx(np.mean(slow), rel=0.03)
    assert found.wasserstein.draws.std() == pytest.approx(np.std(slow), rel=0.25)
    drawn = [
        published_variation(random.choice(real, len(real)), random.choice(made, len(made)), discrete=False)
        for _ in range(100)
    ]
    assert found.total_variation.draws.mean() == pytest.approx(np.mean(drawn), rel=0.05)


def test_the_same_seed_draws_the_same():
    real, made = np.arange(50.0), np.arange(50.0) ** 1.1
    one, two, other = (apart(real, made, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.wasserstein.draws, two.wasserstein.draws)
    assert not np.array_equal(one.wasserstein.draws, other.wasserstein.draws)


def test_draws_of_many_bins_are_made_in_parts(monkeypatch):
    real, made = np.random.default_rng(6).integers(0, 50, size=(2, 400)).astype(np.float64)
    whole = apart(real, made, discrete=True).total_variation.draws
    monkeypatch.setattr(distances, "_MOST_COUNTS", 150)
    parts = apart(real, made, discrete=True).total_variation.draws
    assert len(parts) == len(whole) == distances.DRAWS
    assert parts.mean() == pytest.approx(whole.mean(), rel=0.1)


def test_a_sample_that_was_counted_gives_the_same():
    real, made = np.array([1.0, 2.0, 2.0, 5.0]), np.array([2.0, 3.0])
    assert apart(Tally.of(real), made, draws=0).wasserstein.value == apart(real, made, draws=0).wasserstein.value


def test_nothing_is_nowhere():
    found = apart(np.zeros(0), np.ones(3))
    assert np.isnan(found.total_variation.value)
    assert np.isnan(found.wasserstein.interval[0])


def test_edges_are_numpys():
    sample = np.random.default_rng(4).gamma(2.0, size=999)
    values, counts = np.unique(sample.round(2), return_counts=True)
    assert freedman_diaconis(values, counts) == pytest.approx(np.histogram_bin_edges(sample.round(2), bins="fd"))
    assert len(freedman_diaconis(np.array([1.0, 2.0]), np.array([9, 1]))) == 0


def test_a_value_that_is_several_deciles_is_a_bin_of_its_own():
    sample = np.array([1.0] * 5 + [2.0, 3.0, 4.0, 5.0, 6.0])
    groups = np.searchsorted(deciles(sample), [0.5, 1.0, 1.2, 2.0, 6.0], "right")
    assert groups[0] < groups[1] < groups[2]
    assert len(set(groups.tolist())) == 5


def test_averages_are_those_of_numpy_and_leave_out_what_is_unknown():
    values = [0.1, 0.5, 0.2, 0.9, 0.3, 0.4]
    scores = [Distance(value, np.linspace(value - 0.05, value + 0.05, 50)) for value in values]
    found = averages([*scores, Distance(float("nan"), np.zeros(0))])
    low, high = np.percentile(values, [25, 75])
    inside = [value for value in values if low <= value <= high]
    assert [found[name][0] for name in ("mean", "median", "iqm")] == pytest.approx(
        [np.mean(values), np.median(values), np.mean(inside)]
    )
    for value, least, most in found.values():
        assert least < value < most
    assert averages([]) == {}
