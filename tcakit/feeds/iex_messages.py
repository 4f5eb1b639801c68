"""Messages of IEX's feeds DEEP 1.0 and TOPS 1.6: their fields, and the words for what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_TIME_AND_SYMBOL: list[tuple[str, Any]] = [("ts_ns", "<i8"), ("symbol", "S8")]


def _layout(first: str, *others: tuple[str, str]) -> np.dtype[np.void]:
    return np.dtype([("type", "S1"), (first, "S1"), *_TIME_AND_SYMBOL, *others])


# Type of message -> its fields, all little-endian. A message may be longer: fields were, and may be, added at its end.
LAYOUTS: dict[bytes, np.dtype[np.void]] = {
    b"S": np.dtype([("type", "S1"), ("event", "S1"), ("ts_ns", "<i8")]),
    b"D": np.dtype(
        [
            ("type", "S1"),
            ("flags", "u1"),
            *_TIME_AND_SYMBOL,
            ("round_lot_size", "<u4"),
            ("adjusted_previous_close", "<i8"),
            ("luld_tier", "u1"),
        ]
    ),
    b"H": _layout("status", ("reason", "S4")),
    b"I": _layout("indicator"),
    b"O": _layout("status"),
    b"P": np.dtype([("type", "S1"), ("restricted", "u1"), *_TIME_AND_SYMBOL, ("detail", "S1")]),
    b"E": _layout("event"),
    b"8": np.dtype([("type", "S1"), ("flags", "u1"), *_TIME_AND_SYMBOL, ("size", "<u4"), ("price", "<i8")]),
    b"T": np.dtype(
        [("type", "S1"), ("flags", "u1"), *_TIME_AND_SYMBOL, ("size", "<u4"), ("price", "<i8"), ("trade_id", "<i8")]
    ),
    b"X": _layout("price_type", ("price", "<i8")),
    b"Q": np.dtype(
        [
            ("type", "S1"),
            ("flags", "u1"),
            *_TIME_AND_SYMBOL,
            ("bid_size", "<u4"),
            ("bid", "<i8"),
            ("ask", "<i8"),
            ("ask_size", "<u4"),
        ]
    ),
    b"A": _layout(
        "auction_type",
        ("paired_shares", "<u4"),
        ("reference_price", "<i8"),
        ("indicative_clearing_price", "<i8"),
        ("imbalance_shares", "<u4"),
        ("imbalance_side", "S1"),
        ("extension", "u1"),
        ("scheduled_auction_s", "<u4"),
        ("book_clearing_price", "<i8"),
        ("collar_reference_price", "<i8"),
        ("lower_collar", "<i8"),
        ("upper_collar", "<i8"),
    ),
}
LAYOUTS[b"5"] = LAYOUTS[b"8"]
LAYOUTS[b"B"] = LAYOUTS[b"T"]
KINDS = {
    b"S": "system event",
    b"D": "definition",
    b"H": "status",
    b"I": "retail liquidity",
    b"O": "operational status",
    b"P": "short sale restriction",
    b"E": "security event",
    b"X": "official price",
    b"A": "imbalance",
    b"B": "trade break",
}
_SALE_CONDITIONS = (
    (0x80, "INTERMARKET_SWEEP"),
    (0x40, "EXTENDED_HOURS"),
    (0x20, "ODD_LOT"),
    (0x10, "TRADE_THROUGH_EXEMPT"),
    (0x08, "SINGLE_PRICE_CROSS"),
)
CROSS = 0x08


def sale_condition(flags: int) -> str | None:
    """The flags of a trade report in words; None for a round lot of regular hours without any.

    >>> sale_condition(0x60)
    'EXTENDED_HOURS|ODD_LOT'
    """
    return "|".join(word for bit, word in _SALE_CONDITIONS if flags & bit) or None


def symbol_text(word: bytes) -> str | None:
    """The symbol that eight bytes spell, None if they spell none.

    >>> symbol_text(b"BRK.A   ")
    'BRK.A'
    """
    text = word.decode("latin-1").rstrip(" ")
    return text if text and text.isascii() and text.isprintable() and " " not in text else None


def details(rows: NDArray[np.void]) -> pl.Series:
    """The fields of messages of one type as JSON, less type, time and symbol; prices in 1/10 000 of the currency."""
    columns = []
    for name in rows.dtype.names or ():
        if name in ("type", "ts_ns", "symbol"):
            continue
        values = rows[name]
        if values.dtype.kind == "S":
            texts = [value.decode("ascii", "replace").strip() for value in values.tolist()]
            columns.append(pl.Series(name, texts, pl.String))
        else:
            columns.append(pl.Series(name, values.astype(np.int64)))
    return pl.DataFrame(columns).select(pl.struct(pl.all()).struct.json_encode()).to_series()
