"""The steps of a nightly job for one date: what each is made from, what it makes, and whether that still stands.

A step is done when the log says that it was done from the same settings and inputs (its mark) and what it made is
still there. So a file that is delivered again, a changed setting, a dropped run or a deleted page is made anew, and
nothing else is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date as Date
from pathlib import Path
from typing import Any

from tcakit.errors import DataError, UsageError
from tcakit.feeds.files import discover
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.batch_config import BatchConfig, Expected, PageSpec, resolve
from tcakit.jobs.batch_log import latest_done
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.store.database import Store
from tcakit.store.reference import reference_rows

_BACKTEST = "backtest"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `mark` names what it is made from, `act` does it and gives words and what it made."""

    name: str
    mark: Callable[[], str]
    still_there: Callable[[list[str]], bool]
    act: Callable[[], tuple[str, list[str]]]


def steps_of(store: Store, job: BatchConfig, day: str, again: bool, wait_s: float) -> Iterator[Step]:
    """The steps of a date in the order they are done."""
    for number, expected in enumerate(job.expected, start=1):
        yield _ingest_step(store, job, expected, number, day, wait_s)
    if job.backtest is not None:
        yield _backtest_step(store, job.backtest, day, again, wait_s)
    for number, page in enumerate(job.reports, start=1):
        yield _report_step(store, job, page, number, day, wait_s)


def _hash(*facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


# --- ingest ------------------------------------------------------------------------------------------------------


def _ingest_step(store: Store, job: BatchConfig, expected: Expected, number: int, day: str, wait_s: float) -> Step:
    pattern = resolve(expected.path, day, job.folder)
    mapping = None if expected.mapping is None else job.folder / expected.mapping

    # A file that is named by its date has rows of that date; one file for all dates says so itself.
    options = (
        replace(expected.options, date=day) if pattern != resolve(expected.path, "", job.folder) else expected.options
    )

    def mark() -> str:
        # Size and time of change stand for the content: a large file is not read to learn that it is the same.
        files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in _arrived(pattern)]
        mapped = mapping.read_text(encoding="utf-8") if mapping is not None and mapping.is_file() else None
        return _hash(asdict(expected), files, mapped)

    def still_there(made: list[str]) -> bool:
        return _count(store, "files WHERE status = 'stored' AND list_contains(?, ingest_key)", made) == len(set(made))

    def act() -> tuple[str, list[str]]:
        paths = _arrived(pattern)
        if not paths:
            if expected.optional:
                return "nothing has arrived, which may be", []
            # To the job a file that has not come is bad data, not a wrong call.
            weekday = Date.fromisoformat(day).strftime("%A")
            remedy = "see why it has not arrived; then run again"
            if Date.fromisoformat(day).weekday() >= 5:
                remedy = f"{day} is a {weekday}; {remedy}"
            raise DataError(f"the file expected for {day} is not there", place=pattern, remedy=remedy)
        request = IngestRequest(
            [str(path) for path in paths],
            options,
            expected.format,
            None if mapping is None else str(mapping),
            max_faults=expected.max_faults,
            min_rows=expected.min_rows,
            replace=True,
        )
        found = ingest(store.folder, request, wait_s=wait_s)
        rows = 0
        for file in found["files"]:
            held = _rows(store, file["ingest_key"]) if file["skipped"] else int(file["rows"])
            if held < expected.min_rows:
                raise DataError(
                    f"{held} rows are stored of it where at least {expected.min_rows} are expected",
                    place=file["path"],
                    remedy="fetch the file again, to the same path: it takes the place of the short one",
                )
            rows += held
        count = len(found["files"])
        keys = [file["ingest_key"] for file in found["files"] if "ingest_key" in file]
        return f"{rows:,} rows from {count} file{'s' if count != 1 else ''}", keys

    return Step(f"ingest {number}", mark, still_there, act)


def _arrived(pattern: str) -> list[Path]:
    try:
        return discover([pattern])
    except UsageError:
        return []


def _count(store: Store, what: str, *parameters: Any) -> int:
    with store.read_results() as connection:
        found = connection.execute(f"SELECT count(*) FROM {what}", list(parameters)).fetchone()
    return int(found[0]) if found else 0


def _rows(store: Store, ingest_key: str) -> int:
    with store.read_results() as connection:
        found = connection.execute("SELECT rows FROM files WHERE ingest_key = ?", [ingest_key]).fetchone()
    return int(found[0]) if found else 0


# --- backtest ----------------------------------------------------------------------------------------------------


def _backtest_step(store: Store, config: BacktestConfig, day: str, again: bool, wait_s: float) -> Step:
    # Parents that name a date of their own keep it.
    of_day = replace(config, parents=tuple(replace(parent, date=parent.date or day) for parent in config.parents))
    dates = sorted({parent.date or day for parent in of_day.parents})

    def act() -> tuple[str, list[str]]:
        result = backtest(store.folder, of_day, again=again, wait_s=wait_s)
        return f"run {result['run_id']}: {result['fills']:,} fills", [result["run_id"]]

    return Step(
        _BACKTEST,
        mark=lambda: _hash(of_day.as_dict(), [_market_keys(store, date) for date in dates]),
        still_there=lambda made: _count(store, "runs WHERE list_contains(?, run_id)", made) == len(made),
        act=act,
    )


def _market_keys(store: Store, date: str) -> list[str]:
    """The files that a day's market data came from."""
    with store.read_results() as connection:
        rows = connection.execute(
            "SELECT ingest_key FROM files WHERE status = 'stored' AND list_contains(CAST(days AS VARCHAR[]), ?) "
            "ORDER BY ingest_key",
            [date],
        ).fetchall()
    return [row[0] for row in rows]


# --- report ------------------------------------------------------------------------------------------------------


def _report_step(store: Store, job: BatchConfig, page: PageSpec, number: int, day: str, wait_s: float) -> Step:
    out = Path(resolve(page.out, day, job.folder))

    def run_id() -> str | None:
        done = latest_done(store, job.name, day, _BACKTEST)
        return done[1][0] if done and done[1] else None

    def mark() -> str:
        inputs = _blotter_facts(store, day) if page.orders else [run_id()]
        return _hash(asdict(page), str(out), inputs)

    def act() -> tuple[str, list[str]]:
        if page.orders:
            request = ReportRequest(
                orders=True, date_from=day, date_to=day, out=out, title=page.title, index=page.index
            )
        else:
            request = ReportRequest(run=run_id(), out=out, title=page.title)
        report(store.folder, request, wait_s=wait_s)
        return str(out), [str(out)]

    def still_there(made: list[str]) -> bool:
        return all(Path(path).exists() for path in made)

    return Step(f"report {number}", mark, still_there, act)


def _blotter_facts(store: Store, day: str) -> list[Any]:
    """What the page of a day's orders rests on: the blotter's files that have the day, its market, the aliases and
    the security master."""
    with store.read_results() as connection:
        blotter = connection.execute(
            "SELECT DISTINCT f.ingest_key FROM files f JOIN "
            "(SELECT run_id, date FROM parents UNION SELECT run_id, date FROM fills) b ON b.run_id = f.ingest_key "
            "WHERE f.status = 'stored' AND b.date = ? ORDER BY 1",
            [day],
        ).fetchall()
        aliases = connection.execute(
            "SELECT alias, kind, symbol, valid_from, valid_to FROM aliases ORDER BY ALL"
        ).fetchall()
    master = [sorted(row.items()) for row in reference_rows(store)]
    return [[row[0] for row in blotter], _market_keys(store, day), [list(row) for row in aliases], master]
