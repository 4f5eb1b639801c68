"""The line and its errors against the textbook's matrices, written out slowly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError
from tcakit.impact.least_squares import fit_line, newey_west_lags


def slow_sandwich(x: np.ndarray, y: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and Newey-West covariance by (X'X)^-1 S (X'X)^-1, pair of points by pair of points."""
    columns = np.column_stack([np.ones(len(x)), x])
    bread = np.linalg.inv(columns.T @ columns)
    found = bread @ columns.T @ y
    residual = y - columns @ found
    middle = np.zeros((2, 2))
    for i in range(len(x)):
        for j in range(len(x)):
            if abs(i - j) <= lags:
                weight = 1.0 - abs(i - j) / (lags + 1.0)
                middle += weight * residual[i] * residual[j] * np.outer(columns[i], columns[j])
    return found, bread @ middle @ bread * len(x) / (len(x) - 2)


@given(st.integers(0, 10_000), st.integers(5, 40), st.integers(0, 4), st.sampled_from([0.0, 5.0, 1e4]))
def test_the_line_is_the_textbooks(seed, count, lags, shift):
    random = np.random.default_rng(seed)
    x = random.normal(size=count) + shift
    y = 1.0 + 0.5 * x + np.convolve(random.normal(size=count + 2), [1.0, 0.7, 0.3], "valid")
    line = fit_line(x, y, lags)
    found, covariance = slow_sandwich(x - shift, y, lags)
    assert line.slope == pytest.approx(found[1], rel=1e-6, abs=1e-9)
    assert line.intercept + line.slope * shift == pytest.approx(found[0], rel=1e-6, abs=1e-6)
    assert line.slope_se == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-6, abs=1e-9)
    if not shift:
        assert line.intercept_se == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-6, abs=1e-9)
    assert line.r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-6, abs=1e-9)


def test_intervals_hold_where_neighbours_are_alike():
    """With residuals and x that remember, 95 % of the intervals hold the truth only if the lags are counted in."""
    random = np.random.default_rng(3)
    held = {0: 0, 12: 0}
    for _ in range(400):
        x, noise = (np.convolve(random.normal(size=309), np.ones(10) / 10, "valid") for _ in range(2))
        for lags in held:
            line = fit_line(x, 2.0 * x + noise, lags)
            held[lags] += abs(line.slope - 2.0) < 1.96 * line.slope_se
    assert held[0] / 400 < 0.75
    assert held[12] / 400 > 0.85


def test_what_cannot_be_fitted_is_said():
    with pytest.raises(DataError, match="2 points"):
        fit_line([1.0, 2.0, np.nan], [1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="never changes"):
        fit_line([0.1] * 5, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert fit_line([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).slope == 0.0
    assert np.isnan(fit_line([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).r_squared)
    assert np.isinf(fit_line([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]).slope_t)
    assert newey_west_lags(30) == 3
