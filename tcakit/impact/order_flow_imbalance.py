"""What the flow of orders at the best prices does to the price within seconds: Cont, Kukanov and Stoikov (2014).

The slope is contemporaneous: it says how much a price moves with its flow, not what an order of ours would cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tcakit.errors import UsageError
from tcakit.impact.least_squares import Line, fit_line
from tcakit.impact.tape import Tape, sum_in_bins

FEWEST_BINS = 30


@dataclass(frozen=True, slots=True)
class IntervalFit:
    """One part of a session, by default half an hour: the mid's change in ticks on what came, bin by bin.

    `order_flow` is the line on the order-flow imbalance in shares, `trade_imbalance` that on bought less sold shares
    (None where no trade's side is known); `depth_shares` the mean size at a best price, NaN where none changed.
    """

    start_ns: int
    end_ns: int
    order_flow: Line
    trade_imbalance: Line | None
    depth_shares: float


@dataclass(frozen=True, slots=True)
class DepthScaling:
    """β = c / D^λ over intervals: slope in ticks a share, depth in shares, standard errors by White.

    `left_out` intervals had a slope of nothing or below, or no depth.
    """

    coefficient: float
    coefficient_log_se: float
    exponent: float
    exponent_se: float
    r_squared: float
    count: int
    left_out: int

    @property
    def reach(self) -> float:
        """Half a 95 % interval in standard errors: Student's t of so few points."""
        from scipy.special import stdtrit

        return float(stdtrit(self.count - 2, 0.975))


def order_flow(bid: ArrayLike, bid_size: ArrayLike, ask: ArrayLike, ask_size: ArrayLike) -> NDArray[np.float64]:
    """What each change of the best quotes added to demand less supply, in shares; 0 for the first row.

    eₙ = 1{b ≥ b₋} q_b - 1{b ≤ b₋} q_b₋ - 1{a ≤ a₋} q_a + 1{a ≥ a₋} q_a₋, with b₋ the bid of the row before. Columns
    of one length, a row an event of the book, in any unit of price.

    >>> order_flow([100, 100, 101], [5, 8, 2], [102, 102, 102], [4, 4, 4]).tolist()
    [0.0, 3.0, 2.0]
    """
    low, high = np.asarray(bid, np.float64), np.asarray(ask, np.float64)
    low_size, high_size = np.asarray(bid_size, np.float64), np.asarray(ask_size, np.float64)
    flow = np.zeros(len(low))
    flow[1:] = (
        np.where(low[1:] >= low[:-1], low_size[1:], 0.0)
        - np.where(low[1:] <= low[:-1], low_size[:-1], 0.0)
        - np.where(high[1:] <= high[:-1], high_size[1:], 0.0)
        + np.where(high[1:] >= high[:-1], high_size[:-1], 0.0)
    )
    return flow


def fit_intervals(tape: Tape, bin_s: float = 10.0, interval_s: float = 1800.0) -> list[IntervalFit]:
    """A line for each whole interval of the session of which at least 30 bins have a price and a flow that changes.

    UsageError unless an interval holds at least three bins.
    """
    per_interval = round(interval_s / bin_s)
    if not bin_s > 0.0 or per_interval < 3:
        raise UsageError(
            f"an interval of {interval_s:g} s holds too few bins of {bin_s:g} s", remedy="give a longer interval"
        )
    edges = tape.edges(bin_s)
    moves = np.diff(tape.mid_at(edges))
    flow = sum_in_bins(tape.quote_ns, order_flow(tape.bid, tape.bid_size, tape.ask, tape.ask_size), edges)
    traded = sum_in_bins(tape.trade_ns, tape.trade_sign * tape.trade_shares, edges)
    fits = []
    for first in range(0, len(moves) - per_interval + 1, per_interval):
        rows = slice(first, first + per_interval)
        start, end = int(edges[first]), int(edges[first + per_interval])
        line = _line(flow[rows], moves[rows])
        if line is not None:
            fits.append(IntervalFit(start, end, line, _line(traded[rows], moves[rows]), mean_depth(tape, start, end)))
    return fits


def mean_depth(tape: Tape, start_ns: int, end_ns: int) -> float:
    """Mean size in shares at a best price when it is new or about to be left for a better one, of both sides.

    Of the bid: its size after it fell, and before it rose; of the ask likewise. A queue that is being eaten away is so
    not counted. NaN where neither side's price changed in (start, end].
    """
    rows = np.flatnonzero((tape.quote_ns > start_ns) & (tape.quote_ns <= end_ns))
    rows = rows[rows > 0]
    sides = []
    for price, size in ((tape.bid, tape.bid_size), (-tape.ask, tape.ask_size)):
        fell, rose = price[rows] < price[rows - 1], price[rows] > price[rows - 1]
        sizes = np.concatenate([size[rows][fell], size[rows - 1][rose]])
        if len(sizes):
            sides.append(sizes.mean())
    return float(np.mean(sides)) if sides else float("nan")


def depth_scaling(slopes: ArrayLike, depths_shares: ArrayLike) -> DepthScaling:
    """How the slope falls with depth, a line through the logarithms; the stylised book has c = 1/2 and λ = 1.

    Slopes of nothing or below have no logarithm: they are left out and counted. DataError with fewer than three others.

    >>> scaling = depth_scaling([0.5 / 100, 0.5 / 200, 0.5 / 400], [100, 200, 400])
    >>> round(scaling.coefficient, 9), round(scaling.exponent, 9)
    (0.5, 1.0)
    """
    slope, depth = np.asarray(slopes, np.float64), np.asarray(depths_shares, np.float64)
    usable = np.isfinite(slope) & np.isfinite(depth) & (slope > 0.0) & (depth > 0.0)
    line = fit_line(np.log(depth[usable]), np.log(slope[usable]), lags=0)
    return DepthScaling(
        coefficient=float(np.exp(line.intercept)),
        coefficient_log_se=line.intercept_se,
        exponent=-line.slope,
        exponent_se=line.slope_se,
        r_squared=line.r_squared,
        count=line.count,
        left_out=int((~usable).sum()),
    )


def _line(flow: NDArray[np.float64], moves: NDArray[np.float64]) -> Line | None:
    known = np.isfinite(moves)
    if known.sum() < FEWEST_BINS or np.ptp(flow[known]) == 0.0 or np.ptp(moves[known]) == 0.0:
        return None
    return fit_line(flow[known], moves[known])
