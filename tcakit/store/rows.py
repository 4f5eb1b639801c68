"""Rows of the market out of the store: as frames, source by source, or as tables to be asked in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from tcakit.errors import DataError, StoreBusyError
from tcakit.store.database import Store
from tcakit.store.disk import is_no_room
from tcakit.store.market_files import FOLDER as ROWS_FOLDER
from tcakit.store.market_files import MARKET_TABLES, PRICES, SIZES, Lot, lot_paths, lots_of, relation, without_patterns

_ORDER = ("ts_ns", "source_id", "seq")
_BEYOND = 1 << 63


@dataclass(frozen=True, slots=True)
class StoredSource:
    """What a file gave of one table, instrument and day."""

    source_id: int
    instrument_id: int
    source_key: int
    ingest_key: str
    path: str
    content: str
    market_table: str
    parts: int
    rows: int
    first_ns: int
    last_ns: int
    price_factor: int
    size_factor: int

    def scan(self, store: Store, date: str) -> pl.LazyFrame:
        """Its rows in the order of the file, in the instrument's units; call while the day is being read."""
        factors = self.factors()
        return self._as_written(store, date).select(
            pl.lit(self.instrument_id, dtype=pl.Int32).alias("instrument_id"),
            pl.lit(self.source_id, dtype=pl.Int32).alias("source_id"),
            pl.exclude("source_key", *factors),
            *(pl.col(name) * factor for name, factor in factors.items()),
        )

    @property
    def lot(self) -> Lot:
        """The files that hold its rows, among those of other instruments."""
        return self.market_table, self.ingest_key, self.content, self.parts

    def _as_written(self, store: Store, date: str) -> pl.LazyFrame:
        return _scan(store, date, self.lot).filter(pl.col("source_key") == self.source_key)

    def factors(self) -> dict[str, int]:
        """Column -> what it is multiplied by, where that changes it."""
        prices = dict.fromkeys(PRICES[self.market_table], self.price_factor)
        sizes = dict.fromkeys(SIZES[self.market_table], self.size_factor)
        return {name: factor for name, factor in {**prices, **sizes}.items() if factor != 1}


def _scan(store: Store, date: str, lot: Lot) -> pl.LazyFrame:
    return pl.scan_parquet(lot_paths(store.folder, date, lot), hive_partitioning=False, glob=False)


def beyond_their_units(store: Store, date: str, sources: Sequence[StoredSource]) -> StoredSource | None:
    """A source whose prices or sizes cannot be held in its instrument's units, None if there is none.

    A lot of thousands of instruments is looked through once, not once for each.
    """
    by_lot: dict[Lot, list[StoredSource]] = {}
    for source in sources:
        if source.factors():
            by_lot.setdefault(source.lot, []).append(source)
    for lot, own in by_lot.items():
        names = [*PRICES[lot[0]], *SIZES[lot[0]]]
        ends = [pl.col(*names).min().name.prefix("least "), pl.col(*names).max().name.prefix("most ")]
        found = _scan(store, date, lot).group_by("source_key").agg(*ends).collect(engine="streaming")
        by_key = {row["source_key"]: row for row in found.iter_rows(named=True)}
        for source in own:
            row = by_key[source.source_key]
            values = [(row[f"{end} {name}"], by) for name, by in source.factors().items() for end in ("least", "most")]
            if any(value is not None and abs(value) * by >= _BEYOND for value, by in values):
                return source
    return None


def sources_of(
    connection: duckdb.DuckDBPyConnection, where: str = "true", parameters: Sequence[object] = ()
) -> list[StoredSource]:
    """A day's sources in the order in which their rows are read; `where` is our text."""
    names = ", ".join(StoredSource.__slots__)
    found = connection.execute(f"SELECT {names} FROM sources WHERE {where}", list(parameters)).fetchall()
    # A handful of rows: to sort them here takes half the time of asking the engine to.
    return sorted((StoredSource(*row) for row in found), key=lambda source: source.source_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a reader took an instrument of a day for: prices are nothing without their units."""

    symbol: str
    venue: str
    price_scale: int
    size_scale: int
    ingest_keys: tuple[str, ...]

    def require(
        self, connection: duckdb.DuckDBPyConnection, date: str, instrument_id: int, sources: Sequence[StoredSource]
    ) -> None:
        """Raise StoreBusyError if a writer has changed it since; `sources` are the instrument's."""
        found = connection.execute(
            "SELECT symbol, venue, price_scale, size_scale FROM instruments WHERE instrument_id = ?", [instrument_id]
        ).fetchone()
        keys = tuple(sorted({source.ingest_key for source in sources}))
        if found is None or Standing(found[0], found[1], found[2], found[3], keys) != self:
            raise StoreBusyError(
                f"{self.symbol} on {date} was changed by another process while it was being read",
                place=date,
                remedy="give the command again",
            )


def instrument_rows(
    store: Store,
    date: str,
    table: str,
    instrument_id: int,
    columns: Sequence[str],
    until_ns: int | None = None,
    standing: Standing | None = None,
) -> pl.DataFrame:
    """Columns of a table's rows of one instrument and day, by time, source and place in the file.

    Raises StoreBusyError where the instrument is no longer what it is said to be (`standing`).
    """
    with store.read_day(date) as connection, parts_told(store.folder):
        sources = sources_of(connection, "instrument_id = ?", [instrument_id])
        if standing is not None:
            standing.require(connection, date, instrument_id, sources)
        parts = [source.scan(store, date) for source in sources if source.market_table == table]
        if not parts:
            return MARKET_TABLES[table].empty().select(columns)
        rows = pl.concat(parts, how="diagonal") if len(parts) > 1 else parts[0]
        if until_ns is not None:
            rows = rows.filter(pl.col("ts_ns") <= until_ns)
        found = rows.select(*dict.fromkeys([*columns, *_ORDER])).collect()
    if len(parts) > 1 or not (found["ts_ns"].is_sorted() and found["seq"].is_sorted()):
        found = found.sort(*_ORDER)
    return found.select(columns)


def unread_parts(folder: Path, error: Exception) -> DataError:
    """What is told of a store's files of rows that are not there, or not whole."""
    return DataError(
        f"stored rows cannot be read ({str(error).splitlines()[0]})",
        place=str(folder / ROWS_FOLDER),
        remedy="copy `days` and `rows` of a store together; else drop the day's files and ingest them again",
    )


@contextmanager
def parts_told(folder: Path) -> Iterator[None]:
    """Turn errors of files of rows that are not there, or not whole, into DataError."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError, duckdb.IOException, duckdb.InvalidInputException) as error:
        if is_no_room(error):
            raise
        raise unread_parts(folder, error) from error


@contextmanager
def day_tables(
    store: Store,
    date: str,
    tables: Sequence[str] = tuple(MARKET_TABLES),
    instrument_id: int | None = None,
    standing: Standing | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a day that knows the named tables of the market too; with `instrument_id` its rows alone.

    Raises StoreBusyError where that instrument is no longer what it is said to be (`standing`).
    """
    with (
        without_patterns(store.folder) as folder,
        store.read_day(date) as connection,
        parts_told(store.folder),
    ):
        if standing is not None and instrument_id is not None:
            standing.require(
                connection, date, instrument_id, sources_of(connection, "instrument_id = ?", [instrument_id])
            )
        for table in tables:
            where, parameters = "market_table = ?", [table]
            only = ""
            if instrument_id is not None:
                where, only = (
                    f"{where} AND instrument_id = {int(instrument_id)}",
                    f" WHERE instrument_id = {int(instrument_id)}",
                )
            paths = [path for lot in lots_of(connection, where, parameters) for path in lot_paths(folder, date, lot)]
            connection.execute(f'CREATE TEMP VIEW "{table}" AS SELECT * FROM ({relation(table, paths)}){only}')
        yield connection
