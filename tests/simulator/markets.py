"""Small simulated markets for the tests."""

from __future__ import annotations

from dataclasses import replace

from tcakit.simulator.participants import Participants, usual_participants
from tcakit.simulator.sources import make_market
from tcakit.simulator.world import World
from tcakit.simulator.zero_intelligence import zero_intelligence

DATE = "2026-03-02"
SECOND = 1_000_000_000
MODEL = replace(zero_intelligence(orders_per_second=4.0), open_time="10:00:00", close_time="10:10:00")
WORLD = World(
    participants=(*usual_participants(), Participants("market-maker", 1, interval_s=0.5, size=300, limit=600)),
    opening_call_seconds=20.0,
    closing_call_seconds=20.0,
    value_volatility_daily=0.0005,
)


def market(seed: int = 7, world: World = WORLD, rules=None):
    return make_market(MODEL, world, DATE, seed, rules=rules)


def edges(made) -> tuple[int, int]:
    """The open and the close."""
    return made.instrument.session_open_ns, made.instrument.session_close_ns


def whole_day(made):
    """The market after its closing auction."""
    made.advance(edges(made)[1] + SECOND)
    return made
