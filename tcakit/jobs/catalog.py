"""What the store holds, for people and machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tcakit.errors import DataError, UsageError
from tcakit.market.clock import format_time
from tcakit.store import catalog as held
from tcakit.store import column_cache, ingest, results
from tcakit.store.database import Store

_SHORTEST_NAME = 4


def catalog(folder: Path, *, files: bool = False, faults: bool = False, wait_s: float = 30.0) -> dict[str, Any]:
    """Days and symbols, and on request the files or the refused rows."""
    store = Store(folder, wait_s=wait_s)
    days = held.days(store)
    for row in days:
        for name in ("first_ts", "last_ts"):
            row[name] = None if row[name] is None else format_time(row[name], row["timezone"])
    out: dict[str, Any] = {"store": str(folder), "days": days, "news": held.news(store)}
    for name in ("first_ts", "last_ts"):
        moment = out["news"][name]
        out["news"][name] = None if moment is None else format_time(moment, "UTC")
    if files:
        out["files"] = held.files(store)
    if faults:
        out["faults"] = held.faults(store)
    return out


def drop(folder: Path, name: str, *, wait_s: float = 30.0) -> dict[str, Any]:
    """Take out a run by its id or the beginning of it, or a file by its path, hash or ingest key.

    UsageError when nothing, or more than one thing, goes by that name.
    """
    store = Store(folder, wait_s=wait_s)
    if len(name.strip()) < _SHORTEST_NAME:
        raise UsageError(f"{name!r} is too short a name", place="drop", remedy="see `tcakit catalog --files`")
    with store.writer("drop"):
        ingest.recover(store)
        runs = _runs_called(store, name)
        if len(runs) == 1:
            return {"dropped": runs[0], "what": "run", "rows": results.drop_run(store, runs[0])}
        if runs:
            raise UsageError(f"{len(runs)} runs begin with {name!r}", place="drop", remedy=f"say {' or '.join(runs)}")
        try:
            rows = ingest.drop(store, name)
            column_cache.forget(store)
            return {"dropped": name, "what": "file", "rows": rows}
        except DataError as error:
            raise UsageError(error.message, place="drop", remedy=error.remedy) from None


def _runs_called(store: Store, name: str) -> list[str]:
    with store.read_results() as connection:
        rows = connection.execute(
            "SELECT run_id FROM runs WHERE starts_with(run_id, ?) ORDER BY run_id", [name]
        ).fetchall()
    ids = [row[0] for row in rows]
    return [name] if name in ids else ids
