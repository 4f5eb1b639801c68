"""The quote that stood at an instant, or just before it; NaN where none did.

A quote holds until the next one, within the trading session and within what was recorded, never beyond.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.tca.asof import last_rows

EDGE_NS = 60 * NS_PER_SECOND
"""A recording whose first or last row lies this near to the open or close is taken to reach it."""


def recorded_span(day: MarketDay) -> tuple[int, int] | None:
    """First and last instant (ns) that the recording speaks of; None if it holds no row.

    From the first quote or print to the last, widened to the session's open and close where they lie
    within a minute.
    """
    firsts = [int(times[0]) for times in (day.quote_ns, day.print_ns) if times.size]
    lasts = [int(times[-1]) for times in (day.quote_ns, day.print_ns) if times.size]
    if not firsts:
        return None
    first, last = min(firsts), max(lasts)
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    if opens is not None and 0 < first - opens <= EDGE_NS:
        first = opens
    if closes is not None and 0 < closes - last <= EDGE_NS:
        last = closes
    return first, last


def quoted_span(day: MarketDay) -> tuple[int, int] | None:
    """First and last instant (ns) at which a quote may be looked up: `recorded_span` within the session."""
    span = recorded_span(day)
    if span is None:
        return None
    first, last = span
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    first = first if opens is None else max(first, opens)
    last = last if closes is None else min(last, closes)
    return (first, last) if first <= last else None


def quotes_at(day: MarketDay, ts_ns: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bid and ask (currency) of the last quote with time <= t, for each t; NaN where there is none."""
    return _quotes(day, ts_ns, "right")


def quotes_before(day: MarketDay, ts_ns: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bid and ask (currency) of the last quote with time < t, for each t: what stood before the event at
    t.
    """
    return _quotes(day, ts_ns, "left")


def mid_at(day: MarketDay, ts_ns: ArrayLike) -> NDArray[np.float64]:
    """Mid (currency) of the last quote with time <= t; NaN outside the session or the data, or on an
    empty side.
    """
    bid, ask = quotes_at(day, ts_ns)
    return (bid + ask) / 2.0


def mid_before(day: MarketDay, ts_ns: ArrayLike) -> NDArray[np.float64]:
    """Mid (currency) of the last quote with time < t, so that the effect of a fill at t is not in it."""
    bid, ask = quotes_before(day, ts_ns)
    return (bid + ask) / 2.0


def first_mid(day: MarketDay) -> tuple[int, float] | None:
    """Time (ns) and mid (currency) of the session's first two-sided quote; None if there is none."""
    span = quoted_span(day)
    if span is None:
        return None
    start = int(np.searchsorted(day.quote_ns, span[0], side="left"))
    stop = int(np.searchsorted(day.quote_ns, span[1], side="right"))
    # Looked for in growing pieces: it is nearly always among the first rows.
    piece = 1024
    while start < stop:
        mids = (day.bid[start : start + piece] + day.ask[start : start + piece]) / 2.0
        found = np.flatnonzero(np.isfinite(mids[: stop - start]))
        if found.size:
            return int(day.quote_ns[start + found[0]]), float(mids[found[0]])
        start += piece
        piece *= 2
    return None


def _quotes(day: MarketDay, ts_ns: ArrayLike, side: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times = np.asarray(ts_ns, dtype=np.int64)
    bid = np.full(times.shape, np.nan)
    ask = np.full(times.shape, np.nan)
    span = quoted_span(day)
    if span is None or not day.quote_ns.size:
        return bid, ask
    row = last_rows(day.quote_ns, times, 0 if side == "right" else -1)
    stands = (row >= 0) & (times >= span[0]) & (times <= span[1])
    bid[stands] = day.bid[row[stands]]
    ask[stands] = day.ask[row[stands]]
    return bid, ask
