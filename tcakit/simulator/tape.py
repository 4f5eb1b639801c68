"""The level-3 log of a simulated market as a day of book events, as a venue would have recorded it."""

from __future__ import annotations

import numpy as np

from tcakit.market import codes
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.recorded_day import RecordedDay, day_of_tape
from tcakit.venue import engine_layout_kernel as ek


def day_of(market: SimulatedMarket, date: str) -> RecordedDay:
    """All that a market's tape says up to now; the orders that stood at its first instant are its opening rows."""
    engine = market.market.engine
    tape = engine.tape[: engine.counters[ek.TAPE_ROWS]]
    first = tape[0, ek.TAPE_TS] if len(tape) else 0
    stood = (tape[:, ek.TAPE_KIND] == codes.ADD) & (tape[:, ek.TAPE_TS] == first)
    opening = int(np.argmin(np.append(stood, False)))
    return day_of_tape(tape, market.instrument, date, market.base_tick, opening)
