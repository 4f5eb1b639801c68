"""A nightly job: ingest, backtest, report, under one lock; resumes where it stopped; every step is logged."""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date as Date
from pathlib import Path
from typing import Any

from tcakit.errors import StoreBusyError, TcakitError
from tcakit.jobs.batch_config import BatchConfig, load_batch, trade_dates
from tcakit.jobs.batch_log import latest_done, write_log
from tcakit.jobs.batch_steps import Step, steps_of
from tcakit.store.database import Store

Say = Callable[[str], None]
_DEFAULT_STORE = "tcakit-store"


def run_batch(
    path: Path,
    store_folder: Path | None,
    *,
    date: str | None,
    catch_up: int,
    again: bool,
    say: Say,
    wait_s: float = 30.0,
    today: Date | None = None,
) -> dict[str, Any]:
    """Do every step of a job for its dates; what is done and still made from the same things is not done again.

    A step that fails ends its date, the other dates go on; all troubles are told at the end in one error, which has
    the code of the first. The store is the job's own, else `store_folder`, else `tcakit-store` beside the job's file.
    """
    job = load_batch(path)
    store = Store(job_store(job, store_folder), create=True, wait_s=wait_s)
    until = today or Date.today()
    dates = trade_dates(date, catch_up, until, job.days_off(until))
    steps: list[dict[str, Any]] = []
    troubles: list[tuple[str, str, TcakitError]] = []
    with _one_at_a_time(store, job):
        for day in dates:
            trouble = _one_date(store, job, day, again, steps, say, wait_s)
            if trouble is not None:
                troubles.append((day, steps[-1]["name"], trouble))
                if isinstance(trouble, StoreBusyError):
                    break  # the other dates would only wait as long, one after the other
    result: dict[str, Any] = {"job": job.name, "store": str(store.folder), "dates": dates, "steps": steps}
    if troubles:
        first = _told(job, troubles)
        first.done = result
        raise first
    return result


def job_store(job: BatchConfig, store_folder: Path | None) -> Path:
    """Where a job's store is."""
    return job.store or store_folder or job.folder / _DEFAULT_STORE


def _told(job: BatchConfig, troubles: list[tuple[str, str, TcakitError]]) -> TcakitError:
    """The first trouble, saying which step of which date it was and what else went wrong."""
    day, step, first = troubles[0]
    first.message = f"{first.message} ({job.name}, {day}, {step})"
    if len(troubles) > 1:
        others = [f"  {day}, {step}: {error}" for day, step, error in troubles[1:]]
        first.remedy = "\n".join([f"{first.remedy or ''}\nand on other dates:", *others])
    return first


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
    store: Store, job: BatchConfig, day: str, again: bool, told: list[dict[str, Any]], say: Say, wait_s: float
) -> TcakitError | None:
    """Do the steps of a date in order; gives the trouble that ended it, if any."""
    for step in steps_of(store, job, day, again, wait_s):
        begun = time.perf_counter()
        entry: dict[str, Any] = {"date": day, "name": step.name}
        told.append(entry)
        try:
            mark = step.mark()
            done = None if again else latest_done(store, job.name, day, step.name)
            if done is not None and done[0] == mark and step.still_there(done[1]):
                entry |= {"status": "skipped", "seconds": _since(begun)}
                say(f"{day} {step.name}: done before")
                continue
            detail, made = step.act()
        except BaseException as error:
            detail = str(error) or type(error).__name__
            entry |= {"status": "failed", "seconds": _since(begun), "detail": detail}
            # That the log cannot be written must not hide why the step failed.
            with suppress(TcakitError):
                write_log(store, job.name, day, step.name, "failed", detail, entry["seconds"])
            if isinstance(error, TcakitError):
                return error
            raise
        entry |= {"status": "done", "seconds": _since(begun), "detail": detail}
        _write_done(store, job, day, step, entry, mark, made)
        say(f"{day} {step.name}: {detail}")
    return None


def _write_done(
    store: Store, job: BatchConfig, day: str, step: Step, entry: dict[str, Any], mark: str, made: list[str]
) -> None:
    write_log(store, job.name, day, step.name, "done", entry["detail"], entry["seconds"], mark, made)


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 3)
