"""Times: nanoseconds since 1970 UTC inside, ISO 8601 with a zone or a clock time of the exchange outside."""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tcakit.errors import UsageError

NS_PER_SECOND = 1_000_000_000
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$")
_ISO = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?$")
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)$")
_UNIT_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_SECOND,
    "m": 60 * NS_PER_SECOND,
    "h": 3600 * NS_PER_SECOND,
    "d": 86_400 * NS_PER_SECOND,
}


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; UsageError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"no time zone {name!r}", remedy="use an IANA name like America/New_York") from None


def parse_date(text: str, place: str = "date") -> str:
    """A trade date as YYYY-MM-DD; UsageError if it is none."""
    try:
        return Date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"{text!r} is no date", place=place, remedy="write YYYY-MM-DD") from None


def midnight_ns(date: str, timezone: str) -> int:
    """The start of that date in that zone, in ns since 1970 UTC.

    Exchanges count seconds after midnight on the wall clock; none trades through a clock change, so adding a time
    of day to this is right for every session that starts after the change hour: see `wall_ns`.
    """
    return wall_ns(date, 0, timezone)


def wall_ns(date: str, ns_after_midnight: int, timezone: str) -> int:
    """The instant when wall clocks of that zone show that time of day (daylight saving as it is then)."""
    seconds, rest = divmod(ns_after_midnight, NS_PER_SECOND)
    naive = datetime.fromisoformat(date) + timedelta(seconds=seconds)
    return int(naive.replace(tzinfo=zone(timezone)).timestamp()) * NS_PER_SECOND + rest


def parse_time(text: str, *, date: str | None = None, timezone: str = "UTC", place: str = "time") -> int:
    """An instant in ns since 1970 UTC, from ISO 8601 (nine decimals) or from a clock time with `date` and zone.

    >>> parse_time("11:30:00", date="2012-06-21", timezone="America/New_York")
    1340292600000000000
    """
    clock = _CLOCK.match(text.strip())
    if clock:
        if date is None:
            raise UsageError(f"{text!r} is a clock time without a day", place=place, remedy="add --date YYYY-MM-DD")
        hour, minute, second, fraction = clock.groups()
        if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
            raise UsageError(f"{text!r} is no time of day", place=place, remedy="write HH:MM:SS")
        of_day = (int(hour) * 3600 + int(minute) * 60 + int(second or 0)) * NS_PER_SECOND
        return wall_ns(date, of_day + int((fraction or "0").ljust(9, "0")), timezone)
    iso = _ISO.match(text.strip())
    if not iso:
        raise UsageError(
            f"{text!r} is no time", place=place, remedy="write 11:30:00 or 2012-06-21T11:30:00.000000001-04:00"
        )
    day, hour, minute, second, fraction, offset = iso.groups()
    try:
        if offset is None:
            whole = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second or '00'}").replace(tzinfo=zone(timezone))
        else:
            whole = datetime.fromisoformat(
                f"{day}T{hour}:{minute}:{second or '00'}{'+00:00' if offset == 'Z' else offset}"
            )
    except ValueError:
        raise UsageError(f"{text!r} is no time", place=place, remedy="check day, hour and offset") from None
    return int(whole.timestamp()) * NS_PER_SECOND + int((fraction or "0").ljust(9, "0"))


def format_time(ns: int, timezone: str = "UTC") -> str:
    """ISO 8601 with nine decimals and offset, e.g. 2012-06-21T11:30:00.000000001-04:00."""
    seconds, rest = divmod(int(ns), NS_PER_SECOND)
    moment = datetime.fromtimestamp(seconds, tz=zone(timezone))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09d}"
    offset = moment.strftime("%z")
    return f"{text}{offset[:3]}:{offset[3:]}"


def parse_duration(text: str, place: str = "duration") -> int:
    """A duration like 30m, 90s, 5ms in ns.

    >>> parse_duration("90s")
    90000000000
    """
    match = _DURATION.match(text.strip())
    if not match:
        raise UsageError(f"{text!r} is no duration", place=place, remedy="write 30m, 90s, 500ms or 2h")
    return round(float(match.group(1)) * _UNIT_NS[match.group(2)])
