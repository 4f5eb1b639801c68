"""The family of schedules: what each name promises, caps, windows, lots, auctions, and the frontier."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.execution.almgren_chriss import AlmgrenChriss
from tcakit.execution.risk_aversion import of_half_life, of_price_of_risk
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import (
    frontier,
    in_lots,
    optimal_trades,
    pov,
    shortfall,
    target_close,
    twap,
    vwap,
)
from tcakit.impact.almgren import Almgren2005
from tcakit.impact.facts import OrderFacts

CURVE = np.array([5.0, 3.0, 2.0, 1.5, 1.5, 2.0, 3.0, 6.0]) * 1e4


def problem(quantity=10_000.0, **given):
    whole = {"volume": CURVE, "volatility_bps": 25.0, "rate_cost_bps": 150.0, "rate_exponent": 0.6}
    return SchedulingProblem.of(quantity, **(whole | given))


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=40), st.sampled_from([0.4, 0.6, 1.0]), st.floats(1.0, 1e5))
def test_without_risk_aversion_the_optimum_is_vwap(volume, exponent, quantity):
    order = problem(quantity, volume=volume, rate_exponent=exponent)
    expected = quantity * np.array(volume) / np.sum(volume)
    assert optimal_trades(order, 0.0) == pytest.approx(expected, rel=1e-9)
    assert vwap(order).unrounded == pytest.approx(expected, rel=1e-9)


def test_a_cap_that_does_not_bind_changes_nothing():
    for aversion in (0.0, 1e-3):
        free, capped = problem(), problem(participation=0.5)
        assert optimal_trades(capped, aversion) == pytest.approx(optimal_trades(free, aversion), rel=1e-12)
    assert optimal_trades(problem(participation=0.08), 0.0) == pytest.approx(1e4 * CURVE / CURVE.sum(), rel=1e-9)


def test_caps_windows_and_lots_are_kept():
    allowed = np.array([True, True, False, True, True, True, True, True])
    order = problem(participation=0.08, allowed=allowed, lot=100)
    for plan in (twap(order), vwap(order), shortfall(order, 0.02), target_close(order, 0.02), pov(order, 0.08)):
        assert plan.trades.sum() == pytest.approx(10_000.0)
        assert plan.trades[2] == 0.0
        assert (plan.trades <= 0.08 * CURVE + 1e-9).all()
        assert (plan.trades % 100 == 0).all()
        assert np.abs(np.cumsum(plan.trades - plan.unrounded)).max() < 100.0
        assert plan.cost_bps == pytest.approx(order.cost_bps(plan.trades))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.floats(0.0, 9.0)), min_size=1, max_size=12),
    st.integers(1, 700),
    st.sampled_from([1, 10, 100]),
)
def test_whole_lots_keep_to_caps_of_whole_lots(slices, quantity, lot):
    most = np.minimum(np.array([float(lots * lot) for lots, _ in slices]), np.inf)
    if most.sum() < quantity:
        return
    trades = np.zeros(len(slices))
    left = float(quantity)
    for at, (_, wanted) in enumerate(slices):
        trades[at] = min(most[at], wanted * lot, left)
        left -= trades[at]
    for at in range(len(slices)):
        more = min(most[at] - trades[at], left)
        trades[at] += more
        left -= more
    whole = in_lots(trades, most, lot)
    assert whole.sum() == pytest.approx(quantity, abs=1e-6)
    assert (whole <= most + 1e-6).all()
    assert (whole >= 0.0).all()
    assert sum(abs(shares / lot - round(shares / lot)) > 1e-6 for shares in whole) <= 1


def test_twap_is_even_and_spreads_what_a_cap_cuts_off():
    assert twap(problem(8_000.0)).trades == pytest.approx(np.full(8, 1_000.0))
    capped = twap(problem(8_000.0, participation=0.05)).unrounded
    short = CURVE * 0.05 < 1_000.0 + 1e-9
    assert capped[short] == pytest.approx(0.05 * CURVE[short])
    assert np.ptp(capped[CURVE >= 3e4]) < 1e-6
    halves = twap(problem(8_000.0), lengths=[2.0, 1, 1, 1, 1, 1, 1, 1]).unrounded
    assert halves[0] == pytest.approx(2 * halves[1])
    with pytest.raises(UsageError, match="no length"):
        twap(problem(), lengths=[0.0, 1, 1, 1, 1, 1, 1, 1])


def test_pov_stops_when_done_and_tells_what_is_left():
    done = pov(problem(), 0.10)
    assert done.trades.tolist() == [5_000.0, 3_000.0, 2_000.0, 0, 0, 0, 0, 0]
    assert done.unfilled == 0.0
    short = pov(problem(lot=100), 0.013)
    assert short.unfilled == 10_000.0 - short.trades.sum() > 0.0
    assert (short.trades % 100 == 0).all()
    with pytest.raises(UsageError, match="at most 1"):
        pov(problem(), 1.5)


def test_infinite_aversion_is_as_early_as_caps_let_it_and_the_limit_of_large_ones():
    order = problem(participation=0.1, least_participation=0.01)
    earliest = optimal_trades(order, math.inf)
    assert earliest.sum() == pytest.approx(10_000.0)
    assert earliest[0] == 5_000.0
    assert earliest[-1] == pytest.approx(600.0)
    assert optimal_trades(order, 1e6) == pytest.approx(earliest, abs=1e-3)
    for bad in (-1.0, math.nan):
        with pytest.raises(UsageError, match="risk aversion"):
            optimal_trades(order, bad)


def test_currency_and_shares_are_the_same_problem_as_bps():
    price, shares = 50.0, 1e6
    order = AlmgrenChriss(shares, 5.0, 5, volatility=0.95, permanent=0.0, temporary=2.5e-6)
    volume = np.full(5, 5e6)
    twin = SchedulingProblem.of(
        shares, volume=volume, volatility_bps=1e4 * 0.95 / price, rate_cost_bps=1e4 * 2.5e-6 * 5e6 / price
    )
    notional = price * shares
    # A variance in currency is (notional / 1e4)² bps², a cost notional / 1e4 bps.
    found = shortfall(twin, 1e-6 * notional / 1e4)
    exact = order.optimal(1e-6)
    assert found.unrounded == pytest.approx(exact.trades, rel=1e-9)
    assert twin.cost_bps(exact.trades) * notional / 1e4 == pytest.approx(exact.expected_cost)
    assert twin.deviation_bps(exact.trades) * notional / 1e4 == pytest.approx(exact.deviation)
    doubled = SchedulingProblem.of(
        10 * shares, volume=10 * volume, volatility_bps=190.0, rate_cost_bps=1e4 * 2.5e-6 * 5e6 / price
    )
    assert doubled.cost_bps(10 * exact.trades) == pytest.approx(twin.cost_bps(exact.trades))


def test_target_close_is_shortfall_seen_from_the_close():
    order = problem(volume=np.full(8, 2e4))
    assert target_close(order, 0.02).unrounded == pytest.approx(shortfall(order, 0.02).unrounded[::-1], rel=1e-9)
    late = target_close(problem(), 0.05)
    assert late.trades[:4].sum() < vwap(problem()).trades[:4].sum()
    # No other schedule is better against the close.
    best = problem().cost_bps(late.unrounded) + 0.05 * problem().deviation_to_close_bps(late.unrounded) ** 2
    generator = np.random.default_rng(2)
    for _ in range(200):
        other = np.maximum(late.unrounded + generator.normal(scale=100.0, size=8), 0.0)
        other *= 10_000.0 / other.sum()
        assert problem().cost_bps(other) + 0.05 * problem().deviation_to_close_bps(other) ** 2 >= best - 1e-9


def test_an_auction_is_a_slice_with_its_own_price_and_cap():
    volume = np.append(CURVE, 2e5)
    volatility = np.append(np.full(8, 25.0), 0.0)
    rate_cost = np.append(np.full(8, 150.0), 20.0)
    share = np.append(np.full(8, 0.2), 0.02)
    order = SchedulingProblem.of(
        10_000, volume=volume, volatility_bps=volatility, rate_cost_bps=rate_cost, rate_exponent=0.6,
        participation=share, extra_cost_bps=np.append(np.zeros(8), 1.0),
    )  # fmt: skip
    assert target_close(order, 0.05).trades[-1] == pytest.approx(4_000.0)
    assert shortfall(order, 0.05).trades[-1] < 500.0
    closed = SchedulingProblem.of(10_000, volume=volume, allowed=np.append(np.ones(8, bool), False))
    assert vwap(closed).trades[-1] == 0.0


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_along_the_frontier_variance_is_sold_at_the_risk_aversion(exponent):
    order = problem(rate_exponent=exponent, participation=0.15)
    for aversion in (1e-3, 1e-2, 0.1):
        edge = frontier(order, [aversion * 1.001, aversion * 0.999])
        assert edge.risk_aversion[0] < edge.risk_aversion[1]
        slope = np.diff(edge.cost_bps) / np.diff(edge.deviation_bps**2)
        assert slope == pytest.approx(-aversion, rel=1e-3)
    whole = frontier(order, [0.0, 1e-3, 1e-2, 0.1, 1.0, math.inf])
    assert (np.diff(whole.cost_bps) >= -1e-12).all()
    assert (np.diff(whole.deviation_bps) <= 1e-12).all()
    assert whole.trades.shape == (6, 8)
    # No ready algorithm lies below any of its tangents.
    for plan in (twap(order), vwap(order), pov(order, 0.1)):
        for aversion, cost, deviation in zip(
            whole.risk_aversion[:-1], whole.cost_bps[:-1], whole.deviation_bps[:-1], strict=True
        ):
            assert plan.cost_bps + aversion * plan.deviation_bps**2 >= (cost + aversion * deviation**2) * (1 - 1e-12)


@pytest.mark.parametrize("exponent", [0.5, 0.6, 1.0])
def test_a_half_life_in_slices_is_when_half_is_done(exponent):
    order = problem(1_000.0, volume=np.full(3_000, 1e5), volatility_bps=2.0, rate_exponent=exponent)
    aversion = of_half_life(order, 40.0)
    assert optimal_trades(order, aversion)[:40].sum() == pytest.approx(500.0, rel=0.02)
    assert of_half_life(order, 80.0) < aversion
    with pytest.raises(UsageError, match="half-life"):
        of_half_life(problem(volatility_bps=0.0), 4.0)


def test_a_price_of_risk_is_the_slope_of_the_frontier():
    order = problem()
    aversion = of_price_of_risk(order, 0.3)
    edge = frontier(order, [aversion * 0.999, aversion * 1.001])
    assert np.diff(edge.cost_bps) / np.diff(edge.deviation_bps) == pytest.approx(-0.3, rel=1e-3)
    assert of_price_of_risk(order, 0.0) == 0.0
    assert of_price_of_risk(problem(volatility_bps=0.0), 0.3) == 0.0
    assert math.isinf(of_price_of_risk(problem(), 1e9))
    with pytest.raises(UsageError, match="price of risk"):
        of_price_of_risk(order, -1.0)


def test_the_models_own_cost_is_that_of_its_vwap_schedule():
    model, adv, quantity = Almgren2005(), 6.561e6, 656_100.0
    volume = CURVE / CURVE.sum() * adv * 0.5
    order = SchedulingProblem.of_almgren(
        model, quantity=quantity, adv=adv, volume=volume, volatility_daily=0.0157, day_parts=np.full(8, 1 / 16),
        shares_outstanding=1.728e9,
    )  # fmt: skip
    facts = OrderFacts.of(quantity_adv=0.1, duration=0.5, volatility_daily=0.0157, shares_outstanding_adv=1.728e9 / adv)
    assert order.cost_bps(vwap(order).unrounded) == pytest.approx(model.cost_bps(facts)[0])
    assert order.deviation_bps(np.zeros(8)) == pytest.approx(157.0 * math.sqrt(0.5))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"participation": 0.01}, "do not fit"),
        ({"participation": 0.05, "lot": 2_000}, "do not fit"),
        ({"volume": [1.0, -1.0]}, "volume is below zero"),
        ({"volatility_bps": [1.0, 2.0]}, "2 values for 8 slices"),
        ({"rate_cost_bps": math.nan}, "not finite"),
        ({"allowed": False}, "do not fit"),
        ({"lot": 0}, "lots of 0"),
        ({"quantity": 0.0}, "0 shares"),
        ({"rate_exponent": 0.0}, "not above zero"),
    ],
)
def test_orders_that_cannot_be_scheduled_are_refused(given, said):
    with pytest.raises(UsageError, match=said):
        problem(**given)
