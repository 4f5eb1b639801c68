"""A small store, the command line called in this process, and what a store holds as one comparable value."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tcakit.jobs.ingest import IngestRequest, ingest
from tests.feeds.rule605_files import GOOD, changed, summary

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data"


@dataclass(frozen=True)
class Told:
    """Exit code and both outputs of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.out.count("\n") == 1
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One symbol's book of one day, and the desk's blotter. Not to be written to: see `store`."""
    folder = tmp_path_factory.mktemp("cli") / "store"
    day = str(SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip")
    ingest(folder, IngestRequest([day, str(SAMPLE / "blotter")]))
    return folder


@pytest.fixture
def store(made_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the store, which TCAKIT_STORE names, in a folder that has sample_data; the test runs in it."""
    folder = tmp_path / "tcakit-store"
    shutil.copytree(made_store, folder)
    (tmp_path / "sample_data").symlink_to(SAMPLE)
    (tmp_path / "instruments.csv").write_text("symbol,isin,tick_size,valid_from\nALFA,,0.01,2026-01-01\n")
    (tmp_path / "rates.csv").write_text("date,base,quote,rate,source\n2026-03-03,EUR,USD,1.08,the desk\n")
    (tmp_path / "acme.csv").write_bytes(summary(GOOD, changed(Sp500="N", OrderSize="199999")))
    (tmp_path / "sweep.toml").write_text(
        '[[parents]]\nsymbol = "ALFA"\nside = "buy"\nquantity = 200\nstart = "10:00"\nend = "10:05"\n'
        '[[sets]]\nalgo = "twap"\ninterval = ["2s", "5s"]\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TCAKIT_STORE", str(folder))
    return folder


@pytest.fixture
def tcakit(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Call the command line with its words."""
    from tcakit.cli.main import main

    def call(*words: object) -> Told:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Told(int(left.value.code or 0), printed.out, printed.err)

    return call


def content(store: Path) -> dict[str, Any]:
    """Counts and hashes of all rows of all tables."""
    found: dict[str, Any] = {}
    for path in sorted(store.rglob("*.duckdb")):
        with duckdb.connect(str(path), read_only=True) as connection:
            for (table,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
                row = connection.execute(f'SELECT count(*), bit_xor(hash(t)) FROM "{table}" t').fetchone()
                found[f"{path.name} {table}"] = row
    for path in sorted(store.rglob("*.parquet")):
        found[str(path.relative_to(store))] = sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="session")
def made_content(made_store: Path) -> dict[str, Any]:
    """What the store of every test holds at first."""
    return content(made_store)


@pytest.fixture
def held() -> Callable[[Path], dict[str, Any]]:
    """What a store holds, to compare before and after."""
    return content
