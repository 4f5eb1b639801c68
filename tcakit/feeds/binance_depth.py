"""Binance's depth files: snapshots of a book and the updates between them, joined by their ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.binance_stream import COIN_FUTURES, DOLLAR_FUTURES, SPOT
from tcakit.feeds.blocks import tables
from tcakit.feeds.book_rows import OpenBooks, SteadyClock
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.delimited import _positive, _reason
from tcakit.feeds.raw_table import RawTable
from tcakit.feeds.sides import side_codes
from tcakit.feeds.timestamps import parse_times, trade_dates
from tcakit.feeds.units import Units, exact
from tcakit.market import codes
from tcakit.market.instrument import Instrument

DEPTH_COLUMNS = (
    "symbol",
    "timestamp",
    "first_update_id",
    "last_update_id",
    "side",
    "update_type",
    "price",
    "qty",
    "pu",
)
_COIN_SYMBOL = re.compile(r"USD_(?:PERP|\d{6})$")
_BOOK_SIDES = {"b": codes.BUY, "a": codes.SELL}
_KEPT = ["seq", "ts_ns", "recv_ns", "kind", "side", "price", "size", "level_size"]


@dataclass(slots=True)
class _State:
    """What goes on from one block or file to the next."""

    clock: SteadyClock = field(default_factory=SteadyClock)
    open_books: OpenBooks = field(default_factory=OpenBooks)
    last: int | None = None  # id of the last update
    snapshot: int | None = None  # id of a snapshot whose first update has not come yet
    seq: int = 0


def venue_of(symbol: str, spot: bool) -> str:
    """The venue that a file of that symbol comes from."""
    if _COIN_SYMBOL.search(symbol):
        return COIN_FUTURES
    return SPOT if spot else DOLLAR_FUTURES


def refuse(table: RawTable, rows: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """The rows without those that have a `reason`, which become faults."""
    for row, line, reason in rows.filter(pl.col("reason").is_not_null()).select("row", "line", "reason").iter_rows():
        faults.add(table.place, line, reason, table.text(row))
    return rows.filter(pl.col("reason").is_null())


def read_depth(source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
    """Snapshots and updates of one symbol's book, joined by their ids."""
    units = Units(options)
    snapshots: list[tuple[str, Path | bytes]] = []
    updates: list[tuple[str, Path | bytes]] = []
    symbols: set[str] = set()
    for label, content in source.members:
        is_snapshot = False
        for table in tables(label, content, Faults()):
            _check_depth(table)
            is_snapshot = is_snapshot or bool((table.frame["update_type"] == "snap").any())
            symbols.update(name for name in table.frame["symbol"].str.strip_chars().unique() if name)
            units.see((DOLLAR_FUTURES, ""), [table.frame["price"]], [table.frame["qty"]], True)
        (snapshots if is_snapshot else updates).append((label, content))
    if len(symbols) != 1:
        raise DataError(
            f"{len(symbols)} symbols in one depth file", place=source.name, remedy="give a file for each symbol"
        )
    symbol = symbols.pop()
    venue = venue_of(symbol, spot=False)
    instrument = units.instrument((DOLLAR_FUTURES, ""), named=(venue, symbol))
    state = _State()
    waiting: list[tuple[int, str, pl.DataFrame]] = []
    for label, content in snapshots:
        # A snapshot may reach over the end of a block.
        parts = [_depth_rows(table, instrument, faults) for table in tables(label, content, faults)]
        for (last,), block in pl.concat(parts).group_by("last", maintain_order=True):
            waiting.append((int(str(last)), label, pl.concat([_clear_like(block), block])))
    waiting.sort(key=lambda block: block[0])
    for label, content in updates:
        for table in tables(label, content, faults):
            rows = _depth_rows(table, instrument, faults)
            while waiting and (rows["last"] >= waiting[0][0]).any():
                taken, place, block = waiting.pop(0)
                earlier = rows.filter(pl.col("last") < taken)
                yield from _store(_proven(earlier, table, state, faults), table.place, state, units, instrument)
                yield from _store(block, place, state, units, instrument)
                state.snapshot = taken
                rows = rows.filter(pl.col("last") >= taken)
            yield from _store(_proven(rows, table, state, faults), table.place, state, units, instrument)
    for _, place, block in waiting:
        yield from _store(block, place, state, units, instrument)
    state.clock.tell(faults)


def _check_depth(table: RawTable) -> None:
    if tuple(table.frame.columns) != DEPTH_COLUMNS:
        raise DataError("the header is not that of a depth file", place=f"{table.place}:1", remedy="check the file")


def _depth_rows(table: RawTable, instrument: Instrument, faults: Faults) -> pl.DataFrame:
    """Good rows with columns first, last and previous update id, and those of book events."""
    frame = table.frame
    faults.rows += frame.height
    times = parse_times(frame["timestamp"], place=f"{table.place}, column timestamp")
    price = exact([frame["price"]], instrument.price_scale)
    size = exact([frame["qty"]], instrument.size_scale)
    side = side_codes(frame["side"], _BOOK_SIDES)
    kind = side_codes(frame["update_type"], {"snap": codes.SNAPSHOT, "set": codes.SET})
    ids = [
        frame[name].str.strip_chars().cast(pl.Int64, strict=False)
        for name in ("first_update_id", "last_update_id", "pu")
    ]
    rows = pl.DataFrame(
        {
            "ts_ns": times.ts_ns,
            "kind": kind.cast(pl.UInt8),
            "side": side,
            "price": price.values[0],
            "level_size": size.values[0],
            "first": ids[0],
            "last": ids[1],
            "previous": ids[2],
            "line": table.lines,
        }
    ).with_columns(
        _reason(
            pl.lit(times.reason),
            pl.when(kind.is_null()).then(pl.lit("update_type is neither snap nor set")),
            pl.when(side.is_null()).then(pl.lit("side is neither b nor a")),
            pl.when(ids[0].is_null() | ids[1].is_null() | ids[2].is_null()).then(
                pl.lit("an update id is no whole number")
            ),
            _positive("price", price.values[0], price.bad[0]),
            _positive("qty", size.values[0], size.bad[0], zero=True),
        ),
        row=pl.int_range(frame.height, eager=True),
        recv_ns=pl.lit(None, dtype=pl.Int64),
        size=pl.lit(None, dtype=pl.Int64),
        symbol=pl.lit(instrument.symbol),
    )
    return refuse(table, rows, faults)


def _clear_like(rows: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.Int64)
    return rows.head(1).with_columns(
        kind=pl.lit(codes.CLEAR, dtype=pl.UInt8), side=pl.lit(0, dtype=pl.Int8), price=nothing, level_size=nothing
    )


def _proven(rows: pl.DataFrame, table: RawTable, state: _State, faults: Faults) -> pl.DataFrame:
    """The rows of updates that follow each other; where some are missing, the book starts anew."""
    if rows.is_empty():
        return rows
    starts = rows.with_row_index("at").filter((pl.col("last") != pl.col("last").shift(1)).fill_null(True))
    cuts: list[int] = []
    for at, row, line, first, last, previous in starts.select(
        "at", "row", "line", "first", "last", "previous"
    ).iter_rows():
        missing = None
        if state.snapshot is not None:
            if first > state.snapshot and previous != state.snapshot:
                missing = f"update {first} does not join snapshot {state.snapshot}"
            state.snapshot = None
        elif state.last is not None and last != state.last and previous != state.last:
            missing = f"the update that ends at {last} follows {previous}, but the one before ends at {state.last}"
        if missing is not None:
            faults.add(
                table.place, line, f"updates are missing: {missing}; the book starts anew", table.text(row), kept=True
            )
            cuts.append(at)
        state.last = last
    parts, done = [], 0
    for cut in cuts:
        parts += [rows.slice(done, cut - done), _clear_like(rows.slice(cut, 1))]
        done = cut
    return pl.concat([*parts, rows.slice(done)])


def _store(rows: pl.DataFrame, place: str, state: _State, units: Units, instrument: Instrument) -> Iterator[Batch]:
    if rows.is_empty():
        return
    rows = state.clock.steady(rows, place)
    rows = rows.with_columns(date=trade_dates(rows["ts_ns"], units.timezone))
    for date, day in state.open_books.by_day(instrument.symbol, rows):
        day = day.with_columns(seq=pl.int_range(pl.len()) + state.seq)
        state.seq += day.height
        yield Batch("book_events", day.select(_KEPT), instrument, date, "book-l2")
