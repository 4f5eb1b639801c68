"""Times of files: the same instants as datetime's, to the nanosecond, and a reason for each refused one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError, UsageError
from tcakit.feeds.timestamps import parse_times, trade_dates

moments = st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2099, 12, 30)).map(
    lambda moment: moment.replace(microsecond=0)
)
nanoseconds = st.integers(0, 999_999_999)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def one(text: str, **options: str) -> int | None:
    return parse_times(pl.Series([text]), **options).ts_ns[0]


@given(moments, nanoseconds, offsets, st.integers(0, 9))
def test_iso_with_an_offset(moment: datetime, nanos: int, offset: timezone, digits: int) -> None:
    nanos -= nanos % 10 ** (9 - digits)
    aware = moment.replace(tzinfo=offset)
    fraction = f".{nanos:09d}"[: digits + 1] if digits else ""
    text = aware.strftime("%Y-%m-%dT%H:%M:%S") + fraction + aware.isoformat()[19:]
    assert one(text) == int(aware.timestamp()) * 10**9 + nanos


@given(moments, nanoseconds)
def test_wall_clocks_of_new_york(moment: datetime, nanos: int) -> None:
    zone = ZoneInfo("America/New_York")
    text = moment.strftime("%Y-%m-%d %H:%M:%S") + f".{nanos:09d}"
    early, late = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    times = parse_times(pl.Series([text]), timezone="America/New_York")
    if early.utcoffset() == late.utcoffset():
        assert times.ts_ns[0] == int(early.timestamp()) * 10**9 + nanos
    else:
        assert times.ts_ns[0] is None
        assert "clocks" in times.reason[0]


@given(st.integers(200_000_000, 4_000_000_000), nanoseconds)
def test_epoch_numbers_of_every_unit(second: int, nanos: int) -> None:
    exact = second * 10**9 + nanos
    for digits in (0, 3, 6, 9):
        assert one(str(exact // 10 ** (9 - digits))) == exact - exact % 10 ** (9 - digits)
    assert one(f"{second}.{nanos:09d}") == exact


def test_a_row_of_another_unit_is_refused() -> None:
    times = parse_times(pl.Series(["1514903400115", "1514903400116", "1514903401"]))
    assert times.ts_ns.to_list() == [1514903400115000000, 1514903400116000000, None]
    assert times.reason.to_list() == [None, None, "time is not in ms since 1970, as most rows are"]


@pytest.mark.parametrize("text", ["2024-01-02T10:00:00Z", "2024-01-02 10:00:00 UTC", "20240102-10:00:00.000Z"])
def test_spellings_of_utc(text: str) -> None:
    assert one(text) == int(datetime(2024, 1, 2, 10, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize("text", ["2024-13-02T10:00:00Z", "2024-02-30T10:00:00Z", "soon", "12:00:00", "1e9"])
def test_a_wrong_time_among_right_ones_is_refused(text: str) -> None:
    times = parse_times(pl.Series(["2024-01-02T10:00:00Z", "2024-01-02T10:00:00Z", text]))
    assert times.ts_ns[2] is None
    assert times.reason[2] is not None
    assert times.reason.null_count() == 2


def test_digits_below_a_nanosecond_are_refused_unless_zero() -> None:
    times = parse_times(pl.Series(["2024-01-02T10:00:00.0000000010Z", "2024-01-02T10:00:00.0000000011Z"]))
    assert times.ts_ns.is_null().to_list() == [False, True]
    assert times.reason[1] == "time has digits below a nanosecond"


def test_times_of_day_need_a_day_and_a_zone() -> None:
    assert one("9:30:00.5", date="2012-06-21", timezone="America/New_York") == 1340285400500000000
    with pytest.raises(DataError, match="--date"):
        one("09:30:00", timezone="UTC")
    with pytest.raises(DataError, match="--tz"):
        one("09:30:00", date="2012-06-21")


def test_no_zone_is_told_with_its_remedy() -> None:
    with pytest.raises(DataError, match="--tz") as caught:
        parse_times(pl.Series(["2024-01-02T10:00:00"]), place="a.csv, column t")
    assert caught.value.place == "a.csv, column t"
    with pytest.raises(UsageError, match="Mars"):
        one("2024-01-02T10:00:00", timezone="Mars")


@pytest.mark.parametrize("text", ["hello", "34200.5", "1/2/2024 10:00"])
def test_a_column_that_is_no_time(text: str) -> None:
    with pytest.raises(DataError):
        one(text)


def test_a_form_of_ones_own() -> None:
    spelled = {"time_format": "%d/%m/%Y %H:%M:%S%.f"}
    assert one("21/06/2012 09:30:00.25", timezone="America/New_York", **spelled) == 1340285400250000000
    zoned = parse_times(pl.Series(["21.06.2012 09:30 -0400"]), time_format="%d.%m.%Y %H:%M %z")
    assert zoned.ts_ns[0] == 1340285400000000000
    mixed = parse_times(pl.Series(["21/06/2012 09:30:00", "06/21/2012 09:30:00"]), timezone="UTC", **spelled)
    assert mixed.ts_ns.is_null().to_list() == [False, True]


def test_missing_times_are_told() -> None:
    assert parse_times(pl.Series(["", "2024-01-02T10:00:00Z"])).reason[0] == "time is missing"
    assert parse_times(pl.Series([None], dtype=pl.String)).reason[0] == "time is missing"


def test_trade_date_is_that_of_the_exchange() -> None:
    late = pl.Series([1514864700000000000])  # 2018-01-02 03:45 UTC
    assert trade_dates(late, "UTC")[0] == "2018-01-02"
    assert trade_dates(late, "America/New_York")[0] == "2018-01-01"
