"""Days of a few messages, written down row by row, and simulated ones as the scores read them."""

from __future__ import annotations

import numpy as np

from tcakit.market import codes
from tcakit.market.clock import wall_ns
from tcakit.market.instrument import Instrument
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.simulator.scores.events import BookRows, Events, events_of
from tests.made_days import made_day

DATE = "2026-03-03"
ZONE = "America/New_York"
SECOND = 1_000_000_000
OPEN_NS = wall_ns(DATE, 34_200 * SECOND, ZONE)
INSTRUMENT = Instrument(
    "ALFA", venue="XTST", currency="USD", timezone=ZONE, price_scale=100, tick_size=1,
    session_open_ns=OPEN_NS, session_close_ns=OPEN_NS + 23_400 * SECOND,
)  # fmt: skip
# Seconds after the open, kind, side, price, size, size of the level afterwards, order.
SMALL = (
    (-1.0, codes.SNAPSHOT, 1, 100, 50, 50, 1),
    (-1.0, codes.SNAPSHOT, 1, 98, 20, 20, 2),
    (-1.0, codes.SNAPSHOT, -1, 103, 30, 30, 3),
    (-1.0, codes.SNAPSHOT, -1, 104, 40, 40, 4),
    (0.5, codes.ADD, 1, 101, 10, 10, 5),
    (1.0, codes.ADD, -1, 104, 5, 45, 6),
    (1.0, codes.ADD, 1, 97, 8, 8, 7),
    (1.5, codes.EXECUTE, 1, 101, 4, 6, 5),
    (1.5, codes.EXECUTE, 1, 101, 6, 0, 5),
    (2.0, codes.DELETE, -1, 104, 5, 40, 6),
    (3.25, codes.REDUCE, 1, 97, 3, 5, 7),
    (4.0, codes.PRINT_HIDDEN, 1, 102, 9, -1, 0),
    (5.0, codes.EXECUTE, -1, 103, 30, 0, 3),
    (5.2, codes.ADD, -1, 102, 12, 12, 8),
    (6.0, codes.DELETE, 1, 97, 5, 0, 7),
    (8.0, codes.DELETE, -1, 102, 12, 0, 8),
)


def rows_of(rows: tuple[tuple[float, int, int, int, int, int, int], ...]) -> BookRows:
    """The store's columns of rows written down."""
    columns = list(zip(*rows, strict=True))
    whole = [np.array(column, np.int64) for column in columns[3:]]
    return BookRows(
        OPEN_NS + np.rint(np.array(columns[0]) * SECOND).astype(np.int64),
        np.array(columns[1], np.uint8),
        np.array(columns[2], np.int8),
        *whole,
    )


def small_day(levels: int = 10) -> Events:
    """The day of `SMALL`."""
    return events_of(INSTRUMENT, DATE, rows_of(SMALL), levels=levels)


def simulated(seed: int, events: int = 8_000, like: str = "brvo") -> RecordedDay:
    """A small simulated day."""
    return made_day("ALFA", DATE, seed, events, like)


def events_from(day: RecordedDay, levels: int = 10) -> Events:
    """A simulated day as the scores read it."""
    rows = BookRows(day.ts_ns, day.kind, day.side, day.price, day.size, day.level_size, day.order_id)
    return events_of(day.instrument, day.date, rows, levels=levels)
