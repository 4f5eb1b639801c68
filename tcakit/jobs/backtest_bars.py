"""Many parents over the intervals of stored days by the bar model, measured and stored as one run like a replay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.execution.algorithms import SCHEDULED, tactic_params
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned, parent_rows
from tcakit.jobs.backtest_run import put_backtest
from tcakit.jobs.bar_market import IntervalDay, interval_day
from tcakit.jobs.bar_notes import run_notes
from tcakit.jobs.bar_slices import Key, Laid, day_key, lay_slices
from tcakit.jobs.belief import sample_doubts, told_of_run
from tcakit.jobs.charges import charged, tier_notes
from tcakit.market.schema import TCA_FILLS
from tcakit.replay.bar_tables import slice_tables
from tcakit.replay.bars import BarModel, fill_slices
from tcakit.store.database import Store

Progress = Callable[[str, int, int], None]
# Of a fill only its ids are known where nothing was quoted.
_FILL_COLUMNS = tuple(name for name in TCA_FILLS.names if not name.endswith("_id"))
_QUOTED_BENCHMARKS = (
    "broker_start_price", "market_timing_cost", "broker_execution_cost", "permanent_impact_300s_bps",
    "temporary_impact_300s_bps", "permanent_impact_1800s_bps", "temporary_impact_1800s_bps", "reversion_60s_bps",
    "reversion_300s_bps", "leakage_60s_bps", "adverse_selection_60s_bps",
)  # fmt: skip


def require_schedules(config: BacktestConfig) -> None:
    """Raise UsageError for an algorithm that follows no schedule."""
    own = sorted({spec.algo.name for spec in config.parents} - set(SCHEDULED))
    if own:
        raise UsageError(
            f"{own[0]} follows no schedule, which the bars engine needs",
            place="algo",
            remedy=f"use {', '.join(SCHEDULED)}, or --engine replay",
        )


def run_bars(
    store: Store,
    config: BacktestConfig,
    planned: list[Planned],
    run_id: str,
    data_keys: list[str],
    *,
    begun: float,
    progress: Progress | None = None,
    started_at: float | None = None,
) -> dict[str, Any]:
    """Run the bar model for planned parents and store it as a run of kind bars; gives what a replay gives.

    `begun` and `started_at` are when the job and the command began, by `time.perf_counter`. Raises UsageError where no
    spread is known or given.
    """
    laid = lay_slices(_days(store, planned, config.bars, progress), planned, config.bars)
    clock = time.perf_counter()
    filled = fill_slices(laid.slices, laid.intervals, config.bars)
    model_seconds = time.perf_counter() - clock
    rows = [_told(plan, laid.days[day_key(plan)]) for plan in planned]
    frames = {"parents": parent_rows(rows, run_id)}
    frames["orders"], frames["fills"] = slice_tables(filled, frames["parents"], run_id)
    # As of a taker: a model does not know who waited.
    frames["fills"] = charged(frames["fills"], planned, config)
    notes = run_notes(store, planned, config.bars, laid, filled) + tier_notes(frames["fills"], planned, config)
    frames, told = _measured(frames, laid, run_id)
    seconds, events = time.perf_counter() - begun, laid.slices.height
    put_backtest(
        store,
        run_id,
        "bars",
        config,
        data_keys,
        notes + told + sample_doubts(frames["tca_parents"]),
        frames,
        seconds,
        events,
    )
    return told_of_run(store, run_id) | {
        "seconds": round(time.perf_counter() - begun, 3),
        "events_per_second": round(events / model_seconds) if model_seconds else None,
        "started_trading_s": None if started_at is None else round(clock - started_at, 3),
        "stored_before": False,
    }


def _days(store: Store, planned: list[Planned], model: BarModel, progress: Progress | None) -> dict[Key, IntervalDay]:
    days: dict[Key, IntervalDay] = {}
    wanted = {day_key(plan): plan for plan in planned}
    for number, (key, plan) in enumerate(wanted.items()):
        if progress:
            progress(f"{key[0]} {key[1]}", number, len(wanted))
        days[key] = interval_day(store, plan.day, model.interval_ns, plan.open_ns, plan.close_ns)
        if not days[key].quoted and model.spread_bps is None:
            raise UsageError(
                f"{key[0]} on {key[1]} has no quotes, so its spread is not known",
                place="--spread-bps",
                remedy="give the quoted spread in bps of the price, --spread-bps 2 or spread_bps = 2 in [bars]",
            )
    return days


# --- what it cost ----------------------------------------------------------------------------------------------------


def _told(plan: Planned, day: IntervalDay) -> Planned:
    """The parent with what its reader must know of its day."""
    notes = plan.parent.notes
    if tactic_params(plan.spec.algo):
        notes = (*notes, f"{', '.join(tactic_params(plan.spec.algo))} not used: intervals know no child tactic")
    if not day.quoted:
        notes = (*notes, "no quotes: arrival, end, close and TWAP are of opens and closes of intervals")
        if not day.printed:
            notes = (*notes, "no prints: VWAP and market volume are of whole bars at their mean price")
    return replace(plan, parent=replace(plan.parent, notes=notes))


def _measured(frames: dict[str, pl.DataFrame], laid: Laid, run_id: str) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The tables with their costs; what only quotes could tell is null where there are none."""
    from tcakit.tca import BenchmarkContext, measure

    markets = {key: day.market for key, day in laid.days.items()}
    context = BenchmarkContext(orders=frames["orders"], own_prints=False)
    measured = measure(frames["parents"], frames["fills"], markets, run_id=run_id, context=context)
    parents, fills, markouts, benchmarks = measured.parents, measured.fills, measured.markouts, measured.benchmarks
    blind = pl.DataFrame(
        [key for key, day in laid.days.items() if not day.quoted],
        schema={"symbol": pl.String, "date": pl.String},
        orient="row",
    )
    if blind.height:
        ids = parents.join(blind, on=["symbol", "date"], how="semi")["parent_id"].implode()

        def unknown(*names: str) -> pl.Expr:
            return pl.when(~pl.col("parent_id").is_in(ids)).then(pl.col(*names))

        parents = parents.with_columns(unknown("spread_cost", "drift_cost"))
        benchmarks = benchmarks.with_columns(unknown(*_QUOTED_BENCHMARKS))
        fills = fills.with_columns(unknown(*_FILL_COLUMNS))
        unseen = fills.filter(pl.col("parent_id").is_in(ids))["fill_id"].implode()
        markouts = markouts.with_columns(
            pl.when(~pl.col("fill_id").is_in(unseen)).then("markout_bps_of_price").alias("markout_bps_of_price")
        )
    frames = frames | {"tca_parents": parents, "tca_fills": fills, "tca_markouts": markouts}
    frames["tca_benchmarks"] = benchmarks
    return frames, list(measured.notes)
