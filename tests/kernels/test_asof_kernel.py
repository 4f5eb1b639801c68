"""As-of joins against a search of the whole list for each instant."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca import asof_kernel

TIMES = st.lists(st.integers(0, 60), max_size=40).map(sorted)
ASKED = st.lists(st.integers(-5, 70), max_size=20).map(sorted)
SHIFTS = st.integers(-20, 20)


def joined(times, asked, shift):
    rows = np.full(len(asked), -9, np.int64)
    asof_kernel.last_rows(np.array(times, np.int64), np.array(asked, np.int64), shift, rows)
    return rows


def witness(times, moment):
    return max((place for place, at in enumerate(times) if at <= moment), default=-1)


@given(TIMES, ASKED, SHIFTS)
def test_the_last_row_at_or_before(times, asked, shift):
    assert joined(times, asked, shift).tolist() == [witness(times, moment + shift) for moment in asked]


@given(st.lists(st.integers(0, 400), max_size=300).map(sorted), st.lists(st.integers(-5, 500), max_size=40).map(sorted))
def test_many_rows_of_one_instant_and_none_for_long(times, asked):
    assert joined(times, asked, 0).tolist() == [witness(times, moment) for moment in asked]


def test_a_long_way_between_two_instants():
    times = list(range(0, 100_000, 3))
    asked = [-1, 0, 4, 5, 90, 60_000, 60_001, 99_999, 200_000]
    assert joined(times, asked, 0).tolist() == [-1, 0, 1, 1, 30, 20_000, 20_000, 33_333, 33_333]


LISTS_OF_SHIFTS = st.lists(SHIFTS, min_size=1, max_size=4)


@given(TIMES, ASKED, LISTS_OF_SHIFTS, st.integers(0, 30), st.integers(10, 60), st.integers(0, 20))
def test_the_mid_of_each_row_within_the_session(times, asked, shifts, first, last, old_ns):
    bid = np.array([math.nan if at % 7 == 0 else 10.0 + at for at in range(len(times))])
    mids, found = np.full((len(shifts), len(asked)), -9.0), np.zeros(len(shifts), np.int64)
    asof_kernel.mids_shifted(
        np.array(times, np.int64), bid, bid + 1.0, np.array(asked, np.int64), np.array(shifts, np.int64),
        first, last, old_ns, mids, found,
    )  # fmt: skip
    for number, shift in enumerate(shifts):
        expected, old = [], 0
        for moment in (at + shift for at in asked):
            row = witness(times, moment)
            stands = row >= 0 and first <= moment <= last
            expected.append(bid[row] + 0.5 if stands else math.nan)
            old += stands and moment - times[row] > old_ns
        assert mids[number].tolist() == pytest.approx(expected, nan_ok=True)
        assert found[number] == old


PRICES = st.sampled_from([9.0, 9.5, 10.0, 10.5, 11.0, 11.5, float("nan")])


@given(
    st.lists(st.tuples(st.integers(0, 60), PRICES, PRICES), max_size=40).map(
        lambda rows: sorted(rows, key=lambda r: r[0])
    ),
    st.lists(st.tuples(st.integers(-5, 70), PRICES), max_size=20),
    st.lists(SHIFTS, max_size=30).map(sorted),
)
def test_a_price_lies_inside_the_quote_of_its_shifted_instant(quotes, fills, shifts):
    times, bid, ask = ([row[column] for row in quotes] for column in range(3))
    inside = np.ones((len(shifts), len(fills)), np.bool_)
    asof_kernel.inside_shifted(
        np.array(times, np.int64), np.array(bid, np.float64), np.array(ask, np.float64),
        np.array([moment for moment, _ in fills], np.int64), np.array([price for _, price in fills], np.float64),
        np.full(len(fills), 0.25), np.array(shifts, np.int64), inside,
    )  # fmt: skip
    for number, shift in enumerate(shifts):
        for at, (moment, price) in enumerate(fills):
            row = witness(times, moment + shift)
            assert inside[number, at] == (row >= 0 and bid[row] - 0.25 <= price <= ask[row] + 0.25)
