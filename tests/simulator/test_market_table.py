"""A market known by its addresses is the market: array for array, and run for run."""

from __future__ import annotations

import numba
import numpy as np

from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.participants import Participants
from tcakit.simulator.sources import make_market
from tcakit.simulator.table_kernel import market_at
from tcakit.simulator.world import World
from tcakit.simulator.zero_intelligence import zero_intelligence
from tcakit.venue import engine_layout_kernel as ek


def made() -> SimulatedMarket:
    world = World(participants=(Participants("market-maker", 1),), opening_call_seconds=0.0)
    return make_market(zero_intelligence(), world, "2026-03-03", 5)


def test_the_table_has_every_array_in_its_place() -> None:
    market = made().market
    given = (*market.engine, *market.flow, *market.feedback, *market.dark, *market[4:])

    @numba.njit
    def seen(address):  # type: ignore[no-untyped-def]
        return market_at(address)

    held = made()
    held.table.take(held.market)
    found = seen(held.table.address)
    assert seen.nopython_signatures[0].return_type == numba.typeof(held.market)
    pairs = zip((*found.engine, *found.flow, *found.feedback, *found.dark, *found[4:]), given, strict=True)
    assert all(one.shape == other.shape for one, other in pairs)
    assert np.array_equal(found.engine.levels, market.engine.levels)


def test_arrays_that_were_enlarged_are_found() -> None:
    usual, tight = made(), made()
    rows = int(tight.market.engine.counters[ek.TAPE_ROWS])
    small = tight.market.engine._replace(tape=tight.market.engine.tape[: rows + 40].copy())
    tight.market = tight.market._replace(engine=small)
    until = usual.now + 120 * 10**9
    assert usual.advance(until) == tight.advance(until) == ml.AT_TIME
    count = int(usual.market.engine.counters[ek.TAPE_ROWS])
    assert count > rows + 40
    assert np.array_equal(usual.market.engine.tape[:count], tight.market.engine.tape[:count])
