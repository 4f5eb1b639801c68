"""The national best bid and offer (NBBO) of US shares from quotes that each exchange published for itself."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.feeds.nbbo_kernel import KEEP, NONE, national_best

__all__ = ["KEEP", "NationalBest"]

_EXCHANGES = 26  # the tape names an exchange by one letter
_FIRST = ord("A")


def exchange_index(letters: pl.Series) -> NDArray[np.int64]:
    """Exchange letters A to Z as 0 to 25, -1 for anything else.

    >>> exchange_index(pl.Series(["A", "Z", "?", ""])).tolist()
    [0, 25, -1, -1]
    """
    known = {chr(_FIRST + k): k for k in range(_EXCHANGES)}
    return letters.replace_strict(known, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


class NationalBest:
    """What every exchange quotes, for any number of instruments, carried on from batch to batch.

    The best bid is the highest of the exchanges' bids, its size the sum over the exchanges that bid it; offers alike.
    """

    def __init__(self) -> None:
        self._prices = np.zeros((0, 2, _EXCHANGES), np.int64)
        self._sizes = np.zeros((0, 2, _EXCHANGES), np.int64)
        self._best = np.full((0, 4), NONE, np.int64)

    def follow(
        self,
        instrument: NDArray[np.int64],
        exchange: NDArray[np.int64],
        bid: NDArray[np.int64],
        bid_size: NDArray[np.int64],
        ask: NDArray[np.int64],
        ask_size: NDArray[np.int64],
    ) -> tuple[NDArray[np.intp], pl.DataFrame]:
        """(the rows after which the best is another than before, the best after each of them, null for an empty side).

        `instrument` counts from 0, `exchange` from 0 to 25; a price of KEEP leaves what stands on that side, a price
        or a size of 0 takes it away.
        """
        self._grow(int(instrument.max()) + 1 if len(instrument) else 0)
        out = [np.empty(len(instrument), np.int64) for _ in range(4)]
        changed = np.empty(len(instrument), np.bool_)
        columns = [np.ascontiguousarray(c, np.int64) for c in (instrument, exchange, bid, bid_size, ask, ask_size)]
        carried = (self._prices, self._sizes, self._best)
        arguments = [*columns, *carried, *out, changed]
        national_best(*arguments)
        rows = np.flatnonzero(changed)
        names = ("bid", "bid_size", "ask", "ask_size")
        frame = pl.DataFrame({name: values[rows] for name, values in zip(names, out, strict=True)})
        empty = [pl.when(pl.col(name) != NONE).then(name).alias(name) for name in names]
        return rows, frame.select(empty)

    def _grow(self, count: int) -> None:
        held = len(self._best)
        if count <= held:
            return
        room = max(count, 2 * held, 16)
        for name, fill in (("_prices", 0), ("_sizes", 0), ("_best", NONE)):
            old = getattr(self, name)
            new = np.full((room, *old.shape[1:]), fill, np.int64)
            new[:held] = old
            setattr(self, name, new)
