"""Hours and holidays of exchanges, against notices that anybody can look up."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import pytest

from tcakit.errors import ConfigError, UsageError
from tcakit.feeds import sessions
from tcakit.feeds.sessions import holidays_of, session_of
from tcakit.jobs.batch_config import load_batch, trade_dates
from tcakit.market.clock import parse_time

_HOURS = [
    ("XNAS", "2024-11-27", "09:30:00-05:00", "16:00:00-05:00"),
    ("XNAS", "2024-11-29", "09:30:00-05:00", "13:00:00-05:00"),  # the day after Thanksgiving
    ("XNYS", "2024-07-05", "09:30:00-04:00", "16:00:00-04:00"),
    ("IEXG", "2024-07-03", "09:30:00-04:00", "13:00:00-04:00"),
    ("XLON", "2024-03-28", "08:00:00+00:00", "16:30:00+00:00"),
    ("XLON", "2024-04-02", "08:00:00+01:00", "16:30:00+01:00"),  # summer time began on 31 March
    ("XLON", "2024-12-24", "08:00:00+00:00", "12:30:00+00:00"),
    ("XETR", "2024-10-28", "09:00:00+01:00", "17:30:00+01:00"),
    ("XNAS-2", "2012-06-21", "09:30:00-04:00", "16:00:00-04:00"),
]


@pytest.mark.parametrize(("venue", "date", "opens", "closes"), _HOURS)
def test_hours_of_a_day(venue: str, date: str, opens: str, closes: str) -> None:
    assert session_of(venue, date) == (parse_time(f"{date}T{opens}"), parse_time(f"{date}T{closes}"))


@pytest.mark.parametrize(
    ("venue", "date"),
    [
        ("XNAS", "2024-11-28"),  # Thanksgiving
        ("XNAS", "2024-11-30"),  # a Saturday
        ("XLON", "2024-12-26"),
        ("XNAS", "2025-01-01"),
        ("XNAS", "2022-12-31"),
        ("KRAKEN", "2024-11-27"),
        ("X" * 4, "2024-11-27"),
        ("QQQQ", "2024-11-27"),
        ("CMES", "2024-11-27"),
        ("XEUR", "2024-11-27"),
    ],
)
def test_no_hours_where_none_are_known(venue: str, date: str) -> None:
    assert session_of(venue, date) is None


def test_nothing_is_said_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_library", lambda: None)
    sessions._calendar_of.cache_clear()
    try:
        assert session_of("XNAS", "2024-11-27") is None
        with pytest.raises(UsageError, match=r"pip install \"tcakit\[calendars\]\""):
            holidays_of("XNAS", "2024-11-27", "2024-11-29")
    finally:
        sessions._calendar_of.cache_clear()


def test_holidays_between_two_dates() -> None:
    assert holidays_of("XNYS", "2024-11-20", "2025-01-10") == {"2024-11-28", "2024-12-25", "2025-01-01", "2025-01-09"}
    with pytest.raises(UsageError, match="no calendar of 'QQQQ'"):
        holidays_of("QQQQ", "2024-11-20", "2024-11-21")


def test_a_job_s_last_business_day_knows_its_exchange(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text('[job]\ncalendar = "XNYS"\nholidays = ["2024-11-26"]\n[[ingest]]\npath = "x.csv"\n')
    job, today = load_batch(path), Date(2024, 11, 29)
    assert trade_dates("last-business-day", 1, today, job.days_off(today)) == ["2024-11-25", "2024-11-27"]
    path.write_text('[job]\ncalendar = "QQQQ"\n[[ingest]]\npath = "x.csv"\n')
    with pytest.raises(ConfigError, match="no calendar of 'QQQQ' is known"):
        load_batch(path)
