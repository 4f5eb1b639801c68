"""That no schedule is cheaper: brute force on whole shares, first-order conditions, another solver, and duality."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from tcakit.errors import TcakitError, UsageError
from tcakit.execution import convex_schedule
from tcakit.execution.convex_schedule import ConvexProblem, solve

SLICES = st.lists(
    st.tuples(
        st.floats(0.01, 5.0),
        st.sampled_from([0.5, 0.6, 1.0]),
        st.sampled_from([0.0, 0.0, 0.3, 1.0]),
        st.sampled_from([0.0, 0.01, 1.0, 50.0]),
        st.sampled_from([0.0, 0.0, 1.0]),
        st.sampled_from([2.0, 5.0, 40.0, 0.0]),
    ),
    min_size=1,
    max_size=9,
)


def problem_of(slices, fraction):
    cost, exponent, linear, risk, least, room = np.array(slices).T
    least = np.where(room > 0, least, 0.0)
    most = least + room
    quantity = least.sum() + fraction * room.sum()
    return ConvexProblem.of(
        quantity, cost=cost, exponent=exponent, linear=linear, risk=risk, least=np.minimum(least, quantity), most=most
    )


@given(SLICES, st.floats(0.0, 1.0))
def test_the_optimum_is_feasible_and_proven(slices, fraction):
    problem = problem_of(slices, fraction)
    found = solve(problem)
    assert found.trades.sum() == pytest.approx(problem.quantity, rel=1e-12, abs=1e-12)
    assert (found.trades >= problem.least - 1e-12).all()
    assert (found.trades <= problem.most + 1e-12).all()
    assert found.objective == pytest.approx(problem.money(found.trades))
    assert found.gap <= 1e-9 * max(1.0, abs(found.objective))


@given(SLICES, st.floats(0.05, 0.95), st.integers(0, 10_000))
def test_moving_shares_from_one_slice_to_another_never_pays(slices, fraction, seed):
    problem = problem_of(slices, fraction)
    best = solve(problem)
    generator = np.random.default_rng(seed)
    for _ in range(20):
        giver, taker = generator.integers(0, len(slices), 2)
        room = min(best.trades[giver] - problem.least[giver], problem.most[taker] - best.trades[taker])
        if giver == taker or room <= 0.0:
            continue
        other = best.trades.copy()
        moved = room * 10.0 ** generator.uniform(-4, 0)
        other[giver] -= moved
        other[taker] += moved
        assert problem.money(np.maximum(other, 0.0)) >= best.objective - 1e-9 * max(1.0, best.objective)


def test_no_schedule_of_whole_shares_is_cheaper():
    generator = np.random.default_rng(7)
    for _ in range(12):
        most = generator.integers(2, 8, 4).astype(float)
        problem = ConvexProblem.of(
            9.0, cost=generator.uniform(0.1, 3, 4), exponent=generator.choice([0.5, 1.0], 4),
            linear=generator.uniform(0, 1, 4), risk=generator.uniform(0, 0.5, 4), most=most,
        ) if most.sum() >= 9 else None  # fmt: skip
        if problem is None:
            continue
        every = (
            problem.money(np.array(trades, float))
            for trades in itertools.product(*(range(int(cap) + 1) for cap in most))
            if sum(trades) == 9
        )
        least = min(every)
        assert solve(problem).objective <= least + 1e-12
        assert solve(problem).objective >= 0.85 * least


@pytest.mark.parametrize("exponent", [0.6, 1.0])
def test_another_solver_finds_the_same(exponent):
    generator = np.random.default_rng(11)
    count = 12
    volume = generator.uniform(1, 4, count)
    problem = ConvexProblem.of(
        10.0, cost=volume**-exponent, exponent=exponent, risk=0.02, linear=0.1 * generator.uniform(size=count),
        most=np.where(np.arange(count) == 5, 0.0, 0.5 * volume),
    )  # fmt: skip
    found = solve(problem)
    bounds = list(zip(problem.least, problem.most, strict=True))
    other = minimize(
        lambda n: problem.money(np.maximum(n, 0.0)), problem.most * 10.0 / problem.most.sum(), method="SLSQP",
        bounds=bounds, constraints=[LinearConstraint(np.ones((1, count)), 10.0, 10.0)],
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    assert found.objective <= other.fun + 1e-12
    assert found.objective == pytest.approx(other.fun, rel=1e-6)
    assert found.trades == pytest.approx(other.x, abs=5e-3)


@pytest.mark.parametrize("risk", [1.0, 1e4, 1e8, 1e16])
@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
def test_any_urgency_is_solved(risk, exponent):
    found = solve(ConvexProblem.of(1000.0, cost=np.ones(400), exponent=exponent, risk=risk))
    assert found.trades.sum() == pytest.approx(1000.0)
    assert found.gap <= 1e-9 * found.objective
    assert (np.diff(found.trades) <= 1e-9).all()
    assert found.trades[0] > 2.5


def test_a_slice_that_costs_nothing_extra_takes_what_others_would_pay_for():
    # An auction at the end without impact, at half a unit a share, capped at 300 shares.
    cost, linear = np.array([0.01, 0.01, 0.0]), np.array([0.0, 0.0, 0.5])
    found = solve(ConvexProblem.of(100.0, cost=cost, linear=linear, most=[1e9, 1e9, 300.0]))
    # In the others a share more costs 0.02 n: 25 shares each until it is as dear as the auction.
    assert found.trades == pytest.approx([25.0, 25.0, 50.0])
    assert solve(ConvexProblem.of(0.0, cost=cost)).trades.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cost": [1.0, 1.0], "most": [2.0, 3.0]}, "10 shares do not fit: the slices take at most 5"),
        ({"cost": [1.0, 1.0], "least": [6.0, 6.0]}, "at least 12"),
        ({"cost": [1.0, 1.0], "least": [2.0, 0.0], "most": [1.0, 99.0]}, "above its most"),
        ({"cost": [-1.0, 1.0]}, "cost is below zero"),
        ({"cost": [1.0], "risk": -1.0}, "risk is below zero"),
        ({"cost": [1.0], "exponent": 0.0}, "not above zero"),
        ({"cost": [1.0, 1.0], "risk": [1.0]}, "1 values for 2 slices"),
        ({"cost": [1.0, math.nan]}, "not finite"),
        ({"cost": []}, "0 slices"),
    ],
)
def test_problems_without_an_answer_are_refused(given, said):
    with pytest.raises(UsageError, match=said):
        ConvexProblem.of(10.0, **given)
    with pytest.raises(UsageError, match="quantity"):
        ConvexProblem.of(math.nan, cost=[1.0])


def test_a_schedule_that_is_not_the_best_is_not_handed_out(monkeypatch):
    problem = ConvexProblem.of(10.0, cost=[1.0, 1.0], risk=[3.0, 0.0])
    few, many = (convex_schedule._try(problem, problem.linear, marginal, 1)[1] for marginal in (0.0, 1e3))

    def wide(*given):
        return few, many

    monkeypatch.setattr(convex_schedule, "_bracket", wide)
    with pytest.raises(TcakitError, match="dearer than the best"):
        solve(problem)
