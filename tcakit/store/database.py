"""The store on disk: one DuckDB file per trading day for market data, one for results, one lock for writers.

DuckDB lets one process write and then locks every other out at once, so connections are short, and whoever finds
the file held waits a while and then says by whom it is held.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import duckdb

from tcakit.errors import DataError, StoreBusyError, UsageError
from tcakit.market.schema import tables_of
from tcakit.store.disk import is_no_room, no_room_told
from tcakit.store.engine import attached, quoted

FORMAT = 5
_POLL_S = 0.05
_WRITING_MIB = 1024
_UNFINISHED = ".unfinished"
_BEGUN = ".store."
_SILENT_S = 0.5
# DuckDB takes what follows for options of opening, or for a separator of folders.
_UNOPENABLE = "?\\"
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Store:
    """A folder that holds market data by day, results, and derived column files.

    `wait_s` is how long to wait for another process that holds a file.
    """

    def __init__(self, folder: Path, *, create: bool = False, wait_s: float = 30.0) -> None:
        self.folder = folder
        self.wait_s = wait_s
        _refuse_unopenable(folder)
        marker = folder / "store.json"
        if not marker.exists():
            if not create:
                raise UsageError(
                    "there is no store here", place=str(folder), remedy="ingest a file first, or give --store DIR"
                )
            if folder.exists() and not _is_begun(folder) and not marker.exists():
                raise UsageError(
                    "this folder holds other things", place=str(folder), remedy="give --store an empty or new folder"
                )
            (folder / "days").mkdir(parents=True, exist_ok=True)
            temporary = folder / f"{_BEGUN}{os.getpid()}"
            temporary.write_text(json.dumps({"format": FORMAT}) + "\n")
            # Swept away only by a process that found, or made, the marker.
            with suppress(FileNotFoundError):
                temporary.replace(marker)
        try:
            found = json.loads(marker.read_text()).get("format")
        except (ValueError, AttributeError):
            found = None
        if found != FORMAT:
            raise DataError(
                f"the store has format {found}, this version reads {FORMAT}",
                place=str(marker),
                remedy="ingest the files again into a new store",
            )

    @classmethod
    def scratch(cls, held: ExitStack) -> Store:
        """A store in a temporary folder that is gone when the block of `held` ends."""
        return cls(Path(held.enter_context(TemporaryDirectory(prefix="tcakit-"))) / "store", create=True)

    # --- files -------------------------------------------------------------------------------------------

    def day_path(self, date: str) -> Path:
        return self.folder / "days" / f"{date}.duckdb"

    @property
    def results_path(self) -> Path:
        return self.folder / "results.duckdb"

    def dates(self) -> list[str]:
        """Trade dates that have a file, in order."""
        return sorted(path.stem for path in (self.folder / "days").glob("*.duckdb"))

    # --- connections -------------------------------------------------------------------------------------

    @contextmanager
    def read_day(self, date: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connect(self.day_path(date), read_only=True) as connection:
            yield connection

    @contextmanager
    def read_results(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self.results_path.exists():
            with self.write_results():
                pass
        with self._connect(self.results_path, read_only=True) as connection:
            older = _lacking(connection)
            if not older:
                yield connection
        if older:
            with self.write_results():
                pass
            with self._connect(self.results_path, read_only=True) as connection:
                yield connection

    @contextmanager
    def write_day(self, date: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on a day's file: all of it or nothing."""
        with self._transaction(self.day_path(date), "day") as connection:
            yield connection

    @contextmanager
    def write_results(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on the results: all of it or nothing. Tables and columns that are younger than the store are
        added."""
        with self._transaction(self.results_path, "results") as connection:
            for statement in _lacking(connection):
                connection.execute(statement)
            yield connection

    @contextmanager
    def _transaction(self, path: Path, database: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with no_room_told(path):
            if not path.exists():
                self._make(path, database)
            with self._changing(path) as connection:
                yield connection

    @contextmanager
    def _changing(self, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connect(path, read_only=False) as connection:
            # Rows on their way in need not stay in memory, and would while there is room.
            connection.execute(f"SET memory_limit = '{_WRITING_MIB}MiB'")
            connection.execute("BEGIN")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A commit that failed for want of room has ended the transaction, or the connection, by itself.
                with suppress(duckdb.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                with suppress(duckdb.Error):
                    connection.execute("RESET memory_limit")

    def _make(self, path: Path, database: str) -> None:
        """A database with its tables, under its name only once it is whole, whenever the process dies."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
        while not path.exists():
            temporary.unlink(missing_ok=True)
            with attached(temporary, read_only=False) as connection:
                # One transaction: each would wait for the disk.
                connection.execute("BEGIN")
                for table in tables_of(database):
                    connection.execute(table.ddl())
                connection.execute("COMMIT")
                # Closing does the same, but says nothing when the disk is full: then the tables are not in the file.
                connection.execute("CHECKPOINT")
            # Unlike a rename, a link never takes the place of one that another process made meanwhile; and
            # another process may have swept ours away.
            with suppress(FileExistsError, FileNotFoundError):
                os.link(temporary, path)
            temporary.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove databases that a killed process did not finish making, or removing. Call while holding `writer`."""
        for folder in (self.folder, self.folder / "days"):
            for path in folder.glob(f".*{_UNFINISHED}*"):
                path.unlink(missing_ok=True)
        for log in (self.folder / "days").glob("*.duckdb.wal"):
            if not log.with_suffix("").exists():
                log.unlink(missing_ok=True)
        for path in self.folder.glob(f"{_BEGUN}*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def _connect(self, path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with ExitStack() as held:
            yield self._patiently(path, lambda: held.enter_context(attached(path, read_only=read_only)))

    def attach(self, connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
        """Attach one of the store's files, read-only, to an engine that is not the process's own."""
        self._patiently(path, lambda: connection.execute(f"ATTACH {quoted(str(path))} AS {name} (READ_ONLY)"))

    def _patiently(self, path: Path, opened: Callable[[], T]) -> T:
        """What `opened` gives, once no other process holds the file."""
        waited = self._waited(path)
        while True:
            try:
                return opened()
            except duckdb.IOException as error:
                if "could not set lock" not in str(error).lower():
                    if is_no_room(error):
                        raise
                    raise DataError(
                        f"cannot be opened ({_first_line(error)})",
                        place=str(path),
                        remedy="check its permissions; if it is damaged, remove it and ingest its files again",
                    ) from None
                next(waited)
            except duckdb.Error as error:
                raise DataError(
                    f"is no database of ours ({_first_line(error)})",
                    place=str(path),
                    remedy="remove it and ingest its files again",
                ) from None

    def remove_day(self, date: str) -> None:
        """Remove a day's file. Call while holding `writer`."""
        path = self.day_path(date)
        # First its log, if a full disk left one: it may not become the log of a new file of that name.
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    # --- one writer at a time -------------------------------------------------------------------------------

    @contextmanager
    def writer(self, what: str) -> Iterator[None]:
        """Hold the store for writing; others wait and can say who holds it. Freed when the process dies."""
        path = self.folder / "writer.lock"
        with path.open("a+") as file:
            waited = self._waited(self.folder)
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    next(waited)
            with no_room_told(path):
                file.truncate(0)
                file.write(json.dumps({"process": os.getpid(), "doing": what, "since": int(time.time())}))
                file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def _waited(self, place: Path) -> Iterator[None]:
        """Each step waits a little longer for the other process; says once for whom, and raises when it was too long.

        What it says goes to the log "tcakit.store.database", as information.
        """
        begun, told = time.monotonic(), ""
        while (waited := time.monotonic() - begun) <= self.wait_s:
            holder = self.holder() or "another process"
            if waited >= _SILENT_S and holder != told:
                told = holder
                _log.info("%s is held by %s: waiting up to %g s", place, holder, self.wait_s)
            time.sleep(_POLL_S)
            yield
        raise StoreBusyError(
            f"held by {self.holder() or 'another process'} for more than {self.wait_s:g} s",
            place=str(place),
            remedy="try again when it has finished",
        )

    def holder(self) -> str | None:
        """Who holds the store for writing, in words; None if nobody says so."""
        try:
            held: dict[str, Any] = json.loads((self.folder / "writer.lock").read_text())
        except (OSError, ValueError):
            return None
        return f"process {held.get('process')} ({held.get('doing')})"


def _is_begun(folder: Path) -> bool:
    """Whether a folder holds no more than a process leaves that died while it made a store."""
    return all(
        entry.name.startswith(_BEGUN) or (entry.name == "days" and entry.is_dir() and not any(entry.iterdir()))
        for entry in folder.iterdir()
    )


def _refuse_unopenable(folder: Path) -> None:
    found = [sign for sign in _UNOPENABLE if sign in str(folder.absolute())]
    if found:
        raise UsageError(
            f"a path with {' and '.join(found)} in it cannot hold a store",
            place=str(folder),
            remedy="give --store a folder of another name",
        )


def _lacking(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What makes the tables and columns of results that a store made by an earlier version has not.

    Only columns that may be null come to a table that is there, and at its end: rows of before know nothing of them.
    """
    query = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database()"
    held: dict[str, set[str]] = {}
    for table_name, column_name in connection.execute(query).fetchall():
        held.setdefault(table_name, set()).add(column_name)
    statements = []
    for table in tables_of("results"):
        if table.name not in held:
            statements.append(table.ddl())
            continue
        types = table.ddl_types()
        missing = [name for name in table.names if name not in held[table.name]]
        statements += [f'ALTER TABLE "{table.name}" ADD COLUMN "{name}" {types[name]}' for name in missing]
    return statements


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
