"""The propagator view of the tape: how the impact of one trade decays, beside the free kernel and a shuffled tape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tcakit.impact.flow_state import LEVEL_FACTORS
from tcakit.impact.propagator_fit import PropagatorFit, fit_propagator_to_tapes
from tcakit.impact.tape import Tape, realised_volatility
from tcakit.impact.tape_controls import shuffle_signs
from tcakit.jobs.tape_order_flow import rests_on

_SHOWN_LAGS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)
_FAR = 0.05


def propagator_view(tapes: Sequence[Tape], *, seed: int = 0) -> dict[str, Any]:
    """The fit over the days of one symbol, lags in trades and moves in bps; `model` is null where nothing decays.

    `kernel` has the free and the fitted G and the response R at some lags; `sign_shuffle` the R² that signs dealt out
    anew would have. Where the exponent is the largest that is tried there are no intervals (null): errors are those of
    a best fit on all sides, which this is not. DataError where there are too few trades.
    """
    fit = fit_propagator_to_tapes(tapes)
    random = np.random.default_rng(seed)
    nothing = fit_propagator_to_tapes([shuffle_signs(tape, random) for tape in tapes], fit.lags)
    return {
        "level_bps": fit.level,
        "level_bps_ci": None if fit.is_at_bound else _around(fit.level, fit.level_log_se),
        "lag_scale_trades": fit.lag_scale,
        "lag_scale_trades_ci": None if fit.is_at_bound else _around(fit.lag_scale, fit.lag_scale_log_se),
        "exponent": fit.exponent,
        "exponent_ci": None if fit.is_at_bound else list(fit.exponent_interval),
        "exponent_half_lags": fit.exponent_half_lags,
        "r_squared": fit.r_squared,
        "lags": fit.lags,
        "trades": fit.trades,
        "is_identified": fit.is_identified,
        "model": _model(fit, tapes),
        "kernel": [
            {
                "lag_trades": lag,
                "raw_bps": float(fit.raw[lag - 1]),
                "fitted_bps": float(fit.fitted[lag - 1]),
                "response_bps": float(fit.response[lag - 1]),
            }
            for lag in _SHOWN_LAGS
            if lag <= len(fit.raw)
        ],
        "sign_shuffle": {"r_squared": nothing.r_squared, "level_over_fitted": float(nothing.fitted[0] / fit.fitted[0])},
        "rests_on": _rests_on(fit, len(tapes)),
        "caveats": _caveats(fit),
    }


def _rests_on(fit: PropagatorFit, days: int) -> str:
    if days == 1 or fit.clustered_by == "day":
        return rests_on(days, fit.trades if days > 1 else fit.clusters, "trades" if days > 1 else "pieces")
    return f"intervals rest on {fit.clusters} pieces of {days} days, as if those were days: they may be too narrow"


def _around(value: float, log_error: float) -> list[float] | None:
    """95 % interval of what is known by the error of its logarithm; None where that error is past all bounds."""
    if not log_error < 10.0:
        return None
    return sorted(value * float(np.exp(side * 1.96 * log_error)) for side in (-1.0, 1.0))


def _model(fit: PropagatorFit, tapes: Sequence[Tape]) -> dict[str, Any] | None:
    if not fit.is_identified:
        return None
    volatility = float(np.sqrt(np.nanmean([realised_volatility(tape) ** 2 for tape in tapes])))
    model = fit.model(float(np.mean([len(tape.trade_ns) for tape in tapes])), volatility)
    low, high = LEVEL_FACTORS
    return {
        "name": model.name,
        "parameters": model.parameters | {"prefactor": math.sqrt(low * high) * model.prefactor},
        "level": "prefactor",
        "level_fitted": model.prefactor,
        "level_range": [low * model.prefactor, high * model.prefactor],
    }


def _caveats(fit: PropagatorFit) -> list[str]:
    found = [
        "impact of one trade of the usual size: sizes are not in it, and a trade that follows others' is no surprise"
    ]
    if fit.is_at_bound:
        found.append(
            f"the exponent runs to the largest that is tried, {fit.exponent:.2g}: these trades do not tell how "
            "impact decays, and no model is made of it"
        )
    elif not fit.is_identified:
        found.append(
            f"the exponent, {fit.exponent:.2f}, is not told apart from none by these trades: no model is made of it"
        )
    elif abs(fit.exponent_half_lags - fit.exponent) > _FAR:
        found.append(
            f"with half the lags the exponent is {fit.exponent_half_lags:.2f}, not {fit.exponent:.2f}: "
            "longer days of trades would tell it better"
        )
    if len(fit.raw) >= 10 and fit.raw[:10].argmax() > 0 and fit.raw[:10].max() > 1.2 * fit.raw[0]:
        found.append(
            "the price goes on moving for some trades after each: quotes may be stamped later than trades, which hides "
            "the first of the decay"
        )
    return found
