"""Fill curves: their figures against counts made by hand and scipy's, their intervals, and orders that make none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.fill_curves import adverse_selection, fill_probability, fill_probability_by_time, time_to_fill
from tcakit.replay.fill_statistics import mean, product_limit, share
from tcakit.replay.what_if import WhatIf, sample_orders

LOT = 10
BUY, SELL, SET, PRINT = codes.BUY, codes.SELL, codes.SET, codes.PRINT
# A book at 100 x 102, a print that sweeps the bid, then a book at 99 x 101.
ROWS = [
    (0, SET, BUY, 100, 50), (0, SET, BUY, 99, 70), (0, SET, SELL, 102, 40),
    (1_000, PRINT, BUY, 100, 60), (1_000, SET, BUY, 100, 0), (1_000, SET, SELL, 101, 30),
    (9_000, SET, SELL, 103, 10),
]  # fmt: skip


def feed() -> Feed:
    ns, kind, side, price, size = (np.array(values) for values in zip(*ROWS, strict=True))
    acme = Instrument("ACME", price_scale=1, tick_size=1, lot_size=LOT)
    book = {"ts_ns": ns, "kind": kind, "side": side, "price": price, "size": size}
    return feed_from_columns(acme, feed_columns(acme, book | {"level_size": np.where(kind == SET, size, -1)}))


def test_orders_stand_on_a_grid_at_the_touch_and_behind() -> None:
    orders = sample_orders(feed(), 500, 2, LOT, 300, end_ns=1_000)
    assert orders.select("arrival_ns", "side", "tick").rows() == [
        *((ns, side, tick) for ns in (0, 500) for side, tick in ((1, 100), (-1, 102), (1, 99), (-1, 103))),
        *((1_000, side, tick) for side, tick in ((1, 99), (-1, 101), (1, 98), (-1, 102))),
    ]
    assert orders.select("quantity", "horizon_ns").unique().rows() == [(LOT, 300)]
    assert sample_orders(feed(), 500, 2, LOT, 300, start_ns=-5_000, end_ns=-1).is_empty()


def test_the_frame_says_what_was_filled_and_why() -> None:
    orders = pl.DataFrame(
        {
            "arrival_ns": [500] * 5, "side": [1, 1, -1, 1, 1], "tick": [100, 101, 101, 102, 9_999_999],
            "quantity": [20, 20, LOT, LOT, LOT], "horizon_ns": [500, 499, 10_000, 500, 500],
        }
    )  # fmt: skip
    priced = WhatIf(feed()).price(orders)
    wanted = ("spread_ticks", "ticks_behind", "ahead", "first_fill_ns", "complete_ns", "filled", "reason", "end_ns")
    assert priced.select(wanted).rows() == [
        (2, 0, 50, 1_000, None, 10, "queue reached", 1_000),
        (2, -1, 0, None, None, 0, "", 999),
        (2, -1, 0, None, None, 0, "", 9_000),
        (2, -2, None, None, None, 0, "would cross", 1_000),
        (2, 100 - 9_999_999, None, None, None, 0, "outside the price grid", 1_000),
    ]
    assert priced.columns[:5] == orders.columns


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"side": 0}, "row 0"),
        ({"quantity": LOT + 1}, f"multiple of {LOT}"),
        ({"quantity": 0}, f"multiple of {LOT}"),
        ({"horizon_ns": -1}, "horizon"),
        ({"arrival_ns": 2**63 - 1}, "arrival"),
        ({"tick": 1.5}, "whole numbers"),
        ({"tick": None}, "whole numbers"),
    ],
)
def test_what_makes_no_order_is_told(change: dict[str, object], said: str) -> None:
    order: dict[str, object] = {"arrival_ns": 1, "side": 1, "tick": 100, "quantity": LOT, "horizon_ns": 5}
    with pytest.raises(UsageError, match=said):
        WhatIf(feed()).price(pl.DataFrame([order | change]))
    with pytest.raises(UsageError, match="no column side"):
        WhatIf(feed()).price(pl.DataFrame([order]).drop("side"))
    with pytest.raises(UsageError, match="level-3"):
        WhatIf(feed()).price(pl.DataFrame([order]), codes.FIFO)


@pytest.mark.parametrize("wrong", [{"every_ns": 0}, {"levels": 0}, {"quantity": 7}, {"horizon_ns": -1}])
def test_a_grid_of_no_orders_is_told(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="above zero"):
        sample_orders(feed(), **({"every_ns": 1, "levels": 1, "quantity": LOT, "horizon_ns": 1} | wrong))


# --- statistics -------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60))
def test_the_survival_curve_is_the_one_of_scipy(seen: list[tuple[int, bool]]) -> None:
    duration, event = np.array([at for at, _ in seen], np.int64), np.array([was for _, was in seen])
    curve = product_limit(duration, event, np.arange(len(seen)))
    times = np.arange(int(duration.max()) + 1)
    survival, low, high = curve.at(times)
    theirs = stats.ecdf(stats.CensoredData.right_censored(duration, ~event)).sf
    assert survival == pytest.approx(theirs.evaluate(times))
    known = np.isfinite(low)
    assert (low[known] <= survival[known]).all()
    assert (survival[known] <= high[known]).all()
    assert np.isnan(curve.at(times[-1:] + 1)[0]).all()


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")
def test_independent_orders_have_the_intervals_of_the_books() -> None:
    draw = np.random.default_rng(5)
    event_at, cut_at = draw.integers(0, 60, 4_000), draw.integers(0, 90, 4_000)
    duration, event = np.minimum(event_at, cut_at), event_at <= cut_at
    each = np.arange(4_000)
    theirs = stats.ecdf(stats.CensoredData.right_censored(duration, ~event)).sf.confidence_interval(method="log-log")
    _, low, high = product_limit(duration, event, each).at(np.array([5, 20, 40]))
    assert low == pytest.approx(theirs.low.evaluate([5, 20, 40]), abs=2e-3)
    assert high == pytest.approx(theirs.high.evaluate([5, 20, 40]), abs=2e-3)
    wilson = stats.binomtest(int(event.sum()), 4_000).proportion_ci(method="wilson")
    assert share(event, each)[1:] == pytest.approx((wilson.low, wilson.high), abs=1e-4)
    values = draw.normal(size=4_000)
    assert mean(values, each)[1:] == pytest.approx(stats.t.interval(0.95, 3_999, values.mean(), stats.sem(values)))


def test_orders_that_share_a_market_count_once() -> None:
    draw = np.random.default_rng(6)
    duration, event, each = draw.integers(1, 50, 500), draw.random(500) < 0.6, np.arange(500)
    many = [np.repeat(column, 20) for column in (duration, event, each)]
    alone, together = product_limit(duration, event, each), product_limit(*many)
    times = np.array([10, 30])
    assert np.concatenate(together.at(times)) == pytest.approx(np.concatenate(alone.at(times)), abs=1e-2)
    assert together.quantile(0.25) == pytest.approx(alone.quantile(0.25), abs=3)
    assert share(many[1], many[2]) == pytest.approx(share(event, each), abs=1e-2)
    assert mean(many[0] / 1.0, many[2]) == pytest.approx(mean(duration / 1.0, each))


def test_the_interval_of_overlapping_orders_holds_the_truth_as_often_as_it_says() -> None:
    """Orders of a cluster share their fate but for a few; as independent ones they would miss far more often."""
    draw = np.random.default_rng(7)
    cluster, inside, naive = np.repeat(np.arange(60), 25), 0, 0
    for _ in range(400):
        fate = np.repeat(draw.random(60) < 0.3, 25)
        hit = np.where(draw.random(len(fate)) < 0.8, fate, draw.random(len(fate)) < 0.3)
        low, high = share(hit, cluster)[1:]
        inside += low <= 0.3 <= high
        low, high = share(hit, np.arange(len(hit)))[1:]
        naive += low <= 0.3 <= high
    assert inside > 360
    assert naive < 200


def test_nothing_and_one_cluster_have_no_interval() -> None:
    assert np.isnan(share(np.zeros(0, bool), np.zeros(0, np.int64))).all()
    assert np.isnan(mean(np.zeros(0), np.zeros(0, np.int64))).all()
    p, low, _ = share(np.array([True, False]), np.zeros(2, np.int64))
    assert p == 0.5
    assert np.isnan(low)


# --- curves -------------------------------------------------------------------------------------------------


def priced() -> pl.DataFrame:
    """Ten orders, 100 ns apart, that rest 50 ns; of the last the recording ends after 20."""
    arrival = np.arange(10) * 1_000
    return pl.DataFrame(
        {
            "arrival_ns": arrival, "side": [1, -1] * 5, "horizon_ns": [50] * 10,
            "ahead": [0, 0, 0, 0, 9, 9, 9, 9, None, 9],
            "first_fill_ns": [5, 1_010, 2_010, None, 4_020, None, None, None, None, None],
            "complete_ns": [10, 1_010, None, None, 4_040, None, None, None, None, None],
            "end_ns": [*(arrival[:9] + 50), 9_020],
        }
    )  # fmt: skip


def test_the_share_filled_is_of_orders_that_could_be_seen_to_the_end() -> None:
    frame = fill_probability(priced(), "ahead")
    assert frame.select("at_least", "below", "orders", "filled", "probability").rows() == [
        (0.0, 9.0, 4, 2, 0.5),
        (9.0, None, 4, 1, 0.25),
    ]
    assert fill_probability(priced(), "ahead", [0], "first_fill")["filled"].to_list() == [4]
    assert (frame["low"] < frame["probability"]).all()
    assert (frame["probability"] < frame["high"]).all()
    with pytest.raises(UsageError, match="no column"):
        fill_probability(priced(), "nothing")
    with pytest.raises(UsageError, match="no event"):
        fill_probability(priced(), "ahead", event="some")


def test_orders_cut_short_count_while_they_were_seen() -> None:
    frame = fill_probability_by_time(priced(), [0, 10, 20, 30, 50, 51])
    # Two of nine after 10 ns; the one cut short at 20 is then out, so that one of six more is filled at 40.
    later = 1 - (7 / 9) * (5 / 6)
    assert frame["probability"].to_list() == pytest.approx([0, 2 / 9, 2 / 9, 2 / 9, later, None])
    assert frame["at_risk"].to_list() == [9, 9, 7, 6, 5, 0]
    assert frame["filled"].to_list() == [0, 2, 2, 2, 3, 3]
    soon = time_to_fill(priced(), [0.2, 0.3, 0.9])
    assert soon["time_ns"].to_list() == [10, 40, None]
    assert soon.select("orders", "filled").row(0) == (9, 3)


def test_the_market_is_followed_from_the_fill_on() -> None:
    orders = pl.DataFrame(
        {
            "arrival_ns": [500, 500, 500], "side": [1, -1, 1], "tick": [100, 102, 99], "quantity": [LOT] * 3,
            "horizon_ns": [1_000, 400, 400],
        }
    )  # fmt: skip
    moves = adverse_selection(feed(), WhatIf(feed()).price(orders), [0, 7_000, 20_000])
    # The bid at 100 is filled as the mid falls from 101 to 100; the others stand while nothing moves, then it falls.
    fell = -1e4 / 101
    assert moves.select("outcome", "horizon_ns", "orders", "missing").rows() == [
        ("filled", 0, 1, 0), ("filled", 7_000, 1, 0), ("filled", 20_000, 1, 1),
        ("unfilled", 0, 2, 0), ("unfilled", 7_000, 2, 0), ("unfilled", 20_000, 2, 2),
    ]  # fmt: skip
    assert moves["move_bps"].to_list() == pytest.approx([fell, fell, None, 0.0, 0.0, None])


def test_no_orders_at_all_make_empty_curves() -> None:
    none = priced().clear()
    assert fill_probability(none, "ahead").is_empty()
    assert fill_probability_by_time(none, [1])["probability"].to_list() == [None]
    assert time_to_fill(none)["orders"].to_list() == [0] * 4
    assert adverse_selection(feed(), none, [1])["orders"].to_list() == [0, 0]
