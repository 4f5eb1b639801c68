"""What orders priced by `WhatIf.price` say of fills: how likely, how soon, and what the market did next.

Only orders that rested count. With `event` "complete" an order is filled when it is filled to the last share, with
"first_fill" at its first fill. Orders that rested within twice the longest horizon of one another share a cluster:
intervals are wider than as many independent orders would give (`fill_statistics`). Times are ns, moves basis points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.replay.columns import Feed
from tcakit.replay.fill_statistics import ProductLimit, mean, product_limit, share

EVENTS = {"complete": "complete_ns", "first_fill": "first_fill_ns"}
QUANTILES = (0.25, 0.5, 0.75, 0.9)
_BPS = 1e4


def fill_probability(
    priced: pl.DataFrame, by: str, edges: Sequence[float] = (), event: str = "complete"
) -> pl.DataFrame:
    """The share of orders filled within their horizon, by a column of `priced`: `ahead` (the place in the queue, in
    the store's size units), `spread_ticks`, `ticks_behind`, `arrival_ns` or any other number.

    Bins begin at the `edges`, which rise; without any, each value is one. Orders whose horizon the recording does not
    hold are left out, filled or not. Columns: `at_least`, `below` (null for the last bin), `orders`, `filled`,
    `probability` and its 95 % interval `low`, `high` (Wilson's, by clusters; null where one cluster says it all).
    UsageError for an unknown event or column.

    >>> priced = pl.DataFrame({
    ...     "arrival_ns": [0, 100, 200, 300], "horizon_ns": [10] * 4, "end_ns": [10, 110, 210, 310],
    ...     "ahead": [5, 5, 90, 90], "complete_ns": [3, 104, 208, None],
    ... })
    >>> fill_probability(priced, "ahead", [0, 50]).select("at_least", "orders", "filled", "probability").rows()
    [(0.0, 2, 2, 1.0), (50.0, 2, 1, 0.5)]
    """
    rested = _rested(priced, event)
    if by not in priced.columns:
        raise UsageError(f"no column {by!r}", place="by", remedy=f"give one of {', '.join(priced.columns)}")
    whole = rested.filter(pl.col("arrival_ns") + pl.col("horizon_ns") <= pl.col("end_ns"), pl.col(by).is_not_null())
    values = whole[by].to_numpy().astype(np.float64)
    begins = np.unique(np.asarray(edges, np.float64) if len(edges) else values)
    bin_of = np.searchsorted(begins, values, "right") - 1
    hit, cluster = whole["event_ns"].is_not_null().to_numpy(), _clusters(whole)
    rows = []
    for at in range(len(begins)):
        inside = bin_of == at
        p, low, high = share(hit[inside], cluster[inside])
        below = float(begins[at + 1]) if at + 1 < len(begins) else None
        rows.append((float(begins[at]), below, int(inside.sum()), int(hit[inside].sum()), p, low, high))
    floats = ("at_least", "below", "probability", "low", "high")
    names = ("at_least", "below", "orders", "filled", "probability", "low", "high")
    schema = {name: pl.Float64 if name in floats else pl.Int64 for name in names}
    return _without_nan(pl.DataFrame(rows, schema, orient="row"))


def even_edges(values: pl.Series, bins: int = 5) -> list[float]:
    """Edges that put about as many values into each bin; fewer bins where values repeat, none without values.

    >>> even_edges(pl.Series([1, 1, 1, 1, 2, 3, 4, 5]), 4)
    [1.0, 2.0, 3.0]
    """
    known = values.drop_nulls()
    if known.is_empty():
        return []
    edges = [known.quantile(at / bins, "nearest") for at in range(bins)]
    return sorted({float(edge) for edge in edges if edge is not None})


def fill_probability_by_time(priced: pl.DataFrame, times_ns: Sequence[int], event: str = "complete") -> pl.DataFrame:
    """The probability of having been filled by a time since arrival, 1 - S(t), of orders that are left in the market.

    Orders taken back at their horizon, or cut short by the end of the day, are censored there: S is the estimate of
    Kaplan and Meier (1958), with Greenwood's variance, or that of clusters where it is larger. Columns: `time_ns`,
    `at_risk` (orders seen up to that time and not filled before), `filled` (by then), `probability`, `low`, `high`
    (95 %; null where nothing, or everything, was filled). UsageError for an unknown event.
    """
    curve = _curve(_rested(priced, event))
    times = np.asarray(times_ns, np.int64)
    survival, low, high = curve.at(times)
    waited, filled_at = np.sort(curve.duration), np.sort(curve.duration[curve.is_event])
    return _without_nan(
        pl.DataFrame(
            {
                "time_ns": times,
                "at_risk": len(waited) - np.searchsorted(waited, times, "left"),
                "filled": np.searchsorted(filled_at, times, "right"),
                "probability": 1.0 - survival,
                "low": 1.0 - high,
                "high": 1.0 - low,
            }
        )
    )


def time_to_fill(priced: pl.DataFrame, quantiles: Sequence[float] = QUANTILES, event: str = "complete") -> pl.DataFrame:
    """How long until a share of the orders is filled, those that never were counted in: quantiles of the curve of
    `fill_probability_by_time`.

    Lo, MacKinlay and Zhang (2002, J. Financial Economics 65) treat the time to the first fill and to completion so.
    Columns: `quantile`, `time_ns` with its 95 % interval `low_ns`, `high_ns` (Brookmeyer and Crowley 1982; null where
    the curve does not come so far), `orders`, `filled`. UsageError for an unknown event.
    """
    curve = _curve(_rested(priced, event))
    rows = [(q, *curve.quantile(q), len(curve.duration), int(curve.is_event.sum())) for q in quantiles]
    frame = pl.DataFrame(
        rows,
        {name: pl.Float64 for name in ("quantile", "time_ns", "low_ns", "high_ns")}
        | {"orders": pl.Int64, "filled": pl.Int64},
        orient="row",
    )
    return _without_nan(frame).with_columns(pl.col("time_ns", "low_ns", "high_ns").cast(pl.Int64))


def adverse_selection(
    feed: Feed, priced: pl.DataFrame, horizons_ns: Sequence[int], event: str = "complete"
) -> pl.DataFrame:
    """How far the mid moved after orders were filled, and after they were taken back unfilled.

    The move is side x (mid(t + horizon) / mid(t) - 1) in bps: above zero the market went the order's way, below zero
    the fill was adverse. mid(t) stands before the instant of the fill, or at the instant an unfilled order was taken
    back. Its mean over filled orders is the adverse selection that Glosten and Milgrom (1985) charge to liquidity;
    that over unfilled ones what waiting cost. Columns: `outcome` ("filled", "unfilled"), `horizon_ns`, `orders`,
    `missing` (no mid then or there), `move_bps` and its 95 % interval `low_bps`, `high_bps` by clusters.
    UsageError for an unknown event.
    """
    rested = _rested(priced, event)
    is_filled = rested["event_ns"].is_not_null()
    left = rested.filter(~is_filled, pl.col("arrival_ns") + pl.col("horizon_ns") <= pl.col("end_ns"))
    rows: list[tuple[object, ...]] = []
    for outcome, orders in (("filled", rested.filter(is_filled)), ("unfilled", left)):
        at = orders["event_ns" if outcome == "filled" else "end_ns"].to_numpy()
        side = orders["side"].to_numpy()
        before = _mids(feed, np.searchsorted(feed.ns, at, "left" if outcome == "filled" else "right"))
        cluster = _clusters(orders, max(horizons_ns, default=0))
        for horizon in horizons_ns:
            later = _mids(feed, np.searchsorted(feed.ns, at + horizon, "right"))
            later[at + horizon > feed.ns[-1]] = np.nan
            move = side * (later / before - 1.0) * _BPS
            known = np.isfinite(move)
            figures = mean(move[known], cluster[known])
            rows.append((outcome, int(horizon), len(orders), int((~known).sum()), *figures))
    schema = {"outcome": pl.String, "horizon_ns": pl.Int64, "orders": pl.Int64, "missing": pl.Int64}
    schema |= {name: pl.Float64 for name in ("move_bps", "low_bps", "high_bps")}
    return _without_nan(pl.DataFrame(rows, schema, orient="row"))


def _rested(priced: pl.DataFrame, event: str) -> pl.DataFrame:
    """The orders that rested, with `event_ns`."""
    if event not in EVENTS:
        raise UsageError(f"no event {event!r}", place="event", remedy=f"give one of {', '.join(EVENTS)}")
    return priced.filter(pl.col("ahead").is_not_null()).with_columns(event_ns=pl.col(EVENTS[event]))


def _clusters(orders: pl.DataFrame, more_ns: int = 0) -> NDArray[np.int64]:
    """Orders by stretches of arrival times, each twice as long as an order may matter."""
    longest = orders["horizon_ns"].max()
    stretch = 2 * ((longest if isinstance(longest, int) else 0) + more_ns)
    return orders["arrival_ns"].to_numpy() // max(stretch, 1)


def _curve(rested: pl.DataFrame) -> ProductLimit:
    seen = rested.select(
        duration=pl.coalesce("event_ns", "end_ns") - pl.col("arrival_ns"), is_event=pl.col("event_ns").is_not_null()
    )
    return product_limit(seen["duration"].to_numpy(), seen["is_event"].to_numpy(), _clusters(rested))


def _mids(feed: Feed, row: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mid before each row, in ticks; nan where a side is empty."""
    bid, ask = feed.best_bid[row - 1], feed.best_ask[row - 1]
    known = (row > 0) & (bid >= 0) & (ask < feed.ticks)
    return np.where(known, (bid.astype(np.float64) + ask) / 2 + feed.base_tick, np.nan)


def _without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))
