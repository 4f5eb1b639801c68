"""Tapes of stored books: every event of a book that has events, one picture an instant of one that has not."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from stored_tapes import put_days

from tcakit.errors import DataError
from tcakit.impact.order_flow_imbalance import order_flow
from tcakit.jobs.tape import chosen_days, read_tape, read_tapes
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.market.schema import FAULTS
from tcakit.store import ingest as stored
from tcakit.store.database import Store
from tcakit.store.staging import MarketRows, Staging

DATE, T0, SECOND = "2026-03-02", 1_772_463_600_000_000_000, 1_000_000_000
# (seconds, kind, side, price, level afterwards): at second 2 the bid is emptied, another comes into sight, all at once;
# at second 3 it grows and shrinks within one instant.
ROWS = [
    (0, codes.SET, 1, 100, 50),
    (0, codes.SET, -1, 102, 40),
    (1, codes.PRINT, 1, 100, 10),
    (1, codes.SET, 1, 100, 40),
    (2, codes.SET, 1, 100, 0),
    (2, codes.ENTER, 1, 99, 30),
    (3, codes.SET, 1, 99, 45),
    (3, codes.SET, 1, 99, 30),
]


def book(folder: Path, content: str, venue: str = "XTST") -> Store:
    instrument = Instrument(
        "ACME", venue=venue, price_scale=100, tick_size=1, session_open_ns=T0, session_close_ns=T0 + 60 * SECOND
    )
    frame = pl.DataFrame(
        {
            "seq": range(len(ROWS)),
            "ts_ns": [T0 + row[0] * SECOND for row in ROWS],
            "kind": [row[1] for row in ROWS],
            "side": [row[2] for row in ROWS],
            "price": [row[3] for row in ROWS],
            "size": [row[4] for row in ROWS],
            "level_size": [None if row[1] == codes.PRINT else row[4] for row in ROWS],
        }
    )
    store = Store(folder / "store", create=True)
    with store.writer("test"), Staging(lambda: store, venue) as staged:
        staged.add(MarketRows("book_events", frame, instrument, DATE, content, 1))
        stored.put(store, stored.FileRecord(venue, venue, "made.csv", "csv", 1, "{}"), staged, [], FAULTS.empty())
    return store


def test_every_event_of_a_window_counts_and_what_lies_between_does_not(tmp_path: Path) -> None:
    tape, guessed = read_tape(*_day(book(tmp_path, "book-l2-window")))
    assert tape.bid.tolist()[-4:] == [100.0, 99.0, 99.0, 99.0]
    assert tape.bid_size.tolist()[-4:] == [40.0, 30.0, 45.0, 30.0]
    # Ten shares bought away, the other forty gone, fifteen come and gone.
    assert order_flow(tape.bid, tape.bid_size, tape.ask, tape.ask_size).tolist()[-4:] == [-10.0, -40.0, 15.0, -15.0]
    assert (tape.trade_sign.tolist(), tape.trade_shares.tolist(), guessed) == ([-1.0], [10.0], 0.0)


def test_of_a_book_in_pictures_the_last_of_an_instant_counts(tmp_path: Path) -> None:
    tape, _ = read_tape(*_day(book(tmp_path, "book-l2")))
    assert ((tape.quote_ns - T0) // SECOND).tolist() == [0, 1, 2, 3]
    assert tape.bid_size.tolist() == [50.0, 40.0, 30.0, 30.0]
    assert tape.mid.tolist() == [101.0, 101.0, 100.5, 100.5]


def test_of_several_venues_the_one_with_a_book_is_taken(tmp_path: Path) -> None:
    put_days(tmp_path, [DATE], ("ACME",), session_s=600)
    store = book(tmp_path, "book-l2", venue="XZZZ")
    (day,) = chosen_days(store)
    assert day.instrument.venue == "XZZZ"


def test_nothing_stored_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no market data is stored"):
        chosen_days(Store(tmp_path / "store", create=True))
    assert read_tapes(Store(tmp_path / "store"), []).tapes == ()


def _day(store: Store):
    (day,) = chosen_days(store)
    return store, day
