"""Times of DBN records, and the trade date they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.feeds import dbn_stream as dbn
from tcakit.feeds.dbn_stream import Header, Records
from tcakit.feeds.timestamps import LATEST_NS, OUTSIDE

F_SNAPSHOT = 32
F_BAD_TS_RECV = 8
_HOUR_NS = 3_600_000_000_000
_DAY_NS = 24 * _HOUR_NS
_EPOCH = date(1970, 1, 1)
_UNDEFINED_TIMES = np.array([0, (1 << 63) - 1, (1 << 64) - 1], np.uint64)
_INTERVAL_SAMPLES = (dbn.BBO_1S, dbn.BBO_1M, dbn.CBBO_1S, dbn.CBBO_1M)
_DAILY = (dbn.OHLCV_1D, dbn.OHLCV_EOD)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The zone of a venue, and how many hours before midnight there its next trade date begins."""

    timezone: str
    early_hours: int = 0


_CALENDARS = {
    "GLBX": Calendar("America/Chicago", 7),
    "IFUS": Calendar("America/New_York", 6),
    "IFEU": Calendar("Europe/London"),
    "IFLL": Calendar("Europe/London"),
    "NDEX": Calendar("Europe/Amsterdam"),
    "XEUR": Calendar("Europe/Berlin"),
    "XEEE": Calendar("Europe/Berlin"),
}
_NEW_YORK = Calendar("America/New_York")


def calendar_of(dataset: str, timezone: str | None) -> Calendar:
    """The calendar of a dataset such as GLBX.MDP3; a zone that the user gives overrules it, midnight included.

    >>> calendar_of("GLBX.MDP3", None)
    Calendar(timezone='America/Chicago', early_hours=7)
    """
    if timezone is not None:
        return Calendar(timezone)
    return _CALENDARS.get(dataset.partition(".")[0], _NEW_YORK)


@dataclass(frozen=True, slots=True)
class Times:
    """A column each: the time to store, the time of receipt (0 where unknown), and why a record is refused, if so."""

    ns: NDArray[np.int64]
    received_ns: NDArray[np.int64]
    reason: NDArray[np.object_]


def times_of(records: Records, header: Header) -> Times:
    """When the venue says it happened.

    A snapshot's record holds an older event, so it stands at the time of the snapshot; a sampled quote stands at the
    end of its interval. What was received before it happened, or out of the file's own period, is refused.
    """
    fields = records.fields
    event, absurd = _instant(fields["ts_event"])
    names = fields.dtype.names or ()
    if "ts_recv" not in names:
        received = np.zeros_like(event)
        index = event
    else:
        received, wrong = _instant(fields["ts_recv"])
        index = np.where(received > 0, received, event)
        absurd = absurd | wrong
    reason = np.full(len(event), None, object)
    ns = np.where(event > 0, event, received)
    if records.rtype in _INTERVAL_SAMPLES:
        ns, received = received, np.zeros_like(received)
    else:
        reason[(event > received + _HOUR_NS) & (received > 0)] = "it is received more than an hour before it happened"
    if "flags" in names:
        ns = np.where(fields["flags"] & F_SNAPSHOT != 0, np.maximum(ns, received), ns)
        received = np.where(fields["flags"] & F_BAD_TS_RECV != 0, 0, received)
    if header.schema is not None:
        early = (header.start_ns > 0) & (index < header.start_ns - _DAY_NS)
        late = (0 < header.end_ns < 1 << 62) & (index > header.end_ns + _DAY_NS)
        reason[early | late] = "its time is outside the period that the file says it holds"
    reason[ns <= 0] = "it has no time"
    reason[absurd] = OUTSIDE
    return Times(ns, received, reason)


def _instant(column: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(times, undefined and absurd ones as 0; which are absurd)."""
    held = (column > 0) & (column < LATEST_NS)
    return np.where(held, column, 0).astype(np.int64), ~held & ~np.isin(column, _UNDEFINED_TIMES)


def trade_days(ns: NDArray[np.int64], rtype: int, calendar: Calendar) -> NDArray[np.int32]:
    """Trade date of each instant, in days since 1970.

    Where the date begins on the evening before, a weekend belongs to Monday. Daily bars are of UTC days.
    """
    if rtype in _DAILY:
        return (ns // _DAY_NS).astype(np.int32)
    shifted = pl.Series(ns + calendar.early_hours * _HOUR_NS)
    local = pl.from_epoch(shifted, "ns").dt.replace_time_zone("UTC").dt.convert_time_zone(calendar.timezone)
    days = local.dt.date().to_physical().to_numpy().astype(np.int32)
    if calendar.early_hours:
        weekday = (days + 3) % 7
        days = days + np.where(weekday >= 5, 7 - weekday, 0).astype(np.int32)
    return days


def day_text(day: int) -> str:
    """YYYY-MM-DD of a day since 1970."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def day_number(text: str) -> int:
    """Days since 1970 of YYYY-MM-DD."""
    return (date.fromisoformat(text) - _EPOCH).days
