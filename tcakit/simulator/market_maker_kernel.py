"""A market maker who shows one price a side around the middle and leans both against what it holds.

The lean is that of Avellaneda and Stoikov (2008): the reservation price falls in proportion to the inventory.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, LIMIT, POST_ONLY, SELL
from tcakit.simulator.bus_kernel import post
from tcakit.simulator.market_layout_kernel import (
    ASK_ID,
    ASK_LEVEL,
    BID_ID,
    BID_LEVEL,
    FIRST,
    INVENTORY,
    LATENCY,
    NO_QUOTE,
    NOW,
    ON_ITS_WAY,
    QUOTE_ASK,
    QUOTE_BID,
    SECOND,
    SEND_CANCEL,
    SEND_MODIFY,
    SEND_NEW,
)
from tcakit.simulator.market_layout_kernel import LIMIT as MOST
from tcakit.simulator.participant_kernel import lots_of, mid, two_sided
from tcakit.venue.engine_layout_kernel import DISPLAYED


@tower_call
def market_maker(market, person):
    """FIRST: half of the spread it asks, in ticks; SECOND: ticks that its prices lean when it holds all it may."""
    if not two_sided(market):
        return
    people, rates, best = market.people, market.rates, market.engine.best
    held, most = people[person, INVENTORY], rates[person, MOST]
    centre = mid(market) - rates[person, SECOND] * held / most
    bid = min(int(np.floor(centre - rates[person, FIRST])), best[DISPLAYED, 1] - 1)
    ask = max(int(np.ceil(centre + rates[person, FIRST])), best[DISPLAYED, 0] + 1)
    size = lots_of(market, person)
    _quote(market, person, BUY, BID_ID, BID_LEVEL, QUOTE_BID, bid, size if held + size <= most else 0)
    _quote(market, person, SELL, ASK_ID, ASK_LEVEL, QUOTE_ASK, ask, size if held - size >= -most else 0)


@tower_call
def _quote(market, person, side, id_at, level_at, tag, level, size):
    """Have one side's quote at a level, none where the size is nothing; one that is on its way is left alone."""
    people = market.people
    order = people[person, id_at]
    if order == ON_ITS_WAY or level < 1 or level >= market.engine.levels.shape[2] - 1:
        return
    arrival = market.at[NOW] + people[person, LATENCY]
    if order == NO_QUOTE:
        if size > 0:
            post(
                market.at, market.bus, market.heap, market.spare, arrival, SEND_NEW, person + 1, -1, 0, side, level,
                size, LIMIT, POST_ONLY, tag,
            )  # fmt: skip
            people[person, id_at] = ON_ITS_WAY
            people[person, level_at] = level
    elif size == 0:
        post(
            market.at, market.bus, market.heap, market.spare, arrival, SEND_CANCEL, person + 1, -1, order, side, level,
            0, LIMIT, POST_ONLY, tag,
        )  # fmt: skip
    elif people[person, level_at] != level:
        post(
            market.at, market.bus, market.heap, market.spare, arrival, SEND_MODIFY, person + 1, -1, order, side, level,
            size, LIMIT, POST_ONLY, tag,
        )  # fmt: skip
        people[person, level_at] = level
