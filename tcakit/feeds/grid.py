"""The smallest price step of a market, from the prices that a file shows."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import numpy as np
import polars as pl

from tcakit.errors import UsageError

_ENOUGH_PRICES = 20
_ON_GRID = 0.9
_LARGEST = np.iinfo(np.int64).max


def stated(text: str, scale: int, name: str) -> int:
    """A step given by the user as decimal text, in stored units; UsageError if the scale cannot hold it."""
    try:
        exact = Decimal(text) * scale
        if exact <= 0 or exact != int(exact):
            raise InvalidOperation
    except (InvalidOperation, OverflowError, ValueError):
        raise UsageError(
            f"{text!r} is no step of a price or size in units of 1/{scale}",
            place=f"--{name.replace('_', '-')}",
            remedy="write a decimal above zero, e.g. 0.01",
        ) from None
    return int(exact)


def inferred_tick(prices: pl.Series, scale: int, displayed_decimals: int, displayed: bool) -> int:
    """The tick in stored units: the greatest common divisor of displayed prices.

    Prints may lie off the grid (midpoints), so for trades (`displayed` False) it is the coarsest of the usual
    steps (1, 2, 2.5, 5 x 10**k) that nine prints in ten lie on. Fewer than 20 distinct prices prove no step:
    then it is never coarser than the last decimal written, since a tick too fine does no harm and one too
    coarse loses prices.

    >>> inferred_tick(pl.Series(range(100_000, 103_000, 100)), 10_000, 2, True)
    100
    """
    counts = prices.drop_nulls().value_counts()
    if counts.is_empty():
        return 1
    distinct = counts[:, 0].to_numpy()
    weight = counts[:, 1].to_numpy()
    tick = int(np.gcd.reduce(distinct))
    if not displayed:
        total = weight.sum()
        for step in _usual_steps(scale):
            if step <= tick:
                break
            if weight[distinct % step == 0].sum() >= _ON_GRID * total:
                tick = step
                break
    if len(distinct) < _ENOUGH_PRICES:
        written = max(scale // 10**displayed_decimals, 1)
        tick = int(np.gcd(tick, written))
    return max(tick, 1)


def _usual_steps(scale: int) -> list[int]:
    """Usual price steps in stored units from 100 down to the finest, coarsest first, as far as int64 holds them."""
    steps = set()
    power = 100 * scale
    while power >= 1:
        steps.add(power)
        steps.update(power * part // 20 for part in (4, 5, 10) if power * part % 20 == 0)
        power = power // 10 if power % 10 == 0 else 0
    return sorted((step for step in steps if step <= _LARGEST), reverse=True)
