"""A day of the matching engine, written as ITCH, LOBSTER and CSV, is the same day when it is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tcakit.book.fifo_kernel import LEVEL_SIZE
from tcakit.book.plain_book import PlainBook
from tcakit.errors import DataError
from tcakit.feeds.contract import Faults, ReaderOptions, Source
from tcakit.feeds.itch import ItchReader
from tcakit.feeds.lobster import LobsterReader
from tcakit.market import codes
from tcakit.market.clock import wall_ns
from tcakit.market.instrument import Instrument
from tcakit.simulator.csv_export import deltas_frame, trades_frame
from tcakit.simulator.itch_export import itch_bytes, write_itch
from tcakit.simulator.lobster_export import lobster_pair
from tcakit.simulator.recorded_day import day_of_tape
from tcakit.venue import engine_layout_kernel as layout
from tcakit.venue import engine_messages_kernel as message
from tcakit.venue.engine import MatchingEngine

DATE = "2026-03-03"
ZONE = "America/New_York"
INSTRUMENT = Instrument("ALFA", venue="XSIM", timezone=ZONE, price_scale=10_000, tick_size=100)
LADDER, LOWEST = 400, 4_800
COUNT = 6_000


def messages(seed):
    """Orders of all kinds, an opening, a halt that ends in an auction, a halt that does not, and a closing."""
    draw = np.random.default_rng(seed)
    rows = np.zeros((COUNT, message.MESSAGE_COLUMNS), np.int64)
    parts = np.zeros((COUNT, message.PART_COLUMNS), np.int64)
    start = wall_ns(DATE, 9 * 3_600 * 10**9, ZONE)
    rows[:, message.MESSAGE_TS] = start + np.cumsum(draw.integers(0, 6 * 10**9, COUNT))
    rows[:, message.MESSAGE_PARTS] = np.arange(COUNT)
    rows[:, message.MESSAGE_OWNER] = draw.integers(0, 4, COUNT)
    side = draw.choice([codes.BUY, codes.SELL], COUNT)
    rows[:, message.MESSAGE_SIDE] = side
    rows[:, message.MESSAGE_LEVEL] = 200 - side * (draw.geometric(0.2, COUNT) - 3)
    rows[:, message.MESSAGE_SIZE] = draw.integers(1, 20, COUNT) * 10
    what = draw.random(COUNT)
    rows[:, message.MESSAGE_KIND] = np.where(
        what < 0.5,
        message.NEW_LIMIT,
        np.where(what < 0.6, message.NEW_MARKET, np.where(what < 0.85, message.CANCEL_ORDER, message.NEW_ORDER)),
    )
    rows[:, message.MESSAGE_ORDER] = -1 - np.maximum(np.arange(COUNT) - draw.geometric(0.01, COUNT), 0)
    rows[what > 0.95, message.MESSAGE_KIND] = message.MODIFY_ORDER
    dress = draw.random(COUNT)
    parts[:, message.PART_STOP] = -1
    parts[dress < 0.4, message.PART_DISPLAY] = 20
    parts[(dress >= 0.4) & (dress < 0.7), message.PART_HIDDEN] = 1
    parts[dress >= 0.7, message.PART_PEG] = codes.MIDPOINT_PEG
    for at, kind, level in (
        (0, message.START_CALL, layout.PRE_OPEN),
        (500, message.UNCROSS, 200),
        (2_500, message.STOP_TRADING, 0),
        (2_530, message.RESUME_TRADING, 0),
        (4_000, message.STOP_TRADING, 0),
        (4_010, message.START_CALL, layout.VOLATILITY),
        (4_200, message.UNCROSS, -1),
        (5_600, message.START_CALL, layout.CLOSING_CALL),
        (5_900, message.UNCROSS, -1),
    ):
        rows[at, message.MESSAGE_KIND], rows[at, message.MESSAGE_LEVEL] = kind, level
        rows[at, message.MESSAGE_SIZE] = 0
    # The same order twice or an order of nobody's is refused without harm.
    return rows, parts


@pytest.fixture(scope="module")
def market():
    engine = MatchingEngine(LADDER)
    engine.send_all(*messages(5))
    return engine


@pytest.fixture(scope="module")
def day(market):
    return day_of_tape(market.tape(), INSTRUMENT, DATE, LOWEST)


def engine_book(market):
    """What the engine displays: ({price: size} of bids, of asks)."""
    found = []
    for row in (0, 1):
        sizes = market.engine.levels[layout.DISPLAYED, row, :, LEVEL_SIZE]
        at = np.flatnonzero(sizes)
        found.append(dict(zip(((LOWEST + at) * INSTRUMENT.tick_size).tolist(), sizes[at].tolist(), strict=True)))
    return found


def test_the_day_has_everything_in_it(day):
    assert set(day.kind.tolist()) == {
        codes.ADD, codes.REDUCE, codes.DELETE, codes.EXECUTE, codes.EXECUTE_UNPRINTED, codes.PRINT_HIDDEN,
        codes.PRINT_CROSS, codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME,
    }  # fmt: skip
    assert (day.kind == codes.PRINT_CROSS).sum() == 3


def test_itch_is_read_as_the_same_events_and_builds_the_same_book(day, market, tmp_path):
    path = write_itch(day, tmp_path)
    faults = Faults()
    source = Source(path.name, (path,), ((path.name, path),), "0")
    batches = list(ItchReader().read(source, ReaderOptions(), faults))
    assert faults.found == []
    read = pl.concat([batch.frame for batch in batches if batch.table == "book_events"])
    expected = day.book_events()
    hidden = pl.Series(day.kind == codes.PRINT_HIDDEN)
    expected = expected.with_columns(pl.when(hidden).then(0).otherwise("side").cast(pl.Int8).alias("side"))
    names = ["ts_ns", "kind", "side", "price", "size", "level_size", "order_id"]
    assert read.select(names).rows() == expected.select(names).rows()
    book = PlainBook()
    for kind, side, price, size, order_id in read.select("kind", "side", "price", "size", "order_id").iter_rows():
        book.apply(kind if kind != codes.EXECUTE_UNPRINTED else codes.REDUCE, side, price, size, order_id)
    assert [dict(book.bids()), dict(book.asks())] == engine_book(market)
    # Orders that trade in an auction are told at its price.
    crossed = read.filter(pl.col("kind") == codes.PRINT_CROSS)["price"].to_list()
    told = read.filter(pl.col("kind") == codes.EXECUTE_UNPRINTED)
    assert set(told["print_price"].drop_nulls().to_list()) <= set(crossed)


def test_itch_names_the_crosses(day):
    content = itch_bytes(day)
    found, at = [], 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 2], "big")
        one = content[at + 2 : at + 2 + length]
        if one[:1] == b"Q":
            found.append(one[39:40])
        at += 2 + length
    assert found == [b"O", b"H", b"C"]


@pytest.mark.parametrize("levels", [1, 5, 20])
def test_lobster_is_read_as_the_same_book(day, market, levels):
    pair = lobster_pair(day, levels)
    assert pair.rows > 2_000
    members = ((pair.message_name, pair.message), (pair.orderbook_name, pair.orderbook))
    faults = Faults()
    (batch,) = LobsterReader().read(Source("pair", (Path("pair"),), members, "0"), ReaderOptions(), faults)
    assert faults.found == []
    kinds = batch.frame["kind"].to_numpy()
    for kind in (codes.EXECUTE, codes.PRINT_HIDDEN, codes.PRINT_CROSS):
        assert batch.frame["size"].to_numpy()[kinds == kind].sum() == day.size[day.kind == kind].sum()
    for kind in (codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME):
        assert (kinds == kind).sum() == (day.kind == kind).sum()
    assert not np.isin(kinds, (codes.SET, codes.CORRECTION)).any()
    shown: list[dict[int, int]] = [{}, {}]
    for kind, side, price, level_size in batch.frame.select("kind", "side", "price", "level_size").iter_rows():
        if kind in codes.BOOK_KINDS:
            levels_of_side = shown[0 if side > 0 else 1]
            levels_of_side[price] = level_size or 0
            if not level_size:
                del levels_of_side[price]
    expected = engine_book(market)
    assert shown[0] == dict(sorted(expected[0].items(), reverse=True)[:levels])
    assert shown[1] == dict(sorted(expected[1].items())[:levels])


def test_csv_has_every_trade_and_builds_the_same_book(day, market):
    trades = trades_frame(day)
    by_condition = {row[0]: row[1] for row in trades.group_by("condition").agg(pl.col("size").sum()).rows()}
    kinds = {None: codes.EXECUTE, "H": codes.PRINT_HIDDEN, "X": codes.PRINT_CROSS}
    assert by_condition == {word: int(day.size[day.kind == kind].sum()) for word, kind in kinds.items()}
    assert (trades["side"].is_null() == (trades["condition"] == "X").fill_null(False)).all()
    book = PlainBook()
    for _, _, side, price, size in deltas_frame(day).iter_rows():
        book.set_level(codes.BUY if side == "bid" else codes.SELL, round(price * 10_000), size)
    assert [dict(book.bids()), dict(book.asks())] == engine_book(market)


def test_quotes_are_never_crossed_and_there_are_none_in_calls(day):
    quotes = day.quotes()
    both = quotes.filter((pl.col("bid") > 0) & (pl.col("ask") > 0))
    assert both.height > 500
    assert (both["bid"] < both["ask"]).all()
    phases = np.flatnonzero(np.isin(day.kind, (codes.HALT, codes.QUOTE_RESUME, codes.TRADE_RESUME)))
    closing = day.ts_ns[phases[-1]]
    assert quotes["ts_ns"].max() <= closing
    assert day.market_day().print_size.sum() == day.size[np.isin(day.kind, codes.PRINT_KINDS)].sum()


def test_what_itch_cannot_say_is_refused_with_a_sentence(day):
    with pytest.raises(DataError, match="a symbol of 9 letters"):
        itch_bytes(replace(day, instrument=replace(INSTRUMENT, symbol="ALPHABETA")))
    with pytest.raises(DataError, match="shares"):
        itch_bytes(replace(day, size=day.size << 40))
    with pytest.raises(DataError, match="a price of"):
        itch_bytes(replace(day, price=day.price << 30))
    with pytest.raises(DataError, match="times that"):
        itch_bytes(replace(day, ts_ns=day.ts_ns[::-1].copy()))
    with pytest.raises(DataError, match="price of 0"):
        day_of_tape(np.array([[0, codes.ADD, 1, 0, 0, 5, 5, 1, 0, 0, 0, 0]]), INSTRUMENT, DATE, 0)
