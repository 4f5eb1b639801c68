"""Joining a blotter to a tape: what is covered, whose clock is off, what would have to be bought."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tcakit.errors import DataError
from tcakit.jobs.align import align
from tcakit.jobs.coverage import coverage, data_request
from tcakit.jobs.ingest import IngestRequest, ingest

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
MARKET = SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip"


def late_fills(folder: Path, seconds: float) -> Path:
    """The sample's fills with their times moved, as a broker with a wrong clock would stamp them."""
    with (SAMPLE / "blotter" / "fills.csv").open() as file:
        rows = list(csv.DictReader(file))
    out = folder / "late.csv"
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        for row in rows:
            whole, fraction = row["time"][:19], row["time"][19:]
            moved = datetime.fromisoformat(whole) + timedelta(seconds=seconds)
            writer.writerow(row | {"time": moved.isoformat() + fraction})
    return out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firm") / "store"
    market = SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip"
    ingest(folder, IngestRequest([str(market), str(SAMPLE / "blotter")]))
    return folder


def test_coverage_counts_every_order_once_by_reason(store: Path) -> None:
    found = coverage(store)
    reasons = {row["reason"]: row["parents"] for row in found["by_reason"]}
    assert found["parents"] == 61
    assert found["parents_covered"] + sum(reasons.values()) == 61
    assert reasons["day not stored"] > 0  # ALFA's second day
    assert reasons["name not matched"] > 0  # BRVO has no market data at all, so no name leads to it
    assert 0 < found["parents_covered"] < 61


def test_a_data_request_names_the_windows_of_what_is_missing(store: Path) -> None:
    windows = {(row["symbol"], row["date"]) for row in data_request(store)["windows"]}
    assert ("ALFA", "2026-03-04") in windows
    assert ("ALFA", "2026-03-03") not in windows
    everything = {(row["symbol"], row["date"]) for row in data_request(store, everything=True)["windows"]}
    assert ("ALFA", "2026-03-03") in everything
    for row in data_request(store, everything=True)["windows"]:
        assert row["start"] < row["end"]


def test_clocks_that_agree_are_found_to_agree(store: Path) -> None:
    for row in align(store, within_s=2.0, step_s=0.1)["offsets"]:
        assert row["low_s"] <= 0.0 <= row["high_s"]
        assert row["inside_before"] == 1.0


def test_a_broker_whose_clock_is_late_is_found_out(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    market = SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip"
    late = late_fills(tmp_path, 4.0)
    ingest(folder, IngestRequest([str(market), str(SAMPLE / "blotter" / "parents.csv"), str(late)]))
    rows = align(folder, within_s=6.0, step_s=0.1)["offsets"]
    assert rows
    for row in rows:
        assert row["offset_s"] == pytest.approx(-4.0, abs=0.6)
        assert row["low_s"] <= -4.0 <= row["high_s"] < 0.0
        assert row["inside_after"] > row["inside_before"]
        assert row["inside_after"] > 0.99


def test_too_few_fills_are_no_estimate(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    ingest(folder, IngestRequest([str(SAMPLE / "blotter")]))
    with pytest.raises(DataError, match="no broker has 20 fills"):
        align(folder)
