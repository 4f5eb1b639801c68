"""How sure a fit is: whole days drawn anew, because orders of a day share its market.

A draw needs no look at the orders: the moments of each cluster at each exponent are summed by how often it was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.fit_profile import LeastSquares, minima

_CELLS_AT_ONCE = 16_000_000


def times_drawn(clusters: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each cluster is drawn, float64 (some draws, clusters), in pieces; each draw has `clusters` of them.

    >>> [piece.sum(axis=1).tolist() for piece in times_drawn(3, 2, seed=0)]
    [[3.0, 3.0]]
    """
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS_AT_ONCE // clusters)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        drawn = generator.integers(0, clusters, size=(rows, clusters))
        drawn += np.arange(rows)[:, None] * clusters
        yield np.bincount(drawn.ravel(), minlength=rows * clusters).reshape(rows, clusters).astype(np.float64)


def drawn_fits(
    problem: LeastSquares, clustered: NDArray[np.float64], draws: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (draws, width) and exponents (draws, axes) of samples drawn anew by cluster.

    `clustered` are the moments of `LeastSquares.clustered`. A draw that has no single best fit is NaN. The same seed
    and sample give the same draws.
    """
    clusters, grid, moments = clustered.shape
    flat = clustered.reshape(clusters, grid * moments)
    coefficients, places = np.empty((draws, problem.width)), np.empty((draws, len(problem.steps)))
    step = max(1, _CELLS_AT_ONCE // (grid * moments))
    done = 0
    for piece in times_drawn(clusters, draws, seed):
        for start in range(0, len(piece), step):
            times = piece[start : start + step]
            found = minima((times @ flat).reshape(len(times), grid, moments), problem.width, problem.steps)
            coefficients[done : done + len(times)], places[done : done + len(times)] = found[0], found[1]
            done += len(times)
    return coefficients, problem.exponents_at(places)
