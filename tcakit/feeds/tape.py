"""Where the messages of a venue's stream become rows: texts of prices and sizes first, exact integers in batches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from tcakit.feeds.book_rows import OpenBooks, SteadyClock
from tcakit.feeds.contract import Batch, Faults
from tcakit.feeds.delimited import _positive, _reason
from tcakit.feeds.timestamps import by_date, trade_dates
from tcakit.feeds.units import Units, exact
from tcakit.market import codes
from tcakit.market.instrument import Instrument

Key = tuple[str, str]  # venue and symbol
FULL_ROWS = 200_000
_COLUMNS: dict[str, dict[str, Any]] = {
    "book_events": {"kind": pl.UInt8, "side": pl.Int8, "price": pl.String, "level_size": pl.String},
    "trades": {
        "price": pl.String,
        "size": pl.String,
        "aggressor": pl.Int8,
        "condition": pl.String,
        "trade_id": pl.String,
    },
    "quotes": {"bid": pl.String, "bid_size": pl.String, "ask": pl.String, "ask_size": pl.String},
    "bars": {
        "interval_ns": pl.Int64,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.String),
    },
    "notices": {"kind": pl.String, "detail": pl.String},
}
_PRICES = {
    "book_events": ("price",),
    "trades": ("price",),
    "quotes": ("bid", "ask"),
    "bars": ("open", "high", "low", "close"),
    "notices": (),
}
_SIZES = {
    "book_events": ("level_size",),
    "trades": ("size",),
    "quotes": ("bid_size", "ask_size"),
    "bars": ("volume",),
    "notices": (),
}
_HEAD: dict[str, Any] = {"place": pl.String, "line": pl.Int64, "ts_ns": pl.Int64, "recv_ns": pl.Int64}


@dataclass(slots=True)
class _BookRows:
    """Rows of one book, those of a message and side under one head, which says how many they are."""

    heads: list[tuple[Any, ...]] = field(default_factory=list)
    prices: list[str | None] = field(default_factory=list)
    sizes: list[str | None] = field(default_factory=list)


@dataclass(slots=True)
class Tape:
    """Collects the rows of all instruments of a source: `begin` a message, write its rows, then `commit` or `undo`.

    A time of None means that the venue gives none: then the recorder's stands for it.
    """

    faults: Faults
    place: str = ""
    line: int = 0
    recv_ns: int | None = None
    text: str = ""
    contents: dict[Key, tuple[str, int | None]] = field(default_factory=dict)
    clock: SteadyClock = field(default_factory=SteadyClock)
    _clocks: dict[Key, int] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _pending: list[tuple[str, Key, tuple[Any, ...], Sequence[tuple[str | None, str | None]]]] = field(
        default_factory=list
    )
    _books: dict[Key, _BookRows] = field(default_factory=dict)
    _rows: dict[tuple[str, Key], list[tuple[Any, ...]]] = field(default_factory=dict)
    _count: int = 0
    _seq: int = 0
    _open_books: OpenBooks = field(default_factory=OpenBooks)

    def begin(self, place: str, line: int, recv_ns: int | None, text: str) -> None:
        """The next message, at a line of a file."""
        self.place, self.line, self.recv_ns, self.text = place, line, recv_ns, text
        self.faults.rows += 1

    def commit(self) -> None:
        """The message is whole: keep its rows."""
        for table, key, head, levels in self._pending:
            if table == "book_events":
                book = self._books.get(key)
                if book is None:
                    book = self._books[key] = _BookRows()
                book.heads.append((*head, len(levels)))
                for price, size in levels:
                    book.prices.append(price)
                    book.sizes.append(size)
                self._count += len(levels)
            else:
                self._rows.setdefault((table, key), []).append(head)
                self._count += 1
        self._pending.clear()

    def undo(self, reason: str) -> None:
        """Take back the message's rows, which is a fault."""
        self._pending.clear()
        self.fault(reason)

    def fault(self, reason: str, kept: bool = False) -> None:
        """Something wrong with the message; `kept` if its rows stand all the same."""
        self.faults.add(self.place, self.line, reason, self.text, kept)

    def unread(self, what: str) -> None:
        """A kind of message that is not read: told once."""
        if what not in self._told:
            self._told.add(what)
            self.fault(f"messages of kind {what[:40]!r} are not read (told once)", kept=True)

    @property
    def full(self) -> bool:
        """Whether enough was collected for a batch."""
        return self._count >= FULL_ROWS

    def _at(self, ts_ns: int | None) -> int:
        at = self.recv_ns if ts_ns is None else ts_ns
        if at is None:
            raise ValueError("a message without a time")
        return at

    def _book_time(self, key: Key, ts_ns: int | None) -> int:
        """The time for rows of a book, never before that of earlier ones."""
        at = self._at(ts_ns)
        latest = self._clocks.get(key, at)
        if at < latest:
            self.clock.add("/".join(key), self.place, self.line, 1, latest - at)
            return latest
        self._clocks[key] = at
        return at

    def clear(self, key: Key, ts_ns: int | None) -> None:
        """The book starts anew."""
        self.levels(key, ts_ns, codes.CLEAR, 0, [(None, None)])

    def levels(
        self, key: Key, ts_ns: int | None, kind: int, side: int, levels: Sequence[tuple[str | None, str | None]]
    ) -> None:
        """Displayed sizes at prices of one side after this message."""
        if levels:
            head = (self.place, self.line, self._book_time(key, ts_ns), self.recv_ns, kind, side)
            self._pending.append(("book_events", key, head, levels))

    def snapshot(
        self, key: Key, ts_ns: int | None, bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]
    ) -> None:
        """The whole book: a CLEAR and its levels."""
        self.clear(key, ts_ns)
        self.levels(key, ts_ns, codes.SNAPSHOT, codes.BUY, bids)
        self.levels(key, ts_ns, codes.SNAPSHOT, codes.SELL, asks)

    def _add(self, table: str, key: Key, ts_ns: int | None, *values: Any) -> None:
        row = (self.place, self.line, self._at(ts_ns), self.recv_ns, *values)
        self._pending.append((table, key, row, ()))

    def trade(
        self,
        key: Key,
        ts_ns: int | None,
        price: str,
        size: str,
        aggressor: int,
        trade_id: str | None,
        condition: str | None = None,
    ) -> None:
        """A print; `aggressor` is the side that took."""
        self._add("trades", key, ts_ns, price, size, aggressor, condition, trade_id)

    def quote(
        self,
        key: Key,
        ts_ns: int | None,
        bid: tuple[str | None, str | None],
        ask: tuple[str | None, str | None],
    ) -> None:
        """Best bid and offer as (price, size)."""
        self._add("quotes", key, ts_ns, *bid, *ask)

    def bar(self, key: Key, ts_ns: int, interval_ns: int, values: Sequence[str]) -> None:
        """A finished bar: open, high, low, close, volume."""
        self._add("bars", key, ts_ns, interval_ns, *values)

    def notice(self, key: Key, ts_ns: int | None, kind: str, detail: object) -> None:
        """Anything else that the venue says of an instrument."""
        self._add("notices", key, ts_ns, kind, json.dumps(detail))

    def frames(self) -> Iterator[tuple[str, Key, pl.DataFrame]]:
        """(table, instrument, rows with texts) of all that was collected since the last call."""
        for key, book in self._books.items():
            schema = {**_HEAD, "kind": pl.UInt8, "side": pl.Int8, "count": pl.Int64}
            heads = pl.DataFrame(book.heads, schema=schema, orient="row")
            of_head = np.repeat(np.arange(heads.height), heads["count"].to_numpy())
            yield (
                "book_events",
                key,
                heads[of_head].with_columns(
                    pl.Series("price", book.prices, dtype=pl.String),
                    pl.Series("level_size", book.sizes, dtype=pl.String),
                ),
            )
        for (table, key), rows in self._rows.items():
            yield table, key, pl.DataFrame(rows, schema={**_HEAD, **_COLUMNS[table]}, orient="row")
        self._books.clear()
        self._rows.clear()
        self._count = 0

    def note(self, units: Units) -> None:
        """First pass: let `units` see what was collected, and forget it."""
        for table, key, frame in self.frames():
            units.see(
                key,
                [frame[column] for column in _PRICES[table]],
                [frame[column] for column in _SIZES[table]],
                table in ("book_events", "quotes"),
            )

    def batches(self, instruments: dict[Key, Instrument], timezone: str) -> Iterator[Batch]:
        """Second pass: what was collected as rows of the store."""
        for table, key, frame in self.frames():
            instrument = instruments[key]
            good = self._refuse(table, _integers(table, frame, instrument))
            if good.is_empty():
                continue
            good = good.with_columns(date=trade_dates(good["ts_ns"], timezone))
            extra = ["size"] if table == "book_events" else []
            kept = ["seq", "ts_ns", *([] if table == "bars" else ["recv_ns"]), *_COLUMNS[table], *extra]
            if table == "book_events":
                content, depth = self.contents.get(key, ("book-l2", None))
                days = self._open_books.by_day("/".join(key), good)
            else:
                content, depth = table, None
                days = by_date(good)
            for date, day in days:
                day = day.with_columns(seq=pl.int_range(pl.len()) + self._seq)
                self._seq += day.height
                yield Batch(table, day.select(kept), instrument, date, content, depth)

    def _refuse(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        told = _PRICES[table] + _SIZES[table]
        refused = rows.filter(pl.col("reason").is_not_null())
        # A message counts as one row, and may have several that are refused.
        self.faults.rows += refused.height - refused.select("place", "line").n_unique()
        for row in refused.iter_rows(named=True):
            text = ", ".join(f"{column} {row['text_' + column]}" for column in told)
            self.faults.add(row["place"], row["line"], row["reason"], text)
        return rows.filter(pl.col("reason").is_null())


def _integers(table: str, frame: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    causes = [pl.lit(None, dtype=pl.String)]
    if table == "notices":
        return frame.with_columns(reason=causes[0])
    prices, sizes = _PRICES[table], _SIZES[table]
    texts = [frame[column].alias(f"text_{column}") for column in prices + sizes]
    price = exact([frame[column] for column in prices], instrument.price_scale)
    size = exact([frame[column] for column in sizes], instrument.size_scale)
    absent_ok = table == "quotes"
    for column, values, bad in zip(prices, price.values, price.bad, strict=True):
        if table == "book_events":
            causes.append(pl.when(frame["kind"] != codes.CLEAR).then(_positive(column, values, bad)))
        else:
            causes.append(_positive(column, values, bad, missing=absent_ok))
    for column, values, bad in zip(sizes, size.values, size.bad, strict=True):
        zero = table in ("book_events", "quotes", "bars")
        causes.append(_positive(column, values, bad, zero=zero, missing=absent_ok or table == "book_events"))
    scaled = [value.alias(column) for column, value in zip(prices + sizes, price.values + size.values, strict=True)]
    entered = pl.lit(None, dtype=pl.Int64)
    if table == "book_events":
        entered = pl.when(pl.col("kind") == codes.ENTER).then(pl.col("level_size"))
    return frame.with_columns(*texts, *scaled, _reason(*causes)).with_columns(
        size=entered if table == "book_events" else size.values[0]
    )
