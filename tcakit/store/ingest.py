"""Put a file's rows into the store, all of them or none, once; take them out again.

A file may touch several days, each a database of its own. It is first written down as "storing", then each day is
changed in one transaction, then it is marked "stored". `recover` finishes or undoes what a killed process left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import polars as pl

from tcakit.errors import DataError
from tcakit.market.instrument import Instrument
from tcakit.market.schema import (
    BOOK_EVENTS,
    FAULTS,
    FILES,
    INSTRUMENTS,
    QUOTES,
    SOURCES,
    TRADES,
)
from tcakit.store.bridge import insert
from tcakit.store.database import Store
from tcakit.store.firm_rows import FIRM_TABLES, unseen

if TYPE_CHECKING:
    import duckdb

MARKET_TABLES = {table.name: table for table in (BOOK_EVENTS, TRADES, QUOTES)}
_SHORTEST_HASH = 8
_PRICES = {"book_events": ("price",), "trades": ("price",), "quotes": ("bid", "ask")}
_SIZES = {"book_events": ("size", "level_size"), "trades": ("size",), "quotes": ("bid_size", "ask_size")}


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a file before its rows are stored; `options` is JSON text.

    With `replaces_path` it takes the place of other content that came from the same path.
    """

    ingest_key: str
    sha256: str
    path: str
    format: str
    reader_version: int
    options: str
    replaces_path: bool = False


@dataclass(frozen=True, slots=True)
class MarketRows:
    """Rows of one market table for one instrument and trade date."""

    table: str
    frame: pl.DataFrame
    instrument: Instrument
    date: str
    content: str
    depth: int | None


def is_stored(store: Store, ingest_key: str) -> bool:
    """Whether a file with that key is stored whole."""
    with store.read_results() as connection:
        found = connection.execute(
            "SELECT count(*) FROM files WHERE ingest_key = ? AND status = 'stored'", [ingest_key]
        ).fetchone()
    return bool(found and found[0])


def put(
    store: Store,
    record: FileRecord,
    market: Sequence[MarketRows],
    firm: Sequence[tuple[str, pl.DataFrame]],
    faults: pl.DataFrame,
) -> int:
    """Store a file's rows in place of what the same content gave before; gives the number of rows.

    Raises DataError, with nothing stored, when a day already holds the same kind of data from another file for
    overlapping hours.
    """
    dates = sorted({part.date for part in market})
    with store.read_results() as connection:
        former = connection.execute(
            "SELECT ingest_key, days FROM files WHERE (sha256 = ? OR (? AND path = ?)) AND ingest_key <> ?",
            [record.sha256, record.replaces_path, record.path, record.ingest_key],
        ).fetchall()
    replaced = [key for key, _ in former]
    firm = [(name, unseen(store, name, frame, [*replaced, record.ingest_key], record.path)) for name, frame in firm]
    rows = sum(part.frame.height for part in market) + sum(frame.height for _, frame in firm)
    for part in market:
        _refuse_overlap(store, part, record.path, [*replaced, record.ingest_key])
    former_dates = {date for _, days in former for date in json.loads(days)}
    with store.write_results() as connection:
        _delete_firm(connection, [record.ingest_key])
        entry = {
            "ingest_key": record.ingest_key,
            "sha256": record.sha256,
            "path": record.path,
            "format": record.format,
            "reader_version": record.reader_version,
            "options": record.options,
            "rows": rows,
            "faults": faults.height,
            "days": json.dumps(dates),
            "status": "storing",
            "ingested_ns": time.time_ns(),
        }
        insert(connection, FILES, pl.DataFrame([entry]))
        insert(connection, FAULTS, faults)
    for date in sorted(former_dates | set(dates)):
        with store.write_day(date) as connection:
            _delete_market(connection, [*replaced, record.ingest_key])
            for part in market:
                if part.date == date:
                    _insert_market(connection, part, record)
        _remove_if_empty(store, date)
    with store.write_results() as connection:
        _delete_firm(connection, replaced)
        for table, frame in firm:
            insert(connection, FIRM_TABLES[table], frame)
        connection.execute("UPDATE files SET status = 'stored' WHERE ingest_key = ?", [record.ingest_key])
    return rows


def recover(store: Store) -> list[str]:
    """Undo files that a killed process left half stored; gives their paths. Call while holding `store.writer`.

    What the same content or path gave before stays where it is still whole.
    """
    store.sweep()
    with store.read_results() as connection:
        half = connection.execute(
            "SELECT ingest_key, sha256, path, days FROM files WHERE status = 'storing'"
        ).fetchall()
    for key, sha256, path, days in half:
        with store.read_results() as connection:
            former = connection.execute(
                "SELECT ingest_key, days FROM files WHERE (sha256 = ? OR path = ?) AND ingest_key <> ?",
                [sha256, path, key],
            ).fetchall()
        _take_out(store, [(key, days), *(file for file in former if not _is_whole(store, *file))])
    return [path for _, _, path, _ in half]


def _is_whole(store: Store, key: str, days: str) -> bool:
    """Whether every day that a file should be in still has it."""
    for date in json.loads(days):
        if not store.day_path(date).exists():
            return False
        with store.read_day(date) as connection:
            found = connection.execute("SELECT count(*) FROM sources WHERE ingest_key = ?", [key]).fetchone()
        if not found or not found[0]:
            return False
    return True


def drop(store: Store, name: str) -> int:
    """Take out a file named by its path or file name, or by 8 digits or more of a hash of it; gives its rows.

    Raises DataError when no stored file, or more than one, goes by that name.
    """
    with store.read_results() as connection:
        stored = connection.execute("SELECT ingest_key, sha256, path, days, rows FROM files").fetchall()
    found = [row for row in stored if name in (row[0], row[1], row[2])]
    if not found and name:
        is_hash = len(name) >= _SHORTEST_HASH and all(letter in "0123456789abcdef" for letter in name)
        found = [
            row
            for row in stored
            if row[2].endswith(f"/{name}") or (is_hash and (row[0].startswith(name) or row[1].startswith(name)))
        ]
    if not found:
        raise DataError(f"no stored file goes by {name!r}", remedy="see `tcakit catalog --files`")
    if len(found) > 1:
        raise DataError(
            f"{len(found)} stored files go by {name!r}", remedy="name it by its full path or its ingest key"
        )
    key, _, _, days, rows = found[0]
    with store.write_results() as connection:
        # Killed from here on, it counts as half stored, and `recover` takes out the rest.
        connection.execute("UPDATE files SET status = 'storing' WHERE ingest_key = ?", [key])
    _take_out(store, [(key, days)])
    return int(rows)


def _take_out(store: Store, files: Sequence[tuple[str, str]]) -> None:
    keys = [key for key, _ in files]
    for date in sorted({date for _, days in files for date in json.loads(days)}):
        if store.day_path(date).exists():
            with store.write_day(date) as connection:
                _delete_market(connection, keys)
            _remove_if_empty(store, date)
    with store.write_results() as connection:
        _delete_firm(connection, keys)


def _refuse_overlap(store: Store, part: MarketRows, path: str, own_keys: Sequence[str]) -> None:
    if not store.day_path(part.date).exists():
        return
    table = MARKET_TABLES[part.table]
    first, last = part.frame["ts_ns"].min(), part.frame["ts_ns"].max()
    with store.read_day(part.date) as connection:
        others = connection.execute(
            "SELECT s.source_id, s.path, s.ingest_key FROM sources s JOIN instruments i USING (instrument_id) "
            "WHERE i.symbol = ? AND i.venue = ? AND split_part(s.content, '-', 1) = ?",
            # Two recordings of one book are two books, however deep each is.
            [part.instrument.symbol, part.instrument.venue, part.content.partition("-")[0]],
        ).fetchall()
        for source_id, other, key in others:
            if key in own_keys:
                continue
            hours = connection.execute(
                f'SELECT min(ts_ns), max(ts_ns) FROM "{table.name}" WHERE source_id = ?', [source_id]
            ).fetchone()
            if hours and hours[0] is not None and first <= hours[1] and last >= hours[0]:
                raise DataError(
                    f"{part.instrument.symbol} on {part.date} already has {part.content} of these hours from {other}",
                    place=path,
                    remedy=f"tcakit drop {other!r} first, or store this one under another --venue",
                )


def _delete_market(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
    ids = connection.execute(
        "SELECT source_id FROM sources WHERE list_contains(?, ingest_key)", [list(keys)]
    ).fetchall()
    if not ids:
        return
    wanted = [row[0] for row in ids]
    for table in MARKET_TABLES.values():
        connection.execute(f'DELETE FROM "{table.name}" WHERE list_contains(?, source_id)', [wanted])
    connection.execute("DELETE FROM sources WHERE list_contains(?, source_id)", [wanted])
    connection.execute("DELETE FROM instruments WHERE instrument_id NOT IN (SELECT instrument_id FROM sources)")


def _delete_firm(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
    for table in FIRM_TABLES.values():
        connection.execute(f'DELETE FROM "{table.name}" WHERE list_contains(?, run_id)', [list(keys)])
    for name in ("files", "faults"):
        connection.execute(f'DELETE FROM "{name}" WHERE list_contains(?, ingest_key)', [list(keys)])


def _remove_if_empty(store: Store, date: str) -> None:
    with store.read_day(date) as connection:
        left = connection.execute("SELECT count(*) FROM sources").fetchone()
    if left and left[0] == 0:
        store.day_path(date).unlink(missing_ok=True)


def _insert_market(connection: duckdb.DuckDBPyConnection, part: MarketRows, record: FileRecord) -> None:
    instrument_id, price_factor, size_factor = _instrument(connection, part, record.ingest_key)
    last = connection.execute("SELECT coalesce(max(source_id), 0) FROM sources").fetchone()
    source_id = (last[0] if last else 0) + 1
    source = {
        "source_id": source_id,
        "instrument_id": instrument_id,
        "ingest_key": record.ingest_key,
        "path": record.path,
        "format": record.format,
        "content": part.content,
        "depth": part.depth,
        "rows": part.frame.height,
    }
    insert(connection, SOURCES, pl.DataFrame([source], schema=SOURCES.polars_schema()))
    frame = part.frame
    if price_factor != 1:
        frame = frame.with_columns(pl.col(name) * price_factor for name in _PRICES[part.table])
    if size_factor != 1:
        frame = frame.with_columns(pl.col(name) * size_factor for name in _SIZES[part.table])
    frame = frame.with_columns(
        pl.lit(instrument_id, dtype=pl.Int32).alias("instrument_id"),
        pl.lit(source_id, dtype=pl.Int32).alias("source_id"),
    )
    insert(connection, MARKET_TABLES[part.table], frame)


def _instrument(connection: duckdb.DuckDBPyConnection, part: MarketRows, ingest_key: str) -> tuple[int, int, int]:
    """Find or make the day's row of an instrument; gives its id and what to multiply new prices and sizes by.

    Two files may write the same symbol with different numbers of decimals: the finer units win, exactly.
    """
    new = part.instrument
    found = connection.execute("SELECT * FROM instruments WHERE symbol = ? AND venue = ?", [new.symbol, new.venue])
    names = [column[0] for column in found.description or []]
    row_found = found.fetchone()
    if row_found is None:
        last = connection.execute("SELECT coalesce(max(instrument_id), 0) FROM instruments").fetchone()
        instrument_id = (last[0] if last else 0) + 1
        row = {name: getattr(new, name) for name in INSTRUMENTS.names if name != "instrument_id"}
        schema = INSTRUMENTS.polars_schema()
        insert(connection, INSTRUMENTS, pl.DataFrame([{"instrument_id": instrument_id, **row}], schema=schema))
        return instrument_id, 1, 1
    held = dict(zip(names, row_found, strict=True))
    instrument_id = int(held["instrument_id"])
    price_scale = _common_scale(int(held["price_scale"]), new.price_scale)
    size_scale = _common_scale(int(held["size_scale"]), new.size_scale)
    old_price, old_size = price_scale // int(held["price_scale"]), size_scale // int(held["size_scale"])
    for table in MARKET_TABLES:
        for factor, scaled in ((old_price, _PRICES[table]), (old_size, _SIZES[table])):
            if factor != 1:
                sets = ", ".join(f'"{name}" = "{name}" * {factor}' for name in scaled)
                connection.execute(f'UPDATE "{table}" SET {sets} WHERE instrument_id = ?', [instrument_id])
    tick, new_tick = int(held["tick_size"]) * old_price, new.tick_size * (price_scale // new.price_scale)
    if part.content != "trades":
        # Prints lie off the grid: only displayed prices say what the tick is.
        displayed = connection.execute(
            "SELECT count(*) FROM sources WHERE instrument_id = ? AND content <> 'trades' AND ingest_key <> ?",
            [instrument_id, ingest_key],
        ).fetchone()
        tick = gcd(tick, new_tick) if displayed and displayed[0] else new_tick
    connection.execute(
        "UPDATE instruments SET price_scale = ?, size_scale = ?, tick_size = ?, lot_size = ?, "
        # Files of parts of a day: the session reaches over all of them (least and greatest pass over nulls).
        "session_open_ns = least(session_open_ns, ?), session_close_ns = greatest(session_close_ns, ?) "
        "WHERE instrument_id = ?",
        [
            price_scale,
            size_scale,
            tick,
            gcd(int(held["lot_size"]) * old_size, new.lot_size * (size_scale // new.size_scale)),
            new.session_open_ns,
            new.session_close_ns,
            instrument_id,
        ],
    )
    return instrument_id, price_scale // new.price_scale, size_scale // new.size_scale


def _common_scale(one: int, other: int) -> int:
    return one * other // gcd(one, other)
