"""What each parent of a run was estimated to cost before its day, kept beside what it cost."""

from __future__ import annotations

import polars as pl

from tcakit.jobs.estimate import fits_known_of
from tcakit.jobs.estimate_parents import estimate_parents
from tcakit.market.schema import ESTIMATES
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.fits import fits

# Published models to set beside fits; the others of the registry are variants of these.
_PUBLISHED = ("square-root", "almgren-2005", "i-star", "half-spread")


def estimates_of(store: Store, run_id: str, parents: pl.DataFrame) -> pl.DataFrame:
    """The `estimates` of a run's parents: as stored, or made now and stored where a fit that they may use is new.

    A row for each parent and model; only fits count that rest on days before the parent's own. `parents` are rows of
    the table of that name.
    """
    stored = results.table(store, ESTIMATES.name, run_id)
    if not parents.height:
        return stored
    held = fits(store, "impact")
    keys = parents.select("symbol", "date").unique().rows()
    usable = {row["fit_id"] for symbol, date in keys for row in fits_known_of(held, symbol, date)}
    told = set(stored["fit_id"].drop_nulls())
    if stored.height and told == usable and set(parents["parent_id"]) <= set(stored["parent_id"]):
        return stored
    made = estimate_parents(store, parents)
    rank = pl.col("model").replace_strict(_PUBLISHED, range(len(_PUBLISHED)), default=None, return_dtype=pl.Int64)
    kept = made.with_columns(rank=pl.when(pl.col("fit_id").is_null()).then(rank).otherwise(-1)).drop_nulls("rank")
    rows = kept.sort("rank", maintain_order=True).drop("rank").with_columns(run_id=pl.lit(run_id))
    with store.writer("report"):
        results.put_estimates(store, run_id, rows)
    return ESTIMATES.conform(rows)
