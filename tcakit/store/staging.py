"""Rows of one file on their way into the store: Arrow parts on disk, so that memory stays bounded and nothing is
seen before all of it is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import polars as pl

from tcakit.market.instrument import Instrument
from tcakit.market.schema import BARS, BOOK_EVENTS, NOTICES, QUOTES, TRADES
from tcakit.store.database import Store

MARKET_TABLES = {table.name: table for table in (BOOK_EVENTS, TRADES, QUOTES, BARS, NOTICES)}
FOLDER = "staging"
_ROWS_AT_ONCE = 1 << 20


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
    """What a file has of one instrument: rows, first and last time.

    `comes_first` says that at an instant which another file has too its rows come before the other's.
    """

    rows: int
    first_ns: int
    last_ns: int
    comes_first: bool = False


@dataclass(slots=True)
class Lot:
    """All staged rows of one table, content and trade date; `spans` by staged instrument id."""

    table: str
    date: str
    content: str
    depth: int | None
    paths: list[Path] = field(default_factory=list)
    spans: dict[int, Span] = field(default_factory=dict)

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows in order, parts together until they are many; columns without any value are left out."""
        held: list[pl.DataFrame] = []
        for path in self.paths:
            held.append(pl.read_ipc(path))
            if sum(part.height for part in held) >= _ROWS_AT_ONCE:
                yield pl.concat(held, how="diagonal")
                held = []
        if held:
            yield pl.concat(held, how="diagonal")

    def scan(self) -> pl.LazyFrame:
        """All rows with all columns of the table but source_id, to be asked for some of them."""
        parts = pl.concat([pl.scan_ipc(path) for path in self.paths], how="diagonal")
        held = parts.collect_schema().names()
        missing = {
            name: kind
            for name, kind in MARKET_TABLES[self.table].polars_schema().items()
            if name not in held and name != "source_id"
        }
        return parts.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in missing.items())


class Staging:
    """Collects a file's market rows; gone, with its folder, when the block ends.

    The store is asked for when the first row is there, so that a file without good rows makes none.
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
        self._ids: dict[tuple[str, str, str], int] = {}

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _part(self, name: str) -> Path:
        if self._folder is None:
            self._folder = self._store().folder / FOLDER / self._name
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / name

    @property
    def dates(self) -> list[str]:
        return sorted({lot.date for lot in self.lots.values()})

    def instrument_on(self, staged_id: int, date: str) -> Instrument:
        """A staged instrument as it is on a date."""
        return self.settled.get((staged_id, date), self.instruments[staged_id])

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

    def add(self, rows: MarketRows) -> None:
        """Write one frame down, brought to its table's columns and types."""
        if not rows.frame.height:
            return
        table = MARKET_TABLES[rows.table]
        key = (rows.date, rows.table, rows.content)
        lot = self.lots.setdefault(key, Lot(rows.table, rows.date, rows.content, rows.depth))
        if rows.instrument is not None:
            staged = pl.lit(self._id(rows.instrument, rows.date), dtype=pl.Int32)
        else:
            ids = {local: self._id(instrument, rows.date) for local, instrument in rows.instruments.items()}
            staged = pl.col("local_id").replace_strict(ids, return_dtype=pl.Int32)
        ids_first = rows.frame.with_columns(instrument_id=staged, source_id=pl.lit(0, dtype=pl.Int32))
        frame = table.conform(ids_first.drop("local_id", strict=False))
        measures = (pl.len().alias("rows"), pl.col("ts_ns").min().alias("first"), pl.col("ts_ns").max().alias("last"))
        if rows.instrument is None:
            spans = frame.group_by("instrument_id").agg(measures).sort("instrument_id")
        else:
            spans = frame.select(pl.col("instrument_id").first(), *measures)
        for instrument_id, count, first, last in spans.iter_rows():
            held = lot.spans.setdefault(instrument_id, Span(0, first, last))
            held.rows += count
            held.first_ns, held.last_ns = min(held.first_ns, first), max(held.last_ns, last)
        path = self._part(f"{self.rows}.arrow")
        # What no row has need not be written down, read and taken in.
        empty = [name for name in frame.columns if frame[name].null_count() == frame.height]
        frame.drop("source_id", *empty).write_ipc(path, compression="uncompressed")
        lot.paths.append(path)
        self.rows += frame.height


def sweep(store: Store) -> None:
    """Remove what killed processes left behind. Call while holding `store.writer`."""
    shutil.rmtree(store.folder / FOLDER, ignore_errors=True)
