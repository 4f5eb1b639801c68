"""Fit an impact model to the costs of the firm's own orders, with the errors that days in common leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.impact.fit_bootstrap import drawn_fits
from tcakit.impact.fit_forms import Form, form_of, sought_as
from tcakit.impact.fit_profile import LeastSquares, Solution
from tcakit.impact.fitted import OWN_FILLS, FittedModel
from tcakit.impact.ranges import FittedRange
from tcakit.impact.sample import FittingSample, require_enough

DRAWS = 1_000
NO_HALF_SPREAD = "half spread unknown"
HALF_SPREADS = "half_spreads"


@dataclass(frozen=True)
class ImpactFit:
    """A fitted model with everything it was made from.

    `names` are the model's parameters, and half_spreads where it was fitted; `values` and `draws` (draws, names) are
    as least squares found them, while `fitted` keeps within what the model allows. `draws` are over days,
    `errors_by_day_and_symbol` the standard errors of draws over days and symbols. `sums` (days, grid, moments) is what
    the draws were made from. `failed` draws had no single best fit. `notes` say what was decided on the way.
    """

    problem: LeastSquares
    solution: Solution
    fitted: FittedModel
    names: tuple[str, ...]
    values: tuple[float, ...]
    draws: NDArray[np.float64]
    errors_by_day_and_symbol: tuple[float, ...]
    sums: NDArray[np.float64]
    failed: int
    notes: tuple[str, ...]

    @property
    def sample(self) -> FittingSample:
        """The orders that were fitted."""
        return self.problem.sample

    @property
    def form(self) -> Form:
        """The model as it was fitted."""
        return self.problem.form

    @cached_property
    def predicted_bps(self) -> NDArray[np.float64]:
        """What the fit says each order costs on average, bps; float64 of n."""
        return self.problem.said(self.solution.exponents, self.solution.coefficients)

    @cached_property
    def surprises(self) -> NDArray[np.float64]:
        """Cost less prediction in standard deviations of chance, float64 of n: standard normal if all is right."""
        return np.asarray((self.sample.cost_bps - self.predicted_bps) / self.sample.noise_bps)

    @property
    def dispersion(self) -> float:
        """Weighted sum of squares per degree of freedom: 1 where chance is the timing risk alone."""
        return _dispersion(self.problem, self.solution)

    @property
    def clusters(self) -> int:
        """On how many days the errors rest."""
        return len(self.sums)

    def interval(self, name: str, coverage: float = 0.95) -> tuple[float, float]:
        """Percentile interval of a parameter over the draws of days; NaN where there are none."""
        column = self.draws[:, self.names.index(name)]
        column = column[~np.isnan(column)]
        if not len(column):
            return np.nan, np.nan
        tail = 50.0 * (1.0 - coverage)
        low, high = np.percentile(column, [tail, 100.0 - tail])
        return float(low), float(high)

    def standard_error(self, name: str) -> float:
        """Standard deviation of a parameter over the draws of days."""
        column = self.draws[:, self.names.index(name)]
        column = column[~np.isnan(column)]
        return float(np.std(column, ddof=1)) if len(column) > 1 else np.nan

    def parameters(self) -> dict[str, dict[str, Any]]:
        """By name: value, standard error and 95 % interval over days, and the error over days and symbols."""
        return {
            name: {
                "value": value,
                "se": self.standard_error(name),
                "ci": list(self.interval(name)),
                "se_by_day_and_symbol": other,
            }
            for name, value, other in zip(self.names, self.values, self.errors_by_day_and_symbol, strict=True)
        }


def prepared(sample: FittingSample, half_spreads: float | None = None) -> tuple[FittingSample, bool]:
    """The orders to fit and whether half spreads are fitted: where most orders know theirs, those that do.

    With `half_spreads` so many are paid and none fitted. Raises DataError with too few orders or days, UsageError for a
    number that nobody pays.
    """
    spread = sample.facts.half_spread_bps
    known = ~np.isnan(spread)
    if half_spreads is not None:
        if not -1.0 <= half_spreads <= 1.0:
            raise UsageError(
                f"{half_spreads:g} half spreads", place="--half-spreads", remedy="give a number from -1 to 1"
            )
        if half_spreads:
            sample = sample.without(NO_HALF_SPREAD, ~known)
        require_enough(sample)
        return sample, False
    fitted = bool(known.mean() > 0.5 and spread[known].max() > 0.0) if len(sample) else False
    if fitted:
        sample = sample.without(NO_HALF_SPREAD, ~known)
    require_enough(sample)
    return sample, fitted


def fit_impact(
    sample: FittingSample,
    model: str = "power-law",
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exponent: float | None = None,
    half_spreads: float | None = None,
    source: str = OWN_FILLS,
) -> ImpactFit:
    """Fit a model of `fit_forms.LADDER` by weighted least squares, half spreads paid beside it.

    cost = half_spreads x half spread + the model's cost + chance, each order weighted by 1 / (σ √(T/3)). `exponent`
    holds that of the power law, `half_spreads` how many of them are paid. Errors are those of `draws` samples whose
    days are drawn with replacement. Raises DataError with what is missing where the orders are too few or too alike.
    """
    sample, half_spread = prepared(sample, half_spreads)
    if model == "half-spread" and half_spreads is not None:
        raise UsageError(
            "nothing is left to fit", place="--half-spreads", remedy="leave it out, or fit another model beside it"
        )
    if model == "half-spread" and not half_spread:
        missing = int(np.isnan(sample.facts.half_spread_bps).sum())
        raise DataError(
            f"half-spread needs half_spread_bps, which is missing for {missing} of {len(sample)} orders",
            place="fit",
            remedy="store quotes of the symbols",
        )
    problem = LeastSquares(form_of(model, sample, exponent), sample, half_spread, half_spreads or 0.0)
    sums = problem.clustered(sample.day)
    solution = problem.solve(sums.sum(axis=0))
    found = named_parameters(problem, *drawn_fits(problem, sums, draws, seed))
    values = named_parameters(problem, solution.coefficients[None], np.array([solution.exponents]).reshape(1, -1))[0]
    names = (*problem.form.names, HALF_SPREADS) if half_spread else problem.form.names
    usable = ~np.isnan(found).any(axis=1)
    return ImpactFit(
        problem=problem,
        solution=solution,
        fitted=replace(
            _fitted(problem, values, found[usable], len(sums), source), dispersion=_dispersion(problem, solution)
        ),
        names=names,
        values=tuple(values.tolist()),
        draws=found,
        errors_by_day_and_symbol=_by_day_and_symbol(problem, sums, draws, seed),
        sums=sums,
        failed=int((~usable).sum()),
        notes=(
            *problem.form.held,
            *_spread_note(problem, half_spreads),
            *_outside(problem, names, values, found[usable]),
        ),
    )


def named_parameters(
    problem: LeastSquares, coefficients: NDArray[np.float64], exponents: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Parameters (draws, names) of coefficients (draws, width) and exponents (draws, axes), half spreads last."""
    own = problem.form.parameters(coefficients[:, : problem.form.width], exponents)
    return np.column_stack([own, coefficients[:, -1]]) if problem.half_spread else own


def _dispersion(problem: LeastSquares, solution: Solution) -> float:
    rows = len(problem.sample) + (int(problem.known_after.sum()) if problem.joint else 0)
    return solution.squares / max(rows - problem.width - len(solution.exponents), 1)


def _by_day_and_symbol(problem: LeastSquares, sums: NDArray[np.float64], draws: int, seed: int) -> tuple[float, ...]:
    """Standard errors with each symbol's orders of a day as a cluster; those of days where all orders are of one."""
    sample = problem.sample
    pairs = sample.day * len(sample.symbols) + sample.symbol
    _, clusters = np.unique(pairs, return_inverse=True)
    if len(np.unique(sample.symbol)) > 1:
        sums = problem.clustered(clusters.astype(np.int64))
    found = named_parameters(problem, *drawn_fits(problem, sums, draws, seed))
    return tuple(np.nanstd(found, axis=0, ddof=1).tolist() if draws > 1 else [np.nan] * found.shape[1])


def _fitted(
    problem: LeastSquares, values: NDArray[np.float64], draws: NDArray[np.float64], days: int, source: str
) -> FittedModel:
    """The model within its limits: a prefactor below zero is no impact, not a gain."""
    form, sample = problem.form, problem.sample
    if form.model == "half-spread":
        low, high = form.limits[HALF_SPREADS]
        names: tuple[str, ...] = (HALF_SPREADS,)
        own, own_draws = np.clip(values, low, high), np.clip(draws, low, high)
        paid, paid_draws = 0.0, np.empty(0)
    else:
        names = form.names
        bounds = np.array([form.limits[name] for name in names]).T
        own = np.clip(values[: len(names)], *bounds)
        own_draws = np.clip(draws[:, : len(names)], *bounds)
        paid = float(values[-1]) if problem.half_spread else problem.held
        paid_draws = draws[:, -1].copy() if problem.half_spread else np.empty(0)
    facts: Mapping[str, NDArray[np.float64]] = {
        "quantity_adv": sample.facts.quantity_adv,
        "participation": sample.facts.participation,
    }
    spans = {name: (float(np.min(column)), float(np.max(column))) for name, column in facts.items()}
    words = f"{len(sample)} own orders of {days} days, {sample.days[sample.day[0]]} to {sample.days[sample.day[-1]]}"
    return FittedModel(
        model=form.model,
        names=names,
        values=tuple(own.tolist()),
        draws=own_draws,
        fixed=form.fixed,
        source=source,
        resting_on=f"{len(own_draws)} draws of {days} days with replacement",
        range=FittedRange(words, spans),
        half_spreads=paid,
        half_spread_draws=paid_draws,
    )


def _spread_note(problem: LeastSquares, asked: float | None) -> tuple[str, ...]:
    if problem.half_spread or asked is not None:
        return ()
    return ("half spreads are unknown for most orders: what is paid for the spread is in the impact",)


def _outside(
    problem: LeastSquares, names: tuple[str, ...], values: NDArray[np.float64], draws: NDArray[np.float64]
) -> tuple[str, ...]:
    """What least squares found beyond what the model allows."""
    told = []
    for place, name in enumerate(names):
        if name not in problem.form.limits:
            continue
        low, high = problem.form.limits[name]
        beyond = (draws[:, place] < low - 1e-9) | (draws[:, place] > high + 1e-9)
        if not low - 1e-9 <= values[place] <= high + 1e-9:
            kept = min(max(values[place], low), high)
            told.append(
                f"{name} came out as {values[place]:.3g}, which the model does not allow ({low:g} to {high:g}): "
                f"what is kept has {kept:g}"
            )
        elif beyond.any():
            told.append(f"{int(beyond.sum())} of {len(draws)} draws of {name} lie beyond {low:g} to {high:g}")
        if len(draws) and name in problem.form.axes:
            grid = problem.form.axes[name]
            where, near = sought_as(name, draws[:, place]), grid[1] - grid[0]
            share = float(np.mean((where < grid[0] + near) | (where > grid[-1] - near)))
            if share > 0.05:
                told.append(f"{share:.0%} of the draws of {name} are at an end of where it was sought: not well told")
    return tuple(told)
