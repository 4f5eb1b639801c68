"""Which side took in a trade whose file does not say: the quote test, then the tick test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def lee_ready(price: ArrayLike, mid: ArrayLike) -> NDArray[np.int8]:
    """+1 where the buyer took, -1 where the seller did, 0 where neither can be told, for trades in order of time.

    `price` and `mid` (currency, NaN where no quote stood) are of one length. Above the mid is a buy, below it a sale;
    at it, or without one, the last different price decides (Lee and Ready 1991, without their five seconds of delay,
    which no longer hold).

    >>> lee_ready([10.1, 10.0, 10.0, 9.9], [10.0, 10.0, 10.0, float("nan")]).tolist()
    [1, -1, -1, -1]
    """
    prices, mids = np.asarray(price, dtype=np.float64), np.asarray(mid, dtype=np.float64)
    by_quote = np.nan_to_num(np.sign(prices - mids))
    steps = np.sign(np.diff(prices, prepend=prices[:1]))
    # The last step that was one: its place is carried along.
    place = (
        np.maximum.accumulate(np.where(steps != 0, np.arange(len(steps)), 0)) if len(steps) else np.zeros(0, np.int64)
    )
    by_tick = steps[place]
    return np.where(by_quote != 0, by_quote, by_tick).astype(np.int8)
