"""When an exchange trades, by its calendar: holidays, early closes and daylight saving included.

Needs the extra `calendars`; without it, or for a venue that no calendar knows, nothing is said.
"""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import timedelta
from functools import lru_cache
from typing import Any

from tcakit.errors import UsageError

_MIC = re.compile(r"^([A-Z]{4})(?:[.-]\w+)?$")
_SATURDAY = 5
# Calendars of futures name the hours of a whole venue, which no product of it keeps; "XXXX" is no venue.
_NOT_MEANT = ("CMES", "IEPA", "XCBF", "XEUR", "X" * 4)
# Market centres of US shares that bear a code of their own and keep the hours of New York.
_NEW_YORK = ("IEXG", "EDGX", "EDGA", "BATY", "XBOS", "XPSX", "XCHI", "XCIS", "MEMX", "EPRL", "LTSE", "XADF")


def session_of(venue: str, date: str) -> tuple[int, int] | None:
    """Open and close of regular trading at a venue (MIC) on a date, ns since 1970 UTC; None where unknown.

    A holiday has no session. A lunch break stays inside.
    """
    calendar = _calendar_of(venue, int(date[:4]))
    return None if calendar is None else _hours(calendar, date)


@lru_cache(maxsize=4096)
def _hours(calendar: Any, date: str) -> tuple[int, int] | None:
    """As `session_of`; kept, since a file of the whole market asks for every symbol."""
    if not _trades_on(calendar, date):
        return None
    return int(calendar.session_open(date).value), int(calendar.session_close(date).value)


def holidays_of(venue: str, first: str, last: str) -> frozenset[str]:
    """Weekdays between two dates, both included, on which a venue is closed.

    UsageError if the extra `calendars` is not installed or has no calendar of that venue.
    """
    found = []
    day, end = Date.fromisoformat(first), Date.fromisoformat(last)
    while day <= end:
        calendar = _calendar_of(venue, day.year)
        if calendar is None:
            raise _unknown(venue)
        if day.weekday() < _SATURDAY and not _trades_on(calendar, day.isoformat()):
            found.append(day.isoformat())
        day += timedelta(days=1)
    return frozenset(found)


def require_calendar(venue: str) -> str:
    """The venue itself; UsageError if there is no calendar of it."""
    if _calendar_of(venue, Date.today().year) is None:
        raise _unknown(venue)
    return venue


def _unknown(venue: str) -> UsageError:
    if _library() is None:
        return UsageError("exchange calendars are not installed", remedy='pip install "tcakit[calendars]"')
    return UsageError(f"no calendar of {venue!r} is known", remedy="write an exchange's MIC, like XNYS or XLON")


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        import exchange_calendars
    except ImportError:
        return None
    return exchange_calendars


@lru_cache(maxsize=64)
def _calendar_of(venue: str, year: int) -> Any:
    """A year of a venue's calendar, None where there is none."""
    code = _MIC.match(venue)
    if code is None or code[1] in _NOT_MEANT:
        return None
    library = _library()
    if library is None:
        return None
    name = "XNYS" if code[1] in _NEW_YORK else code[1]
    # A calendar speaks of nothing before its first session and after its last, so New Year needs days around it.
    for start, end in ((f"{year - 1}-12-01", f"{year + 1}-01-31"), (f"{year}-01-01", f"{year}-12-31")):
        try:
            if library.resolve_alias(name) in _NOT_MEANT:
                return None
            return library.get_calendar(name, start=start, end=end)
        except (library.errors.InvalidCalendarName, library.errors.NoSessionsError, ValueError, NotImplementedError):
            # Some calendars reach only so far back or ahead, and some do not know the newest pandas.
            continue
    return None


def _trades_on(calendar: Any, date: str) -> bool:
    """Whether a date is a session; not so out of the calendar's reach."""
    first, last = calendar.first_session.date().isoformat(), calendar.last_session.date().isoformat()
    return first <= date <= last and bool(calendar.is_session(date))
