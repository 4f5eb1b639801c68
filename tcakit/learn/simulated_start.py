"""Where episodes in simulated markets start: markets that have run for a while, kept, and gone on from many times."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tcakit.learn.put_back_kernel import put_engine_back
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue.midpoint_layout_kernel import Midpoint

_ROOM_OF_TAPE = 65_536
_WRITTEN = ("at", "facts", "people", "memory", "bus", "heap", "spare", "client_of_slot")
Pairs = list[tuple[NDArray[Any], NDArray[Any]]]


class Starts(Protocol):
    """Where the kept markets come from."""

    lead_ns: int

    def start(self, draw: int) -> SimulatedMarket:
        """The market that the episode of a draw goes on from; never run itself."""
        ...

    def within_day(self, market: SimulatedMarket, duration_ns: int) -> None:
        """UsageError where an episode that begins now does not end before the market's day."""
        ...


def copied(market: ml.Market) -> ml.Market:
    """A market with arrays of its own, with room on the tape; tables that nothing writes to are shared."""
    engine, rows = market.engine, int(market.engine.counters[ek.TAPE_ROWS])
    tape = np.empty((rows + _ROOM_OF_TAPE, ek.TAPE_COLUMNS), np.int64)
    tape[:rows] = engine.tape[:rows]
    own = {
        name: getattr(market, name).copy() for name in (*_WRITTEN, "people_seeds", "seeds", "dark_seeds", "own", "log")
    }
    return market._replace(
        engine=ek.Engine(**{name: tape if name == "tape" else getattr(engine, name).copy() for name in engine._fields}),
        flow=market.flow._replace(memory=market.flow.memory.copy(), scratch=market.flow.scratch.copy()),
        feedback=market.feedback._replace(terms=market.feedback.terms.copy(), memory=market.feedback.memory.copy()),
        dark=Midpoint(*(array.copy() for array in market.dark)),
        **own,
    )


def reseed(market: ml.Market, draw: int) -> None:
    """Give a market the random numbers of an episode."""
    streams = market.seeds, market.people_seeds, market.dark_seeds
    digest = hashlib.shake_128(f"episode|{draw}".encode()).digest(8 * sum(map(len, streams)))
    seeds, first = np.frombuffer(digest, np.uint64), 0
    for stream in streams:
        stream[:] = seeds[first : first + len(stream)]
        first += len(stream)


def written(running: ml.Market, kept: ml.Market) -> Pairs:
    """The arrays beside its engine's that a running market writes to, each with that of the market it began as; but not
    those that it only adds to."""
    pairs = [(getattr(running, name), getattr(kept, name)) for name in _WRITTEN]
    pairs += [(getattr(running.flow, name), getattr(kept.flow, name)) for name in ("memory", "scratch")]
    pairs += [(getattr(running.feedback, name), getattr(kept.feedback, name)) for name in ("terms", "memory")]
    pairs += list(zip(running.dark, kept.dark, strict=True))
    return pairs


def put_back(running: ml.Market, kept: ml.Market) -> bool:
    """Have a running market stand where a kept one does; False where its arrays are of other lengths, or too short.

    What its tape told before is not written again: no kernel reads it.
    """
    pairs, engine, rows = written(running, kept), running.engine, int(kept.engine.counters[ek.TAPE_ROWS])
    alike = [(getattr(engine, name), getattr(kept.engine, name)) for name in ("orders", "levels")]
    if len(engine.tape) <= rows or not all(own.shape == other.shape for own, other in (*pairs, *alike)):
        return False
    for own, other in pairs:
        np.copyto(own, other)
    put_engine_back(engine, kept.engine)
    return True
