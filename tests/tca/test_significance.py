"""Rank tests against counting every arrangement, and false discoveries against their definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, wilcoxon

from tcakit.tca.significance import RankedCosts, benjamini_hochberg, paired_p, unpaired_p


def test_mann_whitney_is_the_share_of_arrangements_as_uneven() -> None:
    one, two = [1.2, 3.4, 0.3, 9.9], [2.0, 8.0, 7.0, 11.0, 5.0]
    both = one + two

    def beaten(chosen: tuple[int, ...]) -> int:
        rest = [value for place, value in enumerate(both) if place not in chosen]
        return sum(both[place] > value for place in chosen for value in rest)

    middle = len(one) * len(two) / 2
    seen = abs(beaten((0, 1, 2, 3)) - middle)
    arrangements = list(itertools.combinations(range(9), 4))
    expected = sum(abs(beaten(chosen) - middle) >= seen for chosen in arrangements) / len(arrangements)
    assert unpaired_p(one, two) == pytest.approx(expected)


def test_wilcoxon_is_the_share_of_signs_as_uneven() -> None:
    differences = [0.4, -1.1, 2.3, 3.0, -0.2, 5.5, 1.9]
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    middle = ranks.sum() / 2
    seen = abs(ranks[np.array(differences) > 0].sum() - middle)
    signs = list(itertools.product([0, 1], repeat=7))
    expected = sum(abs((ranks * np.array(sign)).sum() - middle) >= seen for sign in signs) / len(signs)
    assert paired_p(differences) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(12))
def test_large_groups_and_ties_are_judged_as_scipy_judges_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, two = (np.round(random.normal(size=random.integers(4, 90)), seed % 4) for _ in range(2))
    ties = len(np.unique(np.concatenate([one, two]))) < len(one) + len(two)
    method = "exact" if max(len(one), len(two)) <= 25 and not ties else "asymptotic"
    # Values of few digits are whole multiples of others' last one: all alike to ten digits as they stand.
    expected = pytest.approx(mannwhitneyu(one, two, alternative="two-sided", method=method).pvalue, rel=1e-13)
    assert unpaired_p(one, two) == expected
    pooled = np.concatenate([two[:2], one, [np.nan], two[2:]])
    assert RankedCosts(pooled).p_against_others(slice(2, 2 + len(one))) == expected
    differences = np.concatenate([one, two, [0.0] * (seed % 3)])
    sizes = np.abs(differences)
    plain = bool(sizes.all()) and len(np.unique(sizes)) == len(sizes) <= 25
    told = wilcoxon(differences, zero_method="pratt", method="exact" if plain else "asymptotic")
    assert paired_p(differences) == pytest.approx(told.pvalue, rel=1e-13)


def test_too_few_orders_are_not_tested() -> None:
    assert unpaired_p([1.0, 2.0, 3.0], list(range(20))) is None
    assert unpaired_p([1.0, 2.0, np.nan, 3.0], list(range(20))) is None
    assert paired_p([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert unpaired_p([2.0] * 5, [2.0] * 6) == 1.0


def test_kissells_kind_of_example_a_shifted_algorithm_is_found_and_a_wider_one_is_not() -> None:
    random = np.random.default_rng(4)
    base = random.standard_t(3, 400) * 10.0
    assert unpaired_p(base + 4.0, random.standard_t(3, 400) * 10.0) < 0.01
    assert unpaired_p(np.concatenate([base, -base]), np.concatenate([3 * base, -3 * base])) > 0.5
    assert paired_p(base + 3.0 - base + random.standard_t(3, 400)) < 1e-6


@given(st.lists(st.none() | st.floats(0.0, 1.0), max_size=12))
def test_a_q_value_is_the_least_rate_at_which_its_hypothesis_falls(p_values: list[float | None]) -> None:
    q_values = benjamini_hochberg(p_values)
    known = [p for p in p_values if p is not None]
    for p, q in zip(p_values, q_values, strict=True):
        if p is None:
            assert q is None
            continue
        # The step-up procedure: a hypothesis falls at rate r if some p at or above it is at most r * rank / count.
        rates = [other * len(known) / sum(value <= other for value in known) for other in known if other >= p]
        assert q == pytest.approx(min(1.0, *rates))


def test_false_discoveries_stay_at_their_rate() -> None:
    random = np.random.default_rng(9)
    wrong = []
    for _ in range(300):
        q_values = benjamini_hochberg(random.uniform(size=20).tolist())
        wrong.append(any(q is not None and q < 0.05 for q in q_values))
    assert np.mean(wrong) < 0.09
