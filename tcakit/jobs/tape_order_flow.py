"""The order-flow view of the tape: how much of the price's moves within seconds the flow of orders goes with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tcakit.errors import DataError
from tcakit.impact.least_squares import Line
from tcakit.impact.order_flow_imbalance import IntervalFit, depth_scaling, fit_intervals
from tcakit.impact.tape import Tape
from tcakit.market.clock import format_time
from tcakit.tca.resampling import ratio_interval

FEW_DAYS = 20
_SIGNIFICANT = 1.96


def order_flow_view(tapes: Sequence[Tape], bin_s: float = 10.0, interval_s: float = 1800.0) -> dict[str, Any]:
    """Lines of the mid's change on order flow over the days of one symbol, in sum and by time of day.

    Slopes are in ticks a share. `profile` has a row an interval of the day; `rests_on` says what intervals of
    confidence are worth. DataError where no interval of any day has enough bins.
    """
    fits = [(tape, fit) for tape in tapes for fit in fit_intervals(tape, bin_s, interval_s)]
    if not fits:
        raise DataError(
            f"no interval of {interval_s:g} s has 30 bins of {bin_s:g} s in which price and flow change",
            place=tapes[0].symbol if tapes else None,
            remedy="give a longer session or shorter bins",
        )
    dates = [tape.date for tape, _ in fits]
    flow = [fit.order_flow for _, fit in fits]
    traded = [(date, fit.trade_imbalance) for date, (_, fit) in zip(dates, fits, strict=True)]
    known = [(date, line) for date, line in traded if line is not None]
    return {
        "bin_s": bin_s,
        "interval_s": interval_s,
        "intervals": len(fits),
        "order_flow": _summary(flow, dates),
        "trade_imbalance": _summary([line for _, line in known], [date for date, _ in known]) if known else None,
        "depth_scaling": _scaling([fit for _, fit in fits]),
        "by_day": [_day(date, [fit for tape, fit in fits if tape.date == date]) for date in dict.fromkeys(dates)],
        "profile": _profile(fits),
        "rests_on": rests_on(len(set(dates)), len(fits), "half-hours" if interval_s == 1800.0 else "intervals"),
    }


def rests_on(days: int, parts: int, unit: str) -> str:
    """What intervals over so many days are worth, in a sentence.

    >>> rests_on(1, 13, "half-hours")
    'intervals rest on 13 half-hours of one day: they hold within that day only, how days differ is not in them'
    """
    if days == 1:
        return (
            f"intervals rest on {parts:,} {unit} of one day: they hold within that day only, "
            "how days differ is not in them"
        )
    few = f"; {days} days are few, and such intervals too narrow: {FEW_DAYS} or more are wanted"
    return f"intervals rest on {days} days ({parts:,} {unit}), drawn anew as a whole" + (few if days < FEW_DAYS else "")


def days_left_out(given: Sequence[Tape], kept: Sequence[Tape]) -> list[str]:
    """A sentence on the days that have nothing to be measured by, if there are any."""
    dates = sorted({tape.date for tape in given} - {tape.date for tape in kept})
    if not dates:
        return []
    return [f"days without a trade or without a move of the price are left out: {', '.join(dates)}"]


def _summary(lines: Sequence[Line], dates: Sequence[str]) -> dict[str, Any]:
    squared = np.array([line.r_squared for line in lines])
    low, high = ratio_interval(squared, np.ones(len(squared)), dates)
    return {
        "mean_r_squared": float(squared.mean()),
        "mean_r_squared_ci": None if low is None else [low, high],
        "mean_slope": float(np.mean([line.slope for line in lines])),
        "mean_t": _finite(np.mean([line.slope_t for line in lines])),
        "share_significant": _share([line.slope_t for line in lines]),
        "share_intercept_significant": _share([_t(line.intercept, line.intercept_se) for line in lines]),
    }


def _t(value: float, error: float) -> float:
    return value / error if error else 0.0


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _share(ratios: Sequence[float]) -> float:
    return float(np.mean(np.abs(ratios) > _SIGNIFICANT))


def _scaling(fits: Sequence[IntervalFit]) -> dict[str, Any] | None:
    try:
        found = depth_scaling([fit.order_flow.slope for fit in fits], [fit.depth_shares for fit in fits])
    except DataError:
        return None
    return {
        "coefficient": found.coefficient,
        "coefficient_ci": [
            found.coefficient * float(np.exp(side * found.reach * found.coefficient_log_se)) for side in (-1.0, 1.0)
        ],
        "exponent": found.exponent,
        "exponent_ci": [found.exponent + side * found.reach * found.exponent_se for side in (-1.0, 1.0)],
        "r_squared": found.r_squared,
        "intervals": found.count,
        "left_out": found.left_out,
    }


def _day(date: str, fits: Sequence[IntervalFit]) -> dict[str, Any]:
    traded = [fit.trade_imbalance.r_squared for fit in fits if fit.trade_imbalance is not None]
    return {
        "date": date,
        "intervals": len(fits),
        "mean_r_squared": float(np.mean([fit.order_flow.r_squared for fit in fits])),
        "trade_imbalance_mean_r_squared": float(np.mean(traded)) if traded else None,
    }


def _profile(fits: Sequence[tuple[Tape, IntervalFit]]) -> list[dict[str, Any]]:
    """By the place of the interval in the session; `relative` is the slope over the mean of all of them."""
    places: dict[int, list[tuple[Tape, IntervalFit]]] = {}
    for tape, fit in fits:
        places.setdefault(fit.start_ns - tape.open_ns, []).append((tape, fit))
    mean = float(np.mean([fit.order_flow.slope for _, fit in fits]))
    rows = []
    for _, own in sorted(places.items()):
        slopes = np.array([fit.order_flow.slope for _, fit in own])
        depths = np.array([fit.depth_shares for _, fit in own])
        tape, last = own[-1]
        # Of one day the line's own error is all there is; of several, how the days differ.
        error = own[0][1].order_flow.slope_se if len(own) == 1 else float(slopes.std(ddof=1) / np.sqrt(len(own)))
        rows.append(
            {
                "start": format_time(last.start_ns, tape.timezone)[11:19],
                "end": format_time(last.end_ns, tape.timezone)[11:19],
                "slope": float(slopes.mean()),
                "se": error,
                "relative": float(slopes.mean()) / mean if mean else None,
                "r_squared": float(np.mean([fit.order_flow.r_squared for _, fit in own])),
                "depth_shares": float(np.nanmean(depths)) if np.isfinite(depths).any() else None,
                "n_days": len(own),
            }
        )
    return rows
