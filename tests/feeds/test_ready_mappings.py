"""The mappings that come with the package, and what they need: corrections, orders told once, fees in other coins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.errors import ConfigError, DataError, UsageError
from tcakit.feeds.blotter import BlotterReader
from tcakit.feeds.contract import Faults, ReaderOptions, Source
from tcakit.feeds.mapping import compile_mapping, load, ready_names
from tcakit.market import schema

EMSX = (
    "Account,Amount,Broker,CorrectedFillId,Currency,DateTimeOfFill,ExecType,FillId,FillPrice,FillShares,LastMarket,"
    "LimitPrice,Liquidity,NyOrderCreateAsOfDateTime,OrderId,RouteId,Side,StrategyType,Ticker,TraderName\n"
)
MORNING = 1_580_482_800_000_000_000  # 2020-01-31 10:00 in New York


def read(text: str | bytes, mapping: dict[str, Any] | None, **options: str) -> tuple[dict[str, list[dict]], Faults]:
    data = text.encode() if isinstance(text, str) else text
    faults = Faults()
    source = Source("desk.csv", (Path("desk.csv"),), (("desk.csv", data),), "")
    tables: dict[str, list[dict]] = {"parents": [], "fills": []}
    for batch in BlotterReader().read(source, ReaderOptions(mapping=mapping, **options), faults):
        table = schema.PARENTS if batch.table == "parents" else schema.FILLS
        table.conform(batch.frame.with_columns(run_id=pl.lit("x")))
        tables[batch.table] += batch.frame.to_dicts()
    return tables, faults


def emsx(fill: int, kind: str = "FILL", corrects: str = "", **changed: str) -> str:
    row = {
        "Account": "FUND", "Amount": "300", "Broker": "BMTB", "CorrectedFillId": corrects, "Currency": "USD",
        "DateTimeOfFill": f"2020-01-31T10:0{fill}:00.000", "ExecType": kind, "FillId": str(fill), "FillPrice": "20.25",
        "FillShares": "50", "LastMarket": "XNAS", "LimitPrice": "21", "Liquidity": "1",
        "NyOrderCreateAsOfDateTime": "2020-01-31T10:00:00.000", "OrderId": "4733965", "RouteId": "1", "Side": "BUY",
        "StrategyType": "VWAP", "Ticker": "ACME", "TraderName": "ann",
    }  # fmt: skip
    return ",".join({**row, **changed}.values()) + "\n"


def test_every_ready_mapping_loads() -> None:
    assert ready_names() == ["ccxt", "ccxt-orders", "emsx"]
    assert all(load(name)["name"] == name for name in ready_names())
    with pytest.raises(UsageError, match=r"ready: ccxt, ccxt-orders, emsx"):
        load("emx")


def test_emsx_fills_and_their_order() -> None:
    text = EMSX + emsx(1) + emsx(2, Liquidity="T", RouteId="2", Broker="GS") + emsx(3, "DFD") + emsx(4, Liquidity="A")
    tables, faults = read(text, load("emsx"))
    assert faults.found == []
    (parent,) = tables["parents"]
    assert (parent["parent_id"], parent["quantity"], parent["arrival_ns"]) == ("4733965", 300, MORNING)
    assert (parent["algo"], parent["trader"], parent["currency"], parent["limit_price"]) == (
        "VWAP",
        "ann",
        "USD",
        210_000,
    )
    assert parent["broker"] is None, "two brokers: neither is the order's"
    fills = tables["fills"]
    assert [row["fill_id"] for row in fills] == ["4733965-1-1", "4733965-2-2", "4733965-1-4"]
    assert [row["liquidity"] for row in fills] == ["maker", "taker", None]
    assert (fills[0]["ts_ns"], fills[0]["order_id"], fills[0]["venue"]) == (MORNING + 60 * 10**9, "4733965-1", "XNAS")


def test_emsx_times_are_new_york_s_whatever_is_said_and_tz_dates_them() -> None:
    tables, _ = read(EMSX + emsx(1), load("emsx"), timezone="Asia/Tokyo")
    assert tables["fills"][0]["ts_ns"] == MORNING + 60 * 10**9
    assert tables["fills"][0]["date"] == "2020-02-01"
    zoned = emsx(1, DateTimeOfFill="2020-01-31T10:01:00.000-05:00")
    assert read(EMSX + zoned, load("emsx"))[0]["fills"][0]["ts_ns"] == MORNING + 60 * 10**9


def test_emsx_corrections_and_cancels_stand_beside_the_fills() -> None:
    text = EMSX + emsx(1) + emsx(2) + emsx(3, "CORRECT", "1", FillShares="40") + emsx(4, "CANCEL", "2", FillPrice="")
    tables, faults = read(text, load("emsx"))
    assert faults.found == []
    told = [(row["fill_id"], row["change"], row["revises"], row["known_ns"]) for row in tables["fills"]]
    assert told == [
        ("4733965-1-1", None, None, None),
        ("4733965-1-2", None, None, None),
        ("4733965-1-3", "correct", "4733965-1-1", MORNING + 3 * 60 * 10**9),
        ("4733965-1-4", "cancel", "4733965-1-2", MORNING + 4 * 60 * 10**9),
    ]
    assert [(row["quantity"], row["price"]) for row in tables["fills"][2:]] == [(40, 202_500), (50, None)]
    # A cancel may come first in the export, may bear the id of the fill itself, and may say nothing else.
    bare = emsx(2, "CANCEL", "0", FillPrice="", FillShares="0", Side="", Ticker="", DateTimeOfFill="")
    tables, faults = read(EMSX + bare + emsx(2) + emsx(1), load("emsx"))
    row = next(row for row in tables["fills"] if row["change"])
    assert (row["fill_id"], row["revises"], row["side"], row["symbol"]) == ("4733965-1-2", "4733965-1-2", 1, "ACME")
    assert (row["quantity"], row["price"], faults.found) == (None, None, [])


def test_a_change_of_a_fill_of_another_file_is_kept_and_told() -> None:
    text = EMSX + emsx(1) + emsx(2, "CANCEL", "9") + emsx(3, "CORRECT", "0")
    tables, faults = read(text, load("emsx"))
    assert [row["revises"] for row in tables["fills"]] == [None, "4733965-1-9", "4733965-1-3"]
    told = [(fault.line, fault.kept, fault.reason.split(",")[0]) for fault in faults.found]
    assert told == [(3, True, "cancels fill 4733965-1-9"), (4, True, "corrects fill 4733965-1-3")]
    # Of a cancel that says neither side nor time, with no fill to take them from, nothing can be stored.
    tables, faults = read(EMSX + emsx(1) + emsx(2, "CANCEL", "9", Side="", DateTimeOfFill=""), load("emsx"))
    assert [(fault.line, fault.kept) for fault in faults.found if not fault.kept] == [(3, False)]


def test_rows_of_one_order_that_differ_are_faults() -> None:
    tables, faults = read(EMSX + emsx(1) + emsx(2, Amount="400"), load("emsx"))
    assert [row["quantity"] for row in tables["parents"]] == [300]
    assert [(fault.line, fault.reason) for fault in faults.found] == [(3, "parent_id stands before, at desk.csv:2")]
    assert len(tables["fills"]) == 2


def test_columns_that_an_export_leaves_out() -> None:
    keep = [1, 5, 6, 7, 8, 9, 13, 14, 15, 16, 18]
    lines = [",".join(line.split(",")[at] for at in keep) for line in (EMSX + emsx(1)).splitlines()]
    tables, faults = read("\n".join(lines), load("emsx"))
    assert (len(tables["parents"]), len(tables["fills"]), faults.found) == (1, 1, [])
    with pytest.raises(DataError, match="FillShares"):
        read("\n".join(line.rsplit(",", 5)[0].replace("FillShares", "Fill") for line in lines), load("emsx"))


def trade(number: int, **changed: Any) -> dict[str, Any]:
    row = {
        "id": f"t{number}", "order": "o1", "timestamp": 1_704_189_600_123, "symbol": "BTC/USDT", "side": "buy",
        "takerOrMaker": "taker", "price": 43_000.5, "amount": 0.001, "fee": {"cost": 0.043, "currency": "USDT"},
        "info": {"raw": ["x"]},
    }  # fmt: skip
    return {**row, **changed}


@pytest.mark.parametrize("form", ["lines", "list", "csv"])
def test_ccxt_trades(form: str) -> None:
    trades = [trade(1), trade(2, takerOrMaker="maker", side="sell", fee={"cost": 1e-6, "currency": "BTC"})]
    if form == "lines":
        text = "\n".join(json.dumps(row) for row in trades) + "\n\n"
    elif form == "list":
        text = json.dumps(trades, indent=1)
    else:
        text = "id,order,timestamp,symbol,side,takerOrMaker,price,amount,fee.cost,fee.currency\n"
        for row in trades:
            text += ",".join(str(v) for k, v in row.items() if k not in ("fee", "info"))
            text += f",{row['fee']['cost']},{row['fee']['currency']}\n"
    tables, faults = read(text, load("ccxt"))
    assert faults.found == []
    first, second = tables["fills"]
    assert (first["ts_ns"], first["price"] / first["price_scale"]) == (1_704_189_600_123_000_000, 43_000.5)
    assert (first["quantity"] / first["size_scale"], first["liquidity"], first["fee"]) == (0.001, "taker", 0.043)
    assert (second["side"], second["liquidity"], second["parent_id"]) == (-1, "maker", "o1")
    assert second["fee"] == pytest.approx(1e-6 * 43_000.5), "paid in the coin itself, at the fill's own price"


def test_fees_in_a_third_coin_are_left_out_and_told() -> None:
    trades = [trade(1, fee={"cost": 0.1, "currency": "BNB"}), trade(2, fee=None), trade(3, symbol="BTC/USDT:USDT")]
    tables, faults = read(json.dumps(trades), load("ccxt"))
    assert [row["fee"] for row in tables["fills"]] == [None, None, 0.043]
    assert [(fault.line, fault.kept, "BNB" in fault.reason) for fault in faults.found] == [(1, True, True)]


def test_ccxt_orders_are_the_parents() -> None:
    order = {"id": "o1", "timestamp": 1_704_189_600_000, "symbol": "BTC/USDT", "side": "buy", "amount": 0.002}
    tables, faults = read(
        json.dumps({**order, "lastTradeTimestamp": None, "clientOrderId": "desk-7"}), load("ccxt-orders")
    )
    (parent,) = tables["parents"]
    assert (parent["parent_id"], parent["quantity"], parent["notes"]) == ("o1", 2, "desk-7")
    assert (parent["size_scale"], faults.found) == (1000, [])


def test_json_that_is_none() -> None:
    tables, faults = read(json.dumps(trade(1)) + "\n{oops\n[1]\n" + json.dumps(trade(2)), load("ccxt"))
    assert len(tables["fills"]) == 2
    assert [(fault.line, fault.reason) for fault in faults.found] == [(2, "no JSON object"), (3, "no JSON object")]
    assert faults.rows == 4
    with pytest.raises(DataError, match="not JSON"):
        read('[{"id": 1}', load("ccxt"))
    with pytest.raises(DataError):
        read('{"a":' * 100_000, load("ccxt"))


def test_wrong_rules_are_told_together() -> None:
    columns = {"fill_id": {"join": []}, "symbol": "s", "side": "b", "time": "t", "price": "p", "quantity": "q"}
    raw = {
        "fills": columns,
        "format": "fax",
        "sheet": 3,
        "optional_columns": "yes",
        "liquidity": {"x": "both"},
        "corrections": {"colum": "k", "cancel": 3},
    }
    with pytest.raises(ConfigError) as caught:
        compile_mapping(raw, place="d.toml")
    places = {place.removeprefix("d.toml, ") for place, _, _ in caught.value.mistakes}
    wanted = {
        "fills.fill_id",
        "format",
        "sheet",
        "optional_columns",
        "liquidity.x",
        "corrections",
        "corrections.cancel",
    }
    assert places == wanted
