"""A trader who goes with the trend: it wants to hold all it may on the side to which the middle left its own average.

The trend followers of Chiarella (1992), with an exponential average as their memory.
"""

from __future__ import annotations

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.market_layout_kernel import FIRST, INVENTORY, LIMIT, NUMBER, SECOND
from tcakit.simulator.participant_kernel import lots_of, mid, take, two_sided

_AVERAGE = 0  # of memory


@tower_call
def momentum_trader(market, person):
    """FIRST: weight of the newest middle in the average, 0 to 1; SECOND: ticks away from it that make a trend."""
    if not two_sided(market):
        return
    now = mid(market)
    memory, rates = market.memory, market.rates
    if market.people[person, NUMBER] == 0 or memory[person, _AVERAGE] == 0.0:
        memory[person, _AVERAGE] = now
    memory[person, _AVERAGE] += rates[person, FIRST] * (now - memory[person, _AVERAGE])
    trend = now - memory[person, _AVERAGE]
    held = market.people[person, INVENTORY]
    wanted = 0
    if trend > rates[person, SECOND]:
        wanted = int(rates[person, LIMIT])
    elif trend < -rates[person, SECOND]:
        wanted = -int(rates[person, LIMIT])
    if wanted != held:
        take(market, person, BUY if wanted > held else SELL, min(lots_of(market, person), abs(wanted - held)), 0)
