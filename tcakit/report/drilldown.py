"""One parent order for the drill-down: quotes thinned without losing extremes, fills, lines and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market.clock import NS_PER_SECOND, format_time, zone
from tcakit.market.day import MarketDay
from tcakit.registry import nearest
from tcakit.report.data import ReportData
from tcakit.report.depth import DepthGrid

POINTS_PER_ORDER = 2_000
DEAREST_AND_CHEAPEST = 25
EVENTS_SHOWN = 120
_LINES = (
    ("decision_price", "Decision"),
    ("arrival_price", "Arrival"),
    ("interval_vwap", "Interval VWAP"),
    ("twap", "TWAP"),
    ("limit_price", "Limit"),
    ("average_price", "Average"),
)


def chosen_orders(
    rows: list[dict[str, Any]], named: Sequence[str] = (), each: int = DEAREST_AND_CHEAPEST
) -> list[dict[str, Any]]:
    """Which of the summary's parents (the dearest first) can be opened: the named, the `each` dearest and cheapest.

    All where there are no more than twice `each`. The named come first, the rest in the order of `rows`. Raises
    UsageError for an order that is not there.
    """
    by_name = {row["parent_id"]: row for row in rows}
    for name in named:
        if name not in by_name:
            guess = nearest(name, list(by_name))
            hint = f"did you mean {guess!r}?" if guess else "its id stands in the report's first column"
            raise UsageError(f"no order {name!r} in this report", place="--order", remedy=hint)
    if len(rows) <= 2 * each:
        rest = rows
    else:
        costed = [row for row in rows if row["shortfall_bps_of_paper"] is not None]
        rest = [*costed[:each], *costed[max(len(costed) - each, each) :]]
    return list({row["parent_id"]: row for row in [*(by_name[name] for name in named), *rest]}.values())


def drilldowns(data: ReportData, chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those rows of the summary's parents as what the page's script draws.

    Times are microseconds or milliseconds on the exchange's wall clock from `base_ms`; prices of quotes are
    differences in units of `price_unit`, None where a side is empty.
    """
    names = [row["parent_id"] for row in chosen]
    orders = _by_parent(data.orders, names)
    fills = _by_parent(data.fills, names)
    return [
        drilldown(
            row,
            data.markets.get((row["symbol"], row["date"])),
            orders.get(row["parent_id"], []),
            fills.get(row["parent_id"], []),
            data.depth.get(row["parent_id"]),
        )
        for row in chosen
    ]


def drilldown(
    row: dict[str, Any],
    day: MarketDay | None,
    orders: list[dict[str, Any]],
    fills: list[dict[str, Any]],
    depth: DepthGrid | None = None,
) -> dict[str, Any]:
    """One parent: what it was, its quotes and book (where they are there), fills, price lines and event table."""
    start, end = order_window(row, fills)
    offset_ns = _offset_ns(start, row["timezone"])
    unit_ns = 1_000 if end - start <= 300 * NS_PER_SECOND else 1_000_000
    events = event_rows(orders, fills, row["timezone"])
    return {
        "id": row["parent_id"],
        "axis": f"Time of day on {row['date']}, {_zone_words(start, row['timezone'])}",
        "currency": row.get("trade_currency", row["currency"]),
        "base_ms": (start + offset_ns) // 1_000_000,
        "unit_ms": unit_ns / 1e6,
        "window": [0, _steps(end, start, unit_ns)],
        "arrival": _steps(row["arrival_ns"], start, unit_ns),
        "end": None if row["end_ns"] is None else _steps(row["end_ns"], start, unit_ns),
        "depth": None if depth is None else _depth(depth, start, unit_ns),
        "quotes": None if day is None else quote_path(day, start, end, unit_ns),
        "fills": [
            [
                _steps(fill["ts_ns"], start, unit_ns),
                fill["price"] / fill["price_scale"],
                fill["quantity"] / fill["size_scale"],
                fill["liquidity"],
                fill["reason"],
            ]
            for fill in fills
        ],
        "lines": [[name, row[column]] for column, name in _LINES if row[column] is not None],
        "events": events[:EVENTS_SHOWN],
        "events_left_out": max(len(events) - EVENTS_SHOWN, 0),
    }


def _depth(grid: DepthGrid, start: int, unit_ns: int) -> dict[str, Any]:
    return {
        "times": [_steps(int(ns), start, unit_ns) for ns in grid.times_ns],
        "prices": [float(f"{price:.6f}") for price in grid.prices],
        "sizes": [[float(size) for size in row] for row in grid.shares],
        "levels": [[level, *means] for level, means in enumerate(grid.mean_by_level(), start=1)],
        "note": grid.note,
    }


def _zone_words(ns: int, timezone: str) -> str:
    return f"{timezone} (UTC{format_time(ns, timezone)[-6:]})"


def order_window(row: dict[str, Any], fills: list[dict[str, Any]]) -> tuple[int, int]:
    """From a little before the arrival to a little after the last thing that happened."""
    times = [row["arrival_ns"], row["end_ns"], *(fill["ts_ns"] for fill in fills)]
    known = [ns for ns in times if ns is not None]
    first, last = min(known), max(known)
    room = max((last - first) // 20, NS_PER_SECOND)
    # On a whole millisecond, so that the page's clock starts exactly there.
    return (first - room) // 1_000_000 * 1_000_000, last + room


def _offset_ns(ns: int, timezone: str) -> int:
    offset = datetime.fromtimestamp(ns // NS_PER_SECOND, tz=zone(timezone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * NS_PER_SECOND


def _steps(ns: int, start: int, unit_ns: int) -> int:
    return round((ns - start) / unit_ns)


def _by_parent(frame: pl.DataFrame, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in frame.filter(pl.col("parent_id").is_in(names)).iter_rows(named=True):
        found.setdefault(row["parent_id"], []).append(row)
    return found


def quote_path(
    day: MarketDay, start: int, end: int, unit_ns: int, points: int = POINTS_PER_ORDER
) -> dict[str, Any] | None:
    """The quotes of [start, end] as differences of time and price; None where no quote stood in the window.

    Rows that repeat the quote before them go first, losing nothing; then, if more than `points` are left, each
    of equal stretches of time keeps its lowest and highest bid and offer and its first row without one.
    """
    first = max(int(np.searchsorted(day.quote_ns, start, side="right")) - 1, 0)
    last = int(np.searchsorted(day.quote_ns, end, side="right"))
    if last <= first:
        return None
    times = np.maximum(day.quote_ns[first:last], start)
    bid, ask = day.bid[first:last], day.ask[first:last]
    kept = _thinned(times, bid, ask, points)
    times, bid, ask = times[kept], bid[kept], ask[kept]
    if int(day.quote_ns[-1]) >= end > int(times[-1]):
        # The last quote still stood at the end of the window, because the recording goes on after it.
        times, bid, ask = np.append(times, end), np.append(bid, bid[-1]), np.append(ask, ask[-1])
    scale = day.instrument.price_scale
    stored = [np.where(np.isfinite(side), np.round(side * scale), 0).astype(np.int64) for side in (bid, ask)]
    step = int(np.gcd.reduce(np.concatenate(stored))) or 1
    return {
        "price_unit": step / scale,
        "times": np.diff((times - start) // unit_ns, prepend=0).tolist(),
        "bids": _differences(stored[0] // step, np.isfinite(bid)),
        "asks": _differences(stored[1] // step, np.isfinite(ask)),
        "rows": last - first,
    }


def _thinned(
    times: NDArray[np.int64], bid: NDArray[np.float64], ask: NDArray[np.float64], points: int
) -> NDArray[np.int64]:
    same = np.zeros(times.size, dtype=bool)
    same[1:] = _equal(bid) & _equal(ask)
    kept = np.flatnonzero(~same)
    if kept.size <= points:
        return kept
    stretches = max(points // 5, 1)
    span = max(int(times[-1] - times[0]), 1)
    stretch = (times[kept] - times[0]) * stretches // (span + 1)
    chosen = [kept[:1], kept[-1:]]
    for values in (bid[kept], -bid[kept], ask[kept], -ask[kept]):
        order = np.lexsort((values, stretch))  # NaN sorts last, so it never counts as an extreme
        chosen.append(kept[order[_first_of_each(stretch[order])]])
    empty = np.flatnonzero(~(np.isfinite(bid[kept]) & np.isfinite(ask[kept])))
    if empty.size:
        chosen.append(kept[empty[_first_of_each(stretch[empty])]])
    return np.unique(np.concatenate(chosen))


def _equal(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))


def _first_of_each(sorted_groups: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.diff(sorted_groups, prepend=-1))


def _differences(values: NDArray[np.int64], known: NDArray[np.bool_]) -> list[int | None]:
    """First value, then differences to the last known one; None where unknown."""
    out: list[int | None] = [None] * values.size
    places = np.flatnonzero(known)
    for place, difference in zip(places.tolist(), np.diff(values[places], prepend=0).tolist(), strict=True):
        out[place] = difference
    return out


def event_rows(orders: list[dict[str, Any]], fills: list[dict[str, Any]], timezone: str) -> list[list[Any]]:
    """Sent orders, their fills and how they ended, in time order.

    Each row: time, event, order, kind, price (currency), size (shares), liquidity or reason, fee (currency).
    """
    found: list[tuple[int, int, list[Any]]] = []
    for order in orders:
        price = None if order["price"] is None else order["price"] / order["price_scale"]
        size = order["quantity"] / order["size_scale"]
        kind = f"{order['type']} {order['time_in_force']}"
        found.append((order["submitted_ns"], 0, ["sent", order["order_id"], kind, price, size, None, None]))
        if order["ended_ns"] is not None and order["state"] != "filled":
            left = size - order["filled"] / order["size_scale"]
            row = [order["state"], order["order_id"], kind, price, left, order["reason"] or None, None]
            found.append((order["ended_ns"], 2, row))
    for fill in fills:
        price, size = fill["price"] / fill["price_scale"], fill["quantity"] / fill["size_scale"]
        how = ", ".join(word for word in (fill["liquidity"], fill["reason"]) if word) or None
        found.append((fill["ts_ns"], 1, ["fill", fill["order_id"], fill["venue"], price, size, how, fill["fee"]]))
    found.sort(key=lambda item: (item[0], item[1], str(item[2][1])))
    return [[_clock(ns, timezone), *row] for ns, _, row in found]


def _clock(ns: int, timezone: str) -> str:
    """Time of day to the microsecond; the zone stands in the table's head."""
    return format_time(ns, timezone)[11:26]
