"""Blotters: parents and fills through a mapping, exactly, with every refused row told."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.errors import ConfigError, DataError
from tcakit.feeds.blotter import BlotterReader
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.market import schema

FILLS = "fill_id,parent_id,symbol,side,time,price,quantity,liquidity,fee,venue\n"
PARENTS = "parent_id,symbol,side,quantity,arrival_time,end_time,limit_price,decision_price,algo,fees\n"
TEN = 1_704_189_600_000_000_000  # 2024-01-02 10:00 UTC


def read(text: str | bytes, mapping: dict[str, Any] | None = None, **options: str) -> tuple[list[Batch], Faults]:
    data = text.encode() if isinstance(text, str) else text
    faults = Faults()
    source = Source("desk.csv", (Path("desk.csv"),), (("desk.csv", data),), "")
    batches = list(BlotterReader().read(source, ReaderOptions(mapping=mapping, **options), faults))
    for batch in batches:
        table = schema.PARENTS if batch.table == "parents" else schema.FILLS
        table.conform(batch.frame.with_columns(run_id=pl.lit("x")))
        assert batch.instrument is None
    return batches, faults


def test_fills_in_our_own_names() -> None:
    (batch,), faults = read(FILLS + "f1,p1,AMZN,BOT,2024-01-02T10:00:00.000000001Z,10.125,100,Add,-0.2,XNAS\n")
    assert faults.found == []
    (row,) = batch.frame.to_dicts()
    assert row == {
        "fill_id": "f1",
        "order_id": None,
        "parent_id": "p1",
        "symbol": "AMZN",
        "date": "2024-01-02",
        "ts_ns": TEN + 1,
        "received_ns": None,
        "side": 1,
        "price": 101_250,
        "price_scale": 10_000,
        "quantity": 100,
        "size_scale": 1,
        "liquidity": "maker",
        "fee": -0.2,
        "venue": "XNAS",
        "ts_resolution_ns": None,
    }


def test_parents_in_our_own_names() -> None:
    text = PARENTS + "p1,AMZN,SS,1.5,2024-01-02T23:30:00-05:00,2024-01-02T23:40:00-05:00,9.5,9.75,vwap,\n"
    (batch,), faults = read(text, timezone="America/New_York", currency="USD")
    assert faults.found == []
    (row,) = batch.frame.to_dicts()
    assert (row["side"], row["quantity"], row["size_scale"]) == (-1, 15, 10)
    assert (row["date"], row["limit_price"], row["decision_price"]) == ("2024-01-02", 95_000, 9.75)
    assert (row["raw_symbol"], row["matched"], row["currency"], row["fees"]) == ("AMZN", False, "USD", None)
    assert row["end_ns"] - row["arrival_ns"] == 600 * 10**9


def test_a_mapping_with_rules() -> None:
    mapping = {
        "timezone": "Europe/Berlin",
        "time_format": "%d.%m.%Y %H:%M:%S",
        "decimal_comma": True,
        "separator": ";",
        "sides": {"Kauf": "buy", "Verkauf": "sell"},
        "scale": {"price": "0.01", "quantity": 100},
        "constants": {"venue": "XETR"},
        "fills": {
            "fill_id": "#row",
            "symbol": ["Isin", "Name"],
            "side": "Art",
            "time": ["Tag", "Zeit"],
            "price": "Kurs",
            "quantity": "Lots",
        },
    }
    text = "Isin;Name;Art;Tag;Zeit;Kurs;Lots\nDE1;;Kauf;02.01.2024;11:00:00;1.012,5;2\n"
    text += ";SAP;verkauf;02.01.2024;11:00:01;9,75;1\n"
    (batch,), faults = read(text, mapping)
    assert faults.found == []
    assert batch.frame.select("fill_id", "symbol", "side", "ts_ns", "price", "quantity", "venue").rows() == [
        ("2", "DE1", 1, TEN, 101_250, 200, "XETR"),
        ("3", "SAP", -1, TEN + 10**9, 975, 100, "XETR"),
    ]


def test_one_file_of_parents_and_fills() -> None:
    common = {"symbol": "sym", "side": "side", "quantity": "qty"}
    mapping = {
        "rows": {"column": "event", "parents": "New", "fills": ["trade", "partial"]},
        "parents": {"parent_id": "order", "arrival_time": "at", **common},
        "fills": {"fill_id": "exec", "parent_id": "order", "time": "at", "price": "px", **common},
    }
    text = "event,order,exec,sym,side,qty,px,at\nnew,o1,,A,B,10,,1704189600\nTRADE,o1,e1,A,B,4,9.5,1704189601\n"
    (parents, fills), faults = read(text + "cancel,o1,,A,B,,,1704189602\npartial,o1,e2,A,B,6,9.6,1704189602\n", mapping)
    assert faults.found == []
    assert parents.frame["parent_id"].to_list() == ["o1"]
    assert fills.frame.select("fill_id", "parent_id").rows() == [("e1", "o1"), ("e2", "o1")]


def test_signed_quantities() -> None:
    columns = {"fill_id": "i", "symbol": "s", "time": "t", "price": "p", "quantity": "q"}
    mapping = {"signed_quantity": True, "table": "fills", "columns": columns}
    (batch,), faults = read("i,s,t,p,q\n1,A,1704189600,1,-5\n2,A,1704189600,1,7\n3,A,1704189600,1,0\n", mapping)
    assert batch.frame.select("side", "quantity").rows() == [(-1, 5), (1, 7)]
    assert [fault.line for fault in faults.found] == [4]


FAULTY = [
    (",p1,A,B,1704189600,1,1,,,", "fill_id is missing"),
    ("f2,p1,,B,1704189600,1,1,,,", "symbol is missing"),
    ("f2,p1,A,X,1704189600,1,1,,,", "side is neither"),
    ("f2,p1,A,B,,1,1,,,", "time is missing"),
    ("f2,p1,A,B,soon,1,1,,,", "time is no number"),
    ("f2,p1,A,B,1704189600,,1,,,", "price is missing"),
    ("f2,p1,A,B,1704189600,-1,1,,,", "price is not above zero"),
    ("f2,p1,A,B,1704189600,x,1,,,", "price is no number"),
    ("f2,p1,A,B,1704189600,1,,,,", "quantity is missing"),
    ("f2,p1,A,B,1704189600,1,0,,,", "quantity is not above zero"),
    ("f2,p1,A,B,1704189600,1,1,perhaps,,", "liquidity is neither"),
    ("f2,p1,A,B,1704189600,1,1,,much,", "fee is no number"),
    ("f1,p1,A,B,1704189600,1,1,,,", "fill_id stands before, at desk.csv:2"),
    ("f2,p1,A,B", "4 columns where the header has 10"),
]


@pytest.mark.parametrize(("row", "reason"), FAULTY)
def test_a_bad_row_is_a_fault_with_its_line(row: str, reason: str) -> None:
    good = "f1,p1,A,B,1704189600,1,1,,,\n"
    (batch,), faults = read(FILLS + good + row + "\n" + good.replace("f1", "f3"))
    (fault,) = faults.found
    assert (fault.line, fault.text) == (3, row)
    assert reason in fault.reason
    assert batch.frame["fill_id"].to_list() == ["f1", "f3"]
    assert faults.rows == 3


def test_orders_that_end_before_they_arrive() -> None:
    text = (
        PARENTS + "p1,A,B,1,1704189600,1704189599,,,,\np2,A,B,1,1704189600,1704189600,0,,,\np3,A,B,1,1704189600,,,,,\n"
    )
    (batch,), faults = read(text)
    assert batch.frame["parent_id"].to_list() == ["p3"]
    assert [fault.reason for fault in faults.found] == [
        "end_time is before arrival_time",
        "limit_price is not above zero",
    ]


def test_each_symbol_has_the_scale_it_needs() -> None:
    rows = "f1,,JPYUSD,B,1704189600,0.008987123456789123,1,,,\nf2,,USDJPY,B,1704189600,111.26897430419922,1,,,\n"
    (batch,), faults = read(FILLS + rows)
    assert faults.found == []
    prices = [Decimal(price) / scale for price, scale in batch.frame.select("price", "price_scale").rows()]
    assert prices == [Decimal("0.008987123456789123"), Decimal("111.26897430419922")]


def test_times_without_a_zone_and_headers_without_a_mapping() -> None:
    with pytest.raises(DataError, match="--tz"):
        read(FILLS + "f1,,A,B,2024-01-02 10:00:00,1,1,,,\n")
    with pytest.raises(DataError, match="--mapping"):
        read("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="no column for price"):
        read(FILLS + "f1,,A,B,1704189600,1,1,,,\n", {"table": "fills", "columns": {"fill_id": "fill_id"}})
    with pytest.raises(DataError, match="no row could be read: side is neither"):
        read(FILLS + "f1,,A,?,1704189600,1,1,,,\n")


def test_parquet_and_ids_across_members() -> None:
    frame = pl.DataFrame(
        {"fill_id": ["1"], "symbol": ["A"], "side": [1], "time": [1704189600], "price": [9.99], "quantity": [5.0]}
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    more = frame.with_columns(fill_id=pl.lit("2")).vstack(frame)
    second = io.BytesIO()
    more.write_parquet(second)
    members = (("a.parquet", buffer.getvalue()), ("b.parquet", second.getvalue()))
    faults = Faults()
    batches = list(BlotterReader().read(Source("x.zip", (), members, ""), ReaderOptions(), faults))
    assert [batch.frame.select("fill_id", "price", "quantity").rows() for batch in batches] == [
        [("1", 99_900, 5)],
        [("2", 99_900, 5)],
    ]
    (fault,) = faults.found
    assert (fault.line, fault.reason) == (2, "fill_id stands before, at x.zip:a.parquet:1")


def test_sniff() -> None:
    reader = BlotterReader()
    assert reader.sniff(Path("a.csv"), FILLS.encode())
    assert reader.sniff(Path("a.csv"), PARENTS.encode())
    assert not reader.sniff(Path("a.csv"), b"timestamp,price,size\n")
    assert not reader.sniff(Path("a.csv"), b"\x00\x01")


@pytest.mark.real
def test_a_file_of_placements_and_trades(real_data: Path) -> None:
    path = real_data / "orders" / "tcapy_small_test_trade_df.csv"
    common = {"symbol": "ticker", "side": "side"}
    mapping = {
        "rows": {"column": "event_type", "parents": "placement", "fills": "trade"},
        "parents": {"parent_id": "id", "arrival_time": "date", "quantity": "order_notional", **common},
        "fills": {
            "fill_id": "id",
            "time": "date",
            "price": "executed_price",
            "quantity": "executed_notional",
            **common,
        },
    }
    (parents, fills), faults = read(path.read_bytes(), mapping)
    raw = pl.read_csv(path, infer_schema=False)
    counts = dict(raw["event_type"].value_counts().rows())
    assert faults.found == []
    assert (parents.frame.height, fills.frame.height) == (counts["placement"], counts["trade"])
    traded = raw.filter(pl.col("event_type") == "trade")
    exact = [Decimal(price) / scale for price, scale in fills.frame.select("price", "price_scale").rows()]
    assert exact == [Decimal(price) for price in traded["executed_price"]]


def test_a_row_keeps_its_number_when_one_above_is_refused() -> None:
    mapping = {"table": "fills", "columns": {name: name for name in ("symbol", "side", "time", "price", "quantity")}}
    mapping["columns"]["fill_id"] = "#row"
    rows = ["A,B,1704189600,9.5,4", "A,B,1704189601,9.5,4", "A,B,1704189602,9.5,4"]
    ids = []
    for second in (rows[1], "A,B,1704189601,9.5", "A,B,never,9.5,4"):
        (batch,), _ = read("\n".join(["symbol,side,time,price,quantity", rows[0], second, rows[2], ""]), mapping)
        ids.append(batch.frame["fill_id"].to_list())
    assert ids == [["2", "3", "4"], ["2", "4"], ["2", "4"]]
