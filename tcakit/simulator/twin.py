"""The same market with our orders and without them: what we did to it is the difference.

Common random numbers make the difference small where we did little: both runs see the same proposals at the same
times, and differ only where our orders made them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.market import SimulatedMarket
from tcakit.venue import engine_layout_kernel as ek


@dataclass(frozen=True, slots=True)
class Twin:
    """Middles (ticks, with halves; NaN while a side is empty) of both markets at the times `ns`, int64 (n,)."""

    ns: NDArray[np.int64]
    with_us: NDArray[np.float64]
    without_us: NDArray[np.float64]

    def impact_ticks(self, side: int) -> NDArray[np.float64]:
        """How far the middle was moved against an order of a side, in ticks."""
        return side * (self.with_us - self.without_us)


def middles(market: SimulatedMarket, ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """The middle (ticks) that stood at each time by a market's tape; NaN while a side was empty."""
    from tcakit.simulator.seen_kernel import BEST_ASK, BEST_BID, SEEN, see

    engine = market.market.engine
    ladder = engine.levels.shape[2]
    seen, sizes = np.zeros(SEEN, np.int64), np.zeros((2, ladder), np.int64)
    seen[BEST_BID], seen[BEST_ASK] = -1, ladder
    rows = int(engine.counters[ek.TAPE_ROWS])
    found = np.full(len(ns), np.nan)
    order = np.argsort(ns, kind="stable")
    for at in order.tolist():
        see(engine.tape, rows, int(ns[at]), seen, sizes)
        bid, ask = int(seen[BEST_BID]), int(seen[BEST_ASK])
        if bid >= 0 and ask < ladder:
            found[at] = (bid + ask) / 2 + market.base_tick
    return found


def twin(make: Callable[[], SimulatedMarket], traded: SimulatedMarket, ns: NDArray[np.int64]) -> Twin:
    """Set a market that was traded in against the same one without us; `make` makes it anew, as it was made before."""
    alone = make()
    alone.advance(int(ns.max()))
    return Twin(ns, middles(traded, ns), middles(alone, ns))
