"""Trades, top-of-book quotes and book deltas from CSV and Parquet files with one header row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds import grid, headers
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.decimals import displayed_decimals, plain_numbers, to_integers
from tcakit.feeds.raw_table import RawTable, header_of, parquet_names, read_table
from tcakit.feeds.sides import BOOK_WORDS, BOOL_WORDS, TAKER_WORDS, side_codes
from tcakit.feeds.timestamps import parse_times, trade_dates
from tcakit.market import clock, codes
from tcakit.market.instrument import Instrument

# ISO 10383's "no market" and ISO 4217's "no currency": said where neither the file nor the user names one.
NO_VENUE = "X" * 4
NO_CURRENCY = "X" * 3
MINIMUM_PRICE_SCALE = 10_000
_DELETES = ("delete", "del", "remove", "d", "removed")
_SETS = (
    "set",
    "update",
    "change",
    "insert",
    "new",
    "add",
    "modify",
    "u",
    "i",
    "amend",
    "upsert",
    "delta",
    *_DELETES,
)
_SNAPSHOTS = ("snap", "snapshot", "partial", "image")
_CLEARS = ("clear", "reset")
_TABLES = {"trades": "trades", "quotes": "quotes", "book-l2": "book_events"}


class DelimitedReader:
    """Plain CSV and Parquet of trades, quotes or book deltas; columns are known by their usual names."""

    name = "csv"
    version = 1

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the header row names the columns of trades, quotes or book deltas."""
        if head[:4] == b"PAR1":
            # A Parquet file keeps its column names at its end, which `head` does not reach.
            names = parquet_names(path) if path.is_file() else None
            return names is None or headers.is_market_data(names)
        names = header_of(head)
        return names is not None and headers.is_market_data(names)

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield a batch a symbol and trade date; DataError if there is no market data or no good row."""
        first_row = 0
        for label, content in source.members:
            place = label if label == source.name else f"{source.name}:{label}"
            table = read_table(place, content, faults)
            yield from _batches(table, options, faults, first_row)
            first_row += int(table.frame.height)


def _batches(table: RawTable, options: ReaderOptions, faults: Faults, first_row: int) -> Iterator[Batch]:
    header = headers.recognise(table.frame.columns, options.content, table.place)
    content = header.content or _content_by_sides(table, header)
    timezone = options.timezone or "UTC"
    clock.zone(timezone)
    rows = pl.DataFrame({"row": pl.int_range(table.frame.height, eager=True)})
    rows = rows.with_columns(*_times(table, header, options), _symbols(table, header, options), _venues(table, header))
    parse = {"trades": _trades, "quotes": _quotes, "book-l2": _deltas}[content]
    columns, price_scale, size_scale, decimals = parse(table, header)
    rows = rows.with_columns(columns)
    rows = _refuse(table, rows, faults)
    if content == "book-l2":
        rows = _with_clears(rows)
    rows = rows.with_columns(
        seq=pl.int_range(pl.len()) + first_row if content == "book-l2" else pl.col("row") + first_row,
        date=trade_dates(rows["ts_ns"], timezone),
    )
    lot = 1 if options.lot_size is None else grid.stated(options.lot_size, size_scale, "lot_size")
    for symbol in rows["symbol"].unique(maintain_order=True):
        own = rows.filter(pl.col("symbol") == symbol)
        shown = pl.concat([own[name] for name in ("price", "bid", "ask") if name in own.columns])
        tick = (
            grid.inferred_tick(shown, price_scale, decimals, displayed=content != "trades")
            if options.tick_size is None
            else grid.stated(options.tick_size, price_scale, "tick_size")
        )
        venues = own["venue"].drop_nulls().unique()
        instrument = Instrument(
            symbol,
            venue=options.venue or (venues[0] if len(venues) == 1 else NO_VENUE),
            currency=options.currency or NO_CURRENCY,
            timezone=timezone,
            price_scale=price_scale,
            size_scale=size_scale,
            tick_size=tick,
            lot_size=lot,
        )
        for (date,), day in own.group_by("date", maintain_order=True):
            frame = day.select(_KEPT[content])
            yield Batch(_TABLES[content], frame, instrument, str(date), content)


_KEPT = {
    "trades": ["seq", "ts_ns", "recv_ns", "price", "size", "aggressor", "condition", "trade_id"],
    "quotes": ["seq", "ts_ns", "recv_ns", "bid", "bid_size", "ask", "ask_size"],
    "book-l2": ["seq", "ts_ns", "recv_ns", "kind", "side", "price", "size", "level_size"],
}


def _content_by_sides(table: RawTable, header: headers.Header) -> str:
    """Whether `side, price, size` are trades (buy, sell) or book deltas (bid, ask)."""
    column = header.columns["side"]
    words = {str(word).strip().lower() for word in table.frame[column].drop_nulls().unique()}
    sizes = plain_numbers(table.frame[header.columns["size"]])[0]
    emptied = bool((sizes.cast(pl.Float64) == 0).any())
    if (
        words
        and words <= {"bid", "ask", "bids", "asks", "b", "a", "offer"}
        and words & {"bid", "ask", "a", "bids", "asks"}
    ):
        return "book-l2"
    if words and words <= {"buy", "sell", "b", "s", "unknown", "none", ""} and not emptied:
        return "trades"
    raise DataError(
        f"trades or book deltas? The columns {headers.names_listed(table.frame.columns)} fit both, "
        f"and so does {column} with {sorted(words)[:6]}",
        place=f"{table.place}:1",
        remedy="say which it is: --content trades or --content book-l2",
    )


def _times(table: RawTable, header: headers.Header, options: ReaderOptions) -> list[pl.Series]:
    frame = table.frame
    text = frame[header.columns["time"]]
    timezone = "UTC" if "time" in header.utc else options.timezone
    if "date" in header.columns:
        # A column of days beside a column of times of day; where the time holds its own day, that one counts.
        day = frame[header.columns["date"]]
        clock_time = text.str.strip_chars().str.replace(r"^(\d:)", "0$1")
        of_day = clock_time.str.contains(r"^\d{2}:\d{2}").fill_null(False)
        joined = pl.concat_str([day, clock_time], separator="T")
        text = pl.select(pl.when(of_day).then(joined).otherwise(text)).to_series()
    times = parse_times(text, timezone=timezone, date=options.date, place=_column_place(table, header, "time"))
    received = pl.Series("recv_ns", [None] * frame.height, dtype=pl.Int64)
    reason = times.reason
    if "received" in header.columns:
        zone = "UTC" if "received" in header.utc else options.timezone
        own = frame[header.columns["received"]]
        if own.null_count() < len(own):
            parsed = parse_times(own, timezone=zone, date=options.date, place=_column_place(table, header, "received"))
            received = parsed.ts_ns
            wrong = pl.select(pl.when(own.is_not_null()).then("receipt " + parsed.reason)).to_series()
            reason = pl.select(pl.coalesce(reason, wrong)).to_series()
    return [times.ts_ns.alias("ts_ns"), received.alias("recv_ns"), reason.alias("time_reason")]


def _column_place(table: RawTable, header: headers.Header, role: str) -> str:
    return f"{table.place}, column {header.columns[role]}"


def _symbols(table: RawTable, header: headers.Header, options: ReaderOptions) -> pl.Series:
    if options.symbol is not None:
        if "symbol" in header.columns:
            named = table.frame[header.columns["symbol"]].str.strip_chars().unique().drop_nulls()
            if len(named) > 1:
                raise DataError(
                    f"{len(named)} symbols in the file, but --symbol names one",
                    place=_column_place(table, header, "symbol"),
                    remedy="leave --symbol out",
                )
        return pl.Series("symbol", [options.symbol]).new_from_index(0, table.frame.height)
    if "symbol" not in header.columns:
        raise DataError("the file does not name its symbol", place=table.place, remedy="add --symbol NAME")
    stripped = table.frame[header.columns["symbol"]].str.strip_chars()
    return stripped.set(stripped == "", None).alias("symbol")


def _venues(table: RawTable, header: headers.Header) -> pl.Series:
    if "venue" not in header.columns:
        return pl.Series("venue", [None], dtype=pl.String).new_from_index(0, table.frame.height)
    return table.frame[header.columns["venue"]].str.strip_chars().alias("venue")


_Parsed = tuple[list[pl.Series], int, int, int]


def _positive(name: str, parsed: pl.Series, bad: pl.Series, *, zero: bool = False, missing: bool = False) -> pl.Expr:
    """Why a price or size is refused, null where it is not."""
    value = pl.lit(parsed)
    absent = pl.lit(False) if missing else value.is_null()
    return (
        pl.when(bad)
        .then(pl.lit(f"{name} is no number, or too large or too fine to hold"))
        .when(absent)
        .then(pl.lit(f"{name} is missing"))
        .when(value < 0)
        .then(pl.lit(f"{name} is negative"))
        .when(pl.lit(not zero) & (value == 0))
        .then(pl.lit(f"{name} is zero"))
        .otherwise(None)
    )


def _reason(*causes: pl.Expr) -> pl.Series:
    return pl.select(pl.coalesce(*causes)).to_series().cast(pl.String).alias("reason")


def _text_or_null(table: RawTable, header: headers.Header, role: str) -> pl.Series:
    if role not in header.columns:
        return pl.Series(role, [None], dtype=pl.String).new_from_index(0, table.frame.height)
    return table.frame[header.columns[role]].alias(role)


def _trades(table: RawTable, header: headers.Header) -> _Parsed:
    text = table.frame[header.columns["price"]]
    price = to_integers([text], MINIMUM_PRICE_SCALE)
    size = to_integers([table.frame[header.columns["size"]]])
    none = pl.Series([0], dtype=pl.Int8).new_from_index(0, table.frame.height)
    role = next((role for role in ("aggressor", "buyer_maker", "side") if role in header.columns), None)
    if role is None:
        aggressor = none
    elif role == "buyer_maker":
        # The buyer was resting: the seller took.
        maker = {word: codes.SELL if flag else codes.BUY for word, flag in BOOL_WORDS.items()}
        aggressor = side_codes(table.frame[header.columns[role]], {**maker, "": 0})
    else:
        aggressor = side_codes(table.frame[header.columns[role]], TAKER_WORDS)
    reason = _reason(
        _positive("price", price.values[0], price.bad[0]),
        _positive("size", size.values[0], size.bad[0]),
        pl.when(aggressor.is_null()).then(pl.lit("side is neither buy nor sell")),
    )
    columns = [
        price.values[0].alias("price"),
        size.values[0].alias("size"),
        aggressor.alias("aggressor"),
        _text_or_null(table, header, "condition"),
        _text_or_null(table, header, "trade_id"),
        reason,
    ]
    return columns, price.scale, size.scale, displayed_decimals(plain_numbers(text)[0])


def _quotes(table: RawTable, header: headers.Header) -> _Parsed:
    frame, columns = table.frame, header.columns
    price = to_integers([frame[columns["bid"]], frame[columns["ask"]]], MINIMUM_PRICE_SCALE)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    sized = [frame[columns[role]] if role in columns else nothing for role in ("bid_size", "ask_size")]
    size = to_integers(sized)
    values = []
    causes = []
    for number, side in enumerate(("bid", "ask")):
        own, shares = price.values[number], size.values[number]
        # A side of price 0 and size 0 is how many files write that nobody quotes there.
        empty = ((own == 0) & (shares.fill_null(0) == 0)).fill_null(False)
        own = own.set(empty, None)
        shares = shares.set(empty, None)
        causes.append(_positive(side, own, price.bad[number], missing=True))
        causes.append(_positive(f"{side} size", shares, size.bad[number], zero=True, missing=True))
        values += [own.alias(side), shares.alias(f"{side}_size")]
    decimals = max(displayed_decimals(plain_numbers(frame[columns[side]])[0]) for side in ("bid", "ask"))
    return [*values, _reason(*causes)], price.scale, size.scale, decimals


def _deltas(table: RawTable, header: headers.Header) -> _Parsed:
    frame, columns = table.frame, header.columns
    price = to_integers([frame[columns["price"]]], MINIMUM_PRICE_SCALE)
    size = to_integers([frame[columns["size"]]])
    side = side_codes(frame[columns["side"]], BOOK_WORDS)
    kind = pl.Series([codes.SET], dtype=pl.UInt8).new_from_index(0, frame.height)
    level_size = size.values[0]
    deleted = pl.Series([False]).new_from_index(0, frame.height)
    if "action" in columns:
        words = {
            **dict.fromkeys(_SETS, codes.SET),
            **dict.fromkeys(_SNAPSHOTS, codes.SNAPSHOT),
            **dict.fromkeys(_CLEARS, codes.CLEAR),
        }
        kind = side_codes(frame[columns["action"]], words).cast(pl.UInt8)
        deleted = frame[columns["action"]].str.strip_chars().str.to_lowercase().is_in(_DELETES).fill_null(False)
    flags = pl.Series([0], dtype=pl.Int8).new_from_index(0, frame.height)
    if "is_snapshot" in columns:
        flags = side_codes(frame[columns["is_snapshot"]], BOOL_WORDS)
        kind = pl.select(pl.when(flags == 1).then(pl.lit(codes.SNAPSHOT, dtype=pl.UInt8)).otherwise(kind)).to_series()
    clear = (kind == codes.CLEAR).fill_null(False)
    level_size = level_size.set(deleted, 0)
    cause = pl.coalesce(
        pl.when(kind.is_null()).then(pl.lit("action is none of set, update, change, delete, snapshot, clear")),
        pl.when(flags.is_null()).then(pl.lit("is_snapshot is neither true nor false")),
        pl.when(clear).then(pl.lit("")),
        pl.when(side.is_null()).then(pl.lit("side is neither bid nor ask")),
        _positive("price", price.values[0], price.bad[0]),
        _positive("size", level_size, size.bad[0] & ~deleted, zero=True),
    )
    nothing = pl.lit(None, dtype=pl.Int64)
    values = pl.select(
        kind=kind,
        side=pl.when(clear).then(pl.lit(0, dtype=pl.Int8)).otherwise(side),
        price=pl.when(clear).then(nothing).otherwise(price.values[0]),
        size=nothing,
        level_size=pl.when(clear).then(nothing).otherwise(level_size),
        reason=pl.when(cause != "").then(cause),
    )
    decimals = displayed_decimals(plain_numbers(frame[columns["price"]])[0])
    return values.get_columns(), price.scale, size.scale, decimals


def _refuse(table: RawTable, rows: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """Drop refused rows into `faults`, those whose clock runs backwards within their symbol too."""
    rows = rows.with_columns(
        reason=pl.coalesce(
            "time_reason", pl.when(pl.col("symbol").is_null()).then(pl.lit("symbol is missing")), "reason"
        )
    )
    good = pl.col("reason").is_null()
    latest = pl.when(good).then(pl.col("ts_ns")).cum_max().forward_fill().over("symbol")
    rows = rows.with_columns(
        reason=pl.when(good & (pl.col("ts_ns") < latest))
        .then(pl.lit("time runs backwards"))
        .otherwise(pl.col("reason"))
    )
    faults.rows += rows.height
    refused = rows.filter(pl.col("reason").is_not_null()).select("row", "reason")
    if refused.height == rows.height:
        row, reason = refused.row(0)
        raise DataError(
            f"every row is refused, the first because {reason}: {table.text(row)[:120]!r}",
            place=f"{table.place}:{table.lines[row]}",
            remedy="check that the columns hold what their names say",
        )
    for row, reason in refused.iter_rows():
        faults.add(table.place, int(table.lines[row]), reason, table.text(row))
    return rows.filter(pl.col("reason").is_null()) if refused.height else rows


def _with_clears(rows: pl.DataFrame) -> pl.DataFrame:
    """Put a CLEAR before each block of snapshot rows: what was displayed before no longer counts.

    A block is a run of snapshot rows of one symbol that were received (or, where that is not told, stamped)
    at once.
    """
    rows = rows.with_columns(at=pl.coalesce("recv_ns", "ts_ns"), snapshot=pl.col("kind") == codes.SNAPSHOT)
    before = pl.col("snapshot").shift(1).over("symbol").fill_null(False)
    opens = pl.col("snapshot") & (~before | (pl.col("at") != pl.col("at").shift(1).over("symbol")))
    rows = rows.with_columns(opens=opens, order=pl.int_range(pl.len()) * 2 + 1)
    clears = rows.filter("opens").with_columns(
        kind=pl.lit(codes.CLEAR, dtype=pl.UInt8),
        side=pl.lit(0, dtype=pl.Int8),
        price=pl.lit(None, dtype=pl.Int64),
        level_size=pl.lit(None, dtype=pl.Int64),
        order=pl.col("order") - 1,
    )
    if clears.is_empty():
        return rows
    return pl.concat([rows, clears]).sort("order")
