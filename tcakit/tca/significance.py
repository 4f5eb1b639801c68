"""Whether two groups of orders cost differently, by ranks, and what is left of it when many groups were looked at.

Costs of orders have heavy tails, so that a mean says little of them and a t-test less. Ranks do not mind: Kissell
(2007, "Statistical methods to compare algorithmic performance", Journal of Trading 2(2)) proposes the Mann-Whitney
test for different orders and Wilcoxon's signed ranks for orders in pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_ORDERS = 4
"""Below so many orders a group is not tested: no p-value of two sides could fall below 5 %."""
DISCOVERIES = 0.05
_EXACT_UP_TO = 25


def unpaired_p(first: ArrayLike, second: ArrayLike) -> float | None:
    """Two-sided p-value of Mann and Whitney: that an order of one group is as likely to be dearer as cheaper.

    Values that are not finite are left out; None where a group has fewer than four others. Exact without ties up to
    25 orders a group, else by the normal approximation with ties corrected. Values are compared to ten digits.

    >>> round(unpaired_p([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]), 6)
    0.028571
    """
    from scipy.stats import mannwhitneyu

    one, two = _finite(first), _finite(second)
    if min(len(one), len(two)) < LEAST_ORDERS:
        return None
    one, two = to_ten_digits(one), to_ten_digits(two)
    both = np.concatenate([one, two])
    if both.min() == both.max():
        return 1.0
    ties = len(np.unique(both)) < len(both)
    method = "exact" if max(len(one), len(two)) <= _EXACT_UP_TO and not ties else "asymptotic"
    return float(mannwhitneyu(one, two, alternative="two-sided", method=method).pvalue)


def paired_p(differences: ArrayLike) -> float | None:
    """Two-sided p-value of Wilcoxon's signed ranks: that differences of pairs lie evenly about zero.

    Pairs without a difference share it between both signs (Pratt). None with fewer than six others than zero, which
    could not fall below 5 % whatever they were. Exact without ties up to 25 pairs. Sizes are compared to ten digits.

    >>> round(paired_p([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 6)
    0.03125
    """
    from scipy.stats import wilcoxon

    values = to_ten_digits(_finite(differences))
    sizes = np.abs(values[values != 0.0])
    if len(sizes) < 6:
        return None
    plain = len(sizes) == len(values) and len(np.unique(sizes)) == len(sizes) and len(sizes) <= _EXACT_UP_TO
    method = "exact" if plain else "approx"
    return float(wilcoxon(values, zero_method="pratt", method=method).pvalue)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """For each p-value the share of false discoveries if it and all smaller ones were called different.

    None stays None and is not counted as looked at. Benjamini and Hochberg (1995).

    >>> benjamini_hochberg([0.01, None, 0.04, 0.03])
    [0.03, None, 0.04, 0.04]
    """
    places = [place for place, value in enumerate(p_values) if value is not None]
    found = np.array([p_values[place] for place in places], np.float64)
    order = np.argsort(found, kind="stable")
    count = len(found)
    scaled = found[order] * count / np.arange(1, count + 1)
    least = np.minimum.accumulate(scaled[::-1])[::-1]
    out: list[float | None] = [None] * len(p_values)
    for place, value in zip(order.tolist(), np.minimum(least, 1.0).tolist(), strict=True):
        out[places[place]] = float(value)
    return out


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64).ravel()
    return array[np.isfinite(array)]


def to_ten_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values without their last bits: what differs by the rounding of a sum alone is as dear as the other."""
    mantissa, exponent = np.frexp(values)
    rounded: NDArray[np.float64] = np.ldexp(np.rint(mantissa * 2.0**33), exponent - 33)
    return rounded
