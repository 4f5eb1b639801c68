"""Rows of one file on their way into the store: Parquet parts in a folder of their own, so that memory stays bounded
and nothing is seen before all of it is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl

from tcakit.market.codes import PRINT_KINDS
from tcakit.market.instrument import Instrument
from tcakit.store.database import Store
from tcakit.store.market_files import FILE_TABLES, write_part

FOLDER = "staging"
_ROWS_A_PART = 1 << 20
# The keys of a lot's sources are a number of the lot's own and that of the staged instrument.
_KEYS_A_LOT = 1 << 32
_MOST_DENSE = 1 << 20


@dataclass(frozen=True, slots=True)
class MarketRows:
    """Rows of one market table for one trade date: of `instrument`, or of several.

    With several, `instruments` maps the values of the frame's column `local_id` to them.
    """

    table: str
    frame: pl.DataFrame
    instrument: Instrument | None
    date: str
    content: str
    depth: int | None
    instruments: Mapping[int, Instrument] = field(default_factory=dict)


@dataclass(slots=True)
class Span:
    """What a file has of one instrument: rows, first and last time, how many of them are prints.

    `comes_first` says that at an instant which another file has too its rows come before the other's.
    """

    rows: int
    first_ns: int
    last_ns: int
    prints: int = 0
    comes_first: bool = False


@dataclass(slots=True)
class Lot:
    """All staged rows of one table, content and trade date; `spans` by staged instrument id."""

    table: str
    date: str
    content: str
    depth: int | None
    base: int
    paths: list[Path] = field(default_factory=list)
    spans: dict[int, Span] = field(default_factory=dict)
    held: list[pl.DataFrame] = field(default_factory=list)

    def source_key(self, staged_id: int) -> int:
        """By which the rows of a staged instrument are known for good."""
        return self.base + staged_id

    def staged_id(self) -> pl.Expr:
        """The staged instrument of a row in the lot's files."""
        return pl.col("source_key") - self.base

    def scan(self) -> pl.LazyFrame:
        """All rows as they stand in the files, to be asked for some of them."""
        return pl.scan_parquet(self.paths, hive_partitioning=False, glob=False)

    @property
    def held_rows(self) -> int:
        return sum(frame.height for frame in self.held)


def span_expressions(table: str) -> tuple[pl.Expr, ...]:
    """What a `Span` is made of, in its order."""
    prints = {"book_events": pl.col("kind").is_in(list(PRINT_KINDS)).sum(), "trades": pl.len()}.get(table, pl.lit(0))
    times = pl.col("ts_ns")
    return pl.len().alias("rows"), times.min().alias("first"), times.max().alias("last"), prints.alias("prints")


def _mapped(local: pl.Series, keys: Mapping[int, int]) -> pl.Series:
    """The keys of rows by the numbers that their file gives to instruments."""
    if min(keys) < 0 or max(keys) >= _MOST_DENSE:
        return local.replace_strict(keys, return_dtype=pl.Int64)
    # Small numbers are looked up in a tenth of the time.
    table = np.full(max(keys) + 1, -1)
    table[list(keys)] = list(keys.values())
    found = table[local.to_numpy()]
    if found.min() < 0:
        raise ValueError("a row of an instrument that its batch does not name")
    return pl.Series(found)


def _spans(lot: Lot, frame: pl.DataFrame, several: bool) -> Iterable[tuple[int, int, int, int, int]]:
    """(staged id, rows, first time, last time, prints) of each instrument of a frame."""
    expressions = span_expressions(lot.table)
    if not several:
        return frame.select(lot.staged_id().first(), *expressions).iter_rows()
    if not frame["ts_ns"].is_sorted():
        return frame.group_by(lot.staged_id().alias("id")).agg(expressions).sort("id").iter_rows()
    # By time, the first row of each is the earliest: of values assigned to one place the last one stays.
    staged, times = (frame["source_key"] - lot.base).to_numpy(), frame["ts_ns"].to_numpy()
    rows = np.bincount(staged)
    first, last = np.zeros((2, len(rows)), np.int64)
    first[staged[::-1]] = times[::-1]
    last[staged] = times
    prints = np.zeros_like(rows) if lot.table != "trades" else rows
    if lot.table == "book_events":
        is_print = frame["kind"].is_in(list(PRINT_KINDS)).to_numpy()
        prints = np.bincount(staged[is_print], minlength=len(rows))
    present = np.flatnonzero(rows)
    return zip(*(column[present].tolist() for column in (np.arange(len(rows)), rows, first, last, prints)), strict=True)


class Staging:
    """Collects a file's market rows; gone, with its folder, when the block ends.

    The store is asked for when the first row is there, so that a file without good rows makes none. What has been added
    stands in `lots` after `finish`.
    """

    def __init__(self, store: Callable[[], Store], ingest_key: str) -> None:
        self._store = store
        self._name = f"{ingest_key}-{os.getpid()}"
        self._folder: Path | None = None
        self.instruments: list[Instrument] = []
        # What was found out of an instrument for one date, where that is not what its file says.
        self.settled: dict[tuple[int, str], Instrument] = {}
        self.lots: dict[tuple[str, str, str], Lot] = {}
        self.rows = 0
        self._parts = 0
        self._ids: dict[tuple[str, str, str], int] = {}
        self._bases: dict[str, int] = {}

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def dates(self) -> list[str]:
        return sorted({lot.date for lot in self.lots.values()})

    def instrument_on(self, staged_id: int, date: str) -> Instrument:
        """A staged instrument as it is on a date."""
        return self.settled.get((staged_id, date), self.instruments[staged_id])

    def add(self, rows: MarketRows) -> None:
        """Take one frame in, brought to its table's columns and types."""
        if not rows.frame.height:
            return
        lot = self._lot(rows)
        if rows.instrument is not None:
            key: pl.Series | pl.Expr = pl.repeat(
                lot.source_key(self._id(rows.instrument, rows.date)), rows.frame.height, dtype=pl.Int64
            )
        else:
            keys = {local: lot.source_key(self._id(of, rows.date)) for local, of in rows.instruments.items()}
            key = _mapped(rows.frame["local_id"], keys)
        frame = FILE_TABLES[rows.table].conform(rows.frame.with_columns(source_key=key).drop("local_id", strict=False))
        for staged_id, count, first, last, prints in _spans(lot, frame, rows.instrument is None):
            held = lot.spans.setdefault(staged_id, Span(0, first, last))
            held.rows += count
            held.prints += prints
            held.first_ns, held.last_ns = min(held.first_ns, first), max(held.last_ns, last)
        lot.held.append(frame)
        self.rows += frame.height
        # Of many lots each may have little.
        if lot.held_rows >= _ROWS_A_PART:
            self._write(lot)
        elif sum(other.held_rows for other in self.lots.values()) >= 2 * _ROWS_A_PART:
            self.finish()

    def finish(self) -> None:
        """Write down all that is still held in memory."""
        for lot in self.lots.values():
            if lot.held:
                self._write(lot)

    def _write(self, lot: Lot) -> None:
        path = self._part(f"{self._parts}.parquet")
        self._parts += 1
        write_part(path, pl.concat(lot.held, rechunk=False))
        lot.paths.append(path)
        lot.held = []

    def _part(self, name: str) -> Path:
        if self._folder is None:
            self._folder = self._store().folder / FOLDER / self._name
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / name

    def _lot(self, rows: MarketRows) -> Lot:
        key = (rows.date, rows.table, rows.content)
        if key not in self.lots:
            if rows.date not in self._bases:
                self._bases[rows.date] = _last_lot(self._store(), rows.date)
            self._bases[rows.date] += 1
            base = self._bases[rows.date] * _KEYS_A_LOT
            self.lots[key] = Lot(rows.table, rows.date, rows.content, rows.depth, base)
        return self.lots[key]

    def _id(self, instrument: Instrument, date: str) -> int:
        # Hours and ticks are those of a day: in a file of several days a symbol is an instrument of each.
        key = (instrument.symbol, instrument.venue, date)
        if key not in self._ids:
            self._ids[key] = len(self.instruments)
            self.instruments.append(instrument)
        else:
            # A file read in batches knows more of its instruments at its end: ticks, hours.
            self.instruments[self._ids[key]] = instrument
        return self._ids[key]


def _last_lot(store: Store, date: str) -> int:
    """The highest number of a lot in a day, 0 where there is none."""
    if not store.day_path(date).exists():
        return 0
    with store.read_day(date) as connection:
        found = connection.execute("SELECT coalesce(max(source_key), 0) FROM sources").fetchone()
    return int(found[0]) // _KEYS_A_LOT if found else 0


def sweep(store: Store) -> None:
    """Remove what killed processes left behind. Call while holding `store.writer`."""
    shutil.rmtree(store.folder / FOLDER, ignore_errors=True)
