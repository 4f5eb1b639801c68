"""Facts of messages and of the day's shape: cancels, sizes, times between messages, volume by time of day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.impact.tape import Tape
from tcakit.market import codes
from tcakit.simulator.scores.block_draws import BLOCKS, UNKNOWN, Estimate, block_sums, blocks_of_time, estimate
from tcakit.simulator.scores.events import Events

NO_ORDERS = "the recording names no single orders"
_LEAST_DAY_NS = 4 * 3_600 * 1_000_000_000
SHAPE_PARTS = 13  # half-hours of a session of 6.5 hours
_FINE_PARTS = 78
QUICK_NS = 1_000_000
LOG_TIMES = np.arange(-7.0, 2.01, 0.25)  # powers of ten of seconds


def cancel_share(events: Events) -> tuple[Estimate, str | None]:
    """Orders withdrawn whole over orders that came: 0.85 to 0.95 on US equities."""
    if not events.named:
        return UNKNOWN, NO_ORDERS
    columns = [events.kind == codes.DELETE, events.kind == codes.ADD]
    return _share(events, columns, "no order came")


def orders_per_trade(events: Events) -> tuple[Estimate, str | None]:
    """New orders over executions of displayed orders."""
    if not events.named:
        return UNKNOWN, NO_ORDERS
    return _share(events, [events.kind == codes.ADD, events.kind == codes.EXECUTE], "nothing traded")


def mean_size(events: Events, kind: int) -> tuple[Estimate, str | None]:
    """Mean size, in shares, of messages of a kind."""
    if not events.named:
        return UNKNOWN, NO_ORDERS
    held = events.kind == kind
    return _share(events, [np.where(held, events.size, 0.0), held], "there is none")


def quick_share(events: Events) -> tuple[Estimate, str | None]:
    """Messages that come within a millisecond of the one before, as a share of all."""
    quick = np.concatenate([[False], np.diff(events.ns) < QUICK_NS])
    return _share(events, [quick, np.ones(len(events))], "there is none")


def time_between(events: Events) -> Estimate:
    """Share of messages by the time since the one before, in bins of `LOG_TIMES`."""
    seconds = np.log10(np.maximum(np.diff(events.ns), 1) / 1e9)
    held = np.clip(np.digitize(seconds, LOG_TIMES) - 1, 0, len(LOG_TIMES) - 2)
    bins = len(LOG_TIMES) - 1
    cell = _when(events)[1:] * bins + held
    sums = np.bincount(cell, minlength=BLOCKS * bins).reshape(BLOCKS, bins).astype(np.float64)
    return estimate(sums, lambda found: found / found.sum(axis=-1, keepdims=True))


def day_shape(tape: Tape) -> NDArray[np.float64]:
    """Share of the session's volume in each of 13 equal parts of it."""
    part = blocks_of_time(tape.trade_ns, tape.open_ns, tape.close_ns, SHAPE_PARTS)
    volume = np.bincount(part, weights=tape.trade_shares, minlength=SHAPE_PARTS)
    with np.errstate(invalid="ignore"):
        return np.asarray(volume / volume.sum())


def ends_over_middle(tape: Tape) -> tuple[Estimate, str | None]:
    """Volume a minute in the first and last 13th of the session over that in its middle third; 3 to 5 in markets."""
    if tape.close_ns - tape.open_ns < _LEAST_DAY_NS:
        return UNKNOWN, "less than four hours have no shape of a day"
    part = np.arange(_FINE_PARTS)
    place = blocks_of_time(tape.trade_ns, tape.open_ns, tape.close_ns, _FINE_PARTS)
    volume = np.bincount(place, weights=tape.trade_shares, minlength=_FINE_PARTS)
    width = _FINE_PARTS // SHAPE_PARTS
    ends = (part < width) | (part >= _FINE_PARTS - width)
    middle = (part >= _FINE_PARTS // 3) & (part < 2 * _FINE_PARTS // 3)
    columns = np.stack([np.where(ends, volume, 0.0), ends, np.where(middle, volume, 0.0), middle], axis=1)

    def ratio(found: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((found[..., :1] / found[..., 1:2]) / (found[..., 2:3] / found[..., 3:4]))

    shape = estimate(columns.astype(np.float64), ratio)
    return shape, None if np.isfinite(shape.value[0]) else "nothing traded in the middle of the day"


def _when(events: Events) -> NDArray[np.int64]:
    return blocks_of_time(events.ns, events.open_ns, events.close_ns)


def _share(events: Events, columns: list[NDArray[np.generic]], why: str) -> tuple[Estimate, str | None]:
    """The first column's sum over the second's, with the interval of blocks of time drawn anew."""
    sums = block_sums(_when(events), columns, BLOCKS)
    found = estimate(sums, lambda drawn: drawn[..., :1] / drawn[..., 1:])
    return found, None if np.isfinite(found.value[0]) else why
