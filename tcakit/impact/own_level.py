"""A model of the tape whose level our own orders correct: its shape is borrowed, its level is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tcakit.errors import DataError
from tcakit.impact.clustered import clustered_regression
from tcakit.impact.fitted import FittedModel
from tcakit.impact.sample import FittingSample, require_enough
from tcakit.impact.shrinkage import Level, Shrunk, shrunk


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
    found = clustered_regression(np.column_stack(columns), sample.cost_bps * scale, sample.day)
    if not np.isfinite(found.errors[0]):
        raise DataError("own orders do not tell impact and spread apart", remedy="fit orders of more sizes and symbols")
    return OwnLevel(float(found.coefficients[0]), float(found.errors[0]), len(sample), found.clusters)


def drawn_to_own(tape: FittedModel, level: str, own: OwnLevel, seed: int = 0) -> tuple[FittedModel, Shrunk]:
    """The tape's model at the level that tape and own orders say together, each by its precision (`shrinkage.shrunk`).

    The draws keep the tape's shape, and their levels scatter by the error of both together. DataError where own orders
    say no impact: that has no logarithm.
    """
    if not own.level > 0.0:
        raise DataError(
            f"own orders say a level of {own.level:.3g}, with an error of {own.error:.3g}",
            remedy="it has no logarithm: fit more of them",
        )
    place = tape.names.index(level)
    known = tape.draws[:, place]
    log_error = float(np.std(np.log(known[known > 0.0]), ddof=1))
    both = shrunk(Level(tape.values[place], log_error), Level(own.level, own.error / own.level))
    random = np.random.default_rng(seed)
    draws = tape.draws.copy()
    draws[:, place] = both.level.prefactor * np.exp(both.level.log_se * random.standard_normal(len(draws)))
    values = list(tape.values)
    values[place] = both.level.prefactor
    return replace(tape, values=tuple(values), draws=draws), both
