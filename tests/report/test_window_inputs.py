"""Sums of prints and integrals of mids over many windows at once are those of each window, taken by itself."""

from __future__ import annotations

from dataclasses import replace

import example
import numpy as np
import polars as pl
import pytest

from tcakit.market.day import MarketDay
from tcakit.report.order_times import MISSING_NS
from tcakit.report.window_inputs import mid_integrals, print_sums


def market(without_ask: int = 10**9, unit: int = 1) -> MarketDay:
    """A day of few rows, every so many quotes without an offer, prices in units so many times as small."""
    day = example.market_day("ACME", 100.0, 3, rows=400)
    ask = np.where(np.arange(400) % without_ask == 0, np.nan, day.ask) if without_ask < 400 else day.ask
    return replace(day, ask=ask, print_price=day.print_price * unit)


def windows(day: MarketDay, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Windows of all lengths in any order, some beyond the day, some without a begin or an end, some backward."""
    random = np.random.default_rng(7)
    first, last = int(day.quote_ns[0]), int(day.quote_ns[-1])
    begin = random.integers(first - 10**9, last, count)
    end = begin + random.choice([-5, 0, 1, 1_000, 10**10, 10**12, 10**13], count)
    begin[::17], end[::13] = MISSING_NS, MISSING_NS
    begin[5], end[5] = day.quote_ns[3], day.quote_ns[9]
    return begin, end


def printed(day: MarketDay, begin: int, end: int) -> tuple[int, ...] | None:
    if MISSING_NS in (begin, end):
        return None
    inside = [place for place, ns in enumerate(day.print_ns.tolist()) if begin <= ns <= end]
    sizes, prices = day.print_size.tolist(), day.print_price.tolist()
    return begin, end, len(inside), sum(sizes[at] for at in inside), sum(sizes[at] * prices[at] for at in inside)


def integral(day: MarketDay, begin: int, end: int) -> tuple[float, ...] | None:
    if MISSING_NS in (begin, end) or end <= begin:
        return None
    base, covered, area = None, 0, 0.0
    times = [*day.quote_ns.tolist(), end]
    for ns, until, bid, ask in zip(times, times[1:], day.bid.tolist(), day.ask.tolist(), strict=False):
        if until > begin and ns < end and np.isfinite(bid + ask):
            mid, stood = (bid + ask) / 2.0, min(until, end) - max(ns, begin)
            base = mid if base is None else base
            covered, area = covered + stood, area + (mid - base) * stood
    return (begin, end, covered, base, area) if base is not None and covered else None


def rows(found: pl.DataFrame) -> list[tuple[float, ...] | None]:
    return [None if row[0] == MISSING_NS else row for row in found.iter_rows()]


def test_sums_of_prints_are_those_of_each_window() -> None:
    day = market()
    begin, end = windows(day)
    forward = np.where(end < begin, begin, end)
    forward[end == MISSING_NS] = MISSING_NS
    expected = [printed(day, *pair) for pair in zip(begin.tolist(), forward.tolist(), strict=True)]
    assert rows(print_sums(day, begin, forward)) == expected
    assert sum(1 for row in expected if row and row[2] > 3) > 20


def test_sums_beyond_64_bits_are_whole_numbers_still() -> None:
    day = market(unit=10**9)
    begin, end = np.array([int(day.print_ns[0])]), np.array([int(day.print_ns[-1])])
    expected = printed(day, int(begin[0]), int(end[0]))
    assert expected is not None
    assert expected[-1] > 2**63
    assert rows(print_sums(day, begin, end)) == [expected]


def test_integrals_of_the_mid_are_those_of_each_window() -> None:
    day = market(without_ask=7)
    begin, end = windows(day)
    found = rows(mid_integrals(day, begin, end))
    expected = [integral(day, *pair) for pair in zip(begin.tolist(), end.tolist(), strict=True)]
    assert [None if row is None else row[:4] for row in found] == [row and row[:4] for row in expected]
    for one, other in zip(found, expected, strict=True):
        if one is not None and other is not None:
            assert one[4] == pytest.approx(other[4], rel=1e-12, abs=1e-11 * other[2])
    assert sum(1 for row in expected if row) > 50
