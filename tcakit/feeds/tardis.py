"""Tardis.dev's downloadable CSV files: books, trades, quotes and tickers of crypto venues, received times included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.blocks import Piece, pieces
from tcakit.feeds.book_rows import OpenBooks, SteadyClock, with_clears_of_one
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.delimited import _positive, _reason
from tcakit.feeds.depth_rows import changes, levels_of
from tcakit.feeds.plain_csv import DECIMAL, WHOLE, WORD, Plain, PlainReader
from tcakit.feeds.raw_table import RawTable, header_of
from tcakit.feeds.sides import BOOL_WORDS, side_codes
from tcakit.feeds.timestamps import by_trade_date, parse_times
from tcakit.feeds.units import Units, exact
from tcakit.market import codes
from tcakit.market.instrument import Instrument

_FIRST = ["exchange", "symbol", "timestamp", "local_timestamp"]
_BOOK_SIDES = {"bid": codes.BUY, "ask": codes.SELL}
_TAKER_SIDES = {"buy": codes.BUY, "sell": codes.SELL, "unknown": 0, "": 0}
_LEVEL = re.compile(r"^(asks|bids)\[(0|[1-9][0-9]*)\]\.(price|amount)$")
_QUOTE_COLUMNS = ("bid_price", "bid_amount", "ask_price", "ask_amount")


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the header says: content as in `sources`, columns of prices and of sizes, levels a side, kind of notice."""

    content: str
    prices: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    depth: int | None = None
    notice: str = ""


@dataclass(slots=True)
class _State:
    """What goes on from one block of the file to the next."""

    clock: SteadyClock = field(default_factory=SteadyClock)
    was_snapshot: dict[str, bool] = field(default_factory=dict)
    books: dict[str, pl.DataFrame] = field(default_factory=dict)
    open_books: OpenBooks = field(default_factory=OpenBooks)
    seq: int = 0


class TardisReader:
    """Reads incremental_book_L2, book_snapshot_N, trades, quotes (book_ticker), liquidations, derivative_ticker and
    options_chain; the last three become notices."""

    name = "tardis"
    version = 1
    reads_names = True

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the header row starts as all of Tardis's do."""
        names = header_of(head)
        return names is not None and names[:4] == _FIRST and len(names) > 4

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield a batch a symbol and trade date of each block; two passes, the first finds scales and ticks."""
        state = _State()
        units = Units(options)
        readers: _Readers = {}
        found: list[tuple[str, Piece]] = []
        # One scale for all files of the source: a symbol has one.
        for label, content in source.members:
            place = _place(source, label)
            for piece in pieces(place, content):
                found.append((label, piece.let_go()))
                plain = _plain(piece, label, place, readers)
                if plain is not None and _take_plain_note(*plain, units):
                    continue
                table = piece.table(Faults())
                if table is not None:
                    _take_note(table, _layout(table.frame.columns, label, place), units)
        if options.symbol is not None and len(units.keys()) > 1:
            raise DataError(
                f"{len(units.keys())} symbols in the file, but --symbol names one",
                place=source.name,
                remedy="leave --symbol out",
            )
        instruments = {key: units.instrument(key) for key in units.keys()}  # noqa: SIM118
        for label, piece in found:
            plain = _plain(piece, label, piece.place, readers)
            if plain is not None:
                layout, read = plain
                instrument = instruments[_key(read)]
                rows = _plain_rows(read, layout, instrument)
                if rows is not None:
                    faults.rows += rows.height
                    yield from _stored(rows, layout, _key(read), instrument, piece.place, units.timezone, state)
                    continue
            table = piece.table(faults)
            if table is not None:
                layout = _layout(table.frame.columns, label, piece.place)
                yield from _batches(table, layout, instruments, units.timezone, state, faults)
        state.clock.tell(faults)


def _place(source: Source, label: str) -> str:
    return label if label == source.name else f"{source.name}:{label}"


def _layout(names: list[str], label: str, place: str) -> _Layout:
    if names[:4] != _FIRST:
        raise DataError(
            f"the header does not begin with {', '.join(_FIRST)}",
            place=f"{place}:1",
            remedy="take Tardis's own CSV file, or leave --format out",
        )
    own = set(names[4:])
    levels = {(match[1], int(match[2]), match[3]) for name in names if (match := _LEVEL.match(name))}
    if levels:
        depth = 1 + max(level for _, level, _ in levels)
        if len(levels) != 4 * depth or depth > 1000:
            raise DataError("levels are missing in the header", place=f"{place}:1", remedy="fetch the file again")
        sides = [f"{side}[{level}]" for side in ("bids", "asks") for level in range(depth)]
        return _Layout(
            "book-l2-window",
            tuple(f"{side}.price" for side in sides),
            tuple(f"{side}.amount" for side in sides),
            depth,
        )
    if own == {"is_snapshot", "side", "price", "amount"}:
        return _Layout("book-l2", ("price",), ("amount",))
    if own == {"id", "side", "price", "amount"}:
        # Liquidations have the columns of trades, and are trades once more: only the file's name tells.
        if "liquidations" in Path(label).name:
            return _Layout("notices", notice="liquidation")
        return _Layout("trades", ("price",), ("amount",))
    if own == set(_QUOTE_COLUMNS):
        return _Layout("quotes", ("bid_price", "ask_price"), ("bid_amount", "ask_amount"))
    kind = "options_chain" if "strike_price" in own else "derivative_ticker" if "funding_rate" in own else "tardis"
    return _Layout("notices", notice=kind)


def _take_note(table: RawTable, layout: _Layout, units: Units) -> None:
    frame = table.frame.with_columns(venue=_venue(), symbol=pl.col("symbol").str.strip_chars())
    for (venue, symbol), own in frame.group_by("venue", "symbol", maintain_order=True):
        if venue is None or symbol is None:
            continue
        units.see(
            (str(venue), str(symbol)),
            [own[name] for name in layout.prices],
            [own[name] for name in layout.sizes],
            layout.content != "trades",
        )


_Readers = dict[str, "tuple[_Layout, PlainReader] | None"]
_PLAIN = {
    "timestamp": WHOLE,
    "local_timestamp": WHOLE,
    "id": WHOLE,
    "is_snapshot": WORD,
    "side": WORD,
    **dict.fromkeys(("price", "amount", *_QUOTE_COLUMNS), DECIMAL),
}
_BOOLS = {"true": 1, "false": 0}
_PLAIN_SIDES = {"book-l2": _BOOK_SIDES, "trades": {"buy": codes.BUY, "sell": codes.SELL, "unknown": 0}}


def _plain(piece: Piece, label: str, place: str, readers: _Readers) -> tuple[_Layout, Plain] | None:
    """The piece's rows where its layout and every byte of it are plain; `readers` are those of the files so far."""
    if label not in readers:
        names = piece.header.decode("ascii", "replace").split(",")
        layout = _layout(names, label, place) if names[:4] == _FIRST and len(set(names)) == len(names) else None
        readers[label] = None
        if layout is not None and layout.content in ("book-l2", "trades", "quotes"):
            columns = {name: _PLAIN[name] for name in names[2:]}
            words = {"is_snapshot": _BOOLS, "side": _PLAIN_SIDES.get(layout.content, {})}
            readers[label] = (layout, PlainReader(columns, words, fields=2))
    held = readers[label]
    rows = held[1].read(piece) if held is not None else None
    return None if held is None or rows is None else (held[0], rows)


def _key(rows: Plain) -> tuple[str, str]:
    return rows.prefix[0].upper(), rows.prefix[1]


def _take_plain_note(layout: _Layout, rows: Plain, units: Units) -> bool:
    sizes = rows.telling(layout.sizes)
    if sizes is None:
        return False
    units.see(_key(rows), [rows.distinct(layout.prices)], [sizes], layout.content != "trades")
    return True


def _plain_rows(rows: Plain, layout: _Layout, instrument: Instrument) -> pl.DataFrame | None:
    """The rows with the columns of their table, as `_parse` gives them; None if one of them would be refused."""
    times = [rows.times(name) for name in ("timestamp", "local_timestamp")]
    prices = [rows.scaled(name, instrument.price_scale) for name in layout.prices]
    sizes = [rows.scaled(name, instrument.size_scale) for name in layout.sizes]
    if any(column is None for column in (*times, *prices, *sizes)):
        return None
    if any(price.min() <= 0 for price in prices if price is not None):
        return None
    if layout.content == "trades" and any(size.min() <= 0 for size in sizes if size is not None):
        return None
    frame = pl.DataFrame({"ts_ns": times[0], "recv_ns": times[1]})
    if layout.content == "quotes":
        return frame.with_columns(
            pl.Series(name, values)
            for name, values in zip(("bid", "ask", "bid_size", "ask_size"), (*prices, *sizes), strict=True)
        )
    side = pl.Series(rows.column("side").astype(np.int8))
    if layout.content == "trades":
        trade_id = pl.Series(rows.column("id")).cast(pl.String)
        return frame.with_columns(
            pl.Series("price", prices[0]), pl.Series("size", sizes[0]), aggressor=side, trade_id=trade_id
        )
    kind = np.where(rows.column("is_snapshot") == 1, np.uint8(codes.SNAPSHOT), np.uint8(codes.SET))
    return frame.with_columns(
        kind=pl.Series(kind),
        side=side,
        price=pl.Series(prices[0]),
        size=pl.lit(None, dtype=pl.Int64),
        level_size=pl.Series(sizes[0]),
        line=pl.int_range(rows.line, rows.line + rows.height),
    )


def _venue() -> pl.Expr:
    """Tardis's word for the venue in capitals (binance-futures is BINANCE-FUTURES)."""
    return pl.col("exchange").str.strip_chars().str.to_uppercase()


def _batches(
    table: RawTable,
    layout: _Layout,
    instruments: dict[tuple[str, str], Instrument],
    timezone: str,
    state: _State,
    faults: Faults,
) -> Iterator[Batch]:
    faults.rows += table.frame.height
    rows = table.frame.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64),
        line=pl.Series(table.lines),
        venue=_venue(),
        symbol=pl.col("symbol").str.strip_chars(),
        **_times(table),
    )
    nameless = rows.filter(pl.col("venue").is_null() | pl.col("symbol").is_null())
    for row, line in nameless.select("row", "line").iter_rows():
        faults.add(table.place, line, "exchange or symbol is missing", table.text(row))
    for key, own in rows.group_by("venue", "symbol", maintain_order=True):
        instrument = instruments.get((str(key[0]), str(key[1])))
        if instrument is None:
            continue
        good = _refuse(table, _parse(own, layout, instrument), faults)
        if good.is_empty():
            continue
        yield from _stored(good, layout, (str(key[0]), str(key[1])), instrument, table.place, timezone, state)


def _stored(
    good: pl.DataFrame,
    layout: _Layout,
    key: tuple[str, str],
    instrument: Instrument,
    place: str,
    timezone: str,
    state: _State,
) -> Iterator[Batch]:
    """Good rows of one symbol, day by day as they are stored."""
    target = layout.content
    if layout.content.startswith("book"):
        # Symbols of two venues in one file are two books.
        book, target = "/".join(key), "book_events"
        good = state.clock.steady_one(book, good, place)
        if layout.content == "book-l2":
            good = with_clears_of_one(book, good, state.was_snapshot)
        else:
            good = _changes(good, layout, book, state)
    days = by_trade_date(good, timezone)
    if target == "book_events":
        days = state.open_books.open_days("/".join(key), days)
    for date, day in days:
        day = day.with_columns(seq=pl.int_range(pl.len()) + state.seq)
        state.seq += day.height
        yield Batch(target, day.select(_KEPT[target]), instrument, date, layout.content, layout.depth)


_KEPT = {
    "trades": ["seq", "ts_ns", "recv_ns", "price", "size", "aggressor", "trade_id"],
    "quotes": ["seq", "ts_ns", "recv_ns", "bid", "bid_size", "ask", "ask_size"],
    "book_events": ["seq", "ts_ns", "recv_ns", "kind", "side", "price", "size", "level_size"],
    "notices": ["seq", "ts_ns", "recv_ns", "kind", "detail"],
}


def _times(table: RawTable) -> dict[str, pl.Series]:
    stamped = parse_times(table.frame["timestamp"], place=f"{table.place}, column timestamp")
    received = parse_times(table.frame["local_timestamp"], place=f"{table.place}, column local_timestamp")
    reason = pl.select(pl.coalesce(stamped.reason, "receipt " + received.reason)).to_series()
    return {"ts_ns": stamped.ts_ns, "recv_ns": received.ts_ns, "time_reason": reason}


def _parse(rows: pl.DataFrame, layout: _Layout, instrument: Instrument) -> pl.DataFrame:
    """The rows with the columns of their table, and `reason` why one is refused."""
    if layout.content == "notices":
        fields = [name for name in rows.columns[1:] if name not in _NO_FIELDS]
        detail = [
            json.dumps({name: value for name, value in zip(fields, row, strict=True) if value is not None})
            for row in rows.select(fields).iter_rows()
        ]
        return rows.with_columns(
            kind=pl.lit(layout.notice), detail=pl.Series(detail, dtype=pl.String), reason=pl.col("time_reason")
        )
    price = exact([rows[name] for name in layout.prices], instrument.price_scale)
    size = exact([rows[name] for name in layout.sizes], instrument.size_scale)
    if layout.content == "trades":
        side = side_codes(rows["side"], _TAKER_SIDES)
        return rows.with_columns(
            price.values[0].alias("price"),
            size.values[0].alias("size"),
            side.alias("aggressor"),
            rows["id"].alias("trade_id"),
            _reason(
                pl.lit(rows["time_reason"]),
                pl.when(side.is_null()).then(pl.lit("side is none of buy, sell, unknown")),
                _positive("price", price.values[0], price.bad[0]),
                _positive("amount", size.values[0], size.bad[0]),
            ),
        )
    if layout.content == "quotes":
        causes = [pl.lit(rows["time_reason"])]
        for number, best in enumerate(("bid", "ask")):
            causes.append(_positive(best, price.values[number], price.bad[number], missing=True))
            causes.append(_positive(f"{best} amount", size.values[number], size.bad[number], zero=True, missing=True))
        return rows.with_columns(
            price.values[0].alias("bid"),
            price.values[1].alias("ask"),
            size.values[0].alias("bid_size"),
            size.values[1].alias("ask_size"),
            _reason(*causes),
        )
    if layout.content == "book-l2":
        side = side_codes(rows["side"], _BOOK_SIDES)
        snapshot = side_codes(rows["is_snapshot"], BOOL_WORDS)
        kind = pl.select(pl.when(snapshot == 1).then(codes.SNAPSHOT).otherwise(codes.SET)).to_series()
        return rows.with_columns(
            kind.cast(pl.UInt8).alias("kind"),
            side.alias("side"),
            price.values[0].alias("price"),
            pl.lit(None, dtype=pl.Int64).alias("size"),
            size.values[0].alias("level_size"),
            _reason(
                pl.lit(rows["time_reason"]),
                pl.when(snapshot.is_null()).then(pl.lit("is_snapshot is neither true nor false")),
                pl.when(side.is_null()).then(pl.lit("side is neither bid nor ask")),
                _positive("price", price.values[0], price.bad[0]),
                _positive("amount", size.values[0], size.bad[0], zero=True),
            ),
        )
    causes = [pl.lit(rows["time_reason"])]
    depth = layout.depth or 0
    for number, name in enumerate(layout.prices):
        causes.append(_positive(name, price.values[number], price.bad[number], missing=True))
        causes.append(_positive(layout.sizes[number], size.values[number], size.bad[number], missing=True))
        alone = price.values[number].is_null() != size.values[number].is_null()
        causes.append(pl.when(alone).then(pl.lit(f"{name} stands without its amount, or the amount without it")))
        if number % depth:
            worse = price.values[number] * (1 if number < depth else -1)
            better = price.values[number - 1] * (1 if number < depth else -1)
            wrong = (worse >= better).fill_null(False) | (price.values[number].is_not_null() & better.is_null())
            causes.append(pl.when(wrong).then(pl.lit(f"{name} is not behind the level before it")))
    return rows.with_columns(
        *[column.alias(name) for name, column in zip(layout.prices, price.values, strict=True)],
        *[column.alias(name) for name, column in zip(layout.sizes, size.values, strict=True)],
        _reason(*causes),
    )


_NO_FIELDS = (*_FIRST, "row", "line", "venue", "ts_ns", "recv_ns", "time_reason")


def _refuse(table: RawTable, rows: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    for row, line, reason in rows.filter(pl.col("reason").is_not_null()).select("row", "line", "reason").iter_rows():
        faults.add(table.place, line, reason, table.text(row))
    return rows.filter(pl.col("reason").is_null())


def _changes(rows: pl.DataFrame, layout: _Layout, key: str, state: _State) -> pl.DataFrame:
    """Rows of whole books as events, each with its row's times."""
    depth = layout.depth or 0
    rows = rows.with_columns(row=pl.int_range(1, pl.len() + 1))
    columns = [(rows[price], rows[size]) for price, size in zip(layout.prices, layout.sizes, strict=True)]
    levels = levels_of(rows, {codes.BUY: columns[:depth], codes.SELL: columns[depth:]})
    events = changes(levels, rows.height, depth, state.books.get(key))
    state.books[key] = levels.filter(pl.col("row") == rows.height)
    return events.join(rows.select("row", "ts_ns", "recv_ns"), on="row", how="left", maintain_order="left")
