"""A day's tape as the fits of this room read it: best quotes as they changed, and signed trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import DataError


@dataclass(frozen=True, slots=True)
class Tape:
    """Best quotes and trades of one symbol's session, each in order of time. Make it with `Tape.of`.

    `quote_ns` int64 of n; `bid`, `ask` in ticks and `bid_size`, `ask_size` in shares, float64 of n, one row an event
    of the book, both sides always there. `trade_ns` int64 of m, `trade_sign` float64 (+1 the buyer took, -1 the seller
    did, 0 not known), `trade_shares` float64. `tick` is currency a tick; the session is [`open_ns`, `close_ns`],
    and `timezone` that of the clock on the exchange's wall.
    """

    symbol: str
    date: str
    open_ns: int
    close_ns: int
    tick: float
    quote_ns: NDArray[np.int64]
    bid: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    trade_ns: NDArray[np.int64]
    trade_sign: NDArray[np.float64]
    trade_shares: NDArray[np.float64]
    timezone: str = "UTC"

    @classmethod
    def of(
        cls,
        *,
        symbol: str,
        date: str,
        open_ns: int,
        close_ns: int,
        tick: float,
        quote_ns: ArrayLike,
        bid: ArrayLike,
        bid_size: ArrayLike,
        ask: ArrayLike,
        ask_size: ArrayLike,
        trade_ns: ArrayLike,
        trade_sign: ArrayLike,
        trade_shares: ArrayLike,
        timezone: str = "UTC",
    ) -> Tape:
        """A tape of columns that may hold more: prices in ticks, NaN where a side shows nothing.

        Quotes without a side or with the bid above the ask are left out, since a book passes through them between two
        rows of one event; so are trades outside the session. Trades of one instant and sign are one taking, however
        many orders it met. DataError if nothing is left of the quotes.

        >>> tape = Tape.of(symbol="ALFA", date="2026-03-03", open_ns=0, close_ns=10, tick=0.01, quote_ns=[0, 1, 2],
        ...     bid=[100, float("nan"), 99], bid_size=[5, 0, 7], ask=[101, 101, 101], ask_size=[5, 5, 5],
        ...     trade_ns=[1, 1, 12], trade_sign=[-1, -1, 1], trade_shares=[3, 2, 4])
        >>> tape.bid.tolist(), tape.trade_shares.tolist()
        ([100.0, 99.0], [5.0])
        """
        low, high = np.asarray(bid, np.float64), np.asarray(ask, np.float64)
        times = np.asarray(quote_ns, np.int64)
        whole = np.isfinite(low) & np.isfinite(high) & (low <= high) & (times <= close_ns)
        # Of what was quoted before the session, only what stood when it opened matters.
        before = np.flatnonzero(whole[: int(np.searchsorted(times, open_ns, "right"))])
        whole[before[:-1]] = False
        if not whole.any():
            raise DataError(
                f"{symbol} on {date} has no quote with both sides", remedy="ingest quotes or a book of the session"
            )
        traded = np.asarray(trade_ns, np.int64)
        inside = (traded >= open_ns) & (traded <= close_ns)
        ns, sign, shares = _takings(
            traded[inside], np.asarray(trade_sign, np.float64)[inside], np.asarray(trade_shares, np.float64)[inside]
        )
        return cls(
            symbol, date, int(open_ns), int(close_ns), float(tick), times[whole], low[whole],
            np.asarray(bid_size, np.float64)[whole], high[whole], np.asarray(ask_size, np.float64)[whole],
            ns, sign, shares, timezone,
        )  # fmt: skip

    @property
    def mid(self) -> NDArray[np.float64]:
        """Mid of each quote, in ticks."""
        return (self.bid + self.ask) / 2.0

    def mid_at(self, ns: ArrayLike) -> NDArray[np.float64]:
        """Mid (ticks) of the last quote at or before each instant; NaN before the first."""
        return self._mid(ns, "right")

    def mid_before(self, ns: ArrayLike) -> NDArray[np.float64]:
        """Mid (ticks) of the last quote before each instant, without what happens then; NaN before the first."""
        return self._mid(ns, "left")

    def edges(self, seconds: float) -> NDArray[np.int64]:
        """Edges of as many whole bins of so many seconds as the session holds, ns, from its opening on."""
        step = round(seconds * 1e9)
        return self.open_ns + np.arange((self.close_ns - self.open_ns) // step + 1, dtype=np.int64) * step

    def _mid(self, ns: ArrayLike, side: str) -> NDArray[np.float64]:
        row = np.searchsorted(self.quote_ns, np.asarray(ns, np.int64), side="right" if side == "right" else "left") - 1
        return np.where(row >= 0, self.mid[np.maximum(row, 0)], np.nan)


def sum_in_bins(ns: NDArray[np.int64], values: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum of values in each bin of equal length, float64 of len(edges) - 1; what happens on an edge ends a bin.

    >>> sum_in_bins(np.array([0, 10, 11]), np.array([1.0, 2.0, 4.0]), np.array([0, 10, 20])).tolist()
    [2.0, 4.0]
    """
    count = len(edges) - 1
    if count < 1:
        return np.zeros(0)
    place = (ns - edges[0] - 1) // (edges[1] - edges[0])
    inside = (place >= 0) & (place < count)
    return np.bincount(place[inside], weights=values[inside], minlength=count).astype(np.float64)


def realised_volatility(tape: Tape, seconds: float = 60.0) -> float:
    """Standard deviation of the session's return as a fraction, from mids so many seconds apart; NaN with under two.

    √Σ r², r the logarithmic returns: the night is not in it.
    """
    mids = np.log(tape.mid_at(tape.edges(seconds)))
    moves = np.diff(mids[np.isfinite(mids)])
    return float(np.sqrt(np.sum(moves**2))) if len(moves) > 1 else float("nan")


def _takings(
    ns: NDArray[np.int64], sign: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Trades of which neighbours of one instant and sign are one."""
    if not len(ns):
        return ns, sign, shares
    first = np.concatenate([[True], (ns[1:] != ns[:-1]) | (sign[1:] != sign[:-1])])
    return ns[first], sign[first], np.add.reduceat(shares, np.flatnonzero(first))
