"""The level-3 log of a simulated market as a day of book events, as a venue would have recorded it."""

from __future__ import annotations

import numpy as np

from tcakit.market import codes
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.simulated_day import SimulatedDay
from tcakit.venue import engine_layout_kernel as ek


def day_of(market: SimulatedMarket, date: str) -> SimulatedDay:
    """All that a market's tape says up to now; owners stay with the market.

    The orders that stood before the first instant after the opening's are its opening rows.
    """
    engine, tick = market.market.engine, market.instrument.tick_size
    tape = engine.tape[: engine.counters[ek.TAPE_ROWS]]
    level, part = tape[:, ek.TAPE_LEVEL], tape[:, ek.TAPE_PART]
    priced = level >= 0
    price = np.where(priced, (level + market.base_tick) * tick + part * tick // 100, 0)
    kind = tape[:, ek.TAPE_KIND].astype(np.uint8)
    stood = kind == codes.ADD
    first = tape[0, ek.TAPE_TS] if len(tape) else 0
    opening = int(np.argmin(np.append(stood & (tape[:, ek.TAPE_TS] == first), False)))
    return SimulatedDay(
        instrument=market.instrument,
        date=date,
        opening_rows=opening,
        ts_ns=tape[:, ek.TAPE_TS].copy(),
        kind=kind,
        side=tape[:, ek.TAPE_SIDE].astype(np.int8),
        price=price,
        size=tape[:, ek.TAPE_SIZE].copy(),
        level_size=tape[:, ek.TAPE_LEVEL_SIZE].copy(),
        order_id=tape[:, ek.TAPE_ORDER_ID].copy(),
        seq=np.arange(len(tape), dtype=np.int64),
    )
