"""Optimal schedules where impact decays: closed forms against linear algebra, and nothing cheaper nearby."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from tcakit.errors import UsageError
from tcakit.execution.transient_schedule import ObizhaevaWangOrder, PowerDecaySchedule, optimal_trades
from tcakit.impact.decay import ExponentialDecay, PowerDecay, SumOfExponentials
from tcakit.impact.trades import schedule_cost

DECAYS = [ExponentialDecay(0.7), PowerDecay(0.4, 0.5), SumOfExponentials((0.3, 0.7), (0.05, 2.0))]


@pytest.mark.parametrize("decay", DECAYS, ids=str)
def test_nothing_nearby_is_cheaper(decay):
    times = np.array([0.0, 0.5, 1.0, 3.0, 3.2, 5.0])
    trades, cost = optimal_trades(1_000.0, times, decay, permanent=0.1)
    assert trades.sum() == pytest.approx(1_000.0)
    assert (trades > 0.0).all()
    assert schedule_cost(times, trades, decay, 0.1) == pytest.approx(cost)
    generator = np.random.default_rng(4)
    for _ in range(100):
        other = trades + generator.normal(scale=30.0, size=6)
        other += (1_000.0 - other.sum()) / 6
        assert schedule_cost(times, other, decay, 0.1) > cost


def test_a_kernel_that_can_be_gamed_has_no_optimum():
    class Shoulder(PowerDecay):
        def value(self, lag):
            return np.where(np.asarray(lag, np.float64) <= 1.0, 1.0, 0.0)

    with pytest.raises(UsageError, match="lets a round trip earn"):
        optimal_trades(1.0, np.linspace(0, 4, 9), Shoulder(0.5, 1.0))


@given(st.floats(0.01, 20.0), st.integers(1, 30), st.floats(0.0, 0.9))
def test_the_grid_of_obizhaeva_and_wang_is_the_solution_of_the_linear_system(fadings, intervals, part):
    order = ObizhaevaWangOrder(1e5, 2.0, depth=4e5, resilience=fadings / 2.0, permanent=part / 4e5)
    trades, cost = order.grid(intervals)
    times = np.linspace(0.0, 2.0, intervals + 1)
    found, fading = optimal_trades(1e5, times, ExponentialDecay(order.resilience))
    assert trades == pytest.approx(found, rel=1e-6, abs=1e-3)
    assert cost == pytest.approx(order.transient * fading + 0.5 * order.permanent * 1e10, rel=1e-9)
    assert order.cost_of(times, trades) == pytest.approx(cost, rel=1e-9)
    assert order.cost * (1 - 1e-12) <= cost <= order.block_cost * (1 + 1e-12)


def test_a_fine_grid_is_continuous_time():
    order = ObizhaevaWangOrder(1e5, 60.0, depth=5e5, resilience=0.1, permanent=5e-7)
    trades, cost = order.grid(20_000)
    assert cost == pytest.approx(order.cost, rel=1e-6)
    assert trades[0] == pytest.approx(order.block, rel=1e-3)
    assert trades[1] / (60.0 / 20_000) == pytest.approx(order.rate, rel=1e-3)
    assert 2 * order.block + 60.0 * order.rate == pytest.approx(1e5)
    times = (np.arange(3_000) + 0.5) / 50
    assert order.cost_of(times, np.full(3_000, 1e5 / 3_000)) == pytest.approx(order.constant_rate_cost, rel=1e-3)
    assert order.cost_of([0.0], [1e5]) == pytest.approx(order.block_cost)


@pytest.mark.parametrize("exponent", [0.2, 0.3, 0.5, 0.8, 0.95])
def test_the_schedule_of_a_power_law_holds_the_price_level(exponent):
    schedule = PowerDecaySchedule(3.0, 2.0, exponent)

    power = -0.5 * (1.0 - exponent)

    # In the middle of two the factors that are infinite at the ends are one; `quad` is told of them as weights.
    middle = float(schedule.rate(1.0))
    total, _ = quad(lambda s: middle, 0.0, 2.0, weight="alg", wvar=(power, power))
    assert total == pytest.approx(3.0)
    for at in (0.2, 1.0, 1.7):
        early, _ = quad(lambda s: middle * (2.0 - s) ** power, 0.0, at, weight="alg", wvar=(power, -exponent))
        late, _ = quad(lambda s: middle * s**power, at, 2.0, weight="alg", wvar=(-exponent, power))
        assert early + late == pytest.approx(2.0 * schedule.cost / 3.0, rel=1e-6)
    assert schedule.cost < schedule.constant_rate_cost


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: ObizhaevaWangOrder(1e5, 0.0, 5e5, 0.1), "time is 0"),
        (lambda: ObizhaevaWangOrder(1e5, 1.0, 5e5, 0.1, permanent=1.0), "pushes by 2e-06"),
        (lambda: ObizhaevaWangOrder(1e5, 1.0, 5e5, 0.1).grid(0), "at least one"),
        (lambda: PowerDecaySchedule(1.0, 1.0, 1.0), "between 0 and 1"),
        (lambda: PowerDecaySchedule(0.0, 1.0, 0.5), "no order"),
    ],
)
def test_impossible_orders_are_refused(made, said):
    with pytest.raises(UsageError, match=said):
        made()
