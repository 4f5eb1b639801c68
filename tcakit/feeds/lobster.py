"""LOBSTER: a message file and the order book after each message, one row each, N levels a side.

The recording is a window: it names orders, but not those that came in before or outside it, so it is level-2 data
with partial order ids. Levels that come into or go out of the window are kept as events of their own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tcakit.errors import DataError, UsageError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.lobster_kernel import FULL, NO_SIZE, book_events
from tcakit.market import codes
from tcakit.market.clock import parse_date, wall_ns
from tcakit.market.instrument import Instrument
from tcakit.market.schema import BOOK_EVENTS

_NAME = re.compile(
    r"(?P<symbol>[^/\\]+?)_(?P<date>\d{4}-\d{2}-\d{2})_(?P<start>\d+)_(?P<end>\d+)_(?P<role>message|orderbook)_(?P<levels>\d+)\.csv$"
)
_MESSAGE_COLUMNS = ["time", "type", "order_id", "size", "price", "direction"]
_KINDS = {1: codes.ADD, 2: codes.REDUCE, 3: codes.DELETE, 4: codes.EXECUTE, 5: codes.PRINT_HIDDEN, 6: codes.PRINT_CROSS}
_HALTS = {-1: codes.HALT, 0: codes.QUOTE_RESUME, 1: codes.TRADE_RESUME}
PRICE_SCALE = 10_000
_DEFAULT_TICK = 100  # one cent
_SUB_DOLLAR_TICK = 1
LARGEST = 10**15  # of prices and sizes in the file's integers
TOO_LARGE = "a number is too large for a price or size"
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"x\x01", b"x^", b"x\x9c", b"x\xda")  # gzip, zstd, zlib


@dataclass(frozen=True, slots=True)
class _Pair:
    symbol: str
    date: str
    start_ms: int
    end_ms: int
    levels: int
    message: tuple[str, Path | bytes]
    orderbook: tuple[str, Path | bytes]


class LobsterReader:
    """Reads a LOBSTER message + orderbook pair, 6 or 7 message columns, any number of levels."""

    name = "lobster"
    version = 3
    reads_names = True

    def sniff(self, path: Path, head: bytes) -> bool:
        return bool(_NAME.search(path.name))

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        pair = _pair(source, options)
        message = _message_columns(*pair.message, faults)
        book, book_ok = _book_rows(*pair.orderbook, faults, pair.levels)
        if message.height != book.shape[0]:
            raise DataError(
                f"{message.height} messages but {book.shape[0]} book rows; one of the two files is cut short",
                place=source.name,
                remedy="fetch the pair again",
            )
        batch = _events(pair, message, book, book_ok, options, faults)
        faults.found.sort(key=lambda fault: (fault.path != pair.message[0], fault.line))
        yield batch


def _pair(source: Source, options: ReaderOptions) -> _Pair:
    found: dict[str, tuple[str, Path | bytes]] = {}
    facts: dict[str, str] = {}
    for label, content in source.members:
        match = _NAME.search(label)
        if match:
            found[match["role"]] = (label, content)
            facts = match.groupdict()
    missing = [role for role in ("message", "orderbook") if role not in found]
    if missing:
        raise DataError(
            f"no {' and no '.join(missing)} file",
            place=source.name,
            remedy="a LOBSTER day is SYMBOL_DATE_START_END_message_N.csv with its ..._orderbook_N.csv beside it",
        )
    if options.date is not None and parse_date(options.date, "--date") != facts["date"]:
        raise UsageError(
            f"--date {options.date} is not the date in the file's name",
            place=source.name,
            remedy="leave --date out: a LOBSTER file is named by its day",
        )
    return _Pair(
        symbol=options.symbol or facts["symbol"],
        date=parse_date(facts["date"], source.name),
        start_ms=int(facts["start"]),
        end_ms=int(facts["end"]),
        levels=int(facts["levels"]),
        message=found["message"],
        orderbook=found["orderbook"],
    )


def too_large(names: Sequence[str]) -> pl.Expr:
    """Whether one of these columns holds a number that no price or size is, sums of which need not fit any more."""
    return pl.any_horizontal(pl.col(name).abs() > LARGEST for name in names) | pl.any_horizontal(
        pl.col(name) == -(1 << 63) for name in names
    )


def _raw(label: str, content: Path | bytes) -> bytes:
    data = content.read_bytes() if isinstance(content, Path) else content
    if not data.strip():
        raise DataError("the file is empty", place=label, remedy="fetch it again")
    if data.startswith(PACKED):
        # The parser would unpack it in silence, to whatever size.
        raise DataError("this is packed data, not CSV", place=label, remedy="unpack it, or name it by its packer")
    if b"\0" in data[:65536]:
        raise DataError("this is a binary file, not CSV", place=label, remedy="check the path")
    return data


def read_headerless(
    label: str, content: Path | bytes, schema: dict[str, type[pl.DataType]], faults: Faults
) -> pl.DataFrame:
    """All lines of a headerless CSV as rows, in order; a line of another width becomes a row of nulls and a fault."""
    data = _raw(label, content)
    lines = data.count(b"\n") + (0 if data.endswith(b"\n") else 1)
    try:
        frame = pl.read_csv(io.BytesIO(data), has_header=False, schema=schema, ignore_errors=True, quote_char=None)
        # The parser fills short lines up and cuts long ones off in silence; the commas tell.
        whole = data.count(b",") == lines * (len(schema) - 1) and not frame.to_series(-1).null_count()
        if frame.height == lines and whole:
            return frame
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        pass
    width = len(schema)
    kept = []
    for number, line in enumerate(data.split(b"\n")[:lines], start=1):
        text = line.rstrip(b"\r")
        if text.count(b",") + 1 == width and text.isascii():
            kept.append(text)
        else:
            kept.append(b"," * (width - 1))
            found = text.count(b",") + 1
            reason = f"{found} columns instead of {width}" if found != width else "characters that are no ASCII"
            faults.add(label, number, reason, text.decode("latin-1"))
    return pl.read_csv(
        io.BytesIO(b"\n".join(kept) + b"\n"), has_header=False, schema=schema, ignore_errors=True, quote_char=None
    )


def time_to_ns(column: str) -> pl.Expr:
    """Seconds as decimal text (any number of decimals) to integer nanoseconds, digit by digit, never by float.

    Files written through floats carry up to 12 decimals of noise: what stands behind the ninth is rounded.
    """
    parts = pl.col(column).str.splitn(".", 2)
    whole = parts.struct.field("field_0").cast(pl.Int64, strict=False)
    fraction = parts.struct.field("field_1").fill_null("")
    digits = fraction.str.pad_end(10, "0").str.slice(0, 10).cast(pl.Int64, strict=False)
    # Larger numbers are damage, and could wrap round into a time that looks sound.
    valid = fraction.str.contains(r"^[0-9]*$") & whole.is_between(0, 86_400)
    return pl.when(valid).then(whole * 1_000_000_000 + (digits + 5) // 10).otherwise(None)


def _message_columns(label: str, content: Path | bytes, faults: Faults) -> pl.DataFrame:
    first = _raw(label, content).split(b"\n", 1)[0]
    width = first.count(b",") + 1
    if width not in (6, 7):
        raise DataError(
            f"{width} columns in the first line, a LOBSTER message has 6 or 7",
            place=f"{label}:1",
            remedy="check that this is the message file",
        )
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(_MESSAGE_COLUMNS, pl.Int64)
    schema["time"] = pl.String
    if width == 7:
        schema["attribution"] = pl.String
    frame = read_headerless(label, content, schema, faults)
    seen = {fault.line for fault in faults.found if fault.path == label}
    # Most files have nine decimals at most: one pass over the distinct shape is all that is needed.
    frame = frame.with_columns(time_to_ns("time").alias("ns")).with_row_index("row")
    # A single wild time is the fault, not all the rows after it.
    before, after = pl.col("ns").shift(1), pl.col("ns").shift(-1)
    spike = ((pl.col("ns") > after) & (after >= before)).fill_null(False)
    steady = pl.when(~spike).then("ns").cum_max().forward_fill()
    halt = pl.col("type") == 7
    trouble = (
        pl.when(pl.col("ns").is_null())
        .then(pl.lit("the time is no decimal number of seconds"))
        .when(pl.any_horizontal(pl.col(c).is_null() for c in _MESSAGE_COLUMNS[1:]))
        .then(pl.lit("a field is missing or no whole number"))
        .when(~pl.col("type").is_between(1, 7))
        .then(pl.lit("the type is none of 1 to 7"))
        .when(too_large(_MESSAGE_COLUMNS[1:]))
        .then(pl.lit(TOO_LARGE))
        .when(halt & ~pl.col("price").is_in(list(_HALTS)))
        .then(pl.lit("a halt's price is none of -1, 0, 1"))
        .when(~halt & ((pl.col("size") <= 0) | (pl.col("price") <= 0)))
        .then(pl.lit("size and price must be above zero"))
        .when(~pl.col("direction").is_in([1, -1]) & ~(halt & (pl.col("direction") == 0)))
        .then(pl.lit("the direction is neither 1 nor -1"))
        .when(spike)
        .then(pl.lit("the time is later than that of the next row"))
        .when(pl.col("ns") < steady.shift(1))
        .then(pl.lit("the time runs backwards"))
        .otherwise(None)
    )
    frame = frame.with_columns(trouble.alias("trouble"))
    bad = frame.filter(pl.col("trouble").is_not_null())
    for row in bad.iter_rows(named=True):
        if row["row"] + 1 not in seen:
            text = ",".join("" if row[c] is None else str(row[c]) for c in _MESSAGE_COLUMNS)
            faults.add(label, row["row"] + 1, row["trouble"], text)
    faults.rows += frame.height
    return frame


def _book_rows(label: str, content: Path | bytes, faults: Faults, levels: int) -> tuple[np.ndarray, np.ndarray]:
    first = _raw(label, content).split(b"\n", 1)[0]
    width = first.count(b",") + 1
    if width != 4 * levels:
        raise DataError(
            f"{width} columns in the first line, {levels} levels have {4 * levels}",
            place=f"{label}:1",
            remedy="check that this is the orderbook file of that number of levels",
        )
    frame = read_headerless(label, content, {f"c{k}": pl.Int64 for k in range(width)}, faults)
    faults.rows += frame.height
    seen = {fault.line for fault in faults.found if fault.path == label}
    incomplete = frame.select(pl.any_horizontal(pl.all().is_null())).to_series().to_numpy()
    sizes = [f"c{k}" for k in range(1, width, 2)]
    negative = frame.select(pl.any_horizontal(pl.col(sizes).fill_null(0) < 0)).to_series().to_numpy()
    large = frame.select(too_large(frame.columns).fill_null(False)).to_series().to_numpy()
    bad = incomplete | negative | large
    for row in np.flatnonzero(bad):
        if int(row) + 1 not in seen:
            reason = (
                "a size is negative"
                if negative[row]
                else TOO_LARGE
                if large[row]
                else "a field is missing or no whole number"
            )
            text = ",".join("" if value is None else str(value) for value in frame.row(int(row)))
            faults.add(label, int(row) + 1, reason, text)
    ok = ~bad
    return np.ascontiguousarray(frame.fill_null(0).to_numpy()), ok


def _tick_size(options: ReaderOptions, prices: np.ndarray) -> int:
    if options.tick_size is not None:
        from decimal import Decimal, InvalidOperation

        try:
            tick = Decimal(options.tick_size) * PRICE_SCALE
        except InvalidOperation:
            tick = Decimal(0)
        if tick <= 0 or tick != int(tick):
            raise UsageError(
                f"{options.tick_size!r} is no tick size for prices in 1/{PRICE_SCALE}",
                place="--tick-size",
                remedy="give it in currency, like 0.01",
            )
        return int(tick)
    return _DEFAULT_TICK if not np.any(prices % _DEFAULT_TICK) else _SUB_DOLLAR_TICK


def _events(
    pair: _Pair,
    message: pl.DataFrame,
    book: np.ndarray,
    book_ok: np.ndarray,
    options: ReaderOptions,
    faults: Faults,
) -> Batch:
    ok = message["trouble"].is_null().to_numpy()
    if not ok.any():
        raise DataError("no row can be read", place=pair.message[0], remedy="check that this is a LOBSTER pair")
    column = {name: message[name].fill_null(0).to_numpy() for name in [*_MESSAGE_COLUMNS[1:], "ns"]}
    lookup = np.zeros(8, np.int64)
    for lobster_type, kind in _KINDS.items():
        lookup[lobster_type] = kind
    kind = lookup[np.clip(column["type"], 0, 7)]
    for halt_price, halt in _HALTS.items():
        kind[ok & (column["type"] == 7) & (column["price"] == halt_price)] = halt

    n = message.height
    capacity = 2 * n + 16 * pair.levels + 64
    while True:
        out = [np.zeros(capacity, np.int64) for _ in range(6)]
        status, count, unexplained = book_events(
            kind, column["direction"], column["price"], column["size"], ok, book, book_ok, pair.levels, *out
        )
        if status != FULL:
            break
        capacity *= 2
    row, out_kind, side, price, size, level = (values[:count] for values in out)
    for line in np.flatnonzero(unexplained):
        faults.add(
            pair.orderbook[0],
            int(line) + 1,
            "the book row is not what the messages give; kept as a correction",
        )

    zone = options.timezone or "America/New_York"
    start = wall_ns(pair.date, pair.start_ms * 1_000_000, zone)
    midnight = start - pair.start_ms * 1_000_000
    from_message = np.isin(out_kind, [codes.ADD, codes.REDUCE, codes.DELETE, codes.EXECUTE])
    halts = np.isin(out_kind, list(_HALTS.values()))
    ids = column["order_id"][row]
    # A row whose own time cannot be read is as late as the last one that can.
    times = np.maximum.accumulate(np.where(ok, column["ns"], 0))
    if times[0] == 0:
        times = np.maximum(times, column["ns"][ok][0])
    frame = pl.DataFrame(
        {
            "seq": np.arange(count, dtype=np.int64),
            "ts_ns": midnight + times[row],
            "kind": out_kind.astype(np.uint8),
            "side": side.astype(np.int8),
            "price": price,
            "size": size,
            "level_size": level,
            "order_id": ids,
        }
    ).with_columns(
        pl.when(pl.Series(~halts)).then("price").alias("price"),
        pl.when(pl.Series(~halts) & (pl.col("size") != NO_SIZE)).then("size").alias("size"),
        pl.when(pl.col("level_size") != NO_SIZE).then("level_size").alias("level_size"),
        pl.when(pl.Series(from_message)).then("order_id").alias("order_id"),
        *(pl.lit(None, dtype=pl.Int64).alias(name) for name in ("recv_ns", "trade_id", "print_price")),
    )
    displayed = price[np.isin(out_kind, codes.BOOK_KINDS)]
    instrument = Instrument(
        symbol=pair.symbol,
        venue=options.venue or "XNAS",
        currency=options.currency or "USD",
        timezone=zone,
        price_scale=PRICE_SCALE,
        tick_size=_tick_size(options, displayed),
        session_open_ns=start,
        session_close_ns=wall_ns(pair.date, pair.end_ms * 1_000_000, zone),
    )
    columns = [c for c in BOOK_EVENTS.names if c not in ("instrument_id", "source_id")]
    return Batch(
        table="book_events",
        frame=frame.select(columns),
        instrument=instrument,
        date=pair.date,
        content="book-l2-window",
        depth=pair.levels,
    )
