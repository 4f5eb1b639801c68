"""Orders of the many in an auction's call: around the reference price, some of them willing to cross it."""

from __future__ import annotations

import numpy as np

from tcakit.jit import tower_call
from tcakit.market.codes import BUY, GTC, LIMIT, NO_PEG, SELL
from tcakit.simulator.flow_layout_kernel import DRAWS, JOIN
from tcakit.simulator.market_layout_kernel import REFERENCE, WORLD
from tcakit.simulator.random_kernel import uniform, whole
from tcakit.venue.engine_layout_kernel import NO_LEVEL
from tcakit.venue.engine_submit_kernel import submit

_SIDE = 40  # fields of the draws
_PLACE = 41
_AMOUNT = 42
_MEAN_TICKS = 3.0
_CROSSING = 0.35  # of the orders are willing to pay the reference or more


@tower_call
def call_order(market, number):
    """Put the `number`-th proposal into the call; gives the engine's status."""
    seed = market.seeds[WORLD]
    side = BUY if uniform(seed, number, _SIDE) < 0.5 else SELL
    place = uniform(seed, number, _PLACE)
    if place < _CROSSING:
        towards = int(_MEAN_TICKS * -np.log(place / _CROSSING) / 2.0)
    else:
        towards = -1 - int(_MEAN_TICKS * -np.log((place - _CROSSING) / (1.0 - _CROSSING)))
    level = market.at[REFERENCE] + (towards if side == BUY else -towards)
    level = max(1, min(market.engine.levels.shape[2] - 2, level))
    size = market.flow.sizes[JOIN, whole(seed, number, _AMOUNT, DRAWS)]
    status, _ = submit(market.engine, 0, side, level, size, LIMIT, GTC, 0, 0, NO_LEVEL, NO_PEG, 0)
    return status
