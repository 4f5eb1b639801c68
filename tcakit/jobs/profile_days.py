"""Stored days of one symbol in equal bins of its session, as the profiles of a day need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tcakit.errors import DataError, UsageError
from tcakit.jobs.bar_market import interval_day
from tcakit.jobs.tape import chosen_days
from tcakit.market.clock import format_time, midnight_ns
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class ProfileDays:
    """Days of as many intervals each.

    `frames` has those of each day (see `bar_market.IntervalDay`), `labels` the start and end of each on the exchange's
    clock, `data_keys` the ingest keys of their files, and `notes` which days were left out, and why.
    """

    symbol: str
    dates: tuple[str, ...]
    frames: tuple[pl.DataFrame, ...]
    labels: tuple[tuple[str, str], ...]
    size_scale: int
    data_keys: tuple[str, ...]
    notes: tuple[str, ...]


def profile_days(store: Store, symbol: str, dates: Sequence[str] | None, bin_s: float) -> ProfileDays:
    """The chosen days (None: all) whose session is as long as most: half-days have a shape of their own.

    Where the hours of a session are not known, it is the whole day. UsageError where a bin is no whole number of
    seconds or does not divide the session; DataError where no day is left, with the reasons.
    """
    width = round(bin_s * 1e9)
    days = chosen_days(store, [symbol], dates)
    hours = {day.date: _hours(day) for day in days}
    usual = Counter(close - open_ for open_, close in hours.values()).most_common()
    # Of as many long as short days, the long ones are the usual.
    length = max(own for own, count in usual if count == usual[0][1])
    if width <= 0 or length % width or width % 1_000_000_000:
        raise UsageError(
            f"bins of {bin_s:g} s do not divide a session of {length / 1e9:g} s", remedy="try 300, 900 or 1800"
        )
    kept: list[tuple[SymbolDay, pl.DataFrame]] = []
    notes: list[str] = []
    for day in days:
        open_ns, close_ns = hours[day.date]
        if close_ns - open_ns != length:
            long = (close_ns - open_ns) / 3.6e12
            notes.append(f"{day.date} is left out: its session of {long:g} h is not as long as most")
            continue
        try:
            frame = interval_day(store, day, width, open_ns, close_ns).frame
        except DataError as error:
            notes.append(f"{day.date} is left out: {error.message}")
            continue
        if len(frame) != length // width:
            notes.append(f"{day.date} is left out: its intervals do not begin with its session")
            continue
        kept.append((day, frame))
    if not kept:
        raise DataError(
            f"no day of {symbol} can be used: {'; '.join(notes)}",
            remedy="ingest whole days of it, or take shorter bins",
        )
    last, frame = kept[-1]
    zone = last.instrument.timezone
    labels = [
        (format_time(start, zone)[11:19], format_time(end, zone)[11:19])
        for start, end in frame.select("start_ns", "end_ns").iter_rows()
    ]
    return ProfileDays(
        symbol, tuple(day.date for day, _ in kept), tuple(frame for _, frame in kept), tuple(labels),
        last.instrument.size_scale, tuple(sorted({key for day, _ in kept for key in day.data_keys})), tuple(notes),
    )  # fmt: skip


def _hours(day: SymbolDay) -> tuple[int, int]:
    instrument = day.instrument
    if instrument.session_open_ns is not None and instrument.session_close_ns is not None:
        return instrument.session_open_ns, instrument.session_close_ns
    midnight = midnight_ns(day.date, instrument.timezone)
    return midnight, midnight + _DAY_NS
