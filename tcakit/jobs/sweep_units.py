"""A set's replays of one symbol's day, kept in the store until the set is done: what a killed sweep goes on from."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import NO_ROOM, DiskError
from tcakit.jobs.backtest import REPLAYED, MeasuredRun, Piece, groups_of, measured_run, replay_group
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned, parent_rows
from tcakit.jobs.market import market_day
from tcakit.jobs.other_symbols import split_symbols
from tcakit.jobs.two_sided import split_sides
from tcakit.store.database import Store
from tcakit.tca import COST_MEASURES, measure

_FACTS = "facts.json"
_KEPT_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Unit:
    """The groups of a run that trade one symbol's day, or the one of a day where all share its markets; `number` is the
    place of a group in the run."""

    folder: Path
    config: BacktestConfig
    run_id: str
    groups: tuple[tuple[int, list[Planned]], ...]
    measure: str

    @property
    def symbol(self) -> str:
        return ", ".join(sorted({plan.parent.symbol for _, group in self.groups for plan in group}))

    @property
    def date(self) -> str:
        return self.groups[0][1][0].parent.date

    @property
    def path(self) -> Path:
        """Where its replays stand: one folder, there only if it is whole."""
        return run_folder(self.folder, self.run_id) / f"{self.groups[0][0]}"


@dataclass(frozen=True, slots=True)
class UnitDone:
    """What a unit cost, in currency: `cost` of `notional` by the sweep's measure, `fills` of how many `parents`."""

    cost: float
    notional: float
    parents: int
    fills: int


@dataclass(frozen=True, slots=True)
class Finish:
    """A set all of whose units are done."""

    folder: Path
    config: BacktestConfig
    run_id: str
    planned: list[Planned]
    units: tuple[Path, ...]


def run_folder(store: Path, run_id: str) -> Path:
    """Where the units of a run stand until it is stored."""
    return store / "sweeps" / run_id


def units_of(folder: Path, config: BacktestConfig, run_id: str, planned: list[Planned], by: str) -> list[Unit]:
    """A run's units in the order of its parents; those that share markets are in one."""
    found: dict[tuple[str, str], list[tuple[int, list[Planned]]]] = {}
    for number, group in enumerate(groups_of(planned, config.together)):
        found.setdefault((group[0].parent.date, group[0].parent.symbol), []).append((number, group))
    rules = replace(config, parents=())  # a worker needs no more than the rules
    return [Unit(folder, rules, run_id, tuple(groups), by) for groups in found.values()]


def forget_old(folder: Path) -> None:
    """Take away what sweeps left that nobody went on with for a month."""
    for path in (folder / "sweeps").glob("*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _KEPT_S:
                shutil.rmtree(path, ignore_errors=True)


def do_unit(unit: Unit) -> UnitDone:
    """Replay a unit unless that was done before, keep it, and say what it cost."""
    if (held := _load(unit.path)) is not None:
        return UnitDone(**held["done"])
    store = Store(unit.folder)
    pieces = [(number, replay_group(store, unit.config, group, unit.run_id)) for number, group in unit.groups]
    frames = {
        name: pl.concat([piece.frames[name] for _, piece in pieces], how="vertical_relaxed")
        for name in ("orders", "fills")
    }
    frames["parents"] = parent_rows([plan for _, group in unit.groups for plan in group], unit.run_id)
    frames = split_sides(split_symbols(frames))
    days = {(plan.parent.symbol, plan.parent.date): plan.day for _, group in unit.groups for plan in group}
    markets = {key: market_day(store, day) for key, day in days.items()}
    measured = measure(frames["parents"], frames["fills"], markets, run_id=unit.run_id).parents
    cost, notional = COST_MEASURES[unit.measure]
    sums = measured.select(cost.alias("cost"), notional.alias("notional"))
    sums = sums.filter(pl.col("cost").is_finite() & (pl.col("notional") > 0))
    done = UnitDone(float(sums["cost"].sum()), float(sums["notional"].sum()), measured.height, frames["fills"].height)
    _save(unit.path, pieces, done)
    return done


def do_finish(finish: Finish) -> MeasuredRun:
    """Measure a set whose units are all done, as a backtest of it would."""
    numbered = [found for path in finish.units for found in pieces_at(path)]
    pieces = [piece for _, piece in sorted(numbered, key=lambda found: found[0])]
    return measured_run(Store(finish.folder), finish.config, finish.planned, finish.run_id, pieces)


def pieces_at(path: Path) -> list[tuple[int, Piece]]:
    """The pieces of a unit and their places in the run."""
    facts = json.loads((path / _FACTS).read_text())
    frames = {name: pl.read_ipc(path / f"{name}.arrow") for name in REPLAYED}
    return [
        (
            number,
            Piece(
                {name: frame.filter(pl.col("group") == number).drop("group") for name, frame in frames.items()},
                events,
                0.0,
                seconds,
            ),
        )
        for number, events, seconds in facts["pieces"]
    ]


def _load(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((path / _FACTS).read_text())
    except FileNotFoundError:
        return None
    return found


def _save(path: Path, pieces: list[tuple[int, Piece]], done: UnitDone) -> None:
    """Write a unit to a folder of its own and rename it: a killed process leaves nothing half written."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=".making-", dir=path.parent)
        for name in REPLAYED:
            rows = [piece.frames[name].with_columns(pl.lit(number).alias("group")) for number, piece in pieces]
            pl.concat(rows, how="vertical_relaxed").write_ipc(os.path.join(temporary, f"{name}.arrow"))
        facts = {
            "done": {name: getattr(done, name) for name in UnitDone.__slots__},
            "pieces": [(number, piece.events, piece.seconds) for number, piece in pieces],
        }
        with open(os.path.join(temporary, _FACTS), "w") as file:
            json.dump(facts, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            return  # another sweep of the same set was faster
        if error.errno in NO_ROOM:
            raise DiskError(
                "no room to keep what is done of the sweep", place=str(path.parent), remedy="make room, run it again"
            ) from None
        raise
