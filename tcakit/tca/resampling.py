"""How sure a figure over orders of several days is: orders of one day share its market, so days are drawn first.

Intervals are percentile bootstraps in two stages, days and then orders within each drawn day (Davison and Hinkley,
1997, section 3.8). Tests of paired differences flip the signs of whole days (Canay, Romano and Shaikh, 2017): exact
where a day's difference is as likely to be above as below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.tca.draws import sums_of_days, sums_of_signs

DRAWS = 2_000
CONFIDENCE = 0.95
_MOST_EXACT = 14  # clusters whose every pattern of signs is looked at
_RANDOM_FLIPS = 20_000


@dataclass(frozen=True, slots=True)
class SignFlip:
    """A two-sided p-value, what was flipped ("day" or "parent"), how many there were, and the least p they can give."""

    p_value: float | None
    cluster: str
    clusters: int
    least_p: float | None


def drawn_sums(
    columns: NDArray[np.float64], days: Sequence[str], *, draws: int = DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """Sums of each column over orders drawn anew: (draws, k) from columns of shape (orders, k).

    Days are drawn with replacement, then as many orders within each drawn day as it has; with one day only orders are
    drawn. The same seed, days and order of rows give the same draws, anywhere (see `draws`).

    >>> bool((drawn_sums(np.ones((3, 1)), ["a", "a", "b"], draws=4) >= 2).all())
    True
    """
    columns = np.asarray(columns, np.float64)
    _, day_of, sizes = np.unique(np.asarray(days, dtype=object).astype(str), return_inverse=True, return_counts=True)
    by_day = columns[np.argsort(day_of, kind="stable")]
    return sums_of_days(by_day, np.concatenate([[0], np.cumsum(sizes)]), draws=draws, seed=seed)


def ratio_interval(
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    days: Sequence[str],
    *,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[float | None, float | None]:
    """Interval of sum(top) / sum(bottom) over orders of `days`; (None, None) with fewer than two orders.

    >>> ratio_interval(np.array([1.0, 1.0]), np.array([2.0, 2.0]), ["a", "b"])
    (0.5, 0.5)
    """
    if len(tops) < 2:
        return None, None
    sums = drawn_sums(np.column_stack([tops, bottoms]), days, draws=draws, seed=seed)
    good = sums[:, 1] > 0
    if not good.any():
        return None, None
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(sums[good, 0] / sums[good, 1], [tail, 1.0 - tail])
    return float(low), float(high)


def sign_flip(differences: NDArray[np.float64], days: Sequence[str], *, seed: int = 0) -> SignFlip:
    """The chance of a sum as far from zero as that of `differences`, were each day's sign left to a coin.

    With orders of one day only, each order's sign is; the result says which. Every pattern is looked at for up to 14
    clusters, 20,000 random ones beyond. None with fewer than two orders.

    >>> sign_flip(np.array([1.0, 2.0, 3.0]), ["a", "b", "c"])
    SignFlip(p_value=0.25, cluster='day', clusters=3, least_p=0.25)
    """
    named, day_of = np.unique(np.asarray(days, dtype=object).astype(str), return_inverse=True)
    differences = np.asarray(differences, np.float64)
    by_day = len(named) > 1
    sums = np.bincount(day_of, weights=differences) if by_day else differences
    count = len(sums)
    cluster = "day" if by_day else "parent"
    if count < 2:
        return SignFlip(None, cluster, count, None)
    seen = abs(float(sums.sum())) - 1e-12 * float(np.abs(sums).sum())
    if count <= _MOST_EXACT:
        bits = (np.arange(1 << count)[:, None] >> np.arange(count)) & 1
        flipped = (1.0 - 2.0 * bits) @ sums
        return SignFlip(float(np.mean(np.abs(flipped) >= seen)), cluster, count, 2.0 ** (1 - count))
    far = int((np.abs(sums_of_signs(sums, draws=_RANDOM_FLIPS, seed=seed)) >= seen).sum())
    return SignFlip((far + 1) / (_RANDOM_FLIPS + 1), cluster, count, 1 / (_RANDOM_FLIPS + 1))
