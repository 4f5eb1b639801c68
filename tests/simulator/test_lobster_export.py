"""A LOBSTER pair says of each row what changed, and nothing else changes but at the far end."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.simulator.lobster_export import lobster_pair, seconds_after_midnight, write_lobster
from tests.made_days import made_day

LEVELS = 5


@pytest.fixture(scope="module")
def day():
    return made_day("ALFA", "2026-03-03", 21, 8_000)


def rows_of(pair):
    messages = [line.split(",") for line in pair.message.decode().splitlines()]
    books = [[int(field) for field in line.split(",")] for line in pair.orderbook.decode().splitlines()]
    return messages, books


def sides(book):
    """A book row as {direction: {price: size}}, best first, without levels that are not there."""
    asks = {p: s for p, s in zip(book[0::4], book[1::4], strict=True) if s}
    bids = {p: s for p, s in zip(book[2::4], book[3::4], strict=True) if s}
    return {1: bids, -1: asks}


@pytest.mark.parametrize("levels", [1, 5])
def test_every_row_changes_as_its_message_says(day, levels):
    messages, books = rows_of(lobster_pair(day, levels))
    assert len(messages) == len(books) > 1_500
    kinds = set()
    for before_row, book_row, message in zip(books, books[1:], messages[1:], strict=False):
        _, kind, order_id, size, price, direction = message
        kind, size, price, direction = int(kind), int(size), int(price), int(direction)
        kinds.add(kind)
        before, after = sides(before_row), sides(book_row)
        assert before[-direction] == after[-direction]
        if kind == 5:
            assert order_id == "0"
            assert before == after
            assert max(before[1]) <= price <= min(before[-1])
            continue
        change = size if kind == 1 else -size
        assert after[direction].get(price, 0) - before[direction].get(price, 0) == change
        if kind == 4:
            assert price == next(iter(before[direction]))
        # Beside the message's own price, only a level at the far end may come or go.
        for came, went in ((after, before), (before, after)):
            new = [p for p in came[direction] if p not in went[direction] and p != price]
            assert len(new) <= 1
            assert all(p == list(came[direction])[-1] for p in new)
        for p, s in after[direction].items():
            if p != price and p in before[direction]:
                assert s == before[direction][p]
    assert {1, 3, 4, 5} <= kinds <= {1, 2, 3, 4, 5}


def test_rows_are_sorted_uncrossed_and_in_time(day):
    messages, books = rows_of(lobster_pair(day, LEVELS))
    seconds = [float(message[0]) for message in messages]
    assert seconds == sorted(seconds)
    assert 34_200 <= seconds[0] < seconds[-1] < 57_600
    for book in books:
        asks, bids = book[0::4], book[2::4]
        assert asks == sorted(asks)
        assert bids == sorted(bids, reverse=True)
        assert bids[0] < asks[0]


def test_fewer_levels_are_a_subsequence_with_the_same_top(day):
    deep = list(zip(*rows_of(lobster_pair(day, 5)), strict=True))
    thin = list(zip(*rows_of(lobster_pair(day, 1)), strict=True))
    at = 0
    for message, book in thin:
        while deep[at][0] != message:
            at += 1
        assert deep[at][1][:4] == book
        at += 1


def test_prints_are_all_there(day):
    messages, _ = rows_of(lobster_pair(day, LEVELS))
    shares = sum(int(message[3]) for message in messages if message[1] in "45")
    assert shares == day.trades()["size"].sum()
    assert {message[1] for message in messages} == set("12345")


def test_levels_that_are_not_there_are_lobster_s_dummies():
    day = made_day("ALFA", "2026-03-03", 5, 200)
    # Four orders and a fifth that comes after the open.
    keep = [0, 1, 2, 3, -1]
    cut = {name: getattr(day, name)[keep] for name in ("ts_ns", "seq")}
    small = replace(
        day,
        opening_rows=4,
        kind=np.full(5, codes.ADD, np.uint8),
        side=np.array([1, -1, 1, -1, 1], np.int8),
        price=np.array([499_900, 500_100, 499_800, 500_300, 499_900]),
        size=np.array([10, 20, 30, 40, 5]),
        level_size=np.array([10, 20, 30, 40, 15]),
        order_id=np.arange(1, 6),
        **cut,
    )
    _, books = rows_of(lobster_pair(small, 3))
    none = 9_999_999_999
    assert books == [[500_100, 20, 499_900, 15, 500_300, 40, 499_800, 30, none, 0, -none, 0]]


def test_times_drop_trailing_zeros_and_keep_nanoseconds():
    got = seconds_after_midnight(np.array([34_200_000_000_001, 34_200_189_607_670, 57_599_900_000_000]))
    assert got.to_list() == ["34200.000000001", "34200.18960767", "57599.9"]


def test_files_are_named_as_lobster_names_them_and_archives_are_the_same_every_time(day, tmp_path):
    message, orderbook = write_lobster(day, tmp_path / "plain", LEVELS)
    assert message.name == "ALFA_2026-03-03_34200000_57600000_message_5.csv"
    assert orderbook.name == "ALFA_2026-03-03_34200000_57600000_orderbook_5.csv"
    (one,) = write_lobster(day, tmp_path / "one", LEVELS, zipped=True)
    (two,) = write_lobster(day, tmp_path / "two", LEVELS, zipped=True)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert archive.namelist() == [message.name, orderbook.name]
        assert archive.read(message.name) == message.read_bytes()


def test_no_levels_is_a_mistake(day):
    with pytest.raises(UsageError, match="levels"):
        lobster_pair(day, 0)
