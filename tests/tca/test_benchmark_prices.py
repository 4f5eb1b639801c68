"""As-of quotes, VWAP, TWAP and the other benchmarks, against slow plain sums."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from acme_market import CLOSE, OPEN, at, build_day
from hypothesis import given
from hypothesis import strategies as st

from tcakit.errors import DataError
from tcakit.market.day import MarketDay
from tcakit.tca.benchmarks import (
    close_mid,
    cost_bps,
    interval_shares,
    interval_vwap,
    participation_weighted_price,
    relative_performance,
    twap,
    vwap_without_own,
)
from tcakit.tca.markouts import markout_bps, markouts
from tcakit.tca.quotes import first_mid, mid_at, mid_before, quoted_span, quotes_at, recorded_span
from tcakit.tca.spreads import effective_over_quoted, price_improvement


def test_a_quote_holds_from_its_own_instant(day: MarketDay) -> None:
    instants = [at(10) - 1, at(10), at(10) + 1]
    assert mid_at(day, instants).tolist() == pytest.approx([100.0, 100.1, 100.1])
    assert mid_before(day, instants).tolist() == pytest.approx([100.0, 100.0, 100.1])


def test_the_last_of_several_quotes_at_one_time_counts() -> None:
    market = build_day([(0, 10.0, 10.2), (1, 11.0, 11.2), (1, 12.0, 12.2), (2, 13.0, 13.2)])
    assert float(mid_at(market, at(1))) == pytest.approx(12.1)
    assert float(mid_before(market, at(1))) == pytest.approx(10.1)


def test_an_empty_side_is_not_bridged(day: MarketDay) -> None:
    assert math.isnan(mid_at(day, at(35)))
    bid, ask = quotes_at(day, at(35))
    assert math.isnan(bid)
    assert float(ask) == pytest.approx(100.30)


def test_nothing_is_carried_beyond_session_or_recording() -> None:
    market = build_day([(-100, 9.0, 9.2), (5, 10.0, 10.2), (300, 11.0, 11.2)], [(400, 10.0, 1)])
    assert recorded_span(market) == (at(-100), at(400))
    assert quoted_span(market) == (OPEN, at(400))
    found = mid_at(market, [at(-50), at(0), at(400), at(401), CLOSE, CLOSE + 1])
    assert found.tolist() == pytest.approx([np.nan, 9.1, 11.1, np.nan, np.nan, np.nan], nan_ok=True)
    assert math.isnan(close_mid(market))


def test_a_recording_that_stops_within_a_minute_of_the_close_reaches_it(day: MarketDay) -> None:
    assert recorded_span(day) == (OPEN, CLOSE)
    assert close_mid(day) == pytest.approx(101.05)
    assert math.isnan(mid_at(day, CLOSE + 1))
    without_session = build_day([(0, 10.0, 10.2), (5, 11.0, 11.2)], session=False)
    assert math.isnan(close_mid(without_session))
    assert math.isnan(mid_at(without_session, at(6)))


def test_a_day_without_rows_has_no_prices() -> None:
    empty = build_day([])
    assert recorded_span(empty) is None
    assert first_mid(empty) is None
    assert math.isnan(mid_at(empty, at(1)))
    assert math.isnan(interval_vwap(empty, at(0), at(1)))
    assert math.isnan(interval_shares(empty, at(0), at(1)))
    assert np.isnan(twap(empty, at(0), at(1))[0]).all()


def test_first_mid_skips_one_sided_quotes() -> None:
    nan = float("nan")
    market = build_day([*((n / 1000, nan, 10.0) for n in range(3_000)), (4, 9.8, 10.0)])
    assert first_mid(market) == (at(4), pytest.approx(9.9))


prints = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 10**7), st.integers(1, 10**6)), min_size=1, max_size=40)


@given(prints, st.integers(-5, 65), st.integers(0, 70), st.sampled_from([(10_000, 1), (10**8, 10**8)]))
def test_vwap_is_the_exact_ratio_of_sums(
    rows: list[tuple[int, int, int]], start: int, length: int, scales: tuple[int, int]
) -> None:
    price_scale, size_scale = scales
    rows = sorted(rows)
    market = build_day(
        [(0, 1.0, 2.0)],
        [(second, price, size) for second, price, size in rows],
        price_scale=price_scale,
        size_scale=size_scale,
    )
    inside = [(price, size) for second, price, size in rows if start <= second <= start + length]
    volume = sum(size for _, size in inside)
    found = float(interval_vwap(market, at(start), at(start + length)))
    assert float(interval_shares(market, at(start), at(start + length))) == volume
    if volume:
        exact = Fraction(sum(price * size for price, size in inside), volume)
        assert found == pytest.approx(float(exact), rel=1e-14)
    else:
        assert math.isnan(found)


def test_vwap_windows_are_closed_and_counted_together(day: MarketDay) -> None:
    starts, ends = [at(12), at(12) + 1, at(30)], [at(15), at(25), at(40)]
    vwaps = interval_vwap(day, starts, ends).tolist()
    assert vwaps == pytest.approx([(300 * 100.12 + 100 * 100.10) / 400, (10_010 + 50_100) / 600, np.nan], nan_ok=True)
    assert interval_shares(day, starts, ends).tolist() == [400.0, 600.0, 0.0]


@given(st.floats(1, 100), st.floats(1, 100), st.floats(0, 0.99))
def test_own_prints_hide_part_of_the_slippage(others: float, own: float, fraction: float) -> None:
    """P - VWAP = (1 - own share)(P - VWAP of the others)."""
    vwap = fraction * own + (1 - fraction) * others
    assert own - vwap == pytest.approx((1 - fraction) * (own - others), abs=1e-9)
    assert vwap_without_own(vwap, own, fraction) == pytest.approx(others, rel=1e-9)
    assert math.isnan(vwap_without_own(vwap, own, 1.0))


@given(
    st.lists(st.tuples(st.integers(0, 100), st.one_of(st.none(), st.integers(1, 1_000))), min_size=1, max_size=20),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_twap_is_the_time_integral_of_the_mid(rows: list[tuple[int, int | None]], one: int, other: int) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    nan = float("nan")
    market = build_day(
        [
            *((second, nan if mid is None else mid - 0.5, (mid or 0) + 0.5) for second, mid in rows),
            (100, 1, 2),
        ]
    )
    start, end = min(one, other), max(one, other)
    found, fraction = (float(part) for part in twap(market, at(start), at(end)))
    standing = mid_at(market, [at(second) for second in range(start, end)])
    known = standing[np.isfinite(standing)]
    if end == start:
        assert found == pytest.approx(float(mid_at(market, at(start))), nan_ok=True)
    elif known.size:
        assert found == pytest.approx(known.mean(), rel=1e-12)
        assert fraction == pytest.approx(known.size / (end - start))
    else:
        assert math.isnan(found)
        assert fraction == 0.0


def test_participation_weighted_price_stops_in_the_middle_of_a_print(day: MarketDay) -> None:
    # 50 shares at a tenth: the first 500 shares from 12 s on.
    expected = (300 * 100.12 + 100 * 100.10 + 100 * 100.20) / 500
    assert participation_weighted_price(day, at(12), 50, 0.1) == pytest.approx(expected, rel=1e-12)
    within = participation_weighted_price(day, at(12), 50, 0.5, side=1, limit_price=100.10)
    assert within == pytest.approx(100.10)
    sell = participation_weighted_price(day, at(12), 300, 0.5, side=-1, limit_price=100.20)
    assert sell == pytest.approx((500 * 100.20 + 100 * 100.40) / 600)
    assert math.isnan(participation_weighted_price(day, at(12), 10_000, 0.1))
    with pytest.raises(DataError, match="out of range"):
        participation_weighted_price(day, at(12), 50, 0.0)


def test_relative_performance_counts_ties_half_by_volume_only() -> None:
    prices, sizes = [10.0, 11.0, 12.0], [100, 200, 700]
    assert relative_performance(1, 11.0, prices, sizes) == pytest.approx(0.8)
    assert relative_performance(-1, 11.0, prices, sizes) == pytest.approx(0.2)
    assert relative_performance(1, 11.0, prices, sizes, method="trades-and-volume") == pytest.approx((1 / 3 + 0.7) / 2)
    assert math.isnan(relative_performance(1, 11.0, [], []))
    with pytest.raises(DataError, match="side 0"):
        relative_performance(0, 11.0, prices, sizes)
    with pytest.raises(DataError, match="no method"):
        relative_performance(1, 11.0, prices, sizes, method="best")


def test_signs_of_costs_and_markouts() -> None:
    assert cost_bps([1, -1], [101.0, 101.0], 100.0).tolist() == pytest.approx([100.0, -100.0])
    assert markout_bps([1, -1], [100.0, 100.0], 101.0).tolist() == pytest.approx([100.0, -100.0])
    assert np.isnan(cost_bps(1, 1.0, 0.0))
    assert np.isnan(markout_bps(1, 0.0, 1.0))


def test_markouts_of_a_fill_after_the_close_are_unknown(day: MarketDay) -> None:
    found = markouts(day, [CLOSE - 1, CLOSE + 1], [1, 1], [101.05, 101.05], (-0.5, 0.0, 1.0))
    assert found[0].tolist() == pytest.approx([0.0, 0.0, np.nan], abs=1e-9, nan_ok=True)
    assert np.isnan(found[1]).all()


def test_price_improvement_and_effective_over_quoted() -> None:
    assert price_improvement([1, -1], 10.01, 10.00, 10.04).tolist() == pytest.approx([0.03, 0.01])
    assert effective_over_quoted([0.02, np.nan], [0.04, 0.04], [1, 1]) == pytest.approx(0.5)
    assert math.isnan(effective_over_quoted([np.nan], [0.04], [1]))
