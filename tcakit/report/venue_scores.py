"""What each venue gave: share, spread paid against quoted, passive part, markout, fees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tcakit.report.data import ReportData
from tcakit.report.wording import MISSING

MARKOUT_S = 60.0


def venue_scores(data: ReportData, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A JSON-able row a venue of those orders' fills, the largest first; fills of no stated venue stand together.

    `orders` are rows of one currency; what a fill was worth is told in it, by its order's multiplier and rate; fills of
    orders without either are left out.

    Ratios are ratios of sums over the fills where both parts are known, None where none is: `effective_over_quoted` is
    effective over quoted spread at the fill, weighted by shares; `effective_bps` effective spread over mid;
    `passive` and `fee_bps` are shares of notional, `inside_quote` of fills; `markout_60s_bps` is weighted by notional,
    favourable-positive. `fills` and `orders` say what they rest on.
    """
    units = [
        (row["parent_id"], row["executed_notional"] / (row["filled_shares"] * row["arrival_price"]), _rate(row))
        for row in orders
        if row["executed_notional"] and row["filled_shares"] and row["arrival_price"]
    ]
    worth = pl.DataFrame(units, {"parent_id": pl.String, "unit": pl.Float64, "rate": pl.Float64}, orient="row")
    fills = data.fills.join(worth, on="parent_id", how="inner", maintain_order="left").select(
        "fill_id",
        "parent_id",
        "liquidity",
        (pl.col("fee") * pl.col("rate")).alias("fee"),
        pl.col("venue").fill_null(MISSING),
        (pl.col("quantity") / pl.col("size_scale")).alias("shares"),
        (pl.col("price") / pl.col("price_scale") * pl.col("quantity") / pl.col("size_scale") * pl.col("unit")).alias(
            "notional"
        ),
    )
    if fills.is_empty():
        return []
    quotes = data.tca_fills.select("fill_id", "mid_at_fill", "quoted_spread", "effective_spread", "inside_quote")
    later = data.markouts.filter(pl.col("horizon_s") == MARKOUT_S).select(
        "fill_id", pl.col("markout_bps_of_price").fill_nan(None).alias("markout")
    )
    joined = fills.join(quotes, on="fill_id", how="left").join(later, on="fill_id", how="left")
    shares, notional = pl.col("shares"), pl.col("notional")
    effective, quoted, mid = pl.col("effective_spread"), pl.col("quoted_spread"), pl.col("mid_at_fill")
    both = effective.is_not_null() & quoted.is_not_null()
    known = effective.is_not_null() & mid.is_not_null()
    stated = pl.col("liquidity").is_not_null()
    scores = joined.group_by("venue").agg(
        pl.len().alias("fills"),
        pl.col("parent_id").n_unique().alias("orders"),
        notional.sum().alias("notional"),
        _ratio((effective * shares).filter(both), (quoted * shares).filter(both)).alias("effective_over_quoted"),
        (_ratio((effective * shares).filter(known), (mid * shares).filter(known)) * 1e4).alias("effective_bps"),
        pl.col("inside_quote").mean().alias("inside_quote"),
        _ratio(notional.filter(pl.col("liquidity") == "maker"), notional.filter(stated)).alias("passive"),
        _ratio(
            (pl.col("markout") * notional).filter(pl.col("markout").is_not_null()),
            notional.filter(pl.col("markout").is_not_null()),
        ).alias("markout_60s_bps"),
        pl.col("markout").count().alias("fills_with_markout"),
        (
            _ratio(pl.col("fee").filter(pl.col("fee").is_not_null()), notional.filter(pl.col("fee").is_not_null()))
            * 1e4
        ).alias("fee_bps"),
    )
    scores = scores.with_columns((pl.col("notional") / pl.col("notional").sum()).alias("share_of_executed"))
    return scores.sort(["notional", "venue"], descending=[True, False]).to_dicts()


def _rate(row: dict[str, Any]) -> float:
    return float(row.get("exchange_rate", 1.0))


def _ratio(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """Sum over sum, null where the bottom is zero."""
    return pl.when(bottom.sum() > 0).then(top.sum() / bottom.sum())
