"""Fixed-width records of NYSE's Daily TAQ quotes file (the layout of 2011 to 2015) as columns."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

# Name, first byte, bytes; later versions of the layout only added fields at the end.
NUMBERS = (
    ("hour", 0, 2),
    ("minute", 2, 2),
    ("millisecond", 4, 5),  # of the minute
    ("bid", 26, 11),  # 1/10 000 of a dollar
    ("bid_size", 37, 7),  # round lots
    ("ask", 44, 11),
    ("ask_size", 55, 7),
    ("sequence", 69, 16),
)
TEXTS = (
    ("exchange", 9, 1),
    ("root", 10, 6),
    ("suffix", 16, 10),
    ("condition", 62, 1),
    ("market_maker", 63, 4),
    ("bid_exchange", 67, 1),
    ("ask_exchange", 68, 1),
    ("national_bbo", 85, 1),
    ("nasdaq_bbo", 86, 1),
    ("cancel_correction", 87, 1),
    ("source", 88, 1),
    ("retail_interest", 89, 1),
    ("short_sale_restriction", 90, 1),
    ("luld_bbo_cqs", 91, 1),
    ("luld_bbo_utp", 92, 1),
    ("finra_adf_mpid", 93, 1),
    ("sip_message", 94, 1),
    ("national_bbo_luld", 95, 1),
)
LEAST = 87  # bytes of a record, less its line end, that all versions have


def columns(records: NDArray[np.uint8]) -> pl.DataFrame:
    """Records (n, width) as columns: numbers int64, null where they are none; texts without blanks around them.

    Fields that the width does not reach are absent.
    """
    width = records.shape[1]
    series = []
    for name, first, size in NUMBERS:
        digits = records[:, first : first + size].astype(np.int64) - ord("0")
        good = ((digits >= 0) & (digits <= 9)).all(axis=1)
        values = digits @ 10 ** np.arange(size - 1, -1, -1, dtype=np.int64)
        series.append(pl.Series(name, values).set(pl.Series(~good), None))
    for name, first, size in TEXTS:
        if first + size <= width:
            series.append(_texts(name, records[:, first : first + size]))
    return pl.DataFrame(series)


def _texts(name: str, part: NDArray[np.uint8]) -> pl.Series:
    plain = np.where((part >= 32) & (part <= 126), part, ord("?")).astype(np.uint8)
    words, which = np.unique(np.ascontiguousarray(plain).view(f"S{part.shape[1]}").reshape(-1), return_inverse=True)
    known = pl.Series(name, [word.decode("ascii").strip(" ") for word in words.tolist()], dtype=pl.String)
    return known.gather(which)
