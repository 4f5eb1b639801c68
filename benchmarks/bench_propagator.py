"""The free propagator of a million trades, against the same sums taken lag by lag and a dense system of equations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Benchmark
from tcakit.impact.propagator_fit import fit_propagator
from tcakit.impact.response import differential_propagator
from tcakit.impact.sign_statistics import sign_statistics

TRADES, LAGS = 1_000_000, 1_000

Column = NDArray[np.float64]


def trades(scale: float) -> tuple[Column, Column]:
    """Signs of hidden orders of power-law lengths, and moves of a price that decays as the square root of the lag."""
    random = np.random.default_rng(17)
    count = max(5_000, int(TRADES * scale))
    lengths = np.floor(random.random(count) ** (-1.0 / 1.5)).astype(np.int64)
    signs = np.repeat(random.choice([-1.0, 1.0], count), np.minimum(lengths, count))[:count]
    kernel = np.arange(1.0, 501.0) ** -0.5
    moves = np.convolve(signs, np.diff(kernel, prepend=0.0))[:count] + random.normal(size=count)
    return signs, moves


def by_lag(signs: Column, moves: Column, lags: int) -> Column:
    """As it is written down: a product of two columns for each lag, and the whole matrix of the correlations."""
    count = len(signs)
    next_moves = np.array([signs[: count - lag] @ moves[lag:] / (count - lag) for lag in range(lags)])
    likeness = np.array([signs[: count - lag] @ signs[lag:] / (count - lag) for lag in range(lags)])
    apart = np.abs(np.subtract.outer(np.arange(lags), np.arange(lags)))
    return np.cumsum(np.linalg.solve(likeness[apart], next_moves))


def ours(signs: Column, moves: Column, lags: int) -> Column:
    """Sums by Fourier transforms, and the Toeplitz system by Levinson's recursion."""
    (sums,) = sign_statistics(signs, moves, lags)
    return np.cumsum(differential_propagator(sums.next_moves, sums.correlation))


def same(one: Column, other: Column) -> None:
    """Equal to the digits that both ways of summing keep."""
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The free kernel beside a peer; then the whole fit of three parameters with its errors, which has none here."""
    signs, moves = trades(scale)
    lags = min(LAGS, len(signs) // 10)
    yield Benchmark(
        "propagator-raw",
        f"free propagator of {len(signs):,} trades at {lags:,} lags",
        lambda: ours(signs, moves, lags),
        "numpy, a product a lag and a dense solve",
        lambda: by_lag(signs, moves, lags),
        same,
    )
    yield Benchmark(
        "propagator-fit",
        f"propagator of {len(signs):,} trades with three parameters, their errors and the free kernel",
        lambda: fit_propagator([(signs, moves)]).exponent,
    )
