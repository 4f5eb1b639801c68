"""The file of a nightly job: what arrives, what is replayed, what is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.backtest_config import BacktestConfig, config_from_tables
from tcakit.jobs.config import Checker, Field, at_least, load_toml
from tcakit.market.clock import parse_date

LAST_BUSINESS_DAY = "last-business-day"


@dataclass(frozen=True, slots=True)
class Expected:
    """A file (or glob) that should be there; {date} and {yyyymmdd} stand for the trade date.

    `min_rows` is what a whole file has at least: a shorter one is bad data.
    """

    path: str
    options: ReaderOptions
    format: str | None
    mapping: str | None
    min_rows: int
    optional: bool
    max_faults: float


@dataclass(frozen=True, slots=True)
class PageSpec:
    """A report to write: of the night's backtest, or of the blotter of that date (`orders`)."""

    out: str
    orders: bool
    title: str | None


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """A job. `folder` is where its relative paths start; `text` and `path` are the file's, for messages and hashes."""

    name: str
    path: Path
    folder: Path
    store: Path | None
    expected: tuple[Expected, ...]
    backtest: BacktestConfig | None
    reports: tuple[PageSpec, ...]
    text: str


_JOB = {"name": Field((str,)), "store": Field((str,))}
_INGEST = {
    "path": Field((str,), required=True),
    "format": Field((str,)),
    "mapping": Field((str,)),
    "symbol": Field((str,)),
    "venue": Field((str,)),
    "tz": Field((str,)),
    "currency": Field((str,)),
    "tick_size": Field((str,)),
    "content": Field((str,)),
    "min_rows": Field((int,), check=at_least(0)),
    "max_faults": Field((float,), check=at_least(0)),
    "optional": Field((bool,)),
}
_REPORT = {"out": Field((str,), required=True), "orders": Field((bool,)), "title": Field((str,))}
_TABLES = ["job", "ingest", "backtest", "latency", "fees", "parents", "report"]


def load_batch(path: Path) -> BatchConfig:
    """Read a job's file; ConfigError with every mistake in it."""
    raw, text = load_toml(path)
    checker = Checker(path, text)
    checker.tables(raw, _TABLES)
    job = checker.section("job", raw.get("job", {}), _JOB)
    expected = []
    for index, table in enumerate(_list(raw.get("ingest"), "ingest", checker)):
        found = checker.section("ingest", table, _INGEST, index)
        if "path" in found:
            options = ReaderOptions(
                symbol=found.get("symbol"),
                venue=found.get("venue"),
                timezone=found.get("tz"),
                currency=found.get("currency"),
                tick_size=found.get("tick_size"),
                content=found.get("content"),
            )
            expected.append(
                Expected(
                    found["path"],
                    options,
                    found.get("format"),
                    found.get("mapping"),
                    found.get("min_rows", 1),
                    found.get("optional", False),
                    found.get("max_faults", 0.001),
                )
            )
    reports = []
    for index, table in enumerate(_list(raw.get("report"), "report", checker)):
        found = checker.section("report", table, _REPORT, index)
        if "out" in found:
            reports.append(PageSpec(found["out"], found.get("orders", False), found.get("title")))
    backtest = None
    if "parents" in raw or "backtest" in raw:
        inner = {name: raw[name] for name in ("backtest", "latency", "fees", "parents") if name in raw}
        backtest = config_from_tables(inner, checker)
    if not expected and backtest is None and not reports:
        checker.add(str(path), "the job has nothing to do", "add [[ingest]], [[parents]] or [[report]] tables")
    checker.finish()
    folder = path.resolve().parent
    return BatchConfig(
        name=job.get("name", path.stem),
        path=path,
        folder=folder,
        store=folder / job["store"] if "store" in job else None,
        expected=tuple(expected),
        backtest=backtest,
        reports=tuple(reports),
        text=text,
    )


def _list(value: Any, name: str, checker: Checker) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        checker.add(checker.place(name), "is one table", f"write [[{name}]], there may be several")
        return []
    return value


def resolve(pattern: str, date: str, folder: Path) -> str:
    """A path of the job for one date, relative to the job's file."""
    text = pattern.replace("{date}", date).replace("{yyyymmdd}", date.replace("-", ""))
    return str(folder / text)


def trade_dates(date: str | None, catch_up: int, today: Date) -> list[str]:
    """The dates a job is for, oldest first: the one asked for and the business days (Monday to Friday) before it.

    >>> trade_dates("last-business-day", 1, Date(2026, 3, 9))
    ['2026-03-05', '2026-03-06']
    """
    if catch_up < 0:
        raise UsageError(f"{catch_up} days cannot be caught up", place="--catch-up", remedy="give zero or more")
    if date is None or date == LAST_BUSINESS_DAY:
        last = _business_day_before(today)
    else:
        last = Date.fromisoformat(parse_date(date, "--date"))
    dates = [last]
    for _ in range(catch_up):
        dates.append(_business_day_before(dates[-1]))
    return [day.isoformat() for day in reversed(dates)]


def _business_day_before(day: Date) -> Date:
    day -= timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return day
