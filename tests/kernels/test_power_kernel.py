"""Logarithms and powers of our own against exact arithmetic, to the last bit or two."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.jit import jit
from tcakit.replay import power_kernel

SIZES = st.floats(1.0, 1e15) | st.integers(1, 10**12).map(float) | st.integers(10, 10**7).map(lambda n: n / 10)
POWERS = st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.0, -1.0, -2.5, 64.0, 65.0]) | st.floats(-8.0, 20.0)


@jit
def log_of(x):
    return power_kernel.logarithm(x)


@jit
def power_of(x, n):
    return power_kernel.power(x, n)


def ulps(found: float, exact: Decimal) -> float:
    """How far a float is from the truth, in units of its last place."""
    with localcontext() as context:
        context.prec = 60
        return float(abs(Decimal(float(found)) - exact) / Decimal(math.ulp(float(exact))))


def exact_power(x: float, n: float) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return (Decimal(n) * Decimal(x).ln()).exp()


@given(SIZES)
def test_a_logarithm_is_the_rounded_truth(x):
    with localcontext() as context:
        context.prec = 60
        truth = Decimal(x).ln()
    assert ulps(log_of(x), truth) <= 0.51 if x != 1.0 else log_of(x) == 0.0


@given(SIZES | st.floats(1e-6, 1.0), POWERS)
def test_a_power_is_the_truth_but_for_the_last_bit(x, n):
    truth = exact_power(x, n)
    if not Decimal("1e-280") < truth < Decimal("1e280"):
        return
    whole = n == int(n) and 0 < n <= 64
    assert ulps(power_of(x, n), truth) <= (0.51 if whole else 1.6)


@given(st.integers(1, 2000).map(float), st.integers(1, 4))
def test_whole_powers_that_a_float_holds_are_exact(x, n):
    assert power_of(x, float(n)) == float(int(x) ** n)


@pytest.mark.parametrize(
    ("x", "n", "said"),
    [
        (0.0, 2.0, 0.0), (0.0, -1.5, math.inf), (0.0, 0.0, 1.0), (-3.0, 3.0, -27.0), (-2.0, 2.0, 4.0),
        (-2.0, -3.0, -0.125), (-2.0, 0.5, math.nan), (math.nan, 2.0, math.nan), (2.0, math.nan, math.nan),
        (math.nan, 0.0, 1.0), (math.inf, 2.0, math.inf), (math.inf, -0.5, 0.0), (-math.inf, 3.0, -math.inf),
        (-math.inf, 2.0, math.inf), (1e200, 3.0, math.inf), (1e200, -3.0, 0.0), (1e200, 70.5, math.inf),
        (1e-200, 70.5, 0.0), (2.0, 1023.5, 2.0**1023 * math.sqrt(2.0)), (1e-200, -2.0, math.inf),
    ],
)  # fmt: skip
def test_powers_at_the_edges(x, n, said):
    found = float(power_of(x, n))
    assert (math.isnan(found) and math.isnan(said)) or found == pytest.approx(said, rel=1e-15)


@pytest.mark.parametrize(("x", "said"), [(0.0, -math.inf), (-1.0, math.nan), (math.inf, math.inf), (1.0, 0.0)])
def test_logarithms_at_the_edges(x, said):
    assert np.array_equal(float(log_of(x)), said, equal_nan=True)
