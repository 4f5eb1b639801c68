"""A made-up desk's blotter over simulated days: its orders, the fills that they had in the market, names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND, format_time
from tcakit.market.day import MarketDay
from tcakit.simulator.csv_export import write_csv
from tcakit.simulator.desk import ACCOUNTS, TRADERS, DeskOrder, WorkedDay

if TYPE_CHECKING:
    import polars as pl

_PARENT_COLUMNS = (
    "parent_id",
    "symbol",
    "side",
    "quantity",
    "limit_price",
    "decision_time",
    "decision_price",
    "arrival_time",
    "end_time",
    "algo",
    "broker",
    "trader",
    "account",
    "currency",
    "fees",
)
_FILL_COLUMNS = (
    "fill_id",
    "parent_id",
    "order_id",
    "symbol",
    "side",
    "time",
    "price",
    "quantity",
    "liquidity",
    "fee",
    "venue",
)
_COMMISSION = 0.0008  # currency a share, on the parent
_UNMATCHED = "ZZTQ LN Equity"
_MINUTE = 60 * NS_PER_SECOND
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Blotter:
    """`parents`, `fills` and `aliases` as written to parents.csv, fills.csv and aliases.csv; one row of `parents`, and
    its fill, name a symbol for which there is no market data."""

    parents: pl.DataFrame
    fills: pl.DataFrame
    aliases: pl.DataFrame

    def write(self, folder: Path) -> list[Path]:
        """Write parents.csv, fills.csv and aliases.csv into `folder`."""
        return [
            write_csv(self.parents, folder / "parents.csv"),
            write_csv(self.fills, folder / "fills.csv"),
            write_csv(self.aliases, folder / "aliases.csv"),
        ]


def make_blotter(days: Sequence[WorkedDay], random: np.random.Generator) -> Blotter:
    """The blotter of a desk that has worked these days; `random` draws how it writes things down.

    Fills are those that its orders had in the market, which moved by them. UsageError without days.
    """
    import polars as pl

    if not days:
        raise UsageError("a blotter needs days", remedy="give at least one")
    parents: list[Row] = []
    fills: list[Row] = []
    for worked in days:
        names = {order.parent_id: _name(worked, random) for order in worked.orders}
        executed = _fills(worked, names)
        filled = {parent: 0 for parent in names}
        for fill in executed:
            filled[fill["parent_id"]] += fill["quantity"]
        for order, limit in zip(worked.orders, worked.limits, strict=True):
            parents.append(_parent(worked, order, limit, names[order.parent_id], filled[order.parent_id], random))
        fills += executed
    _unmatched_parent(parents, fills, days[0])
    fills.sort(key=lambda fill: fill["ts_ns"])
    rows = [{"fill_id": f"F{number:05d}", **fill} for number, fill in enumerate(fills, start=1)]
    types = {"limit_price": pl.Float64, "decision_price": pl.Float64, "fees": pl.Float64}
    return Blotter(
        parents=pl.DataFrame(parents, schema_overrides=types, infer_schema_length=None).select(_PARENT_COLUMNS),
        fills=pl.DataFrame(rows, infer_schema_length=None).select(_FILL_COLUMNS),
        aliases=_aliases(sorted({worked.day.symbol for worked in days})),
    )


def _names(symbol: str) -> dict[str, str]:
    """The ways the desk writes a symbol: kind -> name."""
    return {"ticker": symbol, "bloomberg": f"{symbol} US Equity", "ric": f"{symbol}.OQ"}


def _name(worked: WorkedDay, random: np.random.Generator) -> str:
    names = tuple(_names(worked.day.symbol).values())
    return names[int(random.integers(len(names)))]


def _aliases(symbols: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    rows = [
        {"alias": alias, "kind": kind, "symbol": symbol, "valid_from": "2026-01-01", "valid_to": None}
        for symbol in symbols
        for kind, alias in _names(symbol).items()
        if kind != "ticker"
    ]
    return pl.DataFrame(rows, schema_overrides={"valid_to": pl.String})


def _fills(worked: WorkedDay, names: dict[str, str]) -> list[Row]:
    """The desk's executions of a day; child orders are numbered within their parent, in the order they first traded."""
    instrument = worked.day.instrument
    children: dict[str, dict[str, int]] = {}
    rows = []
    for fill in worked.fills.sort("ts_ns", maintain_order=True).iter_rows(named=True):
        parent, own = fill["parent_id"], children.setdefault(fill["parent_id"], {})
        number = own.setdefault(fill["order_id"], len(own) + 1)
        rows.append(
            {
                "parent_id": parent,
                "order_id": f"{parent}-{number:02d}",
                "symbol": names[parent],
                "side": "buy" if fill["side"] == codes.BUY else "sell",
                "ts_ns": fill["ts_ns"],
                "time": format_time(fill["ts_ns"], instrument.timezone),
                "price": round(fill["price"] / instrument.price_scale, 4),
                "quantity": fill["quantity"],
                "liquidity": fill["liquidity"],
                "fee": round(fill["fee"], 4),
                "venue": instrument.venue,
            }
        )
    return rows


def _parent(
    worked: WorkedDay, order: DeskOrder, limit: int | None, name: str, filled: int, random: np.random.Generator
) -> Row:
    instrument, market = worked.day.instrument, worked.market_day
    zone, tick = instrument.timezone, instrument.tick_size / instrument.price_scale
    # Some desks do not write the price down, nor what they paid for.
    knows_price, knows_fees = random.random() < 0.85, random.random() < 0.8
    return {
        "parent_id": order.parent_id,
        "symbol": name,
        "side": "buy" if order.side == codes.BUY else "sell",
        "quantity": order.quantity,
        "limit_price": None if limit is None else round(limit * tick, 4),
        "decision_time": format_time(order.decision_ns, zone),
        "decision_price": round(_mid_before(market, order.decision_ns), 4) if knows_price else None,
        "arrival_time": format_time(order.arrival_ns, zone),
        "end_time": format_time(order.end_ns, zone),
        "algo": order.algo,
        "broker": order.broker,
        "trader": order.trader,
        "account": order.account,
        "currency": instrument.currency,
        "fees": round(filled * _COMMISSION, 2) if knows_fees else None,
    }


def _mid_before(market: MarketDay, ns: int) -> float:
    """The middle of the quote that holds just before an instant."""
    return float(market.mid[max(0, int(np.searchsorted(market.quote_ns, ns, side="left")) - 1)])


def _unmatched_parent(parents: list[Row], fills: list[Row], worked: WorkedDay) -> None:
    """An order in a name nobody recorded: every real blotter has one."""
    day = worked.day
    arrival = day.session[0] + 47 * _MINUTE
    zone = day.instrument.timezone
    parent_id = f"{day.date.replace('-', '')[2:]}-ZZTQ-01"
    common = {"parent_id": parent_id, "symbol": _UNMATCHED, "side": "buy"}
    parents.append(
        {
            **common,
            "quantity": 5_000,
            "limit_price": None,
            "decision_time": format_time(arrival - 3 * _MINUTE, zone),
            "decision_price": 12.84,
            "arrival_time": format_time(arrival, zone),
            "end_time": format_time(arrival + 30 * _MINUTE, zone),
            "algo": "TWAP",
            "broker": "HARBOUR",
            "trader": TRADERS[0],
            "account": ACCOUNTS[0],
            "currency": "GBP",
            "fees": None,
        }
    )
    ns = arrival + 11 * _MINUTE + 250_000_123
    fills.append(
        {
            **common,
            "order_id": f"{parent_id}-01",
            "ts_ns": ns,
            "time": format_time(ns, zone),
            "price": 12.86,
            "quantity": 5_000,
            "liquidity": "taker",
            "fee": 15.0,
            "venue": "XLON",
        }
    )
