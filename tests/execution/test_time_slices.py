"""Slices of a window, the law of the rate that prices them, and schedules under impact that decays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.execution.decaying_slices import cheapest_slices, slice_kernel
from tcakit.execution.rate_law import rate_law
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.time_slices import time_slices
from tcakit.execution.transient_schedule import ObizhaevaWangOrder, PowerDecaySchedule
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.contract import parse_model
from tcakit.impact.decay import ExponentialDecay, PowerDecay, SumOfExponentials
from tcakit.impact.facts import OrderFacts
from tcakit.impact.i_star import IStar
from tcakit.impact.trades import schedule_cost
from tcakit.impact.transient import ObizhaevaWang, Propagator

FACTS = OrderFacts.of(
    quantity_adv=0.05, duration=0.4, volatility_daily=0.02, shares_outstanding_adv=150.0, half_spread_bps=2.0
)

# --- slices -------------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 1_000), st.integers(1, 200)), max_size=4),
    st.booleans(),
    st.booleans(),
)
def test_slices_fill_the_window_and_pauses_are_kept_to_the_last_instant(count, spans, opening, closing):
    pauses = [(begin, begin + length) for begin, length in spans]
    free = [at for at in range(1_000) if not any(begin <= at < finish for begin, finish in pauses)]
    if not free:
        return
    found = time_slices(0, 1_000, count=count, pauses=pauses, opening=opening, closing=closing)
    worked = ~found.auction
    assert found.start_ns[worked][0] == 0
    assert found.end_ns[worked][-1] == 1_000
    assert np.array_equal(found.start_ns[1:], found.end_ns[:-1])
    assert (found.length_ns[worked] > 0).all()
    covered = [
        at
        for begin, finish, may in zip(found.start_ns, found.end_ns, found.allowed, strict=True)
        if may
        for at in range(begin, finish)
    ]
    assert covered == free
    assert found.auction.tolist().count(True) == opening + closing
    assert found.auction[0] == opening
    assert found.auction[-1] == closing


def test_slices_by_length_end_with_what_is_left():
    assert time_slices(0, 25, interval_ns=10).length_ns.tolist() == [10, 10, 5]
    assert time_slices(0, 30, interval_ns=10).length_ns.tolist() == [10, 10, 10]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"end_ns": 0}, "not after the start"),
        ({"interval_ns": 3}, "by number or by length"),
        ({"count": None}, "by number or by length"),
        ({"count": 0}, "0 slices"),
        ({"count": None, "interval_ns": 0}, "without length"),
        ({"pauses": [(50, 40)]}, "ends before it begins"),
        ({"pauses": [(0, 100)]}, "no time is left"),
    ],
)
def test_a_window_that_cannot_be_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        time_slices(**({"start_ns": 0, "end_ns": 100, "count": 4} | given))


# --- the law of the rate ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model", [Almgren2005(), Almgren2005(eta=0.3, rate_exponent=0.5), IStar(), IStar(a4=0.8, b1=0.9)]
)
def test_a_schedule_along_volume_costs_what_the_model_says(model):
    """The models speak of an order at a constant rate; so the family must say the same of VWAP."""
    law = rate_law(model, FACTS)
    volume = np.array([0.1, 0.05, 0.25])
    problem = SchedulingProblem.of(
        0.05, volume=volume, rate_cost_bps=law.cost_bps, rate_exponent=law.exponent, fixed_cost_bps=law.fixed_bps
    )
    along = 0.05 * volume / volume.sum()
    assert problem.cost_bps(along) == pytest.approx(model.cost_bps(FACTS)[0], rel=1e-12)


def test_a_law_whose_lasting_part_is_unknown_is_still_a_law():
    unknown = OrderFacts.of(quantity_adv=0.05, duration=0.4, volatility_daily=0.02)
    law = rate_law(Almgren2005(), unknown)
    assert law.cost_bps == rate_law(Almgren2005(), FACTS).cost_bps
    assert math.isnan(law.fixed_bps)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("square-root", "what size costs"),
        ("linear,coefficient=1", "what size costs"),
        ("half-spread", "what size costs"),
        ("propagator,prefactor=1", "decays"),
        ("obizhaeva-wang,transient=1,half_life=1", "decays"),
    ],
)
def test_a_model_that_is_no_law_of_the_rate_is_refused_with_the_reason(name, said):
    with pytest.raises(UsageError, match=said):
        rate_law(parse_model(name), FACTS)


# --- impact that decays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "decay", [ExponentialDecay(2.0), PowerDecay(0.4, 0.05), SumOfExponentials((0.5, 0.5), (1.0, 9.0))]
)
def test_slices_at_their_middles_are_trades_at_these_times(decay):
    edges = np.array([0.0, 0.1, 0.3, 0.35, 0.8])
    middles = (edges[:-1] + edges[1:]) / 2
    amounts = np.array([3.0, 1.0, 2.0, 5.0])
    assert 0.5 * amounts @ slice_kernel(edges, decay) @ amounts == pytest.approx(schedule_cost(middles, amounts, decay))


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.8])
def test_without_a_value_at_zero_the_kernel_is_that_of_rates(exponent):
    """By brute force: many small trades at random places within each slice never meet at the same instant."""
    edges = np.array([0.0, 0.5, 0.7, 1.5])
    kernel = slice_kernel(edges, PowerDecay(exponent))
    assert kernel == pytest.approx(kernel.T)
    grid = (np.arange(4_000) + 0.5) / 4_000
    for first in range(3):
        for second in range(first + 1, 3):
            one, other = (edges[at] + (edges[at + 1] - edges[at]) * grid for at in (first, second))
            mean = np.mean([np.mean(np.abs(other - moment) ** -exponent) for moment in one[::20]])
            assert kernel[first, second] == pytest.approx(mean, rel=1.5e-2)
    whole = PowerDecaySchedule(2.0, 1.5, exponent)
    even = 2.0 * np.diff(edges) / 1.5
    assert 0.5 * even @ kernel @ even == pytest.approx(whole.constant_rate_cost, rel=1e-12)


def test_many_slices_approach_the_optimum_in_continuous_time():
    edges = np.linspace(0.0, 1.0, 401)
    trades, kernel = cheapest_slices(2.0, edges, PowerDecay(0.4))
    exact = PowerDecaySchedule(2.0, 1.0, 0.4)
    assert 0.5 * trades @ kernel @ trades == pytest.approx(exact.cost, rel=2e-3)
    assert trades[200] / (edges[1] - edges[0]) == pytest.approx(exact.rate(0.5), rel=2e-2)
    book = ObizhaevaWangOrder(2.0, 1.0, depth=1.0, resilience=3.0)
    trades, kernel = cheapest_slices(2.0, edges, ExponentialDecay(3.0))
    assert 0.5 * trades @ kernel @ trades == pytest.approx(book.cost, rel=5e-3)
    assert trades[0] == pytest.approx(book.block, rel=2e-2)


@given(
    st.lists(st.floats(0.01, 1.0), min_size=2, max_size=12),
    st.sampled_from([ExponentialDecay(1.5), PowerDecay(0.5), PowerDecay(0.3, 0.1)]),
    st.integers(0, 10**6),
)
def test_no_other_schedule_is_cheaper(lengths, decay, seed):
    edges = np.append(0.0, np.cumsum(lengths))
    allowed = np.random.default_rng(seed).random(len(lengths)) < 0.7
    allowed[0] = True
    trades, kernel = cheapest_slices(1.0, edges, decay, allowed)
    assert trades.sum() == pytest.approx(1.0)
    assert (trades[~allowed] == 0.0).all()
    assert (trades[allowed] > 0.0).all()
    other = np.random.default_rng(seed + 1).dirichlet(np.ones(len(lengths))) * allowed
    if other.sum() > 0.0:
        other /= other.sum()
        assert trades @ kernel @ trades <= other @ kernel @ other * (1 + 1e-9)


def test_equal_rates_on_the_volume_s_clock_cost_what_the_models_say():
    """In the limit for trades at middles, and exactly for rates."""
    edges = np.linspace(0.0, 0.4, 2_001)
    even = np.full(2_000, 0.05 / 2_000)
    book = ObizhaevaWang(transient=2.0, half_life=0.1, permanent=0.5)
    moved = 2.0 * 0.5 * even @ slice_kernel(edges, book.decay) @ even + 0.5 * 0.5 * 0.05**2
    assert 1e4 * 0.02 * moved / 0.05 == pytest.approx(book.cost_bps(FACTS)[0], rel=1e-3)
    linear = Propagator(prefactor=0.3, concavity=1.0)
    moved = 0.3 * 0.5 * even[:4] @ slice_kernel(np.linspace(0.0, 0.4, 5), linear.decay) @ even[:4] * 500**2
    assert 1e4 * 0.02 * moved / 0.05 == pytest.approx(linear.cost_bps(FACTS)[0], rel=1e-12)


def test_a_kernel_that_asks_to_trade_back_is_refused():
    class Shoulder:
        def value(self, lag):
            time = np.asarray(lag, np.float64)
            return np.where(time < 1.0, 1.0, 0.05)

        integral = double_integral = None

    with pytest.raises(UsageError, match="round trip earn"):
        cheapest_slices(1.0, np.linspace(0.0, 3.0, 7), Shoulder())
