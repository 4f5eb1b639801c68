"""A fast trader who takes what is left of a thin touch when the other side is thick, and goes home when it is over."""

from __future__ import annotations

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.market_layout_kernel import FIRST, INVENTORY, LIMIT
from tcakit.simulator.participant_kernel import lots_of, shown, take, two_sided


@tower_call
def opportunist(market, person):
    """FIRST: imbalance of the touch, 0 to 1, from which it takes the thin side; below half of that it goes flat."""
    if not two_sided(market):
        return
    bid, ask = float(shown(market, 0)), float(shown(market, 1))
    imbalance = (bid - ask) / (bid + ask)
    rates, held, size = market.rates, market.people[person, INVENTORY], lots_of(market, person)
    if imbalance > rates[person, FIRST] and held + size <= rates[person, LIMIT]:
        take(market, person, BUY, min(size, int(ask)), 0)
    elif imbalance < -rates[person, FIRST] and held - size >= -rates[person, LIMIT]:
        take(market, person, SELL, min(size, int(bid)), 0)
    elif held != 0 and abs(imbalance) < 0.5 * rates[person, FIRST]:
        take(market, person, SELL if held > 0 else BUY, min(size, abs(held)), 0)
