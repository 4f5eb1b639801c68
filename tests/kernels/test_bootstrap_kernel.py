"""Least squares on a grid, against numpy's solution of each grid point and a parabola through three of them."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.impact import bootstrap_kernel


def run(sums, width, steps):
    draws, grid, _ = sums.shape
    coefficients, places, gains = np.zeros((draws, width)), np.zeros((draws, len(steps))), np.zeros(draws)
    room = np.zeros((width, width)), np.zeros((grid, width + 1))
    bootstrap_kernel.drawn_minima(sums, width, np.array(steps), coefficients, places, gains, *room)
    return coefficients, places, gains


def packed(design, response):
    """The moments of one grid point."""
    square = design.T @ design
    return np.concatenate([square[np.triu_indices(len(square))], design.T @ response])


def witness(sums, width, steps):
    """One draw at a time, one grid point at a time."""
    upper = np.triu_indices(width)
    out = []
    for draw in sums:
        solved, gains = [], []
        for point in draw:
            square = np.zeros((width, width))
            square[upper] = point[: len(upper[0])]
            square = square + square.T - np.diag(np.diag(square))
            right = point[len(upper[0]) :]
            solved.append(np.linalg.solve(square, right))
            gains.append(solved[-1] @ right)
        solved, gains = np.array(solved).reshape(*steps, width), np.array(gains).reshape(steps)
        best = np.unravel_index(np.argmax(gains), steps)
        coefficients, place, gain = solved[best].copy(), np.array(best, float), gains[best]
        for axis, at in enumerate(best):
            if 0 < at < steps[axis] - 1:
                low, high = (tuple(np.array(best) + sign * np.eye(len(steps), dtype=int)[axis]) for sign in (-1, 1))
                parabola = np.polyfit([-1.0, 0.0, 1.0], [gains[low], gains[best], gains[high]], 2)
                off = -parabola[1] / (2.0 * parabola[0])
                place[axis] += off
                gain += np.polyval(parabola, off) - gains[best]
                between = np.polyfit([-1.0, 0.0, 1.0], [solved[low], solved[best], solved[high]], 2)
                coefficients += between[0] * off**2 + between[1] * off
        out.append((coefficients, place, gain))
    return [np.array(column) for column in zip(*out, strict=True)]


@pytest.mark.parametrize(("width", "steps"), [(1, (1,)), (1, (9,)), (2, (7,)), (3, (5,)), (2, (4, 3)), (2, (3, 4, 5))])
def test_it_finds_what_plain_algebra_finds(width, steps):
    random = np.random.default_rng(3)
    size = random.uniform(0.1, 2.0, (30, 3))
    grid = np.stack(np.meshgrid(*[np.linspace(0.3, 1.2, n) for n in steps], indexing="ij"), -1).reshape(-1, len(steps))
    sums = []
    for _ in range(6):
        response = 2.0 * np.prod(size[:, : len(steps)] ** 0.7, axis=1) + random.normal(0.0, 0.4, 30)
        others = random.normal(1.0, 1.0, (30, width - 1))
        sums.append([packed(np.column_stack([np.prod(size[:, : len(steps)] ** at, axis=1), others]), response)
                     for at in grid])  # fmt: skip
    sums = np.array(sums)
    for found, expected in zip(run(sums, width, steps), witness(sums, width, steps), strict=True):
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_columns_that_say_the_same_give_nothing():
    twice = np.column_stack([np.ones(5), np.ones(5)])
    apart = np.column_stack([np.ones(5), np.arange(5.0)])
    same, other = packed(twice, np.arange(5.0)), packed(apart, np.arange(5.0))
    coefficients, places, gains = run(np.array([[same, same, same], [same, other, same]]), 2, (3,))
    assert np.isnan(coefficients[0]).all()
    assert np.isnan(places[0, 0])
    assert np.isnan(gains[0])
    # Beside grid points that cannot be solved there is no parabola.
    assert places[1, 0] == 1.0
    assert coefficients[1] == pytest.approx([0.0, 1.0], abs=1e-9)
