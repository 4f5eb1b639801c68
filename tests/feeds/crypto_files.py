"""What the tests of crypto venues' files share: reading bytes, replaying rows, spoiling bytes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.contract import Batch, Faults, Reader, ReaderOptions, Source
from tcakit.market import codes
from tcakit.market.schema import BARS, BOOK_EVENTS, NOTICES, QUOTES, TRADES

TABLES = {table.name: table for table in (BOOK_EVENTS, TRADES, QUOTES, BARS, NOTICES)}
Books = dict[int, dict[int, int]]


def source_of(*members: tuple[str, bytes | Path]) -> Source:
    return Source(members[0][0], (Path(members[0][0]),), tuple(members), "")


def read(reader: Reader, *members: tuple[str, bytes | Path], **options: str) -> tuple[list[Batch], Faults]:
    """The batches, each brought to its table's columns as the store would, and the faults."""
    faults = Faults()
    batches = list(reader.read(source_of(*members), ReaderOptions(**options), faults))
    for batch in batches:
        assert batch.instrument is not None
        assert batch.date is not None
        with_ids = batch.frame.with_columns(instrument_id=pl.lit(1), source_id=pl.lit(1))
        TABLES[batch.table].conform(with_ids)
    return batches, faults


def rows_of(batches: Iterable[Batch], table: str, symbol: str | None = None) -> pl.DataFrame:
    found = [
        batch.frame
        for batch in batches
        if batch.table == table and (symbol is None or (batch.instrument and batch.instrument.symbol == symbol))
    ]
    return pl.concat(found) if found else pl.DataFrame()


def replayed(events: pl.DataFrame) -> Iterator[tuple[int, Books]]:
    """(time, book after it) at every change of time, from displayed sizes alone."""
    books: Books = {codes.BUY: {}, codes.SELL: {}}
    last = None
    for ts, kind, side, price, level in events.select("ts_ns", "kind", "side", "price", "level_size").iter_rows():
        if last is not None and ts != last:
            yield last, books
        last = ts
        if kind == codes.CLEAR:
            books = {codes.BUY: {}, codes.SELL: {}}
        elif level:
            books[side][price] = level
        else:
            books[side].pop(price, None)
    if last is not None:
        yield last, books


def is_crossed(books: Books) -> bool:
    bids, asks = books[codes.BUY], books[codes.SELL]
    return bool(bids and asks and max(bids) >= min(asks))


def reasons(faults: Faults) -> list[tuple[int, str]]:
    return [(fault.line, fault.reason) for fault in faults.found]


def fuzz(reader: Reader, name: str, good: bytes, rounds: int, **options: Any) -> int:
    """Spoil bytes in many ways: each time rows and faults or one DataError; gives how many were still read."""
    rng = random.Random(7)
    survived = 0
    for _ in range(rounds):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data))
            way = rng.randrange(5)
            if way == 0:
                data[at] = rng.randrange(256)
            elif way == 1:
                del data[at : at + rng.randint(1, 40)]
            elif way == 2:
                data[at:at] = rng.choice(
                    [b"9" * 30, b"-", b"\n", b",", b'"', b"[[[", b"null", b"1e400", b"\x00", b"NaN"]
                )
            elif way == 3:
                data[at:at] = data[max(0, at - 60) : at]
            else:
                data = data[: max(at, 1)]
            if not data:
                data = bytearray(b"x")
        with suppress(DataError):
            read(reader, (name, bytes(data)), **options)
            survived += 1
    return survived
