"""An order that is worked over two days, from its files to the report: fills, end and closes are of their own days."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.reference import import_instruments
from tcakit.jobs.report import ReportRequest, report
from tcakit.store import results
from tcakit.store.database import Store
from tests.jobs.blotters import write_csv

MONDAY, TUESDAY, WEDNESDAY = "2025-03-03", "2025-03-04", "2025-03-05"
MIDS = {MONDAY: 75.75, TUESDAY: 76.5, WEDNESDAY: 79.0}
ORDER = {
    "parent_id": "CMS", "symbol": "ABCD", "side": "buy", "quantity": "8000", "decision_price": "75",
    "arrival_time": f"{MONDAY}T15:00:00", "end_time": f"{WEDNESDAY}T15:00:00", "currency": "USD", "fees": "1500",
}  # fmt: skip
FILL = {
    "fill_id": "F1", "parent_id": "CMS", "symbol": "ABCD", "side": "buy", "time": f"{TUESDAY}T11:00:00.5",
    "price": "77", "quantity": "4000",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    quotes = [
        {"symbol": "ABCD", "time": f"{date}T{hour:02d}:{minute:02d}:00", "bid": mid - 0.01, "bid_size": 100,
         "ask": mid + 0.01, "ask_size": 100}
        for date, mid in MIDS.items() for hour in range(9, 17) for minute in range(0, 60, 10)
    ]  # fmt: skip
    prints = [{"symbol": "ABCD", "time": row["time"], "price": row["bid"] + 0.01, "size": 100} for row in quotes]
    files = [write_csv(tmp_path / "quotes.csv", quotes), write_csv(tmp_path / "trades.csv", prints)]
    files += [write_csv(tmp_path / "parents.csv", [ORDER]), write_csv(tmp_path / "fills.csv", [FILL])]
    options = ReaderOptions(timezone="America/New_York", venue="XNAS", currency="USD")
    ingest(tmp_path / "store", IngestRequest([str(path) for path in files], options))
    return tmp_path / "store"


def told(store: Path, out: Path | None = None) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    summary = report(store, ReportRequest(orders=True, out=out))
    run_id = summary["run"]["run_id"]
    more = results.table(Store(store), "tca_benchmarks", run_id).row(0, named=True)
    return summary["parents"][0], more, results.table(Store(store), "tca_fills", run_id).row(0, named=True)


def test_the_published_example_through_files(store: Path) -> None:
    """Stalla's CMS: delay 3,000, realised 5,000, missed 16,000, fees 1,500, in all 25,500."""
    cost, more, fill = told(store)
    assert (more["delay_to_close_cost"], more["realised_cost"]) == pytest.approx((3_000.0, 5_000.0))
    assert cost["end_price"] == pytest.approx(79.0)
    assert (cost["opportunity_cost"], cost["total_cost"]) == pytest.approx((16_000.0, 25_500.0))
    assert f"ended on {WEDNESDAY}: its end price is of that day, its benchmarks of the first" in cost["notes"]
    # The fill met the market of its own day.
    assert fill["mid_at_fill"] == pytest.approx(76.5)


def test_its_end_is_in_the_evidence(store: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told(store, page)
    evidence, verifier = tmp_path / "page.html.evidence.jsonl", next(tmp_path.glob("verify_evidence*"))
    ran = subprocess.run([sys.executable, verifier, evidence, page], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_after_a_split_the_first_day_closes_it(store: Path, tmp_path: Path) -> None:
    (tmp_path / "master.csv").write_text(f"symbol,split,valid_from\nABCD,2,{WEDNESDAY}\n")
    import_instruments(store, str(tmp_path / "master.csv"))
    cost, _, _ = told(store)
    assert cost["end_price"] is None or cost["end_price"] == pytest.approx(75.75)
    assert "ended on" not in cost["notes"]
