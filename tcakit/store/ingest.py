"""Put a file's rows into the store, all of them or none, once; take them out again.

A file may touch several days, each a database of its own. It is first written down as "storing", then each day is
changed in one transaction, then it is marked "stored". `recover` finishes or undoes what a killed process left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tcakit.errors import DataError
from tcakit.market.schema import FAULTS, FILES, SOURCES
from tcakit.store.bridge import insert
from tcakit.store.database import Store
from tcakit.store.firm_rows import FIRM_TABLES, KEY_COLUMNS, held_elsewhere, unseen
from tcakit.store.instruments import PRICES, SIZES, place
from tcakit.store.staging import MARKET_TABLES, Lot, Staging, sweep

if TYPE_CHECKING:
    import duckdb

_SHORTEST_HASH = 8
_UNDISPLAYED = ("trades", "bars", "notices")  # their prices do not say what the tick is


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
    market: Staging,
    firm: Sequence[tuple[str, pl.DataFrame]],
    faults: pl.DataFrame,
) -> int:
    """Store a file's rows in place of what the same content gave before; gives the number of rows.

    Raises DataError, with nothing stored, when a day already holds the same kind of data from another file for
    overlapping hours.
    """
    dates = market.dates
    with store.read_results() as connection:
        former = connection.execute(
            "SELECT ingest_key, days FROM files WHERE (sha256 = ? OR (? AND path = ?)) AND ingest_key <> ?",
            [record.sha256, record.replaces_path, record.path, record.ingest_key],
        ).fetchall()
        replaced = [key for key, _ in former]
        own = [*replaced, record.ingest_key]
        held = held_elsewhere(connection, own) if firm else set()
    firm = [
        (name, unseen(store, name, frame, own, record.path) if name in held else FIRM_TABLES[name].conform(frame))
        for name, frame in firm
    ]
    rows = market.rows + sum(frame.height for _, frame in firm)
    for lot in market.lots.values():
        _refuse_overlap(store, market, lot, record.path, [*replaced, record.ingest_key])
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
            _insert_market(connection, market, date, record)
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
    sweep(store)
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


def _refuse_overlap(store: Store, staged: Staging, lot: Lot, path: str, own_keys: Sequence[str]) -> None:
    if not store.day_path(lot.date).exists():
        return
    with store.read_day(lot.date) as connection:
        others = connection.execute(
            "SELECT i.symbol, i.venue, s.source_id, s.path FROM sources s JOIN instruments i USING (instrument_id) "
            "WHERE split_part(s.content, '-', 1) = ? AND NOT list_contains(?, s.ingest_key)",
            # Two recordings of one book are two books, however deep each is.
            [lot.content.partition("-")[0], list(own_keys)],
        ).fetchall()
        mine = {
            (staged.instruments[staged_id].symbol, staged.instruments[staged_id].venue): span
            for staged_id, span in lot.spans.items()
        }
        for symbol, venue, source_id, other in others:
            span = mine.get((symbol, venue))
            if span is None:
                continue
            hours = connection.execute(
                f'SELECT min(ts_ns), max(ts_ns) FROM "{lot.table}" WHERE source_id = ?', [source_id]
            ).fetchone()
            if hours and hours[0] is not None and span.first_ns <= hours[1] and span.last_ns >= hours[0]:
                raise DataError(
                    f"{symbol} on {lot.date} already has {lot.content} of these hours from {other}",
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
    for name, column in KEY_COLUMNS.items():
        connection.execute(f'DELETE FROM "{name}" WHERE list_contains(?, {column})', [list(keys)])
    for name in ("files", "faults"):
        connection.execute(f'DELETE FROM "{name}" WHERE list_contains(?, ingest_key)', [list(keys)])


def _remove_if_empty(store: Store, date: str) -> None:
    with store.read_day(date) as connection:
        left = connection.execute("SELECT count(*) FROM sources").fetchone()
    if left and left[0] == 0:
        store.day_path(date).unlink(missing_ok=True)


def _insert_market(connection: duckdb.DuckDBPyConnection, staged: Staging, date: str, record: FileRecord) -> None:
    """Move a day's staged rows in: instruments and sources first, then each lot in one statement."""
    lots = [lot for lot in staged.lots.values() if lot.date == date]
    used = sorted({staged_id for lot in lots for staged_id in lot.spans})
    displayed = {staged_id for lot in lots if lot.content not in _UNDISPLAYED for staged_id in lot.spans}
    wanted = [(staged.instruments[staged_id], staged_id in displayed) for staged_id in used]
    placed = dict(zip(used, place(connection, wanted, record.ingest_key), strict=True))
    last = connection.execute("SELECT coalesce(max(source_id), 0) FROM sources").fetchone()
    source_id = last[0] if last else 0
    for lot in lots:
        mapping, sources = [], []
        for staged_id, span in lot.spans.items():
            source_id += 1
            at = placed[staged_id]
            mapping.append((staged_id, at.instrument_id, source_id, at.price_factor, at.size_factor))
            sources.append(
                {
                    "source_id": source_id,
                    "instrument_id": at.instrument_id,
                    "ingest_key": record.ingest_key,
                    "path": record.path,
                    "format": record.format,
                    "content": lot.content,
                    "depth": lot.depth,
                    "rows": span.rows,
                }
            )
        insert(connection, SOURCES, pl.DataFrame(sources, schema=SOURCES.polars_schema()))
        _insert_lot(connection, lot, mapping)


def _insert_lot(connection: duckdb.DuckDBPyConnection, lot: Lot, mapping: list[tuple[int, int, int, int, int]]) -> None:
    table = MARKET_TABLES[lot.table]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE staged_ids "
        "(instrument_id INTEGER, to_instrument INTEGER, to_source INTEGER, price_factor BIGINT, size_factor BIGINT)"
    )
    connection.executemany("INSERT INTO staged_ids VALUES (?, ?, ?, ?, ?)", mapping)
    columns = []
    for name in table.names:
        if name == "instrument_id":
            columns.append("m.to_instrument")
        elif name == "source_id":
            columns.append("m.to_source")
        elif name in PRICES[lot.table]:
            columns.append(f'p."{name}" * m.price_factor')
        elif name in SIZES[lot.table]:
            columns.append(f'p."{name}" * m.size_factor')
        else:
            columns.append(f'p."{name}"')
    connection.execute(
        f'INSERT INTO "{table.name}" SELECT {", ".join(columns)} '
        "FROM read_parquet(?) p JOIN staged_ids m ON p.instrument_id = m.instrument_id",
        [[str(path) for path in lot.paths]],
    )
    connection.execute("DROP TABLE staged_ids")
