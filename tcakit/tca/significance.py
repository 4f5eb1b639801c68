"""Whether two groups of orders cost differently, by ranks, and what is left of it when many groups were looked at.

Costs of orders have heavy tails, so that a mean says little of them and a t-test less. Ranks do not mind: Kissell
(2007, "Statistical methods to compare algorithmic performance", Journal of Trading 2(2)) proposes the Mann-Whitney
test for different orders and Wilcoxon's signed ranks for orders in pairs.
"""

from __future__ import annotations

import math
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
    one, two = _finite(first), _finite(second)
    return RankedCosts(np.concatenate([one, two])).p_against_others(slice(0, len(one)))


class RankedCosts:
    """Costs of orders of which any part can be set against all others, as `unpaired_p` does; ranked once."""

    def __init__(self, costs: ArrayLike) -> None:
        given = np.asarray(costs, np.float64).ravel()
        self._there = np.isfinite(given)
        self._costs = to_ten_digits(np.where(self._there, given, np.nan))
        self._ranks = np.zeros(len(given))
        self._ranks[self._there], ties = _ranked(self._costs[self._there])
        self._count = int(self._there.sum())
        self._tie_term, self._most_alike = float(np.sum(ties**3 - ties)), int(np.max(ties, initial=0))

    def p_against_others(self, part: slice) -> float | None:
        """The p-value of the costs of that part against all others."""
        n1 = int(self._there[part].sum())
        n2 = self._count - n1
        if min(n1, n2) < LEAST_ORDERS:
            return None
        if self._most_alike == self._count:
            return 1.0
        if max(n1, n2) <= _EXACT_UP_TO and self._most_alike == 1:
            from scipy.stats import mannwhitneyu

            inside = np.zeros(len(self._costs), np.bool_)
            inside[part] = True
            one, two = (self._costs[self._there & chosen] for chosen in (inside, ~inside))
            return float(mannwhitneyu(one, two, alternative="two-sided", method="exact").pvalue)
        # A normal approximation with half a step of continuity and ties corrected, as scipy.stats.mannwhitneyu.
        beaten = float(self._ranks[part].sum()) - n1 * (n1 + 1) / 2
        count = n1 + n2
        spread = np.sqrt(n1 * n2 / 12 * ((count + 1) - self._tie_term / (count * (count - 1))))
        far = max(beaten, n1 * n2 - beaten) - n1 * n2 / 2 - 0.5
        return min(_both_tails(far / spread), 1.0)


def paired_p(differences: ArrayLike) -> float | None:
    """Two-sided p-value of Wilcoxon's signed ranks: that differences of pairs lie evenly about zero.

    Pairs without a difference share it between both signs (Pratt). None with fewer than six others than zero, which
    could not fall below 5 % whatever they were. Exact without ties up to 25 pairs. Sizes are compared to ten digits.

    >>> round(paired_p([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 6)
    0.03125
    """
    values = to_ten_digits(_finite(differences))
    sizes = np.abs(values)
    zeros = int((sizes == 0.0).sum())
    if len(values) - zeros < 6:
        return None
    ranks, ties = _ranked(sizes)
    if zeros == 0 and ties.max() == 1.0 and len(values) <= _EXACT_UP_TO:
        from scipy.stats import wilcoxon

        return float(wilcoxon(values, zero_method="pratt", method="exact").pvalue)
    # Normal, pairs without a difference apart from the ties (Cureton 1967), as scipy.stats.wilcoxon.
    ties = ties[1:] if zeros else ties
    middle = len(values) * (len(values) + 1.0) * 0.25 - zeros * (zeros + 1.0) * 0.25
    spread = len(values) * (len(values) + 1.0) * (2.0 * len(values) + 1.0) - zeros * (zeros + 1.0) * (2.0 * zeros + 1.0)
    spread = np.sqrt((spread - float(np.sum(ties**3 - ties)) / 2) / 24)
    return _both_tails(abs((float(ranks[values > 0.0].sum()) - middle) / spread))


def _both_tails(deviations: float) -> float:
    """How likely a normal number is to lie that many standard deviations from its mean or farther, on either side.

    >>> round(_both_tails(1.959963984540054), 12)
    0.05
    """
    return math.erfc(deviations / math.sqrt(2.0))


def _ranked(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rank of each value from 1 on, the middle of theirs for those alike, and how many are alike by value."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    first = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[: len(values)])
    alike = np.diff(np.append(first, len(values))).astype(np.float64)
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(first + (alike + 1.0) / 2.0, alike.astype(np.int64))
    return ranks, alike


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
