"""All models on the same orders, from the least to the largest: whether what each adds is worth it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tcakit.errors import DataError
from tcakit.impact.fit_forms import LADDER, form_of
from tcakit.impact.fit_profile import LeastSquares
from tcakit.impact.held_out import HeldOut, compared, held_out, held_out_mean, skill
from tcakit.impact.sample import FittingSample


def fit_ladder(
    sample: FittingSample, half_spread: bool, draws: int = 1_000, seed: int = 0, held: float = 0.0
) -> list[dict[str, Any]]:
    """One row a model of `LADDER`, in its order; `sample` and `half_spread` as `fit_impact.prepared` gives them, and
    `held` half spreads where none are fitted.

    `aic` and `bic` are of the cost alone, with the scale of chance fitted. `loss` is the mean squared error on held-out
    days, in variances of chance; `skill` (against the orders' mean cost) and `skill_on_half_spread` are shares of
    squared error, each with an interval over days and a p-value; `p_against_best` is of erring as little as the model
    that errs least, None for that one: those with a large one are as good as it, so far as these days tell. A model
    that these orders cannot tell has a `reason` instead.
    """
    mean = held_out_mean(sample)
    base: HeldOut | None = None
    rows: list[dict[str, Any]] = []
    found: dict[str, HeldOut] = {}
    for model in LADDER:
        try:
            if model == "half-spread" and not half_spread:
                raise DataError("half spreads are held" if held else "half spreads are unknown or held at none")
            problem = LeastSquares(form_of(model, sample), sample, half_spread, held)
            sums = problem.clustered(sample.day)
            solution = problem.solve(sums.sum(axis=0))
        except DataError as error:
            rows.append({"model": model, "reason": error.message})
            continue
        said = problem.said(solution.exponents, solution.coefficients)
        squares = float(np.sum(((sample.cost_bps - said) / sample.noise_bps) ** 2))
        count, free = len(sample), problem.width + len(solution.exponents) + 1
        out = held_out(problem, sums)
        if np.isnan(out.predicted_bps).any():
            rows.append({"model": model, "reason": "a block of the days tells it, and the others do not"})
            continue
        found[model] = out
        if model == "half-spread":
            base = out
        likelihood = count * math.log(max(squares, 1e-300) / count)
        row: dict[str, Any] = {
            "model": model,
            "free_parameters": free - 1,
            "aic": likelihood + 2.0 * free,
            "bic": likelihood + math.log(count) * free,
            "loss": float(np.mean(out.losses)),
            "skill": skill(out, mean, draws, seed),
            "skill_on_half_spread": None if base is None or out is base else skill(out, base, draws, seed),
        }
        rows.append(row)
    for row in rows:
        if "loss" in row:
            best = best_of(rows)
            row["p_against_best"] = None if row["model"] == best else compared(found[best], found[row["model"]])
    return rows


def best_of(ladder: list[dict[str, Any]]) -> str:
    """The model that erred least on held-out days; DataError where none could be fitted.

    >>> best_of([{"model": "linear", "loss": 1.1}, {"model": "square-root", "loss": 1.0}])
    'square-root'
    """
    known = [row for row in ladder if "loss" in row]
    if not known:
        reasons = "; ".join(f"{row['model']}: {row['reason']}" for row in ladder)
        raise DataError(f"no model can be fitted on these orders ({reasons})", place="fit")
    return str(min(known, key=lambda row: row["loss"])["model"])
