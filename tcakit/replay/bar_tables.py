"""What the bar model filled, as the tables that every trade of the firm is kept in."""

from __future__ import annotations

import polars as pl

from tcakit.market.schema import FILLS, ORDERS

BAR_MODEL = "bar model"
_MOST_DIGITS = 10


def fine_scale(price_scale: int) -> int:
    """A scale on which prices that no venue quotes lose nothing of account: up to four digits more than the day's.

    >>> fine_scale(100), fine_scale(10_000), fine_scale(100_000_000)
    (1000000, 100000000, 1000000000)
    """
    return price_scale * 10 ** max(0, min(4, _MOST_DIGITS - len(str(price_scale))))


def slice_tables(slices: pl.DataFrame, parents: pl.DataFrame, run_id: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Child orders (schema ORDERS) and executions (schema FILLS), one of each a slice that sent or filled something.

    `slices` is what `bars.fill_slices` gives; `parents`, by the number in its column `parent`, has parent_id, symbol,
    date, venue, price_scale and size_scale. A fill stands for the whole of its slice: `ts_resolution_ns` is the slice's
    length, so that it is measured against all that was quoted in that time. Fees are null: see `FeeSchedule`.
    """
    named = parents.select("parent_id", "symbol", "date", "venue", "price_scale", "size_scale")
    rows = (
        pl.concat([slices.drop("parent"), named[slices["parent"]]], how="horizontal")
        .with_columns(
            pl.int_range(pl.len()).over("parent_id").cast(pl.String).alias("number"),
            (pl.col("price_scale") * _factor(parents)[slices["parent"]]).alias("price_scale"),
        )
        .filter(pl.col("sent") > 0)
    )
    run = pl.lit(run_id).alias("run_id")
    order_id = pl.concat_str("parent_id", "number", separator=".").alias("order_id")
    whole = pl.col("filled") == pl.col("sent")
    orders = rows.select(
        run,
        order_id,
        *("parent_id", "symbol", "side", "price_scale"),
        pl.lit("unknown").alias("type"),
        pl.lit("unknown").alias("time_in_force"),
        pl.col("sent").alias("quantity"),
        *("filled", "size_scale"),
        pl.when(whole).then(pl.lit("filled")).otherwise(pl.lit("expired")).alias("state"),
        pl.col("reason").cast(pl.String).fill_null(BAR_MODEL),
        pl.col("start_ns").alias("submitted_ns"),
        pl.col("end_ns").alias("ended_ns"),
    )
    fills = rows.filter(pl.col("filled") > 0).select(
        run,
        pl.concat_str("parent_id", "number", separator=".f").alias("fill_id"),
        order_id,
        *("parent_id", "symbol", "date", "side", "price_scale", "size_scale", "venue"),
        pl.col("start_ns").alias("ts_ns"),
        (pl.col("end_ns") - pl.col("start_ns")).alias("ts_resolution_ns"),
        (pl.col("price") * pl.col("price_scale")).round().cast(pl.Int64).alias("price"),
        pl.col("filled").alias("quantity"),
        pl.lit(BAR_MODEL).alias("reason"),
    )
    return ORDERS.conform(orders), FILLS.conform(fills)


def _factor(parents: pl.DataFrame) -> pl.Series:
    return pl.Series([fine_scale(scale) // scale for scale in parents["price_scale"]], dtype=pl.Int64)
