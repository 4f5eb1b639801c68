"""What a replay of quotes and prints alone takes for granted, told with the numbers of the day and of the run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from tcakit.jobs.market import has_book, replay_feed
from tcakit.replay.columns import Feed
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay


def level_one_notes(store: Store, day: SymbolDay, frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """What a reader must know where a day has no book, none for others. `frames` are those of the run: `parents`,
    `orders`, `order_events`."""
    if has_book(day) or "quotes" not in day.contents:
        return []
    notes, feed, where = [], replay_feed(store, day), f"{day.instrument.symbol} {day.date}"
    prints, unknown = len(feed.print_row), int((feed.side[feed.print_row] == 0).sum())
    if not prints:
        notes.append(f"{where}: no prints: an order that rests fills only when the other side is quoted at its price")
    elif unknown:
        notes.append(
            f"{where}: {unknown:,} of {prints:,} prints do not say who took: they fill an order of ours only where "
            "they pass its price"
        )
    rested, behind = _rested(feed, day, frames)
    if behind:
        notes.append(
            f"{where}: {behind:,} of {rested:,} times an order came to rest behind the touch, where nobody knows who "
            "stood before it: it counts as first there, and fills too soon"
        )
    return notes


def _rested(feed: Feed, day: SymbolDay, frames: Mapping[str, pl.DataFrame]) -> tuple[int, int]:
    """How often an order of the day came to rest, and how often behind the touch."""
    of_day = frames["parents"].filter(pl.col("date") == day.date, pl.col("symbol") == day.instrument.symbol)
    orders = (
        frames["orders"]
        .join(of_day.select("parent_id"), on="parent_id", how="semi")
        .filter(~pl.col("time_in_force").is_in(["ioc", "fok"]))
        .select("order_id", "side")
    )
    came = (
        frames["order_events"]
        .filter(pl.col("event").is_in(["acknowledged", "replaced"]) & pl.col("price").is_not_null())
        .join(orders, on="order_id")
        .filter(pl.col("market_row") > 0)
    )
    row, side = came["market_row"].to_numpy() - 1, came["side"].to_numpy()
    tick = came["price"].to_numpy() // day.instrument.tick_size - feed.base_tick
    touch = np.where(side > 0, feed.best_bid[row], feed.best_ask[row])
    is_quoted = (touch >= 0) & (touch < feed.ticks)
    return len(row), int((is_quoted & ((touch - tick) * side > 0)).sum())
