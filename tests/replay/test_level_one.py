"""A replay of quotes and prints alone: one level a side is known, and a plain witness says what that gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcakit.execution.algorithms import parse_algorithm
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.backtest import backtest
from tcakit.jobs.backtest_config import BacktestConfig, expand
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import replay_feed
from tcakit.market import codes
from tcakit.market.codes import BUY, SELL
from tcakit.market.instrument import Instrument
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns, quote_book
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.store import market_data, results
from tcakit.store.database import Store
from tcakit.store.market_data import find_symbol_day
from tcakit.venue.latency import ConstantLatency

MIDDLE = 1_000


@dataclass
class Tape:
    """Quotes (ns, bid, bid size, ask, ask size) and prints (ns, price, size, aggressor), prices in ticks; a bid or
    offer of -1 is none."""

    quotes: list[tuple[int, int, int, int, int]]
    prints: list[tuple[int, int, int, int]] = field(default_factory=list)

    def feed(self) -> Feed:
        names = ("ts_ns", "bid", "bid_size", "ask", "ask_size")
        quotes = dict(zip(names, np.array(self.quotes, np.int64).T, strict=True))
        instrument = Instrument("ACME", price_scale=100, tick_size=1, lot_size=1, size_scale=1)
        trades = None
        if self.prints:
            columns = np.array(self.prints, np.int64).T
            trades = dict(zip(("ts_ns", "price", "size", "aggressor"), columns, strict=True))
        return feed_from_columns(instrument, feed_columns(instrument, quote_book(quotes), trades))


class Once:
    """Sends one order when it starts, and remembers what it heard."""

    def __init__(self, side: int, quantity: int, tick: int | None, time_in_force: int = codes.GTC) -> None:
        self.order = (side, quantity, tick, time_in_force)
        self.fills: list[tuple[int, int, int, bool]] = []

    def on_start(self, gateway: Any) -> None:
        gateway.submit(*self.order)

    def on_time(self, gateway: Any) -> None: ...

    def on_fill(self, gateway: Any, fill: Any) -> None:
        self.fills.append((fill.venue_ns, fill.tick, fill.quantity, fill.is_maker))


def played(
    tape: Tape, at_ns: int, *order: Any, feed: Feed | None = None
) -> tuple[list[tuple[int, int, int, bool]], list[str]]:
    """Fills (ns, tick, size, maker) of one order, and their reasons."""
    once, end = Once(*order), max(tape.quotes[-1][0], *(row[0] for row in tape.prints), 0) + 1
    result = Replay(
        feed or tape.feed(), [Participant(once, at_ns, end)], ReplaySettings(ConstantLatency(0, 0, 0))
    ).run()
    fills = result.log[np.isin(result.log[:, lk.LOG_EVENT], (codes.PARTIAL, codes.FILLED))]
    return once.fills, [codes.REASON_NAMES[int(reason)] for reason in fills[:, lk.LOG_REASON]]


# --- by hand ----------------------------------------------------------------------------------------------


def test_an_order_at_the_touch_waits_for_what_was_shown_before_it():
    tape = Tape([(0, 1_000, 30, 1_001, 9)], [(10, 1_000, 20, SELL), (20, 1_000, 15, SELL), (30, 1_000, 50, SELL)])
    assert played(tape, 5, BUY, 8, 1_000) == ([(20, 1_000, 5, True), (30, 1_000, 3, True)], ["queue reached"] * 2)
    # Prints of buyers, and prints of which nobody knows who took, are no turn of ours.
    for aggressor in (BUY, 0):
        other = Tape(tape.quotes, [(ns, price, size, aggressor) for ns, price, size, _ in tape.prints])
        assert played(other, 5, BUY, 8, 1_000) == ([], [])


def test_of_an_unknown_side_a_print_fills_what_it_passes():
    tape = Tape([(0, 1_000, 30, 1_001, 9)], [(10, 999, 5, 0)])
    assert played(tape, 5, BUY, 8, 1_000) == ([(10, 1_000, 5, True)], ["traded through"])


def test_the_other_touch_coming_to_our_price_fills_us_with_what_it_shows():
    tape = Tape([(0, 1_000, 30, 1_003, 9), (10, 999, 5, 1_000, 6), (20, 999, 5, 1_000, 10)])
    fills, reasons = played(tape, 5, BUY, 8, 1_000)
    assert fills == [(10, 1_000, 6, True), (20, 1_000, 2, True)]
    assert reasons == ["crossed"] * 2


def test_behind_the_touch_an_order_counts_as_first_and_keeps_a_place_that_it_had():
    prints = [(30, 999, 5, SELL)]
    behind = Tape([(0, 1_000, 30, 1_001, 9), (20, 999, 80, 1_001, 9)], prints)
    # Nobody knows who stood there before.
    assert played(behind, 5, BUY, 8, 999)[0] == [(30, 999, 5, True)]
    # One that was there when the touch left it has at most what shows when it comes back.
    there = Tape([(0, 999, 12, 1_001, 9), (10, 1_000, 30, 1_001, 9), (20, 999, 3, 1_001, 9)], prints)
    assert played(there, 5, BUY, 8, 999)[0] == [(30, 999, 2, True)]


def test_what_the_touch_has_fallen_behind_is_empty():
    # Thirty stood before us at 1000; the bid is 999 now, so they are gone, and the next seller meets us first.
    tape = Tape([(0, 1_000, 30, 1_002, 9), (10, 999, 50, 1_002, 9)], [(20, 1_000, 5, SELL)])
    assert played(tape, 5, BUY, 8, 1_000) == ([(20, 1_000, 5, True)], ["queue reached"])
    gone = Tape([(0, 1_000, 30, 1_002, 9), (10, -1, -1, 1_002, 9)], [(20, 1_000, 5, SELL)])
    assert played(gone, 5, BUY, 8, 1_000)[0] == [(20, 1_000, 5, True)]
    offer = Tape([(0, 1_000, 30, 1_002, 40), (10, 1_000, 30, 1_003, 9)], [(20, 1_002, 5, BUY)])
    assert played(offer, 5, SELL, 8, 1_002)[0] == [(20, 1_002, 5, True)]


def test_a_taker_gets_the_touch_and_no_more_however_deep_the_market_was():
    tape = Tape([(0, 1_000, 30, 1_001, 9), (10, 1_000, 30, 1_002, 90)])
    assert played(tape, 5, BUY, 20, None, codes.IOC) == ([(5, 1_001, 9, False)], ["took"])
    assert played(tape, 10, BUY, 20, None, codes.IOC)[0] == [(10, 1_002, 20, False)]


# --- a witness --------------------------------------------------------------------------------------------


def witness(tape: Tape, at_ns: int, side: int, quantity: int, tick: int) -> list[tuple[int, int, int, bool]]:
    """One order that rests under the risk-averse rule, row by row: what the page says and nothing else."""
    events = [(row[0], 0, row) for row in tape.prints] + [(row[0], 1, row) for row in tape.quotes]
    events.sort(key=lambda event: event[:2])
    shown: dict[int, tuple[int, int]] = {}  # side: tick and size of its touch
    left, ahead, here, taken, fills = quantity, 0, False, 0, []

    def fill(ns: int, size: int) -> int:
        nonlocal left
        had = min(left, size)
        if had > 0:
            left -= had
            fills.append((ns, tick, had, True))
        return had

    for ns, kind, row in events:
        if not here and ns > at_ns:
            own = shown.get(side)
            here, ahead = True, own[1] if own is not None and own[0] == tick else 0
        if kind == 0:
            _, price, size, aggressor = row
            if here and aggressor in (-side, 0) and (tick - price) * side > 0:
                fill(ns, size)
            elif here and aggressor == -side and price == tick:
                ahead -= size
                if ahead < 0:
                    fill(ns, -ahead)
                    ahead = 0
            continue
        touches = {BUY: (row[1], row[2]), SELL: (row[3], row[4])}
        own, other, was, mine_was = touches[side], touches[-side], shown.get(-side), shown.get(side)
        shown = touches
        if not here:
            continue
        if own[0] == tick:
            ahead = min(ahead, own[1])
        elif (own[0] - tick) * side < 0 and mine_was is not None and mine_was[0] == tick:
            ahead = 0
        before = was[1] if was is not None and was[0] == other[0] else 0
        taken = min(taken, other[1]) if before else 0
        if (tick - other[0]) * side >= 0 and other[1] > before:
            taken += fill(ns, other[1] - taken)
    return fills


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    """Uncrossed quotes at instants 10, 20, ...; prints of any side at or around them, in between."""
    quotes, prints, bid = [], [], MIDDLE
    for number in range(draw(st.integers(2, 25))):
        bid += draw(st.sampled_from([0, 0, 0, -1, 1, -2, 2]))
        ask = bid + draw(st.integers(1, 3))
        sizes = st.integers(1, 30)
        quotes.append((10 * (number + 1), bid, draw(sizes), ask, draw(sizes)))
        for _ in range(draw(st.integers(0, 2))):
            price, aggressor = draw(st.integers(bid - 1, ask + 1)), draw(st.sampled_from([BUY, SELL, 0]))
            prints.append((10 * (number + 1) + draw(st.integers(1, 9)), price, draw(st.integers(1, 40)), aggressor))
    return Tape(quotes, sorted(prints))


@given(tapes(), st.sampled_from([BUY, SELL]), st.integers(1, 60), st.integers(0, 4), st.data())
def test_an_order_that_rests_fills_as_the_witness_says(tape, side, quantity, behind, data):
    row = data.draw(st.sampled_from(tape.quotes[:-1]))
    at_ns = row[0]
    touch = row[1] if side == BUY else row[3]
    tick = touch - side * behind
    assert played(tape, at_ns, side, quantity, tick)[0] == witness(tape, at_ns, side, quantity, tick)


# --- a real day -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bitcoin(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 46 seconds of quotes and trades of Binance."""
    folder, files = tmp_path_factory.mktemp("level-one") / "store", real_data / "crypto" / "binance_csv"
    for name in ("quotes", "trades"):
        ingest(folder, IngestRequest([str(files / f"btcusdt-{name}.parquet")], ReaderOptions(symbol="BTC/USDT")))
    return folder


@pytest.mark.real
def test_on_a_real_day_orders_fill_as_the_witness_says(bitcoin: Path) -> None:
    store = Store(bitcoin)
    day = find_symbol_day(store, "BTC/USDT", "2021-01-08")
    feed, tick = replay_feed(store, day), day.instrument.tick_size
    quotes, prints = market_data.quotes(store, day), market_data.trades(store, day)
    columns = [quotes["ts_ns"], *(quotes[name] for name in ("bid", "bid_size", "ask", "ask_size"))]
    rows = np.stack([np.ma.filled(column, -1) for column in columns]).astype(np.int64).T
    rows[:, [1, 3]] //= tick
    assert np.all(rows[:, 3] > rows[:, 1])
    trades = np.stack([np.asarray(prints[name], np.int64) for name in ("ts_ns", "price", "size", "aggressor")]).T
    assert set(trades[:, 3]) == {BUY, SELL}
    tape = Tape(
        [tuple(int(value) for value in row) for row in rows],
        [(int(ns), int(price) / tick, int(size), int(side)) for ns, price, size, side in trades],
    )
    filled, reasons = 0, set()
    for number in range(0, 400, 8):
        row = tape.quotes[number]
        if tape.quotes[number + 1][0] == row[0]:
            continue  # another quote of that instant holds
        for side, touch in ((BUY, row[1]), (SELL, row[3])):
            order = (side, 400_000, touch - side * (number % 3) * 20)
            fills, why = played(tape, row[0], *order, feed=feed)
            assert fills == witness(tape, row[0], *order)
            filled, reasons = filled + len(fills), reasons | set(why)
    assert filled > 100
    assert reasons == {"queue reached", "traded through", "crossed"}


@pytest.mark.real
def test_a_run_on_a_real_day_says_what_it_took_for_granted(bitcoin: Path) -> None:
    algos = [parse_algorithm(text) for text in ("pegged", "pegged,offset=-1000")]
    window = {"start": None, "end": None, "limit": None}
    parents = expand(["BTC/USDT"], ["buy"], [1.0], algos, ["2021-01-08"], **window)
    run = backtest(bitcoin, BacktestConfig(tuple(parents)))
    assert run["notes"][0].startswith("BTC/USDT 2021-01-08: level 1, quotes and prints only, the weakest ground")
    assert run["notes"][0].endswith("queue rule risk-averse")
    (told,) = (note for note in run["notes"] if "behind the touch, where nobody knows" in note)
    events = results.table(Store(bitcoin), "order_events", run["run_id"])
    placed = events.filter(pl.col("event").is_in(["acknowledged", "replaced"]) & pl.col("price").is_not_null())
    farther = placed.filter(pl.col("order_id").str.contains("-2\\."))
    # All of the order ten dollars behind, none of the one at the touch.
    assert farther.height > 10
    assert f"{farther.height} of {placed.height} times" in told


def test_prints_of_unknown_sides_and_their_absence_are_told(tmp_path: Path) -> None:
    quotes = "timestamp,symbol,bid,bid_size,ask,ask_size\n" + "".join(
        f"{1704186000000 + 1000 * n},ACME,10.0{n % 3},100,10.0{n % 3 + 2},100\n" for n in range(60)
    )
    trades = "timestamp,symbol,price,size\n" + "".join(
        f"{1704186000500 + 1000 * n},ACME,10.0{n % 4},10\n" for n in range(30)
    )
    parents = expand(["ACME"], ["buy"], [50.0], [parse_algorithm("pegged")], [None], start=None, end=None, limit=None)
    (tmp_path / "quotes.csv").write_text(quotes)
    (tmp_path / "trades.csv").write_text(trades)
    store = tmp_path / "store"
    ingest(store, IngestRequest([str(tmp_path / "quotes.csv")]))
    run = backtest(store, BacktestConfig(tuple(parents)))
    assert "level 1, quotes only" in run["notes"][0]
    assert any("no prints: an order that rests fills only" in note for note in run["notes"])
    ingest(store, IngestRequest([str(tmp_path / "trades.csv")]))
    run = backtest(store, BacktestConfig(tuple(parents)))
    assert "level 1, quotes and prints only" in run["notes"][0]
    assert any("30 of 30 prints do not say who took" in note for note in run["notes"])


def test_at_the_touch_quotes_give_what_the_book_gives_and_behind_it_they_flatter(tmp_path: Path) -> None:
    sample = Path(__file__).resolve().parents[2] / "sample_data"
    window = {"start": "10:00", "end": "11:00", "limit": None}
    maker: dict[str, list[float]] = {}
    for name, pattern in (("book", "lobster/*03-03*"), ("quotes", "csv/*03-03*")):
        files = [str(path) for path in sample.glob(pattern)]
        ingest(tmp_path / name, IngestRequest(files, ReaderOptions(timezone="America/New_York")))
        algos = [parse_algorithm(text) for text in ("pegged", "pegged,offset=-1")]
        parents = expand(["ALFA", "BRVO"], ["buy", "sell"], [300.0], algos, ["2026-03-03"], **window)
        run = backtest(tmp_path / name, BacktestConfig(tuple(parents)))
        maker[name] = [row["maker_fraction"] for row in run["parents"]]
    # At the touch, and a tick behind it, in turn.
    assert maker["book"][::2] == maker["quotes"][::2] == [1.0] * 4
    assert sum(maker["book"][1::2]) < sum(maker["quotes"][1::2])
