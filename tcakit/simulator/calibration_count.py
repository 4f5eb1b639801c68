"""Count a recorded day by the state of its book: states fit for its spread, then events and seconds in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.market.clock import NS_PER_SECOND
from tcakit.simulator import calibration_kernel as kernel
from tcakit.simulator.calibration_clock import Waits, fit_waits
from tcakit.simulator.calibration_day import CalibrationDay
from tcakit.simulator.flow_layout_kernel import EVENTS

IMBALANCE_BINS = 5
QUEUE_BINS = 6
QUEUE_FIRST = 0.25
REACH = 400  # ticks behind the best that are looked at
_WIDEST = 1_000
_EDGES = (1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 50, 75, 110, 160)
_LEAST_SHARE = 0.01  # of the day that a bin of spreads has


@dataclass(frozen=True, slots=True)
class Counted:
    """What a day did. `counts` float64 (2, spread, imbalance, queue, events): events that came of themselves, and that
    followed another in a burst; `exposure` (2, spread, imbalance, queue): seconds of operational time, and events that
    followed, both over the two sides; `waits` the law of times between events; `found` int64 (events, columns of
    `calibration_kernel`); `spread_from` the first tick of each bin; `queue_unit` the mean best size; `profile` mean
    orders of a side by ticks behind its best, `covered` the share of time that far was in sight; `total_seconds` with a
    quote on both sides.
    """

    counts: NDArray[np.float64]
    exposure: NDArray[np.float64]
    waits: Waits
    found: NDArray[np.int64]
    spread_from: tuple[int, ...]
    spread_share: NDArray[np.float64]
    queue_unit: float
    profile: NDArray[np.float64]
    covered: NDArray[np.float64]
    total_seconds: float


def count_day(
    day: CalibrationDay,
    spread_from: tuple[int, ...] | None = None,
    queue_unit: float | None = None,
    waits: Waits | None = None,
) -> Counted:
    """Count the day; states and what a burst is are chosen by it unless given. DataError if there was never a quote."""
    if spread_from is None or queue_unit is None or waits is None:
        found, size_time, total, share, *_ = _walk(day, (1,), 1, 1.0, 0)
        if total <= 0.0 or len(found) < 2:
            raise DataError(
                "the book never had a bid and an offer",
                place=f"{day.instrument.symbol} {day.date}",
                remedy="give a day with both",
            )
        spread_from = spread_from or spread_bins(share / total)
        queue_unit = queue_unit or size_time / total
        waits = waits or fit_waits(np.diff(day.seconds[found[:, kernel.ROW]]))
    found, _, total, share, counts, exposure, profile, covered = _walk(
        day, spread_from, IMBALANCE_BINS, queue_unit, int(waits.burst_s * NS_PER_SECOND)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(covered > 0.0, profile / covered, 0.0)
    return Counted(
        counts=counts,
        exposure=exposure,
        waits=waits,
        found=found,
        spread_from=spread_from,
        spread_share=share / total,
        queue_unit=queue_unit,
        profile=mean,
        covered=covered / (2.0 * total),
        total_seconds=total,
    )


def spread_bins(share: NDArray[np.float64]) -> tuple[int, ...]:
    """First ticks of bins that each hold a hundredth of the time or more, finer where spreads are narrow.

    >>> spread_bins(np.array([0.0, 0.9, 0.08, 0.011, 0.009]))
    (1, 2, 3)
    """
    chosen = [1]
    for low, high in zip(_EDGES[1:], (*_EDGES[2:], len(share)), strict=True):
        held = share[chosen[-1] : low].sum()
        rest = share[low:].sum()
        if held >= _LEAST_SHARE and rest >= _LEAST_SHARE and high > low:
            chosen.append(low)
    # A spread that is never but one tick still closes from two.
    return tuple(chosen) if len(chosen) > 1 else (1, 2)


def _walk(day: CalibrationDay, spread_from: tuple[int, ...], imbalances: int, unit: float, burst_ns: int) -> tuple[
    NDArray[np.int64], float, float, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64],
    NDArray[np.float64], NDArray[np.float64],
]:  # fmt: skip
    spreads, ladder = len(spread_from), day.ladder_levels
    spread_bin = np.maximum(np.searchsorted(spread_from, np.arange(_WIDEST + 1), side="right") - 1, 0)
    orders = int(day.slot.max()) + 1 if len(day.slot) else 0
    found = np.zeros((len(day.kind), kernel.FOUND_COLUMNS), np.int64)
    counts = np.zeros((2, spreads, imbalances, QUEUE_BINS, EVENTS))
    exposure = np.zeros((2, spreads, imbalances, QUEUE_BINS))
    share = np.zeros(_WIDEST + 1)
    profile, covered = np.zeros(REACH + 1), np.zeros(REACH + 1)
    events, size_time, total = kernel.count_day(
        day.kind,
        day.side,
        day.level,
        day.size,
        day.level_size,
        day.slot,
        day.ts_ns,
        day.seconds,
        day.depth,
        burst_ns,
        day.print_ns_apart,
        spread_bin,
        unit,
        QUEUE_FIRST,
        np.zeros((2, ladder, 2), np.int64),
        np.array([-1, ladder], np.int64),
        np.full((max(1, orders), 4), -1, np.int64) * np.array([1, 1, 0, 0]),
        np.full((2, ladder), -1, np.int64),
        found,
        counts,
        exposure,
        share,
        profile,
        covered,
    )
    return found[:events].copy(), float(size_time), float(total), share, counts, exposure, profile, covered
