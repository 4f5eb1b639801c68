"""Real level-3 days: random orders of ours fill as the plain witness of docs/replay.md says, event by event."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from replay_cases import engine_of, logged, run_to
from replay_witness import Message, Row, Witness, replay

from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.market import replay_feed
from tcakit.market import codes
from tcakit.replay.columns import Feed
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, plain, symbol_days
from tcakit.venue.latency import ConstantLatency

ROWS = 3_000  # of a day: the witness takes some 200 us for each
ORDERS = 250
ENTRY_NS = 250_000


def stored(folder: Path, paths: Sequence[Path], options: ReaderOptions) -> list[tuple[Store, SymbolDay]]:
    """The symbol-days of files that hold every order, those with most rows first."""
    ingest(folder, IngestRequest([str(path) for path in paths], options))
    store = Store(folder)
    days = [day for date in store.dates() for day in symbol_days(store, date) if "book-l3" in day.contents]
    return sorted(((store, day) for day in days), key=lambda pair: -len(replay_feed(*pair).ns))


def itch(real_data: Path, folder: Path) -> list[tuple[Store, SymbolDay]]:
    return stored(folder, [real_data / "itch" / "AAPL_20200130_first10k.NASDAQ_ITCH50.bin"], ReaderOptions())


def dbn(real_data: Path, folder: Path) -> list[tuple[Store, SymbolDay]]:
    paths = sorted((real_data / "dbn" / "nautilus").glob("*.mbo.dbn.zst"))
    return stored(folder, paths, ReaderOptions())[:1]


def bitstamp(real_data: Path, folder: Path) -> list[tuple[Store, SymbolDay]]:
    try:
        held = Path(str(distribution("ob-analytics").locate_file("ob_analytics/_sample_data")))
    except PackageNotFoundError:
        assert os.environ.get("CI") != "true"
        pytest.skip("pip install --no-deps -r .ci/data-packages.txt")
    return stored(folder, [held / "orders.csv.gz"], ReaderOptions(symbol="BTCUSD"))


def rows_of(store: Store, day: SymbolDay, feed: Feed) -> list[Row]:
    """What is stored of a day as the witness reads it; places in the queue are those of the feed."""
    book = market_data.book_events(store, day)
    tick = day.instrument.tick_size
    printed = plain(book["print_price"], -1)
    columns = [plain(book[name], -1).tolist() for name in ("ts_ns", "kind", "side", "price", "size", "level_size")]
    out = []
    for at, (ns, kind, side, price, size, level) in enumerate(zip(*columns, strict=True)):
        assert kind != codes.EXECUTE or printed[at] in (-1, price), "a print apart from its level"
        out.append(Row(ns, kind, side, price / tick, size, level if level >= 0 else None, int(feed.queued_row[at])))
    return out


def orders_of(rows: Sequence[Row], feed: Feed, lot: int, seed: int) -> list[Message]:
    """Orders around the best prices, a few of them cancelled or changed later, at random times of the rows' span."""
    draw = random.Random(seed)
    sent: list[Message] = []
    times = sorted(draw.randrange(rows[0].ns, rows[-1].ns) for _ in range(ORDERS))
    # By rows as well: half of a real day's messages fall into its busiest minutes.
    times += [rows[draw.randrange(len(rows))].ns for _ in range(ORDERS)]
    orders = 0
    at = 0
    for ns in sorted(times):
        while at + 1 < len(rows) and rows[at + 1].ns <= ns:
            at += 1
        bid, ask = int(feed.best_bid[at]) + feed.base_tick, int(feed.best_ask[at]) + feed.base_tick
        what = draw.random()
        quantity = lot * draw.randint(1, 300)
        if orders and what < 0.2:
            sent.append(Message(ns, draw.randrange(max(0, orders - 30), orders), is_cancel=True))
            continue
        side = draw.choice((codes.BUY, codes.SELL))
        near = (bid if side == codes.BUY else ask) + draw.choice((0, 0, 0, 0, -1, 1, 2, -2))
        if orders and what < 0.3:
            sent.append(
                Message(ns, draw.randrange(max(0, orders - 30), orders), tick=near, quantity=quantity, is_change=True)
            )
            continue
        force = draw.choice([codes.GTC] * 4 + [codes.POST_ONLY] * 4 + [codes.IOC, codes.FOK])
        tick = None if what > 0.97 else ask if force == codes.IOC and side == codes.BUY else near
        sent.append(Message(ns, orders, False, side, tick, quantity, codes.IOC if tick is None else force))
        orders += 1
    return sent


@pytest.mark.parametrize("source", [itch, dbn, bitstamp])
def test_random_orders_fill_as_the_witness_says(source, real_data: Path, tmp_path: Path) -> None:
    days = source(real_data, tmp_path / "store")
    assert days
    reasons: set[int] = set()
    for store, day in days:
        feed = replay_feed(store, day)
        whole = rows_of(store, day, feed)
        assert len(whole) == len(feed.ns)
        # A day that goes on from the one before opens with its book, all at one instant.
        opened = sum(row.ns == whole[0].ns for row in whole)
        rows = whole[: opened + ROWS]
        sent = orders_of(rows, feed, day.instrument.lot_size, seed=len(whole))
        engine = engine_of(feed, sent, codes.FIFO, latency=ConstantLatency(0, ENTRY_NS, ENTRY_NS))
        run_to(engine, rows[-1].ns)
        high = feed.base_tick + feed.ticks - 1
        witness = Witness(codes.FIFO, 3.0, day.instrument.lot_size, feed.base_tick, high)
        replay(witness, [row for row in whole if row.ns <= rows[-1].ns], sent, ENTRY_NS, rows[-1].ns)
        mine, theirs = logged(engine), witness.log
        assert len(mine) > ORDERS / 2
        for ours, said in zip(mine, theirs, strict=True):
            assert ours == said
        reasons |= {row[3] for row in mine}
    assert {codes.TOOK, codes.BY_STRATEGY} <= reasons
    assert reasons & {codes.QUEUE_REACHED, codes.TRADED_THROUGH, codes.CROSSED}
