"""Binance's CSV files: with and without header row, spot and futures, and depth snapshots with their updates."""

from __future__ import annotations

from pathlib import Path

import pytest
from crypto_files import fuzz, read, reasons, rows_of

from tcakit.errors import DataError
from tcakit.feeds import binance, binance_depth
from tcakit.feeds.binance import BinanceReader
from tcakit.feeds.blocks import pieces, tables
from tcakit.market import codes

SPOT_AGG = b"""26129,0.01633102,4.70443515,27781,27781,1498793709153,True,True
26130,0.01633103,1.5,27782,27783,1498793709163,False,True
"""
FUTURES_AGG = b"""agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker
5933014,8741.25,0.1,1,1,1577836801481,true
5933015,8741.5,0.02,2,2,1577836802481,false
"""
DEPTH = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\n"


def test_sniff() -> None:
    reader = BinanceReader()
    assert reader.sniff(Path("BTCUSDT-aggTrades-2024-01-31.csv"), SPOT_AGG)
    assert reader.sniff(Path("renamed.csv"), FUTURES_AGG)
    assert reader.sniff(Path("x.csv"), DEPTH.encode())
    assert not reader.sniff(Path("BTCUSDT-klines-2024-01-31.csv"), b"1,2,3\n")
    assert not reader.sniff(Path("x.csv"), b"id,timestamp,price,size\n1,2,3,4\n")


def test_aggregated_trades_of_spot_have_no_header() -> None:
    (batch,), faults = read(BinanceReader(), ("ETHBTC-aggTrades-2017-06.csv", SPOT_AGG))
    assert (batch.content, batch.date, faults.found, faults.rows) == ("trades", "2017-06-30", [], 2)
    assert (batch.instrument.symbol, batch.instrument.venue) == ("ETHBTC", "BINANCE")
    assert batch.frame.select("ts_ns", "price", "size", "aggressor", "trade_id").rows() == [
        (1_498_793_709_153_000_000, 1_633_102, 470_443_515, codes.SELL, "26129"),
        (1_498_793_709_163_000_000, 1_633_103, 150_000_000, codes.BUY, "26130"),
    ]
    assert batch.frame["recv_ns"].null_count() == 2


def test_microseconds_as_spot_writes_them_from_2025() -> None:
    data = b"26129,94000.5,1,27781,27781,1735689600010866,True,True\n"
    (batch,), _ = read(BinanceReader(), ("BTCUSDT-aggTrades-2025-01-01.csv", data))
    assert batch.frame["ts_ns"].to_list() == [1_735_689_600_010_866_000]


def test_futures_have_a_header_and_a_venue_of_their_own() -> None:
    (batch,), _ = read(BinanceReader(), ("BTCUSDT-aggTrades-2020-01-01.csv", FUTURES_AGG))
    assert (batch.instrument.venue, batch.frame.height) == ("BINANCE-FUTURES", 2)
    (batch,), _ = read(BinanceReader(), ("BTCUSD_PERP-aggTrades-2020-01-01.csv", FUTURES_AGG))
    assert (batch.instrument.venue, batch.instrument.currency) == ("BINANCE-DELIVERY", "USD")
    (batch,), _ = read(BinanceReader(), ("renamed.csv", FUTURES_AGG), symbol="BTCUSDT", venue="MINE")
    assert (batch.instrument.symbol, batch.instrument.venue) == ("BTCUSDT", "MINE")


def test_trades_that_are_missing_or_wrong_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"id,price,qty,quote_qty,time,is_buyer_maker\n"
    rows = [
        b"10,100.5,1,100.5,1577836801481,true",
        b"11,100.5,0,0,1577836801482,true",
        b"12,100.5,2,201,1577836801483,maybe",
        b"13,100.5,2,201,1577836801483,false",
        b"12,100.5,2,201,1577836801484,false",
        b"x,100.5,2,201,1577836801484,false",
        b"14,100.5,2,201,1577836801485",
    ]
    data = head + b"\n".join(rows) + b"\n"
    expected = [
        (3, "size is zero"),
        (4, "is_buyer_maker is neither true nor false"),
        (5, "trades are missing: 13 follows 10"),
        (6, "trades out of order: 12 follows 13"),
        (7, "id is no whole number"),
        (8, "5 columns where the header has 6"),
    ]
    for block in (None, 120):
        if block:
            monkeypatch.setattr(binance, "pieces", lambda *given: pieces(*given, block_bytes=120))
        batches, faults = read(BinanceReader(), ("BTCUSDT-trades-2020-01-01.csv", data))
        assert sorted(reasons(faults)) == expected
        assert faults.refused == 4
        assert rows_of(batches, "trades")["trade_id"].to_list() == ["10", "13", "12"]


def test_best_quotes() -> None:
    data = b"""update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time
1,100.5,3,100.6,4.5,1577836801481,1577836801490
3,100.5,2,100.6,4.5,1577836801482,1577836801491
2,100.5,1,100.6,4.5,1577836801483,1577836801492
"""
    (batch,), faults = read(BinanceReader(), ("BTCUSDT-bookTicker-2020-01-01.csv", data))
    assert batch.content == "quotes"
    assert batch.frame.select("ts_ns", "bid", "bid_size", "ask", "ask_size").rows()[0] == (
        1_577_836_801_481_000_000,
        1_005_000,
        30,
        1_006_000,
        45,
    )
    assert [(fault.reason, fault.kept) for fault in faults.found] == [("updates out of order: 2 follows 3", True)]


def depth_rows(*entries: tuple[int, int, int, str, str, str, int]) -> bytes:
    return (
        DEPTH
        + "".join(
            f"BTCUSDT,{1_667_346_579_000 + ms},{first},{last},{side},{kind},{price},{size},{previous}\n"
            for number, (ms, first, last, side, kind, level, previous) in enumerate(entries)
            for price, size in [level.split("x")]
        )
    ).encode()


SNAPSHOT = depth_rows(
    (100, 50, 50, "b", "snap", "10.1x1.5", -1),
    (100, 50, 50, "b", "snap", "10.0x2", -1),
    (100, 50, 50, "a", "snap", "10.2x3", -1),
)


def book(batches: list) -> list[tuple[int, int, int | None, int | None]]:
    return rows_of(batches, "book_events").select("kind", "side", "price", "level_size").rows()


@pytest.mark.parametrize("block_bytes", [150, 1 << 20])
def test_depth_updates_join_their_snapshot(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    monkeypatch.setattr(binance_depth, "tables", lambda *given: tables(*given, block_bytes=block_bytes))
    updates = depth_rows(
        (0, 40, 45, "b", "set", "9.9x1", 39),
        (50, 46, 49, "b", "set", "9.9x2", 45),
        (120, 50, 55, "b", "set", "10.1x0", 49),
        (120, 50, 55, "a", "set", "10.2x5", 49),
        (150, 56, 60, "a", "set", "10.3x1", 55),
    )
    members = ("d_depth_snap.csv", SNAPSHOT), ("d_depth_update.csv", updates)
    batches, faults = read(BinanceReader(), *members)
    assert faults.found == []
    assert book(batches) == [
        (codes.SET, codes.BUY, 99_000, 10),
        (codes.SET, codes.BUY, 99_000, 20),
        (codes.CLEAR, 0, None, None),
        (codes.SNAPSHOT, codes.BUY, 101_000, 15),
        (codes.SNAPSHOT, codes.BUY, 100_000, 20),
        (codes.SNAPSHOT, codes.SELL, 102_000, 30),
        (codes.SET, codes.BUY, 101_000, 0),
        (codes.SET, codes.SELL, 102_000, 50),
        (codes.SET, codes.SELL, 103_000, 10),
    ]
    assert rows_of(batches, "book_events")["seq"].to_list() == list(range(9))
    assert batches[0].instrument.venue == "BINANCE-FUTURES"


@pytest.mark.parametrize("block_bytes", [150, 1 << 20])
def test_gaps_of_depth_updates_are_told_with_both_ids(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    monkeypatch.setattr(binance_depth, "tables", lambda *given: tables(*given, block_bytes=block_bytes))
    updates = depth_rows(
        (120, 60, 65, "b", "set", "10.1x0", 59),
        (120, 60, 65, "b", "set", "10.0x1", 59),
        (150, 70, 71, "a", "set", "10.3x1", 69),
        (160, 72, 73, "a", "set", "10.4x1", 71),
    )
    batches, faults = read(BinanceReader(), ("d_depth_snap.csv", SNAPSHOT), ("d_depth_update.csv", updates))
    assert [(fault.line, fault.kept) for fault in faults.found] == [(2, True), (4, True)]
    assert "update 60 does not join snapshot 50" in faults.found[0].reason
    assert "the update that ends at 71 follows 69, but the one before ends at 65" in faults.found[1].reason
    kinds = [event[0] for event in book(batches)]
    assert kinds == [
        codes.CLEAR,
        *[codes.SNAPSHOT] * 3,
        codes.CLEAR,
        codes.SET,
        codes.SET,
        codes.CLEAR,
        codes.SET,
        codes.SET,
    ]


def test_bad_depth_rows_are_faults() -> None:
    data = depth_rows(
        (120, 60, 65, "b", "set", "10.1x0", 59),
        (120, 60, 65, "x", "set", "10.1x0", 59),
        (120, 60, 65, "a", "put", "10.1x-1", 59),
    )
    (batch,), faults = read(BinanceReader(), ("d.csv", data))
    assert batch.frame.height == 1
    assert reasons(faults) == [(3, "side is neither b nor a"), (4, "update_type is neither snap nor set")]


def test_what_is_refused_whole() -> None:
    with pytest.raises(DataError, match="does not name its symbol"):
        read(BinanceReader(), ("renamed.csv", FUTURES_AGG))
    with pytest.raises(DataError, match="neither its name nor its header row"):
        read(BinanceReader(), ("renamed.csv", SPOT_AGG))
    with pytest.raises(DataError, match="3 columns in the first line, trades has 6 or 7"):
        read(BinanceReader(), ("BTCUSDT-trades-2020-01-01.csv", b"1,2,3\n"))
    with pytest.raises(DataError, match="2 symbols in one depth file"):
        read(BinanceReader(), ("d.csv", SNAPSHOT + SNAPSHOT.split(b"\n")[1].replace(b"BTC", b"ETH") + b"\n"))
    with pytest.raises(DataError, match="cannot be read"):
        read(BinanceReader(), ("BTCUSDT-trades-2020-01-01.csv", Path("no/such/file")))


def test_spoilt_files_bring_rows_faults_or_one_error() -> None:
    assert fuzz(BinanceReader(), "BTCUSDT-aggTrades-2020-01-01.csv", FUTURES_AGG, 150) > 20
    assert fuzz(BinanceReader(), "BTCUSDT-aggTrades-2020-01-01.csv", SPOT_AGG, 100) > 20
    assert fuzz(BinanceReader(), "d.csv", SNAPSHOT, 100) > 10


@pytest.mark.real
def test_a_snapshot_ten_minutes_before_its_updates_is_told(real_data: Path) -> None:
    paths = [real_data / "crypto" / "binance_csv" / f"btcusdt-depth-{what}.csv" for what in ("snap", "update")]
    batches, faults = read(BinanceReader(), *[(str(path), path) for path in paths])
    kinds = [event[0] for event in book(batches)]
    assert kinds == [codes.CLEAR, *[codes.SNAPSHOT] * 100, codes.CLEAR, *[codes.SET] * 100]
    (fault,) = faults.found
    assert "update 2098041693435 does not join snapshot 2098021528332" in fault.reason
    assert (fault.line, fault.kept) == (2, True)
