"""A LOBSTER pair into rows of the store, and into a new store, against DuckDB reading the same two CSV files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bench_csv
from benchmarks.harness import Benchmark, installed
from tcakit.feeds.contract import Faults, ReaderOptions
from tcakit.feeds.files import sources
from tcakit.feeds.lobster import LobsterReader

MESSAGES, LEVELS = 400_000, 10
_BEST_BID, _TICK = 1_000_000, 100


def write_pair(folder: Path, messages: int) -> list[Path]:
    """A message and an orderbook file of one made day: orders come, shrink and trade at ten prices a side."""
    random = np.random.default_rng(11)
    time_ns = np.sort(random.integers(0, 23_400_000_000_000, messages)) + 34_200_000_000_000
    side = random.choice(np.array([1, -1]), messages)
    level = np.minimum(random.geometric(0.35, messages) - 1, LEVELS - 1)
    size = random.integers(1, 6, messages) * 100
    kind = random.choice(np.array([1, 2, 4]), messages, p=[0.5, 0.4, 0.1])
    level[kind == 4] = 0  # trades are at the best price
    price = np.where(side > 0, _BEST_BID - level * _TICK, _BEST_BID + (level + 1) * _TICK)
    change = np.zeros((messages, 2, LEVELS), np.int64)
    change[np.arange(messages), (side > 0).astype(int), level] = np.where(kind == 1, size, -size)
    # Deep enough that no level empties: the ten prices stay what the file shows.
    shown = 50_000_000 + np.cumsum(change, axis=0)
    book = np.empty((messages, LEVELS, 4), np.int64)
    book[:, :, 0] = _BEST_BID + (np.arange(LEVELS) + 1) * _TICK
    book[:, :, 1] = shown[:, 0]
    book[:, :, 2] = _BEST_BID - np.arange(LEVELS) * _TICK
    book[:, :, 3] = shown[:, 1]
    stem = "MADE_2025-03-03_34200000_57600000_{}_" + str(LEVELS) + ".csv"
    paths = [folder / stem.format("message"), folder / stem.format("orderbook")]
    with paths[0].open("w", encoding="ascii") as file:
        for row, (ns, what, shares, at, way) in enumerate(
            zip(*(column.tolist() for column in (time_ns, kind, size, price, side)), strict=True)
        ):
            file.write(f"{ns // 10**9}.{ns % 10**9:09d},{what},{row + 1},{shares},{at},{way}\n")
    with paths[1].open("w", encoding="ascii") as file:
        file.writelines(",".join(map(str, row)) + "\n" for row in book.reshape(messages, -1).tolist())
    return paths


def ours(paths: list[Path]) -> int:
    """Rows of book_events that the reader makes of the pair."""
    faults = Faults()
    (source,) = sources(paths, [])
    rows = sum(batch.frame.height for batch in LobsterReader().read(source, ReaderOptions(), faults))
    assert not faults.found, faults.found[:3]
    return rows


def peer(paths: list[Path]) -> int:
    """Lines that DuckDB reads from both files into tables of typed columns; it does not interpret them."""
    import duckdb

    connection = duckdb.connect()
    read: list[Any] = []
    for number, path in enumerate(paths):
        connection.execute(f"create table part{number} as select * from read_csv(?, header = false)", [str(path)])
        read.append(connection.execute(f"select count(*) from part{number}").fetchone())
    connection.close()
    return min(int(count[0]) for count in read)


def _all_lines(rows: int, lines: int) -> None:
    """Each message gives at least one row; what is more are levels of the opening book."""
    assert lines <= rows <= lines + 4 * LEVELS, (rows, lines)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmark of this file, at a fraction of the full size."""
    messages = max(100, int(MESSAGES * scale))
    job = (
        f"a LOBSTER pair of {messages:,} messages, {LEVELS} levels: read, checked against the book by row, "
        "turned into events (ours); read as numbers only (peer)"
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = write_pair(Path(folder), messages)
        if installed("duckdb"):
            yield Benchmark(
                "lobster-read", job, lambda: ours(paths), "DuckDB read_csv", lambda: peer(paths), _all_lines
            )
        else:
            yield Benchmark("lobster-read", job, lambda: ours(paths), "duckdb is not installed")
        job = f"a LOBSTER pair of {messages:,} messages, {LEVELS} levels, in a new store (ours); in two tables (peer)"
        if installed("duckdb"):
            run = partial(bench_csv.peer, paths, header=False)
            yield Benchmark("lobster-store", job, partial(bench_csv.store, paths), "DuckDB", run, _all_lines)
        else:
            yield Benchmark("lobster-store", job, partial(bench_csv.store, paths), "duckdb is not installed")
