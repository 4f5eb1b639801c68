"""Schedules of the papers in their own units: nothing but the numbers given, no store and no day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from tcakit.errors import UsageError
from tcakit.execution.almgren_chriss import AlmgrenChriss, Trajectory
from tcakit.execution.transient_schedule import ObizhaevaWangOrder, PowerDecaySchedule, optimal_trades
from tcakit.impact.decay import PowerDecay
from tcakit.impact.trades import schedule_cost

ALMGREN_CHRISS, OBIZHAEVA_WANG, POWER_KERNEL = "almgren-chriss", "obizhaeva-wang", "power-kernel"
_SLICES = 13
# What each formula reads, beside the quantity, the slices and whether a frontier is wanted.
_READ = {
    ALMGREN_CHRISS: (
        "days", "volatility_currency", "permanent", "temporary", "fixed", "drift", "cap", "risk_aversion", "half_life",
    ),
    OBIZHAEVA_WANG: ("time", "depth", "transient", "permanent", "resilience", "half_life"),
    POWER_KERNEL: ("time", "decay_exponent", "lag_scale", "transient"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormulaRequest:
    """An order of a paper, in shares, currency and one unit of time; None where not given.

    - almgren-chriss: `days`, `volatility_currency` (currency a share per √day), `permanent` (γ), `temporary` (η),
      `fixed` (ε), `drift`, `cap` (shares of a slice), and `risk_aversion` per unit of currency or `half_life` in days;
    - obizhaeva-wang: `time`, `depth` (shares per unit of price) or `transient` (price a share), `permanent` (price a
      share), `resilience` per unit of time or `half_life`;
    - power-kernel: `time`, `decay_exponent`, `lag_scale`, `transient` (price a share).
    """

    algo: str
    quantity: float
    slices: int | None = None
    days: float | None = None
    volatility_currency: float | None = None
    permanent: float | None = None
    temporary: float | None = None
    fixed: float | None = None
    drift: float | None = None
    cap: float | None = None
    risk_aversion: float | None = None
    half_life: float | None = None
    time: float | None = None
    depth: float | None = None
    transient: float | None = None
    resilience: float | None = None
    decay_exponent: float | None = None
    lag_scale: float | None = None
    frontier: bool = False


def formula_schedule(request: FormulaRequest) -> dict[str, Any]:
    """The schedule with expected cost and variance, in currency; `times` and `quantities` by trade.

    Raises UsageError for a number that is missing, that this formula does not read, or that has no optimum.
    """
    read = _READ[request.algo]
    every = {name for names in _READ.values() for name in names}
    unread = [name for name in sorted(every - set(read)) if getattr(request, name) is not None]
    if unread:
        flags = ", ".join(map(_flag, unread))
        raise UsageError(f"{request.algo} does not read {flags}", place=flags, remedy="leave it out")
    if request.slices is not None and not 1 <= request.slices <= 100_000:
        raise UsageError(f"{request.slices} slices", place="--slices", remedy="write 1 to 100,000")
    if request.frontier and request.algo != ALMGREN_CHRISS:
        raise UsageError(f"{request.algo} knows no risk, so no frontier", place="--frontier", remedy="leave it out")
    made = {ALMGREN_CHRISS: _almgren_chriss, OBIZHAEVA_WANG: _obizhaeva_wang, POWER_KERNEL: _power_kernel}
    result = made[request.algo](request)
    return {"algo": request.algo, "quantity": request.quantity, "cost_unit": "currency", **result}


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _need(request: FormulaRequest, *names: str) -> list[float]:
    """Numbers that must be given."""
    missing = [_flag(name) for name in names if getattr(request, name) is None]
    if missing:
        raise UsageError(f"{request.algo} needs {', '.join(missing)}", place=missing[0], remedy=f"add {missing[0]}")
    return [float(getattr(request, name)) for name in names]


def _either(request: FormulaRequest, first: str, second: str) -> str:
    """Which of two numbers was given; UsageError unless one was."""
    given = [name for name in (first, second) if getattr(request, name) is not None]
    if len(given) != 1:
        what = "both" if given else "neither of"
        raise UsageError(f"{what} {_flag(first)} and {_flag(second)}", place=_flag(first), remedy="give one of the two")
    return given[0]


# --- Almgren and Chriss (2000) ---------------------------------------------------------------------------------


def _almgren_chriss(request: FormulaRequest) -> dict[str, Any]:
    days, volatility, permanent, temporary = _need(request, "days", "volatility_currency", "permanent", "temporary")
    order = AlmgrenChriss(
        request.quantity,
        days,
        request.slices or _SLICES,
        volatility=volatility,
        permanent=permanent,
        temporary=temporary,
        fixed=request.fixed or 0.0,
        drift=request.drift or 0.0,
    )
    if _either(request, "risk_aversion", "half_life") == "half_life":
        aversion = order.risk_aversion_of_half_life(float(request.half_life or 0.0))
    else:
        aversion = float(request.risk_aversion or 0.0)
    best = order.optimal(aversion, request.cap)
    urgency = order.urgency(aversion)
    notes = ["a trade is worked evenly through its interval; what is left after it is at risk until the next"]
    if request.cap is not None:
        notes.append("under a cap the quadratic program is solved; its urgency is that without the cap")
    result = {
        "times": best.times_days[:-1].tolist(),
        "ends": best.times_days[1:].tolist(),
        "time_unit": "days",
        "quantities": best.trades.tolist(),
        "left": best.holdings[1:].tolist(),
        "expected_cost": best.expected_cost,
        "variance": best.variance,
        "deviation": best.deviation,
        "variance_unit": "currency²",
        "utility_cost": best.utility_cost(aversion),
        "risk_aversion": aversion,
        "urgency_per_day": urgency,
        "half_life_days": math.log(2.0) / urgency if urgency else None,
        "notes": notes,
    }
    if request.frontier:
        result |= _frontier_of(order, best, request.cap)
    return result


def _frontier_of(order: AlmgrenChriss, best: Trajectory, cap: float | None) -> dict[str, Any]:
    """The frontier in currency, with the even schedule, the earliest one, and the one asked for."""
    points = []
    slow = order.optimal(0.0, cap)
    if order.volatility > 0.0:
        scale = order.risk_aversion_of_half_life(order.days)
        for aversion in [0.0, *(scale * np.logspace(-2.0, 4.0, 37)).tolist()]:
            found = order.optimal(aversion, cap)
            points.append({"risk_aversion": aversion, "cost": found.expected_cost, "deviation": found.deviation})
    at_once = np.zeros(order.intervals)
    left = order.quantity
    for at in range(order.intervals):
        at_once[at] = min(left, order.quantity if cap is None else cap)
        left -= at_once[at]
    marked = (("almgren-chriss", best, True), ("even", slow, False), ("at once", order.trajectory(at_once), False))
    return {
        "frontier": points,
        "algorithms": [
            {"name": name, "cost": one.expected_cost, "deviation": one.deviation, "unfilled": 0.0, "chosen": chosen}
            for name, one, chosen in marked
        ],
    }


# --- Obizhaeva and Wang (2013) ---------------------------------------------------------------------------------


def _obizhaeva_wang(request: FormulaRequest) -> dict[str, Any]:
    (time,) = _need(request, "time")
    permanent = request.permanent or 0.0
    if _either(request, "depth", "transient") == "depth":
        (depth,) = _need(request, "depth")
    else:
        (transient,) = _need(request, "transient")
        if not transient > 0.0:
            raise UsageError(
                f"a transient impact of {transient:g}", place="--transient", remedy="write a number above 0"
            )
        depth = 1.0 / (transient + permanent)
    if _either(request, "resilience", "half_life") == "half_life":
        (half_life,) = _need(request, "half_life")
        if not half_life > 0.0:
            raise UsageError(f"a half-life of {half_life:g}", place="--half-life", remedy="write a time above 0")
        resilience = math.log(2.0) / half_life
    else:
        (resilience,) = _need(request, "resilience")
    order = ObizhaevaWangOrder(request.quantity, time, depth=depth, resilience=resilience, permanent=permanent)
    count = request.slices or _SLICES
    if count < 2:
        raise UsageError("one trade", place="--slices", remedy="the start and the end are two: write 2 or more")
    trades, cost = order.grid(count - 1)
    times = np.linspace(0.0, time, count)
    even = np.full(count, request.quantity / count)
    return _without_risk(times, trades, cost) | {
        "even_cost": order.cost_of(times, even),
        "continuous": {
            "block": order.block,
            "rate": order.rate,
            "cost": order.cost,
            "at_once_cost": order.block_cost,
            "constant_rate_cost": order.constant_rate_cost,
        },
        "notes": [
            "costs are against the price at the start, and the least there are: the paper knows no risk",
            f"in continuous time {order.block:,.0f} at each end, {order.rate:,.6g} a unit of time in between",
        ],
    }


# --- power-law decay: Gatheral, Schied and Slynko (2012) ---------------------------------------------------------


def _power_kernel(request: FormulaRequest) -> dict[str, Any]:
    time, exponent = _need(request, "time", "decay_exponent")
    scale = request.transient
    if scale is not None and not scale > 0.0:
        raise UsageError(f"a transient impact of {scale:g}", place="--transient", remedy="write a number above 0")
    notes = [] if scale else ["without --transient costs are in units of the kernel times shares squared"]
    count = request.slices or _SLICES
    if request.lag_scale:
        times = np.linspace(0.0, time, count + 1)
        decay = PowerDecay(exponent, request.lag_scale)
        trades, cost = optimal_trades(request.quantity, times, decay)
        even = schedule_cost(times, np.full(count + 1, request.quantity / (count + 1)), decay)
        return _without_risk(times, trades, cost * (scale or 1.0)) | {
            "even_cost": even * (scale or 1.0),
            "optimal_over_even": cost / even,
            "notes": notes,
        }
    order = PowerDecaySchedule(request.quantity, time, exponent)
    edges = np.linspace(0.0, time, count + 1)
    # The rate A [s (T - s)]^(a - 1) is that of a beta distribution, with a = (1 + γ) / 2.
    shape = 0.5 * (1.0 + exponent)
    trades = request.quantity * np.diff(betainc(shape, shape, edges / time))
    notes.append("without --lag-scale the rate is continuous: quantities are what it trades within each slice")
    return _without_risk(edges[:-1], trades, order.cost * (scale or 1.0)) | {
        "ends": edges[1:].tolist(),
        "even_cost": order.constant_rate_cost * (scale or 1.0),
        "optimal_over_even": order.cost / order.constant_rate_cost,
        "notes": notes,
    }


def _without_risk(times: NDArray[np.float64], trades: NDArray[np.float64], cost: float) -> dict[str, Any]:
    """Trades at times, their cost, and no variance: these formulas weigh none."""
    left = np.maximum(trades.sum() - np.cumsum(trades), 0.0)
    return {
        "times": times.tolist(),
        "time_unit": "as given",
        "quantities": trades.tolist(),
        "left": left.tolist(),
        "expected_cost": cost,
        "variance": None,
        "deviation": None,
        "variance_unit": "currency²",
    }
