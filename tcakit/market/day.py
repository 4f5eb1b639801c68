"""A symbol's day as the measuring rooms see it: quotes and prints in columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tcakit.market.instrument import Instrument

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MarketDay:
    """Quotes and prints of one symbol on one trade date, each sorted by time (file order within a time).

    `quote_ns` int64; `bid`, `ask` float64 in currency (NaN where that side is empty), `bid_size`, `ask_size` float64
    in shares; a quote holds until the next row. `print_ns` int64; `print_price` and `print_size` int64 in the
    instrument's stored units (so that sums are exact); `print_displayed` bool, False for prints against hidden
    orders; `print_aggressor` int8 (+1 buyer took, -1 seller took, 0 unknown). `data_keys` are the ingest keys of the
    files it came from. `halts` are the (first, last) instants (ns) between which trading was stopped, the last one
    the largest int64 where it was not taken up again.
    """

    instrument: Instrument
    date: str
    quote_ns: NDArray[np.int64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    print_ns: NDArray[np.int64]
    print_price: NDArray[np.int64]
    print_size: NDArray[np.int64]
    print_displayed: NDArray[np.bool_]
    print_aggressor: NDArray[np.int8]
    data_keys: tuple[str, ...] = field(default=())
    halts: tuple[tuple[int, int], ...] = field(default=())

    @property
    def mid(self) -> NDArray[np.float64]:
        """Mid of each quote, NaN where a side is empty."""
        return (self.bid + self.ask) / 2.0
