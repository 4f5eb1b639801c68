"""Where the arrays of a simulated market stand, for kernels that know it by an address."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tcakit.jit import IS_COMPILED, TABLE_COLUMNS, address_of, straight
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.flow_layout_kernel import Feedback, Flow
from tcakit.simulator.market_layout_kernel import Market
from tcakit.simulator.table_kernel import (
    arrival_at,
    background_at,
    calendar_at,
    dark_arrival_at,
    dark_crossing_at,
    dark_proposal_at,
    people_at,
    run_at,
)
from tcakit.venue.engine_layout_kernel import Engine
from tcakit.venue.midpoint_layout_kernel import Midpoint

_TUPLES = (Engine, Flow, Feedback, Midpoint)
_ROWS = sum(len(each._fields) for each in _TUPLES) + len(Market._fields) - len(_TUPLES)


class MarketTable:
    """The table of `table_kernel` for one market at a time; it never moves, and its market lives as long as it does."""

    __slots__ = ("_market", "_rows", "address")

    def __init__(self) -> None:
        self._rows = np.zeros((_ROWS, TABLE_COLUMNS), np.int64)
        self._market: Market | None = None
        self.address: int = self._rows.ctypes.data

    def run(self, market: Market, until: int) -> int:
        """Let a market run to a time (ns); gives the status of `market_kernel.run`."""
        if not IS_COMPILED:
            return int(run_at(market, until))
        if market is not self._market:
            self.take(market)
        return _straight_run()(self.address, until)

    def take(self, market: Market) -> None:
        """Write down where the arrays of a market stand."""
        arrays = (*market.engine, *market.flow, *market.feedback, *market.dark, *market[len(_TUPLES) :])
        self._rows[:] = [
            (array.ctypes.data, *array.shape, *(1,) * (TABLE_COLUMNS - 1 - array.ndim)) for array in arrays
        ]
        self._market = market


@cache
def steps() -> Any:
    """What `Market.steps` is: where the code of the sources stands; as plain Python, the sources themselves."""
    order = {
        ml.BACKGROUND: background_at,
        ml.PEOPLE: people_at,
        ml.ARRIVAL: arrival_at,
        ml.CALENDAR: calendar_at,
        ml.DARK_FLOW: dark_proposal_at,
        ml.DARK_ARRIVAL: dark_arrival_at,
        ml.DARK_CROSSING: dark_crossing_at,
    }
    found = [address_of(order[place], "int64", ("int64", "int64")) for place in range(ml.STEPS)]
    return np.array(found, np.int64) if IS_COMPILED else tuple(found)


@cache
def _straight_run() -> Callable[[int, int], int]:
    """run_at, for whole numbers."""
    return straight(run_at, 0, 0)
