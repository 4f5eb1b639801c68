"""Trades whose signs remember for long, and prices that a known propagator makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Day = tuple[NDArray[np.float64], NDArray[np.float64]]


def long_memory_signs(count: int, random: np.random.Generator, tail: float = 1.5) -> NDArray[np.float64]:
    """Hidden orders one after the other, of lengths L with P(L > l) = l^-tail: signs are alike as lag^(1 - tail).

    Lillo, Mike and Farmer (2005), with one order at work at a time.
    """
    lengths = np.floor(random.random(count) ** (-1.0 / tail)).astype(np.int64)
    orders = int(np.searchsorted(np.cumsum(lengths), count)) + 1
    return np.repeat(random.choice([-1.0, 1.0], orders), lengths[:orders])[:count]


def propagated(
    count: int, exponent: float, lag_scale: float, *, level: float = 1.0, noise: float = 1.0, seed: int = 0
) -> Day:
    """Signs, and the moves they make by G(l) = level (1 + l / lag_scale)^-exponent, with noise of their own."""
    from scipy.signal import fftconvolve

    random = np.random.default_rng(seed)
    signs = long_memory_signs(count, random)
    kernel = level * (1.0 + np.arange(1.0, count + 1.0) / lag_scale) ** -exponent
    price = fftconvolve(signs, kernel)[:count]
    return signs, np.diff(price, prepend=0.0) + noise * random.normal(size=count)
