"""Where the arrays of a simulated market stand, for kernels that know it by an address."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from tcakit.jit import IS_COMPILED, straight
from tcakit.simulator.market_kernel import run
from tcakit.simulator.market_layout_kernel import Market
from tcakit.simulator.table_kernel import COLUMNS, ROWS, run_at


class MarketTable:
    """The table of `table_kernel` for one market at a time; it never moves, and its market lives as long as it does."""

    __slots__ = ("_market", "_rows", "address")

    def __init__(self) -> None:
        self._rows = np.zeros((ROWS, COLUMNS), np.int64)
        self._market: Market | None = None
        self.address: int = self._rows.ctypes.data

    def run(self, market: Market, until: int) -> int:
        """Let a market run to a time (ns); gives the status of `market_kernel.run`."""
        if not IS_COMPILED:
            return int(run(market, until))
        if market is not self._market:
            self.take(market)
        return _straight_run()(self.address, until)

    def take(self, market: Market) -> None:
        """Write down where the arrays of a market stand."""
        arrays = (*market.engine, *market.flow, *market.feedback, *market[3:])
        self._rows[:] = [(array.ctypes.data, *array.shape, *(1,) * (COLUMNS - 1 - array.ndim)) for array in arrays]
        self._market = market


@cache
def _straight_run() -> Callable[[int, int], int]:
    """run_at, for whole numbers."""
    return straight(run_at, 0, 0)
