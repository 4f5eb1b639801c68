"""A trader who has a view of what the thing is worth and trades towards it when the price is far enough away.

The fundamentalists of Chiarella (1992); its view is the market's hidden value with an error of its own.
"""

from __future__ import annotations

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.market_layout_kernel import FIRST, INVENTORY, LIMIT, SECOND, VALUE
from tcakit.simulator.participant_kernel import RULE, lots_of, normally_drawn, take, two_sided
from tcakit.venue.engine_layout_kernel import DISPLAYED


@tower_call
def fundamental_trader(market, person):
    """FIRST: standard deviation of its error, in ticks; SECOND: ticks of profit that it asks for."""
    if not two_sided(market):
        return
    rates, best = market.rates, market.engine.best
    view = market.facts[VALUE] + rates[person, FIRST] * normally_drawn(market, person, RULE)
    held, size = market.people[person, INVENTORY], lots_of(market, person)
    if view > best[DISPLAYED, 1] + rates[person, SECOND] and held + size <= rates[person, LIMIT]:
        take(market, person, BUY, size, 0)
    elif view < best[DISPLAYED, 0] - rates[person, SECOND] and held - size >= -rates[person, LIMIT]:
        take(market, person, SELL, size, 0)
