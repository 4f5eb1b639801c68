"""The plain book: small cases that a reader can check by eye."""

from __future__ import annotations

import pytest

from tcakit.book.plain_book import PlainBook
from tcakit.market.codes import ADD, BUY, CLEAR, DELETE, EXECUTE, PRINT_HIDDEN, REDUCE, SELL


def two_sided() -> PlainBook:
    book = PlainBook()
    for order_id, side, price, size in (
        (1, BUY, 99, 5),
        (2, BUY, 100, 3),
        (3, BUY, 100, 4),
        (4, SELL, 102, 6),
    ):
        book.add(order_id, side, price, size)
    return book


def test_sides_are_sorted_from_the_best():
    book = two_sided()
    assert book.bids() == [(100, 7), (99, 5)]
    assert book.asks() == [(102, 6)]
    assert book.top(1) == ([(100, 7)], [(102, 6)])


def test_a_shrunken_order_keeps_its_place_and_a_modified_one_loses_it():
    book = two_sided()
    book.reduce(2, 1)
    assert book.levels[BUY][100] == [(2, 2), (3, 4)]
    assert book.ahead_of(3) == 2
    book.modify(2, 100, 9)
    assert book.levels[BUY][100] == [(3, 4), (2, 9)]
    assert book.ahead_of(2) == 4


def test_an_order_executed_to_nothing_leaves_and_takes_its_level_along():
    book = two_sided()
    book.apply(EXECUTE, SELL, 102, 6, 4)
    assert book.asks() == []
    assert 4 not in book.where
    book.apply(DELETE, BUY, 99, 5, 1)
    assert book.bids() == [(100, 7)]


def test_events_that_name_no_live_order_change_nothing():
    book = two_sided()
    for kind in (REDUCE, DELETE, EXECUTE, PRINT_HIDDEN):
        book.apply(kind, BUY, 100, 1, 77)
    assert book.bids() == [(100, 7), (99, 5)]


def test_an_order_added_again_moves_to_the_back():
    book = two_sided()
    book.apply(ADD, BUY, 100, 3, 2)
    assert book.levels[BUY][100] == [(3, 4), (2, 3)]


def test_level_updates_replace_what_stood_there():
    book = two_sided()
    book.set_level(BUY, 100, 50)
    assert book.size_at(BUY, 100) == 50
    assert 2 not in book.where
    book.set_level(BUY, 100, 0)
    assert book.bids() == [(99, 5)]
    book.apply(CLEAR, 0, 0, 0, 0)
    assert book.top(5) == ([], [])


def test_sizes_are_above_zero_and_orders_must_be_known():
    book = two_sided()
    with pytest.raises(ValueError, match="not above zero"):
        book.add(9, BUY, 98, 0)
    with pytest.raises(KeyError):
        book.reduce(9, 1)
