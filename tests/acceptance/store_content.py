"""What a store holds, as one hash: every row of every market table and of what is known of the files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tcakit.market.schema import tables_of
from tcakit.store.database import Store
from tcakit.store.rows import day_tables

# When a file came in, and from where, is no part of what it holds, nor is the number that it was given.
_LEFT_OUT = {"ingested_ns", "path", "source_key"}


def content_hash(folder: Path) -> str:
    store = Store(folder)
    digest = hashlib.sha256()
    for date in store.dates():
        with day_tables(store, date) as connection:
            for table in (*tables_of("day"), *tables_of("market")):
                names = ", ".join(f'"{name}"' for name in table.names if name not in _LEFT_OUT)
                rows = connection.execute(f'SELECT {names} FROM "{table.name}" ORDER BY ALL').fetchall()
                digest.update(repr((date, table.name, rows)).encode())
    with store.read_results() as connection:
        for name in ("files", "faults"):
            table = next(table for table in tables_of("results") if table.name == name)
            names = ", ".join(f'"{column}"' for column in table.names if column not in _LEFT_OUT)
            digest.update(repr(connection.execute(f"SELECT {names} FROM {name} ORDER BY ALL").fetchall()).encode())
    return digest.hexdigest()


# When something was stored or computed, and how long it took, is no part of what was stored either.
_TIMES = {"ingested_ns", "created_ns", "seconds"}


def table_hashes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Every table of every day and of the results -> rows, and two hashes of them that no order of rows changes.

    Ids that the store gives out (instruments, sources) count as what they stand for.
    """
    store, found = Store(folder), {}
    for date in store.dates():
        with day_tables(store, date) as connection:
            for table in (*tables_of("day"), *tables_of("market")):
                names = [f"t.{name}" for name in table.names if not name.endswith("_id") or name.startswith("trade_")]
                names = [name for name in names if name != "t.source_key"]
                joins = ""
                if table.name != "instruments":
                    joins += " JOIN instruments i USING (instrument_id)"
                    names += ["i.symbol", "i.venue"]
                if table.name not in ("instruments", "sources"):
                    joins += " JOIN sources s USING (source_id)"
                    names += ["s.ingest_key", "s.content"]
                found[f"{date} {table.name}"] = _hashes(connection, f"{table.name} t{joins}", names)
    with store.read_results() as connection:
        for table in tables_of("results"):
            found[table.name] = _hashes(connection, table.name, [n for n in table.names if n not in _TIMES])
    return found


def _hashes(connection: Any, tables: str, names: list[str]) -> tuple[int, ...]:
    row = f"hash({', '.join(names)})"
    found = connection.execute(
        f"SELECT count(*), coalesce(sum({row}::HUGEINT), 0), coalesce(bit_xor({row}), 0) FROM {tables}"
    ).fetchone()
    return tuple(int(number) for number in found)


def ordered_rows(folder: Path) -> str:
    """Every market row as a line, in the order in which readers get it, whatever files it came from."""
    store, lines = Store(folder), []
    for date in store.dates():
        with day_tables(store, date) as connection:
            for table in tables_of("market"):
                names = ", ".join(
                    f"t.{name}" for name in table.names if name not in ("instrument_id", "source_id", "seq")
                )
                found = connection.execute(
                    f"SELECT i.symbol, i.venue, i.price_scale, i.size_scale, i.tick_size, i.lot_size, {names} "
                    f"FROM {table.name} t JOIN instruments i USING (instrument_id) "
                    "ORDER BY i.symbol, i.venue, t.ts_ns, t.source_id, t.seq"
                ).fetchall()
                lines += [f"{date} {table.name} {row}\n" for row in found]
    return "".join(lines)
