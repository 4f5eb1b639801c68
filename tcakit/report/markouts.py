"""Markout curves: where the mid stood before and after the fills, for all, passive and aggressive ones."""

from __future__ import annotations

from typing import Any

import polars as pl

from tcakit.report.data import ReportData
from tcakit.tca.inference import markout_curve

LIQUIDITIES = ("all", "maker", "taker")


def markout_curves(data: ReportData, parent_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """For all, maker and taker fills of those parents: a point a horizon, weighted by filled notional.

    Each point has horizon_s, value, low, high (bps of fill price, favourable-positive), n (orders) and fills. A
    fill without a markout at a horizon is left out there, not counted as zero; so are fills without a parent.
    """
    fills = data.fills.filter(pl.col("parent_id").is_in(parent_ids))
    markouts = data.markouts.with_columns(pl.col("markout_bps_of_price").fill_nan(None))
    curves: dict[str, list[dict[str, Any]]] = {}
    for liquidity in LIQUIDITIES:
        chosen = fills if liquidity == "all" else fills.filter(pl.col("liquidity") == liquidity)
        curves[liquidity] = points_of(markouts, chosen)
    return curves


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
