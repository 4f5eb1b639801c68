"""FIX logs: what is sent and what comes back becomes orders, fills and parents, each execution once."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tcakit.errors import ConfigError, DataError
from tcakit.feeds.contract import Faults, ReaderOptions, Source
from tcakit.feeds.files import detect
from tcakit.feeds.fix import FixReader
from tcakit.feeds.fix_mapping import compile_fix_mapping
from tcakit.feeds.fix_messages import read_messages
from tcakit.market import schema

TABLES = {table.name: table for table in (schema.PARENTS, schema.ORDERS, schema.FILLS)}
TEN = 1_704_189_600_000_000_000  # 2024-01-02 10:00 UTC
SECOND = 10**9
_ORDER = "11=A|55=AMZN|54=1|38=300|40=2|44=10.5|59=0"


def message(body: str, version: str = "FIX.4.2", mark: bytes = b"\x01", prefix: str = "") -> bytes:
    """One line of a log, with the BodyLength and CheckSum that belong to it, its separators printed as `mark`."""
    inner = body.strip("|").replace("|", "\x01").encode() + b"\x01"
    whole = b"8=%s\x019=%d\x01" % (version.encode(), len(inner)) + inner
    whole += b"10=%03d\x01" % (sum(whole) % 256)
    return prefix.encode() + whole.replace(b"\x01", mark) + b"\n"


def sent(kind: str, body: str, at: str = "10:00:00", **options: Any) -> bytes:
    """A message from the desk to its broker."""
    return message(f"35={kind}|34=1|49=DESK|56=BRK|52=20240102-{at}|60=20240102-{at}|{body}", **options)


def report(body: str, at: str = "10:00:01", order: str = "O1", **options: Any) -> bytes:
    """An execution report from the broker."""
    return message(f"35=8|34=1|49=BRK|56=DESK|52=20240102-{at}|37={order}|60=20240102-{at}|{body}", **options)


def fill(name: str, shares: int, price: str, total: int, at: str, rest: str = "", **options: Any) -> bytes:
    """A fill of order A, as FIX 4.2 tells it."""
    status = "2" if total == 300 else "1"
    return report(
        f"11=A|17={name}|20=0|150={status}|39={status}|{_ORDER[5:]}|32={shares}|31={price}|14={total}|{rest}",
        at,
        **options,
    )


def read(log: bytes, mapping: dict[str, Any] | None = None, **options: str) -> tuple[dict[str, list[dict]], Faults]:
    faults = Faults()
    source = Source("desk.log", (Path("desk.log"),), (("desk.log", log),), "")
    tables: dict[str, list[dict]] = {name: [] for name in TABLES}
    for batch in FixReader().read(source, ReaderOptions(mapping=mapping, **options), faults):
        TABLES[batch.table].conform(batch.frame.with_columns(run_id=pl.lit("x")))
        tables[batch.table] += batch.frame.to_dicts()
    return tables, faults


NEW = report(f"17=E0|20=0|150=0|39=0|{_ORDER}|32=0|31=0|14=0|6=0|151=300")
DAY = (
    sent("D", _ORDER)
    + NEW
    + fill("E1", 100, "10.40", 100, "10:00:02", "851=1|30=XNAS|12=0.01|13=1")
    + fill("E2", 200, "10.45", 300, "10:00:03.123456789", "851=2|6=10.433333")
)


def test_one_order_from_its_birth_to_its_end() -> None:
    tables, faults = read(DAY)
    assert faults.found == []
    (order,), (parent,) = tables["orders"], tables["parents"]
    assert order == {
        "order_id": "A", "parent_id": "A", "symbol": "AMZN", "side": 1, "type": "limit", "time_in_force": "day",
        "price": 105_000, "price_scale": 10_000, "quantity": 300, "filled": 300, "size_scale": 1, "state": "filled",
        "reason": None, "submitted_ns": TEN, "acknowledged_ns": TEN + SECOND,
        "ended_ns": TEN + 3 * SECOND + 123_456_789,
    }  # fmt: skip
    assert (parent["parent_id"], parent["quantity"], parent["arrival_ns"]) == ("A", 300, TEN)
    assert (parent["broker"], parent["limit_price"], parent["matched"]) == ("BRK", 105_000, False)
    assert "order and parent are one" in parent["notes"]
    first, second = tables["fills"]
    assert first == {
        "fill_id": "E1", "order_id": "A", "parent_id": "A", "symbol": "AMZN", "date": "2024-01-02",
        "ts_ns": TEN + 2 * SECOND, "received_ns": TEN + SECOND, "side": 1, "price": 104_000, "price_scale": 10_000,
        "quantity": 100, "size_scale": 1, "liquidity": "maker", "fee": 1.0, "venue": "XNAS",
        "ts_resolution_ns": None,
    }  # fmt: skip
    assert (second["ts_ns"], second["liquidity"], second["fee"]) == (TEN + 3 * SECOND + 123_456_789, "taker", None)


@pytest.mark.parametrize("mark", [b"\x01", b"|", b"^A", b";", b"<SOH>", b"\\u0001"])
@pytest.mark.parametrize("prefix", ["", "2024-01-02 10:00:00,123 INFO <-- : ", "20240102-10:00:00.1 : IN 58=8=FIX "])
def test_separators_and_prefixes_change_nothing(mark: bytes, prefix: str) -> None:
    lines = [line + b"\n" for line in DAY.split(b"\n")[:-1]]
    log = b"engine started\n" + b"".join(prefix.encode() + line.replace(b"\x01", mark) for line in lines)
    tables, faults = read(log)
    assert (tables, faults.found) == (read(DAY)[0], [])
    source = Source("x.log", (), (("x.log", log),), "")
    assert detect(source).name == "fix"


def test_no_line_ends_are_needed_and_blocks_of_any_size_give_the_same() -> None:
    log = DAY.replace(b"\n", b"")
    assert read(log)[0] == read(DAY)[0]
    tags = (35, 11, 17, 32, 60)
    whole = pl.concat([table.frame for table in read_messages(DAY, tags)])
    for size in (1, 7, 100, 251):
        for text in (DAY, DAY.replace(b"\x01", b"^A"), log):
            parts = pl.concat([table.frame for table in read_messages(text, tags, block_bytes=size)])
            assert parts.drop("line").equals(whole.drop("line"))
    assert whole["line"].to_list() == [1, 2, 3, 4]


def test_the_same_life_in_four_four() -> None:
    def told(body: str, at: str) -> bytes:
        return report(f"11=A|55=AMZN|54=1|38=300|40=2|44=10.5|59=0|{body}", at, version="FIX.4.4")

    log = (
        sent("D", _ORDER, version="FIX.4.4")
        + told("17=E0|150=0|39=0|14=0|151=300", "10:00:01")
        + told("17=E1|150=F|39=1|32=100|31=10.40|14=100|151=200", "10:00:02")
        + told("17=0|150=I|39=1|32=100|31=10.40|14=100|151=200", "10:00:02")
        + told("17=E2|150=F|39=2|32=200|31=10.45|14=300|151=0", "10:00:03")
    )
    tables, faults = read(log)
    assert faults.found == []
    assert faults.counts == {"status reports": 1}
    assert [(f["fill_id"], f["quantity"]) for f in tables["fills"]] == [("E1", 100), ("E2", 200)]
    assert tables["orders"][0]["state"] == "filled"


@pytest.mark.parametrize("version", ["FIX.4.2", "FIX.4.4"])
def test_busts_and_corrections_are_applied(version: str) -> None:
    bust, correct = ("20=1|150=1", "20=2|150=1") if version == "FIX.4.2" else ("150=H", "150=G")
    log = (
        sent("D", _ORDER)
        + NEW
        + fill("E1", 100, "10.40", 100, "10:00:02")
        + fill("E2", 100, "10.41", 200, "10:00:03")
        + report(f"11=A|17=E3|19=E1|{bust}|39=1|32=100|31=10.40|14=100", "10:05:00", version=version)
        + report(f"11=A|17=E4|19=E2|{correct}|39=1|32=90|31=10.42|14=90", "10:06:00", version=version)
        + report(f"11=A|17=E5|19=E2|{correct}|39=1|32=95|31=10.43|14=95", "10:07:00", version=version)
    )
    tables, faults = read(log)
    assert faults.found == []
    (row,) = tables["fills"]
    assert (row["fill_id"], row["quantity"], row["price"]) == ("E5", 95, 104_300)
    assert row["ts_ns"] == TEN + 3 * SECOND, "the time of the execution, not of its correction"
    assert faults.counts == {"busted executions": 1, "corrected executions": 2}
    assert tables["orders"][0]["filled"] == 95


def test_changes_of_executions_that_are_not_there_are_faults() -> None:
    gone = report("11=A|17=E9|19=E1|20=1|150=1|39=0|32=100|31=10.40|14=0", "10:00:05")
    log = sent("D", _ORDER) + NEW + fill("E1", 100, "10.40", 100, "10:00:02") + gone
    log += report("11=A|17=E10|19=E1|20=1|150=1|39=0|14=0") + report("11=A|17=E11|19=E7|20=2|150=1|39=0|32=1|31=9|14=0")
    tables, faults = read(log)
    assert tables["fills"] == []
    assert [(fault.line, fault.kept) for fault in faults.found] == [(5, False), (6, False)]
    assert "busted already" in faults.found[0].reason
    assert "E7, which this log does not hold" in faults.found[1].reason


def test_repeated_messages_are_taken_once() -> None:
    again = fill("E1", 100, "10.40", 100, "10:00:02", "43=Y|122=20240102-10:00:02").replace(b"34=1", b"34=9")
    other = fill("E2", 150, "10.45", 300, "10:00:03.123456789")
    heartbeat = message("35=0|34=2|49=BRK|56=DESK|52=20240102-10:00:00")
    tables, faults = read(DAY + again + sent("D", _ORDER + "|97=Y", at="10:00:09") + heartbeat + other)
    assert tables == read(DAY)[0]
    assert faults.counts == {"repeated execution reports": 1, "repeated orders": 1, "session messages": 1}
    (fault,) = [fault for fault in faults.found if not fault.kept]
    assert (fault.line, fault.reason) == (8, "ExecID E2 stands at line 4 with other contents")
    _, faults = read(DAY + sent("D", _ORDER.replace("38=300", "38=400")))
    assert [fault.reason for fault in faults.found] == ["ClOrdID A stands at line 1 with other contents"]


def test_a_repeat_whose_first_is_not_in_the_log_is_kept() -> None:
    tables, faults = read(fill("E1", 300, "10.40", 300, "10:00:02", "43=Y"))
    assert (len(tables["fills"]), faults.found) == (1, [])


def test_replaces_and_cancels_are_one_order() -> None:
    log = (
        sent("D", _ORDER)
        + NEW
        + sent("G", "11=B|41=A|55=AMZN|54=1|38=500|40=2|44=10.6", "10:00:05")
        + report("11=B|41=A|17=E1|20=0|150=E|39=E|54=1|38=500|44=10.6|14=0", "10:00:06")
        + report("11=B|41=A|17=E2|20=0|150=5|39=5|54=1|14=0", "10:00:07")
        + report("11=B|17=E3|20=0|150=1|39=1|54=1|38=500|32=100|31=10.6|14=100", "10:00:08")
        + sent("F", "11=C|41=B|55=AMZN|54=1|38=500", "10:00:09")
        + report("11=C|41=B|17=E4|20=0|150=6|39=6|54=1|14=100", "10:00:09")
        + report("11=C|41=B|17=E5|20=0|150=4|39=4|54=1|14=100|151=0|58=by desk", "10:00:10")
    )
    tables, faults = read(log)
    assert faults.found == []
    (order,) = tables["orders"]
    assert (order["order_id"], order["quantity"], order["price"]) == ("A", 500, 106_000)
    assert (order["state"], order["reason"], order["filled"]) == ("cancelled", "by desk", 100)
    assert order["ended_ns"] == TEN + 10 * SECOND
    (row,) = tables["fills"]
    assert (row["order_id"], row["received_ns"]) == ("A", None)
    assert tables["parents"][0]["end_ns"] == TEN + 10 * SECOND


def test_a_replace_that_is_denied_changes_nothing() -> None:
    log = sent("D", _ORDER) + NEW + sent("G", "11=B|41=A|55=AMZN|54=1|38=500|40=2|44=10.6", "10:00:05")
    log += message("35=9|49=BRK|56=DESK|52=20240102-10:00:06|60=20240102-10:00:06|11=B|41=A|37=O1|39=0|434=2|102=0")
    (order,) = read(log)[0]["orders"]
    assert (order["quantity"], order["price"], order["state"]) == (300, 105_000, "acknowledged")


@pytest.mark.parametrize(
    ("rest", "state"),
    [
        (b"", "new"),
        (sent("F", "11=C|41=A|55=AMZN|54=1", "10:00:05"), "pending cancel"),
        (report("11=A|17=E|150=A|39=A|54=1|14=0"), "new"),
        (report("11=A|17=E|150=8|39=8|54=1|14=0|58=no"), "rejected"),
        (report("11=A|17=E|150=C|39=C|54=1|14=0"), "expired"),
        (report("11=A|17=E|150=3|39=3|54=1|14=0"), "expired"),
        (report("11=A|17=E|150=9|39=9|54=1|14=0"), "acknowledged"),
        (report("11=A|17=E|150=B|39=B|54=1|14=0"), "expired"),
        (report("11=A|17=E|20=0|150=2|39=2|54=1|32=300|31=10|14=300"), "filled"),
        (report("11=A|17=E|20=0|150=1|39=5|54=1|32=20|31=10|14=20"), "partial"),
    ],
)
def test_states(rest: bytes, state: str) -> None:
    tables, faults = read(sent("D", _ORDER) + rest)
    assert (tables["orders"][0]["state"], faults.found) == (state, [])
    assert (tables["orders"][0]["reason"] == "no") == (state == "rejected")


def test_children_find_their_parent() -> None:
    child = "55=AMZN|54=1|40=1|526=P"
    log = (
        sent("D", "11=P|55=AMZN|54=1|38=300|40=1|847=1|1=FUND|15=USD|50=ann")
        + sent("D", f"11=C1|38=100|{child}", "10:00:01")
        + sent("D", f"11=C2|38=200|{child}", "10:00:02")
        + report("11=C1|17=E1|20=0|150=2|39=2|54=1|32=100|31=10|14=100", "10:00:03", "O2")
        + report("11=C2|17=E2|20=0|150=2|39=2|54=1|32=200|31=11|14=200", "10:00:04", "O3")
        # The same executions, told upwards.
        + report("11=P|17=U1|20=0|150=1|39=1|54=1|32=100|31=10|14=100", "10:00:03")
        + report("11=P|17=U2|20=0|150=2|39=2|54=1|32=200|31=11|14=300", "10:00:04")
    )
    tables, faults = read(log)
    assert faults.found == []
    (parent,) = tables["parents"]
    assert (parent["parent_id"], parent["quantity"], parent["algo"], parent["notes"]) == ("P", 300, "VWAP", None)
    assert (parent["account"], parent["currency"], parent["trader"]) == ("FUND", "USD", "ann")
    assert parent["end_ns"] == TEN + 4 * SECOND
    assert [(o["order_id"], o["parent_id"]) for o in tables["orders"]] == [("C1", "P"), ("C2", "P")]
    assert [(f["fill_id"], f["parent_id"]) for f in tables["fills"]] == [("E1", "P"), ("E2", "P")]
    assert faults.counts == {"parents' reports of their children's fills": 2}


def test_parents_that_the_log_does_not_hold() -> None:
    linked = "54=1|38=100|40=1|66=L"
    log = sent("D", f"11=C1|55=AMZN|{linked}") + sent("D", f"11=C2|55=AMZN|{linked}")
    tables, faults = read(log)
    assert [order["parent_id"] for order in tables["orders"]] == ["L", "L"]
    assert tables["parents"] == []
    assert [(f.kept, "2 orders name parents" in f.reason) for f in faults.found] == [(True, True)]
    # A list of several symbols is no parent; nor is an id that one order alone bears.
    tables, faults = read(sent("D", f"11=C1|55=AMZN|{linked}") + sent("D", f"11=C2|55=MSFT|{linked}"))
    assert [parent["parent_id"] for parent in tables["parents"]] == ["C1", "C2"]
    tables, _ = read(sent("D", "11=C1|55=AMZN|54=1|38=100|40=1|526=X"))
    assert tables["orders"][0]["parent_id"] == "C1"


def test_a_mapping_names_tags_of_ones_own() -> None:
    log = sent("D", _ORDER + "|5001=P7|5002=sniper|5003=20240102-09:59:00|5004=10.25")
    fields = {"parent": 5009, "algo": [5002], "decision_time": 5003, "decision_price": 5004}
    tables, faults = read(log, {"format": "fix", "fix": fields})
    assert faults.found == []
    (parent,) = tables["parents"]
    assert (parent["algo"], parent["decision_ns"], parent["decision_price"]) == ("sniper", TEN - 60 * SECOND, 10.25)
    tables, _ = read(log, {"format": "fix", "fix": {"parent": 5001}})
    assert (tables["orders"][0]["parent_id"], tables["parents"]) == ("P7", [])
    with pytest.raises(ConfigError) as caught:
        compile_fix_mapping({"format": "fix", "fix": {"parnet": 1, "algo": "x"}, "fills": {}})
    assert len(caught.value.mistakes) == 3


def test_reports_alone_make_an_order() -> None:
    body = "11=A|55=AMZN|54=5|38=300|14=0|37=O1"
    tables, faults = read(report(f"{body[:-6]}|17=E0|20=0|150=0|39=0"))
    (order,) = tables["orders"]
    assert (order["type"], order["time_in_force"], order["side"]) == ("unknown", "unknown", -1)
    assert (order["submitted_ns"], order["state"], faults.found) == (TEN + SECOND, "acknowledged", [])
    # No OrderQty: what is done and what is left.
    (order,) = read(report("11=A|55=AMZN|54=1|17=E0|20=0|150=1|39=1|32=10|31=9|14=10|151=90"))[0]["orders"]
    assert (order["quantity"], order["filled"]) == (100, 10)


def test_ids_that_begin_anew_every_day_are_other_orders() -> None:
    def next_day(raw: bytes) -> bytes:
        return raw.replace(b"20240102", b"20240103").replace(b"37=O1", b"37=O9")

    tables, faults = read(DAY + next_day(DAY))
    assert [fault for fault in faults.found if not fault.kept] == []
    assert [order["order_id"] for order in tables["orders"]] == ["A@2024-01-02", "A@2024-01-03"]
    assert [row["fill_id"] for row in tables["fills"]][-2:] == ["E1@2024-01-03", "E2@2024-01-03"]
    assert [order["filled"] for order in tables["orders"]] == [300, 300]


def test_sums_that_do_not_hold_are_told_and_the_fills_are_taken() -> None:
    log = sent("D", _ORDER) + NEW + fill("E1", 100, "10.40", 200, "10:00:02")
    tables, faults = read(log)
    assert len(tables["fills"]) == 1
    (fault,) = faults.found
    assert (fault.line, fault.kept) == (3, True)
    assert "CumQty (14) of order A is 200, its fills in this log are 100" in fault.reason
    _, faults = read(sent("D", _ORDER) + NEW + fill("E1", 100, "10.40", 100, "10:00:02", "6=10.5000"))
    assert ["AvgPx (6) of order A is 10.5" in fault.reason for fault in faults.found] == [True]
    # Of an order that lives for days, the log holds this day's.
    many = fill("E1", 100, "10.40", 200, "10:00:02", "424=200|425=100")
    assert read(sent("D", _ORDER) + many)[1].found == []


FAULTY = [
    (
        report("17=E1|20=0|150=1|39=1|54=1|32=1|31=1|14=1").replace(b"37=O1\x01", b""),
        "neither ClOrdID (11) nor OrderID",
    ),
    (report("11=B|17=E7|20=0|150=1|39=1|55=X|54=7|38=9|32=1|31=1|14=1", order="O2"), "Side (54)"),
    (report("11=B|17=E7|20=0|150=1|39=1|54=1|38=9|32=1|31=1|14=1", order="O2"), "Symbol (55)"),
    (report("11=B|17=E7|20=0|150=0|39=0|55=X|54=1", order="O2"), "OrderQty (38)"),
    (report("11=A|20=0|150=1|39=1|54=1|32=1|31=1"), "ExecID (17)"),
    (report("11=A|17=E9|20=0|150=1|39=1|54=1|32=x|31=1"), "LastQty (32)"),
    (report("11=A|17=E9|20=0|150=1|39=1|54=1|31=1"), "LastQty (32)"),
    (report("11=A|17=E9|20=0|150=1|39=1|54=1|32=5|31=-1"), "LastPx (31)"),
    (report("11=A|17=E9|20=0|150=1|39=1|54=1|32=5"), "LastPx (31)"),
    (report("11=A|17=E9|20=0|150=1|39=1|54=1|32=5|31=1", "25:00:01"), "TransactTime (60)"),
    (sent("D", "11=B|55=X|54=1|38=5|40=2|44=cheap"), "Price (44)"),
    (message("49=BRK|56=DESK|11=A"), "MsgType (35)"),
    (b"8=FIX.4.2\x019=5\x0135=8\x0111=A\x01 and then nothing\n", "cut short"),
    (report("11=A|17=E9|150=1|39=1|oops|32=5|31=1"), "a field without a tag"),
    (report("11=A|17=E9|17=E8|150=1|39=1|32=5|31=1"), "stands twice"),
]


@pytest.mark.parametrize(("line", "reason"), FAULTY)
def test_a_bad_message_is_a_fault_with_its_line(line: bytes, reason: str) -> None:
    lines = DAY.split(b"\n")
    log = b"\n".join(lines[:2]) + b"\n" + line + b"\n".join(lines[2:])
    tables, faults = read(log)
    refused = [fault for fault in faults.found if not fault.kept]
    assert {fault.line for fault in refused} == {3}
    assert any(reason in fault.reason for fault in refused)
    assert [row["fill_id"] for row in tables["fills"] if row["order_id"] == "A"] == ["E1", "E2"]
    assert faults.rows == 5


def test_wrong_lengths_and_sums_are_told_once_and_spoil_nothing() -> None:
    tables, faults = read(DAY.replace(b"10.4", b"10.6").replace(b"9=", b"9=1"))
    assert len(tables["fills"]) == 2
    remarks = [fault for fault in faults.found if "BodyLength" in fault.reason]
    assert [(fault.line, fault.kept) for fault in remarks] == [(1, True)]
    assert "4 of 4 messages" in remarks[0].reason
    assert faults.refused == 0


def test_data_fields_may_hold_separators() -> None:
    raw = "95=12|96=x\x0132=7\x0110=00|"
    log = sent("D", _ORDER) + NEW + fill("E1", 300, "10.40", 300, "10:00:02", raw + "354=3|355=\x01\x01\x01")
    tables, faults = read(log)
    assert (tables["fills"][0]["quantity"], faults.found) == (300, [])
    # A length that leads nowhere is not believed.
    tables, faults = read(log.replace(b"95=12", b"95=99"))
    assert [fault.reason for fault in faults.found if not fault.kept] != []


def test_groups_are_read_or_passed_over() -> None:
    groups = "453=2|448=GSCO|447=D|452=1|448=bob|447=D|452=12|15=USD|12=3|13=3"
    groups += "|136=2|137=0.5|138=USD|139=4|137=0.25|138=USD|139=1"
    tables, faults = read(sent("D", _ORDER) + NEW + fill("E1", 300, "10.40", 300, "10:00:02", groups))
    assert faults.found == []
    assert tables["fills"][0]["fee"] == 3.75
    assert (tables["parents"][0]["broker"], tables["parents"][0]["trader"]) == ("GSCO", "bob")
    _, faults = read(sent("D", _ORDER) + fill("E1", 300, "10.40", 300, "10:00:02", "12=3"))
    assert [("commissions" in fault.reason, fault.kept) for fault in faults.found] == [(True, True)]
    tables, faults = read(sent("D", _ORDER) + fill("E1", 300, "10.40", 300, "10:00:02", "12=0.0005|13=2"))
    assert tables["fills"][0]["fee"] == pytest.approx(0.0005 * 300 * 10.4)


def test_trade_dates_and_options() -> None:
    log = sent("D", _ORDER) + fill("E1", 300, "10.40", 300, "23:30:00")
    tables, _ = read(log, timezone="Asia/Tokyo", venue="XTKS", currency="JPY")
    assert (tables["fills"][0]["date"], tables["fills"][0]["venue"]) == ("2024-01-03", "XTKS")
    assert (tables["parents"][0]["currency"], tables["parents"][0]["date"]) == ("JPY", "2024-01-02")
    tables, _ = read(log.replace(b"\x0132=", b"\x0175=20240105\x0132="))
    assert tables["fills"][0]["date"] == "2024-01-05"
    (order,) = read(sent("D", "11=A|55=BRK|65=B|54=1|38=1|40=1"))[0]["orders"]
    assert (order["symbol"], order["type"], order["price"]) == ("BRK.B", "market", None)
    (order,) = read(sent("D", "11=A|55=[N/A]|48=US0231351067|54=1|38=0.5|40=1|59=3"))[0]["orders"]
    assert (order["symbol"], order["time_in_force"]) == ("US0231351067", "ioc")
    assert (order["quantity"], order["size_scale"]) == (5, 10)


def test_files_that_are_no_logs_of_orders() -> None:
    assert not FixReader().sniff(Path("a.csv"), b"timestamp,price\n1,58=FIX.4.2 engine\n")
    with pytest.raises(DataError, match="no FIX message"):
        read(b"hello 108=FIX\n")
    with pytest.raises(DataError, match="speaks of an order"):
        read(message("35=0|49=A|56=B"))


def test_mutations_give_rows_faults_or_one_error() -> None:
    chance = random.Random(5)
    log = DAY + sent("G", "11=B|41=A|55=AMZN|54=1|38=500|40=2|44=10.6|95=3|96=a\x01b", "10:00:05")
    log += report("11=B|41=A|17=E7|19=E1|20=2|150=1|39=1|54=1|32=90|31=10.3|14=290|453=1|448=X|452=1", "10:00:06")
    for trial in range(300):
        raw = bytearray(log)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(raw))
            how = chance.randrange(4)
            if how == 0:
                raw[at] = chance.randrange(256)
            elif how == 1:
                del raw[at : at + chance.randint(1, 60)]
            elif how == 2:
                raw[at:at] = raw[chance.randrange(len(raw)) :][: chance.randint(1, 300)]
            else:
                found = bytes(raw).find(b"9=", at)
                raw[max(found, 0) + 2 : max(found, 0) + 2] = b"%d" % chance.randrange(10**9)
        try:
            tables, faults = read(bytes(raw))
        except DataError:
            continue
        assert all(fault.reason and fault.line > 0 for fault in faults.found), trial
        ids = [row["fill_id"] for row in tables["fills"]]
        assert len(ids) == len(set(ids))


@pytest.mark.real
def test_a_simulator_session(real_data: Path) -> None:
    path = real_data / "fix" / "FIX.09-Jan-2018.log"
    tables, faults = read(path.read_bytes())
    assert (len(tables["fills"]), len(tables["orders"]), len(tables["parents"])) == (42, 4, 4)
    assert [fault.kept for fault in faults.found] == [True]
    assert faults.rows == 2915

    def expected(name: str) -> list[tuple[str, int, str, datetime]]:
        with (real_data / "fix" / "expected" / name).open(newline="") as file:
            rows = [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(file)]
        return [
            (
                row["Stock Code"],
                int(row.get("Transaction Quantity") or row["Total Quantity"]),
                row["Transaction Reference ID"],
                datetime.strptime(row["Transaction Time"], "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC),
            )
            for row in rows
        ]

    def moment(ns: int) -> datetime:
        return datetime.fromtimestamp(ns // SECOND, tz=UTC)

    fills = [(r["symbol"], r["quantity"], r["order_id"], moment(r["ts_ns"])) for r in tables["fills"]]
    assert fills == expected("output_execu.csv")
    assert {row["price"] / row["price_scale"] for row in tables["fills"]} == {25.0}
    orders = [(r["symbol"], r["quantity"], r["order_id"], moment(r["submitted_ns"])) for r in tables["orders"]]
    assert orders == expected("output_orders.csv")
    assert {(row["side"], row["state"]) for row in tables["orders"]} == {(1, "filled")}
    assert {row["account"] for row in tables["parents"]} == {"TEST1234"}
