"""What the market said of each order: the quotes and the sums of prints that its numbers rest on, with their times.

Every input is looked up anew and stands as it was found, whether it gives the number that was measured or not: a number
that does not follow from it is wrong, and the verifier says so. An input is None only where nothing can be looked up,
for a known reason: no market of that day is stored, or it is in another currency; the recording does not cover the
time; the order ended on a day that is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.clock import NS_PER_SECOND, zone
from tcakit.market.codes import BUY, SELL
from tcakit.market.day import MarketDay
from tcakit.report.data import ReportData
from tcakit.tca.measure import in_another_currency
from tcakit.tca.quotes import EDGE_NS, first_mid, quoted_span, recorded_span

_CLOSE = 1e-9
USABLE = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
"""Fills with a size and a price that a sum can take."""
LATEST = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(1) - 1
"""The last instant at which a fill can have been: a stamp in whole seconds says that it lay within that second."""

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


def market_inputs(data: ReportData, only: str | None = None) -> dict[str, MarketInputs]:
    """The inputs of every measured order whose market is there, or of the order `only`, by parent_id."""
    asked = {row["parent_id"]: row for row in data.parents.iter_rows(named=True)}
    of_fills = data.fills.filter(USABLE).sort("ts_ns", maintain_order=True).group_by("parent_id")
    fills: dict[str, tuple[int, int]] = {
        name: (first, last)
        for name, first, last in of_fills.agg(LATEST.first().alias("_first"), LATEST.max().alias("_last")).iter_rows()
    }
    # An order in another money than the market's was measured against nothing.
    foreign = in_another_currency(data.parents, data.markets)
    found = {}
    markets = {key: _Market(day) for key, day in data.markets.items()}
    for row in data.tca_parents.iter_rows(named=True):
        market = markets.get((row["symbol"], row["date"]))
        name = row["parent_id"]
        if market is not None and name not in foreign and (only is None or name == only):
            later = [markets[key] for key in markets if key[0] == row["symbol"] and key[1] > row["date"]]
            found[name] = _inputs(market, later, row, asked.get(name, {}), *fills.get(name, (None, None)))
    return found


def contradicting_orders(data: ReportData) -> set[str]:
    """Orders that say what cannot be, so that nothing of them was priced: no side, no size, fills of another order."""
    parents = data.parents.unique("parent_id", keep="first")
    own = parents.select("parent_id", pl.col("side").alias("_side"), pl.col("symbol").alias("_symbol"))
    joined = data.fills.join(own, on="parent_id")
    other = joined.filter((pl.col("side") != pl.col("_side")) | (pl.col("symbol") != pl.col("_symbol")))
    wrong = parents.filter(~pl.col("side").is_in([BUY, SELL]) | (pl.col("quantity") <= 0) | (pl.col("size_scale") <= 0))
    return {*other["parent_id"].to_list(), *wrong["parent_id"].to_list()}


class _Market:
    """A market day and what every look-up of an order asks of it."""

    def __init__(self, day: MarketDay) -> None:
        self.day = day
        self.opens, self.closes = day.instrument.session_open_ns, day.instrument.session_close_ns
        self.quoted, self.recorded, self.first = quoted_span(day), recorded_span(day), first_mid(day)

    def quote(self, moment: int | None) -> Quote | None:
        """The two-sided quote that stood at an instant within the session and the recording."""
        if moment is None or self.quoted is None or not self.quoted[0] <= moment <= self.quoted[1]:
            return None
        place = int(np.searchsorted(self.day.quote_ns, moment, side="right")) - 1
        if place < 0 or not np.isfinite(self.day.bid[place] + self.day.ask[place]):
            return None
        return int(self.day.quote_ns[place]), float(self.day.bid[place]), float(self.day.ask[place])

    def within(self, moment: int | None) -> int | None:
        """An instant, or the close where that was before it."""
        return moment if moment is None or self.closes is None else min(moment, self.closes)


def order_times(day: MarketDay, row: dict[str, Any], latest: int | None) -> tuple[int | None, int | None, int | None]:
    """When an order's prints begin, when its last fill and its end were; None what the recording does not cover.

    `row` is the order's of `tca_parents`, `latest` the last instant at which a fill of it can have been.
    """
    opens, closes, span = day.instrument.session_open_ns, day.instrument.session_close_ns, recorded_span(day)
    start = row["arrival_ns"] if opens is None else max(row["arrival_ns"], opens)
    if span is None or start < span[0]:
        return None, None, None
    end = end_of(row, latest)
    stop = end if end is None or closes is None else min(end, closes)
    last = latest
    if last is not None and row["last_fill_ns"] is not None and row["last_fill_ns"] <= span[1]:
        last = min(last, span[1])  # a last second that is recorded in part
    covered = (ns if ns is not None and start <= ns <= span[1] else None for ns in (last, stop))
    return start, *covered


def end_of(row: dict[str, Any], latest: int | None) -> int | None:
    """When an order ended: an order that is filled and names no end, at its last fill."""
    complete = row["filled_shares"] >= row["ordered_shares"] * (1 - 1e-12)
    return latest if row["end_ns"] is None and complete else row["end_ns"]


def _inputs(
    market: _Market, later: list[_Market], row: dict[str, Any], asked: dict[str, Any], first: int | None,
    latest: int | None,
) -> MarketInputs:  # fmt: skip
    day = market.day
    arrival = row["arrival_ns"]
    start = arrival if market.opens is None else max(arrival, market.opens)
    begins, last, stop = order_times(day, row, latest)
    decided = asked.get("decision_ns") if asked.get("decision_price") is None else None
    return MarketInputs(
        parent_id=row["parent_id"],
        price_scale=day.instrument.price_scale,
        size_scale=day.instrument.size_scale,
        arrival=_arrival(market, arrival, start, first),
        # A decision after the arrival is a slip of the blotter: it prices nothing.
        decision=market.quote(decided) if decided is not None and decided <= arrival else None,
        end=_end(market, later, row, start, latest),
        close=market.quote(market.closes),
        interval=_sums(day, begins, last),
        window=_sums(day, begins, stop),
        twap=_integral(day, begins, stop),
    )


def _arrival(market: _Market, arrival: int, start: int, first_fill: int | None) -> Quote | None:
    """The quote at arrival; the session's first one for an order that waited for it."""
    too_early = market.opens is not None and first_fill is not None and arrival < market.opens > first_fill
    found = None if too_early else market.quote(start)
    first = None if market.first is None else market.first[0]
    if found is not None or first is None or not 0 < first - start <= EDGE_NS:
        return found
    return market.quote(first) if first_fill is None or first_fill >= first else None


def _end(market: _Market, later: list[_Market], row: dict[str, Any], start: int, latest: int | None) -> Quote | None:
    """The quote when an order ended: of its own day, or of the later one on which it did."""
    stop = market.within(end_of(row, latest))
    own = market.quote(stop) if stop is not None and stop >= start else None
    if row["end_ns"] is None or row["end_price"] is None:
        return own
    ended = datetime.fromtimestamp(row["end_ns"] // NS_PER_SECOND, tz=zone(market.day.instrument.timezone))
    date = ended.date().isoformat()
    if date <= row["date"]:
        return own
    # Which of its days was asked depends on splits and on what was stored: the one whose price it is.
    until = [held for held in later if held.day.date <= date]
    quotes = [held.quote(held.within(row["end_ns"])) for held in sorted(until, key=lambda held: held.day.date)]
    known = [quote for quote in (own, *quotes) if quote is not None]
    for quote in known:
        if abs((quote[1] + quote[2]) / 2.0 - row["end_price"]) <= _CLOSE * max(abs(row["end_price"]), 1.0):
            return quote
    whole = any(held.day.date == date for held in until)
    return known[-1] if whole and known else None


def _sums(day: MarketDay, start: int | None, end: int | None) -> tuple[int, int, int, int, int] | None:
    """The prints from start to end."""
    if start is None or end is None or not day.print_ns.size:
        return None
    first = int(np.searchsorted(day.print_ns, start, side="left"))
    last = int(np.searchsorted(day.print_ns, end, side="right"))
    prices, sizes = day.print_price[first:last], day.print_size[first:last]
    volume = int(sizes.sum())
    traded = int(np.dot(prices.astype(object), sizes.astype(object))) if _wide(prices, sizes) else int(prices @ sizes)
    return start, end, last - first, volume, traded


def _wide(prices: Any, sizes: Any) -> bool:
    """Whether 64 bits might not hold the sum."""
    return float(np.max(np.abs(prices), initial=0)) * float(sizes.sum()) >= float(2**62)


def _integral(day: MarketDay, start: int | None, end: int | None) -> tuple[int, int, int, float, float] | None:
    """The integral of the mid from start to end."""
    if start is None or end is None or end <= start:
        return None
    first = int(np.searchsorted(day.quote_ns, start, side="right")) - 1
    last = int(np.searchsorted(day.quote_ns, end, side="left"))
    held = max(first, 0)
    mids = (day.bid[held:last] + day.ask[held:last]) / 2.0
    known = np.isfinite(mids)
    if not known.any():
        return None
    lengths = np.diff(np.clip(np.append(day.quote_ns[held:last], end), start, end))[known]
    base = float(mids[known][0])
    area, covered = float(np.dot(mids[known] - base, lengths)), int(lengths.sum())
    return (start, end, covered, base, area) if covered else None
