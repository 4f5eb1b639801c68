"""Cost by size and time of day: where in the day, and with what, an order is dear."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tcakit.report.groups import Row
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
    made = (
        ("Ordered notional by time of arrival", _size, _half_hour),
        ("Participation by ordered notional", _participation, _size),
        ("Side by time of arrival", lambda row: (0 if row["side"] == "buy" else 1, row["side"]), _half_hour),
    )
    grids = [_grid(name, usable, row_of, column_of) for name, row_of, column_of in made]
    return [grid for grid in grids if len(grid["rows"]) * len(grid["columns"]) > 1]


Place = tuple[int, str]


def _grid(
    name: str, rows: Sequence[Row], row_of: Callable[[Row], Place | None], column_of: Callable[[Row], Place | None]
) -> dict[str, Any]:
    held: dict[tuple[Place, Place], list[Row]] = {}
    for row in rows:
        down, across = row_of(row), column_of(row)
        if down is not None and across is not None:
            held.setdefault((down, across), []).append(row)
    downs, acrosses = (sorted({key[axis] for key in held}) for axis in (0, 1))
    cells = [[_cell(held.get((down, across))) for across in acrosses] for down in downs]
    labels = [[label for _, label in places] for places in (downs, acrosses)]
    return {"name": name, "rows": labels[0], "columns": labels[1], "cells": cells}


def _cell(rows: list[Row] | None) -> dict[str, Any] | None:
    if not rows:
        return None
    tops = np.array([row["trading_cost"] for row in rows])
    bottoms = np.array([row["executed_notional"] for row in rows])
    low, high = bootstrap_ratio(tops, bottoms, draws=DRAWS)
    known = bool(np.isfinite(low[0]) and np.isfinite(high[0]))
    return {
        "value": float(tops.sum() / bottoms.sum() * BPS),
        "low": float(low[0] * BPS) if known else None,
        "high": float(high[0] * BPS) if known else None,
        "n": len(rows),
    }


def _size(row: Row) -> Place | None:
    return _bucket("size_bucket", row["paper_notional"] or None)


def _participation(row: Row) -> Place | None:
    return _bucket("participation_bucket", None if row["participation"] is None else row["participation"] * 100.0)


def _bucket(name: str, value: float | None) -> Place | None:
    """The bucket of `tca.order_facts` that a value lies in."""
    if value is None:
        return None
    place = bisect_right(EDGES[name][1], value)
    return place, bucket_labels(name)[place]


def _half_hour(row: Row) -> Place | None:
    """The half hour of the arrival at the exchange."""
    if row["arrival_time"] is None:
        return None
    hour, minute = int(row["arrival_time"][11:13]), int(row["arrival_time"][14:16])
    return hour * 2 + minute // 30, f"{hour:02}:{minute // 30 * 30:02}"
