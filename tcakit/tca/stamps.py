"""Fills whose stamps are whole seconds, or coarser: the execution lay somewhere in [t, t + step), nobody knows where.

What stood at the fill is then what stood over that window: the time-weighted mid and spread, and for the question
whether a price lay inside the quote the lowest bid and the highest offer. A horizon h after the fill is the window
moved by h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.tca.benchmarks import time_weighted
from tcakit.tca.carrying import not_to_be_carried
from tcakit.tca.quotes import quoted_span

Ns = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WindowQuotes:
    """What was quoted over n windows (currency): averages over time, and the extremes; NaN where nothing was."""

    mid: NDArray[np.float64]
    spread: NDArray[np.float64]
    lowest_bid: NDArray[np.float64]
    highest_ask: NDArray[np.float64]


def quotes_within(day: MarketDay, ts_ns: Ns, step_ns: Ns) -> WindowQuotes:
    """The quotes over [t, t + step) of each of n stamps, within the session and the recording."""
    ends = ts_ns + step_ns
    lowest, highest = quote_bounds(day, ts_ns, ends)
    span = quoted_span(day)
    if span is None:
        lowest, highest = np.full(ts_ns.shape, np.nan), np.full(ts_ns.shape, np.nan)
    else:
        outside = (ends <= span[0]) | (ts_ns > span[1])
        lowest[outside] = highest[outside] = np.nan
    return WindowQuotes(
        time_weighted(day, day.mid, ts_ns, ends)[0],
        time_weighted(day, day.ask - day.bid, ts_ns, ends)[0],
        lowest,
        highest,
    )


def quote_bounds(day: MarketDay, start_ns: Ns, end_ns: Ns) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest bid and highest offer (currency) of the quotes that stood in [start, end), or just before start.

    `start_ns` and `end_ns` int64 of n, end after start; NaN where none stood. Sessions are not looked at.
    """
    count = len(day.quote_ns)
    if not count or not len(start_ns):
        return np.full(len(start_ns), np.nan), np.full(len(start_ns), np.nan)
    first = np.maximum(np.searchsorted(day.quote_ns, start_ns, side="left") - 1, 0)
    after = np.searchsorted(day.quote_ns, end_ns, side="left")
    # Pairs of (first, one after the last) for reduceat; the sentinel lets a window reach the last quote.
    edges = np.column_stack([first, np.maximum(after, first + 1)]).ravel()
    lowest = np.fmin.reduceat(np.append(day.bid, np.nan), edges)[::2]
    highest = np.fmax.reduceat(np.append(day.ask, np.nan), edges)[::2]
    nothing = after == 0
    lowest[nothing] = highest[nothing] = np.nan
    return lowest, highest


def mids_after(day: MarketDay, ts_ns: Ns, step_ns: Ns, horizons_s: Sequence[float]) -> NDArray[np.float64]:
    """Time-weighted mid (currency) over each stamp's window moved by each horizon, shape (n, horizons).

    NaN where the stamp's own window lies outside the session or the recording, where no mid stood, or where the mid
    must not be carried there (`tca.carrying`).
    """
    offsets = np.array([round(seconds * NS_PER_SECOND) for seconds in horizons_s], dtype=np.int64)
    starts = ts_ns[:, None] + offsets[None, :]
    mids = time_weighted(day, day.mid, starts, starts + step_ns[:, None])[0]
    mids[not_to_be_carried(day, ts_ns[:, None], starts)] = np.nan
    span = quoted_span(day)
    if span is not None:
        mids[(ts_ns + step_ns <= span[0]) | (ts_ns > span[1])] = np.nan
    return mids
