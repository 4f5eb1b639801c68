"""A disk that fills up in the middle of an ingest: told as such, and the store is as good as before."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from store_content import table_hashes

from tcakit.jobs.catalog import catalog
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.simulator.csv_export import write_day
from tcakit.simulator.lobster_export import write_lobster
from tests.made_days import made_day

LIMITS_KIB = (4, 16, 300, 700)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A small file that is stored first, and one whose rows need a megabyte."""
    folder = tmp_path_factory.mktemp("full")
    small = write_day(made_day("TINY", "2026-03-02", 1, 500), folder / "small")
    write_lobster(made_day("LARGE", "2026-03-02", 2, 250_000), folder / "large", 2)
    return [str(small[0]), str(folder / "large")]


@pytest.fixture(scope="module")
def clean(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, ...]]:
    store = tmp_path_factory.mktemp("clean") / "store"
    for path in files:
        ingest(store, IngestRequest([path]))
    return table_hashes(store)


def _with_room(limit_kib: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose files may not grow beyond a limit: the system refuses to write, as on a full disk."""

    def refuse() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kib << 10, limit_kib << 10))

    command = [sys.executable, "-m", "tcakit", *words]
    return subprocess.run(command, preexec_fn=refuse, capture_output=True, text=True, timeout=120)


def _error(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    error = json.loads(done.stdout)["error"]
    assert isinstance(error, dict)
    return error


@pytest.mark.parametrize("limit_kib", LIMITS_KIB)
def test_a_full_disk_is_told_and_the_store_goes_on(
    files: list[str], clean: dict[str, tuple[int, ...]], tmp_path: Path, limit_kib: int
) -> None:
    store = tmp_path / "store"
    ingest(store, IngestRequest(files[:1]))
    before = table_hashes(store)
    done = _with_room(limit_kib, "ingest", files[1], "--store", str(store), "--json")
    error = _error(done)
    assert (done.returncode, error["code"]) == (1, "disk"), error
    assert "no room" in error["message"]
    assert error["place"].startswith(str(store))
    assert "make room" in error["remedy"]
    assert done.stderr == ""
    catalog(store, files=True)
    (again,) = ingest(store, IngestRequest(files[:1]))["files"]  # the next writer takes out what may be left
    assert again["skipped"]
    assert table_hashes(store) == before
    ingest(store, IngestRequest(files[1:]))
    assert table_hashes(store) == clean
    assert [path.name for path in store.rglob("*.wal")] == []


def test_a_full_disk_at_the_very_start_leaves_a_store_that_works(
    files: list[str], clean: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    for limit_kib in (0, 16, 64):
        store = tmp_path / f"store {limit_kib}"
        done = _with_room(limit_kib, "ingest", *files, "--store", str(store), "--json")
        assert (done.returncode, _error(done)["code"]) == (1, "disk")
    for path in files:
        ingest(store, IngestRequest([path]))
    assert table_hashes(store) == clean


def test_one_that_the_small_file_leaves_room_for_is_stored(files: list[str], tmp_path: Path) -> None:
    done = _with_room(700, "ingest", *files, "--store", str(tmp_path / "store"), "--json")
    told = json.loads(done.stdout)
    assert told["error"]["code"] == "disk"
    assert [file["path"] for file in told["files"]] == files[:1]
