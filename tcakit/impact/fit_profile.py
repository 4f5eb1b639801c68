"""Weighted least squares where only exponents have to be searched for: the rest is linear, and solved exactly.

Golub and Pereyra (1973): with the exponents given, the coefficients are those of a linear regression; what is left is
a function of the exponents alone, looked at on a grid and then closed in on. Each order is weighted by what chance adds
to it, and orders of both signs of cost count alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.impact.bootstrap_kernel import drawn_minima
from tcakit.impact.fit_forms import Form
from tcakit.impact.sample import FittingSample

Rows = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class LeastSquares:
    """A form on a sample. With `half_spread`, those paid are the last coefficient; else `held` of them are paid."""

    form: Form
    sample: FittingSample
    half_spread: bool = True
    held: float = 0.0

    @property
    def width(self) -> int:
        """How many coefficients there are."""
        return self.form.width + self.half_spread

    @property
    def steps(self) -> NDArray[np.int64]:
        """Lengths of the grid's axes, none where nothing has to be sought."""
        return np.array([len(grid) for grid in self.form.axes.values()], np.int64)

    @property
    def joint(self) -> bool:
        """Whether what stays of the move is fitted together with the cost, for orders of which it is known."""
        return self.form.after is not None and bool(self.known_after.any())

    @cached_property
    def known_after(self) -> NDArray[np.bool_]:
        sample = self.sample
        known = ~np.isnan(sample.after_bps) & (sample.after_duration >= sample.facts.duration)
        return known if self.form.after is not None else np.zeros(len(sample), np.bool_)

    def design(self, exponents: tuple[float, ...]) -> NDArray[np.float64]:
        """Cost in bps of coefficients of one, float64 (orders, width)."""
        columns = self.form.cost(self.sample.facts, exponents)
        return np.column_stack([columns, self.sample.facts.half_spread_bps]) if self.half_spread else columns

    @cached_property
    def own_cost_bps(self) -> NDArray[np.float64]:
        """What the coefficients have to say: the cost, less what is held to be paid of the spread."""
        sample = self.sample
        return sample.cost_bps - self.held * sample.facts.half_spread_bps if self.held else sample.cost_bps

    def said(self, exponents: tuple[float, ...], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """The cost in bps of each order at given exponents and coefficients, float64 of n."""
        found = self.design(exponents) @ coefficients
        return np.asarray(found + self.held * self.sample.facts.half_spread_bps if self.held else found)

    def on(self, sample: FittingSample) -> LeastSquares:
        """The same form on other orders."""
        return LeastSquares(self.form, sample, self.half_spread, self.held)

    def rows(self, exponents: tuple[float, ...]) -> Iterator[Rows]:
        """Columns and response in standard deviations: of the cost, or of both errors of the joint fit made apart.

        Almgren et al. (2005): the move that stays and the cost share the path of the price. With T and P the times of
        the order's end and of the settled price, I = permanent + σ √P ξ, and J - I/2 = temporary + σ √(T/12 (4 -
        3T/P)) χ - σ (P - T)/(2 √P) ξ; putting (I - permanent)/(σ √P) for ξ leaves errors that are independent.
        """
        sample, columns = self.sample, self.design(exponents)
        if not self.joint:
            scale = 1.0 / sample.noise_bps
            yield columns * scale[:, None], self.own_cost_bps * scale
            return
        assert self.form.after is not None
        known, length = self.known_after, sample.noise_duration
        settled = np.where(known, sample.after_duration + (length - sample.facts.duration), 1.0)
        after = np.where(known, sample.after_bps, 0.0)
        stays = np.where(known[:, None], self.form.after(sample.facts, exponents), 0.0)
        if self.half_spread:
            stays = np.column_stack([stays, np.zeros(len(sample))])
        risk = 1e4 * sample.facts.volatility_daily
        scale = np.where(known, 1.0 / (risk * np.sqrt(settled)), 0.0)
        yield stays * scale[:, None], after * scale
        share = np.where(known, (settled - length) / (2.0 * settled) - 0.5, 0.0)
        variance = np.where(known, length / 12.0 * (4.0 - 3.0 * length / settled), length / 3.0)
        scale = 1.0 / (risk * np.sqrt(variance))
        yield (columns + share[:, None] * stays) * scale[:, None], (self.own_cost_bps + share * after) * scale

    def moments(self, exponents: tuple[float, ...]) -> NDArray[np.float64]:
        """Each order's part of X'X (upper triangle, row by row) and X'y, float64 (orders, moments)."""
        upper = np.triu_indices(self.width)
        total = np.zeros((len(self.sample), self.width * (self.width + 3) // 2))
        for columns, response in self.rows(exponents):
            total += np.column_stack([columns[:, upper[0]] * columns[:, upper[1]], columns * response[:, None]])
        return total

    def clustered(self, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
        """Moments summed within clusters (numbers from zero), at each grid point: (clusters, grid, moments)."""
        order = np.argsort(clusters, kind="stable")
        _, starts = np.unique(clusters[order], return_index=True)
        in_order = bool((order[1:] > order[:-1]).all())
        points = list(product(*self.form.axes.values()))
        out = np.empty((len(starts), len(points), self.width * (self.width + 3) // 2))
        for place, exponents in enumerate(points):
            each = self.moments(exponents)
            out[:, place] = np.add.reduceat(each if in_order else each[order], starts, axis=0)
        return out

    def coefficients(self, exponents: tuple[float, ...]) -> tuple[NDArray[np.float64], float]:
        """The best coefficients at given exponents, and by how much they lower the sum of squares; NaN if not one."""
        found, _, gain = minima(self.moments(exponents).sum(axis=0)[None, None], self.width, np.empty(0, np.int64))
        return found[0], float(gain[0])

    @cached_property
    def null_squares(self) -> float:
        """The sum of squares of a model that says zero."""
        exponents = tuple(float(grid[0]) for grid in self.form.axes.values())
        return float(sum(response @ response for _, response in self.rows(exponents)))

    def exponents_at(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Exponents of places on the axes, (draws, axes)."""
        found = [grid[0] + places[:, at] * (grid[1] - grid[0]) for at, grid in enumerate(self.form.axes.values())]
        return np.column_stack(found) if found else np.empty((len(places), 0))

    def solve(self, sums: NDArray[np.float64]) -> Solution:
        """The exact best fit; `sums` (grid, moments) are those of all orders. DataError where there is none."""
        first, places, _ = minima(sums[None], self.width, self.steps)
        exponents = tuple(self.exponents_at(places)[0].tolist())
        if np.isnan(first).any():
            raise DataError(
                f"{self.form.model} cannot be told from the half spread: over these orders the two go together",
                place="fit",
                remedy="take orders of more sizes, days or symbols",
            )
        if exponents:
            exponents = self._closer(exponents, places[0])
        coefficients, gain = self.coefficients(exponents)
        return Solution(coefficients, exponents, self.null_squares - gain)

    def _closer(self, start: tuple[float, ...], places: NDArray[np.float64]) -> tuple[float, ...]:
        """The exponents within a step of the grid's best at which the sum of squares is least."""
        from scipy.optimize import minimize, minimize_scalar

        bounds = []
        for place, grid in zip(places, self.form.axes.values(), strict=True):
            nearest = round(float(place))
            bounds.append((float(grid[max(nearest - 1, 0)]), float(grid[min(nearest + 1, len(grid) - 1)])))

        def loss(exponents: NDArray[np.float64]) -> float:
            gain = self.coefficients(tuple(float(x) for x in np.atleast_1d(exponents)))[1]
            return float("inf") if np.isnan(gain) else -gain

        if len(start) == 1:
            found = minimize_scalar(loss, bounds=bounds[0], method="bounded", options={"xatol": 1e-7})
            return (float(found.x),)
        options = {"xatol": 1e-5, "fatol": 1e-7, "maxiter": 400}
        found = minimize(
            loss, np.clip(start, *np.array(bounds).T), method="Nelder-Mead", bounds=bounds, options=options
        )
        return tuple(float(x) for x in found.x)


@dataclass(frozen=True, slots=True)
class Solution:
    """Coefficients (the half spread's last), exponents, and the weighted sum of squares that is left."""

    coefficients: NDArray[np.float64]
    exponents: tuple[float, ...]
    squares: float


def minima(
    sums: NDArray[np.float64], width: int, steps: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (draws, width), places on the axes (draws, axes) and gains (draws) of moments (draws, grid, m)."""
    draws, grid, _ = sums.shape
    coefficients, places, gains = np.empty((draws, width)), np.empty((draws, len(steps))), np.empty(draws)
    room = np.empty((width, width)), np.empty((grid, width + 1))
    drawn_minima(np.ascontiguousarray(sums), width, steps, coefficients, places, gains, *room)
    return coefficients, places, gains
