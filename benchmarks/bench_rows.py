"""Book events onto the disk and out again: Parquet parts, as the store keeps them, against a DuckDB table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks.harness import Benchmark
from tcakit.store.bridge import Rows, lent
from tcakit.store.market_files import FILE_TABLES, write_part

ROWS = 3_000_000
SYMBOLS = 500


def events(rows: int) -> pl.DataFrame:
    """Adds, cuts and executions of the orders of many symbols, by time; a row in fifty is a print without a level."""
    random = np.random.default_rng(1)
    hidden = random.random(rows) < 0.02
    order = pl.Series(np.arange(rows) * 3 + random.integers(0, 3, rows))
    frame = pl.DataFrame(
        {
            "source_key": (1 << 32) + random.integers(0, SYMBOLS, rows),
            "seq": np.arange(rows),
            "ts_ns": np.sort(random.integers(0, 23_400_000_000_000, rows)),
            "kind": random.integers(1, 5, rows),
            "side": random.choice(np.array([-1, 1]), rows),
            "price": 1_000_000 + 100 * np.cumsum(random.integers(-1, 2, rows)),
            "size": 100 * random.integers(1, 100, rows),
            "level_size": pl.Series(100 * random.integers(1, 1_000, rows)).set(pl.Series(hidden), None),
            "order_id": order.set(pl.Series(hidden), None),
            "trade_id": order.set(pl.Series(random.random(rows) < 0.95), None),
        }
    )
    return FILE_TABLES["book_events"].conform(frame)


def our_writing(frame: pl.DataFrame) -> int:
    """Bytes of the part."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.parquet"
        write_part(path, frame)
        return path.stat().st_size


def their_writing(frame: pl.DataFrame, folder: Path | None = None) -> int:
    """Bytes of a database file that has the rows in a table."""
    with tempfile.TemporaryDirectory() as temporary:
        path = (folder or Path(temporary)) / "rows.duckdb"
        with duckdb.connect(str(path)) as connection, lent(connection, frame_rows=Rows(frame)):
            connection.execute("CREATE TABLE book_events AS SELECT * FROM frame_rows")
            connection.execute("CHECKPOINT")
        return path.stat().st_size


def our_reading(path: Path) -> int:
    return int(pl.read_parquet(path, hive_partitioning=False)["price"].sum())


def their_reading(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        return int(connection.execute("SELECT * FROM book_events").fetchnumpy()["price"].sum())


def _equal(one: int, other: int) -> None:
    assert one == other, (one, other)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    rows = max(1_000, int(ROWS * scale))
    frame = events(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part, bytes_of_table = folder / "part.parquet", their_writing(frame, folder)
        write_part(part, frame)
        sizes = f"{part.stat().st_size / rows:.1f} bytes a row (ours), {bytes_of_table / rows:.1f} (peer)"
        job = f"{rows:,} book events of {SYMBOLS} symbols onto the disk: a Parquet part (ours), a table (peer); {sizes}"
        yield Benchmark("rows-write", job, partial(our_writing, frame), "DuckDB", partial(their_writing, frame))
        job = f"{rows:,} book events of {SYMBOLS} symbols, all columns, from there into memory"
        theirs = partial(their_reading, folder / "rows.duckdb")
        yield Benchmark("rows-read", job, partial(our_reading, part), "DuckDB", theirs, _equal)
