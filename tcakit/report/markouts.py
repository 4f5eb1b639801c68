"""Markout curves: where the mid stood before and after the fills, for all, passive and aggressive ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.report.data import ReportData
from tcakit.report.rows import rates_of
from tcakit.tca.markout_curves import MarkedFills, curve_points, marked_fills

LIQUIDITIES = ("all", "maker", "taker")


def markout_curves(marked: MarkedFills) -> dict[str, list[dict[str, Any]]]:
    """For all, maker and taker fills of an `of_orders`: a point a horizon, weighted by filled notional.

    Each point has horizon_s, value, low, high (bps of fill price, favourable-positive), n (orders) and fills. A fill
    without a markout at a horizon is left out there, not counted as zero; so are fills without a parent, or whose
    currency has no rate.
    """
    liquidity = marked.fills["liquidity"]
    return {
        kind: points_of(marked, None if kind == "all" else liquidity.eq_missing(kind).to_numpy())
        for kind in LIQUIDITIES
    }


def of_orders(data: ReportData, rows: Sequence[Mapping[str, Any]]) -> MarkedFills:
    """The fills of those rows of `rows.parent_rows`, which are of one currency, with their markouts and worth in it."""
    return marked_fills(data.markouts, weighed_fills(data, rows))


def weighed_fills(data: ReportData, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The fills of those orders with `unit`, what one share at a price of one is worth in their currency."""
    return data.fills.join(_units(data, rows), on="parent_id", how="inner", maintain_order="left")


def points_of(marked: MarkedFills, chosen: NDArray[np.bool_] | None = None) -> list[dict[str, Any]]:
    """The points of the curve of some fills, a row a horizon."""
    if not marked.fills.height:
        return []
    return [
        {
            "horizon_s": row["horizon_s"],
            "value": row["markout_bps_of_price"],
            "low": row["low_bps"],
            "high": row["high_bps"],
            "n": row["n"],
            "fills": row["n_fills"],
        }
        for row in curve_points(marked, chosen)
    ]


def _units(data: ReportData, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """By parent_id what one share at a price of one is worth (`unit`), of those whose currency has a rate."""
    multipliers = dict(data.parents.select("parent_id", "multiplier").iter_rows())
    names = [row["parent_id"] for row in rows]
    rates = rates_of(rows)
    units = [
        None if rate is None else (multipliers.get(name) or 1.0) * rate for name, rate in zip(names, rates, strict=True)
    ]
    return pl.DataFrame({"parent_id": names, "unit": units}, {"parent_id": pl.String, "unit": pl.Float64})
