"""What a store holds, as one hash: every row of every market table and of what is known of the files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tcakit.market.schema import tables_of
from tcakit.store.database import Store

# When a file came in, and from where, is no part of what it holds.
_LEFT_OUT = {"ingested_ns", "path"}


def content_hash(folder: Path) -> str:
    store = Store(folder)
    digest = hashlib.sha256()
    for date in store.dates():
        with store.read_day(date) as connection:
            for table in tables_of("day"):
                names = ", ".join(f'"{name}"' for name in table.names if name not in _LEFT_OUT)
                rows = connection.execute(f'SELECT {names} FROM "{table.name}" ORDER BY ALL').fetchall()
                digest.update(repr((date, table.name, rows)).encode())
    with store.read_results() as connection:
        for name in ("files", "faults"):
            table = next(table for table in tables_of("results") if table.name == name)
            names = ", ".join(f'"{column}"' for column in table.names if column not in _LEFT_OUT)
            digest.update(repr(connection.execute(f"SELECT {names} FROM {name} ORDER BY ALL").fetchall()).encode())
    return digest.hexdigest()
