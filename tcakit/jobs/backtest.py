"""Parents replayed on stored days, measured and stored as one run."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit import __version__
from tcakit.errors import UsageError
from tcakit.execution.algorithms import NAMES, make_strategy
from tcakit.execution.parent import ParentOrder
from tcakit.execution.volume_curve import DEFAULT_NAME, VolumeCurve, curve_from_days, default_curve
from tcakit.jit import kernels_hash
from tcakit.jobs.backtest_config import SIDES, BacktestConfig, ParentSpec
from tcakit.jobs.market import data_notes, market_day, replay_data, replay_feed
from tcakit.jobs.replay_rules import FILL_NOTES, FILLS
from tcakit.jobs.sources import package_hash
from tcakit.market import codes
from tcakit.market.clock import midnight_ns, parse_time
from tcakit.registry import find
from tcakit.replay import result as tables
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, find_symbol_day, symbol_days
from tcakit.store.reference import References
from tcakit.venue.fees import FeeSchedule

_CURVE_DAYS = 20
_LARGE_PARTICIPATION = 0.2
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class _Planned:
    parent: ParentOrder
    spec: ParentSpec
    day: SymbolDay
    curve: VolumeCurve | None
    multiplier: float | None = None


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
    store = Store(folder, wait_s=wait_s)
    planned = _plan(store, config)
    data_keys = sorted({key for plan in planned for key in plan.day.data_keys})
    run_id = _run_id(config, planned, data_keys)
    if not again and (stored := results.run(store, run_id)):
        return results.brief(store, run_id) | {"seconds": stored["seconds"], "stored_before": True}
    notes = _notes(store, planned, config)
    parts: dict[str, list[pl.DataFrame]] = {"orders": [], "order_events": [], "fills": []}
    events = 0
    first_trade: float | None = None
    replay_seconds = 0.0
    for number, group in enumerate(_groups(planned, config.together)):
        if progress:
            progress(group[0].parent.symbol, number, len(planned))
        feed = replay_feed(store, group[0].day)
        strategies = [
            make_strategy(plan.parent, plan.spec.algo, lot=feed.instrument.lot_size, curve=plan.curve) for plan in group
        ]
        participants = [
            Participant(strategy, plan.parent.start_ns, plan.parent.end_ns)
            for strategy, plan in zip(strategies, group, strict=True)
        ]
        replay = Replay(feed, participants, _settings(config, group[0].day))
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
            tables.fills(found, run_id, prefix, parent_ids, group[0].day.date, _fees(config, group[0]))
        )
    frames = {name: pl.concat(pieces, how="vertical_relaxed") for name, pieces in parts.items()}
    frames["parents"] = _parent_rows(planned, run_id)
    from tcakit.tca import measure

    markets = {(plan.parent.symbol, plan.parent.date): market_day(store, plan.day) for plan in planned}
    measured = measure(frames["parents"], frames["fills"], markets, run_id=run_id)
    frames |= {"tca_parents": measured.parents, "tca_fills": measured.fills, "tca_markouts": measured.markouts}
    seconds = time.perf_counter() - begun
    row = {
        "run_id": run_id,
        "kind": "replay",
        "created_ns": time.time_ns(),
        "config": json.dumps(config.as_dict(), sort_keys=True, default=str),
        "data_keys": json.dumps(data_keys),
        "versions": json.dumps(versions()),
        "notes": json.dumps(notes + list(measured.notes) + _participation_notes(measured.parents)),
        "seconds": seconds,
        "events": events,
    }
    with store.writer("backtest"):
        results.put_run(store, row, frames)
    return results.brief(store, run_id) | {
        "seconds": round(time.perf_counter() - begun, 3),
        "events_per_second": round(events / replay_seconds) if replay_seconds else None,
        "started_trading_s": None if first_trade is None else round(first_trade, 3),
        "stored_before": False,
    }


# --- planning --------------------------------------------------------------------------------------------------


def _plan(store: Store, config: BacktestConfig) -> list[_Planned]:
    planned = []
    curves: dict[tuple[str, str, str], VolumeCurve] = {}
    found: dict[tuple[str, str | None], SymbolDay] = {}
    facts = References.of(store)
    for number, spec in enumerate(config.parents, start=1):
        key = (spec.symbol, spec.date)
        if key not in found:
            found[key] = find_symbol_day(store, spec.symbol, spec.date)
        day = found[key]
        instrument = day.instrument
        open_ns, close_ns = _session(store, day)
        place = f"parent {number}"

        def moment(text: str | None, default: int, day: SymbolDay = day, place: str = place) -> int:
            if text is None:
                return default
            return parse_time(text, date=day.date, timezone=day.instrument.timezone, place=place)

        start, end = moment(spec.start, open_ns), moment(spec.end, close_ns)
        if end <= start:
            raise UsageError("the end is not after the start", place=place, remedy="check --start and --end")
        if end <= open_ns or start >= close_ns:
            raise UsageError(
                f"its window lies outside the recorded session of {instrument.symbol}",
                place=place,
                remedy="check the times",
            )
        # By its decimals: 0.29 of a coin is no binary fraction.
        quantity = Decimal(str(spec.quantity)) * instrument.size_scale
        if quantity != int(quantity) or int(quantity) % instrument.lot_size:
            raise UsageError(
                f"a quantity of {spec.quantity:g} is no multiple of the lot of "
                f"{instrument.shares(instrument.lot_size):g}",
                place=place,
                remedy="round it",
            )
        limit_tick = None
        if spec.limit is not None:
            limit_tick = _limit_tick(spec, day)
        curve = None
        notes: tuple[str, ...] = ()
        if start < open_ns:
            notes = (*notes, "its start is before the open: it traded from the open on")
        if end > close_ns:
            notes = (*notes, "its end is after the close: it traded up to the close")
        if spec.algo.name == "vwap":
            curve_key = (spec.symbol, day.date, instrument.venue)
            if curve_key not in curves:
                curves[curve_key] = _curve(store, day, open_ns, close_ns)
            curve = curves[curve_key]
            notes = (*notes, f"volume curve: {curve.name}")
        parent = ParentOrder(
            parent_id=spec.parent_id or f"{spec.symbol}-{day.date}-{spec.side}-{spec.algo.label}-{number}",
            symbol=spec.symbol,
            date=day.date,
            side=SIDES[spec.side],
            quantity=int(quantity),
            start_ns=max(start, open_ns),
            end_ns=min(end, close_ns),
            algo=spec.algo.label,
            params=spec.algo.params,
            limit_tick=limit_tick,
            notes=notes,
        )
        multiplier = facts.fact("multiplier", instrument.symbol, instrument.venue, day.date)
        planned.append(_Planned(parent, spec, day, curve, multiplier))
    return planned


def _fees(config: BacktestConfig, plan: _Planned) -> FeeSchedule:
    """The fees with those of value on what a contract is worth; those by share are by contract."""
    many = plan.multiplier or 1.0
    return replace(config.fees, maker_bps=config.fees.maker_bps * many, taker_bps=config.fees.taker_bps * many)


def _limit_tick(spec: ParentSpec, day: SymbolDay) -> int:
    """The limit on the grid, never worse than what was asked: down for a buy, up for a sell."""
    from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

    instrument = day.instrument
    exact = Decimal(str(spec.limit)) * instrument.price_scale / instrument.tick_size
    rounding = ROUND_FLOOR if spec.side == "buy" else ROUND_CEILING
    tick = int(exact.to_integral_value(rounding=rounding))
    if tick <= 0:
        smallest = instrument.price(instrument.tick_size)
        message = f"a limit of {spec.limit:g} is below one tick of {smallest:g}"
        raise UsageError(message, place="limit", remedy="raise it")
    return tick


def _session(store: Store, day: SymbolDay) -> tuple[int, int]:
    instrument = day.instrument
    if instrument.session_open_ns is not None and instrument.session_close_ns is not None:
        return instrument.session_open_ns, instrument.session_close_ns
    feed = replay_feed(store, day)
    return int(feed.ns[0]), int(feed.ns[-1])


def _curve(store: Store, day: SymbolDay, open_ns: int, close_ns: int) -> VolumeCurve:
    """The curve of strictly earlier stored days, or the named default."""
    earlier = []
    for date in [date for date in store.dates() if date < day.date][-_CURVE_DAYS:]:
        for other in symbol_days(store, date):
            if (other.instrument.symbol, other.instrument.venue) == (day.instrument.symbol, day.instrument.venue):
                market = market_day(store, other)
                # The same time of day, by the exchange's clock, whenever that day's recording began.
                zone = day.instrument.timezone
                other_open = open_ns - midnight_ns(day.date, zone) + midnight_ns(date, zone)
                earlier.append((other_open, np.asarray(market.print_ns), np.asarray(market.print_size)))
    return curve_from_days(open_ns, close_ns, earlier) or default_curve(open_ns, close_ns)


def _groups(planned: list[_Planned], together: bool) -> list[list[_Planned]]:
    """Who shares a market: everyone alone, or all parents of a symbol and day."""
    if not together:
        return [[plan] for plan in planned]
    groups: dict[tuple[str, str], list[_Planned]] = {}
    for plan in planned:
        groups.setdefault((plan.parent.symbol, plan.parent.date), []).append(plan)
    return list(groups.values())


def _queue_rule(config: BacktestConfig, day: SymbolDay) -> int:
    if config.queue is not None:
        return codes.code_of(codes.QUEUE_RULE_NAMES, config.queue)
    return codes.FIFO if "book-l3" in day.contents else codes.RISK_AVERSE


def _settings(config: BacktestConfig, day: SymbolDay) -> ReplaySettings:
    partial, depletes = FILLS[config.fills]
    return ReplaySettings(
        latency=config.latency.model(),
        queue_rule=_queue_rule(config, day),
        power=config.power,
        partial_fills=partial,
        depletes_book=depletes,
    )


# --- what the run is ---------------------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """What the run was made with."""
    libraries = {name: metadata.version(name) for name in ("numpy", "numba", "polars", "duckdb")}
    return {
        "tcakit": __version__,
        "kernels": kernels_hash(),
        "sources": package_hash(),
        "python": platform.python_version(),
        **libraries,
    }


def _strategy_source(name: str) -> str:
    if name in NAMES:
        return ""
    made_by = find(name, {}, "strategy", "--algo")
    return hashlib.sha256(inspect.getsource(sys.modules[made_by.__module__]).encode()).hexdigest()


def _run_id(config: BacktestConfig, planned: list[_Planned], data_keys: list[str]) -> str:
    facts = {
        "config": config.as_dict(),
        "days": [plan.day.date for plan in planned],
        "curves": [None if plan.curve is None else _curve_hash(plan.curve) for plan in planned],
        "data": data_keys,
        "multipliers": [plan.multiplier for plan in planned],
        "strategies": {spec.algo.name: _strategy_source(spec.algo.name) for spec in config.parents},
        "code": [kernels_hash(), package_hash()],
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _curve_hash(curve: VolumeCurve) -> str:
    return hashlib.sha256(curve.edges.tobytes() + curve.shares.tobytes()).hexdigest()[:16]


def _notes(store: Store, planned: list[_Planned], config: BacktestConfig) -> list[str]:
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


def _participation_notes(parents: pl.DataFrame) -> list[str]:
    large = parents.filter(pl.col("participation") > _LARGE_PARTICIPATION)
    if not large.height:
        return []
    share = f"{_LARGE_PARTICIPATION:.0%}"
    return [f"{large.height} parents traded more than {share} of the market's volume: their costs are understated"]


def _parent_rows(planned: list[_Planned], run_id: str) -> pl.DataFrame:
    from tcakit.market.schema import PARENTS

    rows = []
    for plan in planned:
        parent, instrument = plan.parent, plan.day.instrument
        limit = None if parent.limit_tick is None else parent.limit_tick * instrument.tick_size
        rows.append(
            {
                "run_id": run_id,
                "parent_id": parent.parent_id,
                "symbol": parent.symbol,
                "raw_symbol": parent.symbol,
                "matched": True,
                "venue": instrument.venue,
                "date": parent.date,
                "side": parent.side,
                "quantity": parent.quantity,
                "size_scale": instrument.size_scale,
                "price_scale": instrument.price_scale,
                "limit_price": limit,
                "decision_ns": parent.decision_ns,
                "decision_price": parent.decision_price,
                "arrival_ns": parent.start_ns,
                "end_ns": parent.end_ns,
                "algo": parent.algo,
                "params": json.dumps(parent.params, sort_keys=True),
                "currency": instrument.currency,
                "multiplier": plan.multiplier,
                "notes": "; ".join(parent.notes) or None,
            }
        )
    return PARENTS.conform(pl.DataFrame(rows, schema_overrides=PARENTS.polars_schema(), infer_schema_length=None))
