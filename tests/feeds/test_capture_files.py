"""How files of captures, archives and dumps are found and grouped, and how they go into a store."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

from tcakit.errors import TcakitError
from tcakit.feeds.contract import ReaderOptions, Source
from tcakit.feeds.files import detect, discover, sources
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.store import market_data
from tcakit.store.database import Store

MS = 1_723_161_255_000
TRADE = {
    "e": "trade",
    "E": MS,
    "T": MS,
    "s": "BTCUSDT",
    "t": 1,
    "p": "61800.30",
    "q": "0.006",
    "X": "MARKET",
    "m": False,
}


def grouped(*paths: Path) -> list[Source]:
    troubles: list[TcakitError] = []
    found = list(sources(discover([str(path) for path in paths]), troubles))
    assert troubles == []
    return found


def test_one_file_of_a_capture_brings_the_others_of_its_venue(tmp_path: Path) -> None:
    for name in ("KRAKEN.ws.48.0", "KRAKEN.ws.50.0", "KRAKEN.http.0.0", "COINBASE.ws.1.0", "notes.0"):
        (tmp_path / name).write_bytes(b'1723161255.5: {"event":"heartbeat"}\n')
    (source,) = grouped(tmp_path / "KRAKEN.ws.50.0")
    assert [path.name for path in source.paths] == ["KRAKEN.http.0.0", "KRAKEN.ws.48.0", "KRAKEN.ws.50.0"]
    assert source.name == str(tmp_path / "KRAKEN.*")
    assert detect(source).name == "capture"
    assert len(grouped(tmp_path)) == 2


def test_depth_snapshot_and_updates_belong_together(tmp_path: Path) -> None:
    head = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\n"
    for name in ("BTCUSDT_T_DEPTH_2022-11-01_depth_snap.csv", "BTCUSDT_T_DEPTH_2022-11-01_depth_update.csv"):
        (tmp_path / name).write_text(head)
    (source,) = grouped(tmp_path)
    assert len(source.members) == 2
    assert detect(source).name == "binance"


def test_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ob.data.zip", "w") as archive:
        archive.writestr("2024-12-01_XRPUSDT_ob500.data", '{"topic":"orderbook.500.XRPUSDT"}\n')
    with zipfile.ZipFile(tmp_path / "BTCUSDT-trades-2024-01-01.zip", "w") as archive:
        archive.writestr("BTCUSDT-trades-2024-01-01.csv", "1,1.5,1,1.5,1723161255000,true,true\n")
    (tmp_path / "btcusdt_20240808.gz").write_bytes(gzip.compress(b'1723161253937085768 {"stream":"x"}\n'))
    header = b"exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
    (tmp_path / "trades.csv.gz").write_bytes(gzip.compress(header))
    found = {source.paths[0].name: detect(source).name for source in grouped(tmp_path)}
    assert found == {
        "ob.data.zip": "bybit",
        "BTCUSDT-trades-2024-01-01.zip": "binance",
        "btcusdt_20240808.gz": "capture",
        "trades.csv.gz": "tardis",
    }


def test_spot_and_futures_of_one_symbol_stand_apart_in_the_store(tmp_path: Path) -> None:
    spot = {key: value for key, value in TRADE.items() if key != "X"} | {"M": True, "p": "61837.63"}
    text = "".join(f"{MS * 10**6 + 5} {json.dumps({'stream': 'x', 'data': data})}\n" for data in (TRADE, spot))
    (tmp_path / "both.gz").write_bytes(gzip.compress(text.encode()))
    result = ingest(tmp_path / "store", IngestRequest([str(tmp_path / "both.gz")], ReaderOptions()))
    assert (result["rows"], result["faults"]) == (2, 0)
    store = Store(tmp_path / "store")
    days = market_data.symbol_days(store, "2024-08-08")
    assert [(day.instrument.symbol, day.instrument.venue) for day in days] == [
        ("BTCUSDT", "BINANCE"),
        ("BTCUSDT", "BINANCE-FUTURES"),
    ]
    prices = [day.instrument.price(int(market_data.trades(store, day)["price"][0])) for day in days]
    assert prices == [61837.63, 61800.3]
