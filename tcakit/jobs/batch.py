"""A nightly job: ingest, backtest, report, under one lock; resumes where it stopped; every step is logged."""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date as Date
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import DataError, StoreBusyError, TcakitError, UsageError
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.batch_config import BatchConfig, Expected, PageSpec, load_batch, resolve, trade_dates
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.market.schema import JOB_LOG
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store

Say = Callable[[str], None]


def run_batch(
    path: Path,
    default_store: Path,
    *,
    date: str | None,
    catch_up: int,
    again: bool,
    say: Say,
    wait_s: float = 30.0,
    today: Date | None = None,
) -> dict[str, Any]:
    """Do every step of a job for its dates; steps already done for a date are skipped unless `again`.

    A step that fails ends its date, the other dates go on; the first trouble is raised at the end.
    """
    job = load_batch(path)
    folder = job.store or default_store
    dates = trade_dates(date, catch_up, today or Date.today())
    steps: list[dict[str, Any]] = []
    trouble: TcakitError | None = None
    store = Store(folder, create=True, wait_s=wait_s)
    with _one_at_a_time(store, job):
        for day in dates:
            try:
                _one_date(store, job, day, again, steps, say, wait_s)
            except TcakitError as error:
                trouble = trouble or error
    result: dict[str, Any] = {"job": job.name, "dates": dates, "steps": steps}
    if trouble is not None:
        trouble.done = result
        raise trouble
    return result


@contextmanager
def _one_at_a_time(store: Store, job: BatchConfig) -> Iterator[None]:
    """One run of a job at a time; the lock is freed when the process dies."""
    name = hashlib.sha256(str(job.path.resolve()).encode()).hexdigest()[:16]
    with (store.folder / f"batch-{name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBusyError(
                f"the job {job.name!r} is running already", place=str(job.path), remedy="wait until it has finished"
            ) from None
        yield


def _one_date(
    store: Store, job: BatchConfig, day: str, again: bool, steps: list[dict[str, Any]], say: Say, wait_s: float
) -> None:
    done = set() if again else _done(store, job, day)
    for name, act in _steps(store, job, day, again, wait_s):
        mark = f"{name} {hashlib.sha256(job.text.encode()).hexdigest()[:12]}"
        if mark in done:
            steps.append({"date": day, "name": name, "status": "skipped", "seconds": 0.0})
            say(f"{day} {name}: done before")
            continue
        begun = time.perf_counter()
        try:
            detail = act()
        except TcakitError as error:
            _log(store, job, day, mark, "failed", str(error), begun)
            steps.append(
                {"date": day, "name": name, "status": "failed", "seconds": _since(begun), "detail": str(error)}
            )
            raise
        _log(store, job, day, mark, "done", detail, begun)
        steps.append({"date": day, "name": name, "status": "done", "seconds": _since(begun), "detail": detail})
        say(f"{day} {name}: {detail}")


def _steps(
    store: Store, job: BatchConfig, day: str, again: bool, wait_s: float
) -> Iterator[tuple[str, Callable[[], str]]]:
    for number, expected in enumerate(job.expected, start=1):

        def read(expected: Expected = expected) -> str:
            return _ingest(store, job, expected, day, wait_s)

        yield f"ingest {number}", read
    run: dict[str, str] = {}
    if job.backtest is not None:
        config = _of_day(job.backtest, day)

        def replay() -> str:
            result = backtest(store.folder, config, again=again, wait_s=wait_s)
            run["id"] = result["run_id"]
            return f"run {result['run_id']}: {result['fills']} fills"

        yield "backtest", replay
    for number, page in enumerate(job.reports, start=1):

        def write(page: PageSpec = page) -> str:
            return _report(store, job, page, day, run.get("id"), wait_s)

        yield f"report {number}", write


def _of_day(config: BacktestConfig, day: str) -> BacktestConfig:
    """The job's parents on that date; parents that name a date of their own keep it."""
    return replace(config, parents=tuple(replace(parent, date=parent.date or day) for parent in config.parents))


def _ingest(store: Store, job: BatchConfig, expected: Expected, day: str, wait_s: float) -> str:
    pattern = resolve(expected.path, day, job.folder)
    mapping = None if expected.mapping is None else str(job.folder / expected.mapping)
    request = IngestRequest(
        [pattern], replace(expected.options, date=day), expected.format, mapping, None, expected.max_faults
    )
    try:
        result = ingest(store.folder, request, wait_s=wait_s)
    except UsageError as error:
        if error.message != "no such file":
            raise
        if expected.optional:
            return "nothing has arrived, which may be"
        # To the job a file that has not come is bad data, not a wrong call.
        raise DataError(
            f"the file expected for {day} is not there",
            place=pattern,
            remedy="see why it has not arrived; then run again",
        ) from None
    rows = sum(_rows(store, file) for file in result["files"])
    if rows < expected.min_rows:
        raise DataError(
            f"{rows} rows where at least {expected.min_rows} are expected",
            place=pattern,
            remedy="fetch the file again, `tcakit drop` the short one, then run again",
        )
    return f"{rows} rows from {len(result['files'])} files"


def _rows(store: Store, file: dict[str, Any]) -> int:
    if not file["skipped"]:
        return int(file["rows"])
    with store.read_results() as connection:
        found = connection.execute("SELECT rows FROM files WHERE ingest_key = ?", [file["ingest_key"]]).fetchone()
    return int(found[0]) if found else 0


def _report(store: Store, job: BatchConfig, page: PageSpec, day: str, run_id: str | None, wait_s: float) -> str:
    out = Path(resolve(page.out, day, job.folder))
    if page.orders:
        request = ReportRequest(orders=True, date_from=day, date_to=day, out=out, title=page.title)
    else:
        request = ReportRequest(run=run_id or _last_run(store, job, day), out=out, title=page.title)
    report(store.folder, request, wait_s=wait_s)
    return str(out)


def _last_run(store: Store, job: BatchConfig, day: str) -> str | None:
    """The run that the backtest step of that date gave, from the log."""
    for row in reversed(_rows_of(store, job, day)):
        if row["step"].startswith("backtest ") and row["status"] == "done" and row["detail"]:
            return str(row["detail"].split()[1].rstrip(":"))
    return None


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 3)


def _log(store: Store, job: BatchConfig, day: str, step: str, status: str, detail: str, begun: float) -> None:
    row = {
        "job": job.name,
        "date": day,
        "step": step,
        "status": status,
        "detail": detail,
        "at_ns": time.time_ns(),
        "seconds": _since(begun),
    }
    with store.write_results() as connection:
        insert(connection, JOB_LOG, pl.DataFrame([row]))


def _rows_of(store: Store, job: BatchConfig, day: str) -> list[dict[str, Any]]:
    with store.read_results() as connection:
        return frame(connection, JOB_LOG, "WHERE job = ? AND date = ? ORDER BY at_ns", [job.name, day]).to_dicts()


def _done(store: Store, job: BatchConfig, day: str) -> set[str]:
    return {row["step"] for row in _rows_of(store, job, day) if row["status"] == "done"}


def batch_log(folder: Path, *, only_failed: bool = False, limit: int = 50) -> dict[str, Any]:
    """The latest steps of all jobs, newest first; with `only_failed` the failures that no later success mended."""
    store = Store(folder)
    with store.read_results() as connection:
        rows = frame(connection, JOB_LOG, "ORDER BY at_ns DESC").to_dicts()
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for row in rows:
        key = (row["job"], row["date"], row["step"].rpartition(" ")[0])
        if key in seen:
            continue
        seen.add(key)
        row["step"] = key[2]
        if not only_failed or row["status"] == "failed":
            kept.append(row)
    return {"steps": kept[:limit]}
