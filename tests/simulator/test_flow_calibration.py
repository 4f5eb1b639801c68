"""The fit: what is put into a simulated day comes out of it, and what cannot be fitted is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.instrument import Instrument
from tcakit.simulator import calibration_kernel as kernel
from tcakit.simulator.background_run import open_market, prepare
from tcakit.simulator.calibration import fit_background
from tcakit.simulator.calibration_clock import fit_waits
from tcakit.simulator.calibration_count import count_day, spread_bins
from tcakit.simulator.calibration_day import day_shape, operational_seconds, quotes_and_prints, recorded_day
from tcakit.simulator.calibration_feedback import SideTrades, side_likelihood, side_trades
from tcakit.simulator.calibration_rates import rates_and_factors
from tcakit.simulator.feedback_terms import power_law
from tcakit.simulator.flow_layout_kernel import CANCEL_BEST, CANCEL_DEEPER, DEEPER, HIDDEN, IMPROVE, JOIN, TAKE
from tcakit.simulator.flow_toml import flow_text, read_flow_text
from tcakit.simulator.tape_day import instrument_of, tape_day
from tcakit.simulator.zero_intelligence import zero_intelligence

DATE = "2026-03-03"
SHARE = Instrument("ALFA", tick_size=100, session_open_ns=0, session_close_ns=3_600 * NS_PER_SECOND)


def events(rows, *, padded=True):
    """Book events of (second, kind, side, tick, size, level size, order id), and quiet ones after them."""
    if padded:
        last = rows[-1][0]
        rows = rows + [
            (last + 1 + number * 0.5, kind, codes.BUY, 90, 10, shown, 10_000 + number // 2)
            for number, (kind, shown) in enumerate([(codes.ADD, 10), (codes.DELETE, 0)] * 1_100)
        ]
    columns = list(zip(*rows, strict=True))
    names = ("ts_ns", "kind", "side", "price", "size", "level_size", "order_id")
    book = {name: np.array(column) for name, column in zip(names, columns, strict=True)}
    book["ts_ns"] = (book["ts_ns"] * NS_PER_SECOND).astype(np.int64)
    book["price"] = book["price"] * 100
    return book


def found_of(rows):
    day = recorded_day(SHARE, "1970-01-01", None, events(rows))
    found = count_day(day).found
    return day, found[day.ts_ns[found[:, kernel.ROW]] <= int(rows[-1][0] * NS_PER_SECOND)]


def test_each_kind_of_event_is_told_from_the_others():
    rows = [
        (1, codes.SNAPSHOT, 1, 100, 50, 50, 1),
        (1, codes.SNAPSHOT, 1, 98, 40, 40, 2),
        (1, codes.SNAPSHOT, -1, 104, 60, 60, 3),
        (1, codes.SNAPSHOT, -1, 105, 70, 70, 4),
        (2, codes.ADD, 1, 100, 10, 60, 5),  # joins
        (3, codes.ADD, 1, 102, 10, 10, 6),  # improves by two: spread 4 -> 2
        (4, codes.DELETE, 1, 102, 10, 0, 6),  # cancel at the best
        (5, codes.ADD, -1, 107, 5, 5, 7),  # three behind
        (6, codes.REDUCE, -1, 107, 2, 3, 7),  # deeper, in part
        (7, codes.EXECUTE, -1, 104, 60, 0, 3),  # one taker, two levels
        (7, codes.EXECUTE, -1, 105, 20, 50, 4),
        (8, codes.EXECUTE, 1, 100, 20, 40, 1),  # another, in part
        (9, codes.PRINT_HIDDEN, -1, 103, 5, -1, -1),  # two ticks inside of the offer at 105
        (10, codes.DELETE, 1, 100, 10, 30, 5),  # the last of its queue
        (11, codes.DELETE, 1, 100, 30, 0, 1),
    ]
    _, found = found_of(rows)
    got = [tuple(int(row[column]) for column in (kernel.EVENT, kernel.SIDE_ROW, kernel.EVENT_SIZE)) for row in found]
    assert got == [
        (JOIN, 0, 10),
        (IMPROVE, 0, 10),
        (CANCEL_BEST, 0, 10),
        (DEEPER, 1, 5),
        (CANCEL_DEEPER, 1, 2),
        (TAKE, 1, 80),
        (TAKE, 0, 20),
        (HIDDEN, 1, 5),
        (CANCEL_BEST, 0, 10),
        (CANCEL_BEST, 0, 30),
    ]
    assert found[:, kernel.DISTANCE].tolist() == [0, 2, 0, 3, 3, 0, 0, 4, 0, 0]
    assert found[:, kernel.SPREAD].tolist() == [4, 4, 2, 4, 4, 4, 5, 5, 5, 5]
    assert found[:, kernel.FLAG].tolist() == [0, 0, 0, 0, 1, 2, 0, 0, 0, 0]
    assert found[:, kernel.RANK].tolist()[-2:] == [0, 0]
    assert found[5, kernel.QUEUE_SIZE] == 60


def test_prints_that_a_venue_publishes_beside_the_book_are_takers():
    rows = [
        (1, codes.SNAPSHOT, 1, 100, 50, 50, 1),
        (1, codes.SNAPSHOT, -1, 101, 30, 30, 2),
        (1, codes.SNAPSHOT, -1, 101, 30, 60, 3),
        (1, codes.SNAPSHOT, -1, 102, 30, 30, 4),
        (2, codes.PRINT, -1, 101, 60, -1, -1),
        (2, codes.DELETE, -1, 101, 30, 30, 2),
        (2, codes.DELETE, -1, 101, 30, 0, 3),
        (3, codes.DELETE, -1, 102, 30, 0, 4),  # nobody traded: a cancel
    ]
    _, found = found_of(rows)
    assert found[:, kernel.EVENT].tolist() == [TAKE, CANCEL_BEST]
    assert found[0, kernel.EVENT_SIZE] == 60
    assert found[0, kernel.FLAG] == 1


def test_quotes_and_prints_say_what_happened_at_the_best():
    ns = NS_PER_SECOND
    quotes = {
        "ts_ns": np.array([1, 2, 3, 4]) * ns,
        "bid": np.array([10_000, 10_000, 10_100, 10_100]),
        "bid_size": np.array([500, 700, 300, 300]),
        "ask": np.array([10_100, 10_100, 10_200, 10_200]),
        "ask_size": np.array([400, 400, 900, 800]),
    }
    trades = {"ts_ns": np.array([3 * ns]), "price": np.array([10_100]), "size": np.array([400])}
    book = quotes_and_prints(quotes, trades)
    padding = events([(10, codes.SET, 1, 101, 0, 300, -1)])
    book = {name: np.concatenate([book[name], padding[name]]) for name in book}
    day = recorded_day(SHARE, "1970-01-01", 1, book, print_ns_apart=50_000_000)
    found = count_day(day).found[:4]
    assert found[:, kernel.EVENT].tolist() == [JOIN, TAKE, IMPROVE, CANCEL_BEST]
    assert found[:, kernel.EVENT_SIZE].tolist() == [200, 400, 300, 100]
    assert found[1, kernel.FLAG] == 1


def test_too_little_and_one_sided_days_are_told():
    with pytest.raises(DataError, match="too few"):
        recorded_day(SHARE, "1970-01-01", None, events([(1, codes.ADD, 1, 100, 5, 5, 1)], padded=False))
    with pytest.raises(DataError, match="too few"):
        recorded_day(SHARE, "1970-01-01", None, events([(1, codes.HALT, 0, 0, 0, -1, -1)], padded=False))
    day = recorded_day(SHARE, "1970-01-01", None, events([(1, codes.ADD, 1, 100, 5, 5, 1)]))
    with pytest.raises(DataError, match="never had a bid and an offer"):
        count_day(day)


def test_the_day_s_shape_makes_busy_minutes_long():
    hours = 4 * 3_600 * NS_PER_SECOND
    random = np.random.default_rng(2)
    when = np.sort(np.concatenate([random.integers(0, hours // 2, 9_000), random.integers(hours // 2, hours, 3_000)]))
    shape = day_shape(when, 0, hours)
    assert shape[2] / shape[-3] == pytest.approx(3.0, rel=0.2)
    seconds = operational_seconds(when, 0, hours, shape)
    assert seconds[-1] == pytest.approx(hours / NS_PER_SECOND, rel=0.001)
    assert seconds[8_999] / seconds[-1] == pytest.approx(0.75, abs=0.02)


def test_bins_of_spreads_fit_the_day():
    share = np.zeros(60)
    share[1], share[2] = 0.97, 0.03
    assert spread_bins(share) == (1, 2)
    share[:] = 0.0
    share[1] = 1.0
    assert spread_bins(share) == (1, 2)
    share = np.exp(-0.5 * ((np.arange(60) - 14.0) / 5.0) ** 2)
    bins = spread_bins(share / share.sum())
    assert bins[0] == 1
    assert 8 in bins
    assert list(bins) == sorted(set(bins))


def test_rates_of_a_product_are_found_again():
    random = np.random.default_rng(5)
    base, factor = random.uniform(0.2, 2.0, (3, 5)), np.array([0.5, 1.0, 1.5, 2.0])
    exposure = random.uniform(50.0, 5_000.0, (3, 5, 4))
    counts = np.zeros((3, 5, 4, 7))
    counts[..., TAKE] = random.poisson(base[..., None] * factor * exposure)
    rates, factors = rates_and_factors(counts, exposure)
    made = rates[..., TAKE][..., None] * factors[:, TAKE]
    np.testing.assert_allclose(made, base[..., None] * factor, rtol=0.06)
    margin = (made * exposure).sum(axis=(0, 1))
    np.testing.assert_allclose(margin, counts[..., TAKE].sum(axis=(0, 1)), rtol=0.002)
    assert not rates[..., JOIN].any()


def test_waits_of_bursts_are_told_from_the_others():
    random = np.random.default_rng(3)
    short = random.random(20_000) < 0.7
    waits = np.where(short, 10.0 ** random.normal(-4.0, 0.4, 20_000), 10.0 ** random.normal(0.0, 0.3, 20_000))
    found = fit_waits(waits)
    assert found.short_share == pytest.approx(0.7, abs=0.01)
    assert 1e-3 < found.burst_s < 0.5
    same = fit_waits(np.zeros(500))
    assert same.long[0].median_s == pytest.approx(1e-9)


@pytest.mark.parametrize("strength", [0.4, -0.1])
def test_the_sides_give_back_how_trades_lean(strength):
    random = np.random.default_rng(8)
    count, tau, beta = 5_000, 10.0, 1.0
    seconds = np.cumsum(random.exponential(2.0, count))
    sign, phi = np.zeros(count), 0.0
    for at in range(count):
        back = slice(0, at)
        phi = (sign[back] * power_law(seconds[at] - seconds[back], tau, beta)).sum()
        sign[at] = -1.0 if random.random() < 1.0 / (1.0 + np.exp(-strength * phi)) else 1.0
    found = side_likelihood(SideTrades(seconds, sign, np.ones(count), np.zeros(count)))
    row = next(row for row in found.table if row[:2] == (tau, beta))
    assert row[2] == pytest.approx(strength, rel=0.2)
    assert row[3] > found.best[3] - 4.0
    assert (found.best_against is not None) == (strength > 0.0)


def test_a_simulated_day_is_fitted_and_the_fit_is_like_it():
    model = replace(zero_intelligence(orders_per_second=6.0, takers_per_second=1.5), close_time="11:00:00")
    run = open_market(prepare(model, DATE), 4)
    run.run_day()
    day = tape_day(model, DATE, run)
    fitted, counted = fit_background(replace(day, activity=day_shape(day.ts_ns, day.open_ns, day.close_ns)))
    assert fitted.symbol == instrument_of(model, DATE).symbol
    takes = counted.counts[..., TAKE].sum() / counted.total_seconds / 2.0
    assert takes == pytest.approx(1.5, rel=0.05)
    again = read_flow_text(flow_text(fitted))
    twin = open_market(prepare(again, DATE), 5)
    twin.run_day()
    recount = count_day(tape_day(again, DATE, twin), counted.spread_from, counted.queue_unit, counted.waits)
    assert len(recount.found) == pytest.approx(len(counted.found), rel=0.1)
    means = [(each.spread_share * np.arange(len(each.spread_share))).sum() for each in (counted, recount)]
    assert means[1] == pytest.approx(means[0], rel=0.25)
    sides = side_likelihood(side_trades(day, counted, fitted))
    assert sides.trades == counted.counts[..., TAKE].sum()
    # Takers without memory: nothing is found that is surely there.
    assert sides.best[3] < 8.0
