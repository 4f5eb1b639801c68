"""DBN definitions and other notices, symbols by date, publishers, and mixed streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dbn_files import (
    DAY,
    NANO,
    NO_TIME,
    NOON,
    UNDEFINED,
    events,
    header,
    order,
    read,
    record,
    touch,
    window,
)

from tcakit.errors import UsageError
from tcakit.feeds.dbn_stream import (
    BBO_1S,
    DEFINITION,
    ERROR,
    IMBALANCE,
    MBP_1,
    STATISTICS,
    STATUS,
    SYMBOL_MAPPING,
    SYSTEM,
    TRADES,
)

# --- notices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_definition_says_tick_lot_currency_and_is_kept(version: int) -> None:
    defined = record(
        DEFINITION, version=version, min_price_increment=NANO // 4, currency=b"EUR", raw_symbol=b"XYZ", min_lot_size=2,
        strike_price=UNDEFINED,
    )  # fmt: skip
    body = defined + order("A", price=10.5, size=6, version=version)
    got = read(header(None, version=version, mappings={}, dataset="GLBX.MDP3") + body)
    (instrument,) = got.instruments
    assert instrument.tick_from == "definition"
    assert (instrument.symbol, instrument.currency, instrument.tick_size, instrument.lot_size) == (
        "XYZ",
        "EUR",
        2_500,
        2,
    )
    (row,) = got.frame("notices").rows(named=True)
    detail = json.loads(row["detail"])
    assert row["kind"] == "definition"
    assert (detail["raw_symbol"], detail["min_price_increment"], detail["min_lot_size"]) == ("XYZ", "0.25", 2)
    assert "strike_price" not in detail
    assert "length" not in detail
    # Prices that do not keep to the definition's tick are not lost.
    off = read(header(None, version=version, mappings={}) + defined + order("A", price=10.3, version=version))
    assert (off.instruments[0].tick_size, off.instruments[0].tick_from) == (500, "inferred")
    assert (
        read(header(None, version=version, mappings={}) + body, tick_size="0.01", lot_size="3").instruments[0].tick_size
        == 100
    )


def test_status_statistics_and_imbalance_are_notices_in_words() -> None:
    got = read(
        header("status")
        + record(STATUS, action=8, reason=50, is_trading=b"N", is_quoting=b"~")
        + record(STATISTICS, stat_type=3, price=10 * NANO, quantity=UNDEFINED, ts_ref=NO_TIME)
        + record(STATISTICS, stat_type=6, quantity=123, update_action=1)
        + record(IMBALANCE, ref_price=NANO // 8, paired_qty=9, side=b"B")
        + record(STATUS, action=999)
    )
    assert got.reasons == []
    rows = [(row["kind"], json.loads(row["detail"])) for row in got.frame("notices").iter_rows(named=True)]
    by_kind = [detail for kind, detail in rows if kind == "status"]
    assert (by_kind[0]["action"], by_kind[0]["reason"], by_kind[0]["is_trading"]) == ("halt", "luld pause", "N")
    assert "is_quoting" not in by_kind[0]
    assert by_kind[1]["action"] == 999
    settled, volume = (detail for kind, detail in rows if kind == "statistics")
    assert (settled["stat_type"], settled["price"]) == ("settlement price", "10")
    assert not {"quantity", "ts_ref"} & set(settled)
    assert (volume["quantity"], "price" in volume) == (123, False)
    (imbalance,) = (detail for kind, detail in rows if kind == "imbalance")
    assert (imbalance["ref_price"], imbalance["paired_qty"]) == ("0.125", 9)


# --- names ------------------------------------------------------------------------------------------------------------


def symbols(mappings: dict[str, list[tuple[str, str, str]]] | None, *bodies: bytes, **more: Any) -> list[str]:
    options = {key: more.pop(key) for key in ("symbol", "venue") if key in more}
    frame = read(header(mappings=mappings, **more) + b"".join(bodies), **options).frame("book_events")
    return frame.sort("ts_ns", maintain_order=True)["symbol"].to_list()


def test_symbols_are_mapped_by_date() -> None:
    later = NOON + DAY
    renamed = {"OLD": [("2024-03-01", "2024-03-06", "7")], "NEW": [("2024-03-06", "2024-03-31", "7")]}
    assert symbols(renamed, order("A"), order("A", ts_event=later)) == ["OLD", "NEW"]
    daily = {"ABC": [("2024-03-05", "2024-03-06", "7"), ("2024-03-06", "2024-03-07", "8")]}
    assert symbols(daily, order("A"), order("A", ts_event=later, instrument_id=8)) == ["ABC", "ABC"]
    by_id = {"7": [("2024-03-01", "2024-03-31", "ABC")]}
    assert symbols(by_id, order("A"), stype_in="instrument_id", stype_out="raw_symbol") == ["ABC"]


def test_a_name_of_two_contracts_on_one_trade_date_does_not_mix_their_books() -> None:
    rolled = {"ES.c.0": [("2024-03-05", "2024-03-06", "7"), ("2024-03-06", "2024-03-07", "8")]}
    two = (order("A"), order("A", instrument_id=8, ts_event=NOON + DAY))
    assert symbols(rolled, *two, dataset="GLBX.MDP3", stype_in="continuous") == ["ES.c.0:7", "ES.c.0:8"]
    parent = {"ES.FUT": [("2024-03-05", "2024-03-07", "7"), ("2024-03-05", "2024-03-07", "8")]}
    assert symbols(parent, *two, stype_in="parent") == ["ES.FUT:7", "ES.FUT:8"]


def test_without_a_mapping_the_user_or_the_id_names_it() -> None:
    assert symbols({}, order("A")) == ["7"]
    assert symbols({}, order("A"), symbol="MINE") == ["MINE"]
    assert symbols(None, order("A"), symbol="MINE") == ["MINE"]
    with pytest.raises(UsageError, match="2 instruments"):
        symbols({}, order("A"), order("A", instrument_id=8), symbol="MINE")
    with pytest.raises(UsageError, match="date"):
        read(header() + order("A"), date="2024-03-05")


def test_publishers_of_one_instrument_have_books_of_their_own() -> None:
    got = read(
        header(dataset="DBEQ.BASIC")
        + order("A", "B", 10.0, 5, 1, publisher_id=39)
        + order("A", "B", 10.0, 7, 1, publisher_id=40, ts_event=NOON + 1)
    )
    assert events(got, "venue", "kind", "level_size") == [("DBEQ-39", "add", 5), ("DBEQ-40", "add", 7)]
    trade = {"action": b"T", "side": b"B", "price": NANO, "size": 1}
    prints = read(header("trades") + record(TRADES, **trade, publisher_id=39) + record(TRADES, **trade))
    assert set(prints.frame("trades")["venue"]) == {"XNAS"}


def test_a_live_stream_of_several_schemas_tells_everything_once() -> None:
    mapped = record(SYMBOL_MAPPING, stype_in_symbol=b"ES.c.0", stype_out_symbol=b"ESH4")
    print_ = {"action": b"T", "side": b"B", "price": 10 * NANO, "size": 2}
    got = read(
        header(None, mappings={}, dataset="GLBX.MDP3", start=NOON + 50 * DAY, end=None)
        + mapped
        + record(SYSTEM, msg=b"Heartbeat")
        + order("A", price=10.0)
        + window("A", [(10.0, 5)], [])
        + touch(MBP_1, 10.0, 10.5, **print_)
        + touch(BBO_1S, 10.0, 10.5, side=b"N")
        + record(TRADES, **print_)
        + record(ERROR, err=b"slow reader", instrument_id=0)
        + order("A", price=9.0, instrument_id=8, order_id=2)
    )
    assert got.reasons == [(8, "the sender reports an error")]
    assert (got.faults.found[0].text, got.faults.found[0].kept) == ("slow reader", True)
    assert got.faults.counts == {"system messages": 1, "records of a schema that tells less": 2}
    counts = {table: got.frame(table).height for table in ("book_events", "quotes", "trades")}
    assert counts == {"book_events": 2, "quotes": 1, "trades": 1}
    assert set(got.frame("book_events")["symbol"]) == {"ESH4", "8"}
