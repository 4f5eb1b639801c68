"""Offsets that the user asks for: read, added to the right rows, told, and undone by what `align` finds."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from test_firm_side import MARKET, SAMPLE, late_fills

from tcakit.errors import UsageError
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.align import align
from tcakit.jobs.clock_shift import Brokers, given_as, parse_offsets, shifted, told
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.report import ReportRequest, report
from tcakit.store.database import Store

BLOTTER = SAMPLE / "blotter"


def test_offsets_as_they_are_written() -> None:
    assert parse_offsets([]) is None
    assert parse_offsets(["+1.25s", "A=B=-40ns", "a b=2m"]) == {"": 1_250_000_000, "A=B": -40, "a b": 120 * 10**9}
    for wrong in (["soon"], ["A="], ["1.25"], ["1s", "2s"], ["A=1s", "A=2s"], ["--1s"]):
        with pytest.raises(UsageError) as caught:
            parse_offsets(wrong)
        assert caught.value.place == "--clock-offset"
    assert given_as("a b", -1_250_000_000) == "--clock-offset='a b=-1.25s'"
    assert given_as("", 5) == "--clock-offset=+0.000000005s"
    assert told({"": 10**9, "X": -5 * 10**8}) == [
        "times of all other brokers shifted by +1 s",
        "times of X shifted by -0.5 s",
    ]


def test_each_broker_s_rows_move_by_its_own_offset() -> None:
    parents = pl.DataFrame({"parent_id": ["p", "p", "q"], "date": ["d1", "d3", "d1"], "broker": ["X", "Y", None]})
    fills = pl.DataFrame(
        {
            "parent_id": ["p", "p", "p", "q", None, "r"],
            "date": ["d1", "d2", "d3", "d1", "d1", "d1"],
            "ts_ns": [0, 0, 0, 0, 0, 0],
            "received_ns": [None, 7, None, None, None, None],
        }
    )
    whose, unknown = Brokers.among([parents]).find(fills)
    assert (whose.to_list(), unknown) == (["X", "X", "Y", None, None, None], 1)
    moved = shifted("fills", fills, {"X": 100, "": 3}, whose)
    assert moved["ts_ns"].to_list() == [100, 100, 3, 3, 3, 3]
    assert moved["received_ns"].to_list() == [None, 107, None, None, None, None]
    assert moved.columns == fills.columns


def test_one_broker_s_fills_are_shifted_though_they_are_read_before_their_orders(tmp_path: Path) -> None:
    plain, moved = tmp_path / "plain", tmp_path / "moved"
    files = [str(BLOTTER / "fills.csv"), str(BLOTTER / "parents.csv")]
    ingest(plain, IngestRequest(files))
    told_of = ingest(moved, IngestRequest(files, ReaderOptions(clock_offsets={"QUAYSIDE": 1_250_000_000})))
    assert all("passed_over" not in file for file in told_of["files"])
    before, after = load_blotter(Store(plain)), load_blotter(Store(moved))
    brokers = dict(before.parents.select("parent_id", "broker").rows())
    assert set(brokers.values()) > {"QUAYSIDE"}
    seen = set()
    for old, new in zip(before.fills.iter_rows(named=True), after.fills.iter_rows(named=True), strict=True):
        expected = 1_250_000_000 if brokers[old["parent_id"]] == "QUAYSIDE" else 0
        assert new["ts_ns"] - old["ts_ns"] == expected
        assert new["date"] == old["date"]
        seen.add(expected)
    assert seen == {0, 1_250_000_000}
    for old, new in zip(before.parents.iter_rows(named=True), after.parents.iter_rows(named=True), strict=True):
        by = 1_250_000_000 if old["broker"] == "QUAYSIDE" else 0
        assert [new[name] - old[name] for name in ("arrival_ns", "decision_ns", "end_ns")] == [by] * 3
    assert "times of QUAYSIDE shifted by +1.25 s" in after.notes
    # The same file with another offset takes the place of the first; fills of orders that nobody gave are counted.
    again = ingest(moved, IngestRequest(files, ReaderOptions(clock_offsets={"": 10**9})))
    assert [file["skipped"] for file in again["files"]] == [False, False]
    assert load_blotter(Store(moved)).fills["ts_ns"][0] == before.fills["ts_ns"][0] + 10**9
    alone = ingest(tmp_path / "alone", IngestRequest(files[:1], ReaderOptions(clock_offsets={"QUAYSIDE": 5})))
    assert list(alone["files"][0]["passed_over"].values()) == [before.fills.height]


def test_market_files_are_the_same_under_an_offset(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, IngestRequest([str(MARKET)]))
    told_of = ingest(store, IngestRequest([str(MARKET)], ReaderOptions(clock_offsets={"": 5})))
    assert told_of["files"][0]["skipped"]


def test_what_align_prints_puts_the_fills_back(tmp_path: Path) -> None:
    store, late = tmp_path / "store", late_fills(tmp_path, 2.0)
    ingest(store, IngestRequest([str(MARKET), str(BLOTTER / "parents.csv"), str(late)]))
    rows = align(store, within_s=4.0, step_s=0.1)["offsets"]
    for row in rows:
        assert row["applied_s"] == 0.0
        assert row["apply"] == given_as(row["broker"], round(row["offset_s"] * 1e9))
    offsets = parse_offsets([f"{row['broker']}={row['offset_s']:+.3f}s" for row in rows])
    ingest(store, IngestRequest([str(late)], ReaderOptions(clock_offsets=offsets)))
    for before, row in zip(rows, align(store, within_s=4.0, step_s=0.1)["offsets"], strict=True):
        assert row["applied_s"] == pytest.approx(before["offset_s"], abs=1e-9)
        assert row["low_s"] <= 0.0 <= row["high_s"]
        assert row["inside_before"] > before["inside_before"]
    notes = report(store, ReportRequest(orders=True))["quality"]["run_notes"]
    assert any(note.startswith(f"times of {rows[0]['broker']} shifted by -") for note in notes)
    assert any(note.endswith(" in 1 of 2 files") for note in notes)
