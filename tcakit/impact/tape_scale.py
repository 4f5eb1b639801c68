"""What a day's flow and moves are measured in: the volume and the volatility of a usual day before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tcakit.errors import DataError
from tcakit.impact.tape import Tape, realised_volatility

DAYS = 20


@dataclass(frozen=True, slots=True)
class TapeScale:
    """Average daily volume in shares and daily volatility as a fraction, from so many `earlier_days`; 0: its own."""

    adv_shares: float
    volatility_daily: float
    earlier_days: int


def days_that_move(tapes: Sequence[Tape]) -> list[Tape]:
    """The days with trades and a price that moves, which have a scale; DataError if there is none."""
    found = [tape for tape in tapes if tape.trade_shares.sum() > 0.0 and realised_volatility(tape) > 0.0]
    if not found:
        raise DataError("no day has trades and a price that moves", remedy="ingest trades and quotes of the session")
    return found


def scales(tapes: Sequence[Tape], days: int = DAYS) -> list[TapeScale]:
    """The scale of each day of one symbol, earliest first, from up to so many days before it.

    Mean of volumes, and root of the mean square of volatilities. The first day has no day before it and is measured by
    itself, which looks ahead within that day. The night is in no volatility. DataError where a day has no trade or its
    price never moves.

    >>> scales([])
    []
    """
    volume = [float(tape.trade_shares.sum()) for tape in tapes]
    variance = [realised_volatility(tape) ** 2 for tape in tapes]
    for tape, shares, squared in zip(tapes, volume, variance, strict=True):
        if not (shares > 0.0 and squared > 0.0):
            what = "no trade" if not shares > 0.0 else "a price that never moves"
            raise DataError(f"{tape.symbol} on {tape.date} has {what}", remedy="leave it out")
    found: list[TapeScale] = []
    for place in range(len(tapes)):
        first = max(0, place - days)
        own = slice(first, place) if place else slice(0, 1)
        found.append(TapeScale(float(np.mean(volume[own])), float(np.sqrt(np.mean(variance[own]))), place - first))
    return found
