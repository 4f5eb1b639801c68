"""TWAP, VWAP, POV, implementation shortfall and target close as one family of schedules, and the efficient frontier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.execution.convex_schedule import solve
from tcakit.execution.scheduling_problem import SchedulingProblem


@dataclass(frozen=True, slots=True)
class TradePlan:
    """Shares of each slice, in whole lots, and what they are expected to cost and to risk, in bps of arrival.

    `unrounded` are the shares before they were cut to lots; `unfilled` what does not fit (POV only).
    """

    name: str
    trades: NDArray[np.float64]
    unrounded: NDArray[np.float64]
    cost_bps: float
    deviation_bps: float
    unfilled: float = 0.0


def twap(problem: SchedulingProblem, lengths: ArrayLike = 1.0) -> TradePlan:
    """Equal amounts in equal times, as far as caps and windows let it; `lengths` of the slices, in any unit.

    >>> twap(SchedulingProblem.of(900, volume=[1000, 2000, 3000], participation=0.2)).trades.tolist()
    [200.0, 350.0, 350.0]
    """
    return _plan(
        "twap", problem, _in_proportion(problem, np.broadcast_to(np.asarray(lengths, np.float64), len(problem)))
    )


def vwap(problem: SchedulingProblem) -> TradePlan:
    """In proportion to expected volume, as far as caps and windows let it.

    >>> vwap(SchedulingProblem.of(900, volume=[1000, 2000, 3000])).trades.tolist()
    [150.0, 300.0, 450.0]
    """
    return _plan("vwap", problem, _in_proportion(problem, problem.volume))


def pov(problem: SchedulingProblem, rate: float) -> TradePlan:
    """That share of expected volume from the start on until all is done; what the end leaves is `unfilled`.

    >>> pov(SchedulingProblem.of(500, volume=[1000, 2000, 3000]), 0.2).trades.tolist()
    [200.0, 300.0, 0.0]
    """
    if not 0.0 < rate <= 1.0:
        raise UsageError(f"a participation of {rate:g}", remedy="give a share of all volume, above 0 and at most 1")
    due = np.minimum(problem.volume * rate, problem.most)
    done = np.minimum(np.cumsum(due), problem.quantity)
    trades = np.diff(done, prepend=0.0)
    left = problem.quantity - float(done[-1])
    if left < problem.lot * 0.5:
        return _plan(f"pov:{rate * 100:g}", problem, trades)
    lots = np.diff(np.floor(done / problem.lot + 1e-9) * problem.lot, prepend=0.0)
    return replace(
        _measured(f"pov:{rate * 100:g}", problem, lots, trades), unfilled=problem.quantity - float(lots.sum())
    )


def shortfall(problem: SchedulingProblem, risk_aversion: float) -> TradePlan:
    """The least of expected cost plus `risk_aversion` (per bp) times variance (bps²), against arrival.

    With a risk aversion of zero and one law of cost for all slices it is the VWAP schedule; with one of infinity it
    trades as early as caps let it.

    >>> problem = SchedulingProblem.of(900, volume=[1e4, 1e4, 1e4], volatility_bps=20, rate_cost_bps=100)
    >>> shortfall(problem, risk_aversion=0.01).trades.round(1).tolist()
    [457.0, 262.0, 181.0]
    """
    return _plan("is", problem, optimal_trades(problem, risk_aversion))


def target_close(problem: SchedulingProblem, risk_aversion: float) -> TradePlan:
    """The same against the price of the last slice: start late, and no earlier than cost asks for.

    Its deviation is that against the close.

    >>> problem = SchedulingProblem.of(900, volume=[1e4, 1e4, 1e4], volatility_bps=20, rate_cost_bps=100)
    >>> target_close(problem, risk_aversion=0.01).trades.round(1).tolist()
    [180.0, 262.0, 458.0]
    """
    trades = optimal_trades(problem.reversed_in_time(), risk_aversion)[::-1].copy()
    plan = _plan("target-close", problem, trades)
    return replace(plan, deviation_bps=problem.deviation_to_close_bps(plan.trades))


def optimal_trades(problem: SchedulingProblem, risk_aversion: float) -> NDArray[np.float64]:
    """The shares of each slice that are the optimum against arrival, before they are cut to lots, float64 of n."""
    if math.isnan(risk_aversion) or risk_aversion < 0.0:
        raise UsageError(f"a risk aversion of {risk_aversion:g}", remedy="give a number of zero or more, per bp")
    if math.isinf(risk_aversion):
        # As early as can be: what each slice must take later is kept back.
        later = np.cumsum(problem.least[::-1])[::-1] - problem.least
        done = np.zeros(len(problem))
        so_far = 0.0
        for at in range(len(problem)):
            so_far += min(problem.most[at], problem.quantity - so_far - later[at])
            done[at] = so_far
        return np.diff(done, prepend=0.0)
    return solve(problem.convex(risk_aversion)).trades


@dataclass(frozen=True, slots=True)
class Frontier:
    """The efficient frontier: float64 of n each, by rising risk aversion (per bp); trades are (n, slices).

    Along it one more bp² of variance saves the risk aversion in expected cost: d cost / d variance = -λ.
    """

    risk_aversion: NDArray[np.float64]
    cost_bps: NDArray[np.float64]
    deviation_bps: NDArray[np.float64]
    trades: NDArray[np.float64]


def frontier(problem: SchedulingProblem, risk_aversions: Sequence[float]) -> Frontier:
    """Least expected cost for each deviation against arrival, without cutting to lots.

    >>> problem = SchedulingProblem.of(900, volume=[1e4, 1e4, 1e4], volatility_bps=20, rate_cost_bps=100)
    >>> frontier(problem, [0.0, 0.1]).cost_bps.round(2).tolist()
    [3.0, 6.53]
    """
    ordered = np.sort(np.asarray(risk_aversions, np.float64))
    trades = np.array([optimal_trades(problem, float(aversion)) for aversion in ordered]).reshape(-1, len(problem))
    cost = np.array([problem.cost_bps(schedule) for schedule in trades])
    return Frontier(ordered, cost, np.array([problem.deviation_bps(schedule) for schedule in trades]), trades)


def in_lots(trades: NDArray[np.float64], most: NDArray[np.float64], lot: int) -> NDArray[np.float64]:
    """A schedule in whole lots: what is due by each slice is cut down, so that no slice is off by a lot or more.

    The odd shares of the order itself go to the slice with the most room.

    >>> in_lots(np.array([150.0, 150.0, 50.0]), np.array([200.0, 200.0, 200.0]), 100).tolist()
    [100.0, 200.0, 50.0]
    """
    total = float(trades.sum())
    # What lies a hair below a whole lot is one.
    done = np.floor(np.cumsum(trades) / lot + 1e-9) * lot
    whole = np.diff(done, prepend=0.0)
    odd = total - float(whole.sum())
    if odd > 1e-6:
        room = most - whole
        worked = np.where(trades > 0.0, room, -1.0)
        room = worked if worked.max() >= odd else room
        last = len(trades) - 1 - int(np.argmax(room[::-1]))
        whole[last] += odd
    return whole


def _in_proportion(problem: SchedulingProblem, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares as the weights are, what a cap cuts off spread over the others alike."""
    if not (np.isfinite(weights).all() and (weights > 0.0)[problem.most > 0.0].all()):
        raise UsageError("a slice has no length", remedy="give lengths above zero")
    level = replace(
        problem.convex(0.0),
        cost=1.0 / np.where(weights > 0.0, weights, 1.0),
        exponent=np.ones(len(problem)),
        linear=np.zeros(len(problem)),
    )
    return solve(level).trades


def _plan(name: str, problem: SchedulingProblem, trades: NDArray[np.float64]) -> TradePlan:
    return _measured(name, problem, in_lots(trades, problem.most, problem.lot), trades)


def _measured(
    name: str, problem: SchedulingProblem, trades: NDArray[np.float64], unrounded: NDArray[np.float64]
) -> TradePlan:
    return TradePlan(name, trades, unrounded, problem.cost_bps(trades), problem.deviation_bps(trades))
