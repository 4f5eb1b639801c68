"""An ingest that is killed at any moment, and given again, leaves what one that ran through leaves."""

from __future__ import annotations

import gzip
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from store_content import table_hashes

from tcakit.jobs.catalog import catalog
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.simulator.csv_export import write_day
from tcakit.simulator.lobster_export import write_lobster
from tcakit.store.database import Store
from tests.made_days import made_day

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
KILLS = 50 if settings.get_current_profile_name() == "fuzz" else 5


@dataclass(frozen=True)
class Clean:
    """What is ingested, what a clean run of it stores, and how long one takes from its first write."""

    paths: list[str]
    held: dict[str, tuple[int, ...]]
    seconds: float


def _start(store: Path, paths: list[str]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tcakit", "ingest", *paths, "--store", str(store), "-q"]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _begun(store: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has touched the store: before that there is nothing to break."""
    limit = time.monotonic() + 60
    while not store.exists() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.001)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """A LOBSTER pair, trades and quotes of two days in one CSV each, a blotter with its aliases."""
    folder = tmp_path_factory.mktemp("killed")
    for date in ("2026-03-02", "2026-03-03"):
        write_day(made_day("KILO", date, 7, 4_000), folder / date)
    for content in ("trades", "quotes"):
        days = [gzip.decompress(path.read_bytes()) for path in sorted(folder.glob(f"*/*{content}*"))]
        header, _, _ = days[0].partition(b"\n")
        (folder / f"KILO_{content}.csv").write_bytes(days[0] + days[1].removeprefix(header + b"\n"))
    book = write_lobster(made_day("LIMA", "2026-03-03", 8, 6_000), folder / "book", 3)
    paths = [
        str(folder / "KILO_trades.csv"),
        str(book[0]),
        str(SAMPLE / "blotter"),
        str(folder / "KILO_quotes.csv"),
    ]
    process = _start(folder / "store", paths)
    _begun(folder / "store", process)
    begun = time.monotonic()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said.decode()
    held = table_hashes(folder / "store")
    assert len({name.split()[0] for name in held if name.startswith("2026")}) == 2
    assert all(held[name][0] > 0 for name in ("files", "aliases", "parents", "fills", "2026-03-02 quotes"))
    return Clean(paths, held, time.monotonic() - begun)


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_and_given_again_it_stores_what_a_clean_run_stores(clean: Clean, tmp_path: Path, number: int) -> None:
    draw, store = random.Random(f"kill {number}"), tmp_path / "store"
    for _ in range(2 if draw.random() < 0.3 else 1):  # sometimes what mends it is killed too
        process = _start(store, clean.paths)
        _begun(store, process)
        time.sleep(draw.random() * clean.seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    if (store / "store.json").exists():
        catalog(store, files=True)  # readable as it lies there
    ingest(store, IngestRequest(clean.paths), wait_s=10.0)
    assert table_hashes(store) == clean.held
    left = [path.name for path in store.rglob("*") if path.name.startswith(".") or path.suffix == ".wal"]
    assert left == []
    assert not any((store / "staging").glob("*"))


def test_a_store_whose_maker_died_before_its_mark_is_made(tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    (tmp_path / ".store.1").write_text("")
    with Store(tmp_path, create=True).writer("test"):
        Store(tmp_path).sweep()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["days", "store.json", "writer.lock"]


def test_the_log_of_a_day_that_is_gone_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", create=True)
    log = store.day_path("2026-03-02").with_name("2026-03-02.duckdb.wal")
    log.write_bytes(b"of a database that was removed")
    with store.writer("test"):
        store.sweep()
        assert not log.exists()
        with store.write_day("2026-03-02") as connection:
            connection.execute("CREATE TABLE held AS SELECT 1")
        store.remove_day("2026-03-02")
    assert list((store.folder / "days").iterdir()) == []
