"""Definitions, status, imbalances and statistics of DBN as notices: their fields as JSON, word for word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.feeds import dbn_stream as dbn
from tcakit.feeds.dbn_survey import text_of

KINDS = {
    dbn.DEFINITION: "definition",
    dbn.STATUS: "status",
    dbn.IMBALANCE: "imbalance",
    dbn.STATISTICS: "statistics",
}
_HEADER = ("length", "rtype", "publisher_id", "instrument_id", "ts_event", "ts_recv", "ts_out")
# Numbers written with nine decimals, as prices are; "price" and "px" say so in most names.
_NANO = ("min_price_increment", "display_factor", "max_price_variation", "unit_of_measure_qty",
         "min_price_increment_amount", "upper_collar", "lower_collar", "leg_delta")  # fmt: skip
_NEVER_NANO = ("price_display_format", "settl_price_type")
_WORDS = {
    (dbn.STATUS, "action"): "StatusAction",
    (dbn.STATUS, "reason"): "StatusReason",
    (dbn.STATUS, "trading_event"): "TradingEvent",
    (dbn.STATISTICS, "stat_type"): "StatType",
}
_TINY = ("u1", "i1")


def details(rtype: int, fields: NDArray[Any], package: Any) -> pl.Series:
    """One JSON object a record: undefined fields left out, prices as decimal text, known codes as words."""
    columns = {}
    for name in fields.dtype.names or ():
        if name in _HEADER or name.startswith("_"):
            continue
        columns[name] = _column(rtype, name, fields[name], package)
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return pl.Series(
        [json.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}, sort_keys=True) for row in rows],
        dtype=pl.String,
    )


def _column(rtype: int, name: str, values: NDArray[Any], package: Any) -> list[Any]:
    if values.dtype.kind == "S":
        return [_none_if(text_of(value), ("", "~")) for value in values]
    plain = values.tolist()
    word = _WORDS.get((rtype, name))
    if word is not None:
        known = _words(getattr(package, word, None))
        return [known.get(value, value) for value in plain]
    size = values.dtype.itemsize
    missing: tuple[int, ...] = ()
    if size > 1 or rtype == dbn.DEFINITION:
        missing = (int(np.iinfo(values.dtype).max),)
    if rtype == dbn.STATISTICS and name == "quantity":
        missing = ((1 << 31) - 1, (1 << 63) - 1)
    if name in _NANO or ("price" in name and size == 8 and name not in _NEVER_NANO):
        return [None if value in missing else _decimal(value) for value in plain]
    return [None if value in missing else value for value in plain]


def _none_if(value: str, absent: tuple[str, ...]) -> str | None:
    return None if value in absent else value


def _words(enumeration: Any) -> Mapping[int, str]:
    """Code -> lower-case word, of an enumeration of the package."""
    if enumeration is None:
        return {}
    return {int(member.value): str(member.name).lower().replace("_", " ") for member in enumeration.variants()}


def _decimal(nano: int) -> str:
    """Exact decimal text of a number of billionths, e.g. 250000000 is 0.25."""
    text = format(Decimal(nano).scaleb(-9), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
