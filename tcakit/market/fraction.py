"""Shares of a whole as people write them: 10%, or 0.1."""

from __future__ import annotations

import math

from tcakit.errors import UsageError


def parse_fraction(text: str, place: str, most: float = 1.0) -> float:
    """A fraction above zero, from per cent or a plain number; UsageError beyond `most`: 2 for 2 % is a slip.

    >>> parse_fraction("12.5%", "--participation"), parse_fraction("0.02", "--volatility")
    (0.125, 0.02)
    """
    bare = text.strip()
    try:
        value = float(bare[:-1]) / 100.0 if bare.endswith("%") else float(bare)
    except ValueError:
        value = math.nan
    if not 0.0 < value <= most:
        # 2 for 2 % is the usual slip; more than all is none.
        slipped = most < value <= 100.0 * most and not bare.endswith("%")
        raise UsageError(
            f"{text!r} is no share above 0 and at most {most:.0%}",
            place=place,
            remedy=f"write {bare}% or a fraction" if slipped else "write 10% or 0.1",
        )
    return value
