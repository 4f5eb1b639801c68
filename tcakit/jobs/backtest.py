"""Parents replayed on stored days, measured and stored as one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy
from tcakit.execution.volume_curve import DEFAULT_NAME
from tcakit.impact.replay_impact import NOT_IDENTIFIED
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned, parent_rows, plan_parents
from tcakit.jobs.backtest_run import put_backtest, run_id_of
from tcakit.jobs.belief import doubts, told_of_run
from tcakit.jobs.charges import charged, tier_notes
from tcakit.jobs.impact_met import ImpactMet, impact_lines, impact_met
from tcakit.jobs.impact_planned import set_impact
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.jobs.level_one import level_one_notes
from tcakit.jobs.market import data_notes, market_day, replay_data, replay_feed
from tcakit.jobs.other_symbols import split_symbols
from tcakit.jobs.replay_rules import FILL_NOTES, FILLS
from tcakit.jobs.two_sided import earned, split_sides
from tcakit.market import codes
from tcakit.registry import own_code
from tcakit.replay import result as tables
from tcakit.replay.columns import Feed
from tcakit.replay.replay import Participant, ReplayResult, ReplaySettings, ReplayTogether
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

if TYPE_CHECKING:
    from tcakit.replay.compiled_run import CompiledReplay

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
        from tcakit.jobs.backtest_bars import require_schedules, run_bars

        require_schedules(config)
    store = Store(folder, wait_s=wait_s)
    planned = plan_parents(store, config)
    set_impact(store, config.impact, planned, config.together)
    data_keys = sorted({key for plan in planned for key in plan.day.data_keys})
    run_id = run_id_of(config, planned, data_keys)
    if not again and (stored := results.run(store, run_id)):
        return told_of_run(store, run_id) | {"seconds": stored["seconds"], "stored_before": True}
    if config.engine == "bars":
        return run_bars(
            store, config, planned, run_id, data_keys, begun=begun, progress=progress, started_at=started_at
        )
    if config.engine == "simulated":
        from tcakit.jobs.backtest_simulated import run_simulated

        return run_simulated(
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
    groups = groups_of(planned, config.together)

    def pieces() -> Iterator[Piece]:
        done = 0
        for group in groups:
            if progress:
                progress(group[0].parent.symbol, done, len(planned))
            yield replay_group(store, config, group, run_id)
            done += len(group)

    found = measured_run(store, config, planned, run_id, pieces(), parents)
    seconds = time.perf_counter() - begun
    put_backtest(
        store, run_id, "replay", config, data_keys, [*notes, *found.notes], found.frames, seconds, found.events
    )  # fmt: skip
    return told_of_run(store, run_id) | {
        "seconds": round(time.perf_counter() - begun, 3),
        "events_per_second": round(found.events / found.replay_seconds) if found.replay_seconds else None,
        "started_trading_s": None if started_at is None else round(found.replay_begun - started_at, 3),
        "stored_before": False,
    }


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run ready to be stored: `frames` by table, what its reader must know, rows of the market replayed, when the
    first replay began by `time.perf_counter` and how long all took."""

    frames: dict[str, pl.DataFrame]
    notes: list[str]
    events: int
    replay_begun: float
    replay_seconds: float


def measured_run(
    store: Store,
    config: BacktestConfig,
    planned: list[Planned],
    run_id: str,
    pieces: Iterable[Piece],
    parents: pl.DataFrame | None = None,
) -> MeasuredRun:
    """Measure what the pieces of a run did, one for each of `groups_of` in its order; `parents` as in `run_replay`."""
    notes = run_notes(store, planned, config)
    held = list(pieces)
    # Not before: nobody is to wait for them until trading starts.
    from tcakit.jobs.data_warnings import data_warnings
    from tcakit.tca import BenchmarkContext, measure

    frames = {name: pl.concat([piece.frames[name] for piece in held], how="vertical_relaxed") for name in REPLAYED}
    frames["parents"] = parent_rows(planned, run_id) if parents is None else parents
    if config.fees.tiers:
        frames["fills"] = charged(frames["fills"], planned, config)
        notes += tier_notes(frames["fills"], planned, config)
    if parents is None:
        frames = split_sides(split_symbols(frames))
    days = {(plan.parent.symbol, plan.parent.date): plan.day for plan in planned}
    for day in days.values():
        notes += data_warnings(store, day) + level_one_notes(store, day, frames)
    markets = {key: market_day(store, day) for key, day in days.items()}
    context = BenchmarkContext(orders=frames["orders"], own_prints=False)
    measured = measure(frames["parents"], frames["fills"], markets, run_id=run_id, context=context)
    frames |= {"tca_parents": measured.parents, "tca_fills": measured.fills, "tca_markouts": measured.markouts}
    notes += impact_lines([parent for piece in held for parent in piece.met])
    frames["tca_benchmarks"] = measured.benchmarks
    notes += _refusals(frames["order_events"])
    notes += earned(frames["parents"], measured.parents)
    notes += [*measured.notes, *doubts(measured.parents, frames["fills"], markets)]
    seconds = sum(piece.seconds for piece in held)
    return MeasuredRun(frames, notes, sum(piece.events for piece in held), held[0].begun, seconds)


def _refusals(order_events: pl.DataFrame) -> list[str]:
    """How many messages each pre-trade limit held back."""
    limits = [codes.REASON_NAMES[reason] for reason in codes.PRE_TRADE_LIMITS]
    counted = order_events.filter(pl.col("reason").is_in(limits))["reason"].value_counts().sort("reason")
    return [f"{reason} held back {count:,} message{'s' if count > 1 else ''}" for reason, count in counted.iter_rows()]


# --- markets and those who share them ------------------------------------------------------------------------------

REPLAYED = ("orders", "order_events", "fills")


@dataclass(frozen=True, slots=True)
class Piece:
    """What parents that share their markets did: `frames` by name of `REPLAYED`, rows of the markets replayed, when the
    replay began by `time.perf_counter` and how long it took; and what impact did to each parent, where there was any.
    """

    frames: dict[str, pl.DataFrame]
    events: int
    begun: float
    seconds: float
    met: tuple[ImpactMet, ...] = ()


def replay_group(store: Store, config: BacktestConfig, group: list[Planned], run_id: str) -> Piece:
    """Replay parents that share their markets."""
    firsts = markets_of(group)
    replay = replay_of([(replay_feed(store, plan.day), settings_of(config, plan)) for plan in firsts], group)
    replay.load()
    begun = time.perf_counter()
    with own_code(plan.spec.algo.name for plan in group):
        ran = replay.run()
    seconds = time.perf_counter() - begun
    found = ran if isinstance(ran, list) else [ran]
    parent_ids = [plan.parent.parent_id for plan in group]
    frames: dict[str, list[pl.DataFrame]] = {name: [] for name in REPLAYED}
    for plan, result in zip(firsts, found, strict=True):
        day = plan.day
        prefix = f"{parent_ids[0]}." if not config.together else f"{day.instrument.symbol}.{day.date}."
        fees, multiplier = config.fees, plan.multiplier or 1.0
        frames["orders"].append(tables.orders(result, run_id, prefix, parent_ids))
        frames["order_events"].append(tables.order_events(result, run_id, prefix))
        frames["fills"].append(tables.fills(result, run_id, prefix, parent_ids, day.date, fees, multiplier))
    one = {name: pl.concat(parts, how="vertical_relaxed") for name, parts in frames.items()}
    return Piece(one, sum(result.rows for result in found), begun, seconds, _met(firsts, found, group))


def _met(firsts: list[Planned], found: list[ReplayResult], group: list[Planned]) -> tuple[ImpactMet, ...]:
    """What impact did to each parent of a group in its own market."""
    results_of = {_market_of(plan): result for plan, result in zip(firsts, found, strict=True)}
    return tuple(
        impact_met(results_of[_market_of(plan)], owner, plan, plan.volatility_daily)
        for owner, plan in enumerate(group)
        if plan.impact is not None and plan.volatility_daily is not None
    )


def _market_of(plan: Planned) -> tuple[str, str]:
    return plan.day.instrument.symbol, plan.day.instrument.venue


def replay_of(markets: list[tuple[Feed, ReplaySettings]], group: list[Planned]) -> ReplayTogether | CompiledReplay:
    """The replay of markets with the strategies of parents that share them, made anew."""
    spec = group[0].spec.algo
    if spec.is_compiled:
        from tcakit.execution.compiled import compiled_replay

        feed, settings = markets[0]
        return compiled_replay(feed, group[0].parent, spec.name, spec.params, settings)
    return ReplayTogether(markets, participants_of(group))


def participants_of(group: list[Planned]) -> list[Participant]:
    """The strategies of parents that share their markets, made anew."""
    return [
        Participant(
            make_strategy(
                plan.parent,
                plan.spec.algo,
                lot=plan.day.instrument.lot_size,
                curve=plan.curve,
                size_scale=plan.day.instrument.size_scale,
            ),
            plan.parent.start_ns,
            plan.parent.end_ns,
            f"{plan.day.instrument.symbol}@{plan.day.instrument.venue}",
        )
        for plan in group
    ]


# --- who shares what, and its rules -------------------------------------------------------------------------------


def groups_of(planned: list[Planned], together: bool) -> list[list[Planned]]:
    """Who shares markets and their clock: everyone alone, or all parents of a day."""
    if not together:
        return [[plan] for plan in planned]
    if any(plan.spec.algo.is_compiled for plan in planned):
        raise UsageError(
            "a compiled strategy trades alone in its market",
            place="together",
            remedy="let the parents run apart, or write it as a Python object",
        )
    groups: dict[str, list[Planned]] = {}
    for plan in planned:
        groups.setdefault(plan.parent.date, []).append(plan)
    return list(groups.values())


def markets_of(group: list[Planned]) -> list[Planned]:
    """The first parent of each market of a group, in the order of the markets."""
    firsts: dict[tuple[str, str], Planned] = {}
    for plan in group:
        firsts.setdefault(_market_of(plan), plan)
    return list(firsts.values())


def _queue_rule(config: BacktestConfig, day: SymbolDay) -> int:
    if config.queue is not None:
        return codes.code_of(codes.QUEUE_RULE_NAMES, config.queue)
    return codes.FIFO if "book-l3" in day.contents else codes.RISK_AVERSE


def settings_of(config: BacktestConfig, plan: Planned) -> ReplaySettings:
    """The rules of the replay of a parent's day."""
    partial, depletes = FILLS[config.fills]
    return ReplaySettings(
        latency=config.latency.model(),
        queue_rule=_queue_rule(config, plan.day),
        power=config.power,
        partial_fills=partial,
        depletes_book=depletes,
        session_ns=(plan.open_ns, plan.close_ns),
        self_match=codes.code_of(codes.SELF_MATCH_NAMES, config.self_match),
        limits=config.limits.of(plan.day.instrument),
        impact=plan.impact,
    )


# --- what a reader must know ------------------------------------------------------------------------------------


def run_notes(store: Store, planned: list[Planned], config: BacktestConfig) -> list[str]:
    """What a reader must know of a replay before it has run."""
    notes = []
    for day in {(plan.day.instrument.symbol, plan.day.date): plan.day for plan in planned}.values():
        rule = codes.QUEUE_RULE_NAMES[_queue_rule(config, day)]
        notes.append(f"{day.instrument.symbol} {day.date}: {replay_data(day.contents)}; queue rule {rule}")
        notes += data_notes(store, day)
    curved = {plan.spec.algo.name for plan in planned if plan.curve is not None and plan.curve.name == DEFAULT_NAME}
    if curved:
        notes.append(f"no earlier day is stored: {' and '.join(sorted(curved))} used the default U-shaped volume curve")
    if not config.together:
        notes.append("parents ran independently: none saw what another took")
    elif len({(plan.parent.symbol, plan.parent.date) for plan in planned}) == len({p.parent.date for p in planned}):
        notes.append("parents share one market")
    else:
        notes.append("parents of a day share its markets, which run in one clock")
    if config.fills in FILL_NOTES:
        notes.append(f"fills {config.fills}: {FILL_NOTES[config.fills]}")
    return [*notes, *impact_notes(config.impact, planned)]


def impact_notes(rules: ImpactRules | None, planned: list[Planned]) -> list[str]:
    """What a reader must know of the impact of a replay's orders."""
    if rules is None:
        return ["history does not react to our orders: impact beyond the displayed size taken is not in the costs"]
    told = dict.fromkeys(note for plan in planned for note in plan.impact_notes)
    notes = [f"impact: {rules.model}; layers {', '.join(rules.layers)}; passive fills count {rules.passive_weight:g}"]
    if rules.refill_ns is not None:
        notes.append(f"half of what was taken comes back in {rules.refill_ns / 1e9:g} s")
    return [*notes, *told, "benchmarks are those of the recorded market, without our impact", NOT_IDENTIFIED]
