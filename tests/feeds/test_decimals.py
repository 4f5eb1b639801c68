"""Exact decimals: the same numbers as Python's decimal, at the smallest scale that holds them."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.feeds.decimals import displayed_decimals, plain_numbers, to_floats, to_integers, without_noise

# Fifteen digits at most: a longer text may be the noise of a double.
numbers = st.decimals(
    min_value=Decimal(-(10**6) + 1), max_value=Decimal(10**6 - 1), places=9, allow_nan=False, allow_infinity=False
)


@given(st.lists(numbers, min_size=1, max_size=20), st.integers(0, 6))
def test_equal_to_pythons_decimal(values: list[Decimal], minimum: int) -> None:
    out = to_integers([pl.Series([format(value, "f") for value in values])], 10**minimum)
    assert [Decimal(stored) / out.scale for stored in out.values[0]] == values
    assert not out.bad[0].any()
    smaller = out.scale // 10
    assert out.scale == 10**minimum or any(value * smaller % 1 for value in values)


@given(st.floats(min_value=1e-9, max_value=1e9).map(repr))
def test_any_spelling_of_a_float_is_read_digit_for_digit(text: str) -> None:
    plain, bad = plain_numbers(pl.Series([text]))
    assert not bad.any()
    assert Decimal(plain[0]) == Decimal(text)


@given(st.integers(1, 10**9), st.integers(0, 6), st.integers(2, 9))
def test_noise_of_arithmetic_comes_off(digits: int, places: int, parts: int) -> None:
    exact = Decimal(digits).scaleb(-places)
    noisy = float(exact) / parts * parts
    assert Decimal(without_noise(pl.Series([format(Decimal(repr(noisy)), "f")]))[0]) == exact


def test_many_true_digits_are_no_noise() -> None:
    words = ["12.345678901234567890", "1.087980031967163", "0.123456789012345678", "12345678901234567"]
    assert without_noise(pl.Series(words)).to_list() == words


@pytest.mark.parametrize("word", ["abc", "1.2.3", "1e", "--1", "1_000", "0x1F", "1,5", "inf", "1e999", "∞", "1 2"])
def test_what_is_no_number_is_bad(word: str) -> None:
    out = to_integers([pl.Series(["1.5", word])])
    assert out.values[0].to_list() == [15, None]
    assert out.bad[0].to_list() == [False, True]


@pytest.mark.parametrize("word", ["", " ", "NaN", "null", "N/A", None])
def test_what_says_nothing_is_missing_and_not_bad(word: str | None) -> None:
    out = to_integers([pl.Series(["2", word], dtype=pl.String)])
    assert out.values[0].to_list() == [2, None]
    assert not out.bad[0].any()


def test_one_absurd_row_does_not_take_the_others_down() -> None:
    out = to_integers([pl.Series(["10.25", "11.50", "99999999999999999999", "0.0000000000000000000001"])], 100)
    assert out.scale == 100
    assert out.values[0].to_list() == [1025, 1150, None, None]
    assert out.bad[0].to_list() == [False, False, True, True]


def test_columns_share_one_scale() -> None:
    out = to_integers([pl.Series(["1.5"]), pl.Series(["1.125"])], 10)
    assert (out.scale, out.values[0][0], out.values[1][0]) == (1000, 1500, 1125)


def test_decimal_comma_and_factor() -> None:
    out = to_integers([pl.Series(["1.234,50", "0,5"])], 1, decimal_comma=True, factor=Decimal("0.01"))
    assert [Decimal(value) / out.scale for value in out.values[0]] == [Decimal("12.3450"), Decimal("0.005")]
    values, bad = to_floats(pl.Series(["1'000,25", "x"]), decimal_comma=True)
    assert values.to_list() == [1000.25, None]
    assert bad.to_list() == [False, True]


def test_displayed_decimals_count_trailing_zeros() -> None:
    assert displayed_decimals(pl.Series(["10.500", "3"])) == 3
    assert displayed_decimals(pl.Series([None], dtype=pl.String)) == 0
