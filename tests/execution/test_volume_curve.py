"""The volume curve: shares of a day, from earlier days or from the default."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.execution.volume_curve import DEFAULT_NAME, curve_from_days, default_curve

OPEN, CLOSE = 10_000, 10_780
DAYS = st.lists(
    st.lists(st.tuples(st.integers(-50, 830), st.integers(1, 100)), min_size=1, max_size=20), min_size=1, max_size=4
)


def columns(day_open, prints):
    ns, size = (np.array(column, np.int64) for column in zip(*sorted(prints), strict=True))
    return day_open, ns + day_open, size


@given(DAYS)
def test_a_curve_rises_from_nothing_to_all(days):
    curve = curve_from_days(OPEN, CLOSE, [columns(1_000 * at, prints) for at, prints in enumerate(days)])
    inside = [any(0 <= ns <= CLOSE - OPEN for ns, _ in prints) for prints in days]
    if curve is None:
        assert not any(inside)
        return
    assert curve.fraction(OPEN - 1) == curve.fraction(OPEN) == 0.0
    assert curve.fraction(CLOSE) == pytest.approx(1.0)
    assert curve.fraction(CLOSE + 1) == pytest.approx(1.0)
    assert (np.diff(curve.shares) >= 0).all()
    assert curve.name == f"mean of {sum(inside)} earlier day{'s' if sum(inside) > 1 else ''}"


@given(DAYS)
def test_a_curve_is_the_mean_of_the_days_own_shares(days):
    curve = curve_from_days(OPEN, CLOSE, [columns(0, prints) for prints in days])
    for edge in (10, 200, 390, 770):
        shares = []
        for prints in days:
            inside = [(ns, size) for ns, size in prints if 0 <= ns <= CLOSE - OPEN]
            if inside:
                # A bin holds what printed from its start until just before its end.
                shares.append(sum(size for ns, size in inside if ns < edge) / sum(size for _, size in inside))
        if curve is not None:
            assert curve.fraction(OPEN + edge) == pytest.approx(np.mean(shares))


def test_every_day_counts_the_same():
    busy, quiet = columns(0, [(100, 10_000)]), columns(0, [(700, 1)])
    curve = curve_from_days(OPEN, CLOSE, [busy, quiet])
    assert curve is not None
    assert curve.fraction(OPEN + 400) == pytest.approx(0.5)


def test_no_day_or_none_that_printed_gives_no_curve():
    assert curve_from_days(OPEN, CLOSE, []) is None
    assert curve_from_days(OPEN, CLOSE, [columns(0, [(900, 5)])]) is None


def test_the_default_is_a_u_that_ends_higher_than_it_begins():
    curve = default_curve(OPEN, CLOSE)
    assert curve.name == DEFAULT_NAME
    assert (curve.fraction(OPEN), curve.fraction(CLOSE)) == (0.0, 1.0)
    parts = np.diff([curve.fraction(OPEN + at * 78) for at in range(11)])
    assert parts[0] > parts[1] > parts[4]
    assert parts[9] > parts[8] > parts[5]
    assert parts[9] > parts[0]
    # The integral of the quadratics: 1 + 1.5/3 before midday, 1 + 2/3 after it.
    assert curve.fraction((OPEN + CLOSE) // 2) == pytest.approx(1.5 / (1.5 + 5 / 3), abs=1e-3)
