"""A day of a packaged market: the same every time, a book that holds together, and the traits it was made for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tcakit.book.order_index import displayed_sizes
from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.schema import BOOK_EVENTS, QUOTES
from tcakit.simulator.made_day import make_day
from tcakit.simulator.pace import paced
from tcakit.simulator.published import published
from tcakit.simulator.sample_market import SAMPLE_MARKETS, opening_at, sample_market
from tests.made_days import made_day

COLUMNS = ("ts_ns", "kind", "side", "price", "size", "level_size", "order_id", "seq")
DATE = "2026-03-03"


@pytest.fixture(scope="module")
def day():
    return make_day("ALFA", DATE, 11)


def same(one, other):
    return [np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS]


def test_the_same_seed_gives_the_same_day_and_another_gives_another():
    first = made_day("ALFA", DATE, 11, 3_000)
    assert all(same(first, made_day("ALFA", DATE, 11, 3_000)))
    for symbol, date, seed in (("ALFA", DATE, 12), ("ALFA", "2026-03-04", 11), ("BRVO", DATE, 11)):
        other = made_day(symbol, date, seed, 3_000)
        count = min(len(first.size), len(other.size))
        assert not np.array_equal(first.size[:count], other.size[:count])


def test_the_recorded_sizes_are_those_of_a_replay(day):
    replayed = displayed_sizes(day.kind, day.side, day.price // day.instrument.tick_size, day.size, day.order_id)
    touching = day.level_size >= 0
    assert np.array_equal(replayed.level_size[touching], day.level_size[touching])


def test_shares_are_conserved(day):
    added = int(day.size[day.kind == codes.ADD].sum())
    taken = [codes.REDUCE, codes.DELETE, codes.EXECUTE, codes.EXECUTE_UNPRINTED]
    last: dict[tuple[int, int], int] = {}
    for side, price, shown in zip(day.side.tolist(), day.price.tolist(), day.level_size.tolist(), strict=True):
        if shown >= 0:
            last[side, price] = shown
    assert added - int(day.size[np.isin(day.kind, taken)].sum()) == sum(last.values())


def test_the_day_opens_and_closes_with_an_auction(day):
    opens, closes = day.session
    crosses = day.ts_ns[day.kind == codes.PRINT_CROSS]
    assert crosses.tolist() == [opens, closes]
    assert (np.diff(day.ts_ns) >= 0).all()
    shown = published(day)
    assert shown.kind[shown.opening_rows] == codes.PRINT_CROSS
    quotes = shown.quotes()
    assert quotes["ts_ns"].min() >= opens
    assert (quotes["bid"] < quotes["ask"]).all()
    messages, _ = shown.top(5, quotes_only=False)
    assert day.ts_ns[messages].min() == opens
    plain = made_day("ALFA", DATE, 11, 3_000)
    assert published(plain) is plain


@pytest.mark.parametrize(("like", "narrow", "wide"), [("alfa", 8.0, 18.0), ("brvo", 1.0, 1.8)])
def test_the_day_has_the_traits_of_its_stock(like, narrow, wide):
    day = make_day("ANY", DATE, 3, sample_market(like))
    open_ns, close_ns = day.session
    assert len(day.ts_ns) == pytest.approx({"alfa": 53_000, "brvo": 44_000}[like], rel=0.1)
    busy = np.histogram(day.ts_ns[day.ts_ns > open_ns], bins=13)[0]
    assert min(busy[0], busy[-1]) > 1.3 * busy[6]
    quotes, trades = day.quotes(), day.trades().filter(pl.col("displayed"))
    spread = (quotes["ask"] - quotes["bid"]).to_numpy() / day.instrument.tick_size
    held = np.diff(quotes["ts_ns"].to_numpy(), append=close_ns)
    assert narrow < np.average(spread, weights=held) < wide
    mid = (quotes["bid"] + quotes["ask"]).to_numpy() / 2
    assert 0.003 < (mid.max() - mid.min()) / mid.mean() < 0.03
    at = np.searchsorted(quotes["ts_ns"].to_numpy(), trades["ts_ns"].to_numpy()) - 1
    later = np.searchsorted(quotes["ts_ns"].to_numpy(), trades["ts_ns"].to_numpy() + 60 * 10**9, side="right") - 1
    assert np.mean(trades["aggressor"].to_numpy() * (mid[later] - mid[at])) > 0
    sign = trades["aggressor"].to_numpy().astype(float)[np.flatnonzero(np.diff(trades["ts_ns"].to_numpy(), prepend=0))]
    centred = sign - sign.mean()
    near, far = (np.mean(centred[:-lag] * centred[lag:]) / centred.var() for lag in (1, 10))
    # Of 2,500 orders a correlation without memory has a standard error of 0.02.
    assert near > far > 0.02
    assert {codes.PRINT_HIDDEN, codes.REDUCE} <= set(day.kind.tolist())


def test_the_frames_fit_the_tables(day):
    ids = {"instrument_id": pl.lit(0), "source_id": pl.lit(0)}
    for table, frame in ((BOOK_EVENTS, day.book_events()), (QUOTES, day.quotes().with_row_index("seq"))):
        assert table.conform(frame.with_columns(**ids)).height == frame.height


def test_quotes_are_one_row_a_change_and_market_day_has_the_same_numbers(day):
    quotes = day.quotes()
    rows = quotes.drop("ts_ns").to_numpy()
    assert (rows[1:] != rows[:-1]).any(axis=1).all()
    market = day.market_day()
    assert market.mid[0] == (quotes["bid"][0] + quotes["ask"][0]) / 2 / 10_000
    assert int(market.print_size.sum()) == day.trades()["size"].sum()


def test_a_pace_is_of_everything_that_happens():
    usual, slow = sample_market("alfa"), paced(sample_market("alfa"), 0.5)
    assert slow.model.rate_bound == usual.model.rate_bound / 2
    assert slow.model.feedback.tau_s == usual.model.feedback.tau_s * 2
    assert [group.interval_s for group in slow.world.participants] == [
        group.interval_s * 2 for group in usual.world.participants
    ]
    events = [len(make_day("ALFA", DATE, 5, each).ts_ns) for each in (usual, slow)]
    assert events[1] / events[0] == pytest.approx(0.5, abs=0.06)


def test_packaged_markets_are_found_by_name_and_open_where_they_are_told():
    assert SAMPLE_MARKETS == ("alfa", "brvo")
    there = opening_at(sample_market("brvo"), 55.0).model
    assert (there.start_bid, there.start_ask) in ((5_499, 5_500), (5_500, 5_501))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: sample_market("zulu"), "no market 'zulu'"),
        (lambda: sample_market("alfa", events=0), "0 events"),
        (lambda: sample_market("alfa", price=float("nan")), "a price of nan"),
        (lambda: sample_market("alfa", price=0.05), "a price of 0.05"),
        (lambda: paced(sample_market("alfa"), 0.0), "a pace of 0"),
        (lambda: made_day("ALFA", DATE, -1, 500), "seed"),
    ],
)
def test_what_cannot_be_is_told(made, message):
    with pytest.raises(UsageError, match=message):
        made()
