"""Everything a fit is judged by, as one JSON-able whole. R² is not among it: of a true impact law it is 2 to 4 %."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.fit_controls import null_controls
from tcakit.impact.fit_forms import form_of
from tcakit.impact.fit_impact import DRAWS, ImpactFit
from tcakit.impact.fit_ladder import fit_ladder
from tcakit.impact.fit_profile import LeastSquares
from tcakit.impact.held_out import HeldOut, calibration, held_out, held_out_mean, held_out_symbols, skill
from tcakit.impact.influence import heavy_orders, without_each_day, without_outliers
from tcakit.impact.likelihood_profile import profile_of
from tcakit.impact.residual_tables import residual_tables
from tcakit.impact.selected_orders import selection_checks
from tcakit.impact.stability import drift_of_level, level_by_window
from tcakit.impact.sufficiency import orders_needed, parameter_correlations, sufficiency_warnings
from tcakit.impact.surprises import surprise_checks

_SURE = 0.01


def diagnose(
    fit: ImpactFit, ladder: list[dict[str, Any]] | None = None, draws: int = DRAWS, seed: int = 0
) -> dict[str, Any]:
    """Held-out skill and calibration, the ladder of models, residuals, stability, influence, controls and warnings.

    `ladder` may be given where it was made already. Costs are in bps of arrival, what is weighted is weighted as in the
    fit, and intervals are at 95 % over days.
    """
    out = held_out(fit.problem, fit.sums)
    complete = not np.isnan(out.predicted_bps).any()
    rows = fit_ladder(fit.sample, fit.problem.half_spread, draws, seed, fit.problem.held) if ladder is None else ladder
    found = {
        "held_out": {
            "skill": skill(out, held_out_mean(fit.sample), draws, seed),
            "skill_on_half_spread": _against_half_spread(fit, out, draws, seed),
            "calibration": calibration(out),
        }
        if complete
        else None,
        "held_out_symbols": _on_other_symbols(fit, draws, seed),
        "ladder": rows,
        "residuals": residual_tables(fit),
        "surprises": surprise_checks(fit),
        "profile": profile_of(fit),
        "correlations": parameter_correlations(fit),
        "stability": {"windows": level_by_window(fit), "drift": drift_of_level(fit)},
        "influence": {
            "days": without_each_day(fit),
            "orders": heavy_orders(fit),
            "outliers": without_outliers(fit),
        },
        "selection": selection_checks(fit),
        "null_controls": null_controls(fit, seed=seed),
        "orders_needed_for_25_percent": orders_needed(fit),
    }
    return found | {"warnings": [*sufficiency_warnings(fit), *_warnings(fit, found)]}


def _against_half_spread(fit: ImpactFit, out: HeldOut, draws: int, seed: int) -> dict[str, Any] | None:
    """Skill against half spreads alone; None where they are unknown, or are the model."""
    if not fit.problem.half_spread or fit.form.model == "half-spread":
        return None
    base = LeastSquares(form_of("half-spread", fit.sample), fit.sample)
    return skill(out, held_out(base, base.clustered(fit.sample.day)), draws, seed)


def _on_other_symbols(fit: ImpactFit, draws: int, seed: int) -> dict[str, Any] | None:
    """Skill and calibration on symbols that were not fitted; None where there is one symbol, or they cannot be told."""
    out = held_out_symbols(fit.problem)
    if out is None or np.isnan(out.predicted_bps).any():
        return None
    return {"skill": skill(out, held_out_mean(fit.sample), draws, seed), "calibration": calibration(out)}


def _warnings(fit: ImpactFit, found: dict[str, Any]) -> list[str]:
    """What the diagnostics say against the fit, in sentences."""
    told = []
    held = found["held_out"]
    if held is None:
        told.append("nothing is known of days that were held out: without some of them the model cannot be fitted")
    else:
        low, high = held["calibration"]["ci"]
        slope = held["calibration"]["slope"]
        if high < 1.0 or low > 1.0:
            much = "too much" if slope < 1.0 else "too little"
            told.append(f"on held-out days costs rise {slope:.2f} times as predicted: the model says {much}")
        against = held["skill_on_half_spread"]
        if against is not None and not against["ci"][0] > 0.0:
            told.append("on held-out days the model is not shown to say costs better than half spreads alone do")
    spread = found["surprises"]["sd"]
    if not 0.8 < spread < 1.25:
        told.append(
            f"what is left varies {spread:.2f} times as much as timing risk says: bands of single orders are "
            f"{'too narrow' if spread > 1.0 else 'too wide'}"
        )
    drift = found["stability"]["drift"]
    if drift["p_value"] is not None and drift["p_value"] < _SURE:
        told.append(f"impact changed along the way, most likely at {drift['date']}: before, it was {drift['before']}")
    for name, row in found["selection"].items():
        if row["p_value"] < _SURE:
            if name == "drift_bps":
                told.append(
                    f"cost goes with the move before the order (slope {row['slope']:.2f}): the orders follow or fade "
                    f"the price, and part of the cost is not their doing"
                )
            else:
                told.append(f"{name} orders cost {row['difference_bps']:+.1f} bps beside the model: fit them apart")
    raw, huber = (found["influence"]["outliers"][name] for name in ("raw", "huber"))
    name = fit.names[0]
    if abs(raw[name] - huber[name]) > 1.96 * fit.standard_error(name):
        told.append(f"outliers decide: {name} is {raw[name]:.3g}, and {huber[name]:.3g} by Huber's estimator")
    return told
