"""Numbers on their way out: what is not a number is told as missing."""

from __future__ import annotations

import math


def known(number: float | None) -> float | None:
    """The number as a plain float; None where it is missing or not finite.

    >>> known(2), known(float("nan")), known(None)
    (2.0, None, None)
    """
    return None if number is None or not math.isfinite(number) else float(number)
