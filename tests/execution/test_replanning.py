"""Plans that are solved again: nothing changes without a surprise, surprises change what they should, and regret is
never below nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_venue import FakeGateway
from hypothesis import given, settings
from hypothesis import strategies as st

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy, parse_algorithm
from tcakit.execution.optimal import Optimal
from tcakit.execution.parent import ParentOrder
from tcakit.execution.replanning import replanned_trades, rest_of_plan, surprise
from tcakit.execution.risk_aversion import of_half_life
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import optimal_trades
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.market import codes

SECOND = 10**9
MINUTE = 60 * SECOND
VOLUME = st.lists(st.floats(1e3, 1e6), min_size=2, max_size=20)


def problem(volume, quantity=50_000.0, **given) -> SchedulingProblem:
    whole = {"volatility_bps": 25.0, "rate_cost_bps": 200.0, "rate_exponent": 0.6, "extra_cost_bps": 1.0}
    return SchedulingProblem.of(quantity, volume=volume, **(whole | given))


# --- the plan ---------------------------------------------------------------------------------------------------------


@given(VOLUME, st.floats(0.5, 20.0), st.sampled_from([0.5, 0.6, 1.0]), st.data())
def test_without_a_surprise_the_rest_of_the_plan_is_the_rest_of_the_plan(volume, half_life, exponent, data):
    order = problem(volume, rate_exponent=exponent)
    aversion = of_half_life(order, half_life)
    first = optimal_trades(order, aversion)
    done = data.draw(st.integers(0, len(volume) - 1))
    rest = rest_of_plan(order, aversion, done, float(first[done:].sum()))
    assert rest == pytest.approx(first[done:], rel=1e-6, abs=1e-3)
    assert replanned_trades(order, aversion, volume) == pytest.approx(first, rel=1e-5, abs=1e-2)


@given(VOLUME, st.integers(0, 10**6), st.just(0.0) | st.floats(0.5, 20.0))
def test_all_is_done_and_no_plan_is_better_than_the_one_that_knew(volume, seed, half_life):
    draw = np.random.default_rng(seed)
    order = problem(volume)
    aversion = of_half_life(order, half_life) if half_life else 0.0
    real = replace(order, volume=order.volume * np.exp(draw.normal() + 0.5 * draw.normal(size=len(volume))))
    trades = replanned_trades(order, aversion, real.volume)
    assert trades.sum() == pytest.approx(order.quantity)
    assert trades.min() >= 0.0

    def objective(plan) -> float:
        return real.cost_bps(plan) + aversion * real.deviation_bps(plan) ** 2

    best = objective(optimal_trades(real, aversion))
    for plan in (trades, optimal_trades(order, aversion)):
        assert objective(plan) >= best * (1 - 1e-9)


def test_what_is_known_of_later_slices_changes_nothing_before_them():
    order = problem(np.full(8, 1e5))
    aversion = of_half_life(order, 3.0)
    calm = replanned_trades(order, aversion, np.full(8, 1e5))
    late = replanned_trades(order, aversion, np.array([1e5] * 5 + [9e5] * 3))
    assert late[:6] == pytest.approx(calm[:6], rel=1e-9)
    assert late[6] != pytest.approx(calm[6], rel=1e-3)


@pytest.mark.parametrize(("level", "less"), [(0.0, False), (0.7, True)])
def test_solving_again_pays_where_the_day_s_level_is_uncertain_and_not_where_slices_are_noisy(level, less):
    """Means over 60 days: noise of a slice, 30 %, says nothing of the rest of the day."""
    draw = np.random.default_rng(4)
    shape = 1 + 1.5 * np.linspace(-1, 1, 26) ** 2
    order = problem(1e6 * shape / shape.sum())
    aversion = of_half_life(order, 6.0)
    regrets = []
    for _ in range(60):
        real = replace(order, volume=order.volume * np.exp(level * draw.normal() + 0.3 * draw.normal(size=26)))
        costs = [
            real.cost_bps(plan) + aversion * real.deviation_bps(plan) ** 2
            for plan in (
                optimal_trades(real, aversion),
                optimal_trades(order, aversion),
                replanned_trades(order, aversion, real.volume),
            )
        ]
        regrets.append([costs[1] - costs[0], costs[2] - costs[0]])
    morning, again = np.mean(regrets, axis=0)
    if less:
        assert again < 0.9 * morning
    else:
        assert again == pytest.approx(morning, rel=0.1)


def test_caps_are_refused():
    with pytest.raises(UsageError, match="no caps"):
        replanned_trades(problem(np.full(4, 1e5), participation=0.3), 0.01, np.full(4, 1e5))


def test_a_surprise_grows_from_one_to_what_was_seen():
    assert surprise(0.0, 0.0, 100.0) == 1.0
    assert surprise(0.0, 0.0, 0.0) == 1.0
    assert surprise(20.0, 10.0, 100.0) == pytest.approx(1.5)
    assert surprise(200.0, 100.0, 100.0) == pytest.approx(210 / 110)
    assert surprise(0.0, 50.0, 100.0) == pytest.approx(10 / 60)


# --- the strategy -----------------------------------------------------------------------------------------------------

OPEN, CLOSE = 0, 390 * MINUTE
START, END = 60 * MINUTE, 180 * MINUTE
EDGES = np.linspace(OPEN, CLOSE, 40).astype(np.int64)
CURVE = VolumeCurve("mean of 3 earlier days", EDGES, np.linspace(0, 1, 40), 390e3)


def optimal(text: str = "optimal:30m", quantity: int = 12_000, curve: VolumeCurve = CURVE) -> Optimal:
    parent = ParentOrder("p", "ACME", "2026-03-04", codes.BUY, quantity, START, END, "optimal")
    made = make_strategy(parent, parse_algorithm(text), lot=1, curve=curve)
    assert isinstance(made, Optimal)
    return made


class Market(FakeGateway):
    """Fills at once what the strategy has due, so that it keeps to its plan, and prints what the test says."""

    def __init__(self, per_minute: float, swing: float = 0.0) -> None:
        super().__init__(10_000, 10_001)
        self.per_minute, self.swing = per_minute, swing
        self.market_volume = 777

    def run(self, strategy: Optimal, until: int) -> list[tuple[int, int]]:
        done = []
        self.now_ns = START
        strategy.on_start(self)
        while self.wake_ns is not None and self.now_ns < until:
            for order in list(self.live):
                # What is due by now, no more: the plan is followed to the share. Takers get all.
                due = int(strategy.schedule.target(self.now_ns, 0)) - strategy.filled
                due = order.leaves if order.time_in_force == codes.IOC else due
                if due > 0:
                    self.fill(strategy, order, min(order.leaves, due))
                if order.cancel_asked and not order.is_over:
                    self.answer(strategy, order, codes.CANCELLED)
            self.now_ns, self.wake_ns = self.wake_ns, None
            self.market_volume = 777 + int(self.per_minute * (self.now_ns - START) / MINUTE)
            level = 10_000 * (1 + self.swing * (self.now_ns // (5 * MINUTE) % 2))
            self.best_bid_tick, self.best_ask_tick = int(level), int(level) + 1
            strategy.on_time(self)
            done.append((self.now_ns, strategy.filled))
        return done


def done_by(done: list[tuple[int, int]], ns: int) -> int:
    return [filled for at, filled in done if at <= ns][-1]


def test_the_first_plan_is_that_of_the_family():
    strategy, market = optimal(), Market(1_000)
    market.now_ns = START
    strategy.on_start(market)
    expected = SchedulingProblem.of(12_000, volume=np.full(24, 1.0), volatility_bps=1.0, rate_exponent=0.6)
    trades = optimal_trades(expected, of_half_life(expected, 6.0))
    assert np.diff(strategy.schedule.due) == pytest.approx(trades, rel=1e-6)
    # There is an end: more than half is done by the half-life.
    assert 6_000 <= strategy.schedule.target(START + 30 * MINUTE, 0) < 7_000


def test_a_day_as_expected_is_worked_as_planned():
    strategy, market = optimal(), Market(1_000)
    market.now_ns = START
    strategy.on_start(market)
    first = strategy.schedule
    other, done = optimal(), Market(1_000)
    told = done.run(other, END)
    for minutes in (10, 30, 60, 100):
        due = first.target(START + minutes * MINUTE, 0)
        assert done_by(told, START + minutes * MINUTE) == pytest.approx(due, abs=0.02 * 12_000)
    assert told[-1][1] == 12_000


@pytest.mark.parametrize(("per_minute", "sign"), [(3_000, 1), (300, -1)])
def test_a_day_of_more_volume_is_worked_faster(per_minute, sign):
    strategies = {rate: optimal() for rate in (1_000, per_minute)}
    filled = {rate: done_by(Market(rate).run(one, END), START + 25 * MINUTE) for rate, one in strategies.items()}
    assert (filled[per_minute] - filled[1_000]) * sign > 0.02 * 12_000
    # Without an expectation of the level only the shape of the day counts.
    shape = replace(CURVE, day_volume=None)
    same = [Market(rate).run(optimal(curve=shape), END) for rate in (1_000, per_minute)]
    assert same[0] == same[1]
    # What the user expects comes before what earlier days say.
    own = Market(per_minute).run(optimal(f"optimal:30m,volume={390 * per_minute}"), END)
    assert done_by(own, START + 25 * MINUTE) == pytest.approx(filled[1_000], abs=0.005 * 12_000)


def test_a_day_of_more_risk_is_worked_faster_where_risk_was_expected():
    calm, wild = (Market(1_000, swing).run(optimal("optimal:30m,volatility=0.01"), END) for swing in (0.0, 0.01))
    assert done_by(wild, START + 25 * MINUTE) > done_by(calm, START + 25 * MINUTE) + 0.02 * 12_000
    plain = [Market(1_000, swing).run(optimal(), END) for swing in (0.0, 0.01)]
    plain_at = [done_by(done, START + 25 * MINUTE) for done in plain]
    # The touch that moved takes an order back now and then: that is all.
    assert plain_at[1] == pytest.approx(plain_at[0], abs=0.005 * 12_000)


@settings(max_examples=40)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=12),
    st.integers(1, 5_000),
    st.sampled_from([SECOND, 7 * MINUTE, 500 * MINUTE]),
    st.sampled_from([None, 0.0, 5e5]),
)
def test_any_curve_gives_a_plan_that_ends_with_all(weights, quantity, bucket, day_volume):
    """Curves with stretches in which nobody traded, or that end before the order does."""
    shares = np.append(0.0, np.cumsum(weights))
    shares = shares / shares[-1] if shares[-1] > 0.0 else shares
    curve = VolumeCurve("x", np.linspace(OPEN, 150 * MINUTE, len(shares)).astype(np.int64), shares, day_volume or None)
    strategy = optimal(f"optimal:20m,bucket={bucket // SECOND}s", quantity, curve)
    gateway = FakeGateway()
    gateway.now_ns = START
    strategy.on_start(gateway)
    for at in (START, START + 33 * MINUTE, END - 1):
        gateway.now_ns = at
        strategy.decide(gateway)
        due = strategy.schedule.due
        assert due[-1] == quantity
        assert (np.diff(due) >= -1e-6).all()
        assert strategy.schedule.edges_ns[-1] == END


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("optimal", "needs its urgency"),
        ("optimal:soon", "no duration"),
        ("optimal:30m,bucket=0s", "above zero"),
        ("optimal:30m,volatility=2", "volatility of a day"),
        ("optimal:30m,volume=0", "number of shares"),
        ("optimal:30m,rate=3", "no parameter 'rate'"),
    ],
)
def test_parameters_are_checked(text, said):
    with pytest.raises(UsageError) as refused:
        parse_algorithm(text)
    assert said in str(refused.value)
