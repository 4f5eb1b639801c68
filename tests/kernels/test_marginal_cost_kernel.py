"""The trades that a marginal cost buys, against first-order conditions solved one slice at a time by halving."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.execution import marginal_cost_kernel

SLICE = st.tuples(
    st.floats(0.0, 5.0),  # cost
    st.sampled_from([0.5, 0.6, 1.0, 2.0]),  # exponent
    st.floats(-1.0, 1.0),  # linear
    st.floats(0.0, 2.0),  # risk
    st.floats(0.0, 3.0),  # least
    st.floats(0.0, 9.0),  # room above it
)


def witness(marginal, last, slices):
    """Each slice trades as long as one more share costs less than its marginal cost."""
    trades, left = [], 0.0
    for at, (cost, exponent, linear, risk, least, room) in reversed(list(enumerate(slices))):
        marginal += 2.0 * risk * left
        low, high = least, least + room
        if at > last or marginal <= linear:
            high = least
        for _ in range(200):
            middle = 0.5 * (low + high)
            if linear + cost * (1.0 + exponent) * middle**exponent < marginal:
                low = middle
            else:
                high = middle
        trades.insert(0, high)
        left += high
    return trades, left, marginal


@given(st.lists(SLICE, min_size=1, max_size=8), st.floats(-2.0, 30.0), st.integers(0, 8))
def test_a_slice_trades_until_a_share_more_is_too_dear(slices, marginal, last):
    cost, exponent, linear, risk, least, room = np.array(slices).T.copy()
    trades = np.full(len(slices), np.nan)
    found = marginal_cost_kernel.trades_at_marginal_cost(
        marginal, last, cost, exponent, linear, risk, least, least + room, trades
    )
    expected, left, first = witness(marginal, last, slices)
    assert trades == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found == pytest.approx((left, first), rel=1e-9, abs=1e-9)


def test_more_is_bought_at_a_higher_marginal_cost():
    cost, exponent = np.array([1.0, 2.0, 0.5]), np.array([0.6, 1.0, 1.0])
    zero, most = np.zeros(3), np.array([4.0, 9.0, 6.0])
    bought = []
    for marginal in np.linspace(-1.0, 40.0, 200):
        trades = np.empty(3)
        total, _ = marginal_cost_kernel.trades_at_marginal_cost(
            marginal, 2, cost, exponent, zero, np.array([0.3, 0.2, 0.1]), zero, most, trades
        )
        assert total == pytest.approx(trades.sum())
        bought.append(total)
    assert bought[0] == 0.0
    assert bought[-1] == 19.0
    assert (np.diff(bought) >= 0.0).all()


@pytest.mark.parametrize("marginal", [1e300, -1e300, 5e-324, 0.0])
def test_no_marginal_cost_overflows(marginal):
    ones = np.ones(3)
    trades = np.empty(3)
    total, _ = marginal_cost_kernel.trades_at_marginal_cost(
        marginal, 2, ones, 0.1 * ones, 0 * ones, ones, 0 * ones, 7 * ones, trades
    )
    assert total == (21.0 if marginal > 1.0 else 0.0)
