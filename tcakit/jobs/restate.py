"""What the security master says of the firm's orders: worth of a contract, and shares before and after a split."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from math import gcd, prod
from typing import Any

import polars as pl

from tcakit.errors import DataError
from tcakit.store.reference import References

_NS_PER_SECOND = 1_000_000_000
_LARGEST = 2**63 - 1
Restated = dict[tuple[str, str], float]


def with_multipliers(parents: pl.DataFrame, facts: References) -> pl.DataFrame:
    """The parents with the multiplier of their symbol, venue and date where the security master has one."""
    found = [
        row["multiplier"] or facts.fact("multiplier", row["symbol"], row["venue"], row["date"])
        for row in parents.select("symbol", "venue", "date", "multiplier").iter_rows(named=True)
    ]
    return parents.with_columns(pl.Series("multiplier", found, dtype=pl.Float64))


def restate(
    parents: pl.DataFrame, fills: pl.DataFrame, facts: References
) -> tuple[pl.DataFrame, pl.DataFrame, Restated]:
    """Fills on or after a split, in the shares and prices of their order's arrival, and a note on the order.

    Exactly: a price times NEW/OLD and a quantity times OLD/NEW, by finer scales where the stored ones do not hold
    them. Also gives the factor of each restated price by (fill_id, date). Fees are money and stay.
    """
    own = fills.group_by("parent_id").agg(last=pl.col("date").max())
    rows = parents.select("parent_id", "symbol", "date", "end_ns").join(own, on="parent_id", how="left")
    splits: dict[str, list[tuple[str, Fraction]]] = {}
    for row in rows.iter_rows(named=True):
        until = max(filter(None, (row["last"], _date_of(row["end_ns"]), row["date"])))
        found = facts.splits(row["symbol"], row["date"], until) if until > row["date"] else []
        if found:
            splits[row["parent_id"]] = found
    if not splits:
        return parents, fills, {}
    factors: Restated = {}
    changed = fills.with_columns(
        pl.DataFrame(
            list(_restated(fills, splits, factors)),
            schema={name: fills.schema[name] for name in ("price", "price_scale", "quantity", "size_scale")},
            orient="row",
        )
    )
    counts = dict(
        fills.select("parent_id", there=pl.struct("fill_id", "date"))
        .filter(pl.Series([key in factors for key in fills.select("fill_id", "date").iter_rows()], dtype=pl.Boolean))
        .group_by("parent_id")
        .len()
        .iter_rows()
    )
    notes = [
        _noted(row["notes"], splits.get(row["parent_id"], []), counts.get(row["parent_id"], 0))
        for row in parents.select("parent_id", "notes").iter_rows(named=True)
    ]
    return parents.with_columns(pl.Series("notes", notes, dtype=pl.String)), changed, factors


def _restated(
    fills: pl.DataFrame, splits: dict[str, list[tuple[str, Fraction]]], factors: Restated
) -> Iterator[tuple[int, int, int, int]]:
    """Price, its scale, quantity and its scale of every fill; notes factors other than one."""
    names = ("parent_id", "fill_id", "date", "price", "price_scale", "quantity", "size_scale")
    for row in fills.select(names).iter_rows(named=True):
        told = splits.get(row["parent_id"], [])
        ratio = prod((ratio for day, ratio in told if day <= row["date"]), start=Fraction(1))
        price = row["price"], row["price_scale"]
        quantity = row["quantity"], row["size_scale"]
        if ratio != 1:
            factors[row["fill_id"], row["date"]] = float(ratio)
            price, quantity = _times(*price, ratio, row), _times(*quantity, 1 / ratio, row)
        yield *price, *quantity


def _times(value: int, scale: int, ratio: Fraction, row: dict[str, Any]) -> tuple[int, int]:
    """value / scale times a ratio, exactly, with the scale raised by no more than it takes."""
    raised = ratio.denominator // gcd(value * ratio.numerator, ratio.denominator)
    value, scale = value * ratio.numerator * raised // ratio.denominator, scale * raised
    if max(value, scale) > _LARGEST:
        remedy = "check the ratio of the split in the security master"
        raise DataError("too large after its split", place=f"fill {row['fill_id']}", remedy=remedy)
    return value, scale


def _date_of(ns: int | None) -> str | None:
    """The UTC date of an instant."""
    return None if ns is None else datetime.fromtimestamp(ns // _NS_PER_SECOND, UTC).date().isoformat()


def _noted(note: str | None, splits: list[tuple[str, Fraction]], fills: int) -> str | None:
    """An order's note with its splits told."""
    if not splits:
        return note
    told = ", ".join(f"{ratio.numerator}:{ratio.denominator} on {day}" for day, ratio in splits)
    said = f"split {told} after its arrival: {fills} fills are restated into shares and prices of the arrival day"
    return f"{note}; {said}" if note else said
