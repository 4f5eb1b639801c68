"""Rows for vendors' batch requests, out of windows made up here and of the sample's blotter."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from test_firm_side import MARKET, SAMPLE

from tcakit.errors import UsageError
from tcakit.jobs.coverage import data_request
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.vendor_request import Window, as_csv, vendor_requests
from tcakit.market.clock import parse_time

START, END = parse_time("2024-01-02T23:50:00.000000001Z"), parse_time("2024-01-03T00:10:00.000000001Z")


def window(symbol: str, *venues: str) -> Window:
    return Window(symbol, "2024-01-02", START, END, venues)


def test_databento_asks_the_venue_s_own_feed_where_there_is_one() -> None:
    windows = [window("AMZN", "XNAS"), window("IBM", "XNAS", "XNYS"), window("BP", "XLON"), window("T")]
    rows = vendor_requests(windows, "databento")
    assert [row["dataset"] for row in rows] == ["XNAS.ITCH", "EQUS.MINI", "EQUS.MINI", "EQUS.MINI"]
    assert rows[0] == {
        "dataset": "XNAS.ITCH", "schema": "mbp-1", "symbols": "AMZN", "stype_in": "raw_symbol",
        "start": "2024-01-02T23:50:00Z", "end": "2024-01-03T00:10:01Z",
    }  # fmt: skip


def test_tardis_asks_for_whole_days_the_last_not_included() -> None:
    rows = vendor_requests([window("BTC/USDT:USDT", "BINANCE", "BYBIT")], "tardis")
    assert {row["exchange"] for row in rows} == {"binance", "bybit"}
    assert [row["data_type"] for row in rows[:3]] == ["trades", "quotes", "incremental_book_L2"]
    assert {(row["symbol"], row["from_date"], row["to_date"]) for row in rows} == {
        ("BTCUSDT", "2024-01-02", "2024-01-04")
    }


def test_csv_can_be_read_back_and_a_word_that_is_no_vendor_is_refused() -> None:
    rows = vendor_requests([window('A,"B"', "X", "Y")], "csv")
    assert list(csv.DictReader(io.StringIO(as_csv(rows)))) == rows
    assert as_csv([]) == ""
    with pytest.raises(UsageError, match="did you mean databento"):
        vendor_requests([], "databent")


def test_what_the_sample_lacks_is_asked_for(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, IngestRequest([str(MARKET), str(SAMPLE / "blotter")]))
    found = data_request(store, vendor="csv")
    assert len(found["requests"]) == len(found["windows"])
    for row, wanted in zip(found["requests"], found["windows"], strict=True):
        assert (row["symbol"], row["date"]) == (wanted["symbol"], wanted["date"])
        # Whole seconds that hold the window.
        assert parse_time(row["start"]) <= parse_time(wanted["start"]) < parse_time(wanted["end"])
        assert parse_time(wanted["end"]) <= parse_time(row["end"])
    assert ("ALFA", "2026-03-03") not in {(row["symbol"], row["date"]) for row in found["requests"]}
