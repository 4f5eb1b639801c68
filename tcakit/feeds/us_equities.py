"""What all recordings of US shares have in common: prices in 1/10000, the day's hours, the grid of Rule 612."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from tcakit.feeds import grid
from tcakit.feeds.contract import ReaderOptions
from tcakit.market.clock import NS_PER_SECOND, wall_ns
from tcakit.market.instrument import Instrument

PRICE_SCALE = 10_000
CENT = 100
ZONE = "America/New_York"
CONSOLIDATED = "US"  # the venue of what all exchanges show together
_OPEN = (9 * 60 + 30) * 60 * NS_PER_SECOND
_CLOSE = 16 * 3600 * NS_PER_SECOND
_EARLY_CLOSE = 13 * 3600 * NS_PER_SECOND


def closes_early(date: str) -> bool:
    """Whether the exchanges close at 13:00: the day after Thanksgiving, 24 December, and the day before 4 July.

    >>> [closes_early(day) for day in ("2013-11-29", "2013-12-24", "2013-07-03", "2013-10-08")]
    [True, True, True, False]
    """
    day = Date.fromisoformat(date)
    if day.weekday() > 4:
        return False
    if (day.month, day.day) == (12, 24):
        return True
    if (day.month, day.day) == (7, 3):
        # When the fourth is a Saturday, Friday the third is the holiday itself.
        return day.weekday() < 4
    before = day - timedelta(days=1)
    return before.month == 11 and before.weekday() == 3 and 22 <= before.day <= 28


def session(date: str) -> tuple[int, int]:
    """Start and end of regular trading on that date, ns since 1970 UTC."""
    close = _EARLY_CLOSE if closes_early(date) else _CLOSE
    return wall_ns(date, _OPEN, ZONE), wall_ns(date, close, ZONE)


def tick_size(options: ReaderOptions, displayed: NDArray[np.int64]) -> int:
    """The tick in 1/10000: what the user says, else a cent if all displayed prices lie on it, else 1/10000."""
    if options.tick_size is not None:
        return grid.stated(options.tick_size, PRICE_SCALE, "tick_size")
    return CENT if not np.any(displayed % CENT) else 1


def instrument(
    symbol: str, date: str, options: ReaderOptions, displayed: NDArray[np.int64], venue: str = CONSOLIDATED
) -> Instrument:
    """A US share on one trade date; `displayed` are the prices of its quotes, in 1/10000, that show its tick."""
    opens, closes = session(date)
    return Instrument(
        symbol,
        venue=options.venue or venue,
        currency=options.currency or "USD",
        timezone=ZONE,
        price_scale=PRICE_SCALE,
        tick_size=tick_size(options, displayed),
        session_open_ns=opens,
        session_close_ns=closes,
    )
