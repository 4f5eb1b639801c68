"""A made-up desk at work in a simulated market: what it was asked to do, and the day with its orders in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.simulator import own_tables
from tcakit.simulator.desk_trader import DeskTrader, Slice
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.simulator.session import Trader, trade
from tcakit.simulator.tape import day_of
from tcakit.venue.fees import FeeSchedule

if TYPE_CHECKING:
    import polars as pl

TRADERS = ("a.moreau", "j.okafor", "s.lindqvist")
ACCOUNTS = ("GROWTH", "INCOME", "INDEX")
# Broker -> the share of slices that rest, and how much an order that rests shows at a time; None: all of it.
_BROKERS = {"NORTHGATE": (0.65, None), "HARBOUR": (0.45, 100), "QUAYSIDE": (0.15, None)}
# Algorithm -> (shortest, longest) minutes at work and (least, most) share of the printed volume it aims at.
_ALGOS = {
    "VWAP": ((60, 240), (0.02, 0.08)),
    "TWAP": ((30, 180), (0.02, 0.08)),
    "POV": ((20, 120), (0.05, 0.15)),
    "IS": ((5, 45), (0.06, 0.20)),
}
FEES = FeeSchedule(maker_per_share=-0.0020, taker_per_share=0.0030)
_MINUTE = 60 * NS_PER_SECOND
_LOT = 100
_LEAST = 200
_MOST_SLICES = 24


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """What the desk was asked to do with one symbol on one day, and how it works it; times ns since 1970 UTC."""

    parent_id: str
    side: int
    quantity: int
    decision_ns: int
    arrival_ns: int
    end_ns: int
    algo: str
    broker: str
    trader: str
    account: str
    is_limited: bool
    slices: tuple[Slice, ...]
    shown: int | None


@dataclass(frozen=True, slots=True)
class WorkedDay:
    """A day with the desk's orders in it: what the public saw, the orders with the limits they were given (ticks, None
    for none), and the fills (schema FILLS)."""

    day: RecordedDay
    market_day: MarketDay
    orders: tuple[DeskOrder, ...]
    limits: tuple[int | None, ...]
    fills: pl.DataFrame


def work_day(make: Callable[[], SimulatedMarket], date: str, random: np.random.Generator, parents: int) -> WorkedDay:
    """Let the desk work `parents` orders in a market; `make` makes it anew, always the same.

    The sizes of the orders are shares of what is printed in the market without them. UsageError for no parents.
    """
    if parents < 1:
        raise UsageError(f"{parents} parents", place="parents", remedy="give 1 or more")
    alone = make()
    alone.advance(_close_of(alone))
    orders = desk_orders(day_of(alone, date), random, parents)
    market = make()
    desk = [
        DeskTrader(each.side, each.quantity, each.slices, shown=each.shown, is_limited=each.is_limited)
        for each in orders
    ]
    trade(market, [Trader(who, each.arrival_ns, each.end_ns) for who, each in zip(desk, orders, strict=True)])
    market.advance(max(market.now, _close_of(market)))
    names = [each.parent_id for each in orders]
    fills = own_tables.fills(market, own_tables.log_of(market), "desk", "", names, date, FEES)
    day = day_of(market, date)
    return WorkedDay(day, day.market_day(), orders, tuple(who.limit_tick for who in desk), fills)


def _close_of(market: SimulatedMarket) -> int:
    close_ns = market.instrument.session_close_ns
    assert close_ns is not None
    return close_ns + 1


def desk_orders(alone: RecordedDay, random: np.random.Generator, count: int) -> tuple[DeskOrder, ...]:
    """So many orders for a day, drawn; `alone` is the day without them."""
    market = alone.market_day()
    return tuple(_drawn(alone, market, random, number) for number in range(count))


def _drawn(alone: RecordedDay, market: MarketDay, random: np.random.Generator, number: int) -> DeskOrder:
    session_open, session_close = alone.session
    algo, broker = _one_of(random, tuple(_ALGOS)), _one_of(random, tuple(_BROKERS))
    minutes, shares = _ALGOS[algo]
    length = int(random.integers(minutes[0], minutes[1] + 1)) * _MINUTE
    arrival = int(random.integers(session_open + 5 * _MINUTE, session_close - length - _MINUTE))
    decision = max(session_open + _MINUTE, arrival - int(random.exponential(4.0 * _MINUTE)))
    end = arrival + length
    first, last = np.searchsorted(market.print_ns, [arrival, end])
    wanted = random.uniform(*shares) * float(market.print_size[first:last].sum())
    quantity = max(_LEAST, round(wanted / _LOT) * _LOT)
    passive, shown = _BROKERS[broker]
    return DeskOrder(
        parent_id=f"{alone.date.replace('-', '')[2:]}-{alone.symbol}-{number + 1:02d}",
        side=codes.BUY if random.random() < 0.55 else codes.SELL,
        quantity=quantity,
        decision_ns=decision,
        arrival_ns=arrival,
        end_ns=end,
        algo=algo,
        broker=broker,
        trader=_one_of(random, TRADERS),
        account=_one_of(random, ACCOUNTS),
        is_limited=bool(random.random() < 0.3),
        slices=_slices(random, algo, quantity, arrival, end, alone.session, passive),
        shown=shown,
    )


def _one_of(random: np.random.Generator, names: Sequence[str]) -> str:
    return names[int(random.integers(len(names)))]


def _slices(
    random: np.random.Generator,
    algo: str,
    quantity: int,
    arrival: int,
    end: int,
    session: tuple[int, int],
    passive: float,
) -> tuple[Slice, ...]:
    count = int(np.clip(quantity // 150, 4, _MOST_SLICES))
    edges = np.linspace(arrival, end, count + 1).astype(np.int64)
    done = np.rint(quantity * _shares(algo, edges, session)).astype(np.int64)
    pieces = []
    for at in range(count):
        start, stop = int(edges[at]), int(edges[at + 1])
        rests = bool(random.random() < passive)
        if not rests:
            start = int(random.integers(start + 1, stop - NS_PER_SECOND))
        pieces.append(Slice(start, stop, int(done[at]), rests))
    return tuple(pieces)


def _shares(algo: str, edges: NDArray[np.int64], session: tuple[int, int]) -> NDArray[np.float64]:
    """What share of the order is due at the end of each slice: sooner for IS, as the day's volume goes for VWAP."""
    if algo == "IS":
        spent = (edges - edges[0]) / (edges[-1] - edges[0])
        due = 1.0 - np.exp(-2.0 * spent)
    elif algo == "VWAP":
        day = 2.0 * (edges - session[0]) / (session[1] - session[0]) - 1.0
        due = day + day**3  # the integral of 1 + 3 x^2, a U over the session
    else:
        due = edges.astype(np.float64)
    return (due[1:] - due[0]) / (due[-1] - due[0])
