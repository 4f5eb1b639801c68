"""Which of the firm's orders and fills have no market data behind them, and what would have to be bought."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.jobs.firm import Blotter, load_blotter
from tcakit.jobs.market import market_day
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


def data_request(folder: Path, *, everything: bool = False, wait_s: float = 30.0) -> dict[str, Any]:
    """The symbols and windows to buy for orders without data (or for all): five minutes around each day's orders."""
    store = Store(folder, wait_s=wait_s)
    blotter = load_blotter(store)
    missing = {(row["symbol"], row["date"]) for row in coverage(folder, wait_s=wait_s)["missing"]}
    windows: dict[tuple[str, str], list[int]] = {}
    for row in blotter.parents.select("symbol", "date", "arrival_ns", "end_ns").iter_rows(named=True):
        key = (row["symbol"], row["date"])
        if everything or key in missing:
            window = windows.setdefault(key, [row["arrival_ns"], row["arrival_ns"]])
            window[0] = min(window[0], row["arrival_ns"])
            window[1] = max(window[1], row["end_ns"] or row["arrival_ns"])
    for row in blotter.fills.select("symbol", "date", "ts_ns").iter_rows(named=True):
        key = (row["symbol"], row["date"])
        if everything or key in missing:
            window = windows.setdefault(key, [row["ts_ns"], row["ts_ns"]])
            window[:] = min(window[0], row["ts_ns"]), max(window[1], row["ts_ns"])
    return {
        "windows": [
            {
                "symbol": symbol,
                "date": date,
                "start": format_time(first - _AROUND_NS),
                "end": format_time(last + _AROUND_NS),
            }
            for (symbol, date), (first, last) in sorted(windows.items())
        ]
    }
