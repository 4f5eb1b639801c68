"""What each parent of a run was estimated to cost before its day, kept beside what it cost."""

from __future__ import annotations

import hashlib
import json

import polars as pl

from tcakit.jobs.estimate_parents import estimate_parents
from tcakit.market.schema import ESTIMATES
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.fits import fits
from tcakit.store.market_data import symbol_days
from tcakit.store.reference import reference_rows

# Published models to set beside fits; the others of the registry are variants of these.
_PUBLISHED = ("square-root", "almgren-2005", "i-star", "half-spread")


def estimates_of(store: Store, run_id: str, parents: pl.DataFrame) -> pl.DataFrame:
    """The `estimates` of a run's parents: as stored, or made now and stored where what they rest on has changed.

    A row for each parent and model; only fits count that rest on days before the parent's own. `parents` are rows of
    the table of that name.
    """
    stored = results.table(store, ESTIMATES.name, run_id)
    if not parents.height:
        return stored
    made_from = _made_from(store, parents)
    if (
        stored.height
        and set(stored["made_from"]) == {made_from}
        and set(parents["parent_id"]) <= set(stored["parent_id"])
    ):
        return stored
    made = estimate_parents(store, parents)
    rank = pl.col("model").replace_strict(_PUBLISHED, range(len(_PUBLISHED)), default=None, return_dtype=pl.Int64)
    kept = made.with_columns(rank=pl.when(pl.col("fit_id").is_null()).then(rank).otherwise(-1)).drop_nulls("rank")
    rows = kept.sort("rank", maintain_order=True).drop("rank")
    rows = rows.with_columns(run_id=pl.lit(run_id), made_from=pl.lit(made_from))
    with store.writer("report"):
        results.put_estimates(store, run_id, rows)
    return ESTIMATES.conform(rows)


def _made_from(store: Store, parents: pl.DataFrame) -> str:
    """A hash of all that estimates of these parents may rest on: earlier days, the security master, and fits."""
    symbols, last = set(parents["symbol"]), max(parents["date"].to_list())
    days = [
        (date, day.instrument.symbol, day.data_keys)
        for date in store.dates()
        if date < last
        for day in symbol_days(store, date)
        if day.instrument.symbol in symbols
    ]
    usable = [(row["fit_id"], row["created_ns"]) for row in fits(store, "impact") if row["date_to"] < last]
    facts = [sorted(days), sorted(usable), [dict(row) for row in reference_rows(store)]]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
