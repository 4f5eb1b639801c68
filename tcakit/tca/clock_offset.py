"""By how much a broker's clock differs from the tape's: the shift that puts most of its fills inside the quote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market.day import MarketDay
from tcakit.tca import asof_kernel
from tcakit.tca.draws import sums_of_rows
from tcakit.tca.stamps import quote_bounds

_DRAWS = 400


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """An estimate in seconds, to be added to the fills' times; `low` and `high` a 95 % interval over orders.

    `inside_before` and `inside_after` are shares of fills at or inside the quote; `fills` how many were compared.
    """

    offset_s: float
    low_s: float
    high_s: float
    inside_before: float
    inside_after: float
    fills: int


def inside_by_shift(
    day: MarketDay,
    ns: NDArray[np.int64],
    price: NDArray[np.float64],
    shifts_ns: NDArray[np.int64],
    step_ns: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Whether each fill lies at or inside the quote that stood at its time plus each shift; bool (shifts, fills).

    The shifts ascend. Where `step_ns` of a fill is above 0, its stamp is no finer: any quote of that time will do
    (`tca.stamps`).
    """
    if not len(day.quote_ns):
        return np.zeros((len(shifts_ns), len(ns)), np.bool_)
    edge = 1e-9 * price
    step_ns = np.zeros(len(ns), np.int64) if step_ns is None else step_ns
    coarse = np.flatnonzero(step_ns > 0)
    out = np.zeros((len(shifts_ns), len(ns)), np.bool_)
    asof_kernel.inside_shifted(day.quote_ns, day.bid, day.ask, ns, price, edge, shifts_ns, out)
    if len(coarse):
        for row, shift in enumerate(shifts_ns):
            begin = ns[coarse] + shift
            low, high = quote_bounds(day, begin, begin + step_ns[coarse])
            out[row, coarse] = (price[coarse] >= low - edge[coarse]) & (price[coarse] <= high + edge[coarse])
    return out


def estimate(
    inside: NDArray[np.bool_], shifts_ns: NDArray[np.int64], clusters: NDArray[np.int64], seed: int = 0
) -> ClockOffset:
    """The middle of the best plateau of shifts, and how far plateaus reach when whole orders are drawn anew.

    `inside` bool (shifts, fills) as `inside_by_shift` gives it; `clusters` int64 (fills), the order of each fill; the
    shifts ascend and hold 0.
    """
    counts = inside_by_order(inside, clusters)
    first, last = _plateau(counts.sum(axis=0), shifts_ns)
    best = (first + last) / 2.0
    # Every shift of a plateau explains the fills as well: the interval holds whole plateaus, not their middles.
    drawn = np.array([_plateau(score, shifts_ns) for score in sums_of_rows(counts, draws=_DRAWS, seed=seed)])
    total = inside.shape[1]
    low, high = np.quantile(drawn[:, 0], 0.025), np.quantile(drawn[:, 1], 0.975)
    return ClockOffset(
        offset_s=best / 1e9,
        low_s=float(low) / 1e9,
        high_s=float(high) / 1e9,
        inside_before=float(inside[np.flatnonzero(shifts_ns == 0)[0]].sum() / total),
        inside_after=float(inside[np.abs(shifts_ns - best).argmin()].sum() / total),
        fills=total,
    )


def inside_by_order(inside: NDArray[np.bool_], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many fills of each order lie inside the quote at each shift, (orders, shifts), orders by their number.

    >>> inside_by_order(np.array([[True, True, False], [False, True, True]]), np.array([7, 7, 2])).tolist()
    [[0.0, 1.0], [2.0, 1.0]]
    """
    names, cluster = np.unique(clusters, return_inverse=True)
    counts = [np.bincount(cluster, weights=row, minlength=len(names)) for row in inside]
    return np.column_stack(counts)


def _plateau(score: NDArray[np.float64], shifts_ns: NDArray[np.int64]) -> tuple[float, float]:
    """The first and last shift of the longest run that scores best; of equals the one nearest to no shift."""
    at = np.flatnonzero(score >= score.max() - 1e-9)
    runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    run = max(runs, key=lambda run: (len(run), -abs(float(shifts_ns[run].mean()))))
    return float(shifts_ns[run[0]]), float(shifts_ns[run[-1]])
