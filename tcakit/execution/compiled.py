"""Compiled strategies as algorithms: a user's file of plain functions works a parent order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcakit.execution.parent import ParentOrder
from tcakit.replay.columns import Feed
from tcakit.replay.compiled_run import CompiledReplay, Work
from tcakit.replay.compiler import load_strategy
from tcakit.replay.recorded_market import ReplaySettings


def compiled_params(path: str, given: Mapping[str, Any]) -> dict[str, float]:
    """Parameters given to a file's strategy as numbers, whole ones as integers.

    UsageError, with file and line, if the file is no strategy, and for a parameter that it does not have.
    """
    strategy = load_strategy(Path(path))
    named = dict(zip(strategy.parameters, strategy.values(given), strict=True))
    return {name: int(named[name]) if named[name].is_integer() else named[name] for name in given}


def compiled_replay(
    feed: Feed,
    parent: ParentOrder,
    path: str,
    params: Mapping[str, Any],
    settings: ReplaySettings,
    *,
    until_ns: int | None = None,
) -> CompiledReplay:
    """The replay of a day in which a file's strategy works a parent, alone in the market; it is asked no more after
    `until_ns`."""
    work = Work(parent.start_ns, parent.end_ns, params, parent.side, parent.quantity, parent.limit_tick, until_ns)
    return CompiledReplay(feed, load_strategy(Path(path)), work, settings)


def source_hash(path: str) -> str:
    """The name of a file's text: all that the strategy is, as it may import nothing that could change."""
    return load_strategy(Path(path)).source_hash
