"""When each order on a market began, was last filled and ended, as its prints and quotes are looked up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.day import MarketDay
from tcakit.tca.quotes import recorded_span

Ns = NDArray[np.int64]
MISSING_NS = int(np.iinfo(np.int64).min)
"""Stands for a time that nobody knows."""
USABLE = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
"""Fills with a size and a price that a sum can take."""
LATEST = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(1) - 1
"""The last instant at which a fill can have been: a stamp in whole seconds says that it lay within that second."""


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """n orders of one market: when they arrived, and when they ended by their own row (`end`), by their last fill as it
    was measured (`last_fill`) and by the last instant at which a fill can have been (`latest`); `complete` says which
    are filled. Times in ns, `MISSING_NS` where unknown."""

    arrival: Ns
    end: Ns
    last_fill: Ns
    latest: Ns
    complete: NDArray[np.bool_]

    @classmethod
    def of(cls, orders: pl.DataFrame, latest: pl.Series) -> OrderTimes:
        """Of rows of `tca_parents`, and the last instant of a fill of each."""
        complete = (orders["filled_shares"] >= orders["ordered_shares"] * (1 - 1e-12)).fill_null(False)
        return cls(
            times_of(orders["arrival_ns"]),
            times_of(orders["end_ns"]),
            times_of(orders["last_fill_ns"]),
            times_of(latest),
            complete.to_numpy(),
        )

    def taken(self, rows: NDArray[np.int64]) -> OrderTimes:
        """Those of some orders."""
        return OrderTimes(
            self.arrival[rows], self.end[rows], self.last_fill[rows], self.latest[rows], self.complete[rows]
        )

    def start(self, day: MarketDay) -> Ns:
        """The arrival, or the open where that was later."""
        opens = day.instrument.session_open_ns
        return self.arrival if opens is None else np.maximum(self.arrival, opens)

    def ended(self) -> Ns:
        """When each ended: an order that is filled and names no end, at its last fill."""
        return np.where((self.end == MISSING_NS) & self.complete, self.latest, self.end)

    def stop(self, day: MarketDay) -> Ns:
        """The end, or the close where that was before it."""
        ended, closes = self.ended(), day.instrument.session_close_ns
        return ended if closes is None else np.minimum(ended, closes)

    def of_prints(self, day: MarketDay) -> tuple[Ns, Ns, Ns]:
        """When each order's prints begin, when its last fill and its end were; `MISSING_NS` where the recording does
        not cover it."""
        nothing = np.full(self.arrival.size, MISSING_NS)
        span = recorded_span(day)
        if span is None:
            return nothing, nothing, nothing
        start = self.start(day)
        begins = start >= span[0]
        # A last second that is recorded in part.
        recorded = (self.latest != MISSING_NS) & (self.last_fill != MISSING_NS) & (self.last_fill <= span[1])
        last = np.where(recorded, np.minimum(self.latest, span[1]), self.latest)

        def covered(ns: Ns) -> Ns:
            return np.where(begins & (ns >= start) & (ns <= span[1]), ns, MISSING_NS)

        return np.where(begins, start, MISSING_NS), covered(last), covered(self.stop(day))


def times_of(values: pl.Series) -> Ns:
    """Times as numbers, `MISSING_NS` for null."""
    return values.cast(pl.Int64).fill_null(MISSING_NS).to_numpy()
