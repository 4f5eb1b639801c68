"""The prints that orders met, against plain sums over lists."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca import print_window_kernel as pk

PRINTS = st.lists(st.tuples(st.integers(95, 105), st.integers(1, 50)), max_size=25)
ORDERS = st.lists(
    st.tuples(
        st.integers(0, 25), st.integers(0, 25), st.integers(0, 25), st.sampled_from([1.0, -1.0]),
        st.sampled_from([math.nan, 100.0, 101.5]), st.sampled_from([math.nan, 99.0, 102.0]), st.integers(0, 300),
    ),
    max_size=6,
)  # fmt: skip


def columns(prints):
    return np.array([price for price, _ in prints], np.int64), np.array([size for _, size in prints], np.int64)


@given(PRINTS, ORDERS)
def test_windows_are_summed_and_their_extremes_found(prints, orders):
    price, size = columns(prints)
    count = len(prints)
    first = np.array([min(order[0], count) for order in orders], np.int64)
    interval = np.array([max(at, min(order[1], count)) for at, order in zip(first, orders, strict=True)], np.int64)
    window = np.array([max(at, min(order[2], count)) for at, order in zip(first, orders, strict=True)], np.int64)
    side, average, limit = (np.array([order[place] for order in orders], np.float64) for place in (3, 4, 5))
    out = np.full((len(orders), pk.COLUMNS), -1.0)
    pk.walk_windows(price, size, first, interval, window, side, average, limit, 100, out)
    for at in range(len(orders)):
        met = prints[first[at] : interval[at]]
        of_window = [paid for paid, _ in prints[first[at] : window[at]]]
        within = [(paid, shares) for paid, shares in met if side[at] * (paid - limit[at]) <= 0.5]
        expected = {
            pk.LOWEST: min(of_window, default=math.nan),
            pk.HIGHEST: max(of_window, default=math.nan),
            pk.VOLUME: sum(shares for _, shares in met),
            pk.WORSE_VOLUME: sum(shares for paid, shares in met if side[at] * (paid - average[at]) > 0),
            pk.BETTER_VOLUME: sum(shares for paid, shares in met if side[at] * (paid - average[at]) < 0),
            pk.PRINTS: len(met),
            pk.WORSE_PRINTS: sum(side[at] * (paid - average[at]) > 0 for paid, _ in met),
            pk.LIMIT_VOLUME: sum(shares for _, shares in within),
            pk.LIMIT_ABOVE: sum((paid - 100) * shares for paid, shares in within),
        }
        assert out[at].tolist() == pytest.approx([expected[place] for place in range(pk.COLUMNS)], nan_ok=True)


@given(PRINTS, ORDERS)
def test_prints_are_taken_until_enough_have_traded(prints, orders):
    price, size = columns(prints)
    first = np.array([min(order[0], len(prints)) for order in orders], np.int64)
    wanted = np.array([order[6] for order in orders], np.int64)
    side, limit = (np.array([order[place] for order in orders], np.float64) for place in (3, 5))
    out = np.full(len(orders), -1.0)
    pk.walk_until(price, size, first, wanted, side, limit, 100, out)
    for at in range(len(orders)):
        allowed = [row for row in prints[first[at] :] if not side[at] * (row[0] - limit[at]) > 0.5]
        shares = [paid - 100 for paid, shares in allowed for _ in range(shares)][: wanted[at]]
        known = 0 < wanted[at] == len(shares)
        assert out[at] == pytest.approx(sum(shares) / wanted[at] if known else math.nan, nan_ok=True)
