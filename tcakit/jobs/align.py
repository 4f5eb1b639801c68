"""The clock offset of the blotter against the tape, by broker: estimated and told, applied on request alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.jobs.clock_shift import EVERYBODY, given_as
from tcakit.jobs.coverage import markets_of
from tcakit.jobs.firm import Blotter, load_blotter
from tcakit.store.database import Store
from tcakit.tca.clock_offset import estimate, inside_by_shift

LEAST_FILLS = 20
NOBODY = "(no broker)"


def align(folder: Path, *, within_s: float = 10.0, step_s: float = 0.05, wait_s: float = 30.0) -> dict[str, Any]:
    """The shift within +-`within_s` that puts most fills inside the quote, for each broker with at least 20 fills.

    `offset_s` is what is to be added to the fills' times, beside what was added on ingesting them (`applied_s`, null
    where that differs between files); `apply` is the option of `ingest` that asks for both.
    """
    store = Store(folder, wait_s=wait_s)
    blotter = load_blotter(store)
    markets = markets_of(store, blotter)
    steps = round(within_s / step_s)
    shifts = (np.arange(-steps, steps + 1) * round(step_s * 1e9)).astype(np.int64)
    brokers = blotter.parents.select("parent_id", "broker").unique("parent_id", keep="first")
    fills = blotter.fills.join(brokers, on="parent_id", how="left").with_columns(
        pl.col("broker").fill_null(NOBODY), pl.col("parent_id").fill_null("").rank("dense").alias("cluster")
    )
    offsets, left_out = [], []
    for (broker,), of_broker in sorted(fills.group_by("broker"), key=lambda group: str(group[0])):
        parts, clusters = [], []
        for (symbol, date), rows in of_broker.group_by("symbol", "date", maintain_order=True):
            day = markets.get((str(symbol), str(date)))
            if day is None:
                continue
            price = rows["price"].to_numpy() / rows["price_scale"].to_numpy()
            step = rows["ts_resolution_ns"].fill_null(0).to_numpy()
            parts.append(inside_by_shift(day, rows["ts_ns"].to_numpy(), price, shifts, step))
            clusters.append(rows["cluster"].to_numpy())
        compared = sum(part.shape[1] for part in parts)
        if compared < LEAST_FILLS:
            left_out.append({"broker": broker, "fills": compared})
            continue
        found = estimate(np.concatenate(parts, axis=1), shifts, np.concatenate(clusters).astype(np.int64))
        row = {"broker": broker} | {name: getattr(found, name) for name in found.__slots__}
        whom = "" if broker == NOBODY else str(broker)
        added = {_added(blotter, key, whom) for key in of_broker["run_id"].unique().to_list()}
        applied = added.pop() if len(added) == 1 else None
        row["applied_s"] = None if applied is None else applied / 1e9
        row["apply"] = None if applied is None else given_as(whom, applied + round(found.offset_s * 1e9))
        offsets.append(row)
    if not offsets:
        raise DataError(
            f"no broker has {LEAST_FILLS} fills with market data", place="align", remedy="see `tcakit coverage`"
        )
    return {"offsets": offsets, "left_out": left_out, "step_s": step_s, "within_s": within_s}


def _added(blotter: Blotter, key: str, broker: str) -> int:
    """What was added (ns) to the times of that broker's rows of that file."""
    offsets = blotter.clock_offsets.get(key, {})
    return offsets.get(broker, offsets.get(EVERYBODY, 0))
