"""Draws of a bootstrap that anybody can repeat: each is a hash of (seed, draw, position), see `draws_kernel`.

`report/verifier/draws.py` makes them anew with Python's whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.tca import draws_kernel

_ALL_BITS = 0xFFFF_FFFF_FFFF_FFFF
MOST_NARROW = 24
"""Columns that the kernel adds up draw by draw; more of them it adds up row by row."""
# By a column's bytes, how many rows are drawn, the seed and the way of adding: its sums.
_Shared = dict[tuple[bytes, int, int, bool], NDArray[np.float64]]
_SHARED: ContextVar[_Shared | None] = ContextVar("_SHARED", default=None)


@contextmanager
def shared_draws() -> Iterator[None]:
    """Within it `sums_of_rows` keeps the sums of each column: tables of the same orders draw them once.

    >>> with shared_draws():
    ...     sums_of_rows([[1.0], [2.0]], draws=3).tolist() == sums_of_rows([[1.0], [2.0]], draws=5)[:3].tolist()
    True
    """
    token = _SHARED.set({})
    try:
        yield
    finally:
        _SHARED.reset(token)


def sums_of_rows(columns: ArrayLike, *, draws: int, size: int | None = None, seed: int = 0) -> NDArray[np.float64]:
    """Sums of each column over `size` rows (None: as many as there are) drawn with replacement: (draws, k).

    `columns` are (rows, k). The same seed and rows give the same sums.

    >>> sums_of_rows([[1.0, 2.0], [1.0, 2.0]], draws=2, size=3).tolist()
    [[3.0, 6.0], [3.0, 6.0]]
    """
    given = np.asarray(columns, np.float64)
    count = len(given) if size is None else size
    shared = _SHARED.get()
    if shared is None or not given.size:
        return _summed(given, draws, count, seed)
    # The kernel adds up wide rows in another order than narrow ones: those go together or not at all.
    wide = given.shape[1] > MOST_NARROW
    keys = [(blake2b(column, digest_size=16).digest(), count, seed, wide) for column in np.ascontiguousarray(given.T)]
    new = [place for place, key in enumerate(keys) if key not in shared or len(shared[key]) < draws]
    if new:
        new = list(range(len(keys))) if wide else new
        for place, sums in zip(new, _summed(given[:, new], draws, count, seed).T, strict=True):
            shared[keys[place]] = sums.copy()
    return np.column_stack([shared[key][:draws] for key in keys])


def _summed(columns: NDArray[np.float64], draws: int, size: int, seed: int) -> NDArray[np.float64]:
    held, width = _abreast(columns)
    sums = np.zeros((draws, held.shape[1]))
    if len(held):
        draws_kernel.sum_rows(held, size, _seed(seed), sums)
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
