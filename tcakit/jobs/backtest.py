"""Parents replayed on stored days, measured and stored as one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.execution.algorithms import make_strategy
from tcakit.execution.volume_curve import DEFAULT_NAME
from tcakit.jobs.backtest_bars import require_schedules, run_bars
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned, fees_of, parent_rows, plan_parents
from tcakit.jobs.backtest_run import put_backtest, run_id_of
from tcakit.jobs.belief import doubts, told_of_run
from tcakit.jobs.market import data_notes, market_day, replay_data, replay_feed
from tcakit.jobs.replay_rules import FILL_NOTES, FILLS
from tcakit.market import codes
from tcakit.replay import result as tables
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

Progress = Callable[[str, int, int], None]


def backtest(
    folder: Path,
    config: BacktestConfig,
    *,
    again: bool = False,
    progress: Progress | None = None,
    started_at: float | None = None,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Run a backtest and store it; the same run a second time gives what is stored, unless `again`.

    `started_at` is when the command began, by `time.perf_counter`.
    """
    begun = time.perf_counter()
    if config.engine == "bars":
        require_schedules(config)
    store = Store(folder, wait_s=wait_s)
    planned = plan_parents(store, config)
    data_keys = sorted({key for plan in planned for key in plan.day.data_keys})
    run_id = run_id_of(config, planned, data_keys)
    if not again and (stored := results.run(store, run_id)):
        return told_of_run(store, run_id) | {"seconds": stored["seconds"], "stored_before": True}
    if config.engine == "bars":
        return run_bars(
            store, config, planned, run_id, data_keys, begun=begun, progress=progress, started_at=started_at
        )
    return run_replay(store, config, planned, run_id, data_keys, begun=begun, progress=progress, started_at=started_at)


def run_replay(
    store: Store,
    config: BacktestConfig,
    planned: list[Planned],
    run_id: str,
    data_keys: list[str],
    *,
    begun: float,
    progress: Progress | None = None,
    started_at: float | None = None,
    parents: pl.DataFrame | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Replay planned parents, measure them and store them as a run of kind replay.

    `begun` and `started_at` are when the job and the command began, by `time.perf_counter`. `parents` are their rows
    where they say more than the plan does; `notes` come before the replay's own.
    """
    own_notes = _notes(store, planned, config)
    parts: dict[str, list[pl.DataFrame]] = {"orders": [], "order_events": [], "fills": []}
    events = 0
    first_trade: float | None = None
    replay_seconds = 0.0
    for number, group in enumerate(_groups(planned, config.together)):
        if progress:
            progress(group[0].parent.symbol, number, len(planned))
        feed = replay_feed(store, group[0].day)
        if feed.rows_beyond and (left_out := _beyond_note(group[0].day, feed.rows_beyond)) not in own_notes:
            own_notes.append(left_out)
        strategies = [
            make_strategy(plan.parent, plan.spec.algo, lot=feed.instrument.lot_size, curve=plan.curve) for plan in group
        ]
        participants = [
            Participant(strategy, plan.parent.start_ns, plan.parent.end_ns)
            for strategy, plan in zip(strategies, group, strict=True)
        ]
        replay = Replay(feed, participants, _settings(config, group[0]))
        clock = time.perf_counter()
        found = replay.run()
        replay_seconds += time.perf_counter() - clock
        if first_trade is None and started_at is not None:
            first_trade = clock - started_at
        events += found.rows
        parent_ids = [plan.parent.parent_id for plan in group]
        prefix = f"{parent_ids[0]}." if not config.together else f"{group[0].parent.symbol}.{group[0].day.date}."
        parts["orders"].append(tables.orders(found, run_id, prefix, parent_ids))
        parts["order_events"].append(tables.order_events(found, run_id, prefix))
        parts["fills"].append(
            tables.fills(found, run_id, prefix, parent_ids, group[0].day.date, fees_of(config, group[0]))
        )
    frames = {name: pl.concat(pieces, how="vertical_relaxed") for name, pieces in parts.items()}
    frames["parents"] = parent_rows(planned, run_id) if parents is None else parents
    from tcakit.jobs.data_warnings import data_warnings
    from tcakit.tca import measure

    for day in {(plan.parent.symbol, plan.parent.date): plan.day for plan in planned}.values():
        own_notes += data_warnings(store, day)
    markets = {(plan.parent.symbol, plan.parent.date): market_day(store, plan.day) for plan in planned}
    measured = measure(frames["parents"], frames["fills"], markets, run_id=run_id)
    frames |= {"tca_parents": measured.parents, "tca_fills": measured.fills, "tca_markouts": measured.markouts}
    seconds = time.perf_counter() - begun
    told = [*notes, *own_notes, *measured.notes, *doubts(measured.parents, frames["fills"], markets)]
    put_backtest(store, run_id, "replay", config, data_keys, told, frames, seconds, events)
    return told_of_run(store, run_id) | {
        "seconds": round(time.perf_counter() - begun, 3),
        "events_per_second": round(events / replay_seconds) if replay_seconds else None,
        "started_trading_s": None if first_trade is None else round(first_trade, 3),
        "stored_before": False,
    }


# --- who shares a market, and its rules ---------------------------------------------------------------------------


def _groups(planned: list[Planned], together: bool) -> list[list[Planned]]:
    """Who shares a market: everyone alone, or all parents of a symbol and day."""
    if not together:
        return [[plan] for plan in planned]
    groups: dict[tuple[str, str], list[Planned]] = {}
    for plan in planned:
        groups.setdefault((plan.parent.symbol, plan.parent.date), []).append(plan)
    return list(groups.values())


def _queue_rule(config: BacktestConfig, day: SymbolDay) -> int:
    if config.queue is not None:
        return codes.code_of(codes.QUEUE_RULE_NAMES, config.queue)
    return codes.FIFO if "book-l3" in day.contents else codes.RISK_AVERSE


def _settings(config: BacktestConfig, plan: Planned) -> ReplaySettings:
    partial, depletes = FILLS[config.fills]
    return ReplaySettings(
        latency=config.latency.model(),
        queue_rule=_queue_rule(config, plan.day),
        power=config.power,
        partial_fills=partial,
        depletes_book=depletes,
        session_ns=(plan.open_ns, plan.close_ns),
    )


# --- what a reader must know ------------------------------------------------------------------------------------


def _notes(store: Store, planned: list[Planned], config: BacktestConfig) -> list[str]:
    notes = []
    for day in {(plan.day.instrument.symbol, plan.day.date): plan.day for plan in planned}.values():
        rule = codes.QUEUE_RULE_NAMES[_queue_rule(config, day)]
        notes.append(f"{day.instrument.symbol} {day.date}: {replay_data(day.contents)}; queue rule {rule}")
        notes += data_notes(store, day)
    if any(plan.curve is not None and plan.curve.name == DEFAULT_NAME for plan in planned):
        notes.append("no earlier day is stored: vwap used the default U-shaped volume curve")
    notes.append(
        "parents share one market" if config.together else "parents ran independently: none saw what another took"
    )
    if config.fills in FILL_NOTES:
        notes.append(f"fills {config.fills}: {FILL_NOTES[config.fills]}")
    notes.append("history does not react to our orders: impact beyond the displayed size taken is not in the costs")
    return notes


def _beyond_note(day: SymbolDay, rows: int) -> str:
    where = f"{day.instrument.symbol} {day.date}"
    return f"{where}: {rows:,} rows at prices too far from the market for the ladder of the replay are left out"
