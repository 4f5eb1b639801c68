"""Sums over trades from which a propagator is fitted: what the price did after a trade, and how alike signs are.

They add up over days and pieces of days, so that errors over pieces need no second look at the trades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError, UsageError

_LEAST_BLOCK = 4_096


@dataclass(frozen=True, slots=True)
class SignStatistics:
    """Sums over the pairs of trades so many trades apart, of one day, for lags 0 to n - 1 (float64 of n each).

    `response`: move at the later trade times sign of the earlier; `likeness`: product of both signs; `pairs`: how many
    there are. `moves_squared` and `trades` are the sum of squared moves and the count of trades.
    """

    response: NDArray[np.float64]
    likeness: NDArray[np.float64]
    pairs: NDArray[np.float64]
    moves_squared: float
    trades: int

    @property
    def next_moves(self) -> NDArray[np.float64]:
        """S(l), the mean move l trades later in the direction of a trade, in the unit of the moves."""
        return self.response / self.pairs

    @property
    def correlation(self) -> NDArray[np.float64]:
        """C(l), the mean product of two signs l trades apart."""
        return self.likeness / self.pairs


def sign_statistics(signs: ArrayLike, moves: ArrayLike, lags: int, pieces: int = 1) -> list[SignStatistics]:
    """The sums of one day's trades, earliest first, in so many pieces of the earlier trade of each pair.

    `signs` are +1 or -1 (0: a trade of no known side, which counts for nothing), `moves` what the price did from before
    each trade to before the next. No pair reaches into another day. Fast Fourier transforms do it in n log n.
    UsageError unless there are more trades than lags in the day.

    >>> one, = sign_statistics([1, 1, -1], [1.0, 0.0, -1.0], lags=2)
    >>> one.response.round(9).tolist(), one.likeness.round(9).tolist(), one.pairs.tolist()
    ([2.0, -1.0], [3.0, 0.0], [3.0, 2.0])
    """
    sign, move = np.asarray(signs, np.float64), np.asarray(moves, np.float64)
    if sign.shape != move.shape or sign.ndim != 1:
        raise UsageError(f"{sign.size} signs and {move.size} moves", remedy="give one of each a trade")
    if not (np.isfinite(sign).all() and np.isfinite(move).all()):
        raise DataError("a sign or a move is missing", remedy="leave such trades out at the ends of a day")
    count = len(sign)
    if not 1 <= lags <= count:
        raise UsageError(f"{lags} lags in a day of {count} trades", remedy="give fewer lags, or leave the day out")
    bounds = np.linspace(0, count, max(1, min(pieces, count // lags)) + 1).astype(np.int64)
    all_known = bool((sign != 0.0).all())
    found = []
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        own = sign[begin:end]
        reach = slice(begin, min(end + lags - 1, count))
        response, likeness = _later(own, [move[reach], sign[reach]], lags)
        if all_known:
            pairs = np.minimum(end, count - np.arange(lags)) - float(begin)
        else:
            (pairs,) = _later(np.abs(own), [np.abs(sign[reach])], lags)
        moves_squared = float(move[begin:end] @ move[begin:end])
        found.append(SignStatistics(response, likeness, np.rint(pairs), moves_squared, end - begin))
    return found


def add_statistics(parts: Sequence[SignStatistics]) -> SignStatistics:
    """The sums over several days or pieces."""
    return SignStatistics(
        response=np.sum([part.response for part in parts], axis=0),
        likeness=np.sum([part.likeness for part in parts], axis=0),
        pairs=np.sum([part.pairs for part in parts], axis=0),
        moves_squared=sum(part.moves_squared for part in parts),
        trades=sum(part.trades for part in parts),
    )


def _later(first: NDArray[np.float64], then: Sequence[NDArray[np.float64]], lags: int) -> list[NDArray[np.float64]]:
    """Σ first[t] then[t + l] for l from 0 to lags - 1, of each column of `then`.

    Blocks of some lags' length fit into the processor's cache; their products are added before they are turned back.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    block = min(len(first), max(_LEAST_BLOCK, 3 * lags))
    rows = -(-len(first) // block)
    size = next_fast_len(block + lags - 1, real=True)
    own = np.zeros(rows * block)
    own[: len(first)] = first
    turned = np.conj(rfft(own.reshape(rows, block), size))
    found = []
    for column in then:
        padded = np.zeros(rows * block + lags - 1)
        padded[: len(column)] = column
        windows = np.lib.stride_tricks.sliding_window_view(padded, block + lags - 1)[::block]
        product = np.einsum("ij,ij->j", turned, rfft(windows, size))
        found.append(np.asarray(irfft(product, size)[:lags]))
    return found
