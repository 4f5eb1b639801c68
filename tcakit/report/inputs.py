"""What the market said of each order: the quotes and the sums of prints that its numbers rest on, with their times.

Every input is looked up anew and stands as it was found, whether it gives the number that was measured or not: a number
that does not follow from it is wrong, and the verifier says so. An input is None only where nothing can be looked up,
for a known reason: no market of that day is stored, or it is in another currency; the recording does not cover the
time; the order ended on a day that is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND, zone
from tcakit.market.codes import BUY, SELL
from tcakit.market.day import MarketDay
from tcakit.report.data import ReportData
from tcakit.report.order_times import LATEST, MISSING_NS, USABLE, Ns, OrderTimes, times_of
from tcakit.report.window_inputs import mid_integrals, print_sums
from tcakit.tca.by_market import rows_by_market
from tcakit.tca.measure import in_another_currency
from tcakit.tca.quotes import EDGE_NS, first_mid, quoted_span

_CLOSE = 1e-9
_NONE = -1
_QUOTES = ("arrival", "decision", "end", "close")

Quote = tuple[int, float, float]


@dataclass(frozen=True, slots=True)
class MarketInputs:
    """The ground of one order's market prices.

    `arrival`, `decision`, `end` and `close` are quotes (time ns, bid, offer); `interval` and `window` sums over prints
    (first ns, last ns, prints, stored size, stored price x size); `twap` an integral over quotes (first ns, last ns, ns
    with a mid, a base price, integral of the mid above it in price x ns). Prices in currency. None where nothing can be
    looked up.
    """

    parent_id: str
    price_scale: int
    size_scale: int
    arrival: Quote | None = None
    decision: Quote | None = None
    end: Quote | None = None
    close: Quote | None = None
    interval: tuple[int, int, int, int, int] | None = None
    window: tuple[int, int, int, int, int] | None = None
    twap: tuple[int, int, int, float, float] | None = None


MARKET_INPUTS = tuple(field.name for field in fields(MarketInputs))


def market_inputs(data: ReportData, order: str) -> MarketInputs | None:
    """The inputs of an order; None where it was not measured or its market is not there."""
    for row in market_frame(data, order).to_dicts():
        told: dict[str, Any] = {name: tuple(v.values()) if isinstance(v, dict) else v for name, v in row.items()}
        return MarketInputs(**told)
    return None


def market_frame(data: ReportData, only: str | None = None) -> pl.DataFrame:
    """A row with the fields of `MarketInputs`, structs and null for tuples and None, of every measured order whose
    market is there, or of the order `only`."""
    # An order in another money than the market's was measured against nothing.
    foreign = list(in_another_currency(data.parents, data.markets))
    measured = data.tca_parents if only is None else data.tca_parents.filter(pl.col("parent_id") == only)
    there = pl.DataFrame(list(data.markets), {"symbol": pl.String, "date": pl.String}, orient="row")
    fills = data.fills.filter(USABLE).sort("ts_ns", maintain_order=True).group_by("parent_id")
    asked = data.parents.unique("parent_id", keep="last").select(
        "parent_id", _decided=pl.when(pl.col("decision_price").is_null()).then("decision_ns")
    )
    orders = (
        measured.filter(~pl.col("parent_id").is_in(foreign))
        .join(there, on=["symbol", "date"], how="semi", maintain_order="left")
        .unique("parent_id", keep="last", maintain_order=True)
        .join(
            fills.agg(LATEST.first().alias("_first"), LATEST.max().alias("_latest")),
            on="parent_id", how="left", maintain_order="left",
        )
        .join(asked, on="parent_id", how="left", maintain_order="left")
    )  # fmt: skip
    found = _Found(orders.height)
    times, first = OrderTimes.of(orders, orders["_latest"]), times_of(orders["_first"])
    decided, ended_at = times_of(orders["_decided"]), orders["end_price"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    for key, rows in rows_by_market(orders).items():
        market = _Market(data.markets[key])
        own = times.taken(rows)
        start = own.start(market.day)
        found.add_quotes("arrival", rows, market, _arrivals(market, own.arrival, start, first[rows]))
        # A decision after the arrival is a slip of the blotter: it prices nothing.
        known = np.where(decided[rows] <= own.arrival, decided[rows], MISSING_NS)
        found.add_quotes("decision", rows, market, market.places(known))
        stop = own.stop(market.day)
        found.add_quotes("end", rows, market, market.places(np.where(stop >= start, stop, MISSING_NS)))
        closes = market.day.instrument.session_close_ns
        close = market.places(np.array([MISSING_NS if closes is None else closes]))
        found.add_quotes("close", rows, market, np.repeat(close, rows.size))
        _ends_of_later_days(found, rows, key, data.markets, own, ended_at[rows])
        begins, last, stop = own.of_prints(market.day)
        found.scales[:, rows] = [[market.day.instrument.price_scale], [market.day.instrument.size_scale]]
        found.sums["interval"].append((rows, print_sums(market.day, begins, last)))
        found.sums["window"].append((rows, print_sums(market.day, begins, stop)))
        found.sums["twap"].append((rows, mid_integrals(market.day, begins, stop)))
    return found.frame(orders["parent_id"])


def contradicting_orders(data: ReportData) -> set[str]:
    """Orders that say what cannot be, so that nothing of them was priced: no side, no size, fills of another order."""
    parents = data.parents.unique("parent_id", keep="first")
    own = parents.select("parent_id", pl.col("side").alias("_side"), pl.col("symbol").alias("_symbol"))
    joined = data.fills.select("parent_id", "side", "symbol").join(own, on="parent_id")
    other = joined.filter((pl.col("side") != pl.col("_side")) | (pl.col("symbol") != pl.col("_symbol")))
    wrong = parents.filter(~pl.col("side").is_in([BUY, SELL]) | (pl.col("quantity") <= 0) | (pl.col("size_scale") <= 0))
    return {*other["parent_id"].to_list(), *wrong["parent_id"].to_list()}


class _Found:
    """What was looked up, a row an order."""

    def __init__(self, orders: int) -> None:
        self.scales = np.zeros((2, orders), np.int64)
        self.ns = {name: np.full(orders, MISSING_NS) for name in _QUOTES}
        self.prices = {name: np.full((2, orders), np.nan) for name in _QUOTES}
        self.sums: dict[str, list[tuple[NDArray[np.int64], pl.DataFrame]]] = {"interval": [], "window": [], "twap": []}

    def add_quotes(self, name: str, rows: NDArray[np.int64], market: _Market, places: NDArray[np.int64]) -> None:
        """Keep quotes of a market by their places, -1 for none."""
        there = places != _NONE
        found, rows = places[there], rows[there]
        self.ns[name][rows] = market.day.quote_ns[found]
        self.prices[name][:, rows] = market.day.bid[found], market.day.ask[found]

    def quote(self, name: str, row: int) -> Quote | None:
        """The quote that is kept of an order."""
        ns, (bid, ask) = int(self.ns[name][row]), self.prices[name][:, row].tolist()
        return None if ns == MISSING_NS else (ns, bid, ask)

    def set_quote(self, name: str, row: int, quote: Quote | None) -> None:
        """Keep a quote of any market."""
        self.ns[name][row] = MISSING_NS if quote is None else quote[0]
        self.prices[name][:, row] = (np.nan, np.nan) if quote is None else quote[1:]

    def frame(self, names: pl.Series) -> pl.DataFrame:
        columns: dict[str, pl.Series] = {
            "parent_id": names, "price_scale": pl.Series(self.scales[0]), "size_scale": pl.Series(self.scales[1]),
        }  # fmt: skip
        for name in _QUOTES:
            parts = pl.DataFrame({"ns": self.ns[name], "bid": self.prices[name][0], "ask": self.prices[name][1]})
            there = pl.col("ns") != MISSING_NS
            columns[name] = parts.select(pl.when(there).then(pl.struct(pl.all()))).to_series()
        for name, found in self.sums.items():
            if not found:
                columns[name] = pl.Series(name, [None] * len(names), pl.Struct({"begin": pl.Int64}))
                continue
            whole = pl.concat([part for _, part in found])
            order = np.argsort(np.concatenate([rows for rows, _ in found]), kind="stable")
            there = pl.col("begin") != MISSING_NS
            columns[name] = whole[order].select(pl.when(there).then(pl.struct(pl.all()))).to_series()
        return pl.DataFrame([column.alias(name) for name, column in columns.items()]).select(MARKET_INPUTS)


class _Market:
    """A market day and what every look-up of an order asks of it."""

    def __init__(self, day: MarketDay) -> None:
        self.day = day
        self.quoted, self.first = quoted_span(day), first_mid(day)

    def places(self, moments: Ns) -> NDArray[np.int64]:
        """Places of the two-sided quotes that stood at instants within the session and the recording, else -1."""
        if self.quoted is None or not self.day.quote_ns.size:
            return np.full(moments.size, _NONE)
        places = np.searchsorted(self.day.quote_ns, moments, side="right") - 1
        within = (moments != MISSING_NS) & (moments >= self.quoted[0]) & (moments <= self.quoted[1]) & (places >= 0)
        held = np.maximum(places, 0)
        return np.where(within & np.isfinite(self.day.bid[held] + self.day.ask[held]), places, _NONE)

    def quote(self, moment: int) -> Quote | None:
        """The quote that stood at an instant, or at the close where that was before it."""
        closes = self.day.instrument.session_close_ns
        place = int(self.places(np.array([moment if closes is None else min(moment, closes)]))[0])
        if place == _NONE:
            return None
        return int(self.day.quote_ns[place]), float(self.day.bid[place]), float(self.day.ask[place])


def _arrivals(market: _Market, arrival: Ns, start: Ns, first_fill: Ns) -> NDArray[np.int64]:
    """The quotes at arrival; the session's first one for an order that waited for it."""
    opens = market.day.instrument.session_open_ns
    found = market.places(start)
    if opens is not None:
        found[(first_fill != MISSING_NS) & (arrival < opens) & (first_fill < opens)] = _NONE
    if market.first is None:
        return found
    first = market.first[0]
    waited = (found == _NONE) & (start < first) & (first - start <= EDGE_NS)
    waited &= (first_fill == MISSING_NS) | (first_fill >= first)
    found[waited] = market.places(np.array([first]))[0]
    return found


def _ends_of_later_days(
    found: _Found,
    rows: NDArray[np.int64],
    key: tuple[str, str],
    markets: Mapping[tuple[str, str], MarketDay],
    own: OrderTimes,
    end_price: NDArray[np.float64],
) -> None:
    """The quote at the end of those orders that ended on a later day than their own."""
    symbol, day = key
    here = zone(markets[key].instrument.timezone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=here).timestamp()
    # Days of 23 to 25 hours: the exact date is asked of few.
    may_be = (own.end != MISSING_NS) & ~np.isnan(end_price) & (own.end >= (midnight + 22 * 3_600) * NS_PER_SECOND)
    for place in np.flatnonzero(may_be).tolist():
        end, row = int(own.end[place]), int(rows[place])
        date = datetime.fromtimestamp(end // NS_PER_SECOND, tz=here).date().isoformat()
        if date > day:
            later = {held[1]: market for held, market in markets.items() if held[0] == symbol and day < held[1] <= date}
            price = float(end_price[place])
            found.set_quote("end", row, _end_of_later_day(found.quote("end", row), later, date, end, price))


def _end_of_later_day(
    own: Quote | None, later: Mapping[str, MarketDay], date: str, end: int, price: float
) -> Quote | None:
    # Which of its days was asked depends on splits and on what was stored: the one whose price it is.
    quotes = [_Market(later[held]).quote(end) for held in sorted(later)]
    known = [quote for quote in (own, *quotes) if quote is not None]
    for quote in known:
        if abs((quote[1] + quote[2]) / 2.0 - price) <= _CLOSE * max(abs(price), 1.0):
            return quote
    return known[-1] if date in later and known else None
