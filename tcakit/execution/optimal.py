"""Implementation shortfall that looks at the day: planned along the volume curve, and solved again every bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.execution.parent import ParentOrder
from tcakit.execution.replanning import rest_of_plan, surprise
from tcakit.execution.risk_aversion import of_half_life
from tcakit.execution.scheduled import JoinThenCross, Scheduled
from tcakit.execution.scheduling_problem import SchedulingProblem
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.venue.gateway import Gateway

RATE_EXPONENT = 0.6
"""Temporary impact as a power of the rate: Almgren et al. (2005)."""
_MOST_BUCKETS = 200
_LEAST_VOLUME = 1e-3
_VARIANCE_WEIGHT = 0.25


@dataclass(slots=True)
class Targets:
    """Shares due by when: straight lines between the ends of buckets, from what was done when the plan was made.

    >>> Targets(100, np.array([0, 10, 20]), np.array([0.0, 60.0, 100.0]), 5.0).target(5, 0)
    30.0
    """

    quantity: int
    edges_ns: NDArray[np.int64]
    due: NDArray[np.float64]
    step: float
    must_complete: bool = True

    def target(self, ns: int, market_volume: int) -> float:
        return float(np.interp(ns, self.edges_ns, self.due))

    def targets(self, ns: NDArray[np.int64], market_volume: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.interp(ns, self.edges_ns, self.due)

    def slice_size(self) -> float:
        return self.step


class Optimal(Scheduled):
    """Works a parent along the least of expected cost and risk, solved again in every bucket with what is left.

    The cost of haste is (n/V)^0.6, and risk is worth as much as lets half be done in `half_life_ns` were there no end.
    V is the curve's. Once volume was seen, it is scaled by how much more or less than `day_volume` (stored size units
    of a whole day) would be there by then (`replanning.surprise`); without a `day_volume` only its shape counts. With
    `volatility`, of a day, a fraction, risk is scaled by the squared moves of the mid from bucket to bucket in the same
    way; without it risk is even.
    """

    def __init__(
        self,
        parent: ParentOrder,
        tactic: JoinThenCross,
        lot: int,
        *,
        curve: VolumeCurve,
        half_life_ns: int,
        bucket_ns: int,
        day_volume: float | None = None,
        volatility: float | None = None,
    ) -> None:
        length = parent.end_ns - parent.start_ns
        bucket_ns = max(bucket_ns, -(-length // _MOST_BUCKETS))
        self.edges_ns = np.append(np.arange(parent.start_ns, parent.end_ns, bucket_ns, dtype=np.int64), parent.end_ns)
        shares = np.diff(curve.fractions(self.edges_ns))
        lengths = np.diff(self.edges_ns)
        # Outside the curve, and in buckets in which nobody ever traded, a little volume is taken to be there.
        expected = shares if shares.sum() > 0.0 else lengths / length
        self.problem = SchedulingProblem.of(
            parent.quantity,
            volume=np.maximum(expected, _LEAST_VOLUME * expected.mean()),
            volatility_bps=np.sqrt(lengths / bucket_ns),
            rate_exponent=RATE_EXPONENT,
        )
        self.risk_aversion = of_half_life(self.problem, half_life_ns / bucket_ns)
        self.expected_volume = None if day_volume is None else day_volume * np.append(0.0, np.cumsum(shares))
        session = int(curve.edges[-1] - curve.edges[0])
        self.bucket_variance = None if volatility is None else volatility**2 * lengths / session
        self.bucket = -1
        self.last_mid = math.nan
        self.seen_variance = 0.0
        step = parent.quantity * tactic.horizon_ns / length
        super().__init__(
            parent, Targets(parent.quantity, self.edges_ns, np.zeros(self.edges_ns.size), step), tactic, lot
        )

    def decide(self, gateway: Gateway) -> None:
        bucket = int(np.searchsorted(self.edges_ns, gateway.now_ns, side="right")) - 1
        if bucket != self.bucket and bucket < len(self.problem):
            self.bucket = bucket
            self._plan(gateway, bucket)
        super().decide(gateway)

    def _plan(self, gateway: Gateway, bucket: int) -> None:
        """Solve what is left over what is to come."""
        self._look_at_the_price(gateway)
        done = self.filled + self.taking()
        left = self.quantity - done
        if left <= 0:
            return
        rest = rest_of_plan(
            self.problem,
            self.risk_aversion,
            bucket,
            float(left),
            volume_ratio=self.volume_ratio(gateway.market_volume - self.volume_at_start, bucket),
            variance_ratio=self.variance_ratio(bucket),
        )
        due = done + np.append(0.0, np.cumsum(rest))
        due[-1] = self.quantity
        self.schedule = Targets(self.quantity, self.edges_ns[bucket:], due, self.schedule.slice_size())

    def volume_ratio(self, seen: int, bucket: int) -> float:
        """How many times the expected volume the rest of the window is taken to bring."""
        if self.expected_volume is None:
            return 1.0
        return surprise(float(seen), float(self.expected_volume[bucket]), float(self.expected_volume[-1]))

    def variance_ratio(self, bucket: int) -> float:
        """The same of the variance of the price."""
        if self.bucket_variance is None:
            return 1.0
        expected, in_all = float(self.bucket_variance[:bucket].sum()), float(self.bucket_variance.sum())
        return surprise(self.seen_variance, expected, in_all, _VARIANCE_WEIGHT)

    def _look_at_the_price(self, gateway: Gateway) -> None:
        bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
        if bid is None or ask is None or bid + ask <= 0:
            return
        mid = (bid + ask) / 2.0
        if not math.isnan(self.last_mid):
            self.seen_variance += math.log(mid / self.last_mid) ** 2
        self.last_mid = mid
