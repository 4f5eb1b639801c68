"""All participants of a simulated market: who wakes next, which rule it follows, and what it hears of its orders."""

from __future__ import annotations

from tcakit.jit import tower_call, tower_part
from tcakit.market.codes import (
    BUY,
    CANCELLED,
    EXPIRED,
    FILLED,
    MODIFY_REJECTED,
    PARTIAL,
)
from tcakit.simulator.fundamental_trader_kernel import fundamental_trader
from tcakit.simulator.market_layout_kernel import (
    ASK_ID,
    ASK_LEVEL,
    BID_ID,
    BID_LEVEL,
    FUNDAMENTAL_TRADER,
    INTERVAL,
    INVENTORY,
    KIND,
    MARKET_MAKER,
    METAORDER_TRADER,
    MOMENTUM_TRADER,
    NEVER,
    NEXT_NS,
    NO_QUOTE,
    NUMBER,
    PEOPLE_NS,
    POV_FOLLOWER,
    TRADED,
)
from tcakit.simulator.market_maker_kernel import market_maker
from tcakit.simulator.metaorder_trader_kernel import metaorder_trader
from tcakit.simulator.momentum_trader_kernel import momentum_trader
from tcakit.simulator.opportunist_kernel import opportunist
from tcakit.simulator.participant_kernel import WAIT
from tcakit.simulator.pov_follower_kernel import pov_follower
from tcakit.simulator.random_kernel import exponential


@tower_part
def _rule(market, person):
    kind = market.people[person, KIND]
    if kind == METAORDER_TRADER:
        metaorder_trader(market, person)
    elif kind == MARKET_MAKER:
        market_maker(market, person)
    elif kind == MOMENTUM_TRADER:
        momentum_trader(market, person)
    elif kind == FUNDAMENTAL_TRADER:
        fundamental_trader(market, person)
    elif kind == POV_FOLLOWER:
        pov_follower(market, person)
    else:
        opportunist(market, person)


@tower_part
def find_next(market):
    """Note when the next participant wakes."""
    next_ns = NEVER
    for person in range(market.people.shape[0]):
        next_ns = min(next_ns, market.people[person, NEXT_NS])
    market.at[PEOPLE_NS] = next_ns


@tower_call
def wake(market, now, is_open):
    """Ask every participant who wakes now; those of a closed or calling market only set their clocks.

    When somebody wakes next hangs on its own numbers alone, never on the market: common random numbers.
    """
    people = market.people
    for person in range(people.shape[0]):
        if people[person, NEXT_NS] > now:
            continue
        if is_open:
            _rule(market, person)
        wait = market.rates[person, INTERVAL] * exponential(market.people_seeds[person], people[person, NUMBER], WAIT)
        people[person, NUMBER] += 1
        people[person, NEXT_NS] = now + max(1, int(wait))
    find_next(market)


@tower_call
def tell(people, person, order_id, event, side, size):
    """Let a participant hear of an event of one of its orders."""
    if event == FILLED or event == PARTIAL:
        people[person, INVENTORY] += size if side == BUY else -size
        people[person, TRADED] += size
    if event == MODIFY_REJECTED:
        # It stands where it stood: the next look asks for the level again.
        if order_id == people[person, BID_ID]:
            people[person, BID_LEVEL] = -1
        elif order_id == people[person, ASK_ID]:
            people[person, ASK_LEVEL] = -1
    if event == FILLED or event == CANCELLED or event == EXPIRED:
        if order_id == people[person, BID_ID]:
            people[person, BID_ID] = NO_QUOTE
        elif order_id == people[person, ASK_ID]:
            people[person, ASK_ID] = NO_QUOTE
