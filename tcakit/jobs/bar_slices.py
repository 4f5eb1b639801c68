"""Schedules of many parents laid over the intervals of their days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.execution.algorithms import make_schedule
from tcakit.execution.schedules import shares_due
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.bar_market import IntervalDay, realised_volatility
from tcakit.replay.bars import BarModel

Key = tuple[str, str]
"""Symbol and date."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Slices of many parents, and the intervals of all their days that the slices' `row` counts."""

    slices: pl.DataFrame
    intervals: pl.DataFrame
    days: dict[Key, IntervalDay]
    cut: int


def day_key(plan: Planned) -> Key:
    """The day that a parent trades on."""
    return plan.parent.symbol, plan.parent.date


def lay_slices(days: dict[Key, IntervalDay], planned: list[Planned], model: BarModel) -> Laid:
    """The schedules laid over the intervals: how much each parent should have done by the end of each."""
    first_row: dict[Key, int] = {}
    frames: list[pl.DataFrame] = []
    scale: list[tuple[float | None, float | None]] = []
    rows = 0
    scales = {day_key(plan): plan.day.instrument.size_scale for plan in planned}
    for key, day in days.items():
        first_row[key] = rows
        rows += day.frame.height
        frames.append(day.frame)
        scale.append(_scale(day.frame, model, scales[key]))
    starts = {key: day.frame["start_ns"].to_numpy() for key, day in days.items()}
    ends = {key: day.frame["end_ns"].to_numpy() for key, day in days.items()}
    volumes = {key: day.frame["volume"].fill_null(0).to_numpy() for key, day in days.items()}
    pieces: list[tuple[NDArray[np.int64], ...]] = []
    cut = 0
    for plan in planned:
        key, parent = day_key(plan), plan.parent
        first = int(np.searchsorted(ends[key], parent.start_ns, side="right"))
        last = int(np.searchsorted(starts[key], parent.end_ns, side="left"))
        here, until = starts[key][first:last], ends[key][first:last]
        begin, finish = np.maximum(here, parent.start_ns), np.minimum(until, parent.end_ns)
        length = finish - begin
        # What an interval printed is spread evenly over it: all that is known of a part of one.
        volume = np.cumsum((volumes[key][first:last] * (length / (until - here))).astype(np.int64))
        lot = plan.day.instrument.lot_size
        schedule = make_schedule(parent, plan.spec.algo, model.interval_ns, lot=lot, curve=plan.curve)
        due = shares_due(schedule, lot, finish, volume)
        cut += int(np.count_nonzero(length < until - here))
        pieces.append((np.arange(first, last) + first_row[key], begin, finish, due))
    counts = [len(piece[0]) for piece in pieces]
    row, begin, finish, due = (np.concatenate(columns) for columns in zip(*pieces, strict=True))

    def each(values: list[Any], kind: type[np.generic]) -> NDArray[np.generic]:
        return np.repeat(np.array(values, dtype=kind), counts)

    limits = [_limit(plan) for plan in planned]
    slices = pl.DataFrame(
        {
            "parent": each(list(range(len(planned))), np.int64),
            "row": row,
            "start_ns": begin,
            "end_ns": finish,
            "due": due,
            "side": each([plan.parent.side for plan in planned], np.int8),
            "lot": each([plan.day.instrument.lot_size for plan in planned], np.int64),
            "limit": each(limits, np.float64),
        }
    )
    place = pl.Series(np.repeat(np.arange(len(frames)), [frame.height for frame in frames]))
    daily = pl.DataFrame(scale, schema={"daily_volatility": pl.Float64, "daily_volume": pl.Float64}, orient="row")
    intervals = pl.concat([pl.concat(frames), daily[place]], how="horizontal")
    return Laid(slices.with_columns(pl.col("limit").fill_nan(None)), intervals, days, cut)


def _limit(plan: Planned) -> float:
    """The limit in currency, NaN for none."""
    tick, instrument = plan.parent.limit_tick, plan.day.instrument
    return np.nan if tick is None else instrument.price(tick * instrument.tick_size)


def _scale(frame: pl.DataFrame, model: BarModel, size_scale: int) -> tuple[float | None, float | None]:
    """Volatility (fraction) and volume (stored size units) of the intervals' day: those given, else what it had."""
    volatility = model.daily_volatility if model.daily_volatility is not None else realised_volatility(frame)
    volume = model.daily_volume * size_scale if model.daily_volume is not None else frame["volume"].sum() or None
    return volatility, None if volume is None else float(volume)
