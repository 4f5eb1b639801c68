"""Put a file's rows into the store, all of them or none, once; take them out again.

A file may touch several days, each a database of its own. It is first written down as "storing", then its parts are
moved to where they stay, then each day is changed in one transaction that speaks of them, then it is marked "stored".
`recover` finishes or undoes what a killed process left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tcakit.errors import DataError
from tcakit.market.schema import FAULTS, FILES, NEWS, SOURCES
from tcakit.store.bridge import insert
from tcakit.store.database import Store
from tcakit.store.firm_rows import FIRM_TABLES, KEY_COLUMNS, unseen
from tcakit.store.instruments import place
from tcakit.store.market_files import lot_paths, lots_of, publish, remove, remove_day, sweep_day
from tcakit.store.overlap import leave_out_common
from tcakit.store.rows import beyond_their_units, sources_of
from tcakit.store.staging import Lot, Staging, sweep

if TYPE_CHECKING:
    import duckdb

_SHORTEST_HASH = 8
_UNDISPLAYED = ("trades", "bars", "notices")  # their prices do not say what the tick is


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a file before its rows are stored; `options` is JSON text.

    It takes the place of the same content from the same path, of content that is the beginning of its own
    (`grown_from`: ingest keys), and with `replaces_path` of all other content from that path. The same content from
    another path stands beside it if one of the two was read for another symbol, venue or date, or if the reader takes
    those from the file's name (`reads_names`) and the names differ. `members` are names and sizes in bytes.
    """

    ingest_key: str
    sha256: str
    path: str
    format: str
    reader_version: int
    options: str
    replaces_path: bool = False
    members: tuple[tuple[str, int], ...] = ()
    reads_names: bool = False
    grown_from: tuple[str, ...] = ()

    def identity(self) -> list[object]:
        """What the same content can be read as, more than once."""
        return _identity(self.options, self.members if self.reads_names else ())


def _identity(options: str, members: Sequence[Sequence[Any]]) -> list[object]:
    told = json.loads(options)
    return [*(told.get(name) for name in ("symbol", "venue", "date")), sorted(member[0] for member in members)]


@dataclass(frozen=True, slots=True)
class Put:
    """What was stored of a file: rows, how many more other files had given already."""

    rows: int
    shared: int = 0


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
) -> Put:
    """Store a file's rows in place of what the same content gave before.

    Rows that another file gave already are left out. Raises DataError, with nothing stored, when a day holds the same
    kind of data for overlapping hours from a file that says otherwise.
    """
    market.finish()
    former = _former(store, record)
    replaced = [key for key, _, _ in former]
    leaning = _leaning_on(store, [key for key, _, still_held in former if not still_held])
    if any(key not in replaced for key, _ in leaning):
        raise _leant_on(record.path, [path for _, path in leaning])
    given = market.rows + sum(frame.height for _, frame in firm)
    common = leave_out_common(store, market, record.path, [*replaced, record.ingest_key])
    # Two files that lean on each other could neither be taken out.
    circle = [path for key, path in _leaning_on(store, replaced, all_the_way=True) if key in common.leans_on]
    if circle:
        raise _leant_on(record.path, circle)
    dates = market.dates
    own_keys = [*replaced, record.ingest_key]
    firm = [(name, unseen(store, rows, own_keys) if name == NEWS.name else rows) for name, rows in firm]
    rows = market.rows + sum(frame.height for _, frame in firm)
    former_dates = {date for _, days, _ in former for date in json.loads(days)}
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
            "members": json.dumps(record.members),
            "leans_on": json.dumps(sorted(common.leans_on)),
        }
        insert(connection, FILES, pl.DataFrame([entry]))
        insert(connection, FAULTS, faults)
        _lean_on_the_grown(connection, record)
    for date in sorted(former_dates | set(dates)):
        lots = [lot for lot in market.lots.values() if lot.date == date]
        published = [path for lot in lots for path in _publish(store, lot, record.ingest_key)]
        with store.write_day(date) as connection:
            gone = _delete_market(store, connection, date, [*replaced, record.ingest_key])
            before = _factors(connection)
            _insert_market(connection, market, lots, date, record)
            _require_room(store, connection, date, before, record.path)
        remove(path for path in gone if path not in published)
        if date not in dates:
            _remove_if_empty(store, date)
    with store.write_results() as connection:
        _delete_firm(connection, replaced)
        for table, frame in firm:
            insert(connection, FIRM_TABLES[table], frame)
        connection.execute("UPDATE files SET status = 'stored' WHERE ingest_key = ?", [record.ingest_key])
    return Put(rows, given - rows)


def stored_beginnings(store: Store, path: str, reader: str) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """(ingest key, hash, members) of the files stored from a path by a reader: what there is may have grown."""
    with store.read_results() as connection:
        found = connection.execute(
            "SELECT ingest_key, sha256, members FROM files WHERE path = ? AND format = ? AND status = 'stored'",
            [path, reader],
        ).fetchall()
    return [
        (key, sha256, [(str(name), int(size)) for name, size in json.loads(members)]) for key, sha256, members in found
    ]


def _former(store: Store, record: FileRecord) -> list[tuple[str, str, bool]]:
    """(ingest key, days, whether the new file holds all of its rows) of the files whose place a new one takes."""
    with store.read_results() as connection:
        found = connection.execute(
            "SELECT ingest_key, days, path, sha256, options, members FROM files "
            "WHERE (sha256 = ? OR path = ?) AND ingest_key <> ?",
            [record.sha256, record.path, record.ingest_key],
        ).fetchall()
    out = []
    for key, days, path, sha256, options, members in found:
        same = _identity(options, json.loads(members) if record.reads_names else ()) == record.identity()
        holds = sha256 == record.sha256 or key in record.grown_from
        if (holds or record.replaces_path) if path == record.path else same:
            out.append((key, days, holds and same))
    return out


def _leaning_on(store: Store, keys: Sequence[str], all_the_way: bool = False) -> list[tuple[str, str]]:
    """(ingest key, path) of the files of which rows were left out because these files hold them.

    With `all_the_way` also of those that lean on such files, and so on.
    """
    with store.read_results() as connection:
        found = connection.execute("SELECT ingest_key, path, leans_on FROM files ORDER BY path").fetchall()
    held, before = set(keys), -1
    leaning: list[tuple[str, str]] = []
    while len(held) > before:
        before = len(held)
        leaning = [(key, path) for key, path, on in found if key not in keys and held & set(json.loads(on))]
        if all_the_way:
            held.update(key for key, _ in leaning)
    return leaning


def _leant_on(path: str, others: Sequence[str]) -> DataError:
    return DataError(
        f"holds rows that were left out of {', '.join(others)}, which has them too",
        place=path,
        remedy="tcakit drop that one first, and ingest it again afterwards",
    )


def _lean_on_the_grown(connection: duckdb.DuckDBPyConnection, record: FileRecord) -> None:
    """Who left out rows for the sake of a beginning finds them in the whole."""
    for key, leans_on in connection.execute("SELECT ingest_key, leans_on FROM files").fetchall():
        held = json.loads(leans_on)
        if set(held) & set(record.grown_from):
            connection.execute(
                "UPDATE files SET leans_on = ? WHERE ingest_key = ?",
                [json.dumps(sorted({*held, record.ingest_key})), key],
            )


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
        touched = sorted({date for _, held in [(key, days), *former] for date in json.loads(held)})
        _take_out(store, [(key, days), *(file for file in former if not _is_whole(store, *file))], touched)
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
    key, _, path, days, rows = found[0]
    leaning = _leaning_on(store, [key])
    if leaning:
        raise _leant_on(path, [other for _, other in leaning])
    with store.write_results() as connection:
        # Killed from here on, it counts as half stored, and `recover` takes out the rest.
        connection.execute("UPDATE files SET status = 'storing' WHERE ingest_key = ?", [key])
    _take_out(store, [(key, days)])
    return int(rows)


def _take_out(store: Store, files: Sequence[tuple[str, str]], touched: Sequence[str] = ()) -> None:
    """Forget files, and remove parts of days that were `touched` of which no source speaks."""
    keys = [key for key, _ in files]
    for date in sorted({date for _, days in files for date in json.loads(days)}):
        if store.day_path(date).exists():
            with store.write_day(date) as connection:
                gone = _delete_market(store, connection, date, keys)
            remove(gone)
            _remove_if_empty(store, date)
    # Only then are they forgotten: killed before, the next writer still knows where to look.
    for date in touched:
        _sweep_day(store, date)
    with store.write_results() as connection:
        _delete_firm(connection, keys)


def _sweep_day(store: Store, date: str) -> None:
    """Remove the parts of a day that no source names."""
    if not store.day_path(date).exists():
        remove_day(store.folder, date)
        return
    with store.read_day(date) as connection:
        lots = lots_of(connection)
    sweep_day(store.folder, date, lots)


def _delete_market(store: Store, connection: duckdb.DuckDBPyConnection, date: str, keys: Sequence[str]) -> list[Path]:
    """Forget files in a day; gives the parts to be removed once the transaction has ended."""
    lots = lots_of(connection, "list_contains(?, ingest_key)", [list(keys)])
    if lots:
        connection.execute("DELETE FROM sources WHERE list_contains(?, ingest_key)", [list(keys)])
        connection.execute("DELETE FROM instruments WHERE instrument_id NOT IN (SELECT instrument_id FROM sources)")
    return [path for lot in lots for path in lot_paths(store.folder, date, lot)]


def _delete_firm(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
    for name, column in KEY_COLUMNS.items():
        connection.execute(f'DELETE FROM "{name}" WHERE list_contains(?, {column})', [list(keys)])
    for name in ("files", "faults"):
        connection.execute(f'DELETE FROM "{name}" WHERE list_contains(?, ingest_key)', [list(keys)])


def _remove_if_empty(store: Store, date: str) -> None:
    with store.read_day(date) as connection:
        left = connection.execute("SELECT count(*) FROM sources").fetchone()
    if left and left[0] == 0:
        store.remove_day(date)
        remove_day(store.folder, date)


def _publish(store: Store, lot: Lot, ingest_key: str) -> list[Path]:
    paths = lot_paths(store.folder, lot.date, (lot.table, ingest_key, lot.content, len(lot.paths)))
    publish(lot.paths, paths)
    return paths


def _factors(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """What prices and sizes of each stored source are multiplied by."""
    found = connection.execute("SELECT source_key, price_factor, size_factor FROM sources").fetchall()
    return {key: (price, size) for key, price, size in found}


def _require_room(
    store: Store, connection: duckdb.DuckDBPyConnection, date: str, before: dict[int, tuple[int, int]], path: str
) -> None:
    """Raise DataError if units changed to some in which stored, or new, rows cannot be held."""
    now = _factors(connection)
    changed = [key for key, factors in now.items() if factors != before.get(key, (1, 1))]
    sources = sources_of(connection, "list_contains(?, source_key)", [changed]) if changed else []
    beyond = beyond_their_units(store, date, sources)
    if beyond is not None:
        raise DataError(
            f"its prices or sizes and those of {beyond.path} are in units too far apart to be held together",
            place=path,
            remedy="store it under another --venue",
        )


def _insert_market(
    connection: duckdb.DuckDBPyConnection, staged: Staging, lots: Sequence[Lot], date: str, record: FileRecord
) -> None:
    """Make a day's staged lots known: instruments, and a source a lot and instrument."""
    used = sorted({staged_id for lot in lots for staged_id in lot.spans})
    displayed = {staged_id for lot in lots if lot.content not in _UNDISPLAYED for staged_id in lot.spans}
    wanted = [(staged.instrument_on(staged_id, date), staged_id in displayed) for staged_id in used]
    placed = dict(zip(used, place(connection, wanted, record.ingest_key), strict=True))
    bounds = connection.execute(
        "SELECT coalesce(max(source_id), 0), coalesce(min(source_id), 1) FROM sources"
    ).fetchone()
    last_id, first_id = bounds or (0, 1)
    sources = []
    for lot in lots:
        for staged_id, span in sorted(lot.spans.items()):
            if span.comes_first:
                source_id = first_id = min(first_id, 1) - 1
            else:
                source_id = last_id = last_id + 1
            at = placed[staged_id]
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
                    "first_ns": span.first_ns,
                    "last_ns": span.last_ns,
                    "prints": span.prints,
                    "market_table": lot.table,
                    "parts": len(lot.paths),
                    "source_key": lot.source_key(staged_id),
                    "price_factor": at.price_factor,
                    "size_factor": at.size_factor,
                }
            )
    insert(connection, SOURCES, pl.DataFrame(sources, schema=SOURCES.polars_schema()))
