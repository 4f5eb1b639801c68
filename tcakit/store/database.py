"""The store on disk: one DuckDB file per trading day for market data, one for results, one lock for writers.

DuckDB lets one process write and then locks every other out at once, so connections are short, and whoever finds
the file held waits a while and then says by whom it is held.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from tcakit.errors import DataError, StoreBusyError, UsageError
from tcakit.market.schema import tables_of

FORMAT = 3
_POLL_S = 0.05
_UNFINISHED = ".unfinished"


class Store:
    """A folder that holds market data by day, results, and derived column files.

    `wait_s` is how long to wait for another process that holds a file.
    """

    def __init__(self, folder: Path, *, create: bool = False, wait_s: float = 30.0) -> None:
        self.folder = folder
        self.wait_s = wait_s
        marker = folder / "store.json"
        if not marker.exists():
            if not create:
                raise UsageError(
                    "there is no store here", place=str(folder), remedy="ingest a file first, or give --store DIR"
                )
            if folder.exists() and any(folder.iterdir()):
                raise UsageError(
                    "this folder holds other things", place=str(folder), remedy="give --store an empty or new folder"
                )
            (folder / "days").mkdir(parents=True, exist_ok=True)
            temporary = folder / f".store.{os.getpid()}"
            temporary.write_text(json.dumps({"format": FORMAT}) + "\n")
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
            yield connection

    @contextmanager
    def write_day(self, date: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on a day's file: all of it or nothing."""
        with self._transaction(self.day_path(date), "day") as connection:
            yield connection

    @contextmanager
    def write_results(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on the results: all of it or nothing."""
        with self._transaction(self.results_path, "results") as connection:
            yield connection

    @contextmanager
    def _transaction(self, path: Path, database: str) -> Iterator[duckdb.DuckDBPyConnection]:
        if not path.exists():
            self._make(path, database)
        with self._connect(path, read_only=False) as connection:
            connection.execute("BEGIN")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _make(self, path: Path, database: str) -> None:
        """A database with its tables, under its name only once it is whole, whenever the process dies."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
        while not path.exists():
            temporary.unlink(missing_ok=True)
            with duckdb.connect(str(temporary)) as connection:
                for table in tables_of(database):
                    connection.execute(table.ddl())
            # Unlike a rename, a link never takes the place of one that another process made meanwhile; and
            # another process may have swept ours away.
            with suppress(FileExistsError, FileNotFoundError):
                os.link(temporary, path)
            temporary.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove databases that a killed process did not finish making. Call while holding `writer`."""
        for folder in (self.folder, self.folder / "days"):
            for path in folder.glob(f".*{_UNFINISHED}*"):
                path.unlink(missing_ok=True)

    @contextmanager
    def _connect(self, path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        deadline = time.monotonic() + self.wait_s
        while True:
            try:
                connection = duckdb.connect(str(path), read_only=read_only)
                break
            except duckdb.IOException as error:
                if "could not set lock" not in str(error).lower():
                    raise DataError(
                        f"cannot be opened ({_first_line(error)})",
                        place=str(path),
                        remedy="check its permissions; if it is damaged, remove it and ingest its files again",
                    ) from None
                if time.monotonic() > deadline:
                    raise StoreBusyError(
                        f"held by {self.holder() or 'another process'} for more than {self.wait_s:g} s",
                        place=str(path),
                        remedy="try again when it has finished",
                    ) from None
                time.sleep(_POLL_S)
            except duckdb.Error as error:
                raise DataError(
                    f"is no database of ours ({_first_line(error)})",
                    place=str(path),
                    remedy="remove it and ingest its files again",
                ) from None
        try:
            yield connection
        finally:
            connection.close()

    # --- one writer at a time -------------------------------------------------------------------------------

    @contextmanager
    def writer(self, what: str) -> Iterator[None]:
        """Hold the store for writing; others wait and can say who holds it. Freed when the process dies."""
        path = self.folder / "writer.lock"
        with path.open("a+") as file:
            deadline = time.monotonic() + self.wait_s
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StoreBusyError(
                            f"held by {self.holder() or 'another process'} for more than {self.wait_s:g} s",
                            place=str(self.folder),
                            remedy="try again when it has finished",
                        ) from None
                    time.sleep(_POLL_S)
            file.truncate(0)
            file.write(json.dumps({"process": os.getpid(), "doing": what, "since": int(time.time())}))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def holder(self) -> str | None:
        """Who holds the store for writing, in words; None if nobody says so."""
        try:
            held: dict[str, Any] = json.loads((self.folder / "writer.lock").read_text())
        except (OSError, ValueError):
            return None
        return f"process {held.get('process')} ({held.get('doing')})"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
