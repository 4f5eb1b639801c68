"""The simulator's random numbers, small enough to run uncompiled."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tcakit.simulator.random_kernel import exponential, normal, uniform, whole


def test_the_counter_gives_the_published_stream_of_splitmix64():
    with np.errstate(over="ignore"):
        first, second = uniform(np.uint64(0), 0, 0), uniform(np.uint64(0), 0, 1)
    assert first == pytest.approx(0xE220A8397B1DCDAF / 2**64, abs=1e-15)
    assert second == pytest.approx(0x6E789E6AA1B965F4 / 2**64, abs=1e-15)


def test_draws_have_the_moments_of_their_laws():
    seed = np.uint64(5)
    with np.errstate(over="ignore"):
        flat = np.array([uniform(seed, step, 3) for step in range(4000)])
        bell = np.array([normal(seed, step, 3) for step in range(4000)])
        waits = np.array([exponential(seed, step, 3) for step in range(4000)])
        dice = np.bincount([whole(seed, step, 3, 6) for step in range(4000)], minlength=6)
    error = 4 / math.sqrt(4000)
    assert 0 < flat.min() < flat.max() < 1
    assert abs(flat.mean() - 0.5) < error * math.sqrt(1 / 12)
    assert abs(bell.mean()) < error
    assert abs(bell.std() - 1) < error
    assert abs(waits.mean() - 1) < error
    assert len(dice) == 6
    assert dice.min() > 4000 / 6 - 4 * math.sqrt(4000 * 5 / 36)
