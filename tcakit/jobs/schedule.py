"""A schedule of an order over its day, what it is expected to cost and to risk, and the frontier around it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tcakit.errors import UsageError
from tcakit.execution import trade_plans as plans
from tcakit.execution.convex_schedule import solve
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import TradePlan
from tcakit.impact.fitted import PUBLISHED, FittedModel
from tcakit.impact.pre_trade import asked_by_hand
from tcakit.jobs.estimate import SIDES, asked_of_fit, facts_told
from tcakit.jobs.order_setting import open_store
from tcakit.jobs.schedule_decay import decaying_schedule
from tcakit.jobs.schedule_frontier import frontier_points, ready_algorithms, without_auctions
from tcakit.jobs.schedule_problem import Costed, Day, Order, day_of, problem_of, rate_notes
from tcakit.jobs.schedule_regret import regret
from tcakit.jobs.schedule_told import told, write_page
from tcakit.jobs.schedule_urgency import URGENT, Urgency, risk_aversion_of, urgency_of
from tcakit.market.fraction import parse_fraction
from tcakit.registry import nearest
from tcakit.store.database import Store
from tcakit.store.fits import find_fit

FAMILY = ("twap", "vwap", "pov", *URGENT)
DECAYING = ("obizhaeva-wang", "power-kernel")
KNOWN = "twap, vwap, pov:10, is:30m, optimal, target-close:30m, almgren-chriss, obizhaeva-wang, power-kernel"
_DEFAULT_MODEL = "almgren-2005"


@dataclass(frozen=True, slots=True)
class ScheduleRequest:
    """An order, the algorithm as it is written (vwap, pov:10, is:30m ...), and the model that prices it.

    `model` or `fit` (a stored one), the published law of Almgren et al. (2005) if neither is given.
    """

    order: Order
    algo: str
    urgency: Urgency = field(default_factory=Urgency)
    model: str | None = None
    fit: str | None = None
    frontier: bool = False
    regret: bool = False
    out: Path | None = None


def schedule(folder: Path, request: ScheduleRequest) -> dict[str, Any]:
    """Plan an order of a desk: costs in bps of arrival and in currency, above zero bad for us.

    UsageError for what cannot be planned: an order that does not fit its caps, a missing urgency or fact, a model that
    is no law of the rate.
    """
    name, value = parse_algo(request.algo)
    if request.order.side not in SIDES:
        raise UsageError(f"{request.order.side!r} is no side", place="--side", remedy="write buy or sell")
    store = open_store(folder)
    day = day_of(store, request.order)
    notes = [*day.notes, *([] if store else [f"there is no store at {folder}: only what was given is known"])]
    model_name, fitted, told = _priced_by(store, request, day)
    if name in DECAYING:
        asked_for = {"--frontier": request.frontier, "--regret": request.regret}
        weighed = [*request.urgency.given, *(flag for flag, given in asked_for.items() if given)]
        if weighed:
            raise UsageError(f"{name} knows no risk", place=", ".join(weighed), remedy="leave it out, or use is")
        result = decaying_schedule(day, name, model_name, fitted)
    else:
        result = _planned(day, name, value, request, model_name, fitted)
        if request.regret:
            result |= _regret(store, day, name, model_name, fitted, result)
    result |= {"facts": facts_told(day.setting), "notes": [*notes, *told, *result["notes"]]}
    return result if request.out is None else write_page(result, request.out)


def parse_algo(text: str) -> tuple[str, str | None]:
    """The algorithm and what stands after its colon; UsageError for one that is unknown.

    >>> parse_algo("pov:10")
    ('pov', '10')
    """
    name, _, value = text.strip().partition(":")
    known = [*FAMILY, *DECAYING]
    if name not in known:
        guess = nearest(name, [*known, "almgren-chriss"])
        hint = f"did you mean {guess!r}? " if guess else ""
        raise UsageError(f"no algorithm {name!r}", place="--algo", remedy=f"{hint}known are {KNOWN}")
    if value and name not in (*URGENT, "pov"):
        raise UsageError(f"{name} takes no value after the colon", place="--algo", remedy=f"write {name}")
    if name == "pov" and not value:
        raise UsageError("pov needs its rate", place="--algo", remedy="write pov:10 for 10 % of volume")
    return name, value or None


def _priced_by(store: Store | None, request: ScheduleRequest, day: Day) -> tuple[str, FittedModel, tuple[str, ...]]:
    """The model that prices the schedule, the name it is shown by, and what a reader must know of it."""
    if request.model is not None and request.fit is not None:
        raise UsageError("a model and a fit", place="--model, --fit", remedy="leave one of them out")
    if request.fit is None:
        asked = asked_by_hand(request.model or _DEFAULT_MODEL)
    elif store is None:
        raise UsageError(f"no store, so no fit {request.fit!r}", place="--fit", remedy="give --store DIR")
    else:
        row = find_fit(store, request.fit)
        asked = asked_of_fit(row, day.setting.symbol)
        if row["kind"] != "impact":
            raise UsageError(f"fit {row['fit_id']} is of {row['kind']}", place="--fit", remedy="name a fit of impact")
        if row["date_to"] >= day.setting.date:
            raise UsageError(
                f"fit {row['fit_id']} rests on days up to {row['date_to']}: nobody knew it before {day.setting.date}",
                place="--fit",
                remedy="name an earlier fit, or a later --date",
            )
    if asked.fitted is None:
        raise UsageError(f"{asked.name}: {asked.reason}", place="--fit", remedy="fit it again")
    return asked.name, asked.fitted, asked.notes


def _planned(
    day: Day, name: str, value: str | None, request: ScheduleRequest, model_name: str, fitted: FittedModel
) -> dict[str, Any]:
    """A plan of the family, with its costs, its place among the ready algorithms, and the frontier if asked for."""
    rate = _rate(value) if name == "pov" and value is not None else None
    costed = problem_of(day, fitted, model_name)
    problem = costed.problem
    urgency = urgency_of(name, value, request.urgency)
    aversion = None if urgency is None else risk_aversion_of(urgency, costed, day)
    plan = _plan(problem, day, name, rate, aversion)
    label = name if value is None else f"{name}:{value}"
    result = told(day, plan.trades, label) | {
        "model": model_name,
        "model_source": fitted.source,
        "risk_aversion": aversion,
        "unfilled": plan.unfilled,
        **_costs(day, costed, plan, name, aversion),
    }
    notes = [*costed.notes, *rate_notes(plan.trades, day.volume)]
    if fitted.source == PUBLISHED and costed.law is not None:
        notes.append(f"priced by {model_name} as published, which is of other people's orders: see `tcakit estimate`")
    if plan.unfilled:
        notes.append(f"{plan.unfilled:,.0f} shares are left at the end: at that rate expected volume is too little")
    if name == "target-close":
        notes.append("the deviation is against the price at the close, not at arrival")
    if name == "twap" and day.order.auctions:
        notes.append("twap leaves auctions out: they take no time")
    if costed.law is not None:
        result["algorithms"] = ready_algorithms(problem, day, label, plan.trades, plan.unfilled)
        if request.frontier or request.out is not None:
            result["frontier"] = frontier_points(problem)
    return result | {"notes": notes}


def _regret(
    store: Store | None, day: Day, name: str, model_name: str, fitted: FittedModel, result: dict[str, Any]
) -> dict[str, Any]:
    """What solving the plan again during the day would have been worth, looking back at it."""
    aversion = result["risk_aversion"]
    if name == "target-close" or aversion is None or math.isinf(aversion):
        raise UsageError(f"no regret of {result['algo']}", place="--regret", remedy="use --algo is:30m")
    note = "regret looks back at the day itself, which nobody knew before; the plan above does not"
    return {"regret": regret(store, day, fitted, model_name, aversion), "notes": [*result["notes"], note]}


def _rate(value: str) -> float:
    return parse_fraction(value if value.endswith("%") else f"{value}%", "--algo")


def _plan(problem: SchedulingProblem, day: Day, name: str, rate: float | None, aversion: float | None) -> TradePlan:
    if name == "twap":
        return plans.twap(without_auctions(problem, day), np.maximum(day.slices.length_ns, 1))
    if rate is not None:
        return plans.pov(problem, rate)
    if aversion is None:
        return plans.vwap(problem)
    return plans.target_close(problem, aversion) if name == "target-close" else plans.shortfall(problem, aversion)


def _costs(day: Day, costed: Costed, plan: TradePlan, name: str, aversion: float | None) -> dict[str, Any]:
    """What it costs and risks; nothing where no cost is known."""
    names = ("expected_cost", "variance", "deviation", "gap", "expected_cost_currency", "deviation_currency")
    costs: dict[str, Any] = {**dict.fromkeys(names), "cost_unit": "bps of arrival", "variance_unit": "bps²"}
    if costed.law is None:
        return costs
    costs |= {"expected_cost": plan.cost_bps, "deviation": plan.deviation_bps, "variance": plan.deviation_bps**2}
    if aversion is not None and math.isfinite(aversion):
        costs["gap"] = _gap_bps(costed.problem, plan, name, aversion)
    notional = day.setting.facts.price * day.order.quantity * day.setting.multiplier / 1e4
    if not math.isnan(notional):
        costs["expected_cost_currency"] = plan.cost_bps * notional
        costs["deviation_currency"] = plan.deviation_bps * notional
    return costs


def _gap_bps(problem: SchedulingProblem, plan: TradePlan, name: str, aversion: float) -> float:
    """How much cheaper, risk and all, any schedule could be than this one in whole lots: bps of the order."""
    turned = name == "target-close"
    convex = (problem.reversed_in_time() if turned else problem).convex(aversion)
    solved = solve(convex)
    trades = plan.trades[::-1].copy() if turned else plan.trades
    return max(0.0, convex.money(trades) - solved.objective + solved.gap) / problem.quantity
