"""How a symbol's variance is spread over its day, from strictly earlier stored days: hours differ in risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.jobs.bar_market import interval_day
from tcakit.jobs.market import Columns, day_columns
from tcakit.market.clock import midnight_ns
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

LEAST_DAYS = 5
_BINS = 26
_SAMPLED_NS = 300_000_000_000


def variance_curve(
    store: Store, earlier: Sequence[SymbolDay], date: str, timezone: str, open_ns: int, close_ns: int
) -> VolumeCurve | None:
    """Cumulative share of a session's variance by time, the mean over earlier days; None with fewer than five of them.

    A day's variance is the sum of squared log returns of five minutes. Below five days one large move would be taken
    for a habit of that hour.
    """
    shares = []
    for day in earlier:
        other_open = open_ns - midnight_ns(date, timezone) + midnight_ns(day.date, timezone)
        found = _shares_of(store, day, other_open, close_ns - open_ns)
        if found is not None:
            shares.append(found)
    if len(shares) < LEAST_DAYS:
        return None
    edges = np.linspace(open_ns, close_ns, _BINS + 1).astype(np.int64)
    return VolumeCurve(f"variance of {len(shares)} earlier days", edges, np.mean(shares, axis=0))


def _shares_of(store: Store, day: SymbolDay, open_ns: int, length_ns: int) -> NDArray[np.float64] | None:
    """Cumulative shares of a day's variance at the edges of equal parts of its session; None if nothing moved."""
    what = f"variance {open_ns} {length_ns}"
    shares = day_columns(store, day, what, lambda: _columns(store, day, open_ns, length_ns))["shares"]
    return None if np.isnan(shares).any() else np.asarray(shares)


def _columns(store: Store, day: SymbolDay, open_ns: int, length_ns: int) -> Columns:
    unknown = {"shares": np.full(_BINS + 1, np.nan)}
    try:
        frame = interval_day(store, day, _SAMPLED_NS, open_ns, open_ns + length_ns).frame
    except DataError:
        return unknown
    closes = frame["close"].forward_fill().to_numpy()
    prices = np.concatenate([frame["open"].head(1).to_numpy(), closes])
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.nan_to_num(np.diff(np.log(prices))) ** 2
    if not moves.sum() > 0.0:
        return unknown
    ends = np.append(frame["start_ns"].to_numpy()[:1], frame["end_ns"].to_numpy())
    reached = np.append(0.0, np.cumsum(moves)) / moves.sum()
    return {"shares": np.interp(open_ns + length_ns * np.linspace(0.0, 1.0, _BINS + 1), ends, reached)}
