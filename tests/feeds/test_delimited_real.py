"""Real files: row counts and figures that can be told from the files by other means."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.delimited import DelimitedReader
from tcakit.market import codes

pytestmark = pytest.mark.real


def read(path: Path, **options: str) -> tuple[list[Batch], Faults]:
    faults = Faults()
    source = Source(str(path), (path,), ((str(path), path),), "")
    return list(DelimitedReader().read(source, ReaderOptions(**options), faults)), faults


def test_depth_snapshot_and_updates(real_data: Path) -> None:
    folder = real_data / "crypto" / "binance_csv"
    (snapshot,), faults = read(folder / "btcusdt-depth-snap.csv")
    assert faults.found == []
    assert snapshot.frame["kind"].to_list() == [codes.CLEAR, *[codes.SNAPSHOT] * 100]
    (update,), _ = read(folder / "btcusdt-depth-update.csv")
    assert set(update.frame["kind"]) == {codes.SET}
    assert update.instrument.tick_size == update.instrument.price_scale // 10
    with (folder / "btcusdt-depth-update.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [Decimal(row["qty"]) * update.instrument.size_scale for row in rows] == update.frame["level_size"].to_list()
    assert [Decimal(row["price"]) * update.instrument.price_scale for row in rows] == update.frame["price"].to_list()


def test_parquet_trades_and_quotes(real_data: Path) -> None:
    folder = real_data / "crypto" / "binance_csv"
    (trades,), faults = read(folder / "btcusdt-trades.parquet", symbol="BTC/USDT")
    assert (trades.frame.height, faults.found) == (2001, [])
    (quotes,), faults = read(folder / "btcusdt-quotes.parquet")
    assert (quotes.frame.height, faults.found) == (451, [])
    assert quotes.instrument.symbol == "BTC/USDT"
    raw = pl.read_parquet(folder / "btcusdt-trades.parquet")
    sizes = trades.frame["size"] / trades.instrument.size_scale
    assert (sizes - raw["quantity"]).abs().max() < 1e-15
    assert trades.frame["ts_ns"].to_list() == raw["timestamp"].dt.timestamp("ns").to_list()
    sold = (raw["buyer_maker"] == "True").sum()
    assert (trades.frame["aggressor"] == codes.SELL).sum() == sold


def test_two_days_of_a_stock(real_data: Path) -> None:
    folder = real_data / "highfrequency"
    trades, faults = read(folder / "sampleTData.csv", timezone="America/New_York")
    assert [(batch.date, batch.frame.height) for batch in trades] == [
        ("2018-01-02", 3691),
        ("2018-01-03", 3477),
    ]
    quotes, more = read(folder / "sampleQData.csv", timezone="America/New_York")
    assert sum(batch.frame.height for batch in quotes) == 46_564
    assert faults.found + more.found == []
    market = pl.concat([batch.frame for batch in quotes])
    prints = pl.concat([batch.frame for batch in trades])
    scale = trades[0].instrument.price_scale
    value = (prints["price"] / scale * prints["size"]).mean()
    assert value == pytest.approx(25874.4259, abs=5e-5)
    mid = (pl.col("bid") + pl.col("ask")) / 2 / quotes[0].instrument.price_scale
    spread = (pl.col("ask") - pl.col("bid")) / quotes[0].instrument.price_scale
    joined = prints.join_asof(market.group_by("ts_ns", maintain_order=True).last(), on="ts_ns").select(
        mid.alias("mid"), spread.alias("spread")
    )
    assert joined["mid"].mean() == pytest.approx(156.8751203, abs=5e-8)
    assert joined["spread"].mean() == pytest.approx(0.04554896763, abs=5e-12)


def test_book_snapshots_by_column_are_refused_in_words(real_data: Path) -> None:
    path = real_data / "crypto" / "tardis" / "binance-futures_book_snapshot_5_BTCUSDT.csv"
    assert DelimitedReader().sniff(path, path.read_bytes()[:65536]) is False
