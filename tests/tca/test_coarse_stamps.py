"""Fills stamped in whole seconds or minutes: every figure reckoned by hand over the time that the stamp leaves open."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from acme_market import DATE, SECOND, at, build_day, fill, parent

from tcakit.market.day import MarketDay
from tcakit.tca.clock_offset import inside_by_shift
from tcakit.tca.measure import Measured, measure
from tcakit.tca.stamps import mids_after, quote_bounds, quotes_within

QUOTES = [(0.0, 99.9, 100.1), (10.25, 100.0, 100.1), (10.75, 100.1, 100.3), (11.0, 101.0, 102.0)]
PRINTS = [(9.9, 100.0, 100), (10.5, 100.1, 100), (10.9, 100.3, 300), (11.0, 102.0, 400), (200.0, 102.0, 100)]


@pytest.fixture
def market() -> MarketDay:
    return build_day([*QUOTES, (23_399.0, 101.0, 102.0)], PRINTS)


def measured(market: MarketDay, fills: list[dict[str, Any]], **changes: Any) -> Measured:
    parents = pl.DataFrame([parent(**changes)], infer_schema_length=None)
    return measure(parents, pl.DataFrame(fills, infer_schema_length=None), {("ACME", DATE): market}, run_id="r")


def coarse(name: str, seconds: float, price: float, shares: int = 400, step: int = SECOND, **changes: Any) -> dict:
    return fill(name, seconds, price, shares, ts_resolution_ns=step, **changes)


def test_a_fill_of_one_second_meets_all_that_was_quoted_in_it(market: MarketDay) -> None:
    found = measured(market, [coarse("F1", 10.0, 100.2), coarse("F2", 10.0, 100.31), coarse("F3", 11.0, 100.2)])
    first, second, third = found.fills.to_dicts()
    # A quarter of it 100, a half 100.05, a quarter 100.2; spreads 0.2, 0.1, 0.2.
    assert first["mid_at_fill"] == pytest.approx(100.075, abs=1e-9)
    assert first["quoted_spread"] == pytest.approx(0.15, abs=1e-9)
    assert first["effective_spread"] == pytest.approx(2 * (100.2 - 100.075), abs=1e-9)
    assert first["realised_spread_60s"] == pytest.approx(2 * (100.2 - 101.5), abs=1e-9)
    assert [first["inside_quote"], second["inside_quote"]] == [True, False]
    # The quote that stood just before the second belongs to it: the fill may have been its first event.
    assert (third["inside_quote"], third["mid_at_fill"]) == (True, 101.5)
    horizons = found.markouts.filter(pl.col("fill_id") == "F1")
    markouts = dict(horizons.select("horizon_s", "markout_bps_of_price").rows())
    # From 10.1 s to 11.1 s: 0.15 s at 100, 0.5 at 100.05, 0.25 at 100.2 and 0.1 at 101.5.
    assert markouts[0.1] == pytest.approx((100.225 - 100.2) / 100.2 * 1e4, abs=1e-7)
    assert markouts[0.0] == pytest.approx((100.075 - 100.2) / 100.2 * 1e4, abs=1e-7)
    assert markouts[-1.0] == pytest.approx((100.0 - 100.2) / 100.2 * 1e4, abs=1e-7)
    assert markouts[-60.0] is None


def test_stamps_to_the_nanosecond_are_measured_as_they_were(market: MarketDay) -> None:
    found = measured(market, [fill("F1", 10.0, 100.2, 400), coarse("F2", 10.0, 100.2)])
    exact = found.fills.to_dicts()[0]
    assert (exact["mid_at_fill"], exact["inside_quote"]) == (100.0, False)
    assert exact["quoted_spread"] == pytest.approx(0.2, abs=1e-9)


def test_a_minute_without_a_quote_in_part_of_it(day: MarketDay) -> None:
    # 10 s each of 100, 100.1, 100.2, then none, then 20 s of 100.4.
    minute = quotes_within(day, np.array([at(0)]), np.array([60 * SECOND]))
    assert minute.mid[0] == pytest.approx((1000 + 1001 + 1002 + 2008) / 50, abs=1e-9)
    assert minute.spread[0] == pytest.approx(0.04, abs=1e-9)
    assert (minute.lowest_bid[0], minute.highest_ask[0]) == (99.98, 100.42)
    nothing = quotes_within(day, np.array([at(-61), at(23_401)]), np.array([60 * SECOND] * 2))
    for values in (nothing.mid, nothing.spread, nothing.lowest_bid, nothing.highest_ask):
        assert np.isnan(values).all()
    assert np.isnan(mids_after(day, np.array([at(-61)]), np.array([60 * SECOND]), [120.0])).all()


def test_intervals_run_to_the_end_of_the_last_second(market: MarketDay) -> None:
    bounds = {"arrival_ns": at(9.0), "end_ns": None, "quantity": 400}
    row = measured(market, [coarse("F1", 10.0, 100.2)], **bounds).parents.to_dicts()[0]
    # The print at 10.9 s is in it, that of the next second is not.
    assert row["interval_vwap"] == pytest.approx((100.0 * 100 + 100.1 * 100 + 100.3 * 300) / 500, abs=1e-9)
    assert (row["market_shares"], row["participation"]) == (500.0, 0.8)
    assert row["last_fill_ns"] == at(10.0)
    # One second at 100, then the second of the fill.
    assert row["twap"] == pytest.approx((100.0 + 100.075) / 2, abs=1e-8)
    exact = measured(market, [fill("F1", 10.0, 100.2, 400)], **bounds).parents.to_dicts()[0]
    assert exact["interval_vwap"] == pytest.approx(100.0, abs=1e-12)


def test_a_second_that_the_recording_covers_in_part_is_measured_to_its_end() -> None:
    market = build_day(QUOTES[:3], PRINTS[:3])
    row = measured(market, [coarse("F1", 10.0, 100.2)], arrival_ns=at(9.0)).parents.to_dicts()[0]
    assert row["market_shares"] == 500.0


def test_a_fill_of_the_second_in_which_the_order_arrived_is_not_before_it(market: MarketDay) -> None:
    late = {"arrival_ns": at(10.6), "end_ns": at(60.0)}
    assert "outside" not in (measured(market, [coarse("F1", 10.0, 100.2)], **late).parents["notes"][0] or "")
    assert "outside" in measured(market, [coarse("F1", 9.0, 100.2)], **late).parents["notes"][0]
    assert "outside" in measured(market, [fill("F1", 10.0, 100.2, 400)], **late).parents["notes"][0]


def test_the_run_says_how_coarse_its_stamps_are(market: MarketDay) -> None:
    fills = [coarse("F1", 10.0, 100.2, 200), coarse("F2", 0.0, 100.0, 200, 60 * SECOND)]
    notes = measured(market, fills, arrival_resolution_ns=SECOND).notes
    assert [note.split(":")[0] for note in notes] == [
        "stamps of 1 fills are whole seconds",
        "stamps of 1 fills are whole minutes",
        "stamps of 1 arrivals are whole seconds",
    ]
    assert measured(market, [fill("F1", 10.0, 100.2, 400)]).notes == ()


def test_bounds_against_a_plain_loop() -> None:
    random = np.random.default_rng(7)
    for _ in range(30):
        count = int(random.integers(1, 12))
        times = np.sort(random.choice(60, count, replace=False)).astype(float)
        bids = np.where(random.random(count) < 0.2, np.nan, random.integers(90, 100, count).astype(float))
        market = build_day([(t, b, b + 1.0) for t, b in zip(times, bids, strict=True)])
        start = random.integers(-3, 62, 20)
        length = random.integers(1, 9, 20)
        begins = np.array([at(float(t)) for t in start])
        low, high = quote_bounds(market, begins, begins + length * SECOND)
        for place, (begin, size) in enumerate(zip(start, length, strict=True)):
            before = [b for t, b in zip(times, bids, strict=True) if t < begin][-1:]
            held = before + [b for t, b in zip(times, bids, strict=True) if begin <= t < begin + size]
            known = [value for value in held if not np.isnan(value)]
            assert low[place] == (min(known) if known else pytest.approx(np.nan, nan_ok=True))
            assert high[place] == (max(known) + 1.0 if known else pytest.approx(np.nan, nan_ok=True))


def test_a_clock_is_not_found_late_because_its_seconds_are_whole(market: MarketDay) -> None:
    shifts = np.array([-SECOND, 0, SECOND])
    stamp, price = np.array([at(10.0)]), np.array([100.2])
    exact = inside_by_shift(market, stamp, price, shifts)
    whole = inside_by_shift(market, stamp, price, shifts, np.array([SECOND]))
    # At 11 s 101 to 102 is quoted; the second that begins there also met the quote before it.
    assert (exact[:, 0].tolist(), whole[:, 0].tolist()) == ([False, False, False], [False, True, True])
