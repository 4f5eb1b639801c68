"""A trader who works parent orders at a share of the market's volume, as percentage-of-volume algorithms do."""

from __future__ import annotations

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, SELL
from tcakit.simulator.market_layout_kernel import FIRST, LIMIT, REMAINING, SECOND, SEEN_VOLUME, SIDE, VOLUME
from tcakit.simulator.participant_kernel import RULE, drawn, lots_of, take, two_sided

_BEGINS = RULE
_SIGN = RULE + 1


@tower_call
def pov_follower(market, person):
    """FIRST: share of the volume, 0 to 1; SECOND: chance that an idle one begins an order when it wakes.

    An order has LIMIT of its rates to trade.
    """
    people, rates = market.people, market.rates
    since = market.at[VOLUME] - people[person, SEEN_VOLUME]
    if people[person, REMAINING] == 0:
        people[person, SEEN_VOLUME] = market.at[VOLUME]
        if drawn(market, person, _BEGINS) < rates[person, SECOND]:
            people[person, REMAINING] = int(rates[person, LIMIT])
            people[person, SIDE] = BUY if drawn(market, person, _SIGN) < 0.5 else SELL
        return
    wanted = min(int(since * rates[person, FIRST]), people[person, REMAINING], 20 * lots_of(market, person))
    if wanted > 0 and two_sided(market):
        people[person, SEEN_VOLUME] = market.at[VOLUME]
        people[person, REMAINING] -= wanted
        take(market, person, people[person, SIDE], wanted, 1)
