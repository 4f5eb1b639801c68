"""What the store holds, for people and machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tcakit.market.clock import format_time
from tcakit.store import catalog as held
from tcakit.store import ingest, results
from tcakit.store.database import Store


def catalog(folder: Path, *, files: bool = False, faults: bool = False, wait_s: float = 30.0) -> dict[str, Any]:
    """Days and symbols, and on request the files or the refused rows."""
    store = Store(folder, wait_s=wait_s)
    days = held.days(store)
    for row in days:
        for name in ("first_ts", "last_ts"):
            row[name] = None if row[name] is None else format_time(row[name], row["timezone"])
    out: dict[str, Any] = {"store": str(folder), "days": days}
    if files:
        out["files"] = held.files(store)
    if faults:
        out["faults"] = held.faults(store)
    return out


def drop(folder: Path, name: str, *, wait_s: float = 30.0) -> dict[str, Any]:
    """Take out a run by its id, or a file by its path or hash."""
    store = Store(folder, wait_s=wait_s)
    with store.writer("drop"):
        ingest.recover(store)
        if results.run(store, name) is not None:
            return {"dropped": name, "what": "run", "rows": results.drop_run(store, name)}
        return {"dropped": name, "what": "file", "rows": ingest.drop(store, name)}
