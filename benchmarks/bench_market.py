"""A whole simulated market: book, level-3 log, background flow with feedback, ten participants, numbers by counter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.harness import Benchmark
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.participants import usual_participants
from tcakit.simulator.sources import make_market
from tcakit.simulator.world import World
from tcakit.simulator.zero_intelligence import zero_intelligence

DATE = "2026-03-02"
_HOURS = 6.5


def market(world: World, scale: float) -> SimulatedMarket:
    """A market of a day, or of a part of one, about to open."""
    minutes = max(5, round(60 * _HOURS * scale))
    closes = 9 * 60 + 30 + minutes
    model = replace(zero_intelligence(orders_per_second=4.0), close_time=f"{closes // 60:02}:{closes % 60:02}:00")
    return make_market(model.with_feedback(strength=0.05), world, DATE, 7)


def day(world: World, scale: float) -> int:
    """Run it to its close; gives how much happened: proposals, wakes, messages and dates of the calendar."""
    made = market(world, scale)
    assert made.instrument.session_close_ns is not None
    made.advance(made.instrument.session_close_ns + 1)
    return made.events


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    people = World(participants=usual_participants())
    for name, world, what in (
        ("market-all", people, "background, feedback, ten participants"),
        ("market-background", replace(people, are_participants_on=False), "background and feedback"),
    ):
        events = day(world, scale)
        job = f"a simulated market's {events:,} events: {what}"
        yield Benchmark(name, job, lambda world=world: day(world, scale), "none: no other has a book, a log and these")
