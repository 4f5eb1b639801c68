"""DBN order by order: the book, its snapshots, and the trade dates it is kept under."""

from __future__ import annotations

import datetime
import random
from pathlib import Path
from typing import Any

import pytest
from dbn_files import (
    BAD_RECEIPT,
    DAY,
    NANO,
    NOON,
    SNAPSHOT,
    TOP,
    chicago,
    events,
    header,
    order,
    read,
    record,
)

from tcakit.book.plain_book import PlainBook
from tcakit.feeds.dbn_stream import (
    MBO,
)
from tcakit.jobs.book import book_at
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.market.clock import parse_time

# --- order by order ---------------------------------------------------------------------------------------------


def test_orders_become_events_with_displayed_sizes() -> None:
    got = read(
        header()
        + order("R", "N", size=0)
        + order("A", "B", 10.0, 5, 1)
        + order("A", "B", 10.0, 7, 2)
        + order("A", "A", 10.01, 4, 3)
        + order("M", "B", 10.0, 3, 1)
        + order("M", "B", 10.0, 3, 1)
        + order("M", "B", 10.0, 6, 1)
        + order("M", "A", 10.02, 4, 3)
        + order("C", "B", 10.0, 2, 2)
        + order("C", "B", 10.0, 5, 2)
        + order("M", "A", 10.05, 9, 99)
        + order("C", "A", 10.05, 50, 99)
    )
    assert got.reasons == []
    assert events(got) == [
        ("clear", 0, None, None, None, None),
        ("add", 1, 100_000, 5, 5, 1),
        ("add", 1, 100_000, 7, 12, 2),
        ("add", -1, 100_100, 4, 4, 3),
        ("reduce", 1, 100_000, 2, 10, 1),
        ("delete", 1, 100_000, 3, 7, 1),
        ("add", 1, 100_000, 6, 13, 1),
        ("delete", -1, 100_100, 4, 0, 3),
        ("add", -1, 100_200, 4, 4, 3),
        ("reduce", 1, 100_000, 2, 11, 2),
        ("delete", 1, 100_000, 5, 6, 2),
        ("add", -1, 100_500, 9, 9, 99),
        ("delete", -1, 100_500, 9, 0, 99),
    ]
    frame = got.frame("book_events")
    assert frame["seq"].to_list() == list(range(13))
    assert set(frame["date"]) == {"2024-03-05"}
    assert frame["ts_ns"][0] == NOON
    assert frame["recv_ns"][0] == NOON + 100
    assert {batch.content for batch in got.batches} == {"book-l3"}
    (instrument,) = got.instruments
    assert (instrument.symbol, instrument.venue, instrument.currency) == ("ABC", "XNAS", "USD")
    assert (instrument.price_scale, instrument.tick_size, instrument.lot_size) == (10_000, 100, 1)


def test_an_add_of_a_live_order_takes_its_place() -> None:
    got = read(header() + order("A", "B", 10.0, 5, 1) + order("A", "B", 9.99, 8, 1) + order("C", "B", 9.99, 8, 1))
    assert events(got, "kind", "price", "size", "level_size") == [
        ("add", 100_000, 5, 5),
        ("delete", 100_000, 5, 0),
        ("add", 99_900, 8, 8),
        ("delete", 99_900, 8, 0),
    ]


def test_a_print_is_counted_once_and_leaves_the_book_alone() -> None:
    got = read(
        header()
        + order("A", "A", 10.01, 9, 1)
        + order("T", "B", 10.01, 4, 500)
        + order("F", "A", 10.01, 4, 1)
        + order("C", "A", 10.01, 4, 1)
        + order("T", "N", 10.005, 3, 0)
        + order("N", "N", 10.0, 1, 0)
    )
    assert events(got) == [
        ("add", -1, 100_100, 9, 9, 1),
        ("print", -1, 100_100, 4, None, None),
        ("reduce", -1, 100_100, 4, 5, 1),
        ("print", 0, 100_050, 3, None, None),
    ]


def test_a_cancel_of_an_unknown_order_says_that_the_level_is_unknown_and_is_told_once() -> None:
    got = read(header() + order("A") + order("C", "B", 10.0, 5, 2) + order("C", "B", 10.0, 6, 3))
    assert events(got)[1:] == [("delete", 1, 100_000, 5, None, 2), ("delete", 1, 100_000, 6, None, 3)]
    (remark,) = got.faults.found
    assert (remark.line, remark.kept, got.faults.refused) == (2, True, 0)


def test_a_snapshot_begins_with_a_clear_and_stands_at_its_own_time() -> None:
    old = NOON - 3_600 * NANO
    got = read(
        header()
        + order("A", "B", 10.0, 5, 1)
        + order("A", "B", 10.0, 5, 1, flags=SNAPSHOT | BAD_RECEIPT, ts_event=old, ts_recv=NOON + 9)
        + order("A", "A", 10.01, 4, 2, flags=SNAPSHOT | BAD_RECEIPT, ts_event=old, ts_recv=NOON + 9)
        + order("A", "A", 10.02, 4, 3, ts_event=NOON + 5)
        + order("R", "N", size=0, flags=SNAPSHOT, ts_event=old, ts_recv=NOON + 30)
        + order("A", "A", 10.01, 4, 2, flags=SNAPSHOT, ts_event=old, ts_recv=NOON + 30)
    )
    assert events(got, "kind", "price", "level_size", "ts_ns", "recv_ns") == [
        ("add", 100_000, 5, NOON, NOON + 100),
        ("clear", None, None, NOON + 9, None),
        ("snapshot", 100_000, 5, NOON + 9, None),
        ("snapshot", 100_100, 4, NOON + 9, None),
        ("add", 100_200, 4, NOON + 9, NOON + 105),  # received by a clock that the snapshot's is ahead of
        ("clear", None, None, NOON + 30, NOON + 30),
        ("snapshot", 100_100, 4, NOON + 30, NOON + 30),
    ]


def test_the_top_of_a_side_replaces_what_stood_there() -> None:
    got = read(
        header()
        + order("A", "B", 10.0, 5, 1)
        + order("A", "A", 10.02, 6, 2)
        + order("A", "B", 10.01, 7, 3, flags=TOP)
        + record(MBO, action=b"A", side=b"B", flags=TOP, order_id=4)
        + order("A", "B", 10.0, 2, 1)
    )
    assert events(got)[2:] == [
        ("delete", 1, 100_000, 5, 0, 1),
        ("add", 1, 100_100, 7, 7, 3),
        ("delete", 1, 100_100, 7, 0, 3),
        ("add", 1, 100_000, 2, 2, 1),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_books_are_those_of_the_plain_witness(seed: int) -> None:
    """Three instruments, orders enough for the tables to grow several times, clears and unknown orders."""
    rng = random.Random(seed)
    plain = {key: PlainBook() for key in (7, 8, 9)}
    rows, expected = [], []
    for number in range(12_000):
        key = rng.choice((7, 8, 9))
        book = plain[key]
        price = rng.randint(900, 1_100)
        size = rng.randint(1, 9)
        draw = rng.random()
        order_id = rng.choice(list(book.where)[:50]) if book.where and draw > 0.8 else number + (1 << 40)
        side = book.where[order_id][0] if order_id in book.where else rng.choice((1, -1))
        letter = "B" if side > 0 else "A"
        if draw < 0.0002:
            action = "R"
            book.clear()
        elif draw < 0.88:
            action = "A"
            book.add(order_id, side, price, size)
        elif draw < 0.94:
            action = "M"
            held = book.where.get(order_id)
            if held is None:
                book.add(order_id, side, price, size)
            else:
                price = rng.choice((price, held[1]))
                left = sum(s for name, s in book.levels[side][held[1]] if name == order_id)
                if price == held[1] and size < left:
                    book.reduce(order_id, left - size)
                elif price != held[1] or size > left:
                    book.modify(order_id, price, size)
        else:
            action = "C"
            if order_id in book.where:
                price = book.where[order_id][1]
                book.reduce(order_id, size)
        rows.append(order(action, letter, price / 100, size, order_id, instrument_id=key, ts_event=NOON + number))
        expected.append((key, side, price, book.size_at(side, price) if action != "R" else None))
    names = {f"S{key}": [("2024-03-01", "2024-03-31", str(key))] for key in plain}
    got = read(header(mappings=names) + b"".join(rows))
    assert got.faults.refused == 0
    last = got.frame("book_events").group_by("ts_ns").last().sort("ts_ns")
    at = {row["ts_ns"] - NOON: row for row in last.iter_rows(named=True)}
    checked = 0
    for number, (key, side, price, size) in enumerate(expected):
        row = at.get(number)
        if row is None or row["level_size"] is None:
            continue
        assert (row["symbol"], row["side"], row["price"], row["level_size"]) == (f"S{key}", side, price * 100, size)
        checked += 1
    assert checked > 10_000
    assert sum(len(book.where) for book in plain.values()) > 2_048


# --- trade dates ------------------------------------------------------------------------------------------------


def test_a_futures_trade_date_begins_on_the_evening_before_with_the_book_that_stands() -> None:
    first, second = chicago("2024-03-05T16:59:59"), chicago("2024-03-05T17:00:00")
    got = read(
        header(dataset="GLBX.MDP3")
        + order("A", "B", 10.0, 5, 1, ts_event=first)
        + order("A", "B", 10.0, 7, 2, ts_event=first)
        + order("M", "B", 10.0, 6, 1, ts_event=first)
        + order("C", "B", 10.0, 2, 2, ts_event=second)
    )
    assert events(got, "date", "kind", "size", "level_size", "order_id")[4:] == [
        ("2024-03-06", "clear", None, None, None),
        ("2024-03-06", "snapshot", 7, 7, 2),
        ("2024-03-06", "snapshot", 6, 13, 1),
        ("2024-03-06", "reduce", 2, 11, 2),
    ]
    frame = got.frame("book_events")
    assert set(frame["date"][:4]) == {"2024-03-05"}
    assert set(frame["ts_ns"][4:]) == {second}


@pytest.mark.parametrize(
    ("dataset", "options", "at", "date"),
    [
        ("GLBX.MDP3", {}, chicago("2024-03-10T12:00:00"), "2024-03-11"),  # Sunday belongs to Monday
        ("GLBX.MDP3", {}, chicago("2024-03-08T18:00:00"), "2024-03-11"),  # and so does Friday evening
        ("GLBX.MDP3", {"timezone": "America/Chicago"}, chicago("2024-03-08T18:00:00"), "2024-03-08"),
        ("XNAS.ITCH", {}, parse_time("2024-03-06T00:30:00Z"), "2024-03-05"),
        ("XEUR.EOBI", {}, parse_time("2024-03-05T23:30:00Z"), "2024-03-06"),
        ("IFUS.IMPACT", {}, parse_time("2024-03-05T18:30:00-05:00"), "2024-03-06"),
    ],
)
def test_the_trade_date_is_the_venues(dataset: str, options: dict[str, str], at: int, date: str) -> None:
    data = header(dataset=dataset, end=NOON + 9 * DAY) + order("A", ts_event=at)
    assert set(read(data, **options).frame("book_events")["date"]) == {date}


def test_a_session_in_two_files_is_one_date_with_one_book(tmp_path: Path) -> None:
    """The second file tells the whole book again, in older words, and with an order that has gone meanwhile."""
    evening, midnight = chicago("2024-03-05T17:10:00"), parse_time("2024-03-06T00:00:00Z")
    one = order("A", "B", 10.0, 5, 1, ts_event=evening) + order("A", "B", 10.0, 7, 2, ts_event=evening)
    one += order("A", "A", 10.5, 3, 3, ts_event=evening + 1) + order("C", "A", 10.5, 3, 3, ts_event=evening + 2)
    two = b"".join(
        order("A", "B", 10.0, size, key, ts_event=evening, ts_recv=midnight, flags=SNAPSHOT | BAD_RECEIPT)
        for size, key in ((5, 1), (7, 2))
    )
    two += order("C", "B", 10.0, 5, 1, ts_event=midnight + NANO)
    for name, body in (("b.dbn", two), ("a.dbn", one)):
        (tmp_path / name).write_bytes(header(dataset="GLBX.MDP3") + body)
    store = tmp_path / "store"
    told = ingest(store, IngestRequest([str(tmp_path / "a.dbn"), str(tmp_path / "b.dbn")]))
    assert [file["days"] for file in told["files"]] == [["2024-03-06"], ["2024-03-06"]]

    def bids(at: int) -> list[Any]:
        return book_at(store, "ABC", f"1970-01-01T00:00:00.{0:09d}Z" if not at else iso(at))["bids"]

    def iso(ns: int) -> str:
        moment = datetime.datetime.fromtimestamp(ns // NANO, datetime.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % NANO:09d}Z"

    assert bids(evening) == [[10.0, 12, 2]]
    assert bids(midnight) == [[10.0, 12, 2]]
    assert bids(midnight + NANO) == [[10.0, 7, 1]]
