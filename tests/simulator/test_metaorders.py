"""Metaorders in the simulated market: what is measured of them, and how the feedback is chosen by it."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.simulator.calibration_impact import RoundTrip, check_round_trips, fit_feedback
from tcakit.simulator.mean_field import damping, mean_field
from tcakit.simulator.metaorder_experiment import MetaorderSetting, of_background, run_experiment, setting_for
from tcakit.simulator.zero_intelligence import zero_intelligence

SETTING = MetaorderSetting(every_s=1.0, participation=0.3, children=32, decay_children=(16,), starts=60)


@pytest.fixture(scope="module")
def plain():
    return zero_intelligence(orders_per_second=6.0, takers_per_second=1.5, cancels_per_order=0.3)


def test_without_feedback_impact_grows_in_proportion_and_with_it_less(plain):
    alone = run_experiment(of_background(plain), SETTING)
    reacting = run_experiment(of_background(plain.with_feedback(strength=0.3, tau_s=2.0)), SETTING)
    assert alone.impact[-1] > 6.0 * alone.standard_error[-1]
    assert alone.exponent_interval[0] < 1.1
    assert alone.exponent_interval[1] > 0.9
    assert reacting.impact[-1] < 0.75 * alone.impact[-1]
    assert reacting.impact[-1] > 0.0
    assert alone.decay[16][0] > reacting.decay[16][0]
    assert len(alone.children) == len(alone.impact) == 32
    again = run_experiment(of_background(plain), SETTING)
    assert again.impact.tobytes() == alone.impact.tobytes()


def test_the_fit_dampens_impact_and_round_trips_lose(plain):
    fitted = fit_feedback(plain, starts=20, search_starts=30)
    assert fitted.model.feedback.strength > 0.0
    assert fitted.model.feedback.beta == 0.5
    assert 4 <= len(fitted.tried) <= 8
    assert fitted.reacting.impact[-1] < fitted.alone.impact[-1]
    assert all(trip.loses for trip in fitted.trips)


def test_round_trips_that_earn_are_seen():
    assert not RoundTrip(16, 0, 0, 0.5, 0.1).loses
    assert not RoundTrip(16, 0, 0, -0.1, 0.1).loses
    assert RoundTrip(16, 0, 0, -0.5, 0.1).loses


def test_round_trips_cost_the_spread_at_least(plain):
    trips = check_round_trips(of_background(plain), SETTING, trips=80)
    assert all(trip.gain < 0.0 for trip in trips)
    assert trips[0].loses
    assert trips[-1].loses


def test_mean_field_impact_bends_from_a_line_to_a_root():
    children = np.arange(1, 2_001)
    for kappa, exponent in ((0.0, 1.0), (2.0, 0.5)):
        net = damping(kappa * 0.1, 0.05, 0.5, 1.0, 2_000) if kappa else damping(0.0, 1.0, 0.5, 1.0, 2_000)
        late = children >= 500
        slope = np.polyfit(np.log(children[late]), np.log(net[late]), 1)[0]
        assert slope == pytest.approx(exponent, abs=0.2 if kappa else 1e-6)
    for tau in (5.0, 50.0):
        law = mean_field(tau, 0.5, 5.0, 64)
        assert 0.1 < np.interp(0.55, law.exponents, law.shares) < 0.8
        assert (np.diff(law.kappas) < 0.0).all()


def test_no_experiment_without_children(plain):
    for wrong in ({"children": 2}, {"starts": 1}, {"child_size": -1}):
        with pytest.raises(UsageError, match="no experiment"):
            setting_for(of_background(plain), **wrong)
