"""How far an order had got, and how far the market's volume had: the two side by side over the order's life."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tcakit.report.data import ReportData
from tcakit.tca.measure_parents import HALF_A_DAY_NS

STEPS = 24


def progress(data: ReportData, chosen: list[dict[str, Any]]) -> dict[str, list[list[float | None]]]:
    """By order, rows of seconds from arrival, own part of what was ordered, the market's part of its own volume.

    Times are equal steps from the arrival to the order's end, or to its last fill where that is later or no end is
    known. The market's part is of what printed in all that time: an order that keeps to the volume runs along with it.
    It is None without prints, and for an order that ends on a later day; orders without an end and fills have no rows.
    """
    names = [row["parent_id"] for row in chosen]
    fills: dict[str, tuple[Any, Any]] = {}
    mine = data.fills.filter(pl.col("parent_id").is_in(names)).sort("ts_ns", maintain_order=True)
    for (name,), group in mine.group_by("parent_id", maintain_order=True):
        fills[str(name)] = group["ts_ns"].to_numpy(), np.cumsum((group["quantity"] / group["size_scale"]).to_numpy())
    return {row["parent_id"]: _of_order(data, row, fills.get(row["parent_id"])) for row in chosen}


def _of_order(data: ReportData, row: dict[str, Any], fills: tuple[Any, Any] | None) -> list[list[float | None]]:
    start = row["arrival_ns"]
    ends = [row["end_ns"], None if fills is None else int(fills[0][-1])]
    known = [ns for ns in ends if ns is not None and start is not None and ns > start]
    if not known or not row["ordered_shares"]:
        return []
    times = np.linspace(start, max(known), STEPS + 1).astype(np.int64)
    own = np.zeros(times.size)
    if fills is not None:
        own = np.append(0.0, fills[1])[np.searchsorted(fills[0], times, side="right")]
    market: list[float | None] = [None] * times.size
    day = data.markets.get((row["symbol"], row["date"]))
    if day is not None:
        places = np.searchsorted(day.print_ns, times, side="right")
        first = int(np.searchsorted(day.print_ns, start, side="left"))
        printed = np.append(0.0, np.cumsum(day.print_size[first : places[-1]].astype(np.float64)))
        if printed[-1] > 0 and max(known) - int(day.print_ns[-1]) < HALF_A_DAY_NS:
            market = (printed[np.maximum(places - first, 0)] / printed[-1]).tolist()
    return [
        [float(ns - start) / 1e9, float(filled) / row["ordered_shares"], part]
        for ns, filled, part in zip(times.tolist(), own.tolist(), market, strict=True)
    ]
