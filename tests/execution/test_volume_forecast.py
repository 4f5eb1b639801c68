"""The forecast of a day's volume on days made by its own law, and against mean shares where deviations last."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError
from tcakit.execution.volume_forecast import VolumeForecast, tracking_error_bps

BINS = 26
USUAL = 1e4 * (1.0 + 2.0 * (np.linspace(-1.0, 1.0, BINS)) ** 2)


def made_days(count: int, phi: float, theta: float, seed: int = 0, surprise: float = 0.25) -> np.ndarray:
    """Days of a usual shape times one and an ARMA(1, 1), written out bin by bin."""
    random = np.random.default_rng(seed)
    days = np.empty((count, BINS))
    for day in range(count):
        deviation = last = 0.0
        for place in range(BINS):
            now = surprise * random.normal()
            deviation, last = phi * deviation + now + theta * last, now
            days[day, place] = USUAL[place] * max(1.0 + deviation, 0.02)
    return days


@pytest.mark.parametrize(("phi", "theta"), [(0.7, 0.0), (0.9, -0.5), (0.0, 0.0)])
def test_the_law_of_deviations_is_found_again(phi, theta):
    forecast = VolumeForecast.of_days(made_days(400, phi, theta, surprise=0.1))
    # Without memory the two cancel: any pair of opposites is no memory.
    assert forecast.autoregression + forecast.moving_average == pytest.approx(phi + theta, abs=0.05)
    if phi:
        assert forecast.autoregression == pytest.approx(phi, abs=0.06)
    assert forecast.common == pytest.approx(USUAL, rel=0.03)
    assert 0.9 < forecast.explained < 1.0


def test_the_rest_of_the_day_is_what_the_law_says():
    forecast = VolumeForecast(USUAL, 0.8, -0.3, 1.0)
    seen = USUAL[:2] * np.array([1.5, 1.2])
    surprise = 0.2 - 0.8 * 0.5 + 0.3 * 0.5
    first = 0.8 * 0.2 - 0.3 * surprise
    expected = [USUAL[place] * (1.0 + first * 0.8 ** (place - 2)) for place in range(2, BINS)]
    assert forecast.ahead(seen) == pytest.approx(expected)
    assert forecast.ahead([]) == pytest.approx(USUAL)
    assert len(forecast.ahead(USUAL)) == 0
    assert (VolumeForecast(USUAL, 0.9, 0.9, 1.0).ahead([0.0]) > 0.0).all()


@given(st.integers(0, 1_000), st.floats(-0.9, 0.95), st.floats(-0.9, 0.9))
def test_weights_add_up_and_look_at_nothing_to_come(seed, phi, theta):
    forecast = VolumeForecast(USUAL, phi, theta, 1.0)
    day = made_days(1, 0.5, 0.0, seed)[0]
    weights = forecast.weights(day)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights > 0.0).all()
    changed = day.copy()
    changed[BINS // 2 :] *= 3.0
    assert forecast.weights(changed)[: BINS // 2 + 1] == pytest.approx(weights[: BINS // 2 + 1])
    assert VolumeForecast(USUAL, 0.0, 0.0, 1.0).weights(day) == pytest.approx(USUAL / USUAL.sum())


def test_where_deviations_last_it_follows_vwap_better_than_mean_shares():
    """Days that it was not fitted on, as in the paper: 0.0898 % against 0.1006 % there."""
    random = np.random.default_rng(5)
    known, later = made_days(20, 0.85, -0.2, 1), made_days(200, 0.85, -0.2, 2)
    forecast = VolumeForecast.of_days(known)
    usual = (known / known.sum(axis=1)[:, None]).mean(axis=0)
    by_mean, by_forecast = [], []
    for day in later:
        prices = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01 / np.sqrt(BINS), BINS)))
        by_mean.append(tracking_error_bps(usual, day, prices))
        by_forecast.append(tracking_error_bps(forecast.weights(day), day, prices))
    assert np.mean(by_forecast) < 0.9 * np.mean(by_mean)


def test_where_they_do_not_it_is_hardly_worse():
    known, later = made_days(20, 0.0, 0.0, 3), made_days(100, 0.0, 0.0, 4)
    random = np.random.default_rng(6)
    forecast = VolumeForecast.of_days(known)
    usual = (known / known.sum(axis=1)[:, None]).mean(axis=0)
    errors = []
    for day in later:
        prices = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.002, BINS)))
        errors.append([tracking_error_bps(weights, day, prices) for weights in (usual, forecast.weights(day))])
    mean_shares, renewed = np.mean(errors, axis=0)
    assert renewed < 1.15 * mean_shares


def test_the_shares_of_the_day_itself_are_its_vwap():
    day, prices = made_days(1, 0.5, 0.0)[0], np.linspace(90.0, 110.0, BINS)
    assert tracking_error_bps(day / day.sum(), day, prices) == pytest.approx(0.0, abs=1e-9)


def test_too_few_days_and_empty_bins_are_said():
    with pytest.raises(DataError, match="4 whole days are too few"):
        VolumeForecast.of_days(made_days(4, 0.5, 0.0))
    with pytest.raises(DataError, match="0 whole days"):
        VolumeForecast.of_days([])
    empty = made_days(6, 0.5, 0.0)
    empty[:, 3] = 0.0
    with pytest.raises(DataError, match="no volume in common"):
        VolumeForecast.of_days(empty)
