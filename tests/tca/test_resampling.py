"""Intervals that draw days and then orders; tests that flip the signs of whole days."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca.inference import bootstrap_ratio
from tcakit.tca.resampling import drawn_sums, ratio_interval, sign_flip


def test_drawn_sums_have_the_spread_of_two_stages() -> None:
    """Var of a two-stage draw: days apart and orders apart within them, each with its own formula."""
    generator = np.random.default_rng(3)
    days, per_day = 8, 5
    values = generator.normal(size=(days, per_day)) + 3 * generator.normal(size=(days, 1))
    names = np.repeat([f"d{day}" for day in range(days)], per_day).tolist()
    drawn = drawn_sums(values.reshape(-1, 1), names, draws=40_000, seed=1)[:, 0]
    between = days * values.sum(axis=1).var()  # days drawn with replacement
    within = (per_day * values.var(axis=1)).sum()  # orders drawn within each of them
    assert drawn.mean() == pytest.approx(values.sum(), abs=4 * (between + within) ** 0.5 / 200)
    assert drawn.var() == pytest.approx(between + within, rel=0.04)


def test_orders_of_a_day_that_share_its_fate_widen_the_interval() -> None:
    tops = np.repeat([5.0, -5.0, 4.0, -4.0], 25)
    days = np.repeat(["a", "b", "c", "d"], 25).tolist()
    by_day = ratio_interval(tops, np.ones(100), days)
    by_order = bootstrap_ratio(tops, np.ones(100))
    assert by_day[1] - by_day[0] > 4 * (by_order[1][0] - by_order[0][0])


def test_one_day_draws_orders_and_one_order_draws_nothing() -> None:
    generator = np.random.default_rng(5)
    tops = generator.normal(size=60)
    low, high = ratio_interval(tops, np.ones(60), ["a"] * 60)
    plain_low, plain_high = bootstrap_ratio(tops, np.ones(60))
    assert low == pytest.approx(plain_low[0], abs=0.05)
    assert high == pytest.approx(plain_high[0], abs=0.05)
    assert ratio_interval(np.ones(1), np.ones(1), ["a"]) == (None, None)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(11)
    days = np.repeat([f"{day:02d}" for day in range(20)], 4).tolist()
    held = 0
    for trial in range(200):
        shared = np.repeat(generator.normal(size=20), 4)
        low, high = ratio_interval(1.0 + shared + generator.normal(size=80), np.ones(80), days, draws=400, seed=trial)
        assert low is not None
        assert high is not None
        held += low <= 1.0 <= high
    assert 0.90 * 200 <= held <= 200


@given(st.lists(st.tuples(st.integers(-5, 5), st.sampled_from("abcde")), min_size=2, max_size=12))
def test_p_is_the_share_of_all_patterns_of_signs(rows: list[tuple[int, str]]) -> None:
    """A slow witness: every pattern, cluster by cluster."""
    named = sorted({day for _, day in rows})
    keys = [day for _, day in rows] if len(named) > 1 else [str(at) for at in range(len(rows))]
    sums = [sum(value for (value, _), key in zip(rows, keys, strict=True) if key == name) for name in sorted(set(keys))]
    patterns = list(itertools.product([1, -1], repeat=len(sums)))
    far = sum(abs(sum(s * v for s, v in zip(signs, sums, strict=True))) >= abs(sum(sums)) for signs in patterns)
    found = sign_flip(np.array([float(value) for value, _ in rows]), [day for _, day in rows])
    assert found.p_value == pytest.approx(far / len(patterns))
    assert found.clusters == len(sums)
    assert found.cluster == ("day" if len(named) > 1 else "parent")
    assert found.least_p == 2.0 ** (1 - len(sums))


def test_many_clusters_are_flipped_at_random_and_few_tell_nothing() -> None:
    generator = np.random.default_rng(2)
    days = [f"{day:03d}" for day in range(200)]
    noise = generator.normal(size=200)
    assert sign_flip(noise - noise.mean(), days).p_value == pytest.approx(1.0, abs=0.01)
    assert sign_flip(noise + 1.0, days).p_value < 0.001
    assert sign_flip(np.array([5.0]), ["a"]).p_value is None
    assert sign_flip(np.array([5.0, 5.0]), ["a", "b"]).p_value == 0.5
