"""Means over orders, to the last bit the same however many threads there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sum_of_products(one: Floats, other: Floats) -> float:
    """Sum of products of two columns.

    Added up by numpy, always in the same order. The libraries of linear algebra that `@` calls share a long column out
    among threads: how many there are shows in the last bits.

    >>> sum_of_products(np.array([1.0, 2.0]), np.array([10.0, 100.0]))
    210.0
    """
    return float(np.sum(one * other))


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Mean of values by their weights, whose sum is above zero.

    >>> weighted_mean(np.array([1.0, 4.0]), np.array([2.0, 1.0]))
    2.0
    """
    return sum_of_products(values, weights) / float(weights.sum())
