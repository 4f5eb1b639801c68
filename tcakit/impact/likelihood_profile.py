"""How well a model's exponent is told: by how much the fit worsens at other values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.fit_forms import sought_as, sought_from
from tcakit.impact.fit_impact import ImpactFit
from tcakit.impact.fit_profile import minima

_LIMIT_95 = 3.841


def profile_of(fit: ImpactFit) -> dict[str, Any] | None:
    """The profile likelihood of a model's one exponent; None where it has none, or several.

    `values` and `deviance` are lists; `interval` holds the values whose deviance is below 3.84 times `inflation`, by
    how much the error over days is larger than if orders were independent (Pace, Salvan and Sartori, 2011). An end is
    None where the interval goes beyond what was looked at.
    """
    axes = fit.form.axes
    if len(axes) != 1:
        return None
    ((name, grid),) = axes.items()
    total = fit.sums.sum(axis=0)
    _, _, gains = minima(total[:, None], fit.problem.width, np.empty(0, np.int64))
    deviance = (fit.problem.null_squares - gains - fit.solution.squares) / fit.dispersion
    place = fit.form.names.index(name)
    drawn = sought_as(name, fit.draws[:, place])
    best = fit.solution.exponents[0]
    near = np.argsort(np.abs(grid - best))[:5]
    curvature = 2.0 * float(np.polyfit(grid[near] - best, deviance[near], 2)[0])
    spread = float(np.nanvar(drawn, ddof=1)) if len(drawn) > 1 else np.nan
    inflation = max(1.0, spread * curvature / 2.0) if curvature > 0.0 and np.isfinite(spread) else np.nan
    most = _LIMIT_95 * (inflation if np.isfinite(inflation) else 1.0)
    fine = np.linspace(grid[0], grid[-1], 20 * len(grid))
    inside = fine[np.interp(fine, grid, deviance) <= most]
    ends: list[float | None] = [None, None]
    if len(inside):
        ends = [
            None if inside[0] == fine[0] else float(inside[0]),
            None if inside[-1] == fine[-1] else float(inside[-1]),
        ]
    told = [None if end is None else float(sought_from(name, np.array(end))) for end in ends]
    return {
        "parameter": name,
        "values": sought_from(name, grid).tolist(),
        "deviance": deviance.tolist(),
        "limit": most,
        "inflation": inflation,
        "interval": told,
    }
