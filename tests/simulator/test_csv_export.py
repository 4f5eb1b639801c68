"""Plain CSV of a simulated day."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from tcakit.book.plain_book import PlainBook
from tcakit.market.clock import parse_time
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.csv_export import deltas_frame, quotes_frame, trades_frame, write_csv, write_day
from tests.made_days import made_day


@pytest.fixture(scope="module")
def day():
    return made_day("ALFA", "2026-03-03", 31, 4_000)


def test_times_and_prices_survive_the_way_through_text(day, tmp_path):
    for path, frame in zip(write_day(day, tmp_path, compressed=False), (day.trades(), day.quotes()), strict=True):
        read = pl.read_csv(path, infer_schema=False)
        assert [parse_time(text) for text in read["timestamp"]] == frame["ts_ns"].to_list()
        for name in {"price", "bid", "ask"} & set(read.columns):
            assert [round(float(text) * 10_000) for text in read[name]] == frame[name].to_list()
            assert max(len(text) for text in read[name]) <= 7  # 50.005, never 50.00500000000001
        assert set(read["symbol"]) == {"ALFA"}


def test_sides_and_hidden_prints_are_named(day):
    trades, source = trades_frame(day), day.trades()
    assert set(trades["side"]) == {"buy", "sell"}
    assert (trades["condition"].is_null() == source["displayed"]).all()
    assert ((trades["side"] == "buy") == (source["aggressor"] == BUY)).all()


def test_the_deltas_build_the_last_quote(day):
    book = PlainBook()
    for _, _, side, price, size in deltas_frame(day).iter_rows():
        book.set_level(BUY if side == "bid" else SELL, round(price * 10_000), size)
    last = day.quotes().row(-1, named=True)
    assert book.top(1) == ([(last["bid"], last["bid_size"])], [(last["ask"], last["ask_size"])])


def test_compressed_files_are_the_same_every_time(day, tmp_path):
    first = write_day(day, tmp_path / "one", deltas=True)
    second = write_day(day, tmp_path / "two", deltas=True)
    assert [path.name for path in first] == [f"ALFA_2026-03-03_{part}.csv.gz" for part in ("trades", "quotes", "book")]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    plain = write_csv(quotes_frame(day), tmp_path / "quotes.csv")
    assert gzip.decompress(first[1].read_bytes()) == plain.read_bytes()
