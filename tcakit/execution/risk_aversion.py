"""Risk aversion in words that a desk uses: a half-life, or bps of cost for a bp of risk."""

from __future__ import annotations

import math

import numpy as np

from tcakit.errors import UsageError
from tcakit.execution.almgren_power import half_life_in_time_scales
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import optimal_trades

_MOST_DOUBLINGS = 200


def of_half_life(problem: SchedulingProblem, half_life_slices: float) -> float:
    """The risk aversion, per bp, at which half is done after that many slices, were there no end and no cap.

    Volume, costs and volatility are taken at their mean over the slices that may trade. From Almgren (2003):
    λ = β c (X/V)^β / (σ² T*^(β+1)), T* being the half-life over what it is in units of T*.

    >>> problem = SchedulingProblem.of(1e3, volume=np.full(400, 1e5), volatility_bps=5, rate_cost_bps=100)
    >>> aversion = of_half_life(problem, 20)
    >>> round(float(optimal_trades(problem, aversion)[:20].sum()))
    500
    """
    may = problem.most > 0.0
    variance = float(np.square(problem.volatility_bps[may]).mean())
    if not half_life_slices > 0.0 or variance == 0.0:
        raise UsageError("no risk aversion has that half-life", remedy="give a half-life and a volatility above zero")
    power = float(problem.rate_exponent[may].mean())
    size = problem.quantity / float(problem.volume[may].mean())
    scale = half_life_slices / half_life_in_time_scales(power)
    return float(power * problem.rate_cost_bps[may].mean() * size**power / (variance * scale ** (power + 1.0)))


def of_price_of_risk(problem: SchedulingProblem, bps_per_bp: float) -> float:
    """The risk aversion, per bp, at which the last bp of deviation taken off the schedule costs `bps_per_bp`.

    On the frontier one bp less of deviation costs 2 λ times the deviation. Infinity where even the earliest schedule
    costs less than that per bp.

    >>> problem = SchedulingProblem.of(1e3, volume=np.full(50, 1e4), volatility_bps=5, rate_cost_bps=100)
    >>> aversion = of_price_of_risk(problem, 0.2)
    >>> round(2 * aversion * problem.deviation_bps(optimal_trades(problem, aversion)), 9)
    0.2
    """
    if not (math.isfinite(bps_per_bp) and bps_per_bp >= 0.0):
        raise UsageError(f"a price of risk of {bps_per_bp:g}", remedy="give bps of cost per bp of risk, zero or more")
    widest = problem.deviation_bps(optimal_trades(problem, 0.0))
    if bps_per_bp == 0.0 or widest == 0.0:
        return 0.0

    def excess(aversion: float) -> float:
        return 2.0 * aversion * problem.deviation_bps(optimal_trades(problem, aversion)) - bps_per_bp

    # The price of risk rises with the risk aversion, and is too low where the deviation is at its widest.
    low = high = bps_per_bp / (2.0 * widest)
    for _ in range(_MOST_DOUBLINGS):
        if excess(high) >= 0.0:
            break
        low, high = high, 2.0 * high
    else:
        return math.inf
    if low == high:
        return low
    from scipy.optimize import brentq

    return math.exp(brentq(lambda log: excess(math.exp(log)), math.log(low), math.log(high), xtol=1e-14, rtol=1e-14))
