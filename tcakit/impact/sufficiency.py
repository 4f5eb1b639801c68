"""Whether there are orders enough, and of enough kinds, for what a fit says; and how many it would take."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from tcakit.impact.facts import OrderFacts
from tcakit.impact.fit_forms import span
from tcakit.impact.fit_impact import HALF_SPREADS, ImpactFit
from tcakit.impact.sample import SURE_DAYS

WANTED = 0.25
_SPAN = 10.0
_TOGETHER = 0.95
_WIDE = 4.0
_LEVELS = ("prefactor", "coefficient", "eta", "a1")


def error_of_impact(fit: ImpactFit) -> float | None:
    """Half the 95 % interval of what the median order's impact costs, as a share of it; None where there is none.

    A prefactor and an exponent that go together are each told badly, and what they say of an ordinary order well.
    """
    if not fit.form.width or len(fit.fitted.draws) < 2:
        return None
    columns = {item.name: np.array([np.median(getattr(fit.sample.facts, item.name))]) for item in fields(OrderFacts)}
    median = OrderFacts(**columns)
    cost = float(fit.fitted.point().cost_bps(median)[0])
    errors = [fit.fitted.drawn(row).cost_bps(median)[0] for row in range(len(fit.fitted.draws))]
    return 1.96 * float(np.std(errors, ddof=1)) / cost if cost > 0.0 else None


def orders_needed(fit: ImpactFit, wanted: float = WANTED) -> int | None:
    """How many orders like these would tell the median order's impact to ± `wanted` of itself; None where it has none.

    Errors shrink with the root of the number of days, and so of orders.
    """
    error = error_of_impact(fit)
    return None if error is None else math.ceil(len(fit.sample) * (error / wanted) ** 2)


def parameter_correlations(fit: ImpactFit) -> dict[str, float]:
    """Correlation over the draws of each pair of parameters, by `one, other`."""
    usable = fit.draws[~np.isnan(fit.draws).any(axis=1)]
    if len(usable) < 3:
        return {}
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.atleast_2d(np.corrcoef(usable, rowvar=False))
    return {
        f"{one}, {other}": float(found[row, column])
        for row, one in enumerate(fit.names)
        for column, other in enumerate(fit.names)
        if row < column
    }


def sufficiency_warnings(fit: ImpactFit) -> list[str]:
    """What makes the fit less sure than its numbers look, each with what would be needed."""
    sample, told = fit.sample, []
    if fit.clusters < SURE_DAYS:
        told.append(
            f"the errors rest on {fit.clusters} days: with fewer than {SURE_DAYS} intervals come out too narrow, as "
            f"days are what is drawn"
        )
    for name in _LEVELS:
        if name in fit.names and not fit.interval(name)[0] > 0.0:
            told.append(f"{name} is not told from zero: its 95 % interval begins at {fit.interval(name)[0]:.3g}")
    error, needed = error_of_impact(fit), orders_needed(fit)
    if error is not None and needed is not None and needed > len(sample):
        days = math.ceil(fit.clusters * needed / len(sample))
        told.append(
            f"the impact of a median order is known to {error:.0%} of itself: to know it to {WANTED:.0%} takes "
            f"{needed:,} orders like these {len(sample):,}, over {days:,} days"
            + ("; with the exponent held (--exponent 0.5) fewer do" if "exponent" in fit.names else "")
        )
    sizes = span(sample.facts.quantity_adv)
    if sizes < _SPAN and fit.form.axes:
        told.append(f"sizes span {sizes:.1f} times (5th to 95th percentile): an exponent needs {_SPAN:g} times or more")
    for pair, found in parameter_correlations(fit).items():
        if abs(found) > _TOGETHER and HALF_SPREADS not in pair:
            told.append(f"{pair.replace(', ', ' and ')} go together (correlation {found:.2f}): neither is told alone")
    if not knows_half_spreads(fit):
        low, high = fit.interval(HALF_SPREADS)
        told.append(
            f"how many half spreads are paid is not told ({low:.1f} to {high:.1f}): hold it, for orders that take "
            "at 1 (--half-spreads 1)"
        )
    if fit.failed:
        told.append(f"{fit.failed} of {len(fit.draws)} draws had no single best fit and are left out")
    largest = float(sample.facts.quantity_adv.max())
    if largest > 0.1:
        over = int((sample.facts.quantity_adv > 0.1).sum())
        told.append(f"{over} orders are over 10 % of average daily volume, beyond what the published laws were seen on")
    return told


def knows_half_spreads(fit: ImpactFit) -> bool:
    """Whether the orders tell how many half spreads they paid, or it was held: the interval of others says anything."""
    if HALF_SPREADS not in fit.names:
        return True
    low, high = fit.interval(HALF_SPREADS)
    return high - low <= _WIDE
