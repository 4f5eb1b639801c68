"""Which days and orders a fit hangs on, and what it would be without its outliers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.fit_impact import ImpactFit, named_parameters
from tcakit.impact.fit_profile import LeastSquares, minima
from tcakit.impact.impact_level import LevelColumns

_TOLD = 5
WINSORISED_AT, HUBER_AT = 3.0, 1.345


def without_each_day(fit: ImpactFit) -> list[dict[str, Any]]:
    """The five days whose absence moves the first parameter most: parameters without each, and the move in errors."""
    rest = fit.sums.sum(axis=0)[None] - fit.sums
    coefficients, places, _ = minima(rest, fit.problem.width, fit.problem.steps)
    found = named_parameters(fit.problem, coefficients, fit.problem.exponents_at(places))
    moved = (found[:, 0] - fit.values[0]) / fit.standard_error(fit.names[0])
    held, counts = np.unique(fit.sample.day, return_counts=True)
    order = np.argsort(-np.nan_to_num(np.abs(moved)), kind="stable")[:_TOLD]
    return [
        {
            "date": fit.sample.days[held[day]],
            "orders": int(counts[day]),
            "without_it": dict(zip(fit.names, found[day].tolist(), strict=True)),
            "moved_by_se": float(moved[day]),
        }
        for day in order
    ]


def heavy_orders(fit: ImpactFit) -> list[dict[str, Any]]:
    """The five orders that move the level of impact most, by how much of it each makes up."""
    columns, sample = LevelColumns.of(fit), fit.sample
    squares = float(columns.impact @ columns.impact)
    if not squares > 0.0:
        return []
    share = columns.impact * (columns.cost - columns.level * columns.impact) / squares
    order = np.argsort(-np.abs(share), kind="stable")[:_TOLD]
    names = sample.labels.get("parent_id")
    return [
        {
            "parent_id": None if names is None else names[row],
            "date": sample.days[sample.day[row]],
            "cost_bps": float(sample.cost_bps[row]),
            "predicted_bps": float(fit.predicted_bps[row]),
            "surprise": float(fit.surprises[row]),
            "moves_level_by": float(share[row]),
        }
        for row in order
    ]


def without_outliers(fit: ImpactFit) -> dict[str, dict[str, float]]:
    """The parameters as they are, with costs cut at 3 standard deviations from the fit, and by Huber's estimator.

    Huber's (1981, section 7.8) is found by his modified residuals: what lies beyond 1.345 standard deviations of what
    is left is moved in, and the fit repeated until it stands still. Where the three differ by more than the error, a
    few orders decide.
    """
    out = {"raw": dict(zip(fit.names, fit.values, strict=True))}
    cut, _ = _refitted(fit.problem, fit.predicted_bps, WINSORISED_AT)
    out["winsorised"] = dict(zip(fit.names, cut.tolist(), strict=True))
    median = float(np.median(np.abs(fit.surprises - np.median(fit.surprises))))
    reach = HUBER_AT * median / 0.6745
    said, found = fit.predicted_bps, np.asarray(fit.values)
    for _ in range(100):
        before = found
        found, said = _refitted(fit.problem, said, reach)
        if np.abs(found - before).max() <= 1e-4 * max(1.0, float(np.abs(found).max())):
            break
    out["huber"] = dict(zip(fit.names, found.tolist(), strict=True))
    return out


def _refitted(
    problem: LeastSquares, said: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parameters and predictions once costs are moved to within `reach` standard deviations of what was said."""
    sample = problem.sample
    far = reach * sample.noise_bps
    moved = replace(sample, cost_bps=np.clip(sample.cost_bps, said - far, said + far))
    again = problem.on(moved)
    solution = again.solve(again.clustered(np.zeros(len(sample), np.int64)).sum(axis=0))
    exponents = np.array([solution.exponents]).reshape(1, -1)
    found = named_parameters(again, solution.coefficients[None], exponents)[0]
    return found, again.said(solution.exponents, solution.coefficients)
