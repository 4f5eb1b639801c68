"""The plane of risk and cost of an order: the efficient frontier, and where the ready algorithms stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.execution import risk_aversion as aversions
from tcakit.execution import trade_plans as plans
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import TradePlan
from tcakit.jobs.schedule_problem import Day
from tcakit.market.clock import NS_PER_SECOND


def mean_slice_ns(day: Day) -> float:
    """Mean length of the slices that may trade, auctions apart."""
    return float(day.slices.length_ns[day.slices.allowed & ~day.slices.auction].mean())


def without_auctions(problem: SchedulingProblem, day: Day) -> SchedulingProblem:
    """The problem in which nothing trades in auctions."""
    return replace(problem, most=np.where(day.slices.auction, 0.0, problem.most))


def ready_algorithms(
    problem: SchedulingProblem, day: Day, label: str, trades: NDArray[np.float64], unfilled: float
) -> list[dict[str, Any]]:
    """Where the ready algorithms stand on the plane of risk and cost, all against arrival; this schedule first."""
    rows = [_point(label, problem, trades, unfilled, chosen=True)]
    window_ns = day.end_ns - day.start_ns
    ready: list[tuple[str, TradePlan]] = [
        ("twap", plans.twap(without_auctions(problem, day), np.maximum(day.slices.length_ns, 1))),
        ("vwap", plans.vwap(problem)),
    ]
    mean_ns = mean_slice_ns(day)
    for part in (4, 16):
        half_life_ns = window_ns / part
        aversion = aversions.of_half_life(problem, half_life_ns / mean_ns) if _has_risk(problem) else 0.0
        minutes = f"{half_life_ns / 60 / NS_PER_SECOND:.3g}m"
        ready.append((f"is:{minutes}", plans.shortfall(problem, aversion)))
        if part == 4:
            ready.append((f"target-close:{minutes}", plans.target_close(problem, aversion)))
    for rate in (0.1, 0.2):
        ready.append((f"pov:{rate * 100:g}", plans.pov(problem, rate)))
    return rows + [_point(name, problem, plan.trades, plan.unfilled) for name, plan in ready if name != label]


def _has_risk(problem: SchedulingProblem) -> bool:
    return bool((problem.volatility_bps[problem.most > 0.0] > 0.0).any())


def _point(
    label: str, problem: SchedulingProblem, trades: NDArray[np.float64], unfilled: float, *, chosen: bool = False
) -> dict[str, Any]:
    return {
        "name": label,
        "cost_bps": problem.cost_bps(trades),
        "deviation_bps": problem.deviation_bps(trades),
        "unfilled": unfilled,
        "chosen": chosen,
    }


def frontier_points(problem: SchedulingProblem) -> list[dict[str, float]]:
    """The efficient frontier against arrival, from no risk aversion to nearly all of it, in fractions of shares."""
    widest = problem.deviation_bps(plans.optimal_trades(problem, 0.0))
    if widest == 0.0:
        return []
    scale = max(problem.cost_bps(plans.optimal_trades(problem, 0.0)) - problem.fixed_cost_bps, 1e-9) / widest**2
    steps = [0.0, *(scale * np.logspace(-2.5, 3.0, 34)).tolist()]
    found = plans.frontier(problem, steps)
    columns = zip(found.risk_aversion, found.cost_bps, found.deviation_bps, strict=True)
    return [
        {"risk_aversion": float(one), "cost_bps": float(cost), "deviation_bps": float(deviation)}
        for one, cost, deviation in columns
    ]
