"""A model of the tape whose level our own orders correct: its shape is borrowed, its level is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tcakit.errors import DataError
from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fitted import FittedModel
from tcakit.impact.sample import FittingSample, require_enough

_REACH, _GRID = 8.0, 20_001


@dataclass(frozen=True, slots=True)
class OwnLevel:
    """The level of a model's shape that our own orders tell, and its standard error over days."""

    level: float
    error: float
    orders: int
    days: int


def own_level(shape: FittedModel, level: str, sample: FittingSample) -> OwnLevel:
    """Fit one parameter of a model to own orders, all others held: cost is in proportion to `level`.

    Weighted by timing risk, half spreads paid beside it where most orders know theirs. DataError with too few orders
    or days, or where the shape says the same of all.
    """
    require_enough(sample)
    scale = 1.0 / sample.noise_bps
    ones = (1.0 if name == level else value for name, value in zip(shape.names, shape.values, strict=True))
    unit = replace(shape, values=tuple(ones))
    columns = [unit.cost_bps(sample.facts) * scale]
    spread = sample.facts.half_spread_bps
    known = ~np.isnan(spread)
    if known.mean() > 0.5 and spread[known].max() > 0.0:
        sample, scale = sample.take(known), scale[known]
        columns = [columns[0][known], spread[known] * scale]
        require_enough(sample)
    found = clustered_regression(np.column_stack(columns), sample.cost_bps * scale, sample.day)
    if not np.isfinite(found.errors[0]):
        raise DataError("own orders do not tell impact and spread apart", remedy="fit orders of more sizes and symbols")
    from scipy.stats import norm, t

    # Few days know little of their own scatter: the error that a normal interval needs to be as wide as Student's.
    wider = float(t.ppf(0.975, found.clusters - 1) / norm.ppf(0.975))
    return OwnLevel(float(found.coefficients[0]), wider * float(found.errors[0]), len(sample), found.clusters)


def drawn_to_own(tape: FittedModel, level: str, own: OwnLevel, seed: int = 0) -> tuple[FittedModel, float]:
    """The tape's model at the level that tape and own orders say together, and how much of it, 0 to 1, the orders said.

    The posterior of a prior that is normal in the logarithm, by the tape's draws, and a level that own orders tell with
    a normal error: one near zero, or below, draws the tape down as far as it is sure. The draws keep the tape's shape.
    """
    place = tape.names.index(level)
    known = np.log(tape.draws[tape.draws[:, place] > 0.0, place])
    if len(known) < 2 or not own.error > 0.0:
        raise DataError("no error of the tape's level or of own orders' is known", remedy="fit more of them")
    middle, spread = float(np.mean(known)), float(np.std(known, ddof=1))
    far = max(own.level + _REACH * own.error, 0.0)
    low = min(middle - _REACH * spread, np.log(max(own.level, 1e-3 * np.exp(middle))) - 1.0)
    high = max(middle + _REACH * spread, np.log(far) if far > 0.0 else -np.inf)
    grid = np.linspace(low, high, _GRID)
    height = -0.5 * ((grid - middle) / spread) ** 2 - 0.5 * ((np.exp(grid) - own.level) / own.error) ** 2
    weight = np.exp(height - height.max())
    weight /= weight.sum()
    mean = float(weight @ grid)
    said = 1.0 - float(weight @ (grid - mean) ** 2) / spread**2
    uniform = np.random.default_rng(seed).random(len(tape.draws))
    draws, values = tape.draws.copy(), list(tape.values)
    draws[:, place] = np.exp(np.interp(uniform, np.cumsum(weight), grid))
    values[place] = float(np.exp(mean))
    return replace(tape, values=tuple(values), draws=draws), min(max(said, 0.0), 1.0)
