"""The displayed book around orders, from the stored events, for the drill-down of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from tcakit.jobs.market import has_book
from tcakit.report.data import ReportData
from tcakit.report.depth import DepthGrid, depth_grid
from tcakit.report.drilldown import chosen_orders, order_window
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, plain

COLUMNS = ("ts_ns", "kind", "side", "price", "level_size")
ORDERS_WITH_DEPTH = 12


def with_depth(store: Store, data: ReportData, summary: dict[str, Any], days: Iterable[SymbolDay]) -> ReportData:
    """The same data with the book around the first orders its page opens; `days` are the stored days of the orders.

    First come the orders named by `data.page`, then the dearest. Raises UsageError for a named order that is not there.
    """
    opened = [row for row in chosen_orders(summary["parents"], data.page.orders) if row["priced"]]
    fills: dict[str, list[dict[str, Any]]] = {}
    mine = data.fills.filter(pl.col("parent_id").is_in([row["parent_id"] for row in opened]))
    for parent_id, ns in mine.select("parent_id", "ts_ns").iter_rows():
        fills.setdefault(parent_id, []).append({"ts_ns": ns})
    windows = {
        row["parent_id"]: (row["symbol"], row["date"], *order_window(row, fills.get(row["parent_id"], [])))
        for row in opened
    }
    return replace(data, depth=depths(store, days, windows))


def depths(
    store: Store,
    days: Iterable[SymbolDay],
    windows: Mapping[str, tuple[str, str, int, int]],
    most: int = ORDERS_WITH_DEPTH,
) -> dict[str, DepthGrid]:
    """A grid by parent_id for the first `most` of `windows` whose symbol-day holds an order book.

    `windows` gives symbol, date, start and end (ns, UTC) of a parent's chart. A parent whose book was empty throughout,
    or of whose day only quotes are stored, has none.
    """
    held = {(day.instrument.symbol, day.date): day for day in days if has_book(day)}
    wanted = [(name, held[window[:2]], window) for name, window in windows.items() if window[:2] in held][:most]
    until: dict[tuple[str, str], int] = {}
    for _, _, (symbol, date, _, end) in wanted:
        until[symbol, date] = max(until.get((symbol, date), 0), end)
    found: dict[str, DepthGrid] = {}
    events: dict[tuple[str, str], dict[str, Any]] = {}
    for name, day, (symbol, date, start, end) in wanted:
        if (symbol, date) not in events:
            # One day at a time in memory: the orders of a day stand together or are read again.
            read = market_data.book_events(store, day, until[symbol, date])
            events = {(symbol, date): {column: plain(read[column]) for column in COLUMNS}}
        grid = depth_grid(events[symbol, date], day.instrument, start, end)
        if grid is not None:
            found[name] = grid
    return found
