"""A trader who works large orders in pieces: Pareto many children of one side, one after the other.

Several of them at once give the signs of trades their long memory, C(l) ~ l^-(tail - 1): Lillo, Mike and Farmer
(2005).
"""

from __future__ import annotations

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.market_layout_kernel import FIRST, REMAINING, SECOND, SIDE
from tcakit.simulator.participant_kernel import RULE, drawn, lots_of, take, two_sided

_LENGTH = RULE
_SIGN = RULE + 1


@tower_call
def metaorder_trader(market, person):
    """FIRST: Pareto exponent of the number of children; SECOND: the most of them."""
    people, rates = market.people, market.rates
    if people[person, REMAINING] == 0:
        many = drawn(market, person, _LENGTH) ** (-1.0 / rates[person, FIRST])
        people[person, REMAINING] = max(1, int(min(many, rates[person, SECOND])))
        people[person, SIDE] = BUY if drawn(market, person, _SIGN) < 0.5 else SELL
    people[person, REMAINING] -= 1
    if two_sided(market):
        take(market, person, people[person, SIDE], lots_of(market, person), 1)
