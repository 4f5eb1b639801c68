"""What each parent's child orders and fills say of it: when it began at the broker, how fast and by what it filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND

_ADVERSE_S = 60.0


@dataclass(frozen=True, slots=True)
class ChildTotals:
    """Sums over child orders and fills, a row a parent, null where there are none.

    `arrival_ns` int64; the series are `first_sent_ns` and `sent` (child orders), `fill_days`, `outside` (fills outside
    the order's window); `columns` are those of `tca_benchmarks` that need no market, float64.
    """

    arrival_ns: NDArray[np.int64]
    first_sent_ns: pl.Series
    sent: pl.Series
    fill_days: pl.Series
    outside: pl.Series
    columns: dict[str, NDArray[np.float64]]


def child_totals(
    parents: pl.DataFrame, fills: pl.DataFrame, markouts: pl.DataFrame, orders: pl.DataFrame | None
) -> ChildTotals:
    """Totals for `parents`, row by row, from conformed frames; `markouts` are those of the fills, in their order.

    Times are seconds from arrival; adverse selection is minus the 60 s markout of passive fills, weighted by what they
    were worth, null as soon as one of them has no markout.
    """
    shares = pl.col("quantity") / pl.col("size_scale")
    price = pl.col("price") / pl.col("price_scale")
    usable = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
    known = parents.unique("parent_id", keep="first").select("parent_id", "arrival_ns", "end_ns")
    at_horizon = markouts.filter(pl.col("horizon_s") == _ADVERSE_S)["markout_bps_of_price"]
    latest = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(1) - 1
    outside = (latest < pl.col("arrival_ns")) | (pl.col("ts_ns") > pl.col("end_ns")).fill_null(False)
    passive = pl.col("liquidity") == "maker"
    after_s = (pl.col("ts_ns") - pl.col("arrival_ns")) / NS_PER_SECOND
    worth = (price * shares).filter(passive)
    markout = pl.col("_markout").filter(passive)
    of_fills = (
        fills.with_columns(at_horizon.alias("_markout"))
        .filter(usable)
        .join(known, on="parent_id", how="inner")
        .group_by("parent_id")
        .agg(
            pl.col("date").n_unique().cast(pl.Int64).alias("fill_days"),
            outside.sum().alias("outside"),
            after_s.min().alias("first_fill_s"),
            after_s.max().alias("last_fill_s"),
            ((after_s * shares).sum() / shares.sum()).alias("weighted_fill_s"),
            pl.when(passive.any() & markout.is_not_null().all())
            .then(-(markout * worth).sum() / worth.sum())
            .alias("adverse_selection_60s_bps"),
        )
    )
    if orders is None:
        orders = pl.DataFrame(schema={"parent_id": pl.String, "submitted_ns": pl.Int64, "filled": pl.Int64})
    of_orders = orders.group_by("parent_id").agg(
        pl.col("submitted_ns").min().alias("first_sent_ns"),
        pl.len().cast(pl.Int64).alias("sent"),
        (pl.col("filled") > 0).mean().alias("child_fill_rate"),
    )
    joined = parents.select("parent_id", "arrival_ns")
    for other in (of_fills, of_orders):
        joined = joined.join(other, on="parent_id", how="left", maintain_order="left")
    names = ("first_fill_s", "last_fill_s", "weighted_fill_s", "adverse_selection_60s_bps", "child_fill_rate")
    return ChildTotals(
        joined["arrival_ns"].to_numpy(),
        joined["first_sent_ns"],
        joined["sent"],
        joined["fill_days"],
        joined["outside"].fill_null(0),
        {name: joined[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names},
    )
