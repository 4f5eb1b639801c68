"""Draws of a bootstrap that anybody can repeat: each is a hash of (seed, draw, position), see `draws_kernel`.

`report/verifier/draws.py` makes them anew with Python's whole numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.tca import draws_kernel

_ALL_BITS = 0xFFFF_FFFF_FFFF_FFFF


def sums_of_rows(columns: ArrayLike, *, draws: int, size: int | None = None, seed: int = 0) -> NDArray[np.float64]:
    """Sums of each column over `size` rows (None: as many as there are) drawn with replacement: (draws, k).

    `columns` are (rows, k). The same seed and rows give the same sums.

    >>> sums_of_rows([[1.0, 2.0], [1.0, 2.0]], draws=2, size=3).tolist()
    [[3.0, 6.0], [3.0, 6.0]]
    """
    held, width = _abreast(columns)
    sums = np.zeros((draws, held.shape[1]))
    if len(held):
        draws_kernel.sum_rows(held, len(held) if size is None else size, _seed(seed), sums)
    return sums[:, :width]


def sums_of_days(columns: ArrayLike, starts: ArrayLike, *, draws: int, seed: int = 0) -> NDArray[np.float64]:
    """As `sums_of_rows`, for rows of days: days are drawn, then as many rows of each drawn day as it has.

    `starts` says at which row each day begins, and in the end how many rows there are.
    """
    held, width = _abreast(columns)
    sums = np.zeros((draws, held.shape[1]))
    if len(held):
        draws_kernel.sum_days(held, np.asarray(starts, np.int64), _seed(seed), sums)
    return sums[:, :width]


def sums_of_signs(values: ArrayLike, *, draws: int, seed: int = 0) -> NDArray[np.float64]:
    """Sums of values whose signs are left to a coin each: (draws,).

    >>> sorted({float(total) for total in sums_of_signs([1.0, 2.0], draws=50)})
    [-3.0, -1.0, 1.0, 3.0]
    """
    sums = np.zeros(draws)
    draws_kernel.sum_signed(np.ascontiguousarray(values, np.float64), _seed(seed), sums)
    return sums


def _abreast(columns: ArrayLike) -> tuple[NDArray[np.float64], int]:
    """Columns, with some of zeros behind them so that the kernels can take them abreast, and how many there were."""
    given = np.asarray(columns, np.float64)
    count, width = given.shape
    held = np.zeros((count, -(-width // draws_kernel.ABREAST) * draws_kernel.ABREAST))
    held[:, :width] = given
    return held, width


def _seed(seed: int) -> np.uint64:
    return np.uint64(seed & _ALL_BITS)
