"""The clock offset of the blotter against the tape, by broker: estimated and told, never applied by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.jobs.coverage import markets_of
from tcakit.jobs.firm import load_blotter
from tcakit.store.database import Store
from tcakit.tca.clock_offset import estimate, inside_by_shift

LEAST_FILLS = 20


def align(folder: Path, *, within_s: float = 10.0, step_s: float = 0.05, wait_s: float = 30.0) -> dict[str, Any]:
    """The shift within +-`within_s` that puts most fills inside the quote, for each broker with at least 20 fills."""
    store = Store(folder, wait_s=wait_s)
    blotter = load_blotter(store)
    markets = markets_of(store, blotter)
    steps = round(within_s / step_s)
    shifts = (np.arange(-steps, steps + 1) * round(step_s * 1e9)).astype(np.int64)
    brokers = blotter.parents.select("parent_id", "broker").unique("parent_id", keep="first")
    # A fill restated after a split is no longer at the price that its tape showed.
    there = [key not in blotter.restated for key in blotter.fills.select("fill_id", "date").iter_rows()]
    fills = (
        blotter.fills.filter(pl.Series(there, dtype=pl.Boolean))
        .join(brokers, on="parent_id", how="left")
        .with_columns(
            pl.col("broker").fill_null("(no broker)"), pl.col("parent_id").fill_null("").rank("dense").alias("cluster")
        )
    )
    offsets, left_out = [], []
    for (broker,), of_broker in sorted(fills.group_by("broker"), key=lambda group: str(group[0])):
        parts, clusters = [], []
        for (symbol, date), rows in of_broker.group_by("symbol", "date", maintain_order=True):
            day = markets.get((str(symbol), str(date)))
            if day is None:
                continue
            price = rows["price"].to_numpy() / rows["price_scale"].to_numpy()
            parts.append(inside_by_shift(day, rows["ts_ns"].to_numpy(), price, shifts))
            clusters.append(rows["cluster"].to_numpy())
        compared = sum(part.shape[1] for part in parts)
        if compared < LEAST_FILLS:
            left_out.append({"broker": broker, "fills": compared})
            continue
        found = estimate(np.concatenate(parts, axis=1), shifts, np.concatenate(clusters).astype(np.int64))
        offsets.append({"broker": broker} | {name: getattr(found, name) for name in found.__slots__})
    if not offsets:
        raise DataError(
            f"no broker has {LEAST_FILLS} fills with market data", place="align", remedy="see `tcakit coverage`"
        )
    return {"offsets": offsets, "left_out": left_out, "step_s": step_s, "within_s": within_s}
