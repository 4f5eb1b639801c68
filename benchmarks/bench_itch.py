"""ITCH 5.0: bytes into quotes and trades of every symbol, against itch-book; and a file into the store."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.harness import Benchmark, installed
from benchmarks.itch_file import itch_bytes
from tcakit.feeds.itch_quotes import quotes_and_trades
from tcakit.jobs.ingest import IngestRequest, ingest

MESSAGES = 2_000_000
SYMBOLS = (1, 500)
_DATE = datetime.date(2025, 3, 3)


def ours(path: Path) -> tuple[int, int]:
    """Changes of the best bid or offer, and trades, of all symbols."""
    day = quotes_and_trades(path)
    assert not day.refused
    return len(day.quotes["ns"]), len(day.trades["ns"])


def peer(path: Path) -> tuple[int, int]:
    """The same two numbers from itch-book's columns."""
    import itch_book

    quotes = trades = 0
    with itch_book.open(str(path), date=_DATE) as feed:
        for batch in feed.batches(tables=("bbo", "trades")):
            quotes += len(batch.bbo["ts_event"])
            trades += len(batch.trades["ts_event"])
    return quotes, trades


def _equal(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert one == other, (one, other)


def store(path: Path) -> int:
    """Rows of a new store that has the file."""
    with tempfile.TemporaryDirectory() as folder:
        done = ingest(Path(folder) / "store", IngestRequest([str(path)]))
    assert not done["faults"]
    return int(done["rows"])


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    with tempfile.TemporaryDirectory() as folder:
        for symbols in SYMBOLS:
            messages = max(20 * symbols, int(MESSAGES * scale))
            path = Path(folder) / f"{_DATE:%m%d%Y}.{symbols}.NASDAQ_ITCH50"
            path.write_bytes(itch_bytes(messages, symbols))
            what = f"ITCH 5.0, {messages:,} messages, {symbols} symbol{'s' if symbols > 1 else ''}"
            job = f"{what}: every change of best bid and offer, every trade"
            name = f"itch-quotes-{symbols}"
            if installed("itch_book"):
                yield Benchmark(name, job, partial(ours, path), "itch-book", partial(peer, path), _equal)
            else:
                yield Benchmark(name, job, partial(ours, path), "itch-book is not installed")
            job = f"{what}: read, checked, every order's row in a new store"
            yield Benchmark(f"itch-store-{symbols}", job, partial(store, path))
