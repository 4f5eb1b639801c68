"""The log of unattended jobs, kept in the store: what was done from what, and what failed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.market.clock import format_time
from tcakit.market.schema import JOB_LOG
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store


def write_log(
    store: Store,
    job: str,
    day: str,
    step: str,
    status: str,
    detail: str,
    seconds: float,
    mark: str | None = None,
    made: Sequence[str] | None = None,
) -> None:
    """Add a row; `made` is what the step made, by key, run id or path."""
    row = {
        "job": job,
        "date": day,
        "step": step,
        "status": status,
        "detail": detail,
        "at_ns": time.time_ns(),
        "seconds": seconds,
        "mark": mark,
        "made": None if made is None else json.dumps(list(made)),
    }
    with store.write_results() as connection:
        insert(connection, JOB_LOG, pl.DataFrame([row], schema=JOB_LOG.polars_schema()))


def latest_done(store: Store, job: str, day: str, step: str) -> tuple[str, list[str]] | None:
    """Mark and products of the last time a step was done; None if it never was."""
    with store.read_results() as connection:
        found = connection.execute(
            "SELECT mark, made FROM job_log WHERE job = ? AND date = ? AND step = ? AND status = 'done' "
            "ORDER BY at_ns DESC LIMIT 1",
            [job, day, step],
        ).fetchone()
    return None if found is None else (str(found[0]), json.loads(found[1] or "[]"))


def batch_log(
    folder: Path, *, job: str | None = None, only_failed: bool = False, wait_s: float = 30.0, limit: int = 50
) -> dict[str, Any]:
    """The last outcome of each step, newest first, of one job or all.

    With `only_failed` the dates whose last step failed: steps run in order, so that whatever was done after a
    failure has mended it.
    """
    store = Store(folder, wait_s=wait_s)
    with store.read_results() as connection:
        rows = frame(connection, JOB_LOG, "ORDER BY at_ns DESC").to_dicts()
    seen: set[tuple[str, ...]] = set()
    kept = []
    for row in rows:
        key = (row["job"], row["date"]) if only_failed else (row["job"], row["date"], row["step"])
        if key in seen or job not in (None, row["job"]):
            continue
        seen.add(key)
        if not only_failed or row["status"] == "failed":
            kept.append(row | {"at": format_time(row["at_ns"]), "made": json.loads(row["made"] or "[]")})
    return {"steps": kept[:limit]}
