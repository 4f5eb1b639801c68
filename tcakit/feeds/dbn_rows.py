"""Prints, quotes and bars of DBN records as rows of the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.feeds import dbn_stream as dbn
from tcakit.feeds.dbn_stream import Records
from tcakit.feeds.dbn_survey import LOWEST_PRICE, UNDEFINED_PRICE

Stored = Callable[[NDArray[Any]], NDArray[np.int64]]
_SECOND = 1_000_000_000
INTERVALS = {
    dbn.OHLCV_1S: _SECOND,
    dbn.OHLCV_1M: 60 * _SECOND,
    dbn.OHLCV_1H: 3_600 * _SECOND,
    dbn.OHLCV_1D: 86_400 * _SECOND,
    dbn.OHLCV_EOD: 86_400 * _SECOND,
}
_INTERVAL_OF_SCHEMA = {
    "ohlcv-1s": dbn.OHLCV_1S, "ohlcv-1m": dbn.OHLCV_1M, "ohlcv-1h": dbn.OHLCV_1H, "ohlcv-1d": dbn.OHLCV_1D,
    "ohlcv-eod": dbn.OHLCV_EOD,
}  # fmt: skip
_PRICES = ("price", "open", "high", "low", "close")
_SIDES = {b"B": 1, b"A": -1, b"N": 0}


def sides_of(column: NDArray[Any]) -> NDArray[np.int8]:
    """+1 for B, -1 for A, 0 for N, 2 for what is none of them."""
    out = np.full(len(column), 2, np.int8)
    for word, code in _SIDES.items():
        out[column == word] = code
    return out


def print_reasons(records: Records) -> NDArray[np.object_]:
    """Why a print is refused, None where it is not."""
    fields = records.fields
    reason = np.full(len(fields), None, object)
    reason[fields["action"] != b"T"] = "a print whose action is not T"
    reason[sides_of(fields["side"]) == 2] = "its side is none of A, B and N"
    reason[fields["size"] == 0] = "a print of size zero"
    reason[fields["price"] == UNDEFINED_PRICE] = "a print without a price"
    return reason


def lowest_prices(fields: NDArray[Any]) -> NDArray[np.bool_]:
    """Records with a price that is the lowest number of all, which no price can be."""
    names = [name for name in fields.dtype.names or () if name in _PRICES or "_px_" in name]
    return np.any([fields[name] == LOWEST_PRICE for name in names], axis=0)


def prints(fields: NDArray[Any], stored: Stored) -> dict[str, pl.Series]:
    """price, size, aggressor."""
    return {
        "price": pl.Series(stored(fields["price"])),
        "size": pl.Series(fields["size"].astype(np.int64)),
        "aggressor": pl.Series(sides_of(fields["side"])),
    }


def quotes(fields: NDArray[Any], stored: Stored) -> dict[str, pl.Series]:
    """bid, bid_size, ask, ask_size; null where a side is empty."""
    out = {}
    for side in ("bid", "ask"):
        price = fields[f"{side}_px_00"]
        absent = price == UNDEFINED_PRICE
        out[side] = _nullable(stored(price), absent)
        out[f"{side}_size"] = _nullable(fields[f"{side}_sz_00"].astype(np.int64), absent)
    return out


def interval_of(rtype: int, schema: str | None) -> int | None:
    """Length of a bar in ns; the oldest type of bar leaves it to the file's schema."""
    return INTERVALS.get(rtype, INTERVALS.get(_INTERVAL_OF_SCHEMA.get(schema or "", -1)))


def bar_reasons(records: Records, schema: str | None) -> NDArray[np.object_]:
    """Why a bar is refused, None where it is not."""
    fields = records.fields
    reason = np.full(len(fields), None, object)
    defined = np.all([fields[name] != UNDEFINED_PRICE for name in ("open", "high", "low", "close")], axis=0)
    inside = np.all([(fields[n] <= fields["high"]) & (fields[n] >= fields["low"]) for n in ("open", "close")], axis=0)
    reason[defined & ~inside] = "open or close lies outside high and low"
    reason[fields["volume"] >= (1 << 63) - 1] = "its volume is too large to hold"
    if interval_of(records.rtype, schema) is None:
        reason[:] = "a bar of unknown length"
    return reason


def bars(fields: NDArray[Any], stored: Stored, interval_ns: int) -> dict[str, pl.Series]:
    """interval_ns, open, high, low, close, volume."""
    out = {"interval_ns": pl.Series(np.full(len(fields), interval_ns, np.int64))}
    for name in ("open", "high", "low", "close"):
        out[name] = _nullable(stored(fields[name]), fields[name] == UNDEFINED_PRICE)
    out["volume"] = pl.Series(fields["volume"].astype(np.int64))
    return out


def _nullable(values: NDArray[np.int64], absent: NDArray[np.bool_]) -> pl.Series:
    series = pl.Series(values)
    return series.set(pl.Series(absent), None) if absent.any() else series
