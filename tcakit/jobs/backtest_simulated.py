"""Parents traded in simulated markets that react to them: the stored simulated day is the same market without us."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import UsageError
from tcakit.execution.algorithms import make_strategy
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned, parent_rows
from tcakit.jobs.backtest_run import put_backtest
from tcakit.jobs.belief import market_doubts, sample_doubts, told_of_run
from tcakit.jobs.market import market_day_of
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.market.schema import FILES
from tcakit.registry import own_code
from tcakit.simulator import own_tables
from tcakit.simulator.dark_tape import with_dark_prints
from tcakit.simulator.market import SimulatedMarket, TradingRules
from tcakit.simulator.market_parameters import MarketParameters, parameters_of
from tcakit.simulator.session import Trader, trade
from tcakit.simulator.sources import make_market
from tcakit.simulator.tape import day_of
from tcakit.simulator.twin import twin
from tcakit.store.bridge import frame
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay


@dataclass(frozen=True, slots=True)
class Source:
    """What a stored simulated day was made of."""

    parameters: MarketParameters
    seed: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What a parent did to the middle, in bps of it: at the end of its window, and as long again after that; the
    difference between the market with it and the market without it, above zero where it moved against the parent.
    None where a side was empty, or after the close."""

    parent_id: str
    at_end_bps: float | None
    after_bps: float | None


def source_of(store: Store, day: SymbolDay) -> Source:
    """The parameters and the seed of a stored day; UsageError if it was not simulated by this version's simulator."""
    with store.read_results() as connection:
        rows = frame(connection, FILES, "WHERE list_contains(?, ingest_key)", [list(day.data_keys)])
    for options in rows.filter(pl.col("format") == "simulated")["options"].to_list():
        told = json.loads(options)
        if "parameters_toml" in told:
            return Source(parameters_of(told["parameters_toml"], "the stored day"), int(told["seed"]))
    raise UsageError(
        f"{day.instrument.symbol} on {day.date} is a recorded day: it cannot answer to orders",
        place="--market",
        remedy="make a day first: tcakit simulate run --params FILE.toml --symbol NAME --date DATE",
    )


def run_simulated(
    store: Store,
    config: BacktestConfig,
    planned: list[Planned],
    run_id: str,
    data_keys: list[str],
    *,
    begun: float,
    progress: Any = None,
    started_at: float | None = None,
) -> dict[str, Any]:
    """Trade planned parents in simulated markets, measure them and store them as a run of kind simulated."""
    from tcakit.tca import BenchmarkContext, measure

    parents = parent_rows(planned, run_id)
    frames: dict[str, list[pl.DataFrame]] = {}
    impacts: list[Impact] = []
    notes: list[str] = []
    warnings: list[str] = []
    events, seconds, first = 0, 0.0, time.perf_counter()
    done = 0
    for group in _groups(planned, config.together):
        if progress:
            progress(group[0].parent.symbol, done, len(planned))
        traded = _trade(store, config, group, run_id)
        key = (group[0].parent.symbol, group[0].parent.date)
        own = parents.filter(pl.col("parent_id").is_in([plan.parent.parent_id for plan in group]))
        context = BenchmarkContext(orders=traded.frames["orders"], own_prints=True)
        measured = measure(own, traded.frames["fills"], {key: traded.market}, run_id=run_id, context=context)
        made = traded.frames | {
            "parents": own,
            "tca_parents": measured.parents,
            "tca_fills": measured.fills,
            "tca_markouts": measured.markouts,
            "tca_benchmarks": measured.benchmarks,
        }
        for name, rows in made.items():
            frames.setdefault(name, []).append(rows)
        impacts += traded.impacts
        notes += measured.notes
        # Each group by its own market: that of another was not the same.
        warnings += market_doubts(measured.parents, traded.frames["fills"], {key: traded.market})
        events += traded.events
        seconds += traded.seconds
        done += len(group)
    whole = {name: pl.concat(rows, how="vertical_relaxed") for name, rows in frames.items()}
    notes = [*_run_notes(planned, config), *dict.fromkeys(notes), *_impact_notes(impacts)]
    notes += [*_counted(warnings), *sample_doubts(whole["tca_parents"])]
    put_backtest(
        store, run_id, "simulated", config, data_keys, notes, whole, time.perf_counter() - begun, events
    )  # fmt: skip
    return told_of_run(store, run_id) | {
        "seconds": round(time.perf_counter() - begun, 3),
        "events_per_second": round(events / seconds) if seconds else None,
        "started_trading_s": None if started_at is None else round(first - started_at, 3),
        "stored_before": False,
        "twin": [
            {"parent_id": each.parent_id, "at_end_bps": each.at_end_bps, "after_bps": each.after_bps}
            for each in impacts
        ],
    }


@dataclass(frozen=True, slots=True)
class _Traded:
    frames: dict[str, pl.DataFrame]
    market: MarketDay
    impacts: list[Impact]
    events: int
    seconds: float


def _groups(planned: list[Planned], together: bool) -> Iterator[list[Planned]]:
    if not together:
        yield from ([plan] for plan in planned)
        return
    held: dict[tuple[str, str], list[Planned]] = {}
    for plan in planned:
        held.setdefault((plan.parent.symbol, plan.parent.date), []).append(plan)
    yield from held.values()


def _trade(store: Store, config: BacktestConfig, group: list[Planned], run_id: str) -> _Traded:
    """Let the parents of a group trade in one market, and look at the same market without them."""
    day = group[0].day
    source = source_of(store, day)
    if any(plan.spec.algo.is_compiled for plan in group):
        raise UsageError(
            "a compiled strategy trades in recorded markets only",
            place="--algo",
            remedy="write it as a Python object, or use --market replay",
        )
    rules = TradingRules(config.latency.model(), config.limits.of(day.instrument))

    def make() -> SimulatedMarket:
        of = day.instrument
        return make_market(
            source.parameters.model, source.parameters.world, day.date, source.seed, symbol=of.symbol, venue=of.venue,
            rules=rules,
        )  # fmt: skip

    market = make()
    traders = [
        Trader(
            make_strategy(plan.parent, plan.spec.algo, lot=of.lot_size, curve=plan.curve, size_scale=of.size_scale),
            plan.parent.start_ns,
            plan.parent.end_ns,
        )
        for plan in group
        for of in (plan.day.instrument,)
    ]
    begun = time.perf_counter()
    with own_code(plan.spec.algo.name for plan in group):
        trade(market, traders)
    close_ns = group[0].close_ns
    market.advance(max(market.now, close_ns + NS_PER_SECOND))
    seconds = time.perf_counter() - begun
    log = own_tables.log_of(market)
    names, multiplier = [plan.parent.parent_id for plan in group], group[0].multiplier or 1.0
    prefix = f"{names[0]}." if len(group) == 1 else f"{day.instrument.symbol}.{day.date}."
    frames = {
        "orders": own_tables.orders(market, log, run_id, prefix, names),
        "order_events": own_tables.order_events(market, log, run_id, prefix),
        "fills": own_tables.fills(market, log, run_id, prefix, names, day.date, config.fees, multiplier),
    }
    displayed = market_day_of(day_of(market, day.date).book_events(), market.instrument, day.date, day.data_keys)
    told = with_dark_prints(displayed, market)
    return _Traded(frames, told, _impacts(make, market, group, close_ns), market.events, seconds)


def _impacts(make: Any, market: SimulatedMarket, group: list[Planned], close_ns: int) -> list[Impact]:
    """What each parent of a group, or all of them together, did to the middle."""
    ends = [plan.parent.end_ns for plan in group]
    laters = [2 * plan.parent.end_ns - plan.parent.start_ns for plan in group]
    ns = np.array([min(value, close_ns) for value in (*ends, *laters)], np.int64)
    found = twin(make, market, ns)
    out = []
    for at, plan in enumerate(group):
        moved = found.impact_ticks(plan.parent.side) / found.without_us * 1e4
        later = moved[len(group) + at] if laters[at] <= close_ns else np.nan
        out.append(Impact(plan.parent.parent_id, _known(moved[at]), _known(later)))
    return out


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# --- what a reader must know ----------------------------------------------------------------------------------------


def _run_notes(planned: list[Planned], config: BacktestConfig) -> list[str]:
    notes = ["simulated markets: they answer to our orders; what they cost is that of the model, not of a venue"]
    shared = "parents of a day share its market" if config.together else "each parent had a market of its own"
    return [*notes, f"{shared}; the stored day is the same market without us"]


def _counted(warnings: list[str]) -> list[str]:
    """Warnings of the groups, each once, with in how many of them it was."""
    return [text if count == 1 else f"{text} ({count} markets)" for text, count in Counter(warnings).items()]


def _impact_notes(impacts: list[Impact]) -> list[str]:
    """One line a parent on what it did to the market, for the first twenty."""

    def told(value: float | None) -> str:
        return "unknown" if value is None else f"{value:+.2f} bps"

    lines = [
        f"{each.parent_id}: moved the middle by {told(each.at_end_bps)} at its end, {told(each.after_bps)} as long "
        "again after that (with us less without us)"
        for each in impacts[:20]
    ]
    return lines if len(impacts) <= 20 else [*lines, f"and {len(impacts) - 20} more parents"]
