"""Rows of the market in Parquet files: where they lie, how they are written, and the tables that they make.

What a file gave of one table and day is a lot: one or more Parquet files, its parts, written once and never changed.
Their rows name their source by a key. What may become another (numbers of instruments, the order of files, units)
stands in the day's `sources`, and so does which parts belong to the day: others are nobody's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from tcakit.market.schema import Column, Table, tables_of
from tcakit.store.bridge import Rows, lent
from tcakit.store.engine import quoted, unattached

if TYPE_CHECKING:
    import duckdb

FOLDER = "rows"
MARKET_TABLES = {table.name: table for table in tables_of("market")}
PRICES = {
    name: tuple(c.name for c in table.columns if c.unit == "1/price_scale") for name, table in MARKET_TABLES.items()
}
SIZES = {
    name: tuple(c.name for c in table.columns if c.unit == "1/size_scale") for name, table in MARKET_TABLES.items()
}
# In the tables these come from `sources`.
OF_SOURCES = ("instrument_id", "source_id")
_KEY = Column("source_key", "i64", "", "number of the rows' source in the day's `sources`")
FILE_TABLES = {
    name: Table(name, "market", table.meaning, (_KEY, *(c for c in table.columns if c.name not in OF_SOURCES)))
    for name, table in MARKET_TABLES.items()
}
"""The tables as they stand in the files."""
_LONG_DICTIONARY = 1000
_PATTERN = frozenset("*?[")
Lot = tuple[str, str, str, int]
"""Table, ingest key, content and number of parts."""


def write_part(path: Path, frame: pl.DataFrame) -> None:
    """Write rows as a Parquet file: numbers as differences, which is as small as packing them and costs nothing."""
    packed = "lz4_raw" if pl.String in frame.dtypes else "uncompressed"
    how = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION {packed}, DICTIONARY_SIZE_LIMIT {_LONG_DICTIONARY}"
    with unattached() as connection, lent(connection, part_rows=Rows(frame)):
        connection.execute(f"COPY part_rows TO {quoted(str(path))} ({how})")


def lot_paths(store: Path, date: str, lot: Lot) -> list[Path]:
    """The files of a lot, in the order of its rows."""
    table, ingest_key, content, parts = lot
    return [day_folder(store, table, date) / f"{ingest_key}-{content}-{number}.parquet" for number in range(parts)]


def day_folder(store: Path, table: str, date: str) -> Path:
    """Where a day's files of a table lie, as engines that read folders of partitions expect it."""
    return store / FOLDER / table / f"date={date}"


def publish(staged: Sequence[Path], paths: Sequence[Path]) -> None:
    """Move parts to where they stay, all that they hold on the disk before any transaction speaks of them."""
    for path, target in zip(staged, paths, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(target)
    # Up to the store's own: the folders between may be new as well.
    for folder in sorted({above for path in paths for above in list(path.parents)[:4]}):
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)


def remove(paths: Iterable[Path]) -> None:
    """Remove parts, and the folders that hold none any more."""
    folders = set()
    for path in paths:
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def remove_day(store: Path, date: str) -> None:
    """Remove all parts of a day."""
    for table in MARKET_TABLES:
        shutil.rmtree(day_folder(store, table, date), ignore_errors=True)


def lots_of(
    connection: duckdb.DuckDBPyConnection,
    where: str = "true",
    parameters: Sequence[object] = (),
    of: str = "sources",
) -> list[Lot]:
    """The lots that a day's `sources` name, in the order in which their rows are read; `where` and `of` are ours."""
    found = connection.execute(
        f"SELECT market_table, ingest_key, content, parts FROM {of} WHERE {where} GROUP BY ALL ORDER BY min(source_id)",
        list(parameters),
    ).fetchall()
    return [tuple(row) for row in found]


def sweep_day(store: Path, date: str, lots: Iterable[Lot]) -> None:
    """Remove parts of a day of which none of its lots speaks: a process was killed before it did, or afterwards."""
    named = {path for lot in lots for path in lot_paths(store, date, lot)}
    for table in MARKET_TABLES:
        remove([path for path in day_folder(store, table, date).glob("*.parquet") if path not in named])


@contextmanager
def without_patterns(store: Path) -> Iterator[Path]:
    """A store's folder by a name that DuckDB takes for no pattern of names: a link to it where its own has one."""
    if not _PATTERN & set(str(store)):
        yield store
        return
    with TemporaryDirectory(prefix="tcakit-") as folder:
        link = Path(folder) / "store"
        link.symlink_to(store.resolve(), target_is_directory=True)
        yield link


def relation(table: str, paths: Sequence[Path], *, sources: str = "sources", date: str | None = None) -> str:
    """A SELECT that gives a table of the market from a day's files and its table `sources`; with `date` as a column."""
    columns = MARKET_TABLES[table].columns
    values = [] if date is None else [f"{quoted(date)} AS date"]
    if not paths:
        empty = MARKET_TABLES[table].ddl_types()
        values += [f'NULL::{empty[c.name]} AS "{c.name}"' for c in columns]
        return f"SELECT {', '.join(values)} WHERE false"
    for column in columns:
        if column.name in OF_SOURCES:
            values.append(f"s.{column.name}")
        elif column.name in PRICES[table]:
            values.append(f'p."{column.name}" * s.price_factor AS "{column.name}"')
        elif column.name in SIZES[table]:
            values.append(f'p."{column.name}" * s.size_factor AS "{column.name}"')
        else:
            values.append(f'p."{column.name}"')
    files = ", ".join(quoted(str(path)) for path in paths)
    # A folder above the store may well be named like a partition: it says nothing of the rows.
    read = f"read_parquet([{files}], hive_partitioning = false)"
    return f"SELECT {', '.join(values)} FROM {read} p JOIN {sources} s USING (source_key)"
