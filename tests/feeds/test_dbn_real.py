"""Real DBN files against published numbers, and against the bars that the vendor made of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from dbn_files import NANO, of

from tcakit.errors import DataError
from tcakit.market import codes


@pytest.fixture(scope="module")
def files(real_data: Path) -> Path:
    return real_data / "dbn"


@pytest.mark.real
def test_the_book_of_two_files_is_the_published_one(files: Path) -> None:
    got = [of(files / "nautilus" / f"esh4-glbx-mdp3-{day}.mbo.dbn.zst") for day in ("20231224", "20231225")]
    assert [one.faults.rows for one in got] == [8_725, 68_792]
    assert [len(one.faults.found) for one in got] == [0, 0]
    first, second = (one.frame("book_events") for one in got)
    assert set(first["date"]) == {"2023-12-25"}
    assert sorted(set(second["date"])) == ["2023-12-25", "2023-12-26"]
    assert second.group_by("date").agg(pl.col("ts_ns").is_sorted())["ts_ns"].all()
    assert second["ts_ns"][0] > first["ts_ns"][-1]
    assert second["recv_ns"][-1] == 1_703_548_799_446_821_072
    prints = second.filter(pl.col("kind") == codes.PRINT)
    assert (prints.height, prints["size"].sum()) == (2_973, 9_892)
    assert (got[1].instruments[0].tick_size, got[1].instruments[0].price_scale) == (2_500, 10_000)
    # The second trade date by itself holds the whole book at its end.
    night = second.filter(pl.col("date") == "2023-12-26")
    assert night["kind"][0] == codes.CLEAR
    shown = night.filter(pl.col("level_size").is_not_null()).group_by("side", "price").last()
    levels = shown.filter(pl.col("level_size") > 0)
    bids, asks = (levels.filter(pl.col("side") == side)["price"] for side in (1, -1))
    assert (len(bids), len(asks), bids.max(), asks.min()) == (922, 565, 48_100_000, 48_102_500)


@pytest.mark.real
def test_prints_volume_vwap_and_bars_agree_with_the_vendors(files: Path) -> None:
    folder = files / "nautilus" / "historical_bars_catalog" / "databento"
    trades = of(folder / "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst").frame("trades")
    quotes = of(folder / "futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst")
    bars = of(folder / "futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst").frame("bars")
    columns = ["ts_ns", "recv_ns", "price", "size", "aggressor", "symbol", "date"]
    assert trades.select(columns).equals(quotes.frame("trades").select(columns))
    assert quotes.frame("quotes").height == 2_288
    assert (trades.height, trades["size"].sum()) == (120, 253)
    assert (trades["price"] * trades["size"]).sum() / 253 / 10_000 == pytest.approx(5_529.033596837945, abs=1e-9)
    minute = 60 * NANO
    ours = (
        trades.group_by((pl.col("ts_ns") // minute * minute).alias("ts_ns"), maintain_order=True)
        .agg(
            open=pl.col("price").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").last(),
            volume=pl.col("size").sum(),
        )
        .sort("ts_ns")
    )
    theirs = bars.filter((pl.col("symbol") == "ESU4") & pl.col("ts_ns").is_in(ours["ts_ns"].to_list())).sort("ts_ns")
    assert ours.height == 4
    assert theirs.select(ours.columns).equals(ours)


@pytest.mark.real
def test_every_small_file_is_read_or_refused_by_name(files: Path) -> None:
    paths = sorted((files / "dbn_repo").iterdir()) + sorted((files / "python_repo").rglob("*.dbn.zst"))
    assert len(paths) > 100
    for path in paths:
        if path.suffix == ".dbz":
            with pytest.raises(DataError, match="DBZ"):
                of(path)
            continue
        got = of(path)
        assert got.faults.refused == 0, path
        rows = got.faults.rows
        assert bool(got.batches) == bool(rows), path
        if rows and ".mb" not in path.name and "live" not in path.name and "tbbo" not in path.name:
            assert sum(batch.frame.height for batch in got.batches) == rows, path


@pytest.mark.real
def test_versions_of_one_file_give_the_same_rows(files: Path) -> None:
    for schema in ("mbo", "mbp-1", "mbp-10", "trades", "tbbo", "ohlcv-1h", "definition", "statistics", "imbalance"):
        read_ = [of(files / "dbn_repo" / f"test_data.{schema}.v{version}.dbn.zst") for version in (1, 2, 3)]
        for table in ("book_events", "quotes", "trades", "bars", "notices"):
            frames = [got.frame(table) for got in read_]
            if table == "notices" and frames[0].height:
                frames = [frame.drop("detail") for frame in frames]
            assert frames[0].equals(frames[1]), (schema, table)
            assert frames[0].equals(frames[2]), (schema, table)
