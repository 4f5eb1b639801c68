"""Decay kernels, trades through them, and what may not be gained from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from tcakit.errors import DataError, UsageError
from tcakit.impact.decay import ExponentialDecay, PowerDecay, SumOfExponentials, fit_exponentials
from tcakit.impact.manipulation import LEAST_DECAY_EXPONENT, least_round_trip, power_law_faults, pump_and_dump_cost
from tcakit.impact.response import differential_propagator, response_function
from tcakit.impact.trades import decay_matrix, impact_before, schedule_cost

DECAYS = [
    ExponentialDecay(0.0),
    ExponentialDecay(1e-7),
    ExponentialDecay(0.7),
    PowerDecay(0.3),
    PowerDecay(0.5, 0.2),
    PowerDecay(0.9, 3.0),
    SumOfExponentials((0.2, 0.8, 0.0), (0.0, 0.3, 4.0)),
]


@pytest.mark.parametrize("decay", DECAYS, ids=str)
@pytest.mark.parametrize("lag", [1e-3, 0.4, 1.0, 30.0])
def test_integrals_are_integrals(decay, lag):
    once, _ = quad(lambda t: float(decay.value(t)), 0.0, lag, limit=200)
    twice, _ = quad(lambda t: (lag - t) * float(decay.value(t)), 0.0, lag, limit=200)
    assert float(decay.integral(lag)) == pytest.approx(once, rel=1e-7)
    assert float(decay.double_integral(lag)) == pytest.approx(twice, rel=1e-7)
    assert decay.integral([lag, 0.0]) == pytest.approx([once, 0.0], rel=1e-7)
    assert decay.double_integral([lag, 0.0]) == pytest.approx([twice, 0.0], rel=1e-7)


@pytest.mark.parametrize("faded", [0.9999e-2, 1.0001e-2, 1e-3, 1e-8])
def test_the_series_for_little_decay_is_exact(faded):
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 60
        x = Decimal(faded)
        truth = float((x - 1 + (-x).exp()) / (x * x))
    assert float(ExponentialDecay(faded).double_integral(1.0)) == pytest.approx(truth, rel=1e-11)


def test_a_power_law_is_followed_by_a_few_exponentials():
    goal = PowerDecay(0.4, 1.0)
    coarse, worse = fit_exponentials(goal, 0.01, 1e4, per_decade=1)
    fine, better = fit_exponentials(goal, 0.01, 1e4, per_decade=3)
    lags = np.random.default_rng(1).uniform(0.01, 1e4, 5000)
    assert np.max(np.abs(fine.value(lags) / goal.value(lags) - 1.0)) <= better * 1.01 + 1e-9
    assert better < 1e-3 < worse < 0.1
    assert len(coarse.rates) < len(fine.rates) < 30
    with pytest.raises(UsageError, match="no span"):
        fit_exponentials(goal, 1.0, 1.0)


@pytest.mark.parametrize("trades", [1, 10, 100, 1000])
def test_slicing_is_not_free_where_impact_lasts(trades):
    """100,000 shares in an hour, 500,000 shares of depth a currency unit, half-life 5 minutes, as a double sum."""
    times = (np.arange(trades) + 0.5) * 60.0 / trades
    decay = ExponentialDecay.of_half_life(5.0)
    sizes = np.full(trades, 1e5 / trades)
    pairs = sum(
        sizes[i] * sizes[j] * (0.5 if i == j else 1.0) * math.exp(-decay.rate * (times[i] - times[j]))
        for i in range(trades)
        for j in range(i + 1)
    )
    found = schedule_cost(times, sizes, decay) / 5e5
    assert found == pytest.approx(pairs / 5e5, rel=1e-9)
    assert found == pytest.approx({1: 10_000, 10: 2_269, 100: 2_117, 1000: 2_115.5}[trades], abs=1.0)
    assert schedule_cost(times, sizes, decay, permanent=0.3) - schedule_cost(times, sizes, decay) == pytest.approx(
        0.5 * 0.3 * 1e10
    )


@pytest.mark.parametrize("decay", [DECAYS[2], DECAYS[4], DECAYS[6]], ids=str)
def test_a_schedule_costs_half_its_quadratic_form(decay):
    generator = np.random.default_rng(5)
    times, trades = np.sort(generator.uniform(0, 9, 30)), generator.normal(size=30)
    matrix = decay_matrix(times, decay, permanent=0.2)
    assert schedule_cost(times, trades, decay, permanent=0.2) == pytest.approx(0.5 * trades @ matrix @ trades)
    assert impact_before(times, trades, decay, 0.2) == pytest.approx(np.tril(matrix, -1) @ trades)
    assert impact_before(times, -trades, decay, 0.2) == pytest.approx(-impact_before(times, trades, decay, 0.2))


def test_trades_that_cannot_be_priced_are_refused():
    with pytest.raises(UsageError, match="do not rise"):
        impact_before([1.0, 0.0], [1.0, 1.0], ExponentialDecay(1.0))
    with pytest.raises(UsageError, match="as many"):
        schedule_cost([1.0, 2.0], [1.0], ExponentialDecay(1.0))
    for call in (decay_matrix, lambda times, decay: schedule_cost(times, [1.0], decay)):
        with pytest.raises(UsageError, match="infinite at lag zero"):
            call([1.0], PowerDecay(0.5))
    with pytest.raises(UsageError, match="as many"):
        SumOfExponentials((1.0,), ())
    with pytest.raises(UsageError, match="negative"):
        SumOfExponentials((1.0,), (-1.0,))


# --- manipulation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concavity", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("dump_time", [0.2, 1.0, 3.0])
def test_a_round_trip_costs_what_its_steps_do(concavity, dump_time):
    rate, pump, shares = 1.3, 1.5, 2.0
    steps = 3000
    times = np.concatenate([(np.arange(steps) + 0.5) * pump, pump * steps + (np.arange(steps) + 0.5) * dump_time])
    times /= steps
    speed = np.repeat([shares / pump, -shares / dump_time], steps)
    lasting = np.repeat([pump / steps, dump_time / steps], steps)
    pushed = np.sign(speed) * np.abs(speed) ** concavity * lasting
    before = impact_before(times, pushed, ExponentialDecay(rate)) + 0.5 * pushed
    found = pump_and_dump_cost(concavity, rate, pump, dump_time, shares)
    assert found == pytest.approx(float((speed * lasting) @ before), abs=2e-3)


def test_the_faster_the_dump_the_nearer_to_a_dump_at_once():
    for concavity in (0.5, 0.9, 1.0):
        near = pump_and_dump_cost(concavity, 1.0, 1.0, dump_time=1e-12 if concavity < 1.0 else 1e-5)
        assert near == pytest.approx(pump_and_dump_cost(concavity, 1.0, 1.0), abs=0.05 if concavity == 0.9 else 1e-4)
    with pytest.raises(UsageError, match="no round trip"):
        pump_and_dump_cost(0.5, 0.0, 1.0)
    with pytest.raises(UsageError, match="concavity"):
        pump_and_dump_cost(1.5, 1.0, 1.0)


def test_a_power_law_must_keep_to_both_conditions():
    assert pytest.approx(0.4150, abs=5e-5) == LEAST_DECAY_EXPONENT
    assert power_law_faults(0.42, 0.58) == ()
    assert len(power_law_faults(0.41, 0.58)) == 2
    assert power_law_faults(0.6, 0.3) == ("decay exponent 0.6 and concavity 0.3 add up to less than 1",)


class Shoulder:
    """It falls, but is not convex: level until 1, then nothing."""

    def value(self, lag):
        return np.where(np.asarray(lag, np.float64) <= 1.0, 1.0, 0.0)

    def integral(self, lag):
        return np.minimum(lag, 1.0)

    def double_integral(self, lag):
        raise AssertionError("no schedule of whole orders is priced by it")


@pytest.mark.parametrize("decay", [DECAYS[2], DECAYS[4], DECAYS[6], Shoulder()], ids=lambda decay: type(decay).__name__)
def test_the_least_round_trip_is_the_cheapest_there_is(decay):
    times = np.linspace(0.0, 4.0, 9)
    least, trades = least_round_trip(times, decay)
    assert trades.sum() == pytest.approx(0.0, abs=1e-12)
    assert trades @ trades == pytest.approx(1.0)
    assert schedule_cost(times, trades, decay) == pytest.approx(least)
    tried = np.random.default_rng(3).normal(size=(200, 9))
    tried -= tried.mean(axis=1, keepdims=True)
    tried /= np.linalg.norm(tried, axis=1, keepdims=True)
    assert min(schedule_cost(times, trip, decay) for trip in tried) >= least
    assert (least < -0.01) == isinstance(decay, Shoulder)
    with pytest.raises(UsageError, match="two times"):
        least_round_trip([0.0], decay)


# --- response -----------------------------------------------------------------------------------------------

SIGNS = (1.0 + np.arange(60)) ** -0.5


def moves_by_sum(differential, correlation):
    """S(l) = Σ g(k) C(|l - k|), a term at a time."""
    count = len(correlation)
    return np.array(
        [
            sum(differential[k] * correlation[abs(lag - k)] for k in range(len(differential)) if abs(lag - k) < count)
            for lag in range(count)
        ]
    )


def test_the_response_is_the_sum_of_the_moves_on_the_way():
    differential = np.zeros(60)
    differential[:6] = [1.0, -0.3, -0.2, -0.1, -0.05, -0.02]
    moves = moves_by_sum(differential[:6], SIGNS)
    found = response_function(np.cumsum(differential), SIGNS)
    assert found == pytest.approx(np.cumsum(moves)[:30])
    # The market's price goes on rising while what a trade itself did goes back.
    assert found[20] > found[0]
    assert np.cumsum(differential)[20] < 0.4


def test_the_propagator_is_found_again_from_the_moves():
    differential = np.zeros(60)
    differential[:6] = [1.0, -0.3, -0.2, -0.1, -0.05, -0.02]
    assert differential_propagator(moves_by_sum(differential, SIGNS), SIGNS) == pytest.approx(differential, abs=1e-10)


def test_responses_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="all alike"):
        differential_propagator([1.0, 1.0], [1.0, 1.0])
    with pytest.raises(DataError, match="2 moves and 1"):
        differential_propagator([1.0, 1.0], [1.0])
    with pytest.raises(DataError, match="fewer correlations"):
        response_function([1.0, 1.0], [1.0])
    with pytest.raises(DataError, match="finite"):
        response_function([1.0, np.nan], [1.0, 0.5])


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(-9, 9)), min_size=1, max_size=12))
def test_no_round_trip_earns_under_a_sum_of_exponentials(steps):
    times = np.cumsum([gap for gap, _ in steps])
    trades = np.array([size for _, size in steps])
    trades -= trades.mean()
    assert schedule_cost(times, trades, SumOfExponentials((0.3, 0.7), (0.1, 2.0)), 0.5) >= -1e-9
