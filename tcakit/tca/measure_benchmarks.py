"""Each parent against further benchmarks: the table `tca_benchmarks`, null where nothing can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.market.schema import TCA_BENCHMARKS
from tcakit.tca.benchmark_context import BenchmarkContext
from tcakit.tca.benchmarks import interval_vwap
from tcakit.tca.child_columns import ChildTotals
from tcakit.tca.fill_days import realised_columns
from tcakit.tca.markouts import mids_around
from tcakit.tca.measure_fills import Markets, by_market
from tcakit.tca.measure_parents import MISSING_NS, MarketPrices
from tcakit.tca.print_windows import WindowOrders, print_benchmarks
from tcakit.tca.quotes import mid_at, recorded_span
from tcakit.tca.shortfall import BPS

Floats = NDArray[np.float64]
_AFTER_S = (0.0, 60.0, 300.0, 1800.0)
_LEAKAGE_NS = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class _Met:
    """What n parents were: numbers of their `tca_parents` rows, NaN where null."""

    side: Floats
    ordered: Floats
    filled: Floats
    average: Floats
    limit: Floats
    arrival: Floats


def measure_benchmarks(
    parents: pl.DataFrame,
    costs: pl.DataFrame,
    prices: MarketPrices,
    children: ChildTotals,
    markets: Markets,
    context: BenchmarkContext,
    fills: pl.DataFrame,
    restated: Mapping[tuple[str, str], float] | None = None,
) -> pl.DataFrame:
    """Columns of `tca_benchmarks` for `parents` (a conformed PARENTS frame), their `costs` (`tca_parents`) and fills,
    row by row.

    Quotes and prints are asked within the session and the recording only; a price after the last fill also not over a
    halt, nor from a stale quote.
    """
    count = costs.height
    limits = parents["limit_price"].cast(pl.Float64) / parents["price_scale"]
    met = _Met(
        _numbers(costs["side"]),
        _numbers(costs["ordered_shares"]),
        _numbers(costs["filled_shares"]),
        _numbers(costs["average_price"]),
        _numbers(limits),
        _numbers(costs["arrival_price"]),
    )
    met.side[(met.side != 1.0) & (met.side != -1.0)] = np.nan
    names = [column.name for column in TCA_BENCHMARKS.columns if column.type == "f64"]
    found = {name: np.full(count, np.nan) for name in names}
    after = np.full((count, len(_AFTER_S)), np.nan)
    for rows, day in by_market(parents, markets):
        _of_market(found, after, rows, day, met, prices, children)
        index = context.indices.get((day.instrument.symbol, day.date))
        if index is not None:
            found["beta"][rows] = index.beta
        if index is not None and index.day is not None:
            found["index_cost_bps"][rows] = _index_cost(index.day, prices, rows, met.side[rows])
    _after_columns(found, after, met)
    arrival_bps = _numbers(costs["arrival_bps_of_executed"])
    found["market_adjusted_bps_of_executed"] = arrival_bps - found["beta"] * found["index_cost_bps"]
    _cost_columns(found, parents, costs, met)
    realised, lacking = realised_columns(parents, fills, _numbers(costs["decision_price"]), context.closes, restated)
    found |= children.columns | realised
    notes = [_notes(place, costs, context, children) for place in range(count)]
    _index_notes(notes, found, costs, context, children)
    for told, reason in zip(notes, lacking, strict=True):
        told += [reason] if reason else []
    found["interval_vwap_without_own"] = _without_own(found, costs, children, context, notes)
    frame = pl.DataFrame(
        {
            "run_id": costs["run_id"],
            "parent_id": costs["parent_id"],
            **found,
            "broker_start_ns": children.first_sent_ns,
            "fill_days": children.fill_days,
            "child_orders": children.sent,
            "notes": pl.Series([("; ".join(told) or None) for told in notes], dtype=pl.String),
        }
    )
    return TCA_BENCHMARKS.conform(frame.with_columns(pl.selectors.float().fill_nan(None)))


def _of_market(
    found: dict[str, Floats],
    after: Floats,
    rows: NDArray[np.int64],
    day: MarketDay,
    met: _Met,
    prices: MarketPrices,
    children: ChildTotals,
) -> None:
    """Fill in the rows that belong to one market."""
    start, last, stop = prices.start_ns[rows], prices.interval_end_ns[rows], prices.window_end_ns[rows]
    begins = start != MISSING_NS
    orders = WindowOrders(
        start, last, stop, met.side[rows], met.average[rows], met.limit[rows],
        np.where(begins, met.ordered[rows], np.nan), np.where(begins, met.filled[rows], np.nan),
    )  # fmt: skip
    for name, values in print_benchmarks(day, orders).items():
        found[name][rows] = values
    found["open_price"][rows] = open_print(day)
    found["day_vwap"][rows] = day_vwap(day)
    filled = last != MISSING_NS
    after[rows[filled]] = mids_around(day, last[filled], _AFTER_S)
    before = np.full(rows.size, np.nan)
    before[begins] = mid_at(day, start[begins] - _LEAKAGE_NS)
    with np.errstate(invalid="ignore", divide="ignore"):
        run_up = met.side[rows] * (met.arrival[rows] - before) / np.where(before > 0, before, np.nan) * BPS
    found["leakage_60s_bps"][rows] = run_up
    sent = children.first_sent_ns.gather(rows).fill_null(MISSING_NS).to_numpy()
    opens = day.instrument.session_open_ns
    known = (sent != MISSING_NS) & begins
    known &= sent >= np.where(begins, children.arrival_ns[rows], sent)
    moment = sent if opens is None else np.maximum(sent, opens)
    found["broker_start_price"][rows[known]] = mid_at(day, moment[known])


def open_print(day: MarketDay) -> float:
    """Price (currency) of the first print of the session; NaN if it is unknown or the recording begins later."""
    opens, span = day.instrument.session_open_ns, recorded_span(day)
    if opens is None or span is None or span[0] > opens:
        return float("nan")
    place = int(np.searchsorted(day.print_ns, opens, side="left"))
    closes = day.instrument.session_close_ns
    if place == day.print_ns.size or (closes is not None and day.print_ns[place] > closes):
        return float("nan")
    return float(day.print_price[place]) / day.instrument.price_scale


def day_vwap(day: MarketDay) -> float:
    """VWAP (currency) of all prints from the open to the close; NaN if the recording does not span the session."""
    opens, closes, span = day.instrument.session_open_ns, day.instrument.session_close_ns, recorded_span(day)
    if opens is None or closes is None or span is None or span[0] > opens or span[1] < closes:
        return float("nan")
    return float(interval_vwap(day, opens, closes))


def _index_cost(index: MarketDay, prices: MarketPrices, rows: NDArray[np.int64], side: Floats) -> Floats:
    """s (VWAP of the index from arrival to the last fill - its mid at arrival) / the latter, bps."""
    start, last = prices.start_ns[rows], prices.interval_end_ns[rows]
    span = recorded_span(index)
    cost = np.full(rows.size, np.nan)
    if span is None:
        return cost
    known = (start != MISSING_NS) & (last != MISSING_NS) & (start >= span[0]) & (last <= span[1])
    at_arrival = mid_at(index, start[known])
    at_arrival[~(at_arrival > 0)] = np.nan
    cost[known] = side[known] * (interval_vwap(index, start[known], last[known]) / at_arrival - 1.0) * BPS
    return cost


def _after_columns(found: dict[str, Floats], after: Floats, met: _Met) -> None:
    """Impact that stayed and that went, and reversion, from the mids after the last fill."""
    exit_mid = np.where(after[:, 0] > 0, after[:, 0], np.nan)
    arrival = np.where(met.arrival > 0, met.arrival, np.nan)
    for name, place in (("60s", 1), ("300s", 2)):
        found[f"reversion_{name}_bps"] = met.side * (exit_mid - after[:, place]) / exit_mid * BPS
    for name, place in (("300s", 2), ("1800s", 3)):
        found[f"permanent_impact_{name}_bps"] = met.side * (after[:, place] - arrival) / arrival * BPS
        found[f"temporary_impact_{name}_bps"] = met.side * (met.average - after[:, place]) / arrival * BPS


def _cost_columns(found: dict[str, Floats], parents: pl.DataFrame, costs: pl.DataFrame, met: _Met) -> None:
    """Shortfall on the order basis, and by the four timestamps decision, arrival, broker start and end."""
    multiplier = _numbers(parents["multiplier"].fill_null(1.0))
    trading, decision = _numbers(costs["trading_cost"]), _numbers(costs["decision_price"])
    end = _numbers(costs["end_price"])
    complete = met.filled >= met.ordered * (1 - 1e-12)
    filled = met.filled * multiplier
    intended = np.where(complete, met.filled, met.ordered) * multiplier
    known = np.isfinite(trading)
    found["order_trading_cost"] = trading
    found["order_delay_cost"] = np.where(known, met.side * intended * (met.arrival - decision), np.nan)
    missed = np.where(complete, 0.0, met.side * (intended - filled) * (end - met.arrival))
    found["order_opportunity_cost"] = np.where(known, missed, np.nan)
    timing = np.where(known, met.side * filled * (found["broker_start_price"] - met.arrival), np.nan)
    found["market_timing_cost"] = timing
    found["broker_execution_cost"] = trading - timing


def _without_own(
    found: dict[str, Floats],
    costs: pl.DataFrame,
    children: ChildTotals,
    context: BenchmarkContext,
    notes: list[list[str]],
) -> Floats:
    """Interval VWAP of the others' prints; where the own ones cannot be told from them null, and a note says why.

    (V VWAP - Q P) / (V - Q), from the identity P - VWAP = (1 - Q/V)(P - VWAP without own).
    """
    vwap, average = _numbers(costs["interval_vwap"]), _numbers(costs["average_price"])
    if not context.own_prints:
        return vwap
    own = _numbers(costs["participation"])
    with np.errstate(divide="ignore", invalid="ignore"):
        others = (vwap - own * average) / (1.0 - own)
    low = np.fmin(found["best_price"], found["worst_price"])
    high = np.fmax(found["best_price"], found["worst_price"])
    wide = 1e-9 * np.abs(vwap)
    for place in np.flatnonzero(np.isfinite(vwap) & np.isfinite(average)):
        reason = None
        if children.outside[int(place)]:
            reason = "some fills lie outside the window"
        elif not own[place] < 1.0:
            reason = "we filled as much as printed, or more"
        elif others[place] < low[place] - wide[place] or others[place] > high[place] + wide[place]:
            reason = "our fills are not all among the prints"
        if reason is not None:
            others[place] = np.nan
            notes[place].append(f"VWAP without own prints is unknown: {reason}")
    return others


def _notes(place: int, costs: pl.DataFrame, context: BenchmarkContext, children: ChildTotals) -> list[str]:
    notes = []
    days = children.fill_days[place]
    date = costs["date"][place]
    if days is not None and days > 1:
        notes.append(
            f"filled on {days} days: benchmarks are of {date}, its first; those that run to the last fill are null"
        )
    sent = children.first_sent_ns[place]
    if sent is not None and sent < children.arrival_ns[place]:
        notes.append("the first child order was sent before arrival: no broker start price")
    return notes


def _index_notes(
    notes: list[list[str]],
    found: dict[str, Floats],
    costs: pl.DataFrame,
    context: BenchmarkContext,
    children: ChildTotals,
) -> None:
    """Why an order that has an index has no market-adjusted cost."""
    keys = costs.select("symbol", "date", "last_fill_ns", "arrival_price").iter_rows()
    for place, (symbol, date, last_fill, arrival) in enumerate(keys):
        index = context.indices.get((symbol, date))
        if index is None or last_fill is None or arrival is None:
            continue
        if index.day is None:
            notes[place].append(f"no market data of {index.name}, its index, on {date}")
        elif np.isnan(found["index_cost_bps"][place]):
            why = f"{index.name}, its index, has no quote at arrival or no print until the last fill"
            if (children.fill_days[place] or 0) > 1:
                why = f"filled on several days: how {index.name}, its index, moved over them is not asked"
            notes[place].append(why)


def _numbers(column: pl.Series) -> Floats:
    """A column as floats, NaN where null, to write in."""
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
