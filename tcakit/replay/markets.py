"""Several recorded markets in one clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np

from tcakit.errors import UsageError
from tcakit.jit import IS_COMPILED, address_of, straight
from tcakit.market.instrument import Instrument
from tcakit.replay.entry_kernel import advance_at
from tcakit.replay.recorded_market import RecordedMarket
from tcakit.replay.replay_kernel import advance
from tcakit.replay.together_kernel import advance_together, advance_together_at

M = TypeVar("M")
ORDERS_A_MARKET = 1 << 40
"""Numbers of orders in the k-th market of a run begin at k times this."""


class Markets:
    """Markets that come to every time together: `step` stops all of them where one of them answers.

    Their order is that in which answers of one instant are told. They share a clock.
    """

    def __init__(self, markets: Sequence[RecordedMarket]) -> None:
        self.markets = list(markets)
        self.clock = self.markets[0].clock
        # One more for the number of the market that must grow.
        self._soonest = np.zeros(len(self.markets) + 1, np.int64)
        self._addresses = np.array([market.table.ctypes.data for market in self.markets], np.int64)
        if IS_COMPILED:
            step = address_of(advance_at, "int64", ("int64", "int64"))
            self._call = partial(_straight_kernel(), step, self._addresses.ctypes.data, self._soonest.ctypes.data)

    def step(self, until: int) -> int:
        """Let all markets run to a time (ns), or to the first answer of one of them that reaches a strategy; gives why
        they stopped, a status of `layout_kernel`."""
        if IS_COMPILED:
            return int(self._call(len(self.markets), until))
        pairs = [(market.market, market.state) for market in self.markets]
        return int(advance_together(_plain_step, pairs, self._soonest, until))

    def enlarge(self, status: int) -> None:
        """Make room for what a step came back for: it is to be called again."""
        self.markets[self._soonest[-1]].enlarge(status)

    @property
    def rows(self) -> int:
        """Rows replayed so far."""
        return sum(market.rows for market in self.markets)

    @property
    def is_done(self) -> bool:
        """Whether neither message nor answer is under way."""
        return all(market.is_done for market in self.markets)

    @property
    def last_arrival_ns(self) -> int:
        """When the last message and the last answer sent so far arrive; now if there are none."""
        return max(market.last_arrival_ns for market in self.markets)


def _plain_step(pair: tuple[Any, Any], until: int) -> Any:
    market, state = pair
    return advance(market, state, until)


@cache
def _straight_kernel() -> Any:
    return straight(advance_together_at, 0, 0, 0, 0, 0)


def names_of(instruments: Sequence[Instrument]) -> dict[str, int]:
    """Names of markets and their places: the symbol where it is the only one of that name, and symbol@venue.

    UsageError where two are the same.
    """
    symbols = [instrument.symbol for instrument in instruments]
    names: dict[str, int] = {}
    for place, instrument in enumerate(instruments):
        full = f"{instrument.symbol}@{instrument.venue}"
        if full in names:
            raise UsageError(f"{full} twice in one run", place="markets", remedy="give each market once")
        names[full] = place
        if symbols.count(instrument.symbol) == 1:
            names[instrument.symbol] = place
    return names


def called(name: str, markets: Mapping[str, M]) -> M:
    """What stands under one of the names of `names_of`; UsageError where no market is called so."""
    if name not in markets:
        shortest = {market: each for each, market in markets.items()}
        raise UsageError(
            f"no market {name} in this run", place="market", remedy=f"one of {', '.join(shortest.values())}"
        )
    return markets[name]
