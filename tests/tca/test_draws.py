"""Draws that can be repeated: as spread as chance, the same for the same seed, apart for others."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.tca.draws import sums_of_days, sums_of_rows, sums_of_signs


def test_sums_spread_as_those_of_draws_with_replacement() -> None:
    values = np.random.default_rng(4).normal(size=300)
    sums = sums_of_rows(values.reshape(-1, 1), draws=20_000)[:, 0]
    spread = values.std() * 300**0.5
    assert sums.mean() == pytest.approx(values.sum(), abs=4 * spread / 20_000**0.5)
    assert sums.std() == pytest.approx(spread, rel=0.02)
    smaller = sums_of_rows(values.reshape(-1, 1), draws=20_000, size=30, seed=1)[:, 0]
    assert smaller.std() == pytest.approx(values.std() * 30**0.5, rel=0.02)
    signed = sums_of_signs(values, draws=20_000, seed=2)
    assert signed.mean() == pytest.approx(0.0, abs=4 * np.sqrt((values**2).sum() / 20_000))
    assert signed.std() == pytest.approx(np.sqrt((values**2).sum()), rel=0.02)


def test_seeds_and_draws_are_apart_and_the_same_seed_is_the_same() -> None:
    values = np.random.default_rng(5).normal(size=(50, 1))
    one, again, other = (sums_of_rows(values, draws=500, seed=seed)[:, 0] for seed in (3, 3, 4))
    assert one.tolist() == again.tolist()
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.15
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.15
    # More draws begin with the fewer.
    assert sums_of_rows(values, draws=700, seed=3)[:500, 0].tolist() == one.tolist()


def test_no_rows_give_zeros_and_a_seed_may_be_any_whole_number() -> None:
    assert sums_of_rows(np.zeros((0, 2)), draws=3).tolist() == [[0.0, 0.0]] * 3
    assert sums_of_days(np.zeros((0, 1)), [0], draws=2).tolist() == [[0.0]] * 2
    assert sums_of_rows(np.ones((4, 1)), draws=1, seed=-1).tolist() == [[4.0]]
