"""Books given whole, N levels a side in each row, as what changed from row to row."""

from __future__ import annotations

import polars as pl

from tcakit.market import codes


def levels_of(rows: pl.DataFrame, sides: dict[int, list[tuple[pl.Series, pl.Series]]]) -> pl.DataFrame:
    """(row, side, price, size, worst, count): one row a level shown; `rows` has a column `row`.

    `sides` are the (price, size) columns of each side, best first, null where no level stands; `worst` is the price of
    the last level of that side and row, `count` how many there are.
    """
    parts = []
    for side, columns in sides.items():
        for price, size in columns:
            part = pl.DataFrame({"row": rows["row"], "price": price, "size": size})
            parts.append(part.with_columns(side=pl.lit(side, dtype=pl.Int8)))
    found = pl.concat(parts).filter(pl.col("price").is_not_null())
    signed = pl.col("price") * pl.col("side")
    return found.with_columns(
        worst=signed.min().over("row", "side") * pl.col("side"), count=pl.len().over("row", "side")
    )


def changes(levels: pl.DataFrame, rows: int, depth: int, carried: pl.DataFrame | None) -> pl.DataFrame:
    """(row, kind, side, price, size, level_size): what turns each row's book into the next one's.

    `rows` are numbered from 1 without gaps; `carried` are the levels before them, of row 0, or None: then row 1 is a
    CLEAR and a SNAPSHOT. A level that comes in or goes out beyond the worst price of a full side may have been there,
    or live on, unseen: ENTER and LEAVE. Any other change is a SET.
    """
    first = 1 if carried is None else 0
    if carried is not None:
        levels = pl.concat(
            [carried.with_columns(pl.lit(0).cast(pl.Int64).alias("row")), levels.select(carried.columns)]
        )
    levels = levels.sort("row", maintain_order=True)
    of_level = ("side", "price")
    levels = levels.with_columns(
        row_before=pl.col("row").shift(1).over(of_level),
        size_before=pl.col("size").shift(1).over(of_level),
        row_after=pl.col("row").shift(-1).over(of_level),
    )
    ends = levels.group_by("row", "side").agg(pl.col("worst").first(), pl.col("count").first())
    full = ends.filter(pl.col("count") == depth).select("row", "side", "worst")
    signed_beyond = pl.col("price") * pl.col("side") < pl.col("edge") * pl.col("side")
    null = pl.lit(None, dtype=pl.Int64)

    stayed = pl.col("row_before") == pl.col("row") - 1
    shown = levels.filter(pl.col("row") > first)
    changed = shown.filter((stayed & (pl.col("size") != pl.col("size_before"))).fill_null(False))
    came = shown.filter(~stayed.fill_null(False))
    came = came.with_columns(at=pl.col("row") - 1).join(
        full.rename({"row": "at", "worst": "edge"}), on=["at", "side"], how="left"
    )
    enters = signed_beyond.fill_null(False)
    came = came.select(
        "row",
        "side",
        "price",
        kind=pl.when(enters).then(codes.ENTER).otherwise(codes.SET),
        size=pl.when(enters).then("size"),
        level_size="size",
        order=pl.lit(2),
    )
    went = levels.filter((pl.col("row") < rows) & (pl.col("row_after") != pl.col("row") + 1).fill_null(True))
    went = went.with_columns(at=pl.col("row") + 1).join(
        full.rename({"row": "at", "worst": "edge"}), on=["at", "side"], how="left"
    )
    leaves = signed_beyond.fill_null(False)
    went = went.select(
        "side",
        "price",
        row="at",
        kind=pl.when(leaves).then(codes.LEAVE).otherwise(codes.SET),
        size=null,
        level_size=pl.when(~leaves).then(pl.lit(0, dtype=pl.Int64)),
        order=pl.lit(1),
    )
    changed = changed.select(
        "row", "side", "price", kind=pl.lit(codes.SET), size=null, level_size="size", order=pl.lit(2)
    )
    columns = ["row", "kind", "side", "price", "size", "level_size", "order"]
    parts = [came.select(columns), went.select(columns), changed.select(columns)]
    if carried is None:
        opening = levels.filter(pl.col("row") == 1)
        parts.append(
            opening.select(
                "row", "side", "price", kind=pl.lit(codes.SNAPSHOT), size=null, level_size="size", order=pl.lit(1)
            ).select(columns)
        )
        clear = pl.DataFrame({"row": [1], "kind": [codes.CLEAR], "side": [0]}).with_columns(
            price=null, size=null, level_size=null, order=pl.lit(0)
        )
        parts.append(clear.select(columns))
    typed = [
        part.with_columns(
            pl.col("row").cast(pl.Int64),
            pl.col("kind").cast(pl.UInt8),
            pl.col("side").cast(pl.Int8),
            pl.col("order").cast(pl.Int64),
        )
        for part in parts
    ]
    away = -pl.col("price") * pl.col("side")
    return pl.concat(typed).sort("row", "order", "side", away).drop("order")
