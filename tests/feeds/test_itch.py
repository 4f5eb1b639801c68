"""ITCH 5.0 messages made by hand: what each becomes, and what is refused; and published books of real files."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from itch_files import (
    ACME,
    BETA,
    DATE,
    MIDNIGHT,
    NAME,
    OPEN,
    add,
    cancelled,
    cross,
    deleted,
    directory,
    executed,
    framed,
    halt,
    hidden,
    message,
    n,
    priced,
    replaced,
    stock,
    system,
)

from benchmarks.itch_file import itch_bytes
from tcakit.errors import DataError, UsageError
from tcakit.feeds import itch, itch_quotes, itch_state
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.itch import ItchReader, file_date
from tcakit.feeds.itch_quotes import quotes_and_trades
from tcakit.jobs.book import book_at
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.market import codes
from tcakit.market.clock import parse_time
from tcakit.market.instrument import Instrument


def read(content: bytes | Path, name: str = NAME, **options: str) -> tuple[list[Batch], Faults]:
    faults = Faults()
    source = Source(name, (Path(name),), ((name, content),), "0")
    return list(ItchReader().read(source, ReaderOptions(**options), faults)), faults


def table(batches: list[Batch], name: str = "book_events") -> pl.DataFrame:
    return pl.concat([batch.frame for batch in batches if batch.table == name])


def rows(batches: list[Batch]) -> list[tuple[object, ...]]:
    """(kind, side, price, size, level_size, order_id) of each event."""
    names = ("side", "price", "size", "level_size", "order_id")
    return [
        (codes.EVENT_NAMES[row["kind"]], *(row[name] for name in names)) for row in table(batches).iter_rows(named=True)
    ]


def events(*messages: bytes, **options: str) -> list[tuple[object, ...]]:
    batches, faults = read(framed(*messages), **options)
    assert faults.found == []
    return rows(batches)


def named(batches: list[Batch]) -> dict[int, Instrument]:
    return {key: value for batch in batches for key, value in batch.instruments.items()}


def test_orders_move_the_displayed_size_of_their_level() -> None:
    assert events(
        add(1, shares=100),
        add(2, shares=50),
        executed(1, 40),
        cancelled(2, 10),
        cancelled(2, 40),
        add(3, "S", 70, 1_000_200),
        replaced(3, 4, 60, 1_000_300),
        deleted(1),
        executed(4, 60),
    ) == [
        ("add", 1, 1_000_000, 100, 100, 1),
        ("add", 1, 1_000_000, 50, 150, 2),
        ("execute", 1, 1_000_000, 40, 110, 1),
        ("reduce", 1, 1_000_000, 10, 100, 2),
        ("delete", 1, 1_000_000, 40, 60, 2),
        ("add", -1, 1_000_200, 70, 70, 3),
        ("delete", -1, 1_000_200, 70, 0, 3),
        ("add", -1, 1_000_300, 60, 60, 4),
        ("delete", 1, 1_000_000, 60, 0, 1),
        ("execute", -1, 1_000_300, 60, 0, 4),
    ]


def test_an_attributed_order_is_an_order() -> None:
    body = n(1, 8) + b"S" + n(10, 4) + stock("ACME") + n(1_000_000, 4) + b"MAKR"
    assert events(message("F", body)) == [("add", -1, 1_000_000, 10, 10, 1)]


def test_times_count_from_midnight_in_new_york() -> None:
    batches, _ = read(framed(add(1, ns=OPEN + 17)))
    assert table(batches)["ts_ns"].to_list() == [MIDNIGHT + OPEN + 17]
    assert {batch.date for batch in batches} == {DATE}
    # The clock changed at two on that morning; midnight was another offset than noon.
    shifted, _ = read(framed(add(1)), name="20260308.NASDAQ_ITCH50")
    assert table(shifted)["ts_ns"].to_list() == [parse_time("09:30:00", date="2026-03-08", timezone="America/New_York")]


def test_prints_carry_match_number_and_their_own_price() -> None:
    batches, _ = read(
        framed(
            add(1),
            executed(1, 10, match=71),
            priced(1, 10, "Y", 999_900),
            priced(1, 10, "Y", 1_000_000),
            priced(1, 10, "N", 999_900),
            hidden("B"),
            hidden("S"),
            cross(900),
            message("B", n(71, 8)),
        )
    )
    frame = table(batches)
    assert [codes.EVENT_NAMES[kind] for kind in frame["kind"]] == [
        "add", "execute", "execute", "execute", "execute unprinted", "print hidden", "print hidden", "print cross",
        "bust",
    ]  # fmt: skip
    assert frame["trade_id"].to_list() == [None, 71, 56, 56, 56, 57, 57, 58, 71]
    assert frame["print_price"].to_list() == [None, None, 999_900, None, 999_900, None, None, None, None]
    assert frame["level_size"].to_list() == [100, 90, 80, 70, 60, None, None, None, None]
    # Since July 2014 the venue writes B for every hidden order.
    assert frame["side"].to_list() == [1, 1, 1, 1, 1, 0, -1, 0, 0]
    assert frame["price"].to_list()[-4:] == [1_000_050, 1_000_050, 1_000_100, None]
    assert frame["size"].to_list()[-4:] == [30, 30, 900, None]


def test_the_side_of_a_hidden_buy_was_told_once() -> None:
    assert events(hidden("B"), date="2014-07-11")[0][1] == 1
    assert events(hidden("B"), date="2014-07-14")[0][1] == 0


def test_a_cross_without_shares_is_a_notice_only() -> None:
    batches, faults = read(framed(cross(0, price=0)))
    assert faults.found == []
    assert [batch.table for batch in batches] == ["notices"]


@pytest.mark.parametrize(
    ("state", "kind"), [("H", "halt"), ("P", "halt"), ("Q", "quote resume"), ("T", "trade resume")]
)
def test_trading_states_are_events_and_notices(state: str, kind: str) -> None:
    batches, faults = read(framed(halt(state)))
    assert faults.found == []
    assert rows(batches) == [(kind, 0, None, None, None, None)]
    (detail,) = table(batches, "notices")["detail"].to_list()
    assert json.loads(detail) == {"stock": "ACME", "trading_state": state, "reason": "T1"}


def test_an_operational_halt_of_another_market_is_a_notice_only() -> None:
    def operational(market: str, action: str) -> bytes:
        return message("h", stock("ACME") + market.encode() + action.encode())

    batches, _ = read(framed(operational("Q", "H"), operational("B", "H"), operational("Q", "T")))
    assert [row[0] for row in rows(batches)] == ["halt", "trade resume"]
    assert table(batches, "notices").height == 3


NOTICES = [
    (directory(), "definition", {"stock": "ACME", "round_lot_size": 100, "issue_subtype": "Z", "inverse": "N"}),
    (message("Y", stock("ACME") + b"1"), "short sale restriction", {"stock": "ACME", "action": "1"}),
    (message("L", b"MAKR" + stock("ACME") + b"YNA"), "market maker", {"mpid": "MAKR", "mode": "N", "state": "A"}),
    (
        message("K", stock("ACME") + n(36_000, 4) + b"A" + n(170_000, 4)),
        "ipo quotation",
        {"ipo_release_time": 36_000, "qualifier": "A", "ipo_price": 170_000},
    ),
    (
        message("J", stock("ACME") + n(100, 4) + n(110, 4) + n(90, 4) + n(2, 4)),
        "auction collar",
        {"reference_price": 100, "upper_price": 110, "lower_price": 90, "extension": 2},
    ),
    (
        message("I", n(5, 8) + n(6, 8) + b"B" + stock("ACME") + n(7, 4) + n(8, 4) + n(9, 4) + b"OL"),
        "imbalance",
        {"paired_shares": 5, "imbalance_shares": 6, "direction": "B", "far_price": 7, "near_price": 8,
         "reference_price": 9, "cross_type": "O", "price_variation": "L"},
    ),
    (message("N", stock("ACME") + b"A"), "retail interest", {"interest": "A"}),
    (
        message("O", stock("ACME") + b"Y" + n(1, 4) + n(2, 4) + n(3, 4) + n(4, 8) + n(5, 4) + n(6, 4)),
        "direct listing",
        {"eligible": "Y", "lowest_price": 1, "highest_price": 2, "near_execution_price": 3,
         "near_execution_time": 4, "lower_collar": 5, "upper_collar": 6},
    ),
    (
        message("V", n(1, 8) + n(2, 8) + n(3, 8), locate=0),
        "circuit breaker levels",
        {"level_1": 1, "level_2": 2, "level_3": 3},
    ),
    (message("W", b"2", locate=0), "circuit breaker", {"level": "2"}),
    (system("O"), "system event", {"event_code": "O"}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "kind", "wanted"), NOTICES, ids=[kind for _, kind, _ in NOTICES])
def test_all_else_is_a_notice(given: bytes, kind: str, wanted: dict[str, object]) -> None:
    batches, faults = read(framed(given))
    assert faults.found == []
    (row,) = table(batches, "notices").to_dicts()
    assert (row["kind"], row["ts_ns"]) == (kind, MIDNIGHT + OPEN)
    detail = json.loads(row["detail"])
    assert wanted.items() <= detail.items()
    (batch,) = batches
    assert batch.instruments[row["local_id"]].symbol == ("XNAS" if row["local_id"] == 0 else "ACME")


def test_notices_keep_the_order_of_the_file() -> None:
    batches, _ = read(framed(*(given for given, _, _ in NOTICES)))
    frame = table(batches, "notices")
    assert frame["kind"].to_list() == [kind for _, kind, _ in NOTICES]
    assert frame["seq"].to_list() == list(range(len(NOTICES)))


def test_many_symbols_come_side_by_side_and_one_can_be_chosen() -> None:
    data = framed(
        system("O"),
        directory("ACME", ACME),
        directory("BETA", BETA),
        add(1),
        add(2, name="BETA", locate=BETA, price=4_005),
        deleted(2, locate=BETA),
        executed(1, 5),
    )
    batches, _ = read(data)
    frame = table(batches)
    assert frame["local_id"].to_list() == [ACME, BETA, BETA, ACME]
    assert {key: value.symbol for key, value in named(batches).items()} == {0: "XNAS", ACME: "ACME", BETA: "BETA"}
    assert (named(batches)[ACME].tick_size, named(batches)[BETA].tick_size) == (100, 1)
    chosen, faults = read(data, symbol="BETA")
    assert faults.found == []
    assert rows(chosen) == [("add", 1, 4_005, 100, 100, 2), ("delete", 1, 4_005, 100, 0, 2)]
    assert {value.symbol for value in named(chosen).values()} == {"BETA"}


def test_the_session_is_the_venues_own_word() -> None:
    batches, _ = read(framed(system("Q"), add(1), system("M", OPEN + 100)))
    told = named(batches)[ACME]
    assert (told.session_open_ns, told.session_close_ns) == (MIDNIGHT + OPEN, MIDNIGHT + OPEN + 100)
    silent, _ = read(framed(add(1)))
    assert named(silent)[ACME].session_open_ns is None


def test_options_overrule_units_and_venue() -> None:
    batches, _ = read(framed(add(1)), tick_size="0.05", lot_size="100", venue="TEST", currency="EUR")
    told = named(batches)[ACME]
    assert (told.tick_size, told.lot_size, told.venue, told.currency) == (500, 100, "TEST", "EUR")


REFUSED = [
    ([executed(9, 1)], 2, "no live order"),
    ([deleted(9)], 2, "no live order"),
    ([deleted(2**64 - 1)], 2, "no live order"),
    ([replaced(9, 10, 1, 100)], 2, "no live order"),
    ([executed(1, 101)], 2, "more shares"),
    ([cancelled(1, 101)], 2, "more shares"),
    ([executed(1, 0)], 2, "shares is zero"),
    ([executed(1, 1, match=2**63)], 2, "match number"),
    ([executed(1, 1, locate=BETA)], 2, "another symbol"),
    ([priced(1, 1, "Y", 0)], 2, "price is zero"),
    ([priced(1, 1, "?", 100)], 2, "does not know"),
    ([add(1)], 2, "live already"),
    ([replaced(1, 1, 10, 100)], 2, "live already"),
    ([replaced(1, 2, 0, 100)], 2, "shares is zero"),
    ([replaced(1, 2, 1, 0)], 2, "price is zero"),
    ([add(2, side="?")], 2, "neither B nor S"),
    ([add(2, shares=0)], 2, "shares is zero"),
    ([add(2, price=0)], 2, "price is zero"),
    ([add(2, price=2**31)], 2, "too large"),
    ([add(2**63 - 1)], 2, "63 bits"),
    ([add(2, name="BETA")], 2, "stands for another symbol"),
    ([add(2, locate=BETA)], 2, "another stock locate"),
    ([add(2, name="B\xc3A", locate=BETA)], 2, "no text"),
    ([add(2, name="A B", locate=BETA)], 2, "no text"),
    ([add(2, locate=0)], 2, "for no symbol"),
    ([message("B", n(1, 8), locate=BETA)], 2, "for no symbol"),
    ([message("B", n(2**63, 8))], 2, "match number"),
    ([hidden("?")], 2, "neither B nor S"),
    ([hidden(shares=0)], 2, "shares is zero"),
    ([hidden(price=0)], 2, "price is zero"),
    ([hidden(match=2**63)], 2, "match number"),
    ([cross(2**63)], 2, "too large"),
    ([cross(5, price=0)], 2, "price is zero"),
    ([cross(5, match=2**63)], 2, "match number"),
    ([halt("?")], 2, "does not know"),
    ([message("h", stock("ACME") + b"QQ")], 2, "does not know"),
    ([add(2, ns=OPEN - 1)], 2, "backwards"),
    ([add(2, ns=86_400_000_000_000)], 2, "no time of day"),
    ([message("z", b"12345")], 2, "unknown type"),
    ([add(2) + b"x"], 2, "length"),
    ([add(2)[:-1]], 2, "length"),
]


@pytest.mark.parametrize(("bad", "number", "reason"), REFUSED)
def test_one_bad_message_is_told_and_changes_nothing(bad: list[bytes], number: int, reason: str) -> None:
    batches, faults = read(framed(add(1), *bad, executed(1, 100, ns=OPEN + 1)))
    (fault,) = faults.found
    assert (fault.path, fault.line) == (NAME, number)
    assert reason in fault.reason
    assert fault.text is not None
    assert bad[0].hex().startswith(fault.text[:20]) or bad[0].hex().startswith(fault.text[4:24])
    assert rows(batches) == [("add", 1, 1_000_000, 100, 100, 1), ("execute", 1, 1_000_000, 100, 0, 1)]
    assert faults.rows == 3


def test_after_damage_reading_goes_on_at_the_next_message() -> None:
    good = [framed(add(k, ns=OPEN + k)) for k in range(1, 9)]
    # The length is wrong and leads nowhere, and some bytes are lost.
    broken = b"\x00\x31" + good[3][2:20]
    batches, faults = read(b"".join(good[:3]) + broken + b"".join(good[4:]))
    assert table(batches)["order_id"].to_list() == [1, 2, 3, 5, 6, 7, 8]
    assert [fault.line for fault in faults.found] == [4]


def test_a_file_cut_short_is_told_and_a_closing_zero_is_not() -> None:
    batches, faults = read(framed(add(1), add(2))[:-5])
    assert table(batches)["order_id"].to_list() == [1]
    assert [(fault.line, "ends within" in fault.reason) for fault in faults.found] == [(2, True)]
    _, faults = read(framed(add(1)) + b"\0\0")
    assert faults.found == []
    _, faults = read(framed(add(1)) + b"\0")
    assert len(faults.found) == 1


def test_lengths_left_zero_are_those_of_the_types() -> None:
    data = b"".join(b"\0\0" + one for one in (directory(), add(1), executed(1, 5)))
    batches, faults = read(data)
    assert faults.found == []
    assert [row[0] for row in rows(batches)] == ["add", "execute"]
    assert ItchReader().sniff(Path("x.bin"), data)


def test_pieces_of_any_size_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [directory(), directory("BETA", BETA)]
    for k in range(1, 6_000):
        messages.append(add(k, "BS"[k % 2], 100 + k % 7, 1_000_000 + 100 * (k % 900), ns=OPEN + k))
        if k > 500 and k % 3:
            messages.append(deleted(k - 400, ns=OPEN + k) if k % 401 else message("z", b"12345", ns=OPEN + k))
    data = framed(*messages)
    whole, whole_faults = read(data)
    path = tmp_path / NAME
    path.write_bytes(data)
    monkeypatch.setattr(itch, "_CHUNK_BYTES", 140_000)
    monkeypatch.setattr(itch, "_ROWS", 257)
    pieces, faults = read(path)
    assert len(pieces) > 20
    assert table(pieces).drop("seq").equals(table(whole).drop("seq"))
    assert table(pieces)["seq"].to_list() == list(range(table(whole).height))
    assert [(f.line, f.reason, f.text) for f in faults.found] == [
        (f.line, f.reason, f.text) for f in whole_faults.found
    ]
    assert len(faults.found) == 9


def test_the_book_is_that_of_plain_dictionaries() -> None:
    """Many orders, of which some outlive the table of recent ones, at more prices than there is room for at first."""
    chance = random.Random(3)
    live: dict[int, list[int]] = {}
    shown: dict[tuple[int, int], int] = {}
    messages, wanted = [], []
    for k in range(1, 60_001):
        if chance.random() < 0.55 or not live:
            side, price, shares = chance.choice((1, -1)), 100 * chance.randint(1, 4_000), chance.randint(1, 500)
            ref = k * (1 if k % 2 else 2_048)
            live[ref] = [side, price, shares]
            shown[side, price] = shown.get((side, price), 0) + shares
            messages.append(add(ref, "B" if side > 0 else "S", shares, price))
        else:
            ref = chance.choice(list(live)[-200:] if k % 2 else list(live)[:50])
            side, price, shares = live[ref]
            taken = shares if chance.random() < 0.7 else chance.randint(1, shares)
            messages.append(deleted(ref) if taken == shares else executed(ref, taken))
            shown[side, price] -= taken
            live[ref][2] -= taken
            if taken == shares:
                del live[ref]
        wanted.append(shown[side, price])
    batches, faults = read(framed(*messages))
    assert faults.found == []
    assert table(batches)["level_size"].to_list() == wanted


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("01302020.NASDAQ_ITCH50", "2020-01-30"),
        ("AAPL_20200130_first10k.NASDAQ_ITCH50.bin", "2020-01-30"),
        ("S071019-v50.txt", "2019-07-10"),
        ("ex20101224.TEST_ITCH_50", "2010-12-24"),
        ("itch_2020-01-30.bin", "2020-01-30"),
        ("13452020.itch", None),
        ("day.itch", None),
    ],
)
def test_the_date_is_in_the_name(name: str, date: str | None) -> None:
    assert file_date(name) == date


def test_a_file_that_names_no_day_needs_one() -> None:
    with pytest.raises(UsageError, match="--date"):
        read(framed(add(1)), name="day.itch")
    batches, _ = read(framed(add(1)), name="day.itch", date=DATE)
    assert batches[0].date == DATE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"symbol": "ACMEX"}, "did you mean ACME"),
        ({"symbol": "TOOLONGNAME"}, "no NASDAQ symbol"),
        ({"tick_size": "0.00001"}, "--tick-size"),
        ({"tick_size": "x"}, "--tick-size"),
        ({"lot_size": "0"}, "--lot-size"),
        ({"date": "soon"}, "--date"),
    ],
)
def test_wrong_options_are_told(options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(framed(add(1)), **options)


@pytest.mark.parametrize("data", [b"hello, this is no ITCH file at all", b"\0" * 500, bytes(range(256)) * 4])
def test_other_files_are_refused_whole(data: bytes) -> None:
    with pytest.raises(DataError, match="no message of ITCH"):
        read(data)
    assert not ItchReader().sniff(Path("x.itch"), data)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        read(b"")


def test_a_flood_of_bad_messages_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(itch, "_MOST_FAULTS", 10)
    with pytest.raises(DataError, match="more than 10 messages"):
        read(framed(*[deleted(5)] * 20))


def test_bad_files_never_end_in_anything_but_faults() -> None:
    chance = random.Random(1)
    good = framed(
        system("O"), directory(), *(given for given, _, _ in NOTICES), *(add(k, ns=OPEN + k) for k in range(1, 9)),
        executed(1, 5, ns=OPEN + 9), priced(2, 5, "Y", 100, ns=OPEN + 9), replaced(3, 30, 5, 300, ns=OPEN + 9),
        hidden(ns=OPEN + 10), cross(7, ns=OPEN + 10), halt("H", ns=OPEN + 11), deleted(4, ns=OPEN + 12),
    )  # fmt: skip
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[where] ^= 1 << chance.randrange(8)
                case 1:
                    data[where] = chance.randrange(256)
                case 2:
                    del data[where : where + chance.randint(1, 40)]
                case _:
                    data[where:where] = chance.randbytes(chance.randint(1, 40))
            if len(data) < 4:
                data = bytearray(good)
        try:
            batches, faults = read(bytes(data))
        except DataError:
            continue
        book = [batch.frame for batch in batches if batch.table == "book_events"]
        for frame in book:
            assert frame["level_size"].drop_nulls().ge(0).all()
            assert frame["ts_ns"].is_sorted()
        assert all(fault.reason and fault.line > 0 for fault in faults.found)


def test_a_stored_book_counts_no_order_that_went_without_a_print(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(framed(add(1), add(2), priced(1, 100, "N", 999_900)))
    done = ingest(tmp_path / "store", IngestRequest([str(tmp_path)]))  # the folder: the name says what it is
    assert [entry["format"] for entry in done["files"]] == ["itch"]
    assert book_at(tmp_path / "store", "ACME", "10:00:00")["bids"] == [[100.0, 100.0, 1]]


# --- real files ------------------------------------------------------------------------------------------------


@pytest.mark.real
def test_a_real_mornings_book_is_the_published_one(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "itch" / "AAPL_20200130_first10k.NASDAQ_ITCH50.bin"
    published = json.loads((real_data.parent / "oracles" / "market_data.json").read_text())
    oracle = published["itch_runk_AAPL_20200130"]
    done = ingest(tmp_path / "store", IngestRequest([str(path)]))
    assert (done["faults"], done["files"][0]["format"]) == (0, "itch")
    book = book_at(tmp_path / "store", "AAPL", "09:00:00", levels=1_000)
    for side, key, levels in (("bid", "bids", 79), ("ask", "asks", 63)):
        assert len(book[key]) == levels
        # The published list says its best five twice.
        assert [list(level) for level in book[key]] == oracle["book_after_10000_messages"][side][:levels]
    batches, faults = read(path, name=path.name)
    assert (faults.rows, len(faults.found)) == (10_000, 0)
    counts = oracle["counts"]
    kinds = dict(table(batches)["kind"].value_counts().iter_rows())
    assert kinds == {
        codes.ADD: counts["A"] + counts["F"] + counts["U"],
        codes.EXECUTE: counts["E"],
        codes.REDUCE: counts["X"],
        codes.DELETE: counts["D"] + counts["U"],
        codes.PRINT_HIDDEN: counts["P"],
        codes.TRADE_RESUME: counts["H"],
    }
    notices = dict(table(batches, "notices")["kind"].value_counts().iter_rows())
    assert notices == {"definition": 1, "status": 1, "short sale restriction": 1, "market maker": 52}


@pytest.mark.real
def test_a_synthetic_file_has_its_documented_counts(real_data: Path) -> None:
    path = real_data / "itch" / "RITCH_synthetic_ex20101224.TEST_ITCH_50.gz"
    batches, faults = read(gzip.decompress(path.read_bytes()), name=path.name)
    frame = table(batches)
    kinds = dict(frame["kind"].value_counts().iter_rows())
    # 2 of its 12 replacements, and 115 other messages, name orders that are not live.
    assert {fault.reason for fault in faults.found} == {"no live order has this reference"}
    assert len(faults.found) == 117
    replaced_orders = 10
    assert kinds[codes.ADD] - replaced_orders == 5_000
    changes = sum(kinds[kind] for kind in (codes.EXECUTE, codes.REDUCE, codes.DELETE)) - replaced_orders
    assert changes + replaced_orders + len(faults.found) == 2_000
    assert kinds[codes.PRINT_HIDDEN] == 5_000
    assert {instrument.symbol for instrument in named(batches).values()} == {"XNAS", "ALC", "BOB", "CHAR"}
    assert np.isin(frame["local_id"].to_numpy(), [1, 2, 3]).all()


# --- quotes and trades without the store ----------------------------------------------------------------------


def test_quotes_follow_the_best_levels() -> None:
    day = quotes_and_trades(
        framed(
            add(1, "B", 100, 1_000_000),
            add(2, "B", 50, 999_900),
            add(3, "S", 70, 1_000_200),
            executed(1, 40),
            replaced(2, 4, 50, 999_800),  # behind the best: nobody sees it
            deleted(1),
            replaced(3, 5, 70, 1_000_200),  # as it was
            priced(4, 20, "N", 999_700),
            priced(4, 10, "Y", 999_700),
            hidden("S"),
            cross(5),
            cancelled(4, 20),
            deleted(9),
        )
    )
    rows = list(zip(*(day.quotes[name].tolist() for name in ("bid", "bid_size", "ask", "ask_size")), strict=True))
    assert rows == [
        (1_000_000, 100, 0, 0),
        (1_000_000, 100, 1_000_200, 70),
        (1_000_000, 60, 1_000_200, 70),
        (999_800, 50, 1_000_200, 70),
        (999_800, 30, 1_000_200, 70),
        (999_800, 20, 1_000_200, 70),
        (0, 0, 1_000_200, 70),
    ]
    trades = list(zip(*(day.trades[name].tolist() for name in ("kind", "price", "size", "side")), strict=True))
    assert trades == [
        (ord("E"), 1_000_000, 40, 1),
        (ord("C"), 999_700, 10, 1),
        (ord("P"), 1_000_050, 30, -1),
        (ord("Q"), 1_000_100, 5, 0),
    ]
    assert (day.symbols, day.messages, day.refused) == ({ACME: "ACME"}, 13, 1)


def test_quotes_of_many_symbols_are_those_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = itch_bytes(40_000, 30)
    batches, faults = read(data)
    assert faults.found == []
    shown: dict[int, dict[int, dict[int, int]]] = {}
    best: dict[int, tuple[int, ...]] = {}
    wanted = []
    frame = table(batches).filter(pl.col("level_size").is_not_null())
    columns = [frame[name].to_list() for name in ("ts_ns", "local_id", "side", "price", "level_size", "kind")]
    for at, (ns, locate, side, price, size, kind) in enumerate(zip(*columns, strict=True)):
        levels = shown.setdefault(locate, {1: {}, -1: {}})[side]
        levels[price] = size
        if not size:
            del levels[price]
        replacing = kind == codes.DELETE and at + 1 < frame.height and columns[0][at + 1] == ns
        if replacing and columns[1][at + 1] == locate and columns[5][at + 1] == codes.ADD:
            continue
        bids, asks = shown[locate][1], shown[locate][-1]
        bid, ask = max(bids, default=0), min(asks, default=0)
        now = (bid, bids.get(bid, 0), ask, asks.get(ask, 0))
        if now != best.get(locate, (0, 0, 0, 0)):
            best[locate] = now
            wanted.append((ns, locate, *now))
    names = ("ns", "locate", "bid", "bid_size", "ask", "ask_size")
    path = tmp_path / "day.itch"
    path.write_bytes(data)
    for given, rows_at_once, chunk_bytes in ((data, 1 << 22, 0), (data, 1_000, 0), (path, 1 << 22, 100_003)):
        monkeypatch.setattr(itch_quotes, "_ROWS", rows_at_once)
        monkeypatch.setattr(itch_quotes, "_CHUNK_BYTES", chunk_bytes)
        day = quotes_and_trades(given, parse_time("00:00:00", date=DATE, timezone="America/New_York"))
        assert list(zip(*(day.quotes[name].tolist() for name in names), strict=True)) == wanted
        prints = table(batches).filter(pl.col("trade_id").is_not_null())
        assert day.trades["trade_id"].tolist() == prints["trade_id"].to_list()
        printed = prints.select(pl.coalesce("print_price", "price")).to_series().to_list()
        assert day.trades["price"].tolist() == printed
    assert len(wanted) > 5_000


def test_room_that_grows_on_the_way_changes_no_quote(monkeypatch: pytest.MonkeyPatch) -> None:
    data = itch_bytes(40_000, 150)
    day = quotes_and_trades(data)
    monkeypatch.setattr(itch_state, "_FIRST_RECENT", 1 << 6)
    monkeypatch.setattr(itch_state, "_SMALLEST", 1 << 4)
    monkeypatch.setattr(itch_quotes, "_FEW_BOOKS", 4)
    tight = quotes_and_trades(data)
    assert (day.messages, day.refused, day.symbols) == (tight.messages, tight.refused, tight.symbols)
    for one, other in ((day.quotes, tight.quotes), (day.trades, tight.trades)):
        assert {name: column.tolist() for name, column in one.items()} == {n: c.tolist() for n, c in other.items()}


def test_bytes_of_something_else_have_no_quotes() -> None:
    with pytest.raises(DataError, match="no message"):
        quotes_and_trades(b"hello, this is no ITCH file at all")


def test_damaged_bytes_give_quotes_or_an_error() -> None:
    chance = random.Random(2)
    good = itch_bytes(300, 2)
    for _ in range(200):
        data = bytearray(good)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        day = quotes_and_trades(bytes(data[: chance.randint(200, len(data))]))
        assert day.messages > day.refused
        assert (day.quotes["bid_size"] >= 0).all()
