"""Markout curves: where the mid stood before and after the fills, for all, passive and aggressive ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tcakit.report.data import ReportData
from tcakit.tca.inference import markout_curve

LIQUIDITIES = ("all", "maker", "taker")


def markout_curves(data: ReportData, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """For all, maker and taker fills of those parents: a point a horizon, weighted by filled notional.

    `rows` are those of `rows.parent_rows`, of one currency; the notional is in it, by the contract's multiplier and the
    rate of the order's own currency. Each point has horizon_s, value, low, high (bps of fill price,
    favourable-positive), n (orders) and fills. A fill without a markout at a horizon is left out there, not counted as
    zero; so are fills without a parent, or whose currency has no rate.
    """
    fills = weighed_fills(data, rows)
    markouts = data.markouts.with_columns(pl.col("markout_bps_of_price").fill_nan(None))
    curves: dict[str, list[dict[str, Any]]] = {}
    for liquidity in LIQUIDITIES:
        chosen = fills if liquidity == "all" else fills.filter(pl.col("liquidity") == liquidity)
        curves[liquidity] = points_of(markouts, chosen)
    return curves


def weighed_fills(data: ReportData, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The fills of those orders with `unit`, what one share at a price of one is worth in their currency."""
    return data.fills.join(_units(data, rows), on="parent_id", how="inner", maintain_order="left")


def points_of(markouts: pl.DataFrame, fills: pl.DataFrame) -> list[dict[str, Any]]:
    """The points of the curve of some fills, a row a horizon."""
    return [
        {
            "horizon_s": row["horizon_s"],
            "value": row["markout_bps_of_price"],
            "low": row["low_bps"],
            "high": row["high_bps"],
            "n": row["n"],
            "fills": row["n_fills"],
        }
        for row in markout_curve(markouts, fills).iter_rows(named=True)
    ]


def _units(data: ReportData, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """By parent_id what one share at a price of one is worth (`unit`), of those whose currency has a rate."""
    multipliers = dict(data.parents.select("parent_id", "multiplier").iter_rows())
    names = [row["parent_id"] for row in rows]
    rates = [row.get("exchange_rate", 1.0) for row in rows]
    units = [
        None if rate is None else (multipliers.get(name) or 1.0) * rate for name, rate in zip(names, rates, strict=True)
    ]
    return pl.DataFrame({"parent_id": names, "unit": units}, {"parent_id": pl.String, "unit": pl.Float64})
