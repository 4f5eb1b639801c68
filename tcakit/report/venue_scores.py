"""What each venue gave: share, spread paid against quoted, passive part, markout, fees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tcakit.market.schema import REALISED_HORIZONS_S
from tcakit.report.data import ReportData
from tcakit.report.markouts import weighed_fills
from tcakit.report.rows import rates_of
from tcakit.report.wording import NOT_STATED
from tcakit.tca.shortfall import BPS

MARKOUT_S = 60.0
_AFTER = {"realised": "realised_spread", "impact": "price_impact"}
_OF_FILLS = (
    *("mid_at_fill", "quoted_spread", "effective_spread", "inside_quote"),
    *("mid_at_receipt", "effective_spread_at_receipt", "price_improvement"),
    *(f"{column}_{horizon}" for column in _AFTER.values() for horizon in REALISED_HORIZONS_S),
)


def venue_scores(data: ReportData, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A JSON-able row a venue of those orders' fills, the largest first; fills of no stated venue stand together.

    `orders` are rows of one currency; what a fill was worth is told in it, by its order's multiplier and rate; fills of
    orders without either are left out.

    Ratios are ratios of sums over the fills where both parts are known, None where none is: `effective_over_quoted` is
    effective over quoted spread at the fill, weighted by shares; `effective_bps` effective spread over mid;
    `passive` and `fee_bps` are shares of notional, `inside_quote` of fills; `markout_60s_bps` is weighted by notional,
    favourable-positive. `fills` and `orders` say what they rest on. The spreads of Rule 605, in bps of mid with the
    fills each rests on: `quoted_bps`, at receipt of the child order `effective_at_receipt_bps` and `improvement_bps`
    (net), and in `spreads`, a row a horizon after the fill, `realised_bps` and `impact_bps` (effective less realised).
    """
    rates = pl.DataFrame(
        {"parent_id": [row["parent_id"] for row in orders], "rate": rates_of(orders)},
        {"parent_id": pl.String, "rate": pl.Float64},
    )
    worth = weighed_fills(data, orders).filter(pl.col("unit").is_not_null())
    fills = worth.join(rates, on="parent_id", how="left", maintain_order="left").select(
        "fill_id",
        "parent_id",
        "liquidity",
        (pl.col("fee") * pl.col("rate")).alias("fee"),
        pl.col("venue").fill_null(NOT_STATED),
        (pl.col("quantity") / pl.col("size_scale")).alias("shares"),
        (pl.col("price") / pl.col("price_scale") * pl.col("quantity") / pl.col("size_scale") * pl.col("unit")).alias(
            "notional"
        ),
    )
    if fills.is_empty():
        return []
    quotes = data.tca_fills.select("fill_id", *_OF_FILLS)
    later = data.markouts.filter(pl.col("horizon_s") == MARKOUT_S).select(
        "fill_id", pl.col("markout_bps_of_price").fill_nan(None).alias("markout")
    )
    joined = fills.join(quotes, on="fill_id", how="left", maintain_order="left")
    joined = joined.join(later, on="fill_id", how="left", maintain_order="left")
    shares, notional = pl.col("shares"), pl.col("notional")
    effective, quoted, mid = pl.col("effective_spread"), pl.col("quoted_spread"), pl.col("mid_at_fill")
    both = effective.is_not_null() & quoted.is_not_null()
    known = effective.is_not_null() & mid.is_not_null()
    stated = pl.col("liquidity").is_not_null()
    columns = [
        pl.col("venue").first(),
        pl.len().alias("fills"),
        pl.col("parent_id").n_unique().alias("orders"),
        notional.sum().alias("notional"),
        _ratio((effective * shares).filter(both), (quoted * shares).filter(both)).alias("effective_over_quoted"),
        (_ratio((effective * shares).filter(known), (mid * shares).filter(known)) * BPS).alias("effective_bps"),
        pl.col("inside_quote").mean().alias("inside_quote"),
        _ratio(notional.filter(pl.col("liquidity") == "maker"), notional.filter(stated)).alias("passive"),
        _ratio(
            (pl.col("markout") * notional).filter(pl.col("markout").is_not_null()),
            notional.filter(pl.col("markout").is_not_null()),
        ).alias("markout_60s_bps"),
        pl.col("markout").count().alias("fills_with_markout"),
        (
            _ratio(pl.col("fee").filter(pl.col("fee").is_not_null()), notional.filter(pl.col("fee").is_not_null()))
            * BPS
        ).alias("fee_bps"),
        *_spreads(),
    ]
    # Venue by venue, not grouped: threads of a grouping add in another order each time.
    scores = pl.concat([of_venue.select(columns) for of_venue in joined.partition_by("venue", maintain_order=True)])
    scores = scores.with_columns((pl.col("notional") / pl.col("notional").sum()).alias("share_of_executed"))
    rows = scores.sort(["notional", "venue"], descending=[True, False]).to_dicts()
    return [_with_horizons(row) for row in rows]


def _spreads() -> list[pl.Expr]:
    """Spreads over mid of a venue's fills, and on how many fills each rests."""
    shares = pl.col("shares")
    pairs = {"quoted": ("quoted_spread", "mid_at_fill")}
    pairs["effective_at_receipt"] = ("effective_spread_at_receipt", "mid_at_receipt")
    pairs["improvement"] = ("price_improvement", "mid_at_receipt")
    for horizon in REALISED_HORIZONS_S:
        pairs |= {f"{kind}_{horizon}": (f"{column}_{horizon}", "mid_at_fill") for kind, column in _AFTER.items()}
    out = []
    for name, (spread, mid) in pairs.items():
        known = pl.col(spread).is_not_null() & pl.col(mid).is_not_null()
        ratio = _ratio((pl.col(spread) * shares).filter(known), (pl.col(mid) * shares).filter(known))
        out += [(ratio * BPS).alias(f"{name}_bps"), known.sum().alias(f"{name}_fills")]
    return out


def _with_horizons(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what stands for a horizon in a list of its own."""
    after = []
    for horizon, seconds in REALISED_HORIZONS_S.items():
        told = {f"{kind}_bps": row.pop(f"{kind}_{horizon}_bps") for kind in _AFTER}
        fills = [row.pop(f"{kind}_{horizon}_fills") for kind in _AFTER]
        after.append({"horizon_s": seconds, **told, "fills": fills[0]})
    return {**row, "spreads": after}


def _ratio(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """Sum over sum, null where the bottom is zero."""
    return pl.when(bottom.sum() > 0).then(top.sum() / bottom.sum())
