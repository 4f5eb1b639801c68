"""Fill curves of a stored day: resting orders that were never sent, on a grid of times and levels."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.jobs.data_warnings import data_warnings
from tcakit.jobs.market import replay_data, replay_feed
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.replay import fill_curves as curves
from tcakit.replay.columns import Feed
from tcakit.replay.what_if import WhatIf, sample_orders
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, find_symbol_day

MOVE_HORIZONS_NS = (0, NS_PER_SECOND, 10 * NS_PER_SECOND, 60 * NS_PER_SECOND)
_MOST_ORDERS = 20_000_000


@dataclass(frozen=True, slots=True)
class FillCurvesRequest:
    """Whose day, and which orders: `quantity` in shares, one lot if None; `queue` None is exact FIFO where the
    recording allows it, risk-averse elsewhere; `out` the page to write, if any."""

    symbol: str
    date: str | None = None
    venue: str | None = None
    every_ns: int = NS_PER_SECOND
    levels: int = 3
    quantity: float | None = None
    queue: str | None = None
    horizon_ns: int = 60 * NS_PER_SECOND
    out: Path | None = None


def fill_curves(folder: Path, request: FillCurvesRequest) -> dict[str, Any]:
    """Price the orders and summarise them: times in seconds, sizes in shares, probabilities of a complete fill.

    UsageError where the request makes no orders or too many, DataError where the day has no book.
    """
    begun = time.perf_counter()
    if request.out is not None and request.out.suffix.lower() != ".html":
        raise UsageError(f"{request.out} is no page", place="--out", remedy="give a file that ends in .html")
    if request.every_ns <= 0 or request.horizon_ns <= 0:
        raise UsageError("a time of nothing", place="--every, --horizon", remedy="give times above zero")
    store = Store(folder)
    day = find_symbol_day(store, request.symbol, request.date, request.venue)
    feed = replay_feed(store, day)
    orders = _orders(feed, day, request)
    rule = _queue_rule(day, request.queue)
    priced = WhatIf(feed).price(orders, rule)
    shares = day.instrument.shares
    touch = priced.filter(pl.col("ticks_behind") == 0)
    by_queue = curves.fill_probability(touch, "ahead", curves.even_edges(touch["ahead"]))
    size = pl.col("at_least", "below") / day.instrument.size_scale
    result = {
        "symbol": day.instrument.symbol,
        "venue": day.instrument.venue,
        "date": day.date,
        "queue_rule": codes.QUEUE_RULE_NAMES[rule],
        "every_s": request.every_ns / NS_PER_SECOND,
        "horizon_s": request.horizon_ns / NS_PER_SECOND,
        "quantity": shares(int(orders["quantity"][0])),
        "orders": len(priced),
        "rested": int(priced["ahead"].count()),
        "levels": [_level(feed, priced, behind, request.horizon_ns) for behind in range(request.levels)],
        "by_queue": by_queue.with_columns(size).to_dicts(),
        "by_spread": curves.fill_probability(
            touch, "spread_ticks", curves.even_edges(touch["spread_ticks"])
        ).to_dicts(),
        "notes": [
            replay_data(day.contents),
            "each order was alone in the market, without latency; history did not react to it",
            *data_warnings(store, day),
        ],
    }
    if request.out is not None:
        from tcakit.jobs.report import write_whole
        from tcakit.report.fill_page import render_fill_curves

        write_whole(request.out, render_fill_curves(result))
        result["out"] = str(request.out)
    return result | {"seconds": round(time.perf_counter() - begun, 3)}


def _orders(feed: Feed, day: SymbolDay, request: FillCurvesRequest) -> pl.DataFrame:
    """The orders of the session, where its hours are known."""
    instrument = day.instrument
    quantity = instrument.lot_size
    if request.quantity is not None:
        exact = Decimal(str(request.quantity)) * instrument.size_scale
        if not exact.is_finite() or exact <= 0 or exact != int(exact) or int(exact) % instrument.lot_size:
            raise UsageError(
                f"{request.quantity:g} is no multiple of the lot of {instrument.shares(instrument.lot_size):g}",
                place="--quantity",
                remedy="round it",
            )
        quantity = int(exact)
    start, end = instrument.session_open_ns, instrument.session_close_ns
    start, end = int(feed.ns[0]) if start is None else start, int(feed.ns[-1]) if end is None else end
    count = (end - start) // request.every_ns * request.levels * 2
    if count > _MOST_ORDERS:
        raise UsageError(
            f"{count:,} orders are more than {_MOST_ORDERS:,}", place="--every", remedy="take a longer time"
        )
    orders = sample_orders(feed, request.every_ns, request.levels, quantity, request.horizon_ns, start, end)
    if orders.is_empty():
        raise UsageError("no order falls into the day", place="--every", remedy="take a shorter time")
    return orders


def _queue_rule(day: SymbolDay, queue: str | None) -> int:
    if queue is not None:
        return codes.code_of(codes.QUEUE_RULE_NAMES, queue)
    return codes.FIFO if "book-l3" in day.contents else codes.RISK_AVERSE


def _level(feed: Feed, priced: pl.DataFrame, behind: int, horizon_ns: int) -> dict[str, Any]:
    """What became of the orders at one distance from the best price."""
    here = priced.filter(pl.col("ticks_behind") == behind)
    within = curves.fill_probability(here, "ticks_behind", [behind]).drop("at_least", "below")
    by_time = curves.fill_probability_by_time(here, _times(horizon_ns))
    soon = curves.time_to_fill(here)
    moves = curves.adverse_selection(feed, here, MOVE_HORIZONS_NS)
    return {
        "ticks_behind": behind,
        **within.row(0, named=True),
        "by_time": _in_seconds(by_time).to_dicts(),
        "time_to_fill": _in_seconds(soon).to_dicts(),
        "adverse_selection": _in_seconds(moves).to_dicts(),
    }


def _times(horizon_ns: int) -> list[int]:
    """The horizon and 1, 2 and 5 times the powers of ten below it, over three decades."""
    steps = [step * 10**power for power in range(19) for step in (1, 2, 5)]
    return [*(at for at in steps if horizon_ns / 1_000 <= at < horizon_ns), horizon_ns]


def _in_seconds(frame: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in frame.columns if name.endswith("_ns")]
    return frame.with_columns(pl.col(names) / NS_PER_SECOND).rename({name: f"{name[:-3]}_s" for name in names})
