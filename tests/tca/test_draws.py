"""Draws that can be repeated: as spread as chance, the same for the same seed, apart for others."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.tca import draws_kernel
from tcakit.tca.draws import MOST_NARROW, shared_draws, sums_of_days, sums_of_rows, sums_of_signs


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


def test_shared_sums_are_those_of_each_call_by_itself() -> None:
    assert draws_kernel._WIDE == MOST_NARROW
    values = np.random.default_rng(6).normal(size=(900, 30))
    asked = [
        (values[:, :3], {"draws": 20}),
        (values[:, 1:7], {"draws": 10}),  # fewer draws, some columns known
        (values[:, :2], {"draws": 40}),  # more draws
        (values[:, :2], {"draws": 40, "seed": 1}),
        (values[:, :2], {"draws": 40, "size": 50}),
        (values[:500, :2], {"draws": 40}),
        (values, {"draws": 20}),  # wide
        (values[:, ::-1], {"draws": 20}),
        (values[:, :26], {"draws": 30}),
        (values[:, :24], {"draws": 30}),
        (np.zeros((0, 2)), {"draws": 5}),
    ]
    alone = [sums_of_rows(columns, **options) for columns, options in asked]
    with shared_draws():
        together = [sums_of_rows(columns, **options) for columns, options in asked]
    for one, other in zip(alone, together, strict=True):
        assert one.tolist() == other.tolist()
