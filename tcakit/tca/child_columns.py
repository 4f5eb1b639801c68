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
    usable = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
    known = parents.unique("parent_id", keep="first").select("parent_id", "arrival_ns", "end_ns").with_row_index("_row")
    at_horizon = markouts.filter(pl.col("horizon_s") == _ADVERSE_S)["markout_bps_of_price"]
    latest = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(1) - 1
    outside = (latest < pl.col("arrival_ns")) | (pl.col("ts_ns") > pl.col("end_ns")).fill_null(False)
    passive = pl.col("liquidity") == "maker"
    after_s = (pl.col("ts_ns") - pl.col("arrival_ns")) / NS_PER_SECOND
    rows = (
        fills.with_columns(at_horizon.alias("_markout"))
        .filter(usable)
        .join(known, on="parent_id", how="inner", maintain_order="left")
        .with_columns(after_s.alias("_after_s"))
    )
    # In numpy: the last bit of a quotient of polars hangs on how many orders are measured at once.
    shares = _quotient(rows, "quantity", "size_scale")
    rows = rows.with_columns(
        _shares=pl.Series(shares), _worth=pl.Series(_quotient(rows, "price", "price_scale") * shares)
    )
    means = known.select(
        "parent_id",
        weighted_fill_s=pl.Series(_mean(rows, "_after_s", "_shares", len(known))),
        adverse_selection_60s_bps=pl.Series(-_mean(rows.filter(passive), "_markout", "_worth", len(known))),
    )
    of_fills = rows.group_by("parent_id").agg(
        pl.col("date").n_unique().cast(pl.Int64).alias("fill_days"),
        outside.sum().alias("outside"),
        after_s.min().alias("first_fill_s"),
        after_s.max().alias("last_fill_s"),
    )
    if orders is None:
        orders = pl.DataFrame(schema={"parent_id": pl.String, "submitted_ns": pl.Int64, "filled": pl.Int64})
    of_orders = orders.group_by("parent_id").agg(
        pl.col("submitted_ns").min().alias("first_sent_ns"),
        pl.len().cast(pl.Int64).alias("sent"),
        (pl.col("filled") > 0).mean().alias("child_fill_rate"),
    )
    joined = parents.select("parent_id", "arrival_ns")
    for other in (of_fills, means, of_orders):
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


def _mean(rows: pl.DataFrame, values: str, weights: str, count: int) -> NDArray[np.float64]:
    """Weighted mean of a column by `_row`, of which there are `count`; NaN where there is none, or a value is missing.

    Added up row by row, so that its last bit is the same however many orders are measured at once.
    """
    place = rows["_row"].to_numpy()
    weight = rows[weights].to_numpy()
    value = rows[values].fill_null(np.nan).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.bincount(place, value * weight, count) / np.bincount(place, weight, count))


def _quotient(rows: pl.DataFrame, over: str, under: str) -> NDArray[np.float64]:
    return np.asarray(rows[over].cast(pl.Float64).to_numpy() / rows[under].cast(pl.Float64).to_numpy())
