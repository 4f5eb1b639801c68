"""What a fill cost in fees, as its execution report says it."""

from __future__ import annotations

import polars as pl

from tcakit.feeds.contract import Faults
from tcakit.feeds.decimals import to_floats


def fees(fills: pl.DataFrame, size_scale: int, faults: Faults, place: str) -> pl.Series:
    """Commission (12) by its type (13: 1 a share, 2 a part of the amount, 3 in all) and the fees of group 136."""
    rate, bad = to_floats(fills["12"])
    untold = fills["12"].is_not_null() & ~fills["13"].is_in(["1", "2", "3"]).fill_null(False)
    lost = fills.filter(bad | (untold & (rate != 0).fill_null(True)))
    if lost.height:
        faults.add(
            place,
            int(lost["line"][0]),
            f"{lost.height} commissions (12) are of no known type (13: 1, 2 or 3) and are left out; this is the first",
            kept=True,
        )
    foreign = fills["138"].is_not_null() & (fills["138"] != fills["15"]).fill_null(False)
    if foreign.any():
        faults.add(
            place,
            int(fills.filter(foreign)["line"][0]),
            f"{int(foreign.sum())} fills bear fees (137) in another currency than theirs, which are left out; "
            "this is the first",
            kept=True,
        )
    shares = pl.col("quantity") / size_scale
    amount = shares * pl.col("price") / pl.col("price_scale")
    other = pl.col("137").str.split(";").list.eval(pl.element().cast(pl.Float64, strict=False))
    frame = fills.with_columns(rate=rate, foreign=foreign).with_columns(
        commission=pl.when(pl.col("13") == "3")
        .then(pl.col("rate"))
        .when(pl.col("13") == "1")
        .then(pl.col("rate") * shares)
        .when(pl.col("13") == "2")
        .then(pl.col("rate") * amount),
        other=pl.when(pl.col("137").is_not_null() & ~pl.col("foreign")).then(other.list.sum()),
    )
    return frame.select(fee=pl.coalesce(pl.col("commission") + pl.col("other"), "commission", "other"))["fee"]
