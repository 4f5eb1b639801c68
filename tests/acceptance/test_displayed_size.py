"""The check that nothing is taken twice must itself be able to fail."""

from __future__ import annotations

import pytest
from displayed_size import check_taken

from tcakit.market import codes

ASK = (codes.SELL, 100)
SHOWN = (codes.SET, codes.SELL, 100, 50)


def test_as_much_as_is_shown_may_be_taken() -> None:
    assert check_taken([SHOWN], [(1, ASK, 30), (1, ASK, 20)]) == 50


def test_more_than_is_shown_is_noticed() -> None:
    with pytest.raises(AssertionError, match="more taken"):
        check_taken([SHOWN], [(1, ASK, 30), (1, ASK, 21)])


def test_what_comes_anew_may_be_taken_and_no_more() -> None:
    rows = [SHOWN, (codes.ADD, codes.SELL, 100, 60)]
    assert check_taken(rows, [(1, ASK, 50), (2, ASK, 10)]) == 60
    with pytest.raises(AssertionError, match="more taken"):
        check_taken(rows, [(1, ASK, 50), (2, ASK, 11)])


def test_a_level_that_left_the_window_and_came_back_is_not_new() -> None:
    rows = [SHOWN, (codes.LEAVE, codes.SELL, 100, None), (codes.ENTER, codes.SELL, 100, 50)]
    with pytest.raises(AssertionError, match="more taken"):
        check_taken(rows, [(1, ASK, 50), (3, ASK, 1)])


def test_a_level_that_was_emptied_is_new() -> None:
    rows = [SHOWN, (codes.DELETE, codes.SELL, 100, 0), (codes.ADD, codes.SELL, 100, 50)]
    assert check_taken(rows, [(1, ASK, 50), (3, ASK, 50)]) == 100
