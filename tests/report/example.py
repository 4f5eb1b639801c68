"""A made-up run for the tests: two symbols, eight parents, some partial, one unpriced, one unmatched."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl

from tcakit.market import schema
from tcakit.market.clock import wall_ns
from tcakit.market.day import MarketDay
from tcakit.market.instrument import Instrument
from tcakit.report.data import ReportData, run_of_row

RUN = "f3a9c1e07d5b4a2288c6d0e19b7f4c55"
DATE = "2024-03-14"
ZONE = "America/New_York"
SCALE = 10_000
SECOND = 1_000_000_000
OPEN_NS = wall_ns(DATE, 34_200 * SECOND, ZONE)
CLOSE_NS = wall_ns(DATE, 57_600 * SECOND, ZONE)
ALGOS = ("vwap", "pov", "is", "twap")


def market_day(symbol: str, start_price: float, seed: int, rows: int = 40_000, currency: str = "USD") -> MarketDay:
    """A wandering quote with a one to three tick spread from the open to the close, and prints on it."""
    random = np.random.default_rng(seed)
    quote_ns = np.sort(random.integers(OPEN_NS, CLOSE_NS, rows))
    mid_ticks = np.cumsum(random.choice((-1, 0, 0, 0, 1), rows)) + round(start_price * 100)
    spread = random.integers(1, 4, rows)
    bid, ask = mid_ticks / 100.0, (mid_ticks + spread) / 100.0
    prints = np.sort(random.choice(rows, rows // 8, replace=False))
    aggressor = random.choice(np.array([-1, 1], np.int8), prints.size)
    price = np.where(aggressor > 0, ask[prints], bid[prints])
    return MarketDay(
        Instrument(symbol, currency=currency, session_open_ns=OPEN_NS, session_close_ns=CLOSE_NS),
        DATE,
        quote_ns,
        bid,
        ask,
        random.integers(1, 30, rows) * 100.0,
        random.integers(1, 30, rows) * 100.0,
        quote_ns[prints],
        np.round(price * SCALE).astype(np.int64),
        random.integers(1, 40, prints.size) * 50,
        random.random(prints.size) > 0.1,
        aggressor,
        (f"key-{symbol.lower()}",),
    )


def frame(table: schema.Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides=table.polars_schema()) if rows else table.empty()


class _Tape:
    """Look-ups on a market day, plain and slow."""

    def __init__(self, day: MarketDay) -> None:
        self.day = day

    def quote(self, ns: int) -> tuple[float, float]:
        row = max(int(np.searchsorted(self.day.quote_ns, ns, side="right")) - 1, 0)
        return float(self.day.bid[row]), float(self.day.ask[row])

    def mid(self, ns: int) -> float:
        return sum(self.quote(ns)) / 2.0

    def prints(self, start: int, end: int) -> tuple[float | None, float]:
        chosen = (self.day.print_ns >= start) & (self.day.print_ns <= end)
        size = self.day.print_size[chosen]
        if not size.sum():
            return None, 0.0
        return float((self.day.print_price[chosen] * size).sum() / size.sum() / SCALE), float(size.sum())

    def twap(self, start: int, end: int) -> float:
        return float(np.mean([self.mid(int(ns)) for ns in np.linspace(start, end, 50)]))


def parent(name: str, symbol: str, side: int, quantity: int, start: int, minutes: int, **more: Any) -> dict[str, Any]:
    return {
        "run_id": RUN,
        "parent_id": name,
        "symbol": symbol,
        "raw_symbol": symbol,
        "matched": True,
        "venue": "XNAS",
        "date": DATE,
        "side": side,
        "quantity": quantity,
        "size_scale": 1,
        "price_scale": SCALE,
        "arrival_ns": start,
        "end_ns": start + minutes * 60 * SECOND,
        "broker": "North Desk",
        "trader": "M. Okafor",
        "currency": "USD",
        **more,
    }


def _children(
    order: dict[str, Any], tape: _Tape, random: np.random.Generator, share: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    orders, fills = [], []
    slices = 24
    times = np.sort(random.integers(order["arrival_ns"], order["end_ns"], slices))
    for number, ns in enumerate(times.tolist()):
        size = order["quantity"] // slices
        bid, ask = tape.quote(ns)
        maker = random.random() < 0.55
        near, far = (bid, ask) if order["side"] > 0 else (ask, bid)
        stored = round((near if maker else far) * SCALE)
        done = number < slices * share
        child = {
            "run_id": RUN,
            "order_id": f"{order['parent_id']}-{number}",
            "parent_id": order["parent_id"],
            "symbol": order["symbol"],
            "side": order["side"],
            "type": "limit",
            "time_in_force": "post-only" if maker else "ioc",
            "price": stored,
            "price_scale": SCALE,
            "quantity": size,
            "filled": size if done else 0,
            "size_scale": 1,
            "state": "filled" if done else "cancelled",
            "reason": "" if done else "by strategy",
            "submitted_ns": ns - 3_000_000,
            "acknowledged_ns": ns - 2_000_000,
            "ended_ns": ns,
        }
        orders.append(child)
        if done:
            fills.append(
                {
                    "run_id": RUN,
                    "fill_id": f"{child['order_id']}-f",
                    "order_id": child["order_id"],
                    "parent_id": order["parent_id"],
                    "symbol": order["symbol"],
                    "date": DATE,
                    "ts_ns": ns,
                    "side": order["side"],
                    "price": stored,
                    "price_scale": SCALE,
                    "quantity": size,
                    "size_scale": 1,
                    "liquidity": "maker" if maker else "taker",
                    "reason": "queue reached" if maker else "took",
                    "fee": (-0.002 if maker else 0.003) * size,
                    "bid": round(bid * SCALE),
                    "ask": round(ask * SCALE),
                    "venue": "XNAS",
                }
            )
    return orders, fills


def _measure(order: dict[str, Any], tape: _Tape, fills: list[dict[str, Any]]) -> dict[str, Any]:
    side, ordered = order["side"], float(order["quantity"])
    start, end = order["arrival_ns"], order["end_ns"]
    filled = float(sum(fill["quantity"] for fill in fills))
    prices = [fill["price"] / SCALE for fill in fills]
    sizes = [fill["quantity"] for fill in fills]
    average = sum(p * q for p, q in zip(prices, sizes, strict=True)) / filled if filled else None
    arrival, finish, close = tape.mid(start), tape.mid(end), tape.mid(CLOSE_NS)
    decision = order.get("decision_price") or arrival
    spread = sum(side * f["quantity"] * (f["price"] / SCALE - tape.mid(f["ts_ns"])) for f in fills)
    drift = sum(side * f["quantity"] * (tape.mid(f["ts_ns"]) - arrival) for f in fills)
    delay = side * filled * (arrival - decision)
    opportunity = side * (ordered - filled) * (finish - decision)
    fees = sum(fill["fee"] for fill in fills)
    total = delay + spread + drift + opportunity + fees
    last = fills[-1]["ts_ns"] if fills else None
    vwap, volume = tape.prints(start, last) if last else (None, 0.0)
    window, _ = tape.prints(start, end)
    twap = tape.twap(start, end)

    def bps(benchmark: float | None) -> float | None:
        if average is None or benchmark is None:
            return None
        return side * (average - benchmark) / benchmark * 1e4

    return {
        "average_price": average,
        "decision_price": decision,
        "arrival_price": arrival,
        "end_price": finish,
        "interval_vwap": vwap,
        "window_vwap": window,
        "twap": twap,
        "close_price": close,
        "market_shares": volume if last else None,
        "participation": filled / volume if volume else None,
        "delay_cost": delay,
        "trading_cost": spread + drift,
        "spread_cost": spread,
        "drift_cost": drift,
        "opportunity_cost": opportunity,
        "fees": fees,
        "total_cost": total,
        "paper_notional": ordered * decision,
        "executed_notional": filled * arrival,
        "shortfall_bps_of_paper": total / (ordered * decision) * 1e4,
        "arrival_bps_of_executed": (spread + drift) / (filled * arrival) * 1e4 if filled else None,
        "vwap_bps_of_executed": bps(vwap),
        "twap_bps_of_executed": bps(twap),
        "close_bps_of_executed": bps(close),
        "maker_fraction": sum(f["quantity"] for f in fills if f["liquidity"] == "maker") / filled if filled else None,
    }


def tca_row(order: dict[str, Any], tape: _Tape | None, fills: list[dict[str, Any]]) -> dict[str, Any]:
    filled = float(sum(fill["quantity"] for fill in fills))
    row = {
        name: order.get(name)
        for name in ("run_id", "parent_id", "symbol", "date", "side", "algo", "broker", "currency", "notes")
    }
    row |= {
        "priced": tape is not None,
        "unpriced_reason": None if tape is not None else "no market data on that day",
        "ordered_shares": float(order["quantity"]),
        "filled_shares": filled,
        "fills": len(fills),
        "arrival_ns": order["arrival_ns"],
        "first_fill_ns": fills[0]["ts_ns"] if fills else None,
        "last_fill_ns": fills[-1]["ts_ns"] if fills else None,
        "end_ns": order["end_ns"],
        "fill_rate": filled / order["quantity"],
    }
    return row | (_measure(order, tape, fills) if tape is not None else {})


def fill_rows(fill: dict[str, Any], tape: _Tape) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    mid, side, price = tape.mid(fill["ts_ns"]), fill["side"], fill["price"] / SCALE
    bid, ask = tape.quote(fill["ts_ns"])
    later = tape.mid(fill["ts_ns"] + 60 * SECOND)
    cost = {
        "run_id": RUN,
        "fill_id": fill["fill_id"],
        "parent_id": fill["parent_id"],
        "mid_at_fill": mid,
        "mid_at_receipt": mid,
        "quoted_spread": ask - bid,
        "effective_spread": 2 * side * (price - mid),
        "effective_spread_at_receipt": 2 * side * (price - mid),
        "realised_spread_60s": 2 * side * (price - later),
        "price_impact_60s": 2 * side * (later - mid),
        "inside_quote": bid <= price <= ask,
    }
    markouts = [
        {
            "run_id": RUN,
            "fill_id": fill["fill_id"],
            "horizon_s": horizon,
            "markout_bps_of_price": side * (tape.mid(fill["ts_ns"] + round(horizon * SECOND)) - price) / price * 1e4,
        }
        for horizon in schema.MARKOUT_HORIZONS_S
    ]
    return cost, markouts


def report_data(
    parents: list[dict[str, Any]] | None = None,
    markets: dict[tuple[str, str], MarketDay] | None = None,
    shares: tuple[float, ...] = (1.0, 1.0, 0.6, 1.0, 0.25, 1.0),
    **more: Any,
) -> ReportData:
    """A report's data, consistent in itself: every cost is worked out from the fills and quotes it holds."""
    random = np.random.default_rng(11)
    if markets is None:
        markets = {("ACME", DATE): market_day("ACME", 84.0, 1), ("BORA", DATE): market_day("BORA", 23.5, 2)}
    chosen = eight_parents() if parents is None else parents
    orders, fills, costs, fill_costs, markouts = [], [], [], [], []
    for number, order in enumerate(chosen):
        day = markets.get((order["symbol"], DATE))
        tape = _Tape(day) if day is not None else None
        own_orders, own_fills = [], []
        if tape is not None and not order.get("idle"):
            own_orders, own_fills = _children(order, tape, random, shares[number % len(shares)])
        orders += own_orders
        fills += own_fills
        if order["matched"]:
            costs.append(tca_row(order, tape, own_fills))
        for fill in own_fills:
            cost, marks = fill_rows(fill, tape)
            fill_costs.append(cost)
            markouts += marks
    plain = [{key: value for key, value in order.items() if key != "idle"} for order in chosen]
    return ReportData(
        run=more.pop("run", run_row()),
        parents=frame(schema.PARENTS, plain),
        orders=frame(schema.ORDERS, orders),
        fills=frame(schema.FILLS, fills),
        tca_parents=frame(schema.TCA_PARENTS, costs),
        tca_fills=frame(schema.TCA_FILLS, fill_costs),
        markouts=frame(schema.TCA_MARKOUTS, markouts),
        files=frame(schema.FILES, file_rows()),
        faults=frame(schema.FAULTS, fault_rows()),
        markets=markets,
        order_event_counts={"new": len(orders), "acknowledged": len(orders), "filled": len(fills)},
        titles=more.pop("titles", {"title": "Execution review", "client": "Meridian Pension Fund"}),
        **more,
    )


def eight_parents() -> list[dict[str, Any]]:
    half_hour = 30 * 60 * SECOND
    first = OPEN_NS + 60 * 60 * SECOND
    rows = [
        parent("P-1001", "ACME", 1, 12_000, first, 30, algo="vwap", decision_price=84.05),
        parent("P-1002", "ACME", -1, 9_600, first + half_hour, 45, algo="pov", limit_price=820_000),
        parent("P-1003", "BORA", 1, 24_000, first, 60, algo="is", limit_price=240_000),
        parent("P-1004", "BORA", -1, 7_200, first + 2 * half_hour, 20, algo="vwap"),
        parent("P-1005", "ACME", 1, 48_000, first + 3 * half_hour, 15, algo="is", notes="limit reached early"),
        parent("P-1006", "BORA", 1, 4_800, first + 4 * half_hour, 90, algo="twap"),
        parent("P-1007", "CALDER", 1, 1_000, first, 30, algo="vwap"),
        parent("P-1008", "ZZ LN Equity", -1, 500, first, 30, algo="pov", matched=False),
    ]
    rows[-1]["raw_symbol"] = "ZZ LN Equity"
    return rows


def run_row() -> dict[str, Any]:
    return run_of_row(
        {
            "run_id": RUN,
            "kind": "replay",
            "created_ns": OPEN_NS + 90_000 * SECOND,
            "config": json.dumps({"queue": "risk-averse", "latency_ns": 250_000, "seed": 7}),
            "data_keys": json.dumps(["key-acme", "key-bora"]),
            "versions": json.dumps({"tcakit": "0.1.0", "polars": "2.1.0", "kernels": "9b1c44"}),
            "notes": json.dumps(["volume curve: default U-shape, not fitted to these symbols"]),
            "seconds": 1.84,
            "events": 812_345,
        }
    )


def file_rows() -> list[dict[str, Any]]:
    return [
        {
            "ingest_key": f"key-{name}",
            "sha256": digit * 64,
            "path": f"data/{name}_2024-03-14.csv.zst",
            "format": "lobster",
            "reader_version": 1,
            "options": "{}",
            "rows": 402_118,
            "faults": 2 if name == "acme" else 0,
            "days": json.dumps([DATE]),
            "status": "stored",
            "ingested_ns": OPEN_NS,
            "members": json.dumps([[f"{name}_2024-03-14.csv", 31_415_926]]),
            "leans_on": "[]",
        }
        for name, digit in (("acme", "a"), ("bora", "b"))
    ]


def fault_rows() -> list[dict[str, Any]]:
    return [
        {
            "ingest_key": "key-acme",
            "path": "data/acme_2024-03-14.csv.zst",
            "line": line,
            "reason": "price is not a number",
            "text": "34200.1,1,77,100,n/a,1",
        }
        for line in (118, 2_044)
    ]
