"""Schedules that are solved again as the day goes, with what is left, and what volume and risk turn out to be.

Under what was expected they are the plan of the morning, to rounding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import optimal_trades

VOLUME_WEIGHT = 0.1
"""Share of the whole window's expectation that stands beside what was seen: the first minutes say little of a day."""


def surprise(seen: float, expected: float, expected_in_all: float, weight: float = VOLUME_WEIGHT) -> float:
    """How many times what was expected the rest of the day is taken to be, from what was seen so far.

    (seen + w E) / (expected + w E), E being the expectation of the whole window: 1 at the start, and near the ratio of
    seen and expected towards the end.

    >>> surprise(0.0, 0.0, 1000.0), round(surprise(1800.0, 900.0, 1000.0), 2)
    (1.0, 1.9)
    """
    held = weight * expected_in_all
    return (seen + held) / (expected + held) if expected + held > 0.0 else 1.0


def rest_of_plan(
    problem: SchedulingProblem,
    risk_aversion: float,
    done_slices: int,
    left: float,
    *,
    volume_ratio: float = 1.0,
    variance_ratio: float = 1.0,
) -> NDArray[np.float64]:
    """The best trades of the slices that are still to come, float64 of n - `done_slices`, for what is `left` (shares).

    Volume and variance of these slices are those of the problem times the ratios. Risk is weighed as for the whole
    order, so that nothing changes by itself: without a surprise these are the last trades of the first plan. It
    may have no caps: a day of little volume would not let the order through. Raises UsageError if it has.

    >>> problem = SchedulingProblem.of(900, volume=[1e4, 1e4, 1e4], volatility_bps=20, rate_cost_bps=100)
    >>> first = optimal_trades(problem, 0.01)
    >>> np.allclose(rest_of_plan(problem, 0.01, 1, 900.0 - first[0]), first[1:])
    True
    """
    if (problem.most[problem.most > 0.0] < problem.quantity).any() or problem.least.any():
        raise UsageError("a plan that is solved again has no caps", remedy="leave them out")
    columns = {
        name: getattr(problem, name)[done_slices:]
        for name in ("rate_cost_bps", "rate_exponent", "extra_cost_bps", "least")
    }
    rest = replace(
        problem,
        quantity=left,
        volume=problem.volume[done_slices:] * volume_ratio,
        volatility_bps=problem.volatility_bps[done_slices:] * variance_ratio**0.5,
        most=np.where(problem.most[done_slices:] > 0.0, left, 0.0),
        **columns,
    )
    # A problem weighs variance in bps of its own order; what is left is but a part of ours.
    return optimal_trades(rest, risk_aversion * left / problem.quantity)


def replanned_trades(
    problem: SchedulingProblem, risk_aversion: float, volume: ArrayLike, weight: float = VOLUME_WEIGHT
) -> NDArray[np.float64]:
    """What is traded in all slices if the plan is solved again after each, float64 of n.

    The market in truth trades `volume` (shares of each slice), of which only earlier slices are known.

    >>> problem = SchedulingProblem.of(900, volume=[1e4, 1e4, 1e4], volatility_bps=20, rate_cost_bps=100)
    >>> np.allclose(replanned_trades(problem, 0.01, [1e4, 1e4, 1e4]), optimal_trades(problem, 0.01))
    True
    """
    seen = np.append(0.0, np.cumsum(np.asarray(volume, np.float64)))
    expected = np.append(0.0, np.cumsum(problem.volume))
    trades = np.zeros(len(problem))
    left = problem.quantity
    last = int(np.flatnonzero(problem.most > 0.0)[-1])
    for at in range(last + 1):
        if not left > 0.0:
            break
        ratio = surprise(seen[at], expected[at], expected[-1], weight)
        rest = rest_of_plan(problem, risk_aversion, at, left, volume_ratio=ratio)
        trades[at] = left if at == last else min(left, rest[0])
        left -= trades[at]
    return trades
