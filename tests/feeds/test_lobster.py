"""LOBSTER rows by hand: what each message and each row of the book becomes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tcakit.errors import DataError, UsageError
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.lobster import LobsterReader, time_to_ns
from tcakit.market import codes

STEM = "ACME_2026-03-03_34200000_57600000_{}_{}.csv"
OPEN_NS = 1_772_548_200_000_000_000  # 2026-03-03 09:30 in New York


def read(message: str, orderbook: str, levels: int = 2, options: ReaderOptions | None = None) -> tuple[Batch, Faults]:
    members = (
        (STEM.format("message", levels), message.encode()),
        (STEM.format("orderbook", levels), orderbook.encode()),
    )
    faults = Faults()
    source = Source("pair", (Path("pair"),), members, "0")
    (batch,) = LobsterReader().read(source, options or ReaderOptions(), faults)
    return batch, faults


def rows(batch: Batch) -> list[tuple[str, int, int | None, int | None, int | None, int | None]]:
    """(kind, side, price, size, level_size, order_id) of each event."""
    names = ("side", "price", "size", "level_size", "order_id")
    return [
        (codes.EVENT_NAMES[row["kind"]], *(row[name] for name in names)) for row in batch.frame.iter_rows(named=True)
    ]


def test_the_opening_book_is_the_first_row_with_its_message_undone() -> None:
    batch, faults = read("34200.5,1,7,30,1000000,1\n", "1000200,10,1000000,80,1000300,20,999900,40\n")
    assert rows(batch) == [
        ("snapshot", 1, 1_000_000, 50, 50, None),
        ("snapshot", 1, 999_900, 40, 40, None),
        ("snapshot", -1, 1_000_200, 10, 10, None),
        ("snapshot", -1, 1_000_300, 20, 20, None),
        ("add", 1, 1_000_000, 30, 80, 7),
    ]
    assert faults.found == []
    assert batch.frame["ts_ns"].to_list() == [OPEN_NS + 500_000_000] * 5
    assert (batch.content, batch.depth, batch.date) == ("book-l2-window", 2, "2026-03-03")
    assert batch.instrument is not None
    assert batch.instrument.session_open_ns == OPEN_NS


def test_an_execution_that_empties_the_best_lets_a_level_in() -> None:
    batch, faults = read(
        "34200.1,1,1,5,999900,1\n34200.2,4,9,10,1000200,-1\n",
        "1000200,10,1000000,80,1000300,20,999900,45\n1000300,20,1000000,80,1000500,60,999900,45\n",
    )
    assert rows(batch)[5:] == [("execute", -1, 1_000_200, 10, 0, 9), ("enter", -1, 1_000_500, 60, 60, None)]
    assert faults.found == []


def test_a_new_best_price_pushes_the_last_level_out() -> None:
    batch, _ = read(
        "34200.1,1,1,5,999900,1\n34200.2,1,2,7,1000100,1\n",
        "1000200,10,1000000,80,1000300,20,999900,45\n1000200,10,1000100,7,1000300,20,1000000,80\n",
    )
    assert rows(batch)[5:] == [("add", 1, 1_000_100, 7, 7, 2), ("leave", 1, 999_900, None, None, None)]


def test_a_hidden_print_leaves_the_book_and_names_no_order() -> None:
    batch, _ = read(
        "34200.1,1,1,5,999900,1\n34200.2,5,0,33,1000150,-1\n",
        "1000200,10,1000000,80,1000300,20,999900,45\n1000200,10,1000000,80,1000300,20,999900,45\n",
    )
    assert rows(batch)[5:] == [("print hidden", -1, 1_000_150, 33, None, None)]


@pytest.mark.parametrize(("price", "kind"), [("-1", "halt"), ("0", "quote resume"), ("1", "trade resume")])
def test_halts_carry_no_price_or_size(price: str, kind: str) -> None:
    book = "1000200,10,1000000,80,1000300,20,999900,45\n"
    batch, faults = read(f"34200.1,1,1,5,999900,1\n34200.2,7,0,0,{price},-1\n", book * 2)
    assert rows(batch)[5:] == [(kind, -1, None, None, None, None)]
    assert faults.found == []


def test_a_book_that_the_messages_do_not_give_is_a_fault_and_a_correction() -> None:
    batch, faults = read(
        "34200.1,1,1,5,999900,1\n34200.2,1,2,7,1000000,1\n",
        "1000200,10,1000000,80,1000300,20,999900,45\n1000200,10,1000000,99,1000300,20,999900,45\n",
    )
    assert rows(batch)[5:] == [("add", 1, 1_000_000, 7, 87, 2), ("correction", 1, 1_000_000, None, 99, None)]
    (fault,) = faults.found
    assert (fault.line, "correction" in fault.reason) == (2, True)


def test_levels_that_are_not_there_are_no_levels() -> None:
    batch, faults = read("34200.1,1,1,5,999900,1\n", "9999999999,0,999900,5,9999999999,0,-9999999999,0\n")
    assert rows(batch) == [("add", 1, 999_900, 5, 5, 1)]
    assert faults.found == []


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("34200", 34_200_000_000_000),
        ("34200.5", 34_200_500_000_000),
        ("34200.000000001", 34_200_000_000_001),
        ("34200.004241176", 34_200_004_241_176),
        ("34200.0042411759998", 34_200_004_241_176),
        ("34200.", 34_200_000_000_000),
        ("34200.x", None),
        ("", None),
        ("noon", None),
    ],
)
def test_times_are_read_digit_by_digit(text: str, ns: int | None) -> None:
    frame = pl.DataFrame({"time": [text]}).select(time_to_ns("time"))
    assert frame.to_series().to_list() == [ns]


BOOK = "1000200,10,1000000,80,1000300,20,999900,45\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("34200.2,1,2,7,1000000", "5 columns instead of 6"),
        ("34200.2,1,2,7,1000000,1,9", "7 columns instead of 6"),
        ("34200.2,1,2,7.5,1000000,1", "no whole number"),
        ("34200.2,1,2,,1000000,1", "missing"),
        ("34200.2,1,2,0,1000000,1", "above zero"),
        ("34200.2,1,2,7,-1000000,1", "above zero"),
        ("34200.2,1,2,9223372036854775807,1000000,1", "too large"),
        ("34200.2,0,2,7,1000000,1", "none of 1 to 7"),
        ("34200.2,7,0,0,5,-1", "none of -1, 0, 1"),
        ("34200.2,1,2,7,1000000,0", "neither 1 nor -1"),
        ("34199.9,1,2,7,1000000,1", "backwards"),
        ("", "columns instead of 6"),
        ("3420é.2,1,2,7,1000000,1", "no decimal number of seconds"),
    ],
)
def test_one_bad_line_alone_is_told(line: str, reason: str) -> None:
    """Alone, so that no other bad line of the file makes the reader look twice."""
    batch, faults = read(f"34200.1,1,1,5,999900,1\n{line}\n34200.3,5,0,33,1000150,-1\n", BOOK * 3)
    (fault,) = faults.found
    assert fault.line == 2
    assert reason in fault.reason
    assert [row[0] for row in rows(batch)[4:]] == ["add", "print hidden"]


def test_a_short_and_a_long_line_do_not_make_up_for_each_other() -> None:
    message = "34200.1,1,1,5,999900,1\n34200.2,5,0,33,1000150\n34200.3,5,0,33,1000150,-1,9\n"
    _, faults = read(message, BOOK * 3)
    assert [(fault.line, fault.reason) for fault in faults.found] == [
        (2, "5 columns instead of 6"),
        (3, "7 columns instead of 6"),
    ]


def test_a_file_that_is_no_text_at_one_place_loses_that_line_only() -> None:
    members = (
        (
            STEM.format("message", 2),
            b"34200.1,1,1,5,999900,1\n34200.2,1,2\xff,7,1000000,1\n34200.3,5,0,33,1000150,-1\n",
        ),
        (STEM.format("orderbook", 2), (BOOK * 3).encode()),
    )
    faults = Faults()
    (batch,) = LobsterReader().read(Source("pair", (Path("pair"),), members, "0"), ReaderOptions(), faults)
    assert [fault.line for fault in faults.found] == [2]
    assert [kind for kind, *_ in rows(batch)[4:]] == ["add", "print hidden"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1000200,10,1000000,80,1000300,20,999900", "7 columns instead of 8"),
        ("1000200,10,1000000,80,1000300,20,999900,45,1", "9 columns instead of 8"),
        ("1000200,10,1000000,80,1000300,20,999900,", "missing"),
        ("1000200,10,1000000,-80,1000300,20,999900,45", "negative"),
    ],
)
def test_one_bad_book_row_alone_is_told(row: str, reason: str) -> None:
    message = "34200.1,1,1,5,999900,1\n34200.2,5,0,33,1000150,-1\n34200.3,5,0,33,1000150,-1\n"
    batch, faults = read(message, BOOK + row + "\n" + BOOK)
    (fault,) = faults.found
    assert fault.line == 2
    assert "orderbook" in fault.path
    assert reason in fault.reason
    assert [kind for kind, *_ in rows(batch)[4:]] == ["add", "print hidden", "print hidden"]


@pytest.mark.parametrize(
    ("message", "orderbook", "reason"),
    [
        ("34200.1,1,1,5\n", BOOK, "4 columns in the first line"),
        ("34200.1,1,1,5,999900,1\n", "1,2,3,4\n", "4 columns in the first line, 2 levels have 8"),
        ("34200.1,1,1,5,999900,1\n" * 2, BOOK, "2 messages but 1 book rows"),
        ("", BOOK, "empty"),
        ("34200.1,1,1,5,999900,1\n", " \n", "empty"),
        ("\0\0\0\n", BOOK, "binary"),
        ("a,b,c,d,e,f\n", BOOK, "no row can be read"),
    ],
)
def test_what_is_no_pair_is_refused_whole(message: str, orderbook: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(message, orderbook)


def test_seven_columns_are_read_and_the_seventh_is_not_kept() -> None:
    batch, faults = read("34200.1,1,1,5,999900,1,null\n", BOOK)
    assert rows(batch)[-1] == ("add", 1, 999_900, 5, 45, 1)
    assert faults.found == []


@pytest.mark.parametrize(("given", "tick"), [("0.01", 100), ("0.0001", 1), ("1", 10_000)])
def test_the_tick_size_that_is_given_counts(given: str, tick: int) -> None:
    batch, _ = read("34200.1,1,1,5,999900,1\n", BOOK, options=ReaderOptions(tick_size=given))
    assert batch.instrument is not None
    assert batch.instrument.tick_size == tick


@pytest.mark.parametrize("given", ["0", "-0.01", "0.00001", "a cent"])
def test_no_tick_size_is_told(given: str) -> None:
    with pytest.raises(UsageError, match="tick size"):
        read("34200.1,1,1,5,999900,1\n", BOOK, options=ReaderOptions(tick_size=given))


def test_prices_between_cents_make_the_tick_finer() -> None:
    batch, _ = read("34200.1,1,1,5,9999,1\n", "10002,10,9999,80,10003,20,9998,45\n")
    assert batch.instrument is not None
    assert batch.instrument.tick_size == 1


def test_a_file_alone_says_what_is_missing() -> None:
    source = Source("alone", (Path("alone"),), ((STEM.format("orderbook", 2), BOOK.encode()),), "0")
    with pytest.raises(DataError, match="no message file"):
        list(LobsterReader().read(source, ReaderOptions(), Faults()))
