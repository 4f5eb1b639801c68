"""Which of the firm's orders and fills have no market data behind them, and what would have to be bought."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.jobs.firm import Blotter, load_blotter
from tcakit.jobs.market import market_day
from tcakit.jobs.vendor_request import Window, vendor_requests
from tcakit.market.clock import format_time
from tcakit.market.day import MarketDay
from tcakit.store.database import Store
from tcakit.store.market_data import by_weight, symbol_days

_AROUND_NS = 5 * 60 * 1_000_000_000
Markets = Mapping[tuple[str, str], MarketDay]


def markets_of(store: Store, blotter: Blotter) -> dict[tuple[str, str], MarketDay]:
    """The market of every (symbol, date) of the blotter that is stored."""
    wanted = {*blotter.parents.select("symbol", "date").rows(), *blotter.fills.select("symbol", "date").rows()}
    out: dict[tuple[str, str], MarketDay] = {}
    for date in sorted({date for _, date in wanted}):
        for day in reversed(by_weight(symbol_days(store, date))):
            if (day.instrument.symbol, date) in wanted:
                out[day.instrument.symbol, date] = market_day(store, day)
    return out


def coverage(folder: Path, *, as_of_ns: int | None = None, wait_s: float = 30.0) -> dict[str, Any]:
    """Parents and fills without market data, by reason: name unmatched, symbol or day not stored, hours not covered.

    With `as_of_ns` of the blotter as it stood then. `lost_changes` are corrections and cancels of fills nobody has.
    """
    store = Store(folder, wait_s=wait_s)
    blotter = load_blotter(store, as_of_ns=as_of_ns)
    markets = markets_of(store, blotter)
    stored = {symbol for symbol, _ in markets}
    unmatched = {row["name"] for row in blotter.unmatched}
    parents = _missing(blotter.parents, "parent_id", "arrival_ns", "end_ns", markets, stored, unmatched)
    fills = _missing(blotter.fills, "fill_id", "ts_ns", "ts_ns", markets, stored, unmatched)
    reasons: dict[str, dict[str, int]] = {}
    for what, rows in (("parents", parents), ("fills", fills)):
        for row in rows:
            reasons.setdefault(row["reason"], {"parents": 0, "fills": 0})[what] += 1
    return {
        "parents": blotter.parents.height,
        "fills": blotter.fills.height,
        "parents_covered": blotter.parents.height - len(parents),
        "fills_covered": blotter.fills.height - len(fills),
        "by_reason": [{"reason": reason, **counts} for reason, counts in sorted(reasons.items())],
        "missing": parents + fills,
        "unmatched": blotter.unmatched,
        "notes": list(blotter.notes),
        "lost_changes": [
            {name: row[name] for name in ("change", "fill_id", "revises", "symbol", "date")}
            for row in blotter.lost_changes
        ],
    }


def _missing(
    rows: pl.DataFrame, key: str, begin: str, end: str, markets: Markets, stored: set[str], unmatched: set[str]
) -> list[dict[str, Any]]:
    out = []
    columns = list(dict.fromkeys([key, "symbol", "date", begin, end]))
    for row in rows.select(columns).iter_rows(named=True):
        reason = _reason(row, row[begin], row[end] or row[begin], markets, stored, unmatched)
        if reason is not None:
            kind = key.removesuffix("_id")
            out.append({"kind": kind, "id": row[key], "symbol": row["symbol"], "date": row["date"], "reason": reason})
    return out


def _reason(
    row: dict[str, Any], begin: int, end: int, markets: Markets, stored: set[str], unmatched: set[str]
) -> str | None:
    day = markets.get((row["symbol"], row["date"]))
    if day is None:
        if row["symbol"] in unmatched:
            return "name not matched"
        return "day not stored" if row["symbol"] in stored else "symbol not stored"
    if not len(day.quote_ns):
        return "prints only, no quotes"
    if begin < day.quote_ns[0] - _AROUND_NS or end > day.quote_ns[-1] + _AROUND_NS:
        return "hours not covered"
    return None


def data_request(
    folder: Path, *, everything: bool = False, vendor: str | None = None, wait_s: float = 30.0
) -> dict[str, Any]:
    """The symbols and windows to buy for orders without data (or for all): five minutes around each day's orders.

    With `vendor` (databento, tardis or csv) `requests` has them as that vendor's batch request wants them.
    """
    if vendor is not None:
        vendor_requests([], vendor)  # a word that is none is told before anything is read
    store = Store(folder, wait_s=wait_s)
    blotter = load_blotter(store)
    missing = {(row["symbol"], row["date"]) for row in coverage(folder, wait_s=wait_s)["missing"]}
    windows: dict[tuple[str, str], list[int]] = {}
    venues: dict[tuple[str, str], set[str]] = {}
    moments = [
        (blotter.parents, pl.col("arrival_ns"), pl.coalesce("end_ns", "arrival_ns")),
        (blotter.fills, pl.col("ts_ns"), pl.col("ts_ns")),
    ]
    for rows, first, last in moments:
        for symbol, date, venue, begin, end in rows.select(
            "symbol", "date", "venue", first.alias("first"), last.alias("last")
        ).iter_rows():
            key = (symbol, date)
            if not everything and key not in missing:
                continue
            window = windows.setdefault(key, [begin, begin])
            window[:] = min(window[0], begin), max(window[1], end)
            venues.setdefault(key, set()).update([venue] if venue else [])
    found = [
        Window(symbol, date, first - _AROUND_NS, last + _AROUND_NS, tuple(sorted(venues[symbol, date])))
        for (symbol, date), (first, last) in sorted(windows.items())
    ]
    out: dict[str, Any] = {
        "windows": [
            {
                "symbol": window.symbol,
                "date": window.date,
                "venues": list(window.venues),
                "start": format_time(window.start_ns),
                "end": format_time(window.end_ns),
            }
            for window in found
        ]
    }
    return out if vendor is None else out | {"format": vendor, "requests": vendor_requests(found, vendor)}
