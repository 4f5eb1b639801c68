"""What a tape keeps of a day, and what it reads from it."""

from __future__ import annotations

import numpy as np
import pytest
from made_tapes import SECOND, tape

from tcakit.errors import DataError
from tcakit.impact.tape import realised_volatility, sum_in_bins


def test_a_book_in_between_two_rows_of_one_event_is_passed_over():
    rows = tape(
        quote_ns=[0, 1, 1, 2, 30_000 * SECOND], bid=[100, np.nan, 99, 103, 99], bid_size=[1, 0, 2, 3, 4],
        ask=[102] * 5, ask_size=[5] * 5,
    )  # fmt: skip
    assert rows.bid.tolist() == [100.0, 99.0]
    assert rows.bid_size.tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match="no quote with both sides"):
        tape(bid=[np.nan])


def test_of_what_was_quoted_before_the_session_only_the_last_is_kept():
    rows = tape(
        open_ns=10, quote_ns=[1, 2, 10, 11], bid=[97, 98, np.nan, 99], bid_size=[1] * 4, ask=[102] * 4, ask_size=[1] * 4
    )
    assert rows.bid.tolist() == [98.0, 99.0]
    assert rows.mid_at(10) == 100.0


def test_mids_at_and_before_an_instant():
    rows = tape(quote_ns=[10, 20, 20], bid=[98, 99, 100], bid_size=[1] * 3, ask=[102] * 3, ask_size=[1] * 3)
    assert np.array_equal(rows.mid_at([9, 10, 20, 25]), [np.nan, 100.0, 101.0, 101.0], equal_nan=True)
    assert np.array_equal(rows.mid_before([10, 20, 21]), [np.nan, 100.0, 101.0], equal_nan=True)


def test_one_order_that_meets_several_is_one_taking():
    rows = tape(
        trade_ns=[-1, 5, 5, 5, 6, 6, 24_000 * SECOND],
        trade_sign=[1, 1, 1, -1, -1, 1, 1],
        trade_shares=[9, 1, 2, 4, 8, 16, 9],
    )
    assert rows.trade_ns.tolist() == [5, 5, 6, 6]
    assert rows.trade_sign.tolist() == [1, -1, -1, 1]
    assert rows.trade_shares.tolist() == [3, 4, 8, 16]


def test_bins_are_of_equal_length_and_closed_at_their_end():
    rows = tape()
    edges = rows.edges(10.0)
    assert (len(edges), edges[1]) == (2_341, 10 * SECOND)
    assert rows.edges(7_000.0).tolist() == [0, 7_000 * SECOND, 14_000 * SECOND, 21_000 * SECOND]
    ns = np.array([0, 1, 10 * SECOND, 10 * SECOND + 1, 23_400 * SECOND, 23_400 * SECOND + 1])
    found = sum_in_bins(ns, np.array([1.0, 2, 4, 8, 16, 32]), edges)
    assert (found[0], found[1], found[-1], found.sum()) == (6.0, 8.0, 16.0, 30.0)
    assert sum_in_bins(ns, np.ones(6), edges[:1]).tolist() == []


def test_realised_volatility_is_that_of_the_walk():
    random = np.random.default_rng(5)
    ns = np.arange(23_401, dtype=np.int64) * SECOND
    # In ticks so small that rounding plays no part.
    price = 1e7 * np.exp(np.cumsum(random.normal(0.0, 0.02 / np.sqrt(23_400), len(ns))))
    size = np.ones(len(ns))
    walk = tape(quote_ns=ns, bid=price, bid_size=size, ask=price, ask_size=size)
    assert realised_volatility(walk) == pytest.approx(0.02, rel=0.12)
    assert np.isnan(realised_volatility(tape(quote_ns=[23_400 * SECOND])))
