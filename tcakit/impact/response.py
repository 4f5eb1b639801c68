"""What the market's price does after a trade, and what a trade does to the price: not the same.

Signs of trades are correlated, so that what follows a buy is also what later buys did. Bouchaud, Gefen, Potters and
Wyart (2004), section 4; the differential form is that of Eisler, Bouchaud and Kockelkoren (2012).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError


def response_function(propagator: ArrayLike, correlation: ArrayLike) -> NDArray[np.float64]:
    """R at lags 1 to n, the mean move of the price, in a trade's direction, from before it to n trades later.

    `propagator` is G at lags 1 to m, m > n; `correlation` is that of signs at lags 0 to m - 1. Later lags, of which
    G is not given, are taken to move as G's last does: n is half of m.
    R(l) = G(l) + Σ_{0<k<l} G(l-k) C(k) + Σ_{k>0} (G(l+k) - G(k)) C(k).

    >>> response_function([1.0, 0.5, 0.5, 0.5], [1.0, 0.5, 0.25, 0.125]).tolist()
    [0.75, 0.75]
    """
    moved, alike = _column(propagator), _column(correlation)
    if len(alike) < len(moved):
        raise DataError("fewer correlations than lags of the propagator", remedy="give the correlation at each lag")
    count = len(moved) // 2
    found = np.empty(count)
    for lag in range(1, count + 1):
        between = np.arange(1, lag)
        own = moved[lag - 1] + moved[lag - between - 1] @ alike[between]
        before = np.arange(1, len(moved) - lag + 1)
        found[lag - 1] = own + (moved[lag + before - 1] - moved[before - 1]) @ alike[before]
    return found


def differential_propagator(next_moves: ArrayLike, correlation: ArrayLike) -> NDArray[np.float64]:
    """g at lags 0 to n - 1, what a trade does to the price at itself and at each later trade; its sum up to a lag is G.

    `next_moves` is the mean of (move at trade t + l) times (sign of trade t), l from 0, each move being that from just
    before its trade to just before the next; `correlation` is that of signs. The Toeplitz system S(l) = Σ g(k) C(|l-k|)
    is solved by Levinson's recursion. Raises DataError if signs are so alike that it has no solution.

    >>> differential_propagator([0.75, 0.0, 0.0], [1.0, 0.5, 0.25]).round(12).tolist()
    [1.0, -0.5, 0.0]
    """
    moves, alike = _column(next_moves), _column(correlation)
    if len(moves) != len(alike) or not len(moves):
        raise DataError(f"{len(moves)} moves and {len(alike)} correlations", remedy="give both at each lag from 0")
    from scipy.linalg import LinAlgError, solve_toeplitz

    try:
        return np.asarray(solve_toeplitz(alike, moves)) + 0.0
    except LinAlgError as error:
        raise DataError("the signs of the trades are all alike", remedy="give more trades, or fewer lags") from error


def _column(values: ArrayLike) -> NDArray[np.float64]:
    column = np.asarray(values, np.float64)
    if column.ndim != 1 or not np.isfinite(column).all():
        raise DataError("not a column of finite numbers", remedy="give one number a lag")
    return column
