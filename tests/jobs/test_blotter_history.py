"""Blotters that are exported again: corrections, cancels and restated rows over several files, on the sample day."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.jobs.coverage import coverage
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.market.clock import parse_time
from tcakit.store import ingest as stored
from tcakit.store.database import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
MARKET = SAMPLE / "lobster" / "ALFA_2026-03-03_34200000_57600000_5.zip"
PARENT = "260303-ALFA-01"


def sample_fills() -> list[dict[str, str]]:
    with (SAMPLE / "blotter" / "fills.csv").open() as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    ingest(folder, IngestRequest([str(MARKET), str(SAMPLE / "blotter")]))
    return folder


def cost(folder: Path, **request: Any) -> dict[str, Any]:
    found = report(folder, ReportRequest(orders=True, **request))
    row = next(row for row in found["parents"] if row["parent_id"] == PARENT)
    return {"run": found["run"]["run_id"], "notes": found["quality"]["run_notes"], "fills": row["fills"],
            "average": row["average_price"], "filled": row["filled_shares"]}  # fmt: skip


def test_corrections_of_a_later_file_change_the_report_and_as_of_gives_what_was_known(
    store: Path, tmp_path: Path
) -> None:
    mine = [row for row in sample_fills() if row["parent_id"] == PARENT]
    before = cost(store)
    assert before["fills"] == len(mine)
    first, second = mine[:2]
    changes = [
        {**first, "fill_id": "K1", "time": "2026-03-03T18:00:00-05:00", "price": "190.00", "change": "correct",
         "revises": first["fill_id"]},
        {**second, "fill_id": "K2", "time": "2026-03-03T19:00:00-05:00", "price": "", "change": "cancel",
         "revises": second["fill_id"]},
        {**second, "fill_id": "K3", "time": "2026-03-03T19:30:00-05:00", "change": "cancel", "revises": "F99999"},
    ]  # fmt: skip
    told = ingest(store, IngestRequest([write(tmp_path / "changes.csv", changes)]))
    assert (told["rows"], told["faults"]) == (3, 3)
    after = cost(store)
    assert after["fills"] == len(mine) - 1
    shares = sum(int(row["quantity"]) for row in mine) - int(second["quantity"])
    paid = sum(float(row["price"]) * int(row["quantity"]) for row in mine)
    paid += (190.0 - float(first["price"])) * int(first["quantity"]) - float(second["price"]) * int(second["quantity"])
    assert after["filled"] == shares
    assert after["average"] == pytest.approx(paid / shares, rel=1e-12)
    assert any("1 fills are corrected" in note for note in after["notes"])
    assert any("1 fills are cancelled" in note for note in after["notes"])
    of_orders = load_blotter(Store(store)).parents.drop_nulls("notes").filter(pl.col("notes").str.contains("busted"))
    assert of_orders["parent_id", "notes"].rows() == [(PARENT, "1 of its fills cancelled (busted) and not counted")]
    assert any("F99999" in note and "change nothing" in note for note in after["notes"])
    # The correction was known at six, the cancel at seven.
    between = cost(store, as_of_ns=parse_time("2026-03-03T18:30:00-05:00"))
    assert (between["fills"], between["filled"]) == (len(mine), before["filled"])
    assert between["average"] > before["average"]
    early = cost(store, as_of_ns=parse_time("2026-03-03T17:59:59-05:00"))
    assert early["average"] == before["average"]
    assert len({found["run"] for found in (before, after, between, early)}) == 4
    lost = coverage(store)["lost_changes"]
    assert [(row["change"], row["revises"]) for row in lost] == [("cancel", "F99999")]
    # The first report's run is read back as it was measured.
    again = report(store, ReportRequest(run=between["run"]))
    row = next(row for row in again["parents"] if row["parent_id"] == PARENT)
    assert row["average_price"] == between["average"]


def test_a_row_of_two_files_outlives_each_of_them(store: Path, tmp_path: Path) -> None:
    rows = sample_fills()
    restated = {**rows[0], "price": "1.23"}
    ingest(store, IngestRequest([write(tmp_path / "again.csv", [restated, *rows[1:5]])]))
    fills = load_blotter(Store(store)).fills
    assert fills.height == len(rows)
    held = fills.filter(fills["fill_id"] == rows[0]["fill_id"])
    assert held["price"][0] / held["price_scale"][0] == 1.23
    stored.drop(Store(store), str(SAMPLE / "blotter" / "fills.csv"))
    assert load_blotter(Store(store)).fills["fill_id"].to_list() == [row["fill_id"] for row in rows[:5]]
    ingest(store, IngestRequest([str(SAMPLE / "blotter" / "fills.csv")]))
    stored.drop(Store(store), str(tmp_path / "again.csv"))
    fills = load_blotter(Store(store)).fills
    assert fills["fill_id"].to_list() == [row["fill_id"] for row in rows]
    assert fills["price"][0] / fills["price_scale"][0] == float(rows[0]["price"])
