"""Cost by size and time of day: where in the day, and with what, an order is dear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.report.groups import Row
from tcakit.report.rows import values_of
from tcakit.tca.inference import bootstrap_ratio
from tcakit.tca.order_facts import EDGES, bucket_labels
from tcakit.tca.shortfall import BPS

DRAWS = 500


def heatmaps(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Cost against arrival, bps of executed, in a grid of two features; a grid of one row and one column is left out.

    Each has `name`, `rows`, `columns` (their labels) and `cells`, a list a row of {value, low, high, n} or None where
    no order falls. A cell is a ratio of sums over its orders; its 95 % interval draws whole orders and is None below
    two. Of one currency.
    """
    usable = [row for row in rows if row["trading_cost"] is not None and row["executed_notional"]]
    sides, times, *others = values_of(
        usable, ("side", "arrival_time", "paper_notional", "participation", "trading_cost", "executed_notional")
    )
    notional, participation, tops, bottoms = (np.array(values, np.float64) for values in others)
    size = _buckets("size_bucket", np.where(notional == 0.0, np.nan, notional))
    half_hours: Places = [time and _half_hour(time) for time in times]
    made: tuple[tuple[str, Places, Places], ...] = (
        ("Ordered notional by time of arrival", size, half_hours),
        ("Participation by ordered notional", _buckets("participation_bucket", participation * 100.0), size),
        ("Side by time of arrival", [(0 if side == "buy" else 1, side) for side in sides], half_hours),
    )
    grids = [_grid(name, downs, acrosses, tops, bottoms) for name, downs, acrosses in made]
    return [grid for grid in grids if len(grid["rows"]) * len(grid["columns"]) > 1]


Place = tuple[int, str]
Places = list[Place | None]
Floats = NDArray[np.float64]


def _grid(name: str, downs: Places, acrosses: Places, tops: Floats, bottoms: Floats) -> dict[str, Any]:
    held: dict[tuple[Place, Place], list[int]] = {}
    for order, (down, across) in enumerate(zip(downs, acrosses, strict=True)):
        if down is not None and across is not None:
            held.setdefault((down, across), []).append(order)
    rows, columns = (sorted({key[axis] for key in held}) for axis in (0, 1))
    cells = [
        [
            _cell(tops[held[row, column]], bottoms[held[row, column]]) if (row, column) in held else None
            for column in columns
        ]
        for row in rows
    ]
    labels = [[label for _, label in places] for places in (rows, columns)]
    return {"name": name, "rows": labels[0], "columns": labels[1], "cells": cells}


def _cell(tops: Floats, bottoms: Floats) -> dict[str, Any]:
    low, high = bootstrap_ratio(tops, bottoms, draws=DRAWS)
    known = bool(np.isfinite(low[0]) and np.isfinite(high[0]))
    return {
        "value": float(tops.sum() / bottoms.sum() * BPS),
        "low": float(low[0] * BPS) if known else None,
        "high": float(high[0] * BPS) if known else None,
        "n": len(tops),
    }


def _buckets(name: str, values: Floats) -> Places:
    """The buckets of `tca.order_facts` that values lie in, None for NaN."""
    labels = bucket_labels(name)
    places = np.where(np.isnan(values), -1, np.searchsorted(EDGES[name][1], values, side="right"))
    return [None if place < 0 else (place, labels[place]) for place in places.tolist()]


def _half_hour(time: str) -> Place:
    """The half hour of an arrival at the exchange."""
    hour, minute = int(time[11:13]), int(time[14:16])
    return hour * 2 + minute // 30, f"{hour:02}:{minute // 30 * 30:02}"
