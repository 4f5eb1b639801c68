"""The clock offset of the blotter against the tape, by broker: estimated and told, applied on request alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.jobs.clock_shift import EVERYBODY, given_as
from tcakit.jobs.coverage import Markets, markets_of
from tcakit.jobs.firm import load_blotter
from tcakit.store.database import Store
from tcakit.tca.by_market import rows_by_market
from tcakit.tca.clock_offset import estimate, inside_by_order, inside_by_shift

LEAST_FILLS = 20
Applied = Mapping[str, Mapping[str, int]]
NOBODY = "(no broker)"


def align(folder: Path, *, within_s: float = 10.0, step_s: float = 0.05, wait_s: float = 30.0) -> dict[str, Any]:
    """The shift within +-`within_s` that puts most fills inside the quote, for each broker with at least 20 fills.

    `offset_s` is what is to be added to the fills' times, beside what was added on ingesting them (`applied_s`, null
    where that differs between files); `apply` is the option of `ingest` that asks for both.
    """
    store = Store(folder, wait_s=wait_s)
    blotter = load_blotter(store)
    # A fill restated after a split is no longer at the price that its tape showed.
    there = [key not in blotter.restated for key in blotter.fills.select("fill_id", "date").iter_rows()]
    fills = blotter.fills.filter(pl.Series(there, dtype=pl.Boolean))
    found = clock_offsets(blotter.parents, fills, markets_of(store, blotter), blotter.clock_offsets, within_s, step_s)
    if not found["offsets"]:
        raise DataError(
            f"no broker has {LEAST_FILLS} fills with market data", place="align", remedy="see `tcakit coverage`"
        )
    return found | {"step_s": step_s, "within_s": within_s}


def clock_offsets(
    parents: pl.DataFrame,
    fills: pl.DataFrame,
    markets: Markets,
    applied: Applied,
    within_s: float = 10.0,
    step_s: float = 0.05,
    most_fills: int | None = None,
    with_ground: bool = False,
) -> dict[str, list[dict[str, Any]]]:
    """`offsets` by broker as `align` gives them, and `left_out`, the brokers with too few fills in `markets`.

    `applied` says what was added on ingesting, by file and broker. With `most_fills` a broker with more is judged by
    that many, evenly chosen. `with_ground` adds what an estimate rests on, as `ground`: the `shifts_ns`, and for each
    order its fills and how many of them lie inside the quote at each shift, as value, how many times, value and so on.
    """
    steps = round(within_s / step_s)
    shifts = (np.arange(-steps, steps + 1) * round(step_s * 1e9)).astype(np.int64)
    brokers = parents.select("parent_id", "broker").unique("parent_id", keep="first")
    fills = fills.join(brokers, on="parent_id", how="left", maintain_order="left").with_columns(
        pl.col("broker").fill_null(NOBODY), pl.col("parent_id").fill_null("").rank("dense").alias("cluster")
    )
    held = [key for key, day in markets.items() if len(day.quote_ns)]
    known = pl.DataFrame(held, schema={"symbol": pl.String, "date": pl.String}, orient="row")
    known = known.with_columns(covered=pl.lit(True))
    fills = fills.join(known, on=["symbol", "date"], how="left", maintain_order="left")
    offsets: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for (broker,), of_broker in sorted(fills.group_by("broker", maintain_order=True), key=lambda group: str(group[0])):
        compared = of_broker.filter("covered").sort("ts_ns", maintain_order=True)
        if compared.height < LEAST_FILLS:
            left_out.append({"broker": broker, "fills": compared.height})
            continue
        if most_fills is not None and compared.height > most_fills:
            compared = compared.gather(np.linspace(0, compared.height - 1, most_fills).astype(np.int64))
        price = compared["price"].to_numpy() / compared["price_scale"].to_numpy()
        step, ns = compared["ts_resolution_ns"].fill_null(0).to_numpy(), compared["ts_ns"].to_numpy()
        by_market = rows_by_market(compared)
        inside = np.concatenate(
            [inside_by_shift(markets[key], ns[at], price[at], shifts, step[at]) for key, at in by_market.items()],
            axis=1,
        )
        orders = compared["cluster"].to_numpy()[np.concatenate(list(by_market.values()))].astype(np.int64)
        found = estimate(inside, shifts, orders)
        row = {"broker": broker} | {name: getattr(found, name) for name in found.__slots__}
        whom = "" if broker == NOBODY else str(broker)
        added = {_added(applied, key, whom) for key in compared["run_id"].unique().to_list()}
        own = added.pop() if len(added) == 1 else None
        row["applied_s"] = None if own is None else own / 1e9
        row["apply"] = None if own is None else given_as(whom, own + round(found.offset_s * 1e9))
        if with_ground:
            fills_of = np.unique(orders, return_counts=True)[1].tolist()
            runs = _in_runs(inside_by_order(inside, orders))
            row["ground"] = {"shifts_ns": shifts.tolist(), "orders": list(zip(fills_of, runs, strict=True))}
        offsets.append(row)
    return {"offsets": offsets, "left_out": left_out}


def _in_runs(rows: NDArray[np.float64]) -> list[list[int]]:
    """Whole numbers of each row as value, how many times, value and so on.

    >>> _in_runs(np.array([[2.0, 2.0, 0.0], [0.0, 1.0, 1.0]]))
    [[2, 2, 0, 1], [0, 1, 1, 2]]
    """
    begins = np.column_stack([np.ones(len(rows), np.bool_), rows[:, 1:] != rows[:, :-1]])
    first = np.flatnonzero(begins)
    pairs = (
        np.column_stack([rows.ravel()[first].astype(np.int64), np.diff(np.append(first, rows.size))]).ravel().tolist()
    )
    ends = (2 * np.cumsum(begins.sum(axis=1))).tolist()
    return [pairs[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _added(applied: Applied, key: str, broker: str) -> int:
    """What was added (ns) to the times of that broker's rows of that file."""
    offsets = applied.get(key, {})
    return offsets.get(broker, offsets.get(EVERYBODY, 0))
