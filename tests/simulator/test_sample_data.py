"""The sample that ships is what the code makes, and its metadata tells the truth."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from tcakit.simulator.sample import main, write_sample

SAMPLE = Path(__file__).parents[2] / "sample_data"


def unpacked(path: Path) -> bytes:
    """The content of a file, whatever compressor wrote it."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())
    return content


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


def test_the_metadata_names_every_file_with_its_hash_and_rows():
    metadata = json.loads((SAMPLE / "metadata.json").read_text())
    found = {path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*") if path.is_file()}
    assert set(metadata["files"]) == found - {"metadata.json", "README.md"}
    for name, entry in metadata["files"].items():
        content = (SAMPLE / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["bytes"]
        lines = unpacked(SAMPLE / name).count(b"\n")
        # An archive holds two files of as many rows; a CSV has a header.
        assert entry["rows"] == (lines // 2 if name.endswith(".zip") else lines - 1)
    assert metadata["synthetic"] is True
    assert metadata["licence"] == "CC0-1.0"
    assert sum(entry["bytes"] for entry in metadata["files"].values()) < 4_000_000


def test_the_code_makes_the_sample_that_ships(made):
    names = json.loads((SAMPLE / "metadata.json").read_text())["files"]
    assert len(names) == 15
    for name in names:
        assert unpacked(made / name) == unpacked(SAMPLE / name), f"{name} is old: run make sample"


def test_the_second_day_opens_near_the_first_close(made):
    for symbol in ("ALFA", "BRVO"):
        mids = []
        for date in ("2026-03-03", "2026-03-04"):
            lines = unpacked(made / f"csv/{symbol}_{date}_quotes.csv.gz").decode().splitlines()
            first, last = (line.split(",") for line in (lines[1], lines[-1]))
            mids.append([(float(row[2]) + float(row[4])) / 2 for row in (first, last)])
        assert mids[1][0] == pytest.approx(mids[0][1], rel=2e-3)


def test_what_is_said_to_be_in_it_is_in_it(made):
    """Every type of message, auctions at both ends, one halt with a re-opening, and news on two days."""
    kinds: dict[str, Counter[str]] = {}
    for path in sorted((made / "lobster").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if "message" in name)
            rows = [line.split(",") for line in archive.read(name).decode().splitlines()]
        kinds[path.name[:15]] = Counter(row[1] for row in rows)
        crosses = [float(row[0]) for row in rows if row[1] == "6"]
        assert (crosses[0], crosses[-1]) == (34_200.0, 57_600.0)
        assert float(rows[0][0]) == 34_200.0
    for found in kinds.values():
        assert set(found) == set("1234567")
        assert min(found[kind] for kind in "1234") > 50
    assert {day: found["6"] for day, found in kinds.items() if found["6"] > 2} == {"BRVO_2026-03-03": 3}
    told = json.loads((SAMPLE / "metadata.json").read_text())["days"]
    assert [bool(day["halts"]) for day in told] == [False, False, True, False]
    assert [bool(day["news"]) for day in told] == [False, True, False, True]


def test_the_command_wants_one_folder(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
