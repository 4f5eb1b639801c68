"""Binance's downloadable CSV files: aggTrades, trades, bookTicker, and depth snapshots with their updates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.binance_depth import DEPTH_COLUMNS, read_depth, refuse, venue_of
from tcakit.feeds.blocks import Piece, pieces
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.delimited import _positive, _reason
from tcakit.feeds.plain_csv import DECIMAL, PASSED_OVER, WHOLE, WORD, Plain, PlainReader
from tcakit.feeds.raw_table import RawTable, header_of
from tcakit.feeds.sides import BOOL_WORDS, side_codes
from tcakit.feeds.timestamps import by_trade_date, parse_times
from tcakit.feeds.units import Units, exact
from tcakit.market import codes
from tcakit.market.instrument import Instrument

_NAME = re.compile(r"^(?P<symbol>[A-Z0-9_]{2,40})-(?P<kind>aggTrades|trades|bookTicker)-\d{4}-\d{2}(?:-\d{2})?\.csv$")
# Spot's files have no header row and, at their end, a column more (whether it was the best match).
_COLUMNS = {
    "aggTrades": ("id", "price", "size", "first_id", "last_id", "time", "buyer_maker", "best_match"),
    "trades": ("id", "price", "size", "quote_size", "time", "buyer_maker", "best_match"),
    "bookTicker": ("id", "bid", "bid_size", "ask", "ask_size", "time", "event_time"),
}
_HEADERS = {"agg_trade_id": "aggTrades", "id": "trades", "update_id": "bookTicker"}
_SECOND = {"aggTrades": "price", "trades": "price", "bookTicker": "best_bid_price"}
_TARGETS = {"aggTrades": "trades", "trades": "trades", "bookTicker": "quotes"}
_PLAIN = {
    **dict.fromkeys(("id", "time"), WHOLE),
    **dict.fromkeys(("price", "size", "bid", "bid_size", "ask", "ask_size"), DECIMAL),
    **dict.fromkeys(("first_id", "last_id", "quote_size", "event_time", "best_match"), PASSED_OVER),
    "buyer_maker": WORD,
}
_MAKERS = {"true": 1, "false": 0, "True": 1, "False": 0}
_KEPT = {
    "trades": ["seq", "ts_ns", "recv_ns", "price", "size", "aggressor", "trade_id"],
    "quotes": ["seq", "ts_ns", "recv_ns", "bid", "bid_size", "ask", "ask_size"],
}


@dataclass(slots=True)
class _State:
    """What goes on from one block of the file to the next."""

    last: int | None = None  # id of the last row
    seq: int = 0


class BinanceReader:
    """Reads SYMBOL-aggTrades-DATE.csv, SYMBOL-trades-DATE.csv, SYMBOL-bookTicker-DATE.csv, with and without header row,
    and ..._depth_snap.csv with ..._depth_update.csv.

    Ids say whether rows are missing, and update ids whether an update follows the one before it and the snapshot.
    """

    name = "binance"
    version = 1
    reads_names = True

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the name is of such a file, or the header row is."""
        if _NAME.match(path.name):
            return True
        names = header_of(head)
        return names is not None and (tuple(names) == DEPTH_COLUMNS or _kind_of_header(names) is not None)

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield a batch a trade date of each block; two passes, the first finds scales and tick."""
        _, names = _first_line(*source.members[0])
        if names is not None and tuple(names) == DEPTH_COLUMNS:
            yield from read_depth(source, options, faults)
            return
        for label, content in source.members:
            yield from _flat(label, content, options, faults)


def _kind_of_header(names: list[str]) -> str | None:
    kind = _HEADERS.get(names[0])
    if kind is None or len(names) < 2 or names[1] != _SECOND[kind]:
        return None
    return kind if len(_COLUMNS[kind]) - 1 <= len(names) <= len(_COLUMNS[kind]) else None


def _first_line(label: str, content: Path | bytes) -> tuple[bytes, list[str] | None]:
    try:
        if isinstance(content, bytes):
            head = content[:65_536]
        else:
            with content.open("rb") as file:
                head = file.read(65_536)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=label, remedy="check its permissions") from None
    return head.split(b"\n", 1)[0].rstrip(b"\r"), header_of(head)


def _flat(label: str, content: Path | bytes, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
    """Trades or best quotes."""
    line, names = _first_line(label, content)
    named = _NAME.match(Path(label).name)
    kind = (_kind_of_header(names) if names else None) or (named["kind"] if named else None)
    if kind is None:
        raise DataError(
            "neither its name nor its header row says what it holds",
            place=f"{label}:1",
            remedy="keep Binance's name, e.g. BTCUSDT-aggTrades-2024-01-31.csv",
        )
    symbol = options.symbol or (named["symbol"] if named else None)
    if symbol is None:
        raise DataError("the file does not name its symbol", place=label, remedy="add --symbol NAME")
    width = line.count(b",") + 1
    columns = _COLUMNS[kind][:width]
    if not len(_COLUMNS[kind]) - 1 <= width <= len(_COLUMNS[kind]):
        raise DataError(
            f"{width} columns in the first line, {kind} has {len(_COLUMNS[kind]) - 1} or {len(_COLUMNS[kind])}",
            place=f"{label}:1",
            remedy="check the file",
        )
    venue = venue_of(symbol, spot="best_match" in columns)
    header = None if line[:1].isalpha() else ",".join(columns).encode()

    def long_way(piece: Piece, into: Faults) -> RawTable | None:
        table = piece.table(into)
        if table is not None:
            table.frame.columns = list(columns)
        return table

    quotes = kind == "bookTicker"
    units, key = Units(options), (venue, symbol)
    prices, sizes = (["bid", "ask"], ["bid_size", "ask_size"]) if quotes else (["price"], ["size"])
    reader = PlainReader({name: _PLAIN[name] for name in columns}, {"buyer_maker": _MAKERS})
    found: list[Piece] = []
    for piece in pieces(label, content, header):
        found.append(piece.let_go())
        plain = reader.read(piece)
        telling = plain.telling(sizes) if plain is not None else None
        if plain is not None and telling is not None:
            units.see(key, [plain.distinct(prices)], [telling], quotes)
            continue
        table = long_way(piece, Faults())
        if table is not None:
            units.see(key, [table.frame[name] for name in prices], [table.frame[name] for name in sizes], quotes)
    instrument, state, target = units.instrument(key), _State(), _TARGETS[kind]
    for piece in found:
        plain = reader.read(piece)
        rows = None if plain is None else _plain_rows(plain, instrument, prices, sizes, state.last)
        if plain is not None and rows is not None:
            faults.rows += rows.height
            state.last = int(plain.column("id")[-1])
        else:
            table = long_way(piece, faults)
            if table is None:
                continue
            faults.rows += table.frame.height
            rows = refuse(table, _parse(table, instrument, prices, sizes), faults)
            _tell_jumps(table, rows, state, faults, quotes)
            if rows.is_empty():
                continue
        rows = rows.with_columns(seq=pl.int_range(pl.len()) + state.seq)
        state.seq += rows.height
        for date, day in by_trade_date(rows, units.timezone):
            yield Batch(target, day.select(_KEPT[target]), instrument, date, target)


def _plain_rows(
    rows: Plain, instrument: Instrument, prices: list[str], sizes: list[str], last: int | None
) -> pl.DataFrame | None:
    """The rows as `_parse` gives them; None if one of them would be refused, or its id does not follow `last`."""
    times = rows.times("time")
    values = [rows.scaled(name, instrument.price_scale) for name in prices]
    values += [rows.scaled(name, instrument.size_scale) for name in sizes]
    quotes = len(prices) == 2
    least = [1] * len(prices) + [0 if quotes else 1] * len(sizes)
    if times is None or any(column is None or column.min() < low for column, low in zip(values, least, strict=True)):
        return None
    number = rows.column("id")
    steps = np.diff(number, prepend=number[0] - 1 if last is None else last)
    if not (steps > 0 if quotes else steps == 1).all():
        return None
    none = pl.Series([None], dtype=pl.Int64).new_from_index(0, rows.height)
    frame = pl.DataFrame({"ts_ns": times, "recv_ns": none, **dict(zip(prices + sizes, values, strict=True))})
    if quotes:
        return frame
    taker = np.where(rows.column("buyer_maker") == 1, np.int8(codes.SELL), np.int8(codes.BUY))
    return frame.with_columns(aggressor=pl.Series(taker), trade_id=pl.Series(number).cast(pl.String))


def _parse(table: RawTable, instrument: Instrument, prices: list[str], sizes: list[str]) -> pl.DataFrame:
    frame = table.frame
    times = parse_times(frame["time"], place=f"{table.place}, column time")
    price = exact([frame[name] for name in prices], instrument.price_scale)
    size = exact([frame[name] for name in sizes], instrument.size_scale)
    number = frame["id"].str.strip_chars().cast(pl.Int64, strict=False)
    causes = [pl.lit(times.reason), pl.when(number.is_null()).then(pl.lit("id is no whole number"))]
    quotes = len(prices) == 2
    for name, values, bad in zip(prices, price.values, price.bad, strict=True):
        causes.append(_positive(name, values, bad, missing=quotes))
    for name, values, bad in zip(sizes, size.values, size.bad, strict=True):
        causes.append(_positive(name, values, bad, zero=quotes, missing=quotes))
    extra: list[pl.Expr | pl.Series] = []
    if not quotes:
        maker = side_codes(frame["buyer_maker"], BOOL_WORDS)
        causes.append(pl.when(maker.is_null()).then(pl.lit("is_buyer_maker is neither true nor false")))
        # The maker bought: the seller took.
        taker = pl.select(pl.when(maker == 1).then(codes.SELL).otherwise(codes.BUY).cast(pl.Int8)).to_series()
        extra = [taker.alias("aggressor"), number.cast(pl.String).alias("trade_id")]
    return pl.DataFrame({"ts_ns": times.ts_ns, "number": number}).with_columns(
        *extra,
        *[values.alias(name) for name, values in zip(prices + sizes, price.values + size.values, strict=True)],
        _reason(*causes),
        recv_ns=pl.lit(None, dtype=pl.Int64),
        row=pl.int_range(frame.height, eager=True),
        line=pl.Series(table.lines),
    )


def _tell_jumps(table: RawTable, rows: pl.DataFrame, state: _State, faults: Faults, quotes: bool) -> None:
    """Trades are numbered without gaps; update ids of quotes only grow."""
    before = rows["number"].shift(1, fill_value=state.last)
    step = rows["number"] - before
    wrong = (step <= 0 if quotes else step != 1).fill_null(False)
    if state.last is None and rows.height:
        state.last = int(rows["number"][0])
    for row, line, number, last in (
        rows.with_columns(before=before).filter(wrong).select("row", "line", "number", "before").iter_rows()
    ):
        what = "updates out of order" if quotes else "trades are missing" if number > last else "trades out of order"
        faults.add(table.place, line, f"{what}: {number} follows {last}", table.text(row), kept=True)
    if rows.height:
        state.last = int(rows["number"][-1])
