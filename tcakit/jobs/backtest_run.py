"""What a backtest's run is: its id, what it was made with, and its row and tables in the store."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import sys
import time
from collections.abc import Mapping
from importlib import metadata

import polars as pl

from tcakit import __version__
from tcakit.execution.algorithms import NAMES
from tcakit.execution.volume_curve import VolumeCurve
from tcakit.jit import kernels_hash
from tcakit.jobs.backtest_config import BacktestConfig
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.sources import package_hash
from tcakit.registry import find
from tcakit.store import results
from tcakit.store.database import Store


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
    if name.endswith(".py"):
        from tcakit.execution.compiled import source_hash

        return source_hash(name)
    made_by = find(name, {}, "strategy", "--algo")
    return hashlib.sha256(inspect.getsource(sys.modules[made_by.__module__]).encode()).hexdigest()


def run_id_of(config: BacktestConfig, planned: list[Planned], data_keys: list[str]) -> str:
    """The name of a run: the same settings, data and code give the same one."""
    facts = {
        "config": config.as_dict(),
        "days": [plan.day.date for plan in planned],
        "curves": [None if plan.curve is None else _curve_hash(plan.curve) for plan in planned],
        **_impacts(planned),
        "data": data_keys,
        "multipliers": [plan.multiplier for plan in planned],
        "strategies": {spec.algo.name: _strategy_source(spec.algo.name) for spec in config.parents},
        "code": [kernels_hash(), package_hash()],
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _impacts(planned: list[Planned]) -> dict[str, list[str]]:
    """What the parents' impact was scaled to, which earlier days may have said; nothing where there is none."""
    found = [repr(plan.impact) for plan in planned]
    return {"impacts": found} if any(plan.impact is not None for plan in planned) else {}


def _curve_hash(curve: VolumeCurve) -> str:
    return hashlib.sha256(curve.edges.tobytes() + curve.shares.tobytes()).hexdigest()[:16]


def put_backtest(
    store: Store,
    run_id: str,
    kind: str,
    config: BacktestConfig,
    data_keys: list[str],
    notes: list[str],
    frames: Mapping[str, pl.DataFrame],
    seconds: float,
    events: int,
) -> None:
    """Store a run of `kind` (replay or bars) and its tables; `seconds` it took, `events` rows of the market it read."""
    row = {
        "run_id": run_id,
        "kind": kind,
        "created_ns": time.time_ns(),
        "config": json.dumps(config.as_dict(), sort_keys=True, default=str),
        "data_keys": json.dumps(data_keys),
        "versions": json.dumps(versions()),
        "notes": json.dumps(notes),
        "seconds": seconds,
        "events": events,
    }
    with store.writer("backtest"):
        results.put_run(store, row, frames)
