"""Crypto venues' CSV files into a store, against DuckDB making a table of a database file of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import csv_files
from benchmarks.harness import Benchmark, installed
from tcakit.jobs.ingest import IngestRequest, ingest

ROWS = 3_000_000
FILES: dict[str, Callable[[Path, int], Path]] = {
    "tardis-book": csv_files.tardis_book,
    "tardis-trades": csv_files.tardis_trades,
    "tardis-quotes": csv_files.tardis_quotes,
    "binance-aggtrades": csv_files.binance_trades,
    "binance-bookticker": csv_files.binance_quotes,
}


def store(paths: Sequence[Path]) -> int:
    """Rows of a new store that has the files."""
    with tempfile.TemporaryDirectory() as folder:
        done = ingest(Path(folder) / "store", IngestRequest([str(path) for path in paths]))
    assert not done["faults"], done["files"]
    return int(done["rows"])


def peer(paths: Sequence[Path], header: bool = True) -> int:
    """Rows of the table that DuckDB makes of the first file, each file in a table of a new database file."""
    import duckdb

    counts = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "tables.duckdb")) as connection:
        for number, path in enumerate(paths):
            read = "read_csv(?)" if header else "read_csv(?, header = false)"
            connection.execute(f"CREATE TABLE table{number} AS SELECT * FROM {read}", [str(path)])
            counts.append(connection.execute(f"SELECT count(*) FROM table{number}").fetchone())
        connection.execute("CHECKPOINT")
    return min(int(count[0]) for count in counts if count)


def _every_row(ours: int, rows: int) -> None:
    """A book has one row more: the one that clears it before its snapshot."""
    assert rows <= ours <= rows + 1, (ours, rows)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    rows = max(100, int(ROWS * scale))
    for name, make in FILES.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = [make(Path(folder), rows)]
            job = f"{name} CSV of {rows:,} rows: read, checked, in a new store (ours); CREATE TABLE AS read_csv (peer)"
            if installed("duckdb"):
                run = partial(peer, paths)
                yield Benchmark(f"csv-store-{name}", job, partial(store, paths), "DuckDB", run, _every_row)
            else:
                yield Benchmark(f"csv-store-{name}", job, partial(store, paths), "duckdb is not installed")
