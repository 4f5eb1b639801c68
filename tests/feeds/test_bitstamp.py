"""Bitstamp's order files: what rests, what trades, what is thrown out, and what went without a word."""

from __future__ import annotations

import csv
import os
from collections import Counter
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from crypto_files import fuzz, read, reasons

from tcakit.errors import DataError
from tcakit.feeds import bitstamp
from tcakit.feeds.bitstamp import BitstampReader
from tcakit.feeds.blocks import tables
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.market import codes
from tcakit.store.database import Store
from tcakit.store.rows import day_tables

HEAD = "id,timestamp,exchange_timestamp,price,volume,action,direction\n"
MS = 1_777_689_380_521


def orders(*entries: tuple[int, int, float, float, str, str]) -> bytes:
    """(id, ms, price, volume, action, direction) a row."""
    return (
        HEAD
        + "".join(
            f"{number},{MS + ms - 80},{MS + ms},{price},{volume},{action},{direction}\n"
            for number, ms, price, volume, action, direction in entries
        )
    ).encode()


def events(data: bytes) -> tuple[list[tuple[int, int, float, float, float, int]], list[tuple[int, str]]]:
    """(kind, side, price, size, level size, order id) of each row, and faults."""
    batches, faults = read(BitstampReader(), ("orders.csv", data), symbol="BTCUSD")
    out = []
    for batch in batches:
        assert batch.content == "book-l3"
        price, size = batch.instrument.price_scale, batch.instrument.size_scale
        for kind, side, at, how_many, level, number in batch.frame.select(
            "kind", "side", "price", "size", "level_size", "order_id"
        ).iter_rows():
            out.append((kind, side, at / price, how_many / size, level / size, number))
    return out, reasons(faults)


def test_orders_come_trade_and_go() -> None:
    found, faults = events(
        orders(
            (1, 0, 100.0, 1.5, "created", "bid"),
            (2, 0, 100.0, 0.5, "created", "bid"),
            (3, 1, 101.0, 2.0, "created", "ask"),
            (1, 5, 100.0, 1.25, "changed", "bid"),
            (1, 6, 100.0, 1.25, "deleted", "bid"),
            (3, 7, 101.0, 0.0, "deleted", "ask"),
        )
    )
    assert faults == []
    assert found == [
        (codes.ADD, codes.BUY, 100.0, 1.5, 1.5, 1),
        (codes.ADD, codes.BUY, 100.0, 0.5, 2.0, 2),
        (codes.ADD, codes.SELL, 101.0, 2.0, 2.0, 3),
        (codes.EXECUTE, codes.BUY, 100.0, 0.25, 1.75, 1),
        (codes.DELETE, codes.BUY, 100.0, 1.25, 0.5, 1),
        (codes.EXECUTE, codes.SELL, 101.0, 2.0, 0.0, 3),
    ]


def test_times_and_instrument() -> None:
    (batch,), _ = read(BitstampReader(), ("o.csv", orders((1, 0, 100.0, 1.5, "created", "bid"))), symbol="BTCUSD")
    assert batch.frame.select("ts_ns", "recv_ns").rows() == [(MS * 10**6, (MS - 80) * 10**6)]
    assert (batch.instrument.symbol, batch.instrument.venue, batch.date) == ("BTCUSD", "BITSTAMP", "2026-05-02")


def test_an_order_that_takes_is_displayed_only_when_it_rests() -> None:
    found, faults = events(
        orders(
            (1, 0, 101.0, 1.0, "created", "ask"),
            (2, 5, 103.0, 3.0, "created", "bid"),  # reaches over the spread
            (1, 5, 101.0, 0.0, "deleted", "ask"),
            (2, 5, 101.0, 2.0, "changed", "bid"),  # told at the price it traded at
            (3, 6, 104.0, 1.0, "created", "ask"),
        )
    )
    assert faults == []
    assert found == [
        (codes.ADD, codes.SELL, 101.0, 1.0, 1.0, 1),
        (codes.EXECUTE, codes.SELL, 101.0, 1.0, 0.0, 1),
        (codes.ADD, codes.BUY, 103.0, 2.0, 2.0, 2),
        (codes.ADD, codes.SELL, 104.0, 1.0, 1.0, 3),
    ]


def test_an_order_that_may_only_post_is_thrown_out_unseen() -> None:
    found, faults = events(
        orders(
            (1, 0, 101.0, 1.0, "created", "ask"),
            (2, 5, 101.0, 3.0, "created", "bid"),
            (2, 5, 101.0, 3.0, "deleted", "bid"),
            (3, 6, 102.0, 1.0, "created", "ask"),
        )
    )
    assert [event[5] for event in found] == [1, 3]
    assert faults == []


def test_what_newer_orders_reach_over_has_gone() -> None:
    data = orders(
        (1, 0, 101.0, 1.0, "created", "ask"),
        (2, 0, 102.0, 1.0, "created", "ask"),
        (3, 5, 101.0, 3.0, "created", "bid"),
        (4, 6, 100.0, 1.0, "created", "bid"),
        (1, 7, 101.0, 1.0, "deleted", "ask"),
    )
    found, faults = events(data)
    assert found[2:4] == [
        (codes.DELETE, codes.SELL, 101.0, 1.0, 0.0, 1),
        (codes.ADD, codes.BUY, 101.0, 3.0, 3.0, 3),
    ]
    assert faults == [(5, "order 1 was never deleted, but order 3 rests beyond it: taken as gone")]
    _, told = read(BitstampReader(), ("o.csv", data), symbol="X")
    assert told.refused == 0


def test_bad_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    data = orders(
        (1, 0, 100.0, 1.5, "created", "bid"),
        (1, 1, 100.0, 1.5, "created", "bid"),
        (9, 2, 100.0, 1.5, "deleted", "bid"),
        (1, 3, 100.0, 2.5, "changed", "bid"),
        (5, 4, 0.0, 2.5, "created", "bid"),
        (6, 5, 99.0, 0.0, "created", "bid"),
        (7, 6, 99.0, 1.0, "moved", "bid"),
        (8, 7, 99.0, 1.0, "created", "up"),
    ).replace(b"\n8,", b"\n8x,")
    expected = [
        (3, "order 1 is created twice"),
        (4, "order 9 was not seen to be created"),
        (5, "order 1 grows from what it was"),
        (6, "price is zero"),
        (7, "an order of size zero"),
        (8, "action is none of created, changed, deleted"),
        (9, "id is no whole number"),
    ]
    found, faults = events(data)
    assert sorted(faults) == expected
    assert len(found) == 1
    monkeypatch.setattr(bitstamp, "tables", lambda *given: tables(*given, block_bytes=130))
    assert sorted(events(data)[1]) == expected


def test_names_of_columns_of_older_files() -> None:
    data = orders((1, 0, 100.0, 1.5, "created", "bid")).replace(b"exchange_timestamp", b"exchange.timestamp")
    assert BitstampReader().sniff(Path("orders.csv"), data)
    assert len(events(data)[0]) == 1


def test_what_is_refused_whole() -> None:
    with pytest.raises(DataError, match="does not name its symbol"):
        read(BitstampReader(), ("o.csv", orders((1, 0, 100.0, 1.5, "created", "bid"))))
    with pytest.raises(DataError, match="no column exchange_timestamp"):
        read(BitstampReader(), ("o.csv", b"id,timestamp\n1,2\n"), symbol="X")
    assert not BitstampReader().sniff(Path("o.csv"), b"id,timestamp,price\n")


def test_spoilt_files_bring_rows_faults_or_one_error() -> None:
    data = orders(
        (1, 0, 101.0, 1.0, "created", "ask"),
        (2, 5, 103.0, 3.0, "created", "bid"),
        (1, 5, 101.0, 0.0, "deleted", "ask"),
        (2, 5, 101.0, 2.0, "changed", "bid"),
        (3, 6, 104.0, 1.0, "created", "ask"),
    )
    assert fuzz(BitstampReader(), "o.csv", data, 200, symbol="BTCUSD") > 50


def test_every_trade_of_a_real_half_hour_is_told_by_its_orders(tmp_path: Path) -> None:
    """The venue publishes trades apart: who rested, at what price and how much agrees with what the orders say."""
    try:
        folder = Path(str(distribution("ob-analytics").locate_file("ob_analytics/_sample_data")))
    except PackageNotFoundError:
        assert os.environ.get("CI") != "true"
        pytest.skip("pip install --no-deps -r .ci/data-packages.txt")
    told = ingest(tmp_path / "store", IngestRequest([str(folder / "orders.csv.gz")], ReaderOptions(symbol="BTCUSD")))
    assert told["files"][0]["content"] == ["book-l3"]
    (date,) = Store(tmp_path / "store").dates()
    with day_tables(Store(tmp_path / "store"), date) as connection:
        price_scale, size_scale = connection.execute("SELECT price_scale, size_scale FROM instruments").fetchone()
        executed = connection.execute(
            "SELECT order_id, side, price, size FROM book_events WHERE kind = ?", [codes.EXECUTE]
        ).fetchall()
        left = connection.execute(
            "SELECT count(*) FROM (SELECT last(level_size ORDER BY seq) AS shown FROM book_events "
            "GROUP BY side, price)"
            " WHERE shown <> 0"
        ).fetchone()
    traded = []
    with (folder / "trades.csv").open() as file:
        for row in csv.DictReader(file):
            rested, side = ("sell", codes.SELL) if row["side"] == "buy" else ("buy", codes.BUY)
            price, size = Decimal(row["price"]) * price_scale, Decimal(row["amount"]) * size_scale
            traded.append((int(row[f"{rested}_order_id"]), side, int(price), int(size)))
    assert len(traded) == 284
    assert Counter(executed) == Counter(traded)
    # The recorder takes out what still rests at its end.
    assert left == (0,)
