"""One row a parent order: what was asked, what it cost, and what a reader must know of it."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from tcakit.market.clock import format_time
from tcakit.market.codes import BUY
from tcakit.report.data import ReportData
from tcakit.report.wording import NO_CURRENCY, NOT_STATED

COSTS = ("delay_cost", "trading_cost", "spread_cost", "drift_cost", "opportunity_cost", "fees", "total_cost")
_FROM_TCA = (
    "fills",
    "first_fill_ns",
    "last_fill_ns",
    "average_price",
    "arrival_price",
    "end_price",
    "interval_vwap",
    "window_vwap",
    "twap",
    "close_price",
    "market_shares",
    "participation",
    *COSTS,
    "paper_notional",
    "executed_notional",
    "shortfall_bps_of_paper",
    "arrival_bps_of_executed",
    "vwap_bps_of_executed",
    "twap_bps_of_executed",
    "close_bps_of_executed",
    "maker_fraction",
)


def parent_rows(data: ReportData) -> list[dict[str, Any]]:
    """Every parent as a JSON-able row, the dearest first, those without a total last.

    Dearest is by total cost, or, where there are several currencies, by shortfall in bps of paper.
    A parent that the measurement left out stays in the list with its reason; a value that is not a finite
    number is None.
    """
    measured = {row["parent_id"]: row for row in data.tca_parents.iter_rows(named=True)}
    asked = {row["parent_id"]: row for row in data.parents.iter_rows(named=True)}
    filled = dict(data.fills.group_by("parent_id").agg((pl.col("quantity") / pl.col("size_scale")).sum()).iter_rows())
    rows = [
        _row(data, name, asked.get(name), measured.get(name), filled.get(name))
        for name in dict.fromkeys([*asked, *measured])
    ]
    return ranked(rows)


def ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the dearest first, those without a cost last."""
    # Amounts of several currencies cannot be ranked against each other; basis points can.
    rank = "total_cost" if len({row["currency"] for row in rows}) <= 1 else "shortfall_bps_of_paper"
    return sorted(rows, key=lambda row: (row[rank] is None, -(row[rank] or 0.0), row["parent_id"]))


def _row(
    data: ReportData,
    name: str,
    asked: dict[str, Any] | None,
    measured: dict[str, Any] | None,
    filled: float | None,
) -> dict[str, Any]:
    asked, measured = asked or {}, measured or {}

    def either(column: str) -> Any:
        value = measured.get(column)
        return asked.get(column) if value is None else value

    symbol, date = either("symbol"), either("date")
    zone = data.timezone_of(symbol, date)
    ordered = measured.get("ordered_shares")
    if ordered is None:
        ordered = asked["quantity"] / asked["size_scale"]
    if measured.get("filled_shares") is not None:
        filled = measured["filled_shares"]
    limit = asked.get("limit_price")
    matched = asked.get("matched", True)
    reason = measured.get("unpriced_reason")
    if not measured:
        reason = "not measured" if matched else "symbol not matched"
    row: dict[str, Any] = {
        "parent_id": name,
        "symbol": symbol,
        "raw_symbol": asked.get("raw_symbol"),
        "matched": bool(matched),
        "date": date,
        "timezone": zone,
        "side": "buy" if either("side") == BUY else "sell",
        "algo": either("algo") or NOT_STATED,
        "broker": either("broker"),
        "trader": asked.get("trader"),
        "currency": either("currency") or NO_CURRENCY,
        "priced": bool(measured.get("priced", False)),
        "unpriced_reason": reason,
        "ordered_shares": ordered,
        "filled_shares": filled or 0.0,
        "fill_rate": (filled or 0.0) / ordered if ordered else None,
        "limit_price": limit / asked["price_scale"] if limit is not None else None,
        "decision_price": either("decision_price"),
        "arrival_ns": either("arrival_ns"),
        "end_ns": either("end_ns"),
        # What is measured of an order says first what its own row says.
        "notes": measured.get("notes") or asked.get("notes"),
    }
    row |= {column: measured.get(column) for column in _FROM_TCA}
    row["fills"] = row["fills"] or 0
    row["arrival_time"] = _time(row["arrival_ns"], zone)
    row["end_time"] = _time(row["end_ns"], zone)
    return {key: finite(value) for key, value in row.items()}


def _time(ns: int | None, zone: str) -> str | None:
    return None if ns is None else format_time(ns, zone)


def finite(value: Any) -> Any:
    """The value itself, None where it is a float that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
