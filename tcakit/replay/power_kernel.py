"""Logarithms and powers that are the same to the last bit on every processor.

Those of the C library take fused multiply-adds where the processor has them, which moves the last bit, and with it now
and then a fill. Here are sums, products and quotients alone, which IEEE 754 rounds in one way only. Where a bit could
be lost its value is kept beside the rounded one, so that nearly all results are the rounded truth.
"""

from __future__ import annotations

import numpy as np

from tcakit.jit import bare_call, bare_part

_HALVES = 134217729.0  # 2**27 + 1: a float times it falls into two halves whose products are exact
_LN2 = 0.6931471805599453
_LN2_HIGH = 0.6931471803691238  # of few enough bits that its product with any exponent is exact
_LN2_LOW = 1.9082149292705877e-10
_SQRT2 = 1.4142135623730951
_MANTISSA = np.int64((1 << 52) - 1)
_BIAS = np.int64(1023)
_WIDTH = np.int64(52)
_LARGEST_EXACT = 1e290  # beyond it the halves overflow
_LARGEST_WHOLE_POWER = 64.0


@bare_part
def _lost(a, b, product):
    """What rounding took from a product."""
    c = _HALVES * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _HALVES * b
    b_high = c - (c - b)
    b_low = b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


@bare_part
def _logarithm(x):
    """The natural logarithm of a positive normal float, and what rounding took from it."""
    bits = np.float64(x).view(np.int64)
    exponent = np.float64((bits >> _WIDTH) - _BIAS)
    m = np.int64((bits & _MANTISSA) | (_BIAS << _WIDTH)).view(np.float64)
    if m > _SQRT2:
        m *= 0.5
        exponent += 1.0
    # log m = 2 (s + s^3 / 3 + s^5 / 5 + ...), with s = (m - 1) / (m + 1) and the rest of that division in `s_low`.
    top, below = m - 1.0, m + 1.0
    s = top / below
    product = s * below
    s_low = (((top - product) - _lost(s, below, product)) - s * (m - (below - 1.0))) / below
    z = s * s
    series = 0.0
    for term in range(12, -1, -1):
        series = series * z + 1.0 / (2.0 * term + 3.0)
    low = 2.0 * s_low + 2.0 * s * z * series
    high = exponent * _LN2_HIGH
    both = high + 2.0 * s
    part = both - high
    low += ((high - (both - part)) + (2.0 * s - part)) + exponent * _LN2_LOW
    rounded = both + low
    return rounded, low - (rounded - both)


@bare_call
def logarithm(x):
    """The natural logarithm of a float (of 1 at least where it must be exact); -inf at zero, NaN below."""
    if x > 0.0 and x < np.inf:
        high, _ = _logarithm(x)
        return np.float64(high)
    if x == 0.0:
        return np.float64(-np.inf)
    return np.float64(x if x > 0.0 else np.nan)


@bare_part
def _whole_power(x, n):
    """x multiplied n times, with what rounding takes kept beside the product."""
    high, low = 1.0, 0.0
    for _ in range(np.int64(n)):
        product = high * x
        if not -_LARGEST_EXACT < product < _LARGEST_EXACT:
            high, low = product, 0.0
            continue
        low = _lost(high, x, product) + low * x
        high = product + low
        low -= high - product
    return high


@bare_part
def _any_power(x, n):
    """The exponential function of n log x, x above zero."""
    high, low = _logarithm(x)
    wanted = n * high
    if wanted > 745.0:
        return np.inf
    if wanted < -708.0:
        return 0.0
    low = _lost(n, high, wanted) + n * low
    twos = np.floor(wanted / _LN2 + 0.5)
    r = ((wanted - twos * _LN2_HIGH) - twos * _LN2_LOW) + low
    series = 1.0
    for term in range(15, 0, -1):
        series = 1.0 + r * series / term
    # In two steps: two to the largest exponent there may be is itself too large.
    half = np.int64(twos) // 2
    first = np.int64((half + _BIAS) << _WIDTH).view(np.float64)
    second = np.int64((np.int64(twos) - half + _BIAS) << _WIDTH).view(np.float64)
    return series * first * second


@bare_call
def power(x, n):
    """x to the n as IEEE 754 has it: NaN for a negative x unless n is whole. Below 1e-307 it is zero."""
    if n == 0.0:
        return np.float64(1.0)
    if x != x or n != n or (x < 0.0 and n != np.floor(n)):
        return np.float64(np.nan)
    size = abs(n)
    if x == 0.0 or x == np.inf or x == -np.inf:
        vanishes = (x == 0.0) == (n > 0.0)
        return np.float64(0.0 if vanishes else np.inf if x >= 0.0 or size % 2.0 == 0.0 else -np.inf)
    if n == np.floor(n) and size <= _LARGEST_WHOLE_POWER:
        found = _whole_power(x, size)
        if n > 0.0:
            return np.float64(found)
        return np.float64(np.inf if found == 0.0 else 1.0 / found)
    found = _any_power(abs(x), n)
    return np.float64(-found if x < 0.0 and size % 2.0 == 1.0 else found)
