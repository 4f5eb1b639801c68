"""The best of many: luck is told from advantage."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.tca.selection import best_of_many

DAYS = 40


def candidates(seed: int, tried: int, shared: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Costs with a deviation of 1 bps a day each, and of `shared` bps alike for all, on a notional of 10,000."""
    generator = np.random.default_rng(seed)
    return 5 + generator.normal(0, 1, (DAYS, tried)) + generator.normal(0, shared, (DAYS, 1)), np.full(
        (DAYS, tried), 1e4
    )


def test_the_best_of_equals_gains_what_the_best_of_normal_numbers_does() -> None:
    # The mean of the largest of ten standard normal numbers is 1.539 (David and Nagaraja), less their mean.
    found = [best_of_many(*candidates(seed, 10, shared=20.0), draws=400, seed=seed) for seed in range(60)]
    chance = np.mean([best.chance_bps for best in found if best])
    assert chance == pytest.approx(1.539 / np.sqrt(DAYS), rel=0.06)
    gain = np.mean([best.gain_bps for best in found if best])
    assert gain == pytest.approx(1.539 / np.sqrt(DAYS), rel=0.12)


def test_of_equals_few_are_believed_and_a_better_one_is() -> None:
    p_values = np.array(
        [best.p_value for seed in range(100) if (best := best_of_many(*candidates(seed, 20), draws=300))]
    )
    assert (p_values < 0.05).mean() < 0.12
    assert p_values.mean() == pytest.approx(0.5, abs=0.12)
    costs, notionals = candidates(7, 20)
    costs[:, 13] -= 1.0
    best = best_of_many(costs, notionals)
    assert best is not None
    assert (best.best, best.tried) == (13, 20)
    assert best.p_value < 0.01
    assert best.gain_bps > 2 * best.chance_bps


def test_alike_to_the_last_bit_is_no_advantage() -> None:
    costs, notionals = candidates(1, 1)
    best = best_of_many(np.tile(costs, 5), np.tile(notionals, 5))
    assert best is not None
    assert best.gain_bps == pytest.approx(0, abs=1e-9)
    assert best.p_value == 1


def test_one_day_or_one_candidate_tells_nothing() -> None:
    costs, notionals = candidates(0, 4)
    assert best_of_many(costs[:1], notionals[:1]) is None
    assert best_of_many(costs[:, :1], notionals[:, :1]) is None
    assert best_of_many(costs, np.zeros_like(notionals)) is None
