"""Pricing resting orders that were never sent, on a day indexed once, against replaying the day for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from benchmarks.bench_replay import _walk, our_feed
from benchmarks.harness import Benchmark
from tcakit.market import codes
from tcakit.replay.columns import Feed
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.replay.what_if import WhatIf, sample_orders
from tcakit.venue.gateway import Fill, Gateway

ROWS = 3_000_000
ORDERS = 1_000_000
SAMPLE = 60
HORIZON_NS = 60_000_000_000
_LEVELS = 3
_QUANTITY = 100
Filled = list[tuple[int, int | None]]


class Resting:
    """One order of a row of `sample_orders`, taken back at its horizon."""

    def __init__(self, row: dict[str, int]) -> None:
        self.row, self.order = row, -1
        self.filled = 0
        self.first_ns: int | None = None

    def on_start(self, gateway: Gateway) -> None:
        self.order = gateway.submit(self.row["side"], self.row["quantity"], self.row["tick"], codes.POST_ONLY)
        gateway.wake_at(self.row["arrival_ns"] + self.row["horizon_ns"])

    def on_time(self, gateway: Gateway) -> None:
        gateway.cancel(self.order)

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        self.filled += fill.quantity
        self.first_ns = fill.venue_ns if self.first_ns is None else self.first_ns


def orders_of(feed: Feed, count: int) -> pl.DataFrame:
    """About as many orders, evenly over the day, at the best prices and behind."""
    span = int(feed.ns[-1] - feed.ns[0])
    return sample_orders(feed, max(1, span * 2 * _LEVELS // count), _LEVELS, _QUANTITY, HORIZON_NS)


def priced(what_if: WhatIf, orders: pl.DataFrame) -> Filled:
    """Size filled and time of the first fill, by order."""
    return what_if.price(orders, codes.LOG_PROB2).select("filled", "first_fill_ns").rows()


def replayed(feed: Feed, orders: pl.DataFrame) -> Filled:
    """The same by a replay of the day for each order, up to its end."""
    found: Filled = []
    for row in orders.iter_rows(named=True):
        strategy = Resting(row)
        window = Participant(strategy, row["arrival_ns"], row["arrival_ns"] + row["horizon_ns"])
        Replay(feed, [window], ReplaySettings(queue_rule=codes.LOG_PROB2)).run()
        found.append((strategy.filled, strategy.first_ns))
    return found


def _agree(one: Filled, other: Filled) -> None:
    assert one == other


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    rows = max(5_000, int(ROWS * scale))
    feed = our_feed(_walk(rows, 3))
    many = orders_of(feed, max(600, int(ORDERS * scale)))
    job = f"{rows:,} rows of a level-2 feed: indexed, and {len(many):,} orders that rest up to 60 s priced (log2 queue)"
    yield Benchmark("what-if-index-and-price", job, lambda: WhatIf(feed).price(many, codes.LOG_PROB2).height)
    few, what_if = orders_of(feed, SAMPLE), WhatIf(feed)
    job = f"{len(few):,} such orders evenly over that day, indexed before"
    name = "a replay for each order"
    yield Benchmark(
        "what-if-against-replay", job, lambda: priced(what_if, few), name, lambda: replayed(feed, few), _agree
    )
