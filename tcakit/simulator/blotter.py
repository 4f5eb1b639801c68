"""A made-up desk's blotter over simulated days: parents, fills at prices that were there, names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND, format_time
from tcakit.market.day import MarketDay
from tcakit.simulator.csv_export import write_csv
from tcakit.simulator.order_flow import SimulatedDay

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

_TRADERS = ("a.moreau", "j.okafor", "s.lindqvist")
_ACCOUNTS = ("GROWTH", "INCOME", "INDEX")
# Broker -> the share of children it works passively; the rest crosses the spread.
_BROKERS = {"NORTHGATE": 0.65, "HARBOUR": 0.45, "QUAYSIDE": 0.15}
# Algorithm -> (shortest, longest) minutes at work and (least, most) share of the printed volume it aims at.
_ALGOS = {
    "VWAP": ((60, 240), (0.02, 0.08)),
    "TWAP": ((30, 180), (0.02, 0.08)),
    "POV": ((20, 120), (0.05, 0.15)),
    "IS": ((5, 45), (0.06, 0.20)),
}
_TAKER_FEE = 0.0030  # currency a share
_MAKER_FEE = -0.0020
_COMMISSION = 0.0008  # currency a share, on the parent
_UNMATCHED = "ZZTQ LN Equity"
_MINUTE = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Blotter:
    """`parents`, `fills` and `aliases` as written to parents.csv, fills.csv and aliases.csv; one row of
    `parents`, and its
    fill, name a symbol for which there is no market data."""

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


@dataclass(slots=True)
class _Desk:
    random: np.random.Generator
    parents: list[dict[str, Any]] = field(default_factory=list)
    fills: list[dict[str, Any]] = field(default_factory=list)

    def choose(self, names: Sequence[str]) -> str:
        return names[int(self.random.integers(len(names)))]


def make_blotter(days: Sequence[SimulatedDay], seed: int, parents_per_day: int = 12) -> Blotter:
    """A blotter of `parents_per_day` parents on each day; the same arguments give the same rows.

    Passive fills have the time and price of a real print on their side and no more than its size;
    aggressive ones take the displayed quote and no more than it shows. Raises UsageError without days.

    >>> from tcakit.simulator.order_flow import FlowParameters, make_day
    >>> day = make_day("ALFA", "2026-03-03", 7, FlowParameters(events_per_day=2_000))
    >>> make_blotter([day], 1, 3).parents["symbol"].n_unique() > 1
    True
    """
    import polars as pl

    if not days or parents_per_day < 1:
        raise UsageError("a blotter needs days and parents", remedy="give at least one of each")
    desk = _Desk(np.random.Generator(np.random.PCG64([seed, 20_260_303])))
    for day in days:
        market = day.market_day()
        for number in range(parents_per_day):
            _work_parent(desk, day, market, number)
    _unmatched_parent(desk, days[0])
    order = sorted(range(len(desk.fills)), key=lambda at: (desk.fills[at]["ts_ns"], at))
    fills = []
    for number, at in enumerate(order, start=1):
        fill = {**desk.fills[at], "fill_id": f"F{number:05d}"}
        fills.append({name: fill[name] for name in _FILL_COLUMNS})
    return Blotter(
        parents=pl.DataFrame(desk.parents, schema_overrides=_parent_types(), infer_schema_length=None).select(
            _PARENT_COLUMNS
        ),
        fills=pl.DataFrame(fills, infer_schema_length=None),
        aliases=_aliases(sorted({day.symbol for day in days})),
    )


def _parent_types() -> dict[str, Any]:
    import polars as pl

    return {"limit_price": pl.Float64, "decision_price": pl.Float64, "fees": pl.Float64}


def _names(symbol: str) -> dict[str, str]:
    """The ways the desk writes a symbol: kind -> name."""
    return {"ticker": symbol, "bloomberg": f"{symbol} US Equity", "ric": f"{symbol}.OQ"}


def _aliases(symbols: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    rows = [
        {"alias": alias, "kind": kind, "symbol": symbol, "valid_from": "2026-01-01", "valid_to": None}
        for symbol in symbols
        for kind, alias in _names(symbol).items()
        if kind != "ticker"
    ]
    return pl.DataFrame(rows, schema_overrides={"valid_to": pl.String})


def _work_parent(desk: _Desk, day: SimulatedDay, market: MarketDay, number: int) -> None:
    random = desk.random
    instrument = day.instrument
    session_open, session_close = day.session
    algo = desk.choose(list(_ALGOS))
    broker = desk.choose(list(_BROKERS))
    minutes, shares = _ALGOS[algo]
    length = int(random.integers(minutes[0], minutes[1] + 1)) * _MINUTE
    last_start = session_close - length - _MINUTE
    arrival = int(random.integers(session_open + 5 * _MINUTE, last_start))
    decision = max(session_open + _MINUTE, arrival - int(random.exponential(4.0 * _MINUTE)))
    end = arrival + length
    side = codes.BUY if random.random() < 0.55 else codes.SELL
    window = slice(*np.searchsorted(market.print_ns, [arrival, end]))
    printed = int(market.print_size[window].sum())
    share = random.uniform(*shares)
    quantity = max(200, round(printed * share / 100) * 100)
    at_arrival = _quote_at(market, arrival)
    limit: float | None = None
    if random.random() < 0.3:
        touch = market.ask[at_arrival] if side == codes.BUY else market.bid[at_arrival]
        limit = round(float(touch) + side * 0.0015 * float(touch), 2)
    decision_mid = float(market.mid[_quote_at(market, decision)])
    parent_id = f"{day.date.replace('-', '')[2:]}-{day.symbol}-{number + 1:02d}"
    names = _names(day.symbol)
    symbol = names[desk.choose(list(names))]
    filled = _fill(desk, market, parent_id, symbol, side, quantity, limit, arrival, end, _BROKERS[broker])
    fees = round(filled * _COMMISSION, 2) if random.random() < 0.8 else None
    zone = instrument.timezone
    desk.parents.append(
        {
            "parent_id": parent_id,
            "symbol": symbol,
            "side": "buy" if side == codes.BUY else "sell",
            "quantity": quantity,
            "limit_price": limit,
            "decision_time": format_time(decision, zone),
            # Some desks do not write the price down.
            "decision_price": round(decision_mid, 4) if random.random() < 0.85 else None,
            "arrival_time": format_time(arrival, zone),
            "end_time": format_time(end, zone),
            "algo": algo,
            "broker": broker,
            "trader": desk.choose(_TRADERS),
            "account": desk.choose(_ACCOUNTS),
            "currency": instrument.currency,
            "fees": fees,
        }
    )


def _quote_at(market: MarketDay, ns: int) -> int:
    """Row of the quote that holds just before an instant."""
    return max(0, int(np.searchsorted(market.quote_ns, ns, side="left")) - 1)


def _fill(
    desk: _Desk,
    market: MarketDay,
    parent_id: str,
    symbol: str,
    side: int,
    quantity: int,
    limit: float | None,
    arrival: int,
    end: int,
    passive: float,
) -> int:
    """Work an order in slices over its window and note its fills; returns the shares filled."""
    random = desk.random
    slices = int(np.clip(quantity // 150, 4, 24))
    edges = np.linspace(arrival, end, slices + 1).astype(np.int64)
    scale = market.instrument.price_scale
    done = 0
    for child in range(slices):
        # Each slice takes what it owes by then, so that a slice that found nothing is caught up with.
        owed = min(quantity, round(quantity * (child + 1) / slices)) - done
        if owed <= 0:
            continue
        order_id = f"{parent_id}-{child + 1:02d}"
        start, stop = int(edges[child]), int(edges[child + 1])
        if random.random() < passive:
            # Someone took from our side of the book: we may have been the order it met.
            low, high = np.searchsorted(market.print_ns, [start + NS_PER_SECOND // 10, stop])
            took = market.print_aggressor[low:high] == -side
            at = low + np.flatnonzero(took & market.print_displayed[low:high])
            for row in at[random.permutation(len(at))[:3]]:
                price = int(market.print_price[row]) / scale
                if limit is not None and side * (price - limit) > 0:
                    continue
                size = min(owed, int(market.print_size[row]))
                _note(
                    desk,
                    market,
                    parent_id,
                    order_id,
                    symbol,
                    side,
                    int(market.print_ns[row]),
                    price,
                    size,
                    "maker",
                )
                done += size
                owed -= size
                if owed == 0:
                    break
        else:
            ns = int(random.integers(start + 1, stop))
            row = _quote_at(market, ns)
            price = float(market.ask[row] if side == codes.BUY else market.bid[row])
            shown = int(market.ask_size[row] if side == codes.BUY else market.bid_size[row])
            if limit is not None and side * (price - limit) > 0:
                continue
            size = min(owed, shown)
            _note(desk, market, parent_id, order_id, symbol, side, ns, price, size, "taker")
            done += size
    return done


def _note(
    desk: _Desk,
    market: MarketDay,
    parent_id: str,
    order_id: str,
    symbol: str,
    side: int,
    ns: int,
    price: float,
    size: int,
    liquidity: str,
) -> None:
    rate = _TAKER_FEE if liquidity == "taker" else _MAKER_FEE
    desk.fills.append(
        {
            "parent_id": parent_id,
            "order_id": order_id,
            "symbol": symbol,
            "side": "buy" if side == codes.BUY else "sell",
            "ts_ns": ns,
            "time": format_time(ns, market.instrument.timezone),
            "price": round(price, 4),
            "quantity": size,
            "liquidity": liquidity,
            "fee": round(rate * size, 4),
            "venue": market.instrument.venue,
        }
    )


def _unmatched_parent(desk: _Desk, day: SimulatedDay) -> None:
    """An order in a name nobody recorded: every real blotter has one."""
    arrival = day.session[0] + 47 * _MINUTE
    zone = day.instrument.timezone
    parent_id = f"{day.date.replace('-', '')[2:]}-ZZTQ-01"
    common = {"parent_id": parent_id, "symbol": _UNMATCHED, "side": "buy"}
    desk.parents.append(
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
            "trader": _TRADERS[0],
            "account": _ACCOUNTS[0],
            "currency": "GBP",
            "fees": None,
        }
    )
    ns = arrival + 11 * _MINUTE + 250_000_123
    desk.fills.append(
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
