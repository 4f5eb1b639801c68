"""One symbol's day at one venue as level-3 book events, whatever market made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND, parse_date, wall_ns
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.simulator.window_kernel import NO_PRICE, windows
from tcakit.venue import engine_layout_kernel as layout

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

OPEN_SECONDS = 9.5 * 3600
CLOSE_SECONDS = 16.0 * 3600


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A day as the venue would have recorded it, all columns of one length, in the venue's order.

    `ts_ns` int64; `kind` uint8 (market.codes: orders, trades, auction prints, halts); `side` int8 of the resting order;
    `price`, `size`, `level_size` int64 in stored units (`level_size` -1 where the displayed book is untouched);
    `order_id` int64 (0 where no displayed order is named); `seq` int64. The first `opening_rows` are the orders that
    stood at the open.
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
        known = self.instrument.session_open_ns, self.instrument.session_close_ns
        if known[0] is not None and known[1] is not None:
            return known[0], known[1]
        start, end = (
            wall_ns(self.date, int(seconds * NS_PER_SECOND), self.instrument.timezone)
            for seconds in (OPEN_SECONDS, CLOSE_SECONDS)
        )
        return start, end

    def book_events(self) -> pl.DataFrame:
        """The rows of `book_events` of the store (market/schema.py), less instrument_id and source_id."""
        import polars as pl

        missing = self.level_size < 0
        nameless = ~np.isin(self.kind, codes.BOOK_KINDS)
        about_all = np.isin(self.kind, (codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME))
        return pl.DataFrame(
            {
                "seq": self.seq,
                "ts_ns": self.ts_ns,
                "kind": self.kind,
                "side": self.side,
                "price": pl.Series(self.price).set(pl.Series(about_all), None),
                "size": pl.Series(self.size).set(pl.Series(about_all), None),
                "level_size": pl.Series(self.level_size).set(pl.Series(missing), None),
                "order_id": pl.Series(self.order_id).set(pl.Series(nameless), None),
            }
        )

    def top(self, depth: int, quotes_only: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row numbers and best `depth` levels after them: ask price, ask size, bid price, bid size a level.

        Prices are stored units, -1 (with size 0) for a level that is not there. Rows are those that change
        these levels, trades, halts and resumptions; with `quotes_only` those that change them while the market
        trades, and the end of the opening book.
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
        """The prints: ts_ns, price, size (stored units), aggressor (0 in an auction), displayed, resting order_id."""
        import polars as pl

        at = np.flatnonzero(np.isin(self.kind, codes.PRINT_KINDS))
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


def day_of_tape(
    tape: NDArray[np.int64], instrument: Instrument, date: str, lowest_tick: int, opening_rows: int = 0
) -> RecordedDay:
    """A matching engine's tape as a day: what the public saw of it, nothing of owners and takers.

    `tape` int64 (rows, TAPE_COLUMNS), `lowest_tick` the price of level 0 in ticks, `date` YYYY-MM-DD in the
    instrument's zone. Raises DataError where a price would not be above zero.
    """
    tick = instrument.tick_size
    level, part = tape[:, layout.TAPE_LEVEL], tape[:, layout.TAPE_PART]
    price = (lowest_tick + level) * tick + part * tick // 100
    kind = tape[:, layout.TAPE_KIND]
    about_all = np.isin(kind, (codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME))
    price[about_all] = 0
    if (price[~about_all] <= 0).any():
        raise DataError(
            f"a price of {int(price[~about_all].min())} on the tape",
            place=f"{instrument.symbol} {date}",
            remedy="let level 0 stand for a higher price",
        )
    return RecordedDay(
        instrument=instrument,
        date=parse_date(date),
        opening_rows=opening_rows,
        ts_ns=tape[:, layout.TAPE_TS].copy(),
        kind=kind.astype(np.uint8),
        side=tape[:, layout.TAPE_SIDE].astype(np.int8),
        price=price,
        size=tape[:, layout.TAPE_SIZE].copy(),
        level_size=tape[:, layout.TAPE_LEVEL_SIZE].copy(),
        order_id=tape[:, layout.TAPE_ORDER_ID].copy(),
        seq=np.arange(len(tape), dtype=np.int64),
    )
