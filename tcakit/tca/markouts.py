"""Where the mid went before and after a fill; above zero is good for the client, unlike costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.market.schema import MARKOUT_HORIZONS_S
from tcakit.tca.asof import ascends, mids_shifted
from tcakit.tca.carrying import OLD_NS, halted_between, is_stale
from tcakit.tca.quotes import quoted_span
from tcakit.tca.shortfall import BPS


def markout_bps(side: ArrayLike, price: ArrayLike, mid: ArrayLike) -> NDArray[np.float64]:
    """s(m - p)/p x 1e4, favourable-positive, in bps of the fill price; NaN unless that is positive.

    >>> float(markout_bps(1, 100.0, 100.5))
    50.0
    """
    given = np.asarray(price, dtype=np.float64)
    paid = np.where(given > 0, given, np.nan)  # basis points of nothing, or of a debt, say nothing
    return np.asarray(side) * (np.asarray(mid, dtype=np.float64) - paid) / paid * BPS


def mids_around(
    day: MarketDay, ts_ns: ArrayLike, horizons_s: Sequence[float] = MARKOUT_HORIZONS_S
) -> NDArray[np.float64]:
    """Mid (currency) at each horizon around each of n instants, shape (n, horizons); NaN where none stood.

    The mid at a horizon is the last quote with time <= t + h. NaN when t or t + h lies outside the session or the
    recording, when a halt lies between the two, or when the quote at t + h is stale (`tca.carrying`): nothing is
    carried over the close or a halt.
    """
    times = np.asarray(ts_ns, dtype=np.int64)
    offsets = np.array([round(seconds * NS_PER_SECOND) for seconds in horizons_s], dtype=np.int64)
    span = quoted_span(day)
    if span is None or not day.quote_ns.size or not times.size:
        return np.full((times.size, offsets.size), np.nan)
    order = None if ascends(times) else np.argsort(times, kind="stable")
    asked = times if order is None else times[order]
    found, old = mids_shifted(day, asked, offsets, span, OLD_NS)
    for place, rows in enumerate(old):
        if rows is not None:
            found[place, is_stale(day, asked + offsets[place], rows)] = np.nan
    if day.halts:
        found[halted_between(day, asked[None, :], asked[None, :] + offsets[:, None])] = np.nan
    found[:, (asked < span[0]) | (asked > span[1])] = np.nan
    mids = np.empty((times.size, offsets.size))
    mids[slice(None) if order is None else order] = found.T
    return mids


def markouts(
    day: MarketDay,
    ts_ns: ArrayLike,
    side: ArrayLike,
    price: ArrayLike,
    horizons_s: Sequence[float] = MARKOUT_HORIZONS_S,
) -> NDArray[np.float64]:
    """Markouts of n fills in bps of their price, shape (n, horizons); `price` in currency."""
    mids = mids_around(day, ts_ns, horizons_s)
    return markout_bps(np.asarray(side)[:, None], np.asarray(price, dtype=np.float64)[:, None], mids)
