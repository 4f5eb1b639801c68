"""Impact as a multiple of what the fit says it is: 1 over all orders, and elsewhere what changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.fit_impact import ImpactFit


@dataclass(frozen=True, slots=True)
class LevelColumns:
    """In standard deviations of chance, float64 of n each: what the fit says of impact, and of cost beside it.

    `impact` is the model's part of the cost, made blind to half spreads; `cost` what is left of the cost once half
    spreads explain what they can. Regressing the second on the first gives a level, 1 over all orders of a fit of the
    cost alone.
    """

    impact: NDArray[np.float64]
    cost: NDArray[np.float64]

    @classmethod
    def of(cls, fit: ImpactFit) -> LevelColumns:
        scale = 1.0 / fit.sample.noise_bps
        width = fit.form.width
        design = fit.problem.design(fit.solution.exponents)
        said = design[:, :width] @ fit.solution.coefficients[:width] if width else np.zeros(len(fit.sample))
        both = np.column_stack([said, fit.problem.own_cost_bps]) * scale[:, None]
        if fit.problem.half_spread:
            spread = fit.sample.facts.half_spread_bps * scale
            both = both - np.outer(spread, spread @ both) / (spread @ spread)
        return cls(both[:, 0], both[:, 1])

    @property
    def level(self) -> float:
        """The level over all orders; NaN where the model says nothing of impact."""
        squares = float(self.impact @ self.impact)
        return float(self.impact @ self.cost) / squares if squares > 0.0 else float("nan")
