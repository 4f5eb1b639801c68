"""What may come out of a spoilt file: good rows, faults with a place, or one error with a remedy. Nothing else."""

from __future__ import annotations

import datetime
import traceback
from collections.abc import Iterable
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from tcakit.errors import ConfigError, TcakitError
from tcakit.feeds.contract import Batch, Faults, Reader, ReaderOptions, Source
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.market.schema import BARS, BOOK_EVENTS, NOTICES, QUOTES, TRADES, Table
from tcakit.store.firm_rows import FIRM_TABLES, KEY_COLUMNS

MARKET = {table.name: table for table in (BOOK_EVENTS, TRADES, QUOTES, BARS, NOTICES)}
_TYPES = {table.name: table.polars_schema() for table in (*MARKET.values(), *FIRM_TABLES.values())}
_IDS = {"instrument_id": pl.lit(0, pl.Int32), "source_id": pl.lit(0, pl.Int32)}
DAY_NS = 86_400_000_000_000
LATEST_NS = 130 * 366 * DAY_NS  # the year 2100
_SIZES = ("size", "level_size", "bid_size", "ask_size", "volume", "quantity", "filled", "interval_ns")
_PRICES = ("price", "print_price", "bid", "ask", "open", "high", "low", "close", "limit_price")
_UNDEFINED = ((1 << 63) - 1, -(1 << 63))


class Finding(Exception):
    """A promise that a reader broke; its first line names the promise, so that like findings can be counted."""


def _require(holds: Any, promise: str, *details: object) -> None:
    if not holds:
        raise Finding(f"{promise}\n{' '.join(repr(detail)[:300] for detail in details)}")


def read(reader: Reader, source: Source, options: ReaderOptions, *, strict: bool = True) -> tuple[list[Batch], Faults]:
    """Batches and faults, both found to be as promised; none of the former where the file was refused with an error.

    Raises Finding for whatever else happens. `strict` is False for files whose bytes may hold more rows than bytes.
    """
    faults, batches, rows = Faults(), [], 0
    most = sum(len(content) for _, content in source.members if isinstance(content, bytes)) + 16
    try:
        for batch in reader.read(source, options, faults):
            check_batch(batch)
            rows += batch.frame.height
            _require(rows <= most or not strict, "more rows than bytes", rows, most)
            batches.append(batch)
    except TcakitError as error:
        check_error(error)
        batches = []
    except (Finding, MemoryError):
        raise
    except Exception as error:
        raise Finding(_told(error)) from error
    check_faults(faults)
    if batches:
        _require(faults.rows >= faults.refused, "more rows refused than seen", faults.rows, faults.found)
    return batches, faults


def _told(error: BaseException) -> str:
    """The kind of an exception and the project's own line that it came from, then all of it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/tcakit/" in frame.filename] or list(frames)
    place = f"{own[-1].filename.rpartition('/tcakit/')[2]}:{own[-1].lineno}" if own else "?"
    told = "".join(traceback.format_exception(error))[-3000:]
    return f"{type(error).__name__} at {place}\n{told}"


def check_error(error: TcakitError) -> None:
    """It says what, where, and what to do."""
    if isinstance(error, ConfigError):
        _require(error.mistakes, "a configuration error without mistakes", error)
        return
    _require(error.message, "an error without a message", error)
    _require(error.remedy, "an error without a remedy", str(error))
    _require(error.place, "an error without a place", str(error))
    _require(_is_text(str(error)), "an error that cannot be printed", error)


def check_faults(faults: Faults) -> None:
    """Every one names a file, a line from 1 and a reason, in text that the store can hold."""
    for fault in faults.found:
        _require(fault.path, "a fault without a file", fault)
        _require(isinstance(fault.line, int) and fault.line >= 1, "a fault without a line", fault)
        _require(fault.reason, "a fault without a reason", fault)
        _require(_is_text(fault.path + fault.reason + (fault.text or "")), "a fault that cannot be stored", fault)
    _require(all(count >= 0 for count in faults.counts.values()), "a count below zero", faults.counts)


def check_batch(batch: Batch) -> None:
    """Of a table of the store, in its columns and types, and no value that a sound file could not hold."""
    _require(batch.table in MARKET or batch.table in FIRM_TABLES, "a batch of no table", batch.table)
    frame = batch.frame
    if batch.table in FIRM_TABLES:
        _conform(FIRM_TABLES[batch.table], frame, {KEY_COLUMNS[batch.table]: pl.lit("x")})
        _require(batch.instrument is None, "a firm's rows with an instrument", batch.table)
        _check_values(frame)
        return
    _require(isinstance(batch.date, str), "market rows without a trade date", batch.table)
    _conform(MARKET[batch.table], frame, _IDS)
    if batch.instrument is None:
        _require("local_id" in frame.columns, "market rows without an instrument", batch.table)
        unknown = set(frame["local_id"].to_list()) - set(batch.instruments)
        _require(not unknown, "rows of instruments that are not named", unknown)
    for instrument in [*batch.instruments.values(), *([batch.instrument] if batch.instrument else [])]:
        _check_instrument(instrument)
    _check_values(frame)
    if frame.height:
        try:
            midnight = datetime.date.fromisoformat(str(batch.date)) - datetime.date(1970, 1, 1)
        except ValueError:
            raise Finding(f"a trade date that is none\n{batch.date}") from None
        start = midnight.days * DAY_NS
        first, last = frame["ts_ns"].min(), frame["ts_ns"].max()
        assert isinstance(first, int)
        assert isinstance(last, int)
        # Where Monday's date begins on the evening before the weekend, that is more than two days.
        near = start - 3 * DAY_NS <= first <= last <= start + 3 * DAY_NS
        _require(near, "a time far from its day", first, last, start)


def _conform(table: Table, frame: pl.DataFrame, filled_in: dict[str, pl.Expr]) -> None:
    """Whether the store would take the rows; `filled_in` are the columns that it adds itself."""
    held = {column.name: column for column in frame.get_columns() if column.name != "local_id"}
    if _fits(table, held, filled_in):
        return  # what `conform` would say, which a hundred thousand times is too slow to ask
    try:
        table.conform(frame.select(*held).with_columns(**filled_in))
    except (TcakitError, pl.exceptions.PolarsError) as error:
        raise Finding(f"rows that do not fit their table {table.name}\n{error}") from None


def _fits(table: Table, held: dict[str, pl.Series], filled_in: dict[str, pl.Expr]) -> bool:
    """Whether nothing but the table's columns is there, of its very types, and null only where they may be."""
    types = _TYPES[table.name]
    seen = 0
    for column in table.columns:
        own = held.get(column.name)
        if own is None:
            if not column.nullable and column.name not in filled_in:
                return False
        elif own.dtype != types[column.name] or (not column.nullable and own.null_count()):
            return False
        else:
            seen += 1
    return seen == len(held)


def _check_instrument(instrument: Instrument) -> None:
    _require(instrument.symbol and _is_text(instrument.symbol), "an instrument without a symbol", instrument)
    _require(instrument.venue and _is_text(instrument.venue), "an instrument without a venue", instrument)
    _require(instrument.price_scale > 0 and instrument.size_scale > 0, "a scale that is not above zero", instrument)
    _require(instrument.tick_size > 0 and instrument.lot_size > 0, "a tick or lot not above zero", instrument)
    ZoneInfo(instrument.timezone)
    for time in (instrument.session_open_ns, instrument.session_close_ns):
        _require(time is None or 0 <= time < LATEST_NS, "a session outside all years", instrument)


def _check_values(frame: pl.DataFrame) -> None:
    """Times within 1970 to 2100, sizes not below zero, no sentinel taken for a price, kinds and sides that exist."""
    for name in frame.columns:
        column = frame[name]
        low, high = (column.min(), column.max()) if column.dtype.is_numeric() else (None, None)
        if low is None or high is None:
            continue
        assert isinstance(low, (int, float))
        assert isinstance(high, (int, float))
        if name.endswith("_ns") and name != "interval_ns":
            _require(low >= 0 and high < LATEST_NS, f"{name} outside 1970 to 2100", low, high)
        elif name in _SIZES:
            _require(low >= 0, f"{name} below zero", low)
            _require(high not in _UNDEFINED, f"{name} undefined", high)
        elif name in _PRICES:
            _require(low not in _UNDEFINED and high not in _UNDEFINED, f"{name} undefined", low, high)
        elif name in ("side", "aggressor"):
            _require(low >= -1 and high <= 1, f"{name} that is none", low, high)
        elif column.dtype.is_float():
            _require(np.isfinite(column.drop_nulls().to_numpy()).all(), f"{name} not finite", low, high)
        elif name.endswith("_scale"):
            _require(low > 0, f"{name} not above zero", low)
        elif name == "seq":
            _require(low >= 0, "seq below zero", low)
    if "kind" in frame.columns and frame.schema["kind"] == pl.UInt8:
        unknown = set(frame["kind"].to_list()) - set(codes.EVENT_NAMES)
        _require(not unknown, "kinds that do not exist", unknown)


def _is_text(text: str) -> bool:
    """Whether it can be stored: a lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def values(batches: Iterable[Batch]) -> list[tuple[Any, ...]]:
    """All rows in file order as what they say: exact amounts, whatever scale they are kept in."""
    rows: list[tuple[tuple[int, ...], tuple[Any, ...]]] = []
    for batch in batches:
        named = batch.frame.columns
        for number, row in enumerate(batch.frame.iter_rows()):
            held = dict(zip(named, row, strict=True))
            instrument = batch.instrument or batch.instruments.get(held.pop("local_id", -1))
            prices = instrument.price_scale if instrument else held.pop("price_scale", 1)
            sizes = instrument.size_scale if instrument else held.pop("size_scale", 1)
            order = (held.pop("seq", len(rows)), number)
            for name in held:
                if held[name] is not None and name in (*_PRICES, *_SIZES) and name != "interval_ns":
                    held[name] = Fraction(held[name], prices if name in _PRICES else sizes)
            symbol = instrument.symbol if instrument else None
            rows.append((order, (batch.table, batch.date, symbol, *held.items())))
    return [told for _, told in sorted(rows, key=lambda entry: entry[0])]
