"""What every participant of a simulated market can do: draw numbers of its own, look at the touch, and send orders."""

from __future__ import annotations

from tcakit.book.fifo_kernel import LEVEL_SIZE
from tcakit.jit import tower_part
from tcakit.market.codes import BUY, IOC, LIMIT
from tcakit.simulator.bus_kernel import post
from tcakit.simulator.market_layout_kernel import (
    LATENCY,
    NO_TAG,
    NOW,
    NUMBER,
    SEND_NEW,
    SIZE,
)
from tcakit.simulator.random_kernel import normal, uniform
from tcakit.venue.engine_layout_kernel import DISPLAYED

# Fields of a wake's draws: each rule has its own, from here on.
WAIT = 0
RULE = 4


@tower_part
def drawn(market, person, field):
    """A number in (0, 1) of this wake of a participant, whatever happened in the market before."""
    return uniform(market.people_seeds[person], market.people[person, NUMBER], field)


@tower_part
def normally_drawn(market, person, field):
    """A standard normal number of this wake; uses two fields."""
    return normal(market.people_seeds[person], market.people[person, NUMBER], field)


@tower_part
def two_sided(market):
    """Whether both sides show a price."""
    best = market.engine.best
    return best[DISPLAYED, 0] >= 0 and best[DISPLAYED, 1] < market.engine.levels.shape[2]


@tower_part
def mid(market):
    """The middle of the touch, in levels; only where both sides show a price."""
    best = market.engine.best
    return 0.5 * (best[DISPLAYED, 0] + best[DISPLAYED, 1])


@tower_part
def shown(market, row):
    """Size displayed at the touch of the bids (0) or offers (1)."""
    level = market.engine.best[DISPLAYED, row]
    if level < 0 or level >= market.engine.levels.shape[2]:
        return 0
    return market.engine.levels[DISPLAYED, row, level, LEVEL_SIZE]


@tower_part
def lots_of(market, person):
    """The size of one of its orders: a whole number above zero."""
    return max(1, int(market.rates[person, SIZE]))


@tower_part
def take(market, person, side, quantity, reach):
    """Send an order that takes up to `reach` levels beyond the touch, at once or not at all."""
    best = market.engine.best
    level = best[DISPLAYED, 1] + reach if side == BUY else best[DISPLAYED, 0] - reach
    level = max(1, min(market.engine.levels.shape[2] - 2, level))
    arrival = market.at[NOW] + market.people[person, LATENCY]
    post(
        market.at, market.bus, market.heap, market.spare, arrival, SEND_NEW, person + 1, -1, 0, side, level, quantity,
        LIMIT, IOC, NO_TAG,
    )  # fmt: skip
