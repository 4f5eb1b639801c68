"""What a fill paid for liquidity, in currency a share: quoted, effective, realised spread, impact,
improvement.

Every function takes numbers or equal-length arrays and gives NaN where an input is NaN. Side is +1 or -1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.tca.weighted_mean import sum_of_products


def quoted_spread(bid: ArrayLike, ask: ArrayLike) -> NDArray[np.float64]:
    """Offer less bid; negative where the quote is crossed."""
    return np.asarray(ask, dtype=np.float64) - np.asarray(bid, dtype=np.float64)


def effective_spread(side: ArrayLike, price: ArrayLike, mid: ArrayLike) -> NDArray[np.float64]:
    """2s(p - m), cost-positive.

    With the mid at the order's receipt this is the effective spread of SEC Rule 605; with the mid just
    before the fill it is that of the academic literature. Say which was used.

    >>> round(float(effective_spread(1, 40.47, (40.40 + 40.49) / 2)), 10)
    0.05
    """
    return 2.0 * np.asarray(side) * (np.asarray(price, dtype=np.float64) - np.asarray(mid, dtype=np.float64))


def realised_spread(side: ArrayLike, price: ArrayLike, mid_later: ArrayLike) -> NDArray[np.float64]:
    """2s(p - m later): what the other side of the trade kept, given the mid some time after the fill."""
    return effective_spread(side, price, mid_later)


def price_impact(effective: ArrayLike, realised: ArrayLike) -> NDArray[np.float64]:
    """Effective less realised spread: twice how far the mid moved against the trade, both from the same
    reference.
    """
    return np.asarray(effective, dtype=np.float64) - np.asarray(realised, dtype=np.float64)


def price_improvement(side: ArrayLike, price: ArrayLike, bid: ArrayLike, ask: ArrayLike) -> NDArray[np.float64]:
    """s(far touch - p) a share, favourable-positive: against the offer for a buy, the bid for a sell.

    >>> round(float(price_improvement(1, 40.47, 40.40, 40.49)), 10)
    0.02
    """
    signs = np.asarray(side)
    far = np.where(signs > 0, np.asarray(ask, dtype=np.float64), np.asarray(bid, dtype=np.float64))
    return signs * (far - np.asarray(price, dtype=np.float64))


def spread_capture(side: ArrayLike, price: ArrayLike, bid: ArrayLike, ask: ArrayLike) -> NDArray[np.float64]:
    """How much of the quoted spread a fill kept: 0 at the far touch, 1/2 at the mid, 1 at the near touch.

    s(far touch - p)/(ask - bid), favourable-positive; below zero through the far touch. NaN unless the offer is above
    the bid.

    >>> spread_capture([1, 1, -1], [10.02, 10.01, 10.02], 10.00, 10.02).round(9).tolist()
    [0.0, 0.5, 1.0]
    """
    width = quoted_spread(bid, ask)
    return price_improvement(side, price, bid, ask) / np.where(width > 0, width, np.nan)


def effective_over_quoted(effective: ArrayLike, quoted: ArrayLike, shares: ArrayLike) -> float:
    """E/Q: share-weighted effective spread over share-weighted quoted spread, as a fraction.

    Fills that lack either are left out; NaN if none is left or the quoted spreads sum to nothing.

    >>> effective_over_quoted([0.02, 0.04], [0.04, 0.04], [300, 100])
    0.625
    """
    paid, shown = np.asarray(effective, dtype=np.float64), np.asarray(quoted, dtype=np.float64)
    weight = np.asarray(shares, dtype=np.float64)
    known = np.isfinite(paid) & np.isfinite(shown)
    bottom = sum_of_products(shown[known], weight[known])
    return sum_of_products(paid[known], weight[known]) / bottom if bottom > 0 else float("nan")
