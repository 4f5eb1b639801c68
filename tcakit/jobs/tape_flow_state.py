"""The flow-state view of the tape: a model of impact from the market's own flow, and what nothing would have given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tcakit.impact.flow_state import HORIZON_S, LEVEL_FACTORS, SKIPPED_S, FlowFit, fit_flow_state
from tcakit.impact.tape import Tape
from tcakit.impact.tape_controls import shuffle_signs, shuffle_times
from tcakit.impact.tape_scale import DAYS, TapeScale, days_that_move, scales
from tcakit.jobs.tape_order_flow import days_left_out, rests_on
from tcakit.jobs.tape_statistics import flow_statistics

SHUFFLES = 20
_SHUFFLES: dict[str, Callable[[Tape, np.random.Generator], Tape]] = {
    "sign_shuffle": shuffle_signs,
    "time_shuffle": shuffle_times,
}


def flow_state_view(tapes: Sequence[Tape], *, shuffles: int = SHUFFLES, seed: int = 0) -> dict[str, Any]:
    """Each kernel's fit over the days of one symbol, the better of them as a model, and its null controls.

    `better` is by what was explained of later days, where there are some. `model` has a registered name, its parameters
    at the middle of `level_range`, which is half to all of what was fitted, and `level_ci`, with that range in it;
    `fitted` is the same as `FittedModel.as_dict`, with its draws. DataError where the tape is too thin, or the price
    does not move with the flow.
    """
    given, tapes = tapes, days_that_move(tapes)
    of_day = scales(tapes)
    sums = flow_statistics(tapes, of_day)
    fits = [fit_flow_state(own, seed=seed) for own in sums]
    best = max(fits, key=lambda fit: fit.r_squared if fit.r_squared_out is None else fit.r_squared_out)
    told = rests_on(len({tape.date for tape in tapes}), len(sums[0].dates), "half-hours")
    session_s = float(np.mean([tape.close_ns - tape.open_ns for tape in tapes])) / 1e9
    fitted = best.fitted(session_s, told, seed=seed)
    return {
        "horizon_s": HORIZON_S,
        "skipped_s": SKIPPED_S,
        "kernels": [_told(fit) for fit in fits],
        "better": best.kernel,
        "model": {
            "name": fitted.model,
            "parameters": dict(zip(fitted.names, fitted.values, strict=True)) | dict(fitted.fixed),
            "level": fitted.names[0],
            "level_fitted": best.coefficient,
            "level_range": list(best.coefficient_range),
            "level_ci": list(fitted.interval(fitted.names[0])),
        },
        "fitted": fitted.as_dict(),
        "null_controls": _controls(tapes, of_day, best, shuffles, seed),
        "rests_on": told,
        "caveats": _caveats(best, of_day) + days_left_out(given, tapes),
    }


def _told(fit: FlowFit) -> dict[str, Any]:
    return {
        "kernel": fit.kernel,
        "coefficient": fit.coefficient,
        "coefficient_ci": list(fit.coefficient_interval),
        "half_life_s": fit.half_life_s,
        "half_life_ci_s": list(fit.half_life_interval_s),
        "r_squared": fit.r_squared,
        "r_squared_out_of_sample": fit.r_squared_out,
        "by_day": [
            {"date": day, "r_squared": own, "r_squared_out_of_sample": out} for day, own, out in fit.r_squared_by_day
        ],
        "clusters": fit.clusters,
        "clustered_by": fit.clustered_by,
        "count": fit.count,
        "grid": [{"half_life_s": time, "coefficient": level, "r_squared": fit} for time, level, fit in fit.grid],
    }


def _controls(
    tapes: Sequence[Tape], of_day: Sequence[TapeScale], best: FlowFit, shuffles: int, seed: int
) -> dict[str, Any]:
    """The level that the chosen kernel and half-life give where there is none, in parts of the level found."""
    told = {}
    for name, shuffle in _SHUFFLES.items():
        random = np.random.default_rng(seed)
        ratios, squared = [], []
        for _ in range(shuffles):
            made = [shuffle(tape, random) for tape in tapes]
            (sums,) = flow_statistics(made, of_day, kernels=[best.kernel], half_lives_s=[best.half_life_s])
            xx, xy, yy = float(sums.xx.sum()), float(sums.xy.sum()), float(sums.yy.sum())
            ratios.append(xy / xx / best.coefficient)
            squared.append(xy**2 / xx / yy)
        low, high = np.quantile(ratios, [0.025, 0.975]).tolist()
        told[name] = {
            "shuffles": shuffles,
            "coefficient_over_fitted": float(np.mean(ratios)),
            "coefficient_over_fitted_range": [low, high],
            "r_squared": float(np.mean(squared)),
        }
    return told


def _caveats(best: FlowFit, of_day: Sequence[TapeScale]) -> list[str]:
    low, high = LEVEL_FACTORS
    found = [
        "the flow of the whole market moves the price, and others follow it: an order of one's own is thought to move "
        f"it by {low:g} to {high:g} of the level (`level_range`); concavity and half-life may be borrowed, the level "
        "is a proxy, no cost of ours"
    ]
    earlier = min(scale.earlier_days for scale in of_day)
    if earlier == 0:
        looked = "the day is" if len(of_day) == 1 else "the first day is"
        found.append(f"{looked} measured by its own volume and volatility, as no day before it is given")
    if max(scale.earlier_days for scale in of_day) < DAYS and len(of_day) > 1:
        found.append(f"volume and volatility are means over fewer than {DAYS} days before each")
    tried = [time for time, _, _ in best.grid]
    if best.half_life_s in (tried[0], tried[-1]):
        end = "shortest" if best.half_life_s == tried[0] else "longest"
        found.append(f"the half-life is the {end} that was tried: how fast impact fades is not told by these days")
    elif best.half_life_interval_s[1] >= 4.0 * best.half_life_interval_s[0]:
        short, long = best.half_life_interval_s
        found.append(f"half-lives from {short:g} s to {long:g} s explain the moves about as well")
    return found
