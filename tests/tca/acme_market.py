"""A made-up market small enough to check by hand, and builders of orders against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument

SECOND = 1_000_000_000
DATE = "2020-01-02"
OPEN = 1_577_975_400 * SECOND  # 09:30 in New York
CLOSE = OPEN + 6 * 3600 * SECOND + 1800 * SECOND


def at(seconds: float) -> int:
    """The instant that many seconds after the open, in ns."""
    return OPEN + round(seconds * SECOND)


def build_day(
    quotes: Sequence[tuple[float, float, float]],
    prints: Sequence[tuple[float, float, float]] = (),
    *,
    session: bool = True,
    **units: Any,
) -> MarketDay:
    """A market from quotes (seconds after the open, bid, ask) and prints (seconds, price, shares)."""
    instrument = Instrument(
        "ACME",
        session_open_ns=OPEN if session else None,
        session_close_ns=CLOSE if session else None,
        **units,
    )
    count = len(prints)
    return MarketDay(
        instrument=instrument,
        date=DATE,
        quote_ns=np.array([at(seconds) for seconds, _, _ in quotes], dtype=np.int64),
        bid=np.array([bid for _, bid, _ in quotes], dtype=np.float64),
        ask=np.array([ask for _, _, ask in quotes], dtype=np.float64),
        bid_size=np.full(len(quotes), 100.0),
        ask_size=np.full(len(quotes), 100.0),
        print_ns=np.array([at(seconds) for seconds, _, _ in prints], dtype=np.int64),
        print_price=np.array([round(p * instrument.price_scale) for _, p, _ in prints], dtype=np.int64),
        print_size=np.array([round(q * instrument.size_scale) for _, _, q in prints], dtype=np.int64),
        print_displayed=np.ones(count, dtype=bool),
        print_aggressor=np.zeros(count, dtype=np.int8),
    )


def parent(**changes: Any) -> dict[str, Any]:
    """A buy of 400 shares at the open's tenth second, decided at 99.90; change what the test is about."""
    row: dict[str, Any] = {
        "parent_id": "P1",
        "symbol": "ACME",
        "raw_symbol": "ACME US",
        "matched": True,
        "venue": "XNAS",
        "date": DATE,
        "side": 1,
        "quantity": 400,
        "size_scale": 1,
        "price_scale": 10_000,
        "limit_price": None,
        "decision_ns": at(1),
        "decision_price": 99.90,
        "arrival_ns": at(10),
        "end_ns": at(50),
        "algo": "vwap",
        "params": None,
        "broker": "B1",
        "trader": None,
        "account": None,
        "currency": "USD",
        "fees": 1.0,
        "notes": None,
    }
    return row | changes


def fill(fill_id: str, seconds: float, price: float, shares: int, **changes: Any) -> dict[str, Any]:
    """A fill of P1 that many seconds after the open."""
    row: dict[str, Any] = {
        "fill_id": fill_id,
        "order_id": None,
        "parent_id": "P1",
        "symbol": "ACME",
        "date": DATE,
        "ts_ns": at(seconds),
        "received_ns": None,
        "side": 1,
        "price": round(price * 10_000),
        "price_scale": 10_000,
        "quantity": shares,
        "size_scale": 1,
        "liquidity": "taker",
        "reason": None,
        "fee": 0.5,
        "bid": None,
        "ask": None,
        "venue": "XNAS",
    }
    return row | changes


def frame_of(rows: list[dict[str, Any]], table: Any) -> pl.DataFrame:
    """Rows as a frame of that table's types, less run_id."""
    schema = {name: kind for name, kind in table.polars_schema().items() if name != "run_id"}
    return pl.DataFrame(rows, schema=schema)
