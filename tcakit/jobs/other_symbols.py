"""Strategies that traded more symbols than their parent's: what they did in each is measured as a parent of its own."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

_OF_SYMBOL = ("raw_symbol", "venue", "size_scale", "price_scale", "currency", "multiplier")


def split_symbols(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """`parents`, `orders` and `fills` of a run; what a parent traded in another symbol is given to a parent of its own.

    It is called `<id>-in-<symbol>`; nobody asked for its quantity, which is what was traded on the side that was traded
    more. The symbol is that of another parent of the same day. Runs without such trades are left as they are.
    """
    own = frames["parents"].select("parent_id", pl.col("symbol").alias("own_symbol"))
    net = (pl.col("side") * pl.col("quantity")).sum().over("parent_id", "symbol")
    away = (
        frames["fills"]
        .join(own, on="parent_id")
        .filter(pl.col("symbol") != pl.col("own_symbol"))
        .with_columns(pl.when(net < 0).then(-1).otherwise(1).cast(pl.Int8).alias("net_side"))
        .group_by("parent_id", "symbol", "net_side", maintain_order=True)
        .agg(pl.col("quantity").filter(pl.col("side") == pl.col("net_side")).sum())
        .with_columns(pl.format("{}-in-{}", "parent_id", "symbol").alias("away_id"))
    )
    if away.is_empty():
        return dict(frames)

    def assigned(frame: pl.DataFrame) -> pl.DataFrame:
        keys = away.select("parent_id", "symbol", "away_id")
        joined = frame.join(keys, on=["parent_id", "symbol"], how="left", maintain_order="left")
        return joined.with_columns(pl.coalesce("away_id", "parent_id").alias("parent_id")).drop("away_id")

    parents = frames["parents"]
    of_symbol = parents.unique(["symbol", "date"], keep="first").select("symbol", "date", *_OF_SYMBOL)
    changed = ("symbol", "side", "quantity", "limit_price", "decision_price", "notes", *_OF_SYMBOL)
    told = pl.format("what {} traded in another symbol than its own", "parent_id")
    rows = (
        away.join(parents.drop(changed), on="parent_id", maintain_order="left")
        .join(of_symbol, on=["symbol", "date"], maintain_order="left")
        .with_columns(pl.col("net_side").alias("side"), told.alias("notes"), pl.col("away_id").alias("parent_id"))
    )
    return {
        **frames,
        "parents": pl.concat([parents, rows.select(pl.col(set(rows.columns) & set(parents.columns)))], how="diagonal"),
        "orders": assigned(frames["orders"]),
        "fills": assigned(frames["fills"]),
    }
