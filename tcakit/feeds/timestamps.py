"""Times as files write them to nanoseconds since 1970 UTC, whole columns at a time, digit for digit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.decimals import tidy
from tcakit.market import clock

NS = 1_000_000_000
_EPOCH = r"^-?[0-9]+(?:\.[0-9]*)?$"
_CLOCK = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?$"
_ISO = (
    r"^([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})[T \-]?\s*([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]*))?)?"
    r"\s*(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
)
_SHAPES = {
    name: pl.col("t").str.contains(pattern).sum()
    for name, pattern in (("epoch", _EPOCH), ("clock", _CLOCK), ("iso", _ISO))
}
# The unit of an epoch number follows from its size: seconds stay below 1e11 until the year 5138.
_UNITS = ((10**17, 1, "ns"), (10**14, 1_000, "us"), (10**11, 1_000_000, "ms"), (10**8, NS, "s"))
# What lies outside is a damaged number; far enough outside it would wrap round into a time that looks sound.
EARLIEST_YEAR, LATEST_YEAR = 1970, 2099
LATEST_NS = 4_102_444_800 * NS  # the end of 2099
OUTSIDE = f"time lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}"
NO_ZONE = "say where its clock stands with --tz, e.g. --tz America/New_York or --tz UTC"


@dataclass(frozen=True, slots=True)
class Times:
    """`ts_ns` int64, null where missing or refused; `reason` why it is refused, null where it is not."""

    ts_ns: pl.Series
    reason: pl.Series


def parse_times(
    text: pl.Series,
    *,
    timezone: str | None = None,
    date: str | None = None,
    time_format: str | None = None,
    place: str = "time",
) -> Times:
    """A column of times in ns since 1970 UTC.

    Understood are whole or decimal epoch numbers in s, ms, us or ns (all rows of one unit), ISO 8601 dates
    and times with up to nine decimals (with a zone, or on the clocks of `timezone`), clock times of `date`,
    and `time_format` (strftime letters of chrono). DataError if the column is of none of these or lacks its
    zone or day.

    >>> parse_times(pl.Series(["2012-06-21T11:30:00.000000001-04:00"])).ts_ns.to_list()
    [1340292600000000001]
    >>> parse_times(pl.Series(["1514903400.115"])).ts_ns.to_list()
    [1514903400115000000]
    """
    tidied = tidy(text)
    known = tidied.drop_nulls()
    if known.is_empty():
        return Times(pl.Series([None] * len(text), dtype=pl.Int64), _reasons(tidied.is_null(), "time is missing"))
    if time_format is not None:
        return _formatted(tidied, time_format, timezone, place)
    shapes = known.head(1000).to_frame("t").select_seq(**_SHAPES).row(0, named=True)
    # Eight digits and more could be read as a date, or as an epoch number: 14 digits are the only doubt.
    if shapes["epoch"] and shapes["epoch"] >= shapes["clock"]:
        return _epoch(tidied, place)
    if shapes["clock"] and shapes["clock"] >= shapes["iso"]:
        return _clock(tidied, timezone, date, place)
    if shapes["iso"]:
        return _iso(tidied, timezone, place)
    raise DataError(
        f"{known[0]!r} is no time",
        place=place,
        remedy="write ISO 8601 or an epoch number; a blotter's mapping can give time_format",
    )


def _reasons(bad: pl.Series, sentence: str) -> pl.Series:
    return pl.select(pl.when(bad).then(pl.lit(sentence)).otherwise(None)).to_series().cast(pl.String)


def _fraction_ns(fraction: pl.Expr, digits: int) -> tuple[pl.Expr, pl.Expr]:
    """(the fraction of a unit of 10**digits ns in ns, whether digits below a nanosecond would be lost)."""
    trimmed = fraction.fill_null("").str.strip_chars_end("0")
    if digits == 0:
        return pl.lit(0, dtype=pl.Int64), trimmed.str.len_bytes() > 0
    value = trimmed.str.slice(0, digits).str.pad_end(digits, "0").cast(pl.Int64, strict=False)
    return value, trimmed.str.len_bytes() > digits


def _epoch(text: pl.Series, place: str) -> Times:
    frame = pl.DataFrame({"t": text})
    frame = frame.with_columns(ok=pl.col("t").str.contains(_EPOCH))
    parts = pl.col("t").str.splitn(".", 2)
    frame = frame.with_columns(
        whole=pl.when("ok").then(parts.struct.field("field_0")).cast(pl.Int64, strict=False),
        fraction=pl.when("ok").then(parts.struct.field("field_1")),
    )
    unit = pl.lit(None, dtype=pl.Int64)
    for least, ns, _ in reversed(_UNITS):
        unit = pl.when(pl.col("whole").abs() >= least).then(pl.lit(ns, dtype=pl.Int64)).otherwise(unit)
    frame = frame.with_columns(unit=unit)
    units = frame["unit"].drop_nulls()
    if units.is_empty():
        raise DataError(
            f"{text.drop_nulls()[0]!r} is too small for a time since 1970",
            place=place,
            remedy="times of day are written HH:MM:SS.nnn and need --date",
        )
    common = int(units.value_counts(sort=True)["unit"][0])
    word = next(name for _, ns, name in _UNITS if ns == common)
    fraction, lost = _fraction_ns(pl.col("fraction"), len(str(common)) - 1)
    frame = frame.with_columns(
        reason=pl.when(pl.col("t").is_null())
        .then(pl.lit("time is missing"))
        .when(~pl.col("ok") | pl.col("whole").is_null())
        .then(pl.lit("time is no number, as it is in other rows"))
        .when(pl.col("unit").is_null() | (pl.col("unit") != common))
        .then(pl.lit(f"time is not in {word} since 1970, as most rows are"))
        .when(~pl.col("whole").is_between(0, LATEST_NS // common - 1))
        .then(pl.lit(OUTSIDE))
        .when(lost)
        .then(pl.lit("time has digits below a nanosecond"))
        .otherwise(None)
    )
    ts = pl.when(pl.col("reason").is_null()).then(pl.col("whole") * common + fraction)
    return Times(frame.select(ts.alias("ts"))["ts"], frame["reason"])


def _wall_to_ns(wall: pl.Expr, timezone: str) -> pl.Expr:
    """Wall-clock datetimes (us) in whole ns since 1970; null in the hour that the clocks skip or repeat."""
    zoned = wall.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    return zoned.dt.timestamp("us") * 1_000


def _iso(text: pl.Series, timezone: str | None, place: str) -> Times:
    groups = text.str.extract_groups(_ISO).struct.unnest()
    groups.columns = ["year", "month", "day", "hour", "minute", "second", "fraction", "zone"]
    frame = groups.with_columns(t=text)
    stamp = pl.concat_str(
        ["year", "month", "day", "hour", "minute", pl.col("second").fill_null("00")], separator="-"
    ).str.to_datetime("%Y-%m-%d-%H-%M-%S", time_unit="us", strict=False)
    frame = frame.with_columns(wall=stamp)
    naive = (frame["wall"].is_not_null() & frame["zone"].is_null()).any()
    if naive and timezone is None:
        raise DataError("times have no zone", place=place, remedy=NO_ZONE)
    clock.zone(timezone or "UTC")
    digits = pl.col("zone").str.replace(":", "", literal=True)
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + (
        digits.str.slice(3, 2).str.pad_end(2, "0").cast(pl.Int64, strict=False)
    )
    signed = pl.when(digits.str.starts_with("-")).then(-minutes).otherwise(minutes)
    offset = pl.when(digits.str.contains(r"^[+-]")).then(signed).otherwise(0)
    fraction, lost = _fraction_ns(pl.col("fraction"), 9)
    whole = (
        pl.when(pl.col("zone").is_not_null())
        .then(pl.col("wall").dt.timestamp("us") * 1_000 - offset * 60 * NS)
        .otherwise(_wall_to_ns(pl.col("wall"), timezone or "UTC"))
    )
    frame = frame.with_columns(ts=whole + fraction, lost=lost, year=pl.col("wall").dt.year())
    return _told(frame, "time is not ISO 8601, as it is in other rows", timezone)


def _told(frame: pl.DataFrame, unreadable: str, timezone: str | None) -> Times:
    """Reasons of a frame with columns t (text), wall, year of it, ts and lost."""
    inside = pl.col("year").is_between(EARLIEST_YEAR, LATEST_YEAR) & pl.col("ts").is_between(0, LATEST_NS - 1)
    reason = (
        pl.when(pl.col("t").is_null())
        .then(pl.lit("time is missing"))
        .when(pl.col("wall").is_null())
        .then(pl.lit(unreadable))
        .when(pl.col("ts").is_null())
        .then(pl.lit(f"time is skipped or repeated when the clocks of {timezone} change"))
        .when(~inside)
        .then(pl.lit(OUTSIDE))
        .when(pl.col("lost"))
        .then(pl.lit("time has digits below a nanosecond"))
        .otherwise(None)
    )
    frame = frame.with_columns(reason=reason)
    return Times(frame.select(pl.when(pl.col("reason").is_null()).then("ts").alias("ts"))["ts"], frame["reason"])


def _clock(text: pl.Series, timezone: str | None, date: str | None, place: str) -> Times:
    if date is None:
        raise DataError("times of day without a day", place=place, remedy="add --date YYYY-MM-DD")
    if timezone is None:
        raise DataError("times of day without a zone", place=place, remedy=NO_ZONE)
    day = clock.parse_date(date)
    return _iso(
        pl.select(
            pl.when(text.str.contains(_CLOCK))
            .then(pl.lit(day + "T") + pl.when(text.str.contains(r"^\d:")).then("0" + text).otherwise(text))
            .otherwise(text)
        ).to_series(),
        timezone,
        place,
    )


def _formatted(text: pl.Series, time_format: str, timezone: str | None, place: str) -> Times:
    zoned = "%z" in time_format or "%:z" in time_format or "%#z" in time_format
    if not zoned and timezone is None:
        raise DataError("times have no zone", place=place, remedy=NO_ZONE)
    clock.zone(timezone or "UTC")
    parsed = text.str.to_datetime(time_format, time_unit="ns", strict=False)
    # Nanoseconds reach from 1677 to 2262 only: the year is asked of a coarser reading.
    year = text.str.to_datetime(time_format, time_unit="us", strict=False).dt.year()
    frame = pl.DataFrame({"t": text, "wall": parsed, "year": year}).with_columns(lost=pl.lit(False))
    if zoned:
        frame = frame.with_columns(ts=pl.col("wall").dt.timestamp("ns"))
    else:
        moment = pl.col("wall").dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
        frame = frame.with_columns(ts=moment.dt.timestamp("ns"))
    return _told(frame, f"time is not of the form {time_format}", timezone)


def trade_dates(ts_ns: pl.Series, timezone: str) -> pl.Series:
    """The date (YYYY-MM-DD) that the clocks of `timezone` show at each instant."""
    moment = pl.from_epoch("t", "ns").dt.replace_time_zone("UTC").dt.convert_time_zone(timezone)
    return ts_ns.to_frame("t").select_seq(moment.dt.date().cast(pl.String)).to_series().alias(ts_ns.name)


def by_trade_date(rows: pl.DataFrame, timezone: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """(trade date, its rows in order) of rows with a column `ts_ns`, in the order in which the dates come up."""
    ends = trade_dates(pl.Series([rows["ts_ns"].min(), rows["ts_ns"].max()], dtype=pl.Int64), timezone)
    if ends[0] == ends[1]:
        yield ends[0], rows
        return
    for date, day in by_date(rows.with_columns(date=trade_dates(rows["ts_ns"], timezone))):
        yield date, day.drop("date")


def by_date(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """(date, its rows in order) of rows with a column `date`; those of one day, as most files are, are not copied."""
    dates = rows["date"]
    if rows.height and dates.min() == dates.max():
        yield dates[0], rows
        return
    for (date,), day in rows.group_by("date", maintain_order=True):
        yield str(date), day
