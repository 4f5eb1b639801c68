"""Bybit: order book files, and messages in captures."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from crypto_files import fuzz, is_crossed, read, reasons, replayed, rows_of

from tcakit.errors import DataError
from tcakit.feeds.bybit import BybitReader
from tcakit.feeds.captures import CaptureReader
from tcakit.market import codes

MS = 1_733_011_200_691


def message(kind: str, number: int, bids: list, asks: list, **times: int) -> dict[str, Any]:
    data = {"s": "XRPUSDT", "b": bids, "a": asks, "u": number, "seq": 1}
    return {"topic": "orderbook.500.XRPUSDT", "type": kind, "ts": MS + number, "data": data, **times}


def text(*messages: Any) -> bytes:
    return "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in messages).encode()


def test_snapshot_and_updates() -> None:
    data = text(
        message("snapshot", 5, [["1.95", "10"]], [["1.96", "20"]], cts=MS),
        message("delta", 6, [["1.95", "0"], ["1.94", "3.5"]], [], cts=MS + 100),
        message("delta", 7, [], [["1.96", "21"]], cts=MS + 200),
    )
    assert BybitReader().sniff(Path("2024-12-01_XRPUSDT_ob500.data"), data)
    (batch,), faults = read(BybitReader(), ("x.data", data))
    assert (batch.content, batch.depth, batch.date, faults.found) == ("book-l2-window", 500, "2024-12-01", [])
    assert (batch.instrument.symbol, batch.instrument.venue, batch.instrument.currency) == ("XRPUSDT", "BYBIT", "USDT")
    assert batch.frame.select("kind", "side", "price", "level_size").rows() == [
        (codes.CLEAR, 0, None, None),
        (codes.SNAPSHOT, codes.BUY, 19_500, 100),
        (codes.SNAPSHOT, codes.SELL, 19_600, 200),
        (codes.SET, codes.BUY, 19_500, 0),
        (codes.SET, codes.BUY, 19_400, 35),
        (codes.SET, codes.SELL, 19_600, 210),
    ]
    # Nobody received these.
    assert batch.frame["recv_ns"].null_count() == 6


def test_the_matching_engines_time_counts_where_it_is_told() -> None:
    data = text(message("snapshot", 5, [["1.95", "10"]], [], cts=MS), message("delta", 6, [["1.94", "1"]], []))
    (batch,), _ = read(BybitReader(), ("x.data", data))
    assert batch.frame["ts_ns"].to_list() == [MS * 10**6, MS * 10**6, (MS + 6) * 10**6]


def test_gaps_and_repeats() -> None:
    data = text(
        message("snapshot", 5, [["1.95", "10"]], []),
        message("delta", 8, [["1.94", "1"]], []),
        message("delta", 8, [["1.94", "2"]], []),
        message("other", 9, [], []),
    )
    (batch,), faults = read(BybitReader(), ("x.data", data))
    assert batch.frame["kind"].to_list() == [codes.CLEAR, codes.SNAPSHOT, codes.CLEAR, codes.SET]
    assert reasons(faults) == [
        (2, "XRPUSDT: updates are missing: 8 follows 5; the book starts anew"),
        (3, "XRPUSDT: update 8 comes after update 8"),
        (4, "not as the venue writes it: neither snapshot nor delta"),
    ]
    assert faults.refused == 2


def test_trades_and_tickers_in_a_capture() -> None:
    trade = {"T": MS, "s": "XRPUSDT", "S": "Sell", "v": "0.5", "p": "1.95", "i": "a-b"}
    entries = [
        {
            "topic": "publicTrade.XRPUSDT",
            "type": "snapshot",
            "ts": MS,
            "data": [trade, trade | {"S": "Buy", "BT": True}],
        },
        {"topic": "tickers.XRPUSDT", "type": "snapshot", "ts": MS, "data": {"symbol": "XRPUSDT", "markPrice": "1.9"}},
        {"success": False, "op": "subscribe", "ret_msg": "no such topic"},
        {"success": True, "op": "subscribe"},
        {"topic": "liquidation.XRPUSDT", "data": {}},
    ]
    data = b"".join(b"%d %s\n" % (MS * 10**6, json.dumps(entry).encode()) for entry in entries)
    batches, faults = read(CaptureReader(), ("x", data))
    trades = rows_of(batches, "trades")
    assert trades["aggressor"].to_list() == [codes.SELL, codes.BUY]
    assert trades["condition"].to_list() == [None, "block"]
    assert trades["trade_id"].to_list() == ["a-b", "a-b"]
    assert rows_of(batches, "notices")["kind"].to_list() == ["tickers"]
    assert [fault.line for fault in faults.found] == [3, 5]
    assert faults.refused == 0


def test_what_is_refused_whole() -> None:
    with pytest.raises(DataError, match="no message of"):
        read(BybitReader(), ("x.data", b'{"topic":"orderbook.500.X"}\n'))


def test_spoilt_files_bring_rows_faults_or_one_error() -> None:
    data = text(
        message("snapshot", 5, [["1.95", "10"]], [["1.96", "20"]], cts=MS),
        message("delta", 6, [["1.95", "0"]], [], cts=MS + 100),
        message("delta", 7, [], [["1.96", "21"]], cts=MS + 200),
    )
    assert fuzz(BybitReader(), "x.data", data, 200) > 100


@pytest.mark.real
def test_five_seconds_of_five_hundred_levels(real_data: Path) -> None:
    """Replayed by the updates alone, the book always shows 500 levels a side and is never crossed."""
    with zipfile.ZipFile(real_data / "crypto" / "bybit" / "xrpusdt-ob500.data.zip") as archive:
        (name,) = archive.namelist()
        data = archive.read(name)
    (batch,), faults = read(BybitReader(), (name, data))
    assert (faults.found, faults.rows) == ([], 50)
    assert batch.instrument.tick_size == 1
    seen = 0
    for _, books in replayed(batch.frame):
        assert not is_crossed(books)
        assert [len(levels) for levels in books.values()] == [500, 500]
        seen += 1
    assert seen == 50
