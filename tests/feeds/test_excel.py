"""Blotters in Excel workbooks: cells as text, times to the millisecond, the sheet that is named."""

from __future__ import annotations

import builtins
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from workbook import workbook

from tcakit.errors import DataError, UsageError
from tcakit.feeds.blotter import BlotterReader
from tcakit.feeds.contract import Faults, ReaderOptions, Source
from tcakit.feeds.files import detect, discover, sources
from tcakit.jobs.suggest_mapping import suggest_mapping

HEADER = ["fill_id", "symbol", "side", "time", "price", "quantity"]
TEN = 1_704_189_600_000_000_000  # 2024-01-02 10:00 UTC


def read(data: bytes, mapping: dict[str, Any] | None = None, **options: str) -> tuple[list[dict], Faults]:
    faults = Faults()
    source = Source("desk.xlsx", (Path("desk.xlsx"),), (("desk.xlsx", data),), "")
    rows = []
    for batch in BlotterReader().read(source, ReaderOptions(mapping=mapping, **options), faults):
        rows += batch.frame.to_dicts()
    return rows, faults


def test_fills_of_a_workbook() -> None:
    rows = [HEADER, ["007", "AMZN", "B", datetime(2024, 1, 2, 10, 0, 0, 123_000), 10.125, 100]]
    rows += [[], ["8", "AMZN", "S", datetime(2024, 1, 2, 10, 0, 1), 1e-7, 0.1]]
    found, faults = read(workbook(Fills=rows), timezone="UTC")
    assert faults.found == []
    assert [row["fill_id"] for row in found] == ["007", "8"]
    assert [row["ts_ns"] - TEN for row in found] == [123_000_000, 10**9]
    assert [row["price"] / row["price_scale"] for row in found] == [10.125, 1e-7]
    assert [row["quantity"] / row["size_scale"] for row in found] == [100, 0.1]


def test_dates_and_times_of_day_in_columns_of_their_own() -> None:
    mapping = {
        "sheet": "Trades",
        "timezone": "Europe/Berlin",
        "fills": {"fill_id": "#row", "symbol": "S", "side": "W", "time": ["D", "T"], "price": "P", "quantity": "Q"},
    }
    rows = [["S", "W", "D", "T", "P", "Q"], ["SAP", "B", date(2024, 1, 2), time(11, 0, 0, 500_000), 9.75, 5]]
    (row,), faults = read(workbook(Cover=[["x"]], Trades=rows), mapping)
    assert (row["ts_ns"], row["fill_id"], faults.found) == (TEN + 500_000_000, "2", [])
    with pytest.raises(DataError, match="did you mean 'Trades'"):
        read(workbook(Trades=rows), {**mapping, "sheet": "Trade"})


def test_bad_cells_are_faults_with_their_row() -> None:
    rows = [HEADER, ["1", "A", "B", datetime(2024, 1, 2), 1, 1], ["2", "A", "?", datetime(2024, 1, 2), 1, 1]]
    found, faults = read(workbook(F=[*rows, [], ["3", "A", "B", datetime(2024, 1, 2), None, 1]]), timezone="UTC")
    assert len(found) == 1
    assert [(fault.line, fault.reason[:7]) for fault in faults.found] == [(3, "side is"), (5, "price i")]


def test_workbooks_are_found_in_folders_and_known(tmp_path: Path) -> None:
    (tmp_path / "desk.xlsx").write_bytes(workbook(F=[HEADER, ["1", "A", "B", datetime(2024, 1, 2), 1, 1]]))
    (tmp_path / "day.log").write_bytes(b"8=FIX.4.2|9=5|35=0|10=000|")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    found = list(sources(discover([str(tmp_path)]), []))
    assert [detect(source).name for source in found] == ["fix", "blotter"]


@pytest.mark.parametrize("data", [b"PK\x03\x04" + b"junk" * 50, workbook(F=[HEADER])[:900], workbook(F=[HEADER])])
def test_workbooks_that_cannot_be_used(data: bytes) -> None:
    with pytest.raises(DataError):
        read(data, timezone="UTC")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name == "fastexcel":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match=r"tcakit\[excel\]"):
        read(workbook(F=[HEADER]))


def test_a_mapping_is_drafted_from_a_workbook(tmp_path: Path) -> None:
    rows = [["ExecId", "Ticker", "B/S", "Px", "Qty", "Time"], ["1", "A", "B", 1.5, 10, datetime(2024, 1, 2, 10)]]
    (tmp_path / "desk.xlsx").write_bytes(workbook(Fills=rows))
    drafted = suggest_mapping([str(tmp_path / "desk.xlsx")])
    assert 'fill_id = "ExecId"' in drafted
    assert 'side = "B/S"' in drafted
    assert "# timezone" in drafted
