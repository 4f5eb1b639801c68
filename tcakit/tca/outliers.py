"""Orders whose cost is far from all others', found by a yardstick that they do not bend themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.tca.weighted_mean import weighted_mean

MOST_MADS = 3.5
_NORMAL = 0.6744897501960817  # the median absolute deviation of a standard normal
LEAST_ORDERS = 5


@dataclass(frozen=True, slots=True)
class RobustCosts:
    """Costs (bps) beside the middle of all: `z` of each, which are outliers, and the total with these drawn in.

    `z` is NaN where a cost is missing or there is no yardstick (fewer than five orders, or half of them alike);
    `low_bps` and `high_bps` are where |z| is 3.5; `raw_bps` and `winsorised_bps` are weighted by notional, the latter
    with costs beyond them put to them. None where unknown.
    """

    z: NDArray[np.float64]
    outlier: NDArray[np.bool_]
    median_bps: float | None
    low_bps: float | None
    high_bps: float | None
    raw_bps: float | None
    winsorised_bps: float | None


def robust_costs(costs_bps: ArrayLike, notionals: ArrayLike, most: float = MOST_MADS) -> RobustCosts:
    """Modified z-scores 0.6745 (cost - median) / MAD of each order (Iglewicz and Hoaglin, 1993), outliers beyond 3.5.

    `notionals` weigh the totals and are above zero, or the order is left out as one without a cost is.

    >>> found = robust_costs([1.0, 2.0, 3.0, 4.0, 90.0], [1.0] * 5)
    >>> found.outlier.tolist(), found.raw_bps, round(found.winsorised_bps, 2)
    ([False, False, False, False, True], 20.0, 3.64)
    """
    costs, weights = np.asarray(costs_bps, np.float64), np.asarray(notionals, np.float64)
    known = np.isfinite(costs) & (weights > 0)
    z, outlier = np.full(len(costs), np.nan), np.zeros(len(costs), np.bool_)
    if not known.any():
        return RobustCosts(z, outlier, None, None, None, None, None)
    seen, held = costs[known], weights[known]
    middle = float(np.median(seen))
    spread = float(np.median(np.abs(seen - middle)))
    raw = weighted_mean(seen, held)
    if known.sum() < LEAST_ORDERS or not spread > 0:
        return RobustCosts(z, outlier, middle, None, None, raw, None)
    z[known] = _NORMAL * (seen - middle) / spread
    outlier[known] = np.abs(z[known]) > most
    reach = most * spread / _NORMAL
    drawn_in = np.clip(seen, middle - reach, middle + reach)
    return RobustCosts(z, outlier, middle, middle - reach, middle + reach, raw, weighted_mean(drawn_in, held))
