"""Estimates that are right are found right, wrong ones wrong, and how surely is not overstated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tcakit.errors import DataError
from tcakit.tca.calibration import calibrated


def _orders(seed: int, days: int = 60, a_day: int = 20, *, scale: float = 1.0, shift: float = 0.0, shared: float = 0.3):
    """Costs that scatter about scale x estimate + shift by known widths, `shared` of the variance common to a day."""
    generator = np.random.default_rng(seed)
    count = days * a_day
    estimated = generator.uniform(1.0, 30.0, count)
    deviation = generator.uniform(5.0, 60.0, count)
    day = np.repeat(np.arange(days), a_day)
    chance = math.sqrt(shared) * generator.normal(size=days)[day]
    chance += math.sqrt(1.0 - shared) * generator.normal(size=count)
    realised = scale * estimated + shift + deviation * chance
    reach = 1.959963985 * deviation
    return estimated, realised, estimated - reach, estimated + reach, [f"d{number}" for number in day]


def test_slope_and_bias_are_those_of_weighted_least_squares() -> None:
    estimated, realised, low, high, days = _orders(3, scale=1.4, shift=-2.0)
    found = calibrated(estimated, realised, low, high, days)
    root = 1.0 / (high - low)
    table = np.column_stack([np.ones(len(days)), estimated]) * root[:, None]
    (_, slope), *_ = np.linalg.lstsq(table, realised * root, rcond=None)
    assert found.slope == pytest.approx(slope, rel=1e-9)
    assert found.bias_bps == pytest.approx(np.average(realised - estimated, weights=root**2), rel=1e-9)
    assert found.coverage == np.mean((realised >= low) & (realised <= high))
    assert (found.orders, found.days, found.left_out) == (1200, 60, 0)


def test_intervals_hold_the_truth_as_often_as_they_say_though_a_days_orders_go_together() -> None:
    held = np.zeros(3)
    for seed in range(60):
        found = calibrated(*_orders(seed), draws=300)
        truths = ((found.slope_interval, 1.0), (found.bias_interval_bps, 0.0), (found.coverage_interval, 0.95))
        held += [low <= truth <= high for (low, high), truth in truths]  # type: ignore[misc]
    # 0.85 is four deviations of a binomial below 0.95 at sixty seeds.
    assert (held / 60 > 0.84).all(), held / 60


def test_a_model_that_says_half_is_found_out() -> None:
    found = calibrated(*_orders(1, days=400, scale=2.0))
    assert found.slope_interval is not None
    assert found.slope_interval[0] > 1.3
    assert found.bias_interval_bps is not None
    assert found.bias_interval_bps[0] > 5.0


def test_bands_that_are_too_narrow_are_found_out() -> None:
    estimated, realised, low, high, days = _orders(2)
    middle = (low + high) / 2.0
    found = calibrated(estimated, realised, middle + (low - middle) / 2.0, middle + (high - middle) / 2.0, days)
    assert found.coverage_interval is not None
    assert found.coverage_interval[1] < 0.8


def test_what_is_unknown_is_left_out_and_counted() -> None:
    estimated, realised, low, high, days = _orders(4)
    whole = calibrated(estimated, realised, low, high, days)
    gap = [math.nan, 5.0]
    found = calibrated(
        np.append(estimated, gap), np.append(realised, [1.0, math.nan]), np.append(low, [0.0, 0.0]),
        np.append(high, [9.0, 9.0]), [*days, "x", "y"],
    )  # fmt: skip
    assert found.left_out == 2
    assert (found.slope, found.bias_bps, found.orders) == (whole.slope, whole.bias_bps, whole.orders)


def test_too_few_or_all_alike_say_nothing() -> None:
    few = calibrated([1.0, 2.0], [1.0, 2.0], [0.0, 1.0], [2.0, 3.0], ["a", "b"])
    assert (few.orders, few.slope, few.bias_bps, few.coverage) == (2, None, None, None)
    alike = calibrated([4.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5, [9.0] * 5, list("aabbc"))
    assert alike.slope is None
    assert alike.bias_bps == pytest.approx(-1.0)
    with pytest.raises(DataError, match="different lengths"):
        calibrated([1.0], [1.0, 2.0], [0.0], [1.0], ["a"])
