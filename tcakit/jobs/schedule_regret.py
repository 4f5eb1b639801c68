"""What solving a schedule again during the day was worth, on a stored day: against the plan that knew its volume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.execution.replanning import replanned_trades
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.trade_plans import optimal_trades
from tcakit.impact.fitted import FittedModel
from tcakit.jobs.market import market_day
from tcakit.jobs.schedule_problem import Day, problem_of
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day
from tcakit.tca.benchmarks import interval_shares


def regret(store: Store | None, day: Day, fitted: FittedModel, name: str, risk_aversion: float) -> dict[str, Any]:
    """The plan of the morning, the one solved again after each slice, and the best that knew the day's volume.

    All three are priced at the volume that really traded, as if executed as planned: cost and deviation in bps, and
    `regret_bps`, by how much cost plus risk aversion times variance is above that of the plan that knew. Prices are the
    model's, not the day's; lots are left aside. UsageError where the day is not stored, has no prints, or the order has
    caps or auctions.
    """
    if store is None or day.setting.symbol is None:
        raise UsageError("no stored day to look back at", place="--regret", remedy="give --symbol and --store")
    if day.order.participation is not None or day.order.auctions:
        raise UsageError(
            "caps and auctions, and a plan that is solved again", place="--regret", remedy="leave them out"
        )
    stored = find_symbol_day(store, day.setting.symbol, day.setting.date, day.order.setting.venue)
    market = market_day(store, stored)
    volume = np.asarray(interval_shares(market, day.slices.start_ns, day.slices.end_ns - 1))
    if not (np.isfinite(volume).all() and volume.sum() > 0.0):
        raise UsageError(f"no prints of {day.setting.date} are stored", place="--regret", remedy="ingest trades")
    planned = problem_of(day, fitted, name).problem
    # In a slice in which nobody traded nothing could be had; a little keeps the cost of having tried finite.
    real = replace(planned, volume=np.where(planned.most > 0.0, np.maximum(volume, 1e-3 * volume.mean()), volume))
    plans = {
        "morning": optimal_trades(planned, risk_aversion),
        "solved_again": replanned_trades(planned, risk_aversion, real.volume),
        "knew_the_day": optimal_trades(real, risk_aversion),
    }
    best = _objective(real, plans["knew_the_day"], risk_aversion)
    return {
        "volume": volume.tolist(),
        "expected_volume": day.volume.tolist(),
        **{
            plan: {
                "quantities": trades.tolist(),
                "cost_bps": real.cost_bps(trades),
                "deviation_bps": real.deviation_bps(trades),
                "regret_bps": _objective(real, trades, risk_aversion) - best,
            }
            for plan, trades in plans.items()
        },
    }


def _objective(problem: SchedulingProblem, trades: NDArray[np.float64], risk_aversion: float) -> float:
    return problem.cost_bps(trades) + risk_aversion * problem.deviation_bps(trades) ** 2
