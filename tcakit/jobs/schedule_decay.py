"""Schedules of an order whose impact decays while it trades, on the volume's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.execution.decaying_slices import cheapest_slices
from tcakit.impact.contract import ImpactModel
from tcakit.impact.decay import Decay
from tcakit.impact.fitted import FittedModel
from tcakit.impact.pre_trade import half_spreads_paid
from tcakit.impact.transient import ObizhaevaWang, Propagator
from tcakit.jobs.schedule_problem import Day, rate_notes
from tcakit.jobs.schedule_told import told

_WANTED = {
    "obizhaeva-wang": "obizhaeva-wang,transient=1,half_life=0.05",
    "power-kernel": "propagator,prefactor=0.3,concavity=1",
}


@dataclass(frozen=True, slots=True)
class _Fading:
    """Impact as the slices meet it: moves in daily volatilities per day's volume, fading by `decay`, and staying."""

    decay: Decay
    transient: float
    permanent: float
    notes: tuple[str, ...] = ()


def decaying_schedule(day: Day, algo: str, model_name: str, fitted: FittedModel) -> dict[str, Any]:
    """The cheapest schedule under impact that decays, without risk aversion; told as `schedule` tells it.

    The model is obizhaeva-wang or propagator, by --model or --fit. UsageError for caps, which it does not know.
    """
    if day.order.participation is not None or any(auction.participation for auction in day.order.auctions):
        raise UsageError(f"{algo} knows no caps", place="--participation", remedy="leave it out, or use --algo is")
    known = day.setting.facts
    facts = day.facts()
    if np.isnan(known.volatility_daily):
        raise UsageError(f"{algo} needs daily volatility", place="--volatility", remedy="give --volatility")
    fading = _fading(algo, model_name, fitted.point(), float(facts.quantity_adv[0]), float(facts.duration[0]))
    # A slice without volume has no time on this clock.
    open_slices = day.volume > 0.0
    edges = np.append(0.0, np.cumsum(day.volume[open_slices])) / known.adv_shares
    kept, kernel = cheapest_slices(day.order.quantity, edges, fading.decay, day.slices.allowed[open_slices])
    trades = np.zeros(len(day.slices))
    trades[open_slices] = kept
    half_spread = half_spreads_paid(fitted) * known.half_spread_bps
    spread = 0.0 if np.isnan(half_spread) else half_spread

    def cost_bps(amounts: NDArray[np.float64]) -> float:
        size = amounts / known.adv_shares
        moved = 0.5 * fading.transient * float(size @ kernel @ size) + 0.5 * fading.permanent * float(size.sum()) ** 2
        return spread + 1e4 * known.volatility_daily * moved / float(size.sum())

    may = day.slices.allowed[open_slices]
    volume = np.where(may, day.volume[open_slices], 0.0)
    even = day.order.quantity * volume / volume.sum()
    cost = cost_bps(kept)
    notional = known.price * day.order.quantity * day.setting.multiplier / 1e4
    notes = [
        f"{algo} minimises cost alone: it knows no risk, no caps and no lots",
        *(["half the spread is unknown and in no cost: give --half-spread"] if np.isnan(half_spread) else []),
        *fading.notes,
        *rate_notes(trades, day.volume),
    ]
    return told(day, trades, algo) | {
        "model": model_name,
        "model_source": fitted.source,
        "risk_aversion": 0.0,
        "unfilled": 0.0,
        "expected_cost": cost,
        "vwap_cost": cost_bps(even),
        "variance": _variance(day, trades),
        "deviation": _variance(day, trades) ** 0.5,
        "gap": None,
        "expected_cost_currency": None if np.isnan(notional) else cost * notional,
        "deviation_currency": None if np.isnan(notional) else _variance(day, trades) ** 0.5 * notional,
        "cost_unit": "bps of arrival",
        "variance_unit": "bps²",
        "notes": notes,
    }


def _fading(algo: str, model_name: str, model: ImpactModel, quantity_adv: float, duration: float) -> _Fading:
    if algo == "obizhaeva-wang" and isinstance(model, ObizhaevaWang):
        return _Fading(model.decay, model.transient, model.permanent)
    if algo == "power-kernel" and isinstance(model, Propagator):
        if model.concavity == 1.0:
            return _Fading(model.decay, model.prefactor, 0.0)
        # The secant at the mean rate, so that a constant rate costs what the model says.
        secant = (quantity_adv / duration) ** (model.concavity - 1.0)
        note = "concave impact is made linear at the mean rate: uneven slices cost less, or more, than told"
        return _Fading(model.decay, model.prefactor * secant, 0.0, (note,))
    raise UsageError(
        f"{algo} cannot be made from {model_name}",
        place="--model",
        remedy=f"nothing is published that fits all markets: give --model {_WANTED[algo]}, or a --fit",
    )


def _variance(day: Day, trades: NDArray[np.float64]) -> float:
    """Variance of the cost against arrival, bps²: what is left after a slice is at risk until the next."""
    left = np.maximum(1.0 - np.cumsum(trades) / day.order.quantity, 0.0)
    volatility = 1e4 * day.setting.facts.volatility_daily
    return float(volatility**2 * (day.variance_share @ np.square(left)))
