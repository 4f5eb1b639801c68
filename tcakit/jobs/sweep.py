"""Many parameter sets over many days, each stored as the run that a backtest of it would be."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tcakit.errors import UsageError
from tcakit.execution.algorithms import AlgorithmSpec
from tcakit.jobs.backtest_config import BacktestConfig, ParentSpec
from tcakit.jobs.backtest_plan import Planned, Planner
from tcakit.jobs.backtest_run import put_backtest, run_id_of
from tcakit.jobs.belief import FEW_DAYS, figure
from tcakit.jobs.data_warnings import first_ones
from tcakit.jobs.impact_planned import set_impact
from tcakit.jobs.sweep_config import SweepConfig, set_name
from tcakit.jobs.sweep_units import Finish, Unit, UnitDone, do_finish, do_unit, forget_old, run_folder, units_of
from tcakit.jobs.workers import Workers
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.tca import COST_MEASURES
from tcakit.tca.selection import best_of_many
from tcakit.tca.shortfall import BPS

Told = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _Set:
    """A parameter set under way: its run, the units that are left, and the sums of those that are done."""

    spec: AlgorithmSpec
    config: BacktestConfig
    planned: list[Planned]
    run_id: str
    data_keys: list[str]
    units: list[Unit] = field(default_factory=list)
    left: int = 0
    cost: float = 0.0
    notional: float = 0.0
    stored_before: bool = False


def sweep(
    folder: Path,
    config: SweepConfig,
    *,
    jobs: int | None = None,
    again: bool = False,
    page: Path | None = None,
    told: Told | None = None,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Replay every parent under every set, and store each set as a run; in `jobs` processes, as `Workers` has it.

    What is done is kept: a sweep that was ended goes on where it was, and one that is stored is shown as it is, unless
    `again`. The numbers are the same for any number of processes, and those of `backtest` for the same set. `told` is
    called with what is done as it comes (`kind` "unit": one symbol's day of a set; "run": a set that is stored). `page`
    is an HTML file to write. Gives `runs` (run_id, set, algo, params, cost_bps, ci, parents, days, fills) in the file's
    order, `best`, `seconds` and `notes`. UsageError where a parent cannot be traded or nothing is stored.
    """
    begun = time.perf_counter()
    if page is not None and page.suffix.lower() != ".html":
        raise UsageError(f"{page} is no page", place="--out", remedy="give a file that ends in .html")
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} processes do nothing", place="--jobs", remedy="give 1 or more")
    store = Store(folder, wait_s=wait_s)
    forget_old(folder)
    sets = _plan(store, config, again)
    of_run = {one.run_id: one for one in sets}
    units = _by_day([unit for one in sets for unit in one.units])
    kept = sum(unit.path.exists() for unit in units)
    done = 0
    with Workers(jobs) as workers:
        for unit, found in workers.results(do_unit, units):
            done += 1
            one = of_run[unit.run_id]
            one.left -= 1
            one.cost, one.notional = one.cost + found.cost, one.notional + found.notional
            if told:
                told(_told_of_unit(one, unit, found) | {"done": done, "units": len(units)})
        finishes = [
            Finish(folder, one.units[0].config, one.run_id, one.planned, tuple(unit.path for unit in one.units))
            for one in sets
            if one.units
        ]
        for finish, measured in workers.results(do_finish, finishes):
            one = of_run[finish.run_id]
            put_backtest(
                store, one.run_id, "replay", one.config, one.data_keys, measured.notes, measured.frames,
                measured.replay_seconds, measured.events,
            )  # fmt: skip
            shutil.rmtree(run_folder(folder, one.run_id), ignore_errors=True)
            if told:
                told({"kind": "run"} | _told_of_run(store, one, config.measure)[0])
        workers_used = workers.jobs
    return _result(store, config, sets, page, begun) | {
        "units": len(units),
        "units_kept": kept,
        "jobs": workers_used,
        "seconds": round(time.perf_counter() - begun, 3),
    }


# --- what there is to do ---------------------------------------------------------------------------------------------


def _plan(store: Store, config: SweepConfig, again: bool) -> list[_Set]:
    """Every set with its run, and its units unless it is stored."""
    parents = _dated(store, config)
    planner = Planner(store)
    found = []
    for spec in config.sets:
        backtest = config.backtest_of(spec, parents)
        planned = [planner.plan(number, parent) for number, parent in enumerate(backtest.parents, start=1)]
        set_impact(store, backtest.impact, planned, backtest.together)
        keys = sorted({key for plan in planned for key in plan.day.data_keys})
        one = _Set(spec, backtest, planned, run_id_of(backtest, planned, keys), keys)
        one.stored_before = not again and results.run(store, one.run_id) is not None
        if not one.stored_before:
            one.units = units_of(store.folder, backtest, one.run_id, planned, config.measure)
            one.left = len(one.units)
            if again:
                shutil.rmtree(run_folder(store.folder, one.run_id), ignore_errors=True)
        found.append(one)
    return found


def _dated(store: Store, config: SweepConfig) -> tuple[ParentSpec, ...]:
    """The parents with those without a date on every stored day of their symbol."""
    from tcakit.store.market_data import symbol_days

    first, last = config.date_from or "", config.date_to or "9999"
    held: dict[str, set[str]] = {}
    for date in store.dates():
        if first <= date <= last and any(parent.date is None for parent in config.rules.parents):
            held[date] = {day.instrument.symbol for day in symbol_days(store, date)}
    for parent in config.rules.parents:
        if parent.date is None and not any(parent.symbol in symbols for symbols in held.values()):
            raise UsageError(
                f"no day of {parent.symbol} is stored, or none from `from` to `to`",
                place="sweep",
                remedy="ingest one, or check symbol, from and to",
            )
    found: list[ParentSpec] = []
    for undated, parents in groupby(config.rules.parents, lambda parent: parent.date is None):
        # Day by day, as a backtest file that lists the dates.
        several = list(parents)
        if undated:
            several = [_on(parent, date) for date in held for parent in several if parent.symbol in held[date]]
        found += several
    return tuple(found)


def _on(parent: ParentSpec, date: str) -> ParentSpec:
    name = None if parent.parent_id is None else f"{parent.parent_id}-{date}"
    return replace(parent, date=date, parent_id=name)


def _by_day(units: list[Unit]) -> list[Unit]:
    """All sets of a symbol's day one after the other, so that its columns are in memory once."""
    return sorted(units, key=lambda unit: (unit.date, unit.symbol))


# --- what came of it -------------------------------------------------------------------------------------------------


def _told_of_unit(one: _Set, unit: Unit, found: UnitDone) -> dict[str, Any]:
    """What one symbol's day of a set cost, and the set so far."""
    return {
        "kind": "unit",
        "run_id": one.run_id,
        "set": set_name(one.spec),
        "symbol": unit.symbol,
        "date": unit.date,
        "parents": found.parents,
        "fills": found.fills,
        "cost_bps": found.cost / found.notional * BPS if found.notional else None,
        "so_far_bps": one.cost / one.notional * BPS if one.notional else None,
        "left": one.left,
    }


def _told_of_run(store: Store, one: _Set, measure: str) -> tuple[dict[str, Any], pl.DataFrame]:
    """A stored set with its cost and interval, and its parents' costs."""
    rows = results.table(store, "tca_parents", one.run_id)
    cost, ci = figure(rows, measure) if rows["currency"].n_unique() < 2 else (None, None)
    return {
        "run_id": one.run_id,
        "set": set_name(one.spec),
        "algo": one.spec.name,
        "params": one.spec.params,
        "cost_bps": cost,
        "ci": ci,
        "parents": rows.height,
        "days": rows["date"].n_unique(),
        "fills": int(rows["fills"].sum()),
        "stored_before": one.stored_before,
    }, rows


def _result(store: Store, config: SweepConfig, sets: list[_Set], page: Path | None, begun: float) -> dict[str, Any]:
    both = [_told_of_run(store, one, config.measure) for one in sets]
    runs, rows = [told for told, _ in both], [rows for _, rows in both]
    parents = [plan.parent for plan in sets[0].planned]
    result: dict[str, Any] = {
        "runs": runs,
        "measure": config.measure,
        "symbols": sorted({parent.symbol for parent in parents}),
        "dates": sorted({parent.date for parent in parents}),
        "best": best_set(runs, rows, config.measure),
    }
    result["notes"] = _notes(result, results.run(store, sets[0].run_id))
    if page is not None:
        from tcakit.jobs.report import write_whole
        from tcakit.report.sweep_page import render_sweep

        write_whole(page, render_sweep(result | {"seconds": round(time.perf_counter() - begun, 3)}))
        result["out"] = str(page)
    return result


def best_set(runs: list[dict[str, Any]], rows: list[pl.DataFrame], measure: str) -> dict[str, Any] | None:
    """The cheapest set, and what its advantage over the mean of all is worth."""
    known = [place for place, told in enumerate(runs) if told["cost_bps"] is not None]
    if not known:
        return None
    cheapest = min(known, key=lambda place: runs[place]["cost_bps"])
    cost, notional = COST_MEASURES[measure]
    days = rows[0]["date"].unique().sort()
    sums = []
    for place in known:
        usable = rows[place].select("date", cost.alias("cost"), notional.alias("notional"))
        usable = usable.filter(pl.col("cost").is_finite() & (pl.col("notional") > 0))
        by_day = usable.group_by("date").agg(pl.col("cost", "notional").sum())
        sums.append(pl.DataFrame({"date": days}).join(by_day, on="date", how="left").fill_null(0.0))
    costs, notionals = (np.column_stack([frame[name].to_numpy() for frame in sums]) for name in ("cost", "notional"))
    # Draws of few days are too alike to tell luck by.
    found = best_of_many(costs, notionals) if len(days) >= FEW_DAYS else None
    return {
        "set": runs[cheapest]["set"],
        "run_id": runs[cheapest]["run_id"],
        "cost_bps": runs[cheapest]["cost_bps"],
        "tried": len(runs),
        "days": len(days),
        **{name: None if found is None else getattr(found, name) for name in ("gain_bps", "chance_bps", "p_value")},
    }


def _notes(result: dict[str, Any], first: dict[str, Any] | None) -> list[str]:
    """How far to believe the best of many, and what holds of the days of all sets."""
    best, notes = result["best"], []
    forward = "choose on earlier days and judge on later ones: [walk_forward] of a backtest file"
    if best is None:
        notes.append("no set has a cost in one currency: there is no best one")
    elif best["tried"] > 1:
        if best["p_value"] is None:
            days = f"{best['days']} day{'s' if best['days'] != 1 else ''}"
            notes.append(f"the best of {best['tried']} sets on {days} says little of other days; {forward}")
        else:
            notes.append(
                f"the best of {best['tried']} sets is {best['gain_bps']:.2f} bps below their mean; the best of as many "
                f"that cost the same would be {best['chance_bps']:.2f} bps below it by chance, and as far in "
                f"{best['p_value']:.0%} of draws (days drawn anew); {forward}"
            )
    # What a set itself makes hard to believe stands in its run.
    of_days = [note for note in (first or {}).get("notes", []) if any(f"{day}: " in note for day in result["dates"])]
    return [*notes, *first_ones(of_days)]
