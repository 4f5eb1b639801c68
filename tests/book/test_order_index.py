"""Whole level-3 columns, at the wrapper's edge."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.book.order_index import displayed_sizes
from tcakit.errors import DataError
from tcakit.market.codes import ADD, BUY, DELETE, EXECUTE, EXECUTE_UNPRINTED, HALT, PRINT_HIDDEN, SELL


def columns(*rows):
    kind, side, tick, size, order_id = (np.array(column) for column in zip(*rows, strict=True))
    return kind.astype(np.uint8), side.astype(np.int8), tick, size, order_id


def test_prints_and_halts_have_no_size_and_no_place():
    got = displayed_sizes(
        *columns((ADD, BUY, 10, 5, 1), (PRINT_HIDDEN, SELL, 0, 3, 0), (HALT, 0, 0, 0, 0), (DELETE, BUY, 10, 5, 1))
    )
    assert got.level_size.tolist() == [5, -1, -1, 0]
    assert got.queued_row.tolist() == [0, -1, -1, 0]


def test_an_order_that_traded_in_an_auction_has_left_its_queue():
    got = displayed_sizes(
        *columns(
            (ADD, BUY, 10, 5, 1), (EXECUTE_UNPRINTED, BUY, 10, 5, 1), (ADD, BUY, 10, 7, 2), (EXECUTE, BUY, 10, 7, 2)
        )
    )
    assert got.level_size.tolist() == [5, 0, 7, 0]
    assert got.queued_row.tolist() == [0, 0, 2, 2]


def test_an_order_from_before_the_recording_is_unknown():
    got = displayed_sizes(*columns((ADD, BUY, 10, 5, 1), (EXECUTE, BUY, 10, 2, 8), (EXECUTE, BUY, 10, 2, 1)))
    assert got.level_size.tolist() == [5, 5, 3]
    assert got.queued_row.tolist() == [0, -1, 0]
    assert got.order_index.tolist() == [0, -1, 0]


def test_a_size_of_zero_is_told_with_its_row():
    with pytest.raises(DataError, match=r"event 1: a size that is not above zero"):
        displayed_sizes(*columns((ADD, BUY, 10, 5, 1), (ADD, BUY, 10, 0, 2)))


def test_no_rows_are_no_trouble():
    none = np.array([], np.int64)
    got = displayed_sizes(none.astype(np.uint8), none.astype(np.int8), none, none, none)
    assert len(got.level_size) == 0
    assert got.slots == 0
