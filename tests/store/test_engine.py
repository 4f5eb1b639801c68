"""Database files attached to the process's one engine: shared, let go, and given up when they break."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest

from tcakit.store import engine
from tcakit.store.engine import attached


def make(path: Path, value: int) -> Path:
    with attached(path, read_only=False) as connection:
        connection.execute("CREATE TABLE held (value INTEGER)")
        connection.execute("INSERT INTO held VALUES (?)", [value])
    return path


def value_of(connection: duckdb.DuckDBPyConnection) -> int:
    (found,) = connection.execute("SELECT value FROM held").fetchone() or (None,)
    assert isinstance(found, int)
    return found


def test_files_are_apart_and_let_go(tmp_path: Path) -> None:
    one, other = make(tmp_path / "it's one.duckdb", 1), make(tmp_path / "other.duckdb", 2)
    assert not list(tmp_path.glob("*.wal"))
    with attached(one, read_only=True) as first, attached(other, read_only=False) as second:
        with attached(one, read_only=True) as again:
            assert (value_of(first), value_of(second), value_of(again)) == (1, 2, 1)
        second.execute("UPDATE held SET value = 3")
        with pytest.raises(duckdb.Error, match="read-only"):
            first.execute("UPDATE held SET value = 4")
        with pytest.raises(duckdb.ConnectionException, match="being read"), attached(one, read_only=False):
            pass
    # Let go, it is any other engine's.
    with duckdb.connect(str(other)) as connection:
        assert value_of(connection) == 3
    one.unlink()
    make(one, 5)
    with attached(one, read_only=True) as connection:
        assert value_of(connection) == 5


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    path = make(tmp_path / "one.duckdb", 1)
    with attached(path, read_only=False) as connection:
        connection.execute("BEGIN")
        connection.execute("UPDATE held SET value = 2")
    with attached(path, read_only=True) as connection:
        assert value_of(connection) == 1


def test_threads_use_the_same_file(tmp_path: Path) -> None:
    path, seen = make(tmp_path / "one.duckdb", 7), []

    def look() -> None:
        for _ in range(20):
            with attached(path, read_only=True) as connection:
                seen.append(value_of(connection))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [7] * 80


def test_an_engine_that_broke_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = make(tmp_path / "one.duckdb", 1), make(tmp_path / "other.duckdb", 2)
    with attached(other, read_only=True) as untouched:
        with pytest.raises(duckdb.FatalException), attached(path, read_only=False):
            raise duckdb.FatalException("the database has been invalidated")
        with attached(path, read_only=False) as connection:
            connection.execute("UPDATE held SET value = 6")
            assert value_of(connection) == 6
        assert value_of(untouched) == 2
    with attached(other, read_only=False) as connection:
        assert value_of(connection) == 2


def test_a_file_that_is_no_database_leaves_the_engine_as_it_was(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.duckdb"
    wrong.write_bytes(b"no database at all" * 1000)
    good = make(tmp_path / "good.duckdb", 1)
    with pytest.raises(duckdb.Error), attached(wrong, read_only=True):
        pass
    with attached(good, read_only=True) as connection:
        assert value_of(connection) == 1
    assert not any(held.files for held in engine._engines.values())
