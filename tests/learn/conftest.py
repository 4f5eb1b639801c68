"""A made day to learn in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tcakit.learn.actions import child_order, limit_offset, schedule_rate
from tcakit.learn.environment import ExecutionEnvironment
from tcakit.learn.replayed import ReplayedMarkets
from tcakit.learn.task import ExecutionTask
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.settings import ReplaySettings
from tcakit.venue.latency import ConstantLatency
from tests.made_days import made_day

MS = 1_000_000
KINDS = {
    "rates": schedule_rate(),
    "rate": schedule_rate(most=3.0),
    "offsets": limit_offset(),
    "offset": limit_offset(bounds=(-5, 3)),
    "children": child_order(4, 100),
    "child": child_order(4, 100, is_continuous=True),
}


@pytest.fixture(scope="session")
def feed() -> Feed:
    day = made_day("ALFA", "2026-03-03", 7, 30_000)
    book = {name: getattr(day, name) for name in ("ts_ns", "kind", "side", "price", "size", "level_size")}
    return feed_from_columns(day.instrument, feed_columns(day.instrument, book))


@pytest.fixture(scope="session")
def environment(feed: Feed) -> Callable[..., ExecutionEnvironment]:
    """An order for 1,500 units in eight steps of 15 s on the made day, by a kind of action and a latency."""

    def made(kind: str = "rates", entry_ms: int = 0, **given: Any) -> ExecutionEnvironment:
        settings = ReplaySettings(ConstantLatency(entry_ns=entry_ms * MS, response_ns=entry_ms * MS))
        source = ReplayedMarkets([feed], settings, every_s=300.0)
        return ExecutionEnvironment(source, ExecutionTask(None, 1_500, seconds=120.0, steps=8), KINDS[kind], **given)

    return made
