"""Runs in and out of the results: parents, orders, fills and what they cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.market.schema import (
    ESTIMATES,
    FILLS,
    ORDER_EVENTS,
    ORDERS,
    PARENTS,
    RUNS,
    TCA_BENCHMARKS,
    TCA_FILLS,
    TCA_MARKOUTS,
    TCA_PARENTS,
    Table,
)
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store

if TYPE_CHECKING:
    import duckdb

LATEST = "latest"
RUN_TABLES: dict[str, Table] = {
    table.name: table
    for table in (PARENTS, ORDERS, ORDER_EVENTS, FILLS, TCA_PARENTS, TCA_BENCHMARKS, TCA_FILLS, TCA_MARKOUTS, ESTIMATES)
}


def put_run(store: Store, row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> None:
    """Store a run and its tables in one transaction, in place of the same run stored before."""
    with store.write_results() as connection:
        _delete(connection, row["run_id"])
        insert(connection, RUNS, pl.DataFrame([dict(row)]))
        for name, rows in frames.items():
            insert(connection, RUN_TABLES[name], rows)


def put_estimates(store: Store, run_id: str, rows: pl.DataFrame) -> None:
    """Store what a run's parents were estimated to cost, in place of what stood there."""
    with store.write_results() as connection:
        connection.execute(f'DELETE FROM "{ESTIMATES.name}" WHERE run_id = ?', [run_id])
        insert(connection, ESTIMATES, rows)


def drop_run(store: Store, run_id: str) -> int:
    """Take a run out; gives the rows it had."""
    with store.write_results() as connection:
        return _delete(connection, run_id)


def _delete(connection: duckdb.DuckDBPyConnection, run_id: str) -> int:
    rows = 0
    for name in ("runs", *RUN_TABLES):
        gone = connection.execute(f'DELETE FROM "{name}" WHERE run_id = ?', [run_id]).fetchone()
        rows += int(gone[0]) if gone else 0
    return rows


def run(store: Store, run_id: str) -> dict[str, Any] | None:
    """A stored run, its JSON fields parsed; None if there is none."""
    with store.read_results() as connection:
        rows = frame(connection, RUNS, "WHERE run_id = ?", [run_id]).to_dicts()
    if not rows:
        return None
    found = rows[0]
    for name in ("config", "data_keys", "versions", "notes"):
        found[name] = json.loads(found[name])
    return found


def find_run(store: Store, name: str | None) -> dict[str, Any]:
    """A run by id or the beginning of it, the latest if `name` is None or "latest"; UsageError if there is none."""
    name = None if name == LATEST else name
    with store.read_results() as connection:
        rows = connection.execute("SELECT run_id FROM runs ORDER BY created_ns DESC").fetchall()
    ids = [row[0] for row in rows]
    if not ids:
        raise UsageError("no run is stored", remedy="run `tcakit backtest` first, or use --orders for a blotter")
    matching = ids if name is None else [run_id for run_id in ids if run_id.startswith(name)]
    if not matching or (name is not None and len(matching) > 1 and name not in ids):
        what = "no run" if not matching else f"{len(matching)} runs"
        raise UsageError(f"{what} called {name!r}", place="--run", remedy=f"stored are {', '.join(ids[:5])}")
    chosen = name if name is not None and name in ids else matching[0]
    found = run(store, chosen)
    assert found is not None
    return found


def table(store: Store, name: str, run_id: str) -> pl.DataFrame:
    """One table's rows of a run."""
    with store.read_results() as connection:
        return frame(connection, RUN_TABLES[name], "WHERE run_id = ?", [run_id])


def brief(store: Store, run_id: str) -> dict[str, Any]:
    """The numbers of a run that a command prints, read back from what is stored."""
    found = run(store, run_id)
    assert found is not None
    parents = table(store, "tca_parents", run_id)
    with store.read_results() as connection:
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM orders WHERE run_id = ?), (SELECT count(*) FROM fills WHERE run_id = ?)",
            [run_id, run_id],
        ).fetchone()
    orders, fills = counts if counts else (0, 0)
    # Costs in several currencies have no sum.
    mixed = parents["currency"].n_unique() > 1
    cost, notional = float(parents["trading_cost"].sum() or 0.0), float(parents["executed_notional"].sum() or 0.0)
    names = (
        "parent_id", "symbol", "date", "side", "algo", "ordered_shares", "filled_shares", "fills", "average_price",
        "arrival_price", "interval_vwap", "total_cost", "shortfall_bps_of_paper", "arrival_bps_of_executed",
        "participation", "maker_fraction", "notes",
    )  # fmt: skip
    return {
        "run_id": run_id,
        "kind": found["kind"],
        "parents": parents.select(names).to_dicts(),
        "orders": orders,
        "fills": fills,
        "cost_bps": cost / notional * 1e4 if notional and not mixed else None,
        "cost_bps_denominator": "executed notional at the arrival mid",
        "events": found["events"],
        "notes": found["notes"],
    }
