"""QuantConnect Lean's US share data: ticks of one day a file, minute and second bars, daily and hourly history.

Prices are in 1/10000, times in milliseconds after midnight in New York. A tick file of quotes holds one side a row: the
national best of that side, as the exchange that is named came to show it. Quotes that are not the best of all are not
in it, so that an exchange's last row must not be taken for what it still shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.feeds import us_equities
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.lean_rows import (
    LATEST_MS,
    NO_NUMBER,
    Check,
    condition,
    first_line,
    good_rows,
    mark_checks,
    missing,
    read_rows,
    time_checks,
)
from tcakit.feeds.lobster import TOO_LARGE, too_large
from tcakit.feeds.timestamps import EARLIEST_YEAR, LATEST_YEAR
from tcakit.market.clock import NS_PER_SECOND, parse_date, wall_ns
from tcakit.market.instrument import Instrument

_DAY = re.compile(
    r"^(?P<date>\d{8})_(?P<symbol>[^_]+)_(?:(?P<content>trade|quote)_tick|(?P<unit>minute|second)_(?P<bars>trade|quote))"
    r"\.csv$",
    re.IGNORECASE,
)
_HISTORY = re.compile(rb"^\d{8} \d{2}:\d{2}(?:,\d*){5}(?:(?:,\d*){5})?\r?(?:\n|$)")
_OTHER_SECURITIES = {"cfd", "crypto", "cryptofuture", "forex", "future", "futureoption", "index", "option"}
_UNIT_NS = {"second": NS_PER_SECOND, "minute": 60 * NS_PER_SECOND}
_MOST_DAYS = 400
_HOUR_NS, _DAY_NS = 3600 * NS_PER_SECOND, 86_400 * NS_PER_SECOND
_BAR = ("open", "high", "low", "close", "volume")
_QUOTE_BAR = tuple(f"{side}_{name}" for side in ("bid", "ask") for name in ("open", "high", "low", "close", "size"))
# Quote conditions of rows that are no quotes: a range of indications, a price band and its repetition.
_NO_QUOTE = 0x40 | 0x40000 | 0x80000


@dataclass(frozen=True, slots=True)
class _File:
    """One file; `content` trades, quotes, bars or quote-bars, `date` None and `interval_ns` 0 for years of history."""

    label: str
    symbol: str
    date: str | None
    content: str
    interval_ns: int


class LeanReader:
    """Reads Lean's CSV of US shares; the name inside the zip tells symbol, day and what it holds."""

    name = "lean"
    version = 1
    reads_names = True

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the name is Lean's for one day, or the first line a bar of its daily or hourly history."""
        return bool(_DAY.match(path.name)) or bool(_HISTORY.match(head))

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield one batch a file and trade date; DataError if it is of another kind of security than shares."""
        folders = {part.lower() for part in Path(source.name).parts[:-1]}
        if folders & _OTHER_SECURITIES and "equity" not in folders:
            raise DataError(
                "Lean data of another kind than shares: its prices are in units of their own",
                place=source.name,
                remedy="only the folder equity is read",
            )
        for label, content in source.members:
            file = _file(label, content, options)
            if file.content == "trades":
                yield _trades(file, content, options, faults)
            elif file.content == "quotes":
                yield _quotes(file, content, options, faults)
            else:
                yield from _bars(file, content, options, faults)


def _file(label: str, content: Path | bytes, options: ReaderOptions) -> _File:
    match = _DAY.match(Path(label).name)
    stated = None if options.date is None else parse_date(options.date, "--date")
    if match is None:
        first = first_line(content)
        if not _HISTORY.match(first):
            raise DataError(
                "neither a name like 20131007_bac_Trade_Tick.csv nor a line like 20131007 00:00,O,H,L,C,V",
                place=label,
                remedy="leave the names as Lean gives them",
            )
        kind = "bars" if first.count(b",") == 5 else "quote-bars"
        return _File(label, options.symbol or Path(label).stem.upper(), stated, kind, 0)
    date = parse_date(f"{match['date'][:4]}-{match['date'][4:6]}-{match['date'][6:]}", label)
    if stated not in (None, date):
        raise UsageError(
            f"--date {options.date} is not the date in the file's name", place=label, remedy="leave --date out"
        )
    kind = (match["content"] or match["bars"]).lower()
    symbol = options.symbol or match["symbol"].upper()
    if match["content"]:
        return _File(label, symbol, date, "trades" if kind == "trade" else "quotes", 0)
    interval = _UNIT_NS[match["unit"].lower()]
    return _File(label, symbol, date, "bars" if kind == "trade" else "quote-bars", interval)


def _trades(file: _File, content: Path | bytes, options: ReaderOptions, faults: Faults) -> Batch:
    names = ["ms", "price", "size", "exchange", "flags", "suspicious"]
    frame = read_rows(file.label, content, names, ("exchange", "flags", "suspicious"), faults)
    checks = [
        *time_checks(),
        (missing(["price", "size"]), NO_NUMBER),
        (too_large(["price", "size"]), TOO_LARGE),
        ((pl.col("price") <= 0) | (pl.col("size") <= 0), "price and size must be above zero"),
        *mark_checks(),
    ]
    good = good_rows(file.label, frame, checks, faults)
    kinds = good.select("exchange", "flags", "suspicious").unique(maintain_order=True)
    words = [condition(*row) for row in kinds.iter_rows()]
    kinds = kinds.with_columns(condition=pl.Series(words, dtype=pl.String))
    good = good.join(kinds, on=["exchange", "flags", "suspicious"], how="left", nulls_equal=True, maintain_order="left")
    base, date = _midnight(file)
    rows = good.select(
        seq="row",
        ts_ns=base + pl.col("ms") * 1_000_000,
        price="price",
        size="size",
        aggressor=pl.lit(0, dtype=pl.Int8),
        condition="condition",
    )
    instrument = us_equities.instrument(file.symbol, date, options, good["price"].to_numpy())
    return Batch("trades", rows, instrument, date, "trades")


def _quotes(file: _File, content: Path | bytes, options: ReaderOptions, faults: Faults) -> Batch:
    names = ["ms", "bid", "bid_size", "ask", "ask_size", "exchange", "flags", "suspicious"]
    frame = read_rows(file.label, content, names, ("exchange", "flags", "suspicious"), faults)
    numbers = ["bid", "bid_size", "ask", "ask_size"]
    checks = [
        *time_checks(),
        (missing(numbers), NO_NUMBER),
        (too_large(numbers), TOO_LARGE),
        (pl.any_horizontal(pl.col(name) < 0 for name in numbers), "a price or size is negative"),
        *mark_checks(),
    ]
    good = good_rows(file.label, frame, checks, faults)
    flags = good["flags"].str.to_integer(base=16).to_numpy()
    passed = (flags & _NO_QUOTE != 0) | (good["suspicious"] == "1").to_numpy()
    faults.count("quotes suspected by the vendor, or price bands", int(passed.sum()))
    good = good.filter(pl.Series(~passed))
    # A row is the best of its side over all exchanges, of which it names one. It tells one side, so that the other
    # stays as it was; a row without either takes both away.
    sides = []
    for side, other in (("bid", "ask"), ("ask", "bid")):
        silent = (pl.col(side) == 0) & (pl.col(other) != 0)
        sides += [pl.when(~silent).then(pl.col(name)).forward_fill().alias(name) for name in (side, f"{side}_size")]
    standing = good.select("row", "ms", *sides)
    empty = [
        pl.when((pl.col(side) > 0) & (pl.col(f"{side}_size") > 0)).then(name).alias(name)
        for side in ("bid", "ask")
        for name in (side, f"{side}_size")
    ]
    standing = standing.with_columns(empty)
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in numbers)
    base, date = _midnight(file)
    rows = standing.filter(changed).select(
        seq="row", ts_ns=base + pl.col("ms") * 1_000_000, **{name: name for name in numbers}
    )
    shown = pl.concat([rows["bid"], rows["ask"]]).drop_nulls().to_numpy()
    instrument = us_equities.instrument(file.symbol, date, options, shown)
    return Batch("quotes", rows, instrument, date, "quotes")


def _midnight(file: _File) -> tuple[int, str]:
    assert file.date is not None
    return wall_ns(file.date, 0, us_equities.ZONE), file.date


def _bars(file: _File, content: Path | bytes, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
    """Trade bars as bars; of quote bars, the quote that stands at the end of each, as quotes."""
    fields = list(_BAR if file.content == "bars" else _QUOTE_BAR)
    history = file.interval_ns == 0
    frame = read_rows(file.label, content, ["ms", *fields], ("ms",) if history else (), faults)
    if history:
        frame = frame.with_columns(
            date=pl.col("ms").str.slice(0, 8).str.to_date("%Y%m%d", strict=False),
            ms=_clock_ms(pl.col("ms")),
        )
    prices = [name for name in fields if not name.endswith(("size", "volume"))]
    no_day = ~pl.col("date").dt.year().is_between(EARLIEST_YEAR, LATEST_YEAR).fill_null(False) if history else None
    checks: list[Check] = time_checks() if no_day is None else [(no_day, "the day is none")]
    checks += [
        (pl.col("ms").is_null() | (pl.col("ms") >= LATEST_MS), "the time is no minute of a day"),
        (missing(fields) if file.content == "bars" else pl.lit(False), NO_NUMBER),
        (too_large(fields), TOO_LARGE),
        (pl.any_horizontal(pl.col(name) <= 0 for name in prices), "a price must be above zero"),
        (pl.any_horizontal(pl.col(name) < 0 for name in fields), "a size is negative"),
    ]
    # One row with a time of day, among rows without, is the fault: it does not make hours of the others' days.
    of_day = frame.select((pl.col("ms") != 0).sum()).item() if history else 0
    daily = of_day < frame.height - of_day - frame["ms"].null_count()
    if history:
        checks.append((pl.lit(daily) & (pl.col("ms") != 0), "a time of day where most rows are of a whole day"))
        checks.append((pl.col("ms") % (_HOUR_NS // 1_000_000) != 0, "the time is no whole hour"))
    good = good_rows(file.label, frame, checks, faults)
    if not history:
        yield _bar_batch(file, good, str(file.date), file.interval_ns, options)
        return
    days = good["date"].n_unique()
    if file.date is None and days > _MOST_DAYS:
        raise DataError(
            f"{days} days in one file: every day is stored apart",
            place=file.label,
            remedy="give --date YYYY-MM-DD for the day you want",
        )
    interval = _DAY_NS if daily else _HOUR_NS
    for (day,), rows in good.group_by("date", maintain_order=True):
        if file.date in (None, str(day)):
            yield _bar_batch(file, rows.sort("ms", maintain_order=True), str(day), interval, options)


def _clock_ms(text: pl.Expr) -> pl.Expr:
    """`20131007 13:00` as milliseconds after midnight, null if it is of no such form."""
    good = text.str.contains(r"^[0-9]{8} [0-9]{2}:[0-9]{2}$")
    hour = text.str.slice(9, 2).cast(pl.Int64, strict=False)
    minute = text.str.slice(12, 2).cast(pl.Int64, strict=False)
    return pl.when(good & (minute < 60)).then((hour * 60 + minute) * 60_000)


def _bar_batch(file: _File, rows: pl.DataFrame, date: str, interval_ns: int, options: ReaderOptions) -> Batch:
    starts = wall_ns(date, 0, us_equities.ZONE) + pl.col("ms") * 1_000_000
    if file.content == "bars":
        frame = rows.select(
            pl.col("row").alias("seq"),
            starts.alias("ts_ns"),
            pl.lit(interval_ns, dtype=pl.Int64).alias("interval_ns"),
            *_BAR,
        )
        shown = rows["close"].to_numpy()
        return Batch("bars", frame, _instrument(file, date, options, shown), date, "bars")
    frame = rows.select(
        pl.col("row").alias("seq"),
        (starts + interval_ns).alias("ts_ns"),
        *(pl.col(f"{side}_close").alias(side) for side in ("bid", "ask")),
        *(
            pl.when(pl.col(f"{side}_close").is_not_null()).then(f"{side}_size").alias(f"{side}_size")
            for side in ("bid", "ask")
        ),
    )
    shown = pl.concat([frame["bid"], frame["ask"]]).drop_nulls().to_numpy()
    return Batch("quotes", frame, _instrument(file, date, options, shown), date, "quotes")


def _instrument(file: _File, date: str, options: ReaderOptions, shown: NDArray[np.int64]) -> Instrument:
    """Of history, hours are left out: one file gives its instrument one pair of them, not one a day."""
    instrument = us_equities.instrument(file.symbol, date, options, shown)
    return instrument if file.interval_ns else replace(instrument, session_open_ns=None, session_close_ns=None)
