"""A simulated day: the same every time, a book that holds together, and the traits it was made for."""

from __future__ import annotations

import numpy as np
import pytest

from tcakit.book.order_index import displayed_sizes
from tcakit.book.plain_book import PlainBook
from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.schema import BOOK_EVENTS, QUOTES
from tcakit.simulator.order_flow import FlowParameters, make_day

COLUMNS = ("ts_ns", "kind", "side", "price", "size", "level_size", "order_id", "seq")


@pytest.fixture(scope="module")
def day():
    return make_day("ALFA", "2026-03-03", 11, FlowParameters(events_per_day=60_000))


def same(one, other):
    return [np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS]


def test_the_same_seed_gives_the_same_day_and_another_gives_another():
    small = FlowParameters(events_per_day=3_000)
    first = make_day("ALFA", "2026-03-03", 11, small)
    assert all(same(first, make_day("ALFA", "2026-03-03", 11, small)))
    for symbol, date, seed in (
        ("ALFA", "2026-03-03", 12),
        ("ALFA", "2026-03-04", 11),
        ("BRVO", "2026-03-03", 11),
    ):
        assert not np.array_equal(first.size, make_day(symbol, date, seed, small).size[: len(first.size)])


def test_the_recorded_sizes_are_those_of_a_replay(day):
    replayed = displayed_sizes(day.kind, day.side, day.price // day.instrument.tick_size, day.size, day.order_id)
    assert np.array_equal(replayed.level_size, day.level_size)
    named = day.kind != codes.PRINT_HIDDEN
    assert (replayed.queued_row[named] >= 0).all()


def test_every_trade_is_at_the_front_of_the_best_queue_and_the_book_never_crosses():
    small = make_day("ALFA", "2026-03-03", 4, FlowParameters(events_per_day=4_000, resting_orders=80))
    book = PlainBook()
    for row in range(len(small.ts_ns)):
        kind, side, price = int(small.kind[row]), int(small.side[row]), int(small.price[row])
        size, order_id = int(small.size[row]), int(small.order_id[row])
        bids, asks = book.top(1)
        if kind == codes.EXECUTE:
            assert price == (bids if side == codes.BUY else asks)[0][0]
            assert book.levels[side][price][0][0] == order_id
            assert size <= book.levels[side][price][0][1]
        elif kind == codes.PRINT_HIDDEN:
            assert bids[0][0] < price < asks[0][0]
        elif kind == codes.DELETE:
            assert dict(book.levels[side][price])[order_id] == size
        book.apply(kind, side, price, size, order_id)
        bids, asks = book.top(1)
        if row >= small.opening_rows:
            assert bids[0][0] < asks[0][0]


def test_shares_are_conserved(day):
    added = int(day.size[day.kind == codes.ADD].sum())
    gone = int(day.size[np.isin(day.kind, [codes.REDUCE, codes.DELETE, codes.EXECUTE])].sum())
    last: dict[tuple[int, int], int] = {}
    for side, price, shown in zip(day.side.tolist(), day.price.tolist(), day.level_size.tolist(), strict=True):
        if shown >= 0:
            last[side, price] = shown
    assert added - gone == sum(last.values())


def test_times_stand_in_the_session_and_never_run_back(day):
    assert (np.diff(day.ts_ns) >= 0).all()
    assert day.ts_ns[0] == day.instrument.session_open_ns
    assert day.ts_ns[-1] < day.instrument.session_close_ns
    assert (day.ts_ns[: day.opening_rows] == day.instrument.session_open_ns).all()
    ids = day.order_id[day.kind == codes.ADD]
    assert len(np.unique(ids)) == len(ids)


def test_the_day_has_the_traits_of_a_stock(day):
    after = day.ts_ns[day.opening_rows :]
    assert 0.9 < len(after) / 60_000 < 1.3
    busy = np.histogram(after, bins=13)[0]
    assert busy[0] > 1.8 * busy[6]
    assert busy[-1] > 1.8 * busy[6]
    quotes, trades = day.quotes(), day.trades().filter(pl_displayed())
    spread = (quotes["ask"] - quotes["bid"]).to_numpy() / day.instrument.tick_size
    held = np.diff(quotes["ts_ns"].to_numpy(), append=day.instrument.session_close_ns)
    assert 1.0 < np.average(spread, weights=held) < 3.5
    mid = (quotes["bid"] + quotes["ask"]).to_numpy() / 2
    at = np.searchsorted(quotes["ts_ns"].to_numpy(), trades["ts_ns"].to_numpy()) - 1
    later = np.searchsorted(quotes["ts_ns"].to_numpy(), trades["ts_ns"].to_numpy() + 60 * 10**9, side="right") - 1
    assert np.mean(trades["aggressor"].to_numpy() * (mid[later] - mid[at])) > 0


def test_the_signs_of_trades_remember_for_long():
    parameters = FlowParameters(events_per_day=60_000)
    by_day = []
    for seed in range(5):
        trades = make_day("ALFA", "2026-03-03", seed, parameters).trades().filter(pl_displayed())
        sign = trades["aggressor"].to_numpy().astype(float)
        sign = sign[np.flatnonzero(np.diff(trades["ts_ns"].to_numpy(), prepend=0))]  # one an incoming order
        centred = sign - sign.mean()
        by_day.append([np.mean(centred[:-lag] * centred[lag:]) / centred.var() for lag in (1, 10, 40)])
    near, far, farther = np.mean(by_day, axis=0)
    # Five days of some 3,700 orders each: a correlation of signs without memory has a standard error of
    # 0.007.
    assert near > far > farther > 0.02


def pl_displayed():
    import polars as pl

    return pl.col("displayed")


def test_the_value_s_volatility_reaches_the_mid():
    parameters = FlowParameters(events_per_day=40_000, daily_volatility=0.02, start_price=100.0)
    returns = []
    for seed in range(12):
        quotes = make_day("ALFA", "2026-03-03", seed, parameters).quotes()
        mid = (quotes["bid"] + quotes["ask"]).to_numpy() / 2
        returns.append(np.log(mid[-1] / mid[0]))
    assert 0.01 < np.sqrt(np.mean(np.square(returns))) < 0.035


def test_the_frames_fit_the_tables(day):
    ids = {"instrument_id": 0, "source_id": 0}
    for table, frame in ((BOOK_EVENTS, day.book_events()), (QUOTES, day.quotes().with_row_index("seq"))):
        conformed = table.conform(frame.with_columns(**{name: literal(value) for name, value in ids.items()}))
        assert conformed.height == frame.height
    events = day.book_events()
    hidden = events["kind"] == codes.PRINT_HIDDEN
    assert events["level_size"].null_count() == hidden.sum() == events["order_id"].null_count()


def literal(value):
    import polars as pl

    return pl.lit(value)


def test_quotes_are_one_row_a_change_and_market_day_has_the_same_numbers(day):
    quotes = day.quotes()
    rows = quotes.drop("ts_ns").to_numpy()
    assert (rows[1:] != rows[:-1]).any(axis=1).all()
    market = day.market_day()
    assert market.mid[0] == (quotes["bid"][0] + quotes["ask"][0]) / 2 / 10_000
    assert int(market.print_size.sum()) == day.trades()["size"].sum()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"events_per_day": 0}, "events_per_day"),
        ({"spread_ticks": 0.2}, "spread_ticks"),
        ({"tick_size": 5.0}, "tick"),
    ],
)
def test_parameters_out_of_range_are_told_by_name(change, place):
    with pytest.raises(UsageError, match=place):
        FlowParameters(**change)


def test_a_seed_out_of_range_is_told():
    with pytest.raises(UsageError, match="seed"):
        make_day("ALFA", "2026-03-03", -1)
