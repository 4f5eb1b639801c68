"""Two ingests at once: the second waits, says for whom, and says it only where somebody is there to read it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.simulator.csv_export import write_day
from tests.made_days import made_day

# A process that ingests, and stays with the store in its hands until its stdin is closed.
_HOLDER = """
import sys
from pathlib import Path
from tcakit.jobs.ingest import IngestRequest, ingest
def step(name, done, total):
    if done == 1:
        print("holding", flush=True)
        sys.stdin.read()
ingest(Path(sys.argv[1]), IngestRequest(sys.argv[2:]), step)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    day = made_day("TWIN", "2026-03-02", 1, 500)
    return [str(path) for path in write_day(day, tmp_path_factory.mktemp("twin"))]


def _hold(store: Path, files: list[str]) -> subprocess.Popen[str]:
    """A process that has stored the first file and stands before the second."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(store), *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    return process


def _ingest(store: Path, path: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "tcakit", "ingest", path, "--store", str(store), *words]


def _read_until(terminal: int, wanted: str) -> str:
    """What comes out of a terminal until the words are there, or a minute has gone."""
    text, limit = "", time.monotonic() + 60
    while wanted not in text and time.monotonic() < limit:
        text += os.read(terminal, 4096).decode()
    return text


def test_at_a_terminal_it_says_for_whom_it_waits_while_it_waits(files: list[str], tmp_path: Path) -> None:
    holder = _hold(tmp_path / "store", files)
    ours, theirs = pty.openpty()
    waiting = subprocess.Popen(_ingest(tmp_path / "store", files[0], "--json"), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    said = _read_until(ours, "waiting up to 30 s")
    assert f"held by process {holder.pid} (ingest {Path(files[0]).name} and 1 more)" in said
    assert waiting.poll() is None
    holder.communicate("", timeout=60)
    out, _ = waiting.communicate(timeout=60)
    os.close(ours)
    assert (holder.returncode, waiting.returncode) == (0, 0)
    assert json.loads(out)["files"][0]["skipped"] is True


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_elsewhere_only_giving_up_is_told(files: list[str], tmp_path: Path, quiet: list[str]) -> None:
    holder = _hold(tmp_path / "store", files)
    hasty = subprocess.run(
        _ingest(tmp_path / "store", files[1], "--wait", "1", *quiet), capture_output=True, text=True, timeout=60
    )
    assert (hasty.returncode, hasty.stdout) == (4, "")
    (line,) = hasty.stderr.splitlines()
    assert f"held by process {holder.pid} (ingest {Path(files[0]).name} and 1 more) for more than 1 s" in line
    patient = subprocess.Popen(
        _ingest(tmp_path / "store", files[1], "-q"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    assert patient.poll() is None
    holder.communicate("", timeout=60)
    assert patient.communicate(timeout=60) == ("", "")
    assert patient.returncode == 0
    again = ingest(tmp_path / "store", IngestRequest(files))
    assert [file["skipped"] for file in again["files"]] == [True, True]


_LOCKER = """
import sys
import duckdb
connection = duckdb.connect(sys.argv[1])
print("holding", flush=True)
sys.stdin.read()
"""


def test_a_query_waits_for_whoever_writes(files: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, IngestRequest(files))
    for path in (store / "days" / "2026-03-02.duckdb", store / "results.duckdb"):
        locker = subprocess.Popen(
            [sys.executable, "-c", _LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert locker.stdout is not None
        assert locker.stdout.readline() == "holding\n"
        ask = [sys.executable, "-m", "tcakit", "sql", "SELECT count(*) FROM quotes, sources", "--store", str(store)]
        hasty = subprocess.run([*ask, "--wait", "0.5"], capture_output=True, text=True, timeout=60)
        assert (hasty.returncode, hasty.stdout) == (4, "")
        assert "for more than 0.5 s" in hasty.stderr
        patient = subprocess.Popen([*ask, "--json"], stdout=subprocess.PIPE, text=True)
        time.sleep(1.5)
        assert patient.poll() is None
        locker.communicate("", timeout=60)
        out, _ = patient.communicate(timeout=60)
        assert patient.returncode == 0
        assert json.loads(out)["rows"][0][0] > 0
