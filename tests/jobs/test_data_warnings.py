"""A backtest says what was odd in the recording: each kind on a made day, and nothing on a good one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tcakit.execution.algorithms import parse_algorithm
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.fill_curves import FillCurvesRequest, fill_curves
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS
from tcakit.store import ingest as stored
from tcakit.store.database import Store
from tcakit.store.staging import MarketRows, Staging

DATE = "2026-03-02"
T0 = 1_772_463_600_000_000_000
SECOND = 1_000_000_000
Event = tuple[float, int, int, int | None, int]  # seconds, kind, side, price, level size


def good() -> list[Event]:
    """Two minutes of a book of one level a side, with a print a second."""
    rows: list[Event] = [(0, codes.SET, 1, 100, 50), (0, codes.SET, -1, 101, 50)]
    for at in range(1, 120):
        rows += [(at, codes.PRINT, 1, 100, 1), (at, codes.SET, 1, 100, 50 - at % 2)]
    return rows


def stored_day(folder: Path, rows: list[Event], notices: tuple[str, ...] = (), **session: int) -> Path:
    instrument = Instrument("ACME", venue="XTST", currency="USD", price_scale=100, tick_size=1, **session)
    printed = [row[1] == codes.PRINT for row in rows]
    frame = pl.DataFrame(
        {
            "seq": range(len(rows)),
            "ts_ns": [T0 + int(row[0] * SECOND) for row in rows],
            "kind": [row[1] for row in rows],
            "side": [row[2] for row in rows],
            "price": [row[3] for row in rows],
            "size": [row[4] for row in rows],
            "level_size": [None if is_print else row[4] for row, is_print in zip(rows, printed, strict=True)],
        }
    )
    store = Store(folder / "store", create=True)
    with store.writer("test"), Staging(lambda: store, "made") as staged:
        staged.add(MarketRows("book_events", frame, instrument, DATE, "book-l2", None))
        if notices:
            told = {"seq": range(len(notices)), "ts_ns": T0, "kind": "status", "detail": notices}
            staged.add(MarketRows("notices", pl.DataFrame(told), instrument, DATE, "notices", None))
        stored.put(store, stored.FileRecord("made", "hash", "made.csv", "csv", 1, "{}"), staged, [], FAULTS.empty())
    return store.folder


def notes_of(folder: Path, rows: list[Event], **session: int) -> list[str]:
    store = stored_day(folder, rows, **session)
    parents = expand(["ACME"], ["buy"], [5.0], [parse_algorithm("twap")], [DATE], start=None, end=None, limit=None)
    result = backtest(store, BacktestConfig(parents=tuple(parents)))
    again = backtest(store, BacktestConfig(parents=tuple(parents)))
    assert again["notes"] == result["notes"]
    return result["notes"]


ODD = {
    "the book is crossed once, at worst by 101 bps": [(50.5, codes.SET, -1, 99, 3), (50.6, codes.SET, -1, 99, 0)],
    "trading was halted once": [(50.5, codes.HALT, 0, None, 0), (51.5, codes.TRADE_RESUME, 0, None, 0)],
    "the clock runs backwards once, at worst by 10 s": [(40.0, codes.SET, -1, 101, 49)],
}


def test_a_good_recording_has_nothing_to_be_told(tmp_path: Path) -> None:
    session = {"session_open_ns": T0, "session_close_ns": T0 + 120 * SECOND}
    notes = notes_of(tmp_path, good(), **session)
    words = ("crossed", "halted", "backwards", "recorded for over", "stood still", "session", "occurs again")
    assert [note for note in notes if any(word in note for word in words)] == []


@pytest.mark.parametrize("told", ODD)
def test_what_was_odd_is_told(tmp_path: Path, told: str) -> None:
    rows = good()
    middle = next(at for at, row in enumerate(rows) if row[0] > 50)
    assert [note for note in notes_of(tmp_path, rows[:middle] + ODD[told] + rows[middle:]) if told in note]


@pytest.mark.parametrize("told", ODD)
def test_the_bars_engine_and_fill_curves_tell_it_too(tmp_path: Path, told: str) -> None:
    rows = good()
    middle = next(at for at, row in enumerate(rows) if row[0] > 50)
    session = {"session_open_ns": T0, "session_close_ns": T0 + 120 * SECOND}
    store = stored_day(tmp_path, rows[:middle] + ODD[told] + rows[middle:], **session)
    parents = expand(["ACME"], ["buy"], [5.0], [parse_algorithm("twap")], [DATE], start=None, end=None, limit=None)
    of_bars = backtest(store, BacktestConfig(parents=tuple(parents), engine="bars"))["notes"]
    of_curves = fill_curves(store, FillCurvesRequest("ACME"))["notes"]
    for notes in (of_bars, of_curves):
        assert [note for note in notes if told in note]


def test_notices_of_a_halt_beside_the_book_are_told(tmp_path: Path) -> None:
    details = [json.dumps({"action": word}) for word in ("trading", "halt", "pause", "trading")]
    store = stored_day(tmp_path, good(), (*details, '{"reason": "none"}'))
    notes = fill_curves(store, FillCurvesRequest("ACME"))["notes"]
    assert [note for note in notes if "gave notice of a halt 2 times" in note]


def test_gaps_and_days_in_part_are_told(tmp_path: Path) -> None:
    rows = [row for row in good() if not 20 < row[0] < 90]
    hours = {"session_open_ns": T0 - 400 * SECOND, "session_close_ns": T0 + 900 * SECOND}
    notes = " | ".join(notes_of(tmp_path, rows, **hours))
    assert "ACME 2026-03-02: once nothing was recorded for over a minute, at worst 70 s" in notes
    assert "the recording begins 400 s after the session" in notes
    assert "the recording ends 781 s before the session" in notes
