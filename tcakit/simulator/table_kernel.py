"""The kernels of a simulated market behind one table of addresses: calling them from Python, or from one another, costs
next to nothing, and each is compiled once.

`table` is int64, a row an array (`jit.arrays_at`): first the arrays of the market's engine, flow, feedback and dark
venue, then the rest of `Market`, all in their order.
"""

from __future__ import annotations

from tcakit.jit import IS_COMPILED, arrays_at, tower_jit
from tcakit.simulator.dark_kernel import dark_arrival, dark_crossing, dark_proposal
from tcakit.simulator.flow_layout_kernel import Feedback, Flow
from tcakit.simulator.market_kernel import run
from tcakit.simulator.market_layout_kernel import Market
from tcakit.simulator.sources_kernel import arrival, background, calendar, people
from tcakit.venue.engine_layout_kernel import Engine
from tcakit.venue.midpoint_layout_kernel import Midpoint

_ENGINE = (Engine, ["i2", "i4", "i2", "i1", "i2", "i1", "i2", "i2"])
_FLOW = (
    Flow,
    ["f4", "f3", "i1", "f2", "i2", "i2", "i2", "i1", "f1", "f1", "f1", "f1", "f1", "f1", "f1", "i1", "i1", "f1"],
)
_FEEDBACK = (Feedback, ["f2", "f1", "i1"])
_DARK = (Midpoint, ["i2", "i3", "i1", "i1", "i1", "i2", "i2"])
MARKET = (
    Market,
    [
        _ENGINE,
        _FLOW,
        _FEEDBACK,
        _DARK,
        *["i1", "f1", "i2", "f2", "f2", "u1", "u1", "i2", "i2", "i1", "i2", "i2", "i1", "i2", "f1", "u1", "i1"],
    ],
)

market_at = arrays_at(MARKET)

if not IS_COMPILED:

    def market_at(address):
        """As plain Python a market is known by itself."""
        return address


@tower_jit
def background_at(address, now):
    """`sources_kernel.background` of the market whose arrays stand in a table at an address."""
    return background(market_at(address), now)


@tower_jit
def people_at(address, now):
    """`sources_kernel.people`, likewise."""
    return people(market_at(address), now)


@tower_jit
def arrival_at(address, now):
    """`sources_kernel.arrival`, likewise."""
    return arrival(market_at(address))


@tower_jit
def calendar_at(address, now):
    """`sources_kernel.calendar`, likewise."""
    return calendar(market_at(address), now)


@tower_jit
def dark_proposal_at(address, now):
    """`dark_kernel.dark_proposal`, likewise."""
    return dark_proposal(market_at(address), now)


@tower_jit
def dark_arrival_at(address, now):
    """`dark_kernel.dark_arrival`, likewise."""
    return dark_arrival(market_at(address), now)


@tower_jit
def dark_crossing_at(address, now):
    """`dark_kernel.dark_crossing`, likewise."""
    return dark_crossing(market_at(address), now)


@tower_jit
def run_at(address, until):
    """Let the market run; as `market_kernel.run`."""
    return run(market_at(address), address, until)
