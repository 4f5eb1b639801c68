"""Room for a simulated market: its arrays made longer when a run comes back for that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.simulator import market_layout_kernel as ml
from tcakit.venue import engine_layout_kernel as ek
from tcakit.venue import midpoint_layout_kernel as mp
from tcakit.venue.engine import grown

MOST_ROWS = 200_000_000
"""Rows of the tape from which a market is refused as a flood."""
MOST_DARK = 1 << 17
"""Orders in the dark from which it is: each of them may have to be looked at whenever the middle moves."""


def enlarged(market: ml.Market, status: int, symbol: str) -> ml.Market:
    """The market with twice the room where a status says there was too little; DataError for any other status."""
    if status == ml.BUS_FULL:
        rows, count = market.bus.shape[0], int(market.at[ml.BUS_COUNT])
        spare = np.concatenate([market.spare[: rows - count], np.arange(rows, 2 * rows), np.zeros(count, np.int64)])
        return market._replace(bus=longer(market.bus), heap=longer(market.heap), spare=spare)
    if status == ml.LOG_FULL:
        return market._replace(log=longer(market.log))
    if status == ml.DARK_FULL:
        return market._replace(dark=_larger(market.dark, symbol))
    if status in (ek.BOOK_FULL, ek.TAPE_FULL, ek.REPORTS_FULL):
        if status == ek.TAPE_FULL and market.engine.tape.shape[0] > MOST_ROWS:
            raise DataError(
                f"more than {MOST_ROWS:,} events: the market is flooded",
                place=symbol,
                remedy="lower the rates, or shorten the day",
            )
        engine = grown(market.engine, status)
        slots = engine.orders.shape[0]
        of_slot = market.client_of_slot
        if slots > len(of_slot):
            of_slot = np.concatenate([of_slot, np.full(slots - len(of_slot), -1)])
        return market._replace(engine=engine, client_of_slot=of_slot)
    raise DataError(
        f"the market stopped with status {status}", place=symbol, remedy="lower the volatility, or widen the ladder"
    )


def _larger(dark: mp.Midpoint, symbol: str) -> mp.Midpoint:
    """The dark venue with twice the room for everything."""
    slots, resting = dark.orders.shape[0], int(dark.counters[mp.RESTING])
    if slots >= MOST_DARK:
        raise DataError(
            f"more than {MOST_DARK:,} orders stand in the dark: the venue is flooded",
            place=symbol,
            remedy="lower the rate or the patience of those who come there",
        )
    spare = np.concatenate([dark.spare[: slots - resting], np.arange(slots, 2 * slots), np.zeros(resting, np.int64)])
    return dark._replace(
        orders=longer(dark.orders), spare=spare, prints=longer(dark.prints), reports=longer(dark.reports)
    )


def longer(values: NDArray[np.int64], fill: int = 0) -> NDArray[np.int64]:
    """Twice as many rows, the new ones all of one value."""
    return np.concatenate([values, np.full_like(values, fill)])
