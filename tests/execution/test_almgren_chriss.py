"""Optimal execution of the papers: limits, refusals, and the conditions that an optimum must meet."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from tcakit.errors import UsageError
from tcakit.execution.almgren_chriss import AlmgrenChriss
from tcakit.execution.almgren_power import PowerImpactOrder, half_life_in_time_scales

PAPER = AlmgrenChriss(1e6, 5.0, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625)
LAMBDAS = st.floats(-12, 3).map(lambda power: 10.0**power)


def solved_directly(order, risk_aversion):
    """The first-order conditions as a linear system in the holdings between start and end."""
    inner, tau = order.intervals - 1, order.interval_days
    stiff = order.temporary_net / tau
    risk = risk_aversion * order.volatility**2 * tau
    matrix = np.diag(np.full(inner, 2 * stiff + risk))
    matrix -= np.diag(np.full(inner - 1, stiff), 1) + np.diag(np.full(inner - 1, stiff), -1)
    right = np.full(inner, 0.5 * order.drift * tau)
    right[0] += stiff * order.quantity
    return np.concatenate([[order.quantity], np.linalg.solve(matrix, right), [0.0]])


@given(LAMBDAS, st.integers(3, 60), st.sampled_from([0.0, 0.02, -0.1]))
def test_the_closed_form_is_the_solution_of_its_equations(risk_aversion, intervals, drift):
    order = AlmgrenChriss(1e6, 5.0, intervals, 0.95, 2.5e-7, 2.5e-6, 0.0625, drift)
    found = order.optimal(risk_aversion)
    assert found.holdings == pytest.approx(solved_directly(order, risk_aversion), rel=1e-7, abs=1e-3)
    assert found.trades.sum() == pytest.approx(1e6)


@given(LAMBDAS, st.integers(1, 40))
def test_the_quadratic_program_without_a_cap_is_the_closed_form(risk_aversion, intervals):
    order = AlmgrenChriss(1e6, 5.0, intervals, 0.95, 2.5e-7, 2.5e-6)
    assert order.optimal(risk_aversion, most=1e6).trades == pytest.approx(order.optimal(risk_aversion).trades, abs=1e-3)


def test_no_risk_aversion_is_a_constant_rate_and_a_little_is_close_to_it():
    for drift in (0.0, 0.02):
        order = AlmgrenChriss(1e6, 5.0, 5, 0.95, 2.5e-7, 2.5e-6, 0.0625, drift)
        even = order.optimal(0.0).holdings
        assert order.optimal(1e-25).holdings == pytest.approx(even, rel=1e-9)
        assert order.optimal(1e-14).holdings == pytest.approx(even, rel=1e-6)
        if not drift:
            assert even == pytest.approx([1e6, 8e5, 6e5, 4e5, 2e5, 0.0])


@pytest.mark.parametrize("risk_aversion", [10.0, 1e6, 1e200])
def test_an_urgency_at_which_sinh_overflows_is_a_sale_at_once(risk_aversion):
    order = AlmgrenChriss(1e6, 5.0, 100, 0.95, 2.5e-7, 2.5e-6)
    assert order.urgency(risk_aversion) * order.days > 710
    found = order.optimal(risk_aversion)
    assert np.isfinite(found.holdings).all()
    assert found.trades[0] > 0.999e6
    assert (np.diff(found.holdings) <= 0.0).all()


def test_intervals_that_are_too_long_are_refused_with_how_many_are_wanted():
    with pytest.raises(UsageError, match=r"too long: permanent impact .* use 3 intervals or more"):
        AlmgrenChriss(1e6, 5.0, 2, 0.95, permanent=2.5e-6, temporary=2.5e-6)
    assert AlmgrenChriss(1e6, 5.0, 3, 0.95, permanent=2.5e-6, temporary=2.5e-6).temporary_net > 0.0


def test_a_cap_holds_and_what_follows_it_is_again_an_order_of_its_own():
    found = PAPER.optimal(1e-6, most=3e5)
    assert found.trades[:2] == pytest.approx([3e5, 3e5])
    rest = AlmgrenChriss(4e5, 3.0, 3, 0.95, 2.5e-7, 2.5e-6)
    assert found.trades[2:] == pytest.approx(rest.optimal(1e-6).trades, rel=1e-9)
    # A solution by a solver of quadratic programs, to six digits, is a hair dearer.
    printed = PAPER.trajectory([300_000, 300_000, 195_934, 118_356, 85_710])
    assert 0.0 < printed.utility_cost(1e-6) - found.utility_cost(1e-6) < 0.02
    with pytest.raises(UsageError, match="at most 500,000"):
        PAPER.optimal(1e-6, most=1e5)


def test_along_the_frontier_variance_is_sold_at_the_risk_aversion():
    for risk_aversion in (1e-8, 1e-6, 1e-5):
        near, far = (PAPER.optimal(risk_aversion * factor) for factor in (0.999, 1.001))
        slope = (far.expected_cost - near.expected_cost) / (far.variance - near.variance)
        assert slope == pytest.approx(-risk_aversion, rel=1e-5)
        other = PAPER.trajectory(PAPER.optimal(2 * risk_aversion).trades)
        assert other.utility_cost(risk_aversion) > PAPER.optimal(risk_aversion).utility_cost(risk_aversion)


def test_what_is_held_for_the_drift():
    drifting = AlmgrenChriss(1e6, 5.0, 5, 0.95, 2.5e-7, 2.5e-6, 0.0625, drift=0.02)
    assert drifting.drift_holding(1e-6) == pytest.approx(11_080.3, abs=0.05)
    # With much time the middle of the schedule is that holding.
    patient = AlmgrenChriss(1e6, 500.0, 500, 0.95, 2.5e-7, 2.5e-6, drift=0.02)
    assert patient.optimal(1e-6).holdings[250] == pytest.approx(patient.drift_holding(1e-6), rel=1e-9)


def test_a_half_life_is_the_time_to_half_of_a_long_order():
    order = AlmgrenChriss(1e6, 100.0, 1000, 0.95, 2.5e-7, 2.5e-6)
    found = order.optimal(order.risk_aversion_of_half_life(2.0))
    assert found.holdings[20] == pytest.approx(5e5, rel=1e-9)
    with pytest.raises(UsageError, match="half-life"):
        order.risk_aversion_of_half_life(0.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity": 0.0}, "quantity is 0"),
        ({"volatility": -1.0}, "volatility is -1"),
        ({"intervals": 0}, "at least one"),
        ({"days": math.inf}, "days is inf"),
    ],
)
def test_impossible_orders_are_refused(given, said):
    whole = {"quantity": 1e6, "days": 5.0, "intervals": 5, "volatility": 0.95, "permanent": 0.0, "temporary": 1e-6}
    with pytest.raises(UsageError, match=said):
        AlmgrenChriss(**(whole | given))
    with pytest.raises(UsageError, match="risk aversion"):
        PAPER.optimal(-1.0)
    with pytest.raises(UsageError, match="not the order"):
        PAPER.trajectory([1.0] * 5)
    with pytest.raises(UsageError, match="drift together"):
        AlmgrenChriss(**whole, drift=0.1).optimal(1e-6, most=1e6)


# --- powers of the rate, without an end ---------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.999, 1.0, 1.001, 2.0])
def test_cost_and_variance_are_integrals_along_the_path(exponent):
    order = PowerImpactOrder(1e3, volatility=2.0, temporary=0.01, exponent=exponent, risk_aversion=1e-3)
    end = order.time_scale_days
    finished = (1 + exponent) / (exponent - 1) * end if exponent > 1 else math.inf
    step = 1e-6 * end

    def rate(t):
        return float(order.holdings(max(t - step, 0.0)) - order.holdings(t + step)) / (t + step - max(t - step, 0.0))

    upto = min(finished, 1e4 * end) * (1 - 1e-9)
    points = [end * 0.01, end, 10 * end, 100 * end]
    points = [point for point in points if point < upto]
    cost, _ = quad(lambda t: order.temporary * rate(t) ** (1 + exponent), 0, upto, points=points, limit=400)
    variance, _ = quad(lambda t: order.volatility**2 * float(order.holdings(t)) ** 2, 0, upto, points=points, limit=400)
    assert cost == pytest.approx(order.expected_cost, rel=2e-3)
    assert variance == pytest.approx(order.variance, rel=2e-3)
    assert float(order.holdings(order.half_life_days)) == pytest.approx(500.0)
    assert float(order.holdings(0.0)) == 1e3
    # At the optimum the two sides of the trade-off are in balance: k E = λ V.
    assert exponent * order.expected_cost == pytest.approx(order.risk_aversion * order.variance)


def test_powers_near_one_are_the_exponential():
    assert half_life_in_time_scales(1.0 + 1e-9) == pytest.approx(math.log(2.0))
    near, at = (PowerImpactOrder(1e3, 2.0, 0.01, k, 1e-3) for k in (1.0 + 1e-7, 1.0))
    assert near.holdings([0.1, 1.0, 3.0]) == pytest.approx(at.holdings([0.1, 1.0, 3.0]), rel=1e-5)
    with pytest.raises(UsageError, match="volatility is 0"):
        PowerImpactOrder(1e3, 0.0, 0.01, 1.0, 1e-3)


def test_a_long_discrete_order_is_the_one_without_an_end():
    order = AlmgrenChriss(1e5, 40.0, 40_000, volatility=1.0, permanent=0.0, temporary=0.5 / 1e5)
    endless = PowerImpactOrder(1e5, 1.0, 0.5 / 1e5, 1.0, 1e-5)
    found = order.optimal(1e-5)
    assert found.expected_cost == pytest.approx(endless.expected_cost, rel=2e-3)
    assert found.deviation == pytest.approx(endless.deviation, rel=2e-3)
