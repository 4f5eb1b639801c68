"""Draws by counter against Python's whole numbers, which know nothing of 64 bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.tca import draws_kernel

SEEDS = st.integers(0, 2**64 - 1)
SIZES = st.lists(st.integers(1, 5) | st.just(513), min_size=1, max_size=6)


def mixed(word):
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


def numbers(seed, draw):
    """The numbers of a draw, one after the other."""
    golden = 0x9E3779B97F4A7C15
    key = mixed((mixed((seed + golden) % 2**64) + (draw + 1) * golden) % 2**64)
    position = 0
    while True:
        position += 1
        yield mixed((key + position * golden) % 2**64)


def place(word, count):
    return (word >> 32) * count >> 32


def called(kernel, *arguments):
    # As plain Python the kernel is told of sums beyond 64 bits, which it is made for.
    with np.errstate(over="ignore"):
        kernel(*arguments)


def test_the_hash_is_the_published_one() -> None:
    """The first numbers of SplitMix64 from seed 1234567, as its reference implementation prints them."""
    first = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    golden = 0x9E3779B97F4A7C15
    assert [mixed((1234567 + (at + 1) * golden) % 2**64) for at in range(3)] == first


@given(SEEDS, st.integers(1, 30), st.integers(0, 40) | st.sampled_from([512, 513, 600]), st.sampled_from([4, 8, 28]))
def test_rows_are_those_of_the_plain_numbers(seed, count, size, width):
    columns = np.arange(count * width, dtype=np.float64).reshape(count, width) ** 2
    sums = np.zeros((4, width))
    called(draws_kernel.sum_rows, columns, size, np.uint64(seed), sums)
    for draw in range(4):
        stream = numbers(seed, draw)
        rows = [place(next(stream), count) for _ in range(size)]
        assert sums[draw].tolist() == [sum(columns[row, at] for row in rows) for at in range(width)]


@given(SEEDS, SIZES)
def test_days_are_drawn_and_then_rows_within_them(seed, sizes):
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    columns = np.repeat(np.arange(starts[-1], dtype=np.float64)[:, None] ** 2, draws_kernel.ABREAST, axis=1)
    sums = np.zeros((3, draws_kernel.ABREAST))
    called(draws_kernel.sum_days, columns, starts, np.uint64(seed), sums)
    for draw in range(3):
        stream, total = numbers(seed, draw), 0.0
        for _ in sizes:
            day = place(next(stream), len(sizes))
            total += sum(columns[starts[day] + place(next(stream), sizes[day]), 0] for _ in range(sizes[day]))
        assert sums[draw].tolist() == [total] * draws_kernel.ABREAST


@given(SEEDS, st.lists(st.integers(-9, 9), max_size=12))
def test_signs_are_the_first_bits(seed, values):
    sums = np.zeros(3)
    called(draws_kernel.sum_signed, np.array(values, np.float64), np.uint64(seed), sums)
    for draw in range(3):
        stream = numbers(seed, draw)
        assert sums[draw] == sum(-value if next(stream) >> 63 else value for value in values)


def test_every_row_is_drawn_as_often_as_the_others():
    """Chi-square over all rows, and of rows in pairs: neighbours in a draw, and the same place in two draws."""
    count, draws = 8, 2_000
    columns = np.eye(count)
    sums = np.zeros((draws, count))
    called(draws_kernel.sum_rows, columns, 10, np.uint64(0), sums)
    seen = sums.sum(axis=0)
    expected = draws * 10 / count
    assert ((seen - expected) ** 2 / expected).sum() < 26  # 99.95 % of chi-square with 7 degrees of freedom
    # Counts of a multinomial draw: each has variance 10 x 1/8 x 7/8, each two have covariance -10 / 64.
    spread = np.cov(sums.T)
    assert np.diag(spread) == pytest.approx(np.full(count, 10 * 7 / 64), rel=0.15)
    assert spread[np.triu_indices(count, 1)].mean() == pytest.approx(-10 / 64, rel=0.05)
