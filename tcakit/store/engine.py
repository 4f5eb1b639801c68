"""One DuckDB engine a process, to which database files are attached while they are used.

To open a file by itself starts an engine for it, which takes fifteen times as long as the file does.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb


@dataclass(slots=True)
class _Attached:
    """A file under the name by which the engine knows it, and how many use it."""

    name: str
    read_only: bool
    users: int = 0


@dataclass(slots=True)
class _Engine:
    connection: duckdb.DuckDBPyConnection
    files: dict[str, _Attached] = field(default_factory=dict)
    count: int = 0


_lock = threading.Lock()
# By process: a forked one may not go on with its parent's engine.
_engines: dict[int, _Engine] = {}


@contextmanager
def attached(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database file, its own transactions apart from all others.

    Raises what DuckDB raises when the file cannot be opened. The file is let go when its last user is done.
    """
    key = str(path.resolve())
    with _lock:
        engine = _engine()
        held = engine.files.get(key)
        if held is None:
            engine.count += 1
            held = _Attached(f"file{engine.count}", read_only)
            engine.connection.execute(
                f"ATTACH {quoted(key)} AS {held.name} (TYPE duckdb{', READ_ONLY' if read_only else ''})"
            )
            engine.files[key] = held
        elif held.read_only and not read_only:
            raise duckdb.ConnectionException(f"{path} is being read by this very process")
        held.users += 1
    cursor = engine.connection.cursor()
    try:
        cursor.execute(f"USE {held.name}")
        yield cursor
    except duckdb.FatalException:
        with _lock:
            _give_up(engine)
        raise
    finally:
        with suppress(duckdb.Error):
            cursor.close()
        with _lock:
            held.users -= 1
            if held.users == 0:
                _let_go(engine, key)


@contextmanager
def unattached() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the engine that knows of no file."""
    with _lock:
        cursor = _engine().connection.cursor()
    try:
        yield cursor
    finally:
        with suppress(duckdb.Error):
            cursor.close()


def _engine() -> _Engine:
    """This process's engine; call while holding the lock."""
    engine = _engines.get(os.getpid())
    if engine is None:
        engine = _engines[os.getpid()] = _Engine(duckdb.connect(config=spilling()))
    return engine


def spilling() -> dict[str, Any]:
    """How an engine starts whose rows go, where memory is short, to temporary files and not where the user stands."""
    return {"temp_directory": str(Path(tempfile.gettempdir()) / f"tcakit-duckdb-{os.getpid()}")}


def _let_go(engine: _Engine, key: str) -> None:
    held = engine.files.pop(key)
    try:
        engine.connection.execute(f"DETACH {held.name}")
    except duckdb.Error:
        # No room to write the log's rows into the file, say: they stay in the log, and the next to open it has them.
        _give_up(engine)
    if _engines.get(os.getpid()) is not engine and not engine.files:
        engine.connection.close()


def _give_up(engine: _Engine) -> None:
    """Start anew with the next file: nothing more can be had of this engine."""
    if _engines.get(os.getpid()) is engine:
        del _engines[os.getpid()]


def quoted(text: str) -> str:
    """A text as SQL writes it: names of files cannot be parameters everywhere.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
