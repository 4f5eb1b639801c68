"""The checks of stored days and of the brokers' clocks, as `quality` and reports tell them."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_firm_side import MARKET, SAMPLE, late_fills

from tcakit.errors import UsageError
from tcakit.jobs import quality as job
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.quality import quality
from tcakit.jobs.report import ReportRequest, report

HEAD = "ts,symbol,bid,bid_size,ask,ask_size\n"


@pytest.fixture(scope="module")
def late_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quality")
    late = late_fills(folder, 2.0)
    ingest(folder / "store", IngestRequest([str(MARKET), str(SAMPLE / "blotter" / "parents.csv"), str(late)]))
    return folder / "store"


def test_each_broker_s_clock_is_set_against_the_tape(late_store: Path) -> None:
    found = quality(late_store)
    assert {row["broker"] for row in found["clocks"]} == {"HARBOUR", "NORTHGATE", "QUAYSIDE"}
    for row in found["clocks"]:
        assert row["offset_s"] == pytest.approx(-2.0, abs=0.6)
        assert row["inside_before"] < row["inside_after"]
    assert quality(late_store, symbol="ALFA")["clocks"] == found["clocks"]
    # Of a day without fills there is no clock to judge.
    with pytest.raises(UsageError):
        quality(late_store, date="2026-03-04")


def test_a_report_of_the_blotter_shows_the_clocks_and_the_days_it_used(late_store: Path) -> None:
    told = report(late_store, ReportRequest(orders=True))["quality"]
    assert {row["broker"]: row["agrees"] for row in told["clock_offsets"]} == {
        "HARBOUR": False, "NORTHGATE": False, "QUAYSIDE": False,
    }  # fmt: skip
    assert told["market_days"] == 1
    stored = {row["check"]: row["count"] for row in quality(late_store)["checks"]}
    assert {row["check"]: row["count"] for row in told["market_checks"]} == stored


def test_checks_are_made_once_a_day_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quotes = tmp_path / "quotes.csv"
    rows = [("10:00:00", 10.0, 10.1), ("10:00:01", 10.2, 10.1), ("10:05:00", 10.0, 10.1)]
    quotes.write_text(HEAD + "".join(f"2026-03-03T{at}Z,ACME,{bid},5,{ask},5\n" for at, bid, ask in rows))
    store = tmp_path / "store"
    ingest(store, IngestRequest([str(quotes)]))
    first = quality(store)
    found = {row["check"]: (row["count"], row["worst"]) for row in first["checks"]}
    assert found["crossed quote"] == (1, pytest.approx(0.1 / 10.15 * 1e4))
    assert found["gap"] == (1, pytest.approx(299.0))
    assert found["locked quote"] == (0, None)
    assert first["clocks"] == []
    monkeypatch.setattr(job, "check_day", lambda day: pytest.fail("checked again"))
    assert quality(store) == first
