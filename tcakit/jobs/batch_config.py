"""The file of a nightly job: what arrives, what is replayed, what is written."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.feeds.files import READERS
from tcakit.feeds.sessions import holidays_of, require_calendar
from tcakit.jobs.backtest_config import BacktestConfig, config_from_tables
from tcakit.jobs.config import Checker, Field, at_least, load_toml, one_of
from tcakit.jobs.report_files import FORMATS
from tcakit.market.clock import parse_date, zone
from tcakit.registry import nearest

LAST_BUSINESS_DAY = "last-business-day"
_LONGEST_CATCH_UP = 400


@dataclass(frozen=True, slots=True)
class Expected:
    """A file (or glob) that should be there; {date} and {yyyymmdd} stand for the trade date.

    `min_rows` is what a whole file has at least: a shorter one is bad data and not stored.
    """

    path: str
    options: ReaderOptions
    format: str | None
    mapping: str | None
    min_rows: int
    optional: bool
    max_faults: float | None


@dataclass(frozen=True, slots=True)
class PageSpec:
    """A report to write: of the night's backtest, or of the blotter of that date (`orders`), its orders set against a
    stored symbol (`index`)."""

    out: str
    orders: bool
    title: str | None
    index: str | None = None


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """A job. `folder` is where its relative paths start; `holidays` are dates that have no files, and so are those of
    the exchange `calendar` (a MIC)."""

    name: str
    path: Path
    folder: Path
    store: Path | None
    expected: tuple[Expected, ...]
    backtest: BacktestConfig | None
    reports: tuple[PageSpec, ...]
    holidays: frozenset[str] = frozenset()
    calendar: str | None = None

    def days_off(self, today: Date) -> frozenset[str]:
        """The dates before today that have no files: the job's own holidays and those of its calendar."""
        if self.calendar is None:
            return self.holidays
        first = today - timedelta(days=2 * _LONGEST_CATCH_UP)
        return self.holidays | holidays_of(self.calendar, first.isoformat(), today.isoformat())


_PLACEHOLDERS = ["date", "yyyymmdd"]


def _pattern(text: str) -> str:
    """A path whose placeholders are known ones."""
    for name in re.findall(r"\{([^{}]*)\}", text):
        if name not in _PLACEHOLDERS:
            guess = nearest(name.lower(), _PLACEHOLDERS)
            remedy = f"did you mean {{{guess}}}?" if guess else "known are {date} and {yyyymmdd}"
            raise UsageError(f"nothing stands for {{{name}}}", remedy=remedy)
    return text


def _page(text: str) -> str:
    if Path(text).suffix.lower() not in FORMATS:
        raise UsageError(f"{text!r} is no kind of report", remedy=f"end it in {', '.join(FORMATS)}")
    return _pattern(text)


def _number_text(text: str) -> str:
    """A positive decimal, kept as it is written."""
    try:
        right = 0 < float(text) < float("inf")
    except ValueError:
        right = False
    if not right:
        raise UsageError(f"{text!r} is no size", remedy='write a decimal above zero, like "0.01"')
    return text


def _zone(text: str) -> str:
    zone(text)
    return text


_JOB = {
    "name": Field((str,)),
    "store": Field((str,)),
    "holidays": Field((str,), many=True, check=parse_date),
    "calendar": Field((str,), check=require_calendar),
}
_INGEST = {
    "path": Field((str,), required=True, check=_pattern),
    "format": Field((str,), check=one_of(list(READERS))),
    "mapping": Field((str,)),
    "symbol": Field((str,)),
    "venue": Field((str,)),
    "tz": Field((str,), check=_zone),
    "currency": Field((str,)),
    "tick_size": Field((str,), check=_number_text),
    "lot_size": Field((str,), check=_number_text),
    "content": Field((str,)),
    "min_rows": Field((int,), check=at_least(0)),
    "max_faults": Field((float,), check=at_least(0)),
    "optional": Field((bool,)),
}
_REPORT = {
    "out": Field((str,), required=True, check=_page),
    "orders": Field((bool,)),
    "title": Field((str,)),
    "index": Field((str,)),
}
_OF_BACKTEST = ("backtest", "bars", "latency", "fees", "parents")
_TABLES = ["job", "ingest", "backtest", "bars", "latency", "fees", "parents", "report"]


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
                lot_size=found.get("lot_size"),
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
                    found.get("max_faults"),
                )
            )
    reports = []
    for index, table in enumerate(_list(raw.get("report"), "report", checker)):
        found = checker.section("report", table, _REPORT, index)
        if "out" in found:
            reports.append(PageSpec(found["out"], found.get("orders", False), found.get("title"), found.get("index")))
    backtest = None
    if "parents" in raw or "backtest" in raw:
        inner: dict[str, Any] = {name: raw[name] for name in _OF_BACKTEST if name in raw}
        backtest = config_from_tables(inner, checker)
    for index, page in enumerate(reports):
        if not page.orders and "parents" not in raw:
            checker.add(
                checker.place("report", None, index),
                "a report of no backtest and no orders",
                "add [[parents]] tables, or write orders = true",
            )
        if page.index and not page.orders:
            checker.add(
                checker.place("report", "index", index),
                "an index for a backtest, which is set against none",
                "write orders = true, or leave index out",
            )
    if not any(name in raw for name in ("ingest", "parents", "backtest", "report")):
        checker.add(f"{path}:1", "the job has nothing to do", "add [[ingest]], [[parents]] or [[report]] tables")
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
        holidays=frozenset(job.get("holidays", ())),
        calendar=job.get("calendar"),
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


def trade_dates(date: str | None, catch_up: int, today: Date, holidays: Collection[str] = frozenset()) -> list[str]:
    """The dates a job is for, oldest first: the one asked for and the business days before it.

    Business days are Monday to Friday without the job's holidays; `last-business-day` is the one before today.

    >>> trade_dates("last-business-day", 1, Date(2026, 3, 9))
    ['2026-03-05', '2026-03-06']
    """
    if not 0 <= catch_up <= _LONGEST_CATCH_UP:
        remedy = f"give 0 to {_LONGEST_CATCH_UP}"
        raise UsageError(f"{catch_up} days cannot be caught up", place="--catch-up", remedy=remedy)
    if date is None or date == LAST_BUSINESS_DAY:
        last = _business_day_before(today, holidays)
    else:
        last = Date.fromisoformat(parse_date(date, "--date"))
    dates = [last]
    for _ in range(catch_up):
        dates.append(_business_day_before(dates[-1], holidays))
    return [day.isoformat() for day in reversed(dates)]


def _business_day_before(day: Date, holidays: Collection[str]) -> Date:
    day -= timedelta(days=1)
    while day.weekday() >= 5 or day.isoformat() in holidays:
        day -= timedelta(days=1)
    return day
