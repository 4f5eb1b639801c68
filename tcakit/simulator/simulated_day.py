"""A simulated day of one symbol as a venue would have recorded it: level-3 book events, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tcakit.market import codes
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.simulator.window_kernel import NO_PRICE, windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """One symbol's day as level-3 book events, all columns of one length, in the venue's order.

    `ts_ns` int64; `kind` uint8 (ADD, REDUCE, DELETE, EXECUTE, PRINT_HIDDEN of market.codes); `side` int8 of
    the resting order; `price`, `size`, `level_size` int64 in stored units (`level_size` -1 where the
    displayed book is untouched); `order_id` int64 (0 for hidden prints); `seq` int64. The first
    `opening_rows` are the orders that stood at the open.
    """

    instrument: Instrument
    date: str
    opening_rows: int
    ts_ns: NDArray[np.int64]
    kind: NDArray[np.uint8]
    side: NDArray[np.int8]
    price: NDArray[np.int64]
    size: NDArray[np.int64]
    level_size: NDArray[np.int64]
    order_id: NDArray[np.int64]
    seq: NDArray[np.int64]

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def session(self) -> tuple[int, int]:
        """Start and end of continuous trading, ns since 1970 UTC."""
        start, end = self.instrument.session_open_ns, self.instrument.session_close_ns
        assert start is not None
        assert end is not None
        return start, end

    def book_events(self) -> pl.DataFrame:
        """The rows of `book_events` of the store (market/schema.py), less instrument_id and source_id."""
        import polars as pl

        missing = self.level_size < 0
        hidden = self.kind == codes.PRINT_HIDDEN
        return pl.DataFrame(
            {
                "seq": self.seq,
                "ts_ns": self.ts_ns,
                "kind": self.kind,
                "side": self.side,
                "price": self.price,
                "size": self.size,
                "level_size": pl.Series(self.level_size).set(pl.Series(missing), None),
                "order_id": pl.Series(self.order_id).set(pl.Series(hidden), None),
            }
        )

    def top(self, depth: int, quotes_only: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row numbers and best `depth` levels after them: ask price, ask size, bid price, bid size a level.

        Prices are stored units, -1 (with size 0) for a level that is not there. Rows are those that change
        these levels, and trades; with `quotes_only` those that change them, and the end of the opening book.
        """
        tick_size = self.instrument.tick_size
        tick = self.price // tick_size
        row_of = np.empty(len(tick), np.int64)
        window: NDArray[np.int64] = np.empty((len(tick), 4 * depth), np.int64)
        ladder = int(tick.max()) + 2
        kept = windows(
            self.kind,
            self.side,
            tick,
            self.level_size,
            self.opening_rows,
            ladder,
            depth,
            quotes_only,
            row_of,
            window,
        )
        window = window[:kept].copy()
        prices = window[:, 0::2]
        prices[prices != NO_PRICE] *= tick_size
        return row_of[:kept].copy(), window

    def trades(self) -> pl.DataFrame:
        """The prints: ts_ns, price, size (stored units), aggressor (+1/-1), displayed, resting order_id."""
        import polars as pl

        at = np.flatnonzero((self.kind == codes.EXECUTE) | (self.kind == codes.PRINT_HIDDEN))
        return pl.DataFrame(
            {
                "ts_ns": self.ts_ns[at],
                "price": self.price[at],
                "size": self.size[at],
                "aggressor": -self.side[at],
                "displayed": self.kind[at] == codes.EXECUTE,
                "order_id": self.order_id[at],
            }
        )

    def quotes(self) -> pl.DataFrame:
        """Best bid and offer, a row a change: ts_ns, bid, bid_size, ask, ask_size (stored units)."""
        import polars as pl

        row_of, window = self.top(1, quotes_only=True)
        return pl.DataFrame(
            {
                "ts_ns": self.ts_ns[row_of],
                "bid": window[:, 2],
                "bid_size": window[:, 3],
                "ask": window[:, 0],
                "ask_size": window[:, 1],
            }
        )

    def market_day(self) -> MarketDay:
        """The day as the measuring rooms see it."""
        quotes = self.quotes()
        trades = self.trades()
        scale = float(self.instrument.price_scale)
        return MarketDay(
            instrument=self.instrument,
            date=self.date,
            quote_ns=quotes["ts_ns"].to_numpy(),
            bid=quotes["bid"].to_numpy() / scale,
            ask=quotes["ask"].to_numpy() / scale,
            bid_size=quotes["bid_size"].to_numpy() / float(self.instrument.size_scale),
            ask_size=quotes["ask_size"].to_numpy() / float(self.instrument.size_scale),
            print_ns=trades["ts_ns"].to_numpy(),
            print_price=trades["price"].to_numpy(),
            print_size=trades["size"].to_numpy(),
            print_displayed=trades["displayed"].to_numpy(),
            print_aggressor=trades["aggressor"].to_numpy(),
        )
