"""Strategies that bought and sold: what they did on each side is measured as a parent of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from tcakit.market.codes import BUY, SELL

_DID = {BUY: "bought", SELL: "sold"}
_SIDED = pl.col("side").replace_strict(_DID, default="", return_dtype=pl.String)


def split_sides(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """`parents`, `orders` and `fills` of a run, those of each two-sided parent split into what it bought and sold.

    The other side goes to a parent of its own, called `<id>-sold` or `<id>-bought`. Nobody asked for the quantities of
    the two: each is what was traded, where anything was. Runs whose fills are all on their parents' side are left as
    they are.
    """
    own = frames["parents"].select("parent_id", pl.col("side").alias("own_side"))
    traded = (
        frames["fills"]
        .join(own, on="parent_id")
        .group_by("parent_id")
        .agg(
            pl.col("quantity").filter(pl.col("side") == pl.col("own_side")).sum().alias("own_traded"),
            pl.col("quantity").filter(pl.col("side") != pl.col("own_side")).sum().alias("other_traded"),
        )
        .filter(pl.col("other_traded") > 0)
    )
    if not traded.height:
        return dict(frames)
    mine = own.join(traded, on="parent_id")

    def assigned(frame: pl.DataFrame) -> pl.DataFrame:
        joined = frame.join(mine.select("parent_id", "own_side"), on="parent_id", how="left", maintain_order="left")
        other = pl.col("own_side").is_not_null() & (pl.col("side") != pl.col("own_side"))
        name = pl.when(other).then(pl.col("parent_id") + "-" + _SIDED).otherwise("parent_id")
        return joined.with_columns(name.alias("parent_id")).drop("own_side")

    return {
        **frames,
        "parents": _parents(frames["parents"], mine),
        "orders": assigned(frames["orders"]),
        "fills": assigned(frames["fills"]),
    }


def _parents(parents: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    rows = parents.with_row_index("place").join(
        mine.drop("own_side"), on="parent_id", how="left", maintain_order="left"
    )

    def told(words: str) -> pl.Expr:
        return pl.concat_str([pl.col("notes"), pl.lit(words)], separator="; ", ignore_nulls=True)

    one = rows.with_columns(
        pl.when(pl.col("own_traded") > 0).then("own_traded").otherwise("quantity").alias("quantity"),
        pl.when(pl.col("other_traded") > 0)
        .then(told("traded on both sides: this row is of its own side, with what it traded as its quantity"))
        .otherwise("notes")
        .alias("notes"),
    )
    other = rows.filter(pl.col("other_traded") > 0).with_columns(
        (-pl.col("side")).alias("side"),
        pl.col("other_traded").alias("quantity"),
        pl.lit(None, pl.Int64).alias("limit_price"),
        told("traded on both sides: this row is of the other side than its order's").alias("notes"),
    )
    other = other.with_columns((pl.col("parent_id") + "-" + _SIDED).alias("parent_id"))
    both = pl.concat([one, other], how="vertical_relaxed").sort("place", maintain_order=True)
    return both.drop("place", "own_traded", "other_traded").select(parents.columns)


def earned(parents: pl.DataFrame, measured: pl.DataFrame) -> list[str]:
    """What each two-sided parent earned, in words: cash of its trades less fees, what is left valued at the mid of its
    end. `parents` as `split_sides` gives them, `measured` their `tca_parents`."""
    return [found.words for found in _earnings(parents, measured)]


def earnings(parents: pl.DataFrame, measured: pl.DataFrame) -> dict[str, float]:
    """The same in currency, by parent; one whose rest cannot be valued is left out."""
    return {found.name: found.value for found in _earnings(parents, measured) if found.value is not None}


class _Earned(NamedTuple):
    name: str
    value: float | None
    words: str


def _earnings(parents: pl.DataFrame, measured: pl.DataFrame) -> list[_Earned]:
    names = set(parents["parent_id"])
    rows = {row["parent_id"]: row for row in measured.iter_rows(named=True)}
    multipliers = dict(parents.select("parent_id", "multiplier").iter_rows())
    found = []
    for name, row in rows.items():
        other = next((f"{name}-{did}" for did in _DID.values() if f"{name}-{did}" in names), None)
        if other is not None:
            legs = {leg["side"]: leg for leg in (row, rows[other])}
            found.append(_earned(name, legs[BUY], legs[SELL], multipliers[name] or 1.0))
    return found


def _earned(name: str, bought: Mapping[str, object], sold: Mapping[str, object], multiplier: float) -> _Earned:
    def number(row: Mapping[str, object], key: str) -> float:
        value = row[key]
        return float(value) if isinstance(value, int | float) else 0.0

    buys, sells = number(bought, "filled_shares"), number(sold, "filled_shares")
    cash = sells * number(sold, "average_price") - buys * number(bought, "average_price")
    fees, left = number(bought, "fees") + number(sold, "fees"), buys - sells
    words = f"{name}: bought {buys:,g} at {number(bought, 'average_price'):.6g}, sold {sells:,g} at "
    words += f"{number(sold, 'average_price'):.6g}"
    # Sums of shares in stored units are exact; those of fractions of one may differ in their last bit.
    if abs(left) > 1e-9 * max(buys, sells):
        mid = bought["end_price"]
        if not isinstance(mid, int | float):
            return _Earned(name, None, f"{words}, {left:,g} left and no mid to value them at")
        words += f", {left:,g} left at a mid of {mid:.6g}"
        cash += left * mid
    value = cash * multiplier - fees
    return _Earned(name, value, f"{words}: earned {value:,.2f} after fees of {fees:,.2f}")
