"""What each parent order met: sums over its fills, and the market's prices over its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import mul
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.market.clock import NS_PER_SECOND
from tcakit.market.day import MarketDay
from tcakit.tca.benchmarks import close_mid, interval_shares, interval_vwap, twap
from tcakit.tca.carrying import halted_between
from tcakit.tca.measure_fills import Markets, by_market
from tcakit.tca.quotes import EDGE_NS, first_mid, mid_at, recorded_span

MISSING_NS = np.iinfo(np.int64).min
_EQUAL_PRICE = 1e-9
HALF_A_DAY_NS = 12 * 3600 * NS_PER_SECOND
_TO_THE_CLOSE = "ends after the session: measured to the close"


def fill_totals(parents: pl.DataFrame, fills: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    """One row per parent that has fills: sums over them, and counts of what does not fit the parent.

    `fills` is a conformed FILLS frame and `measured` its `tca_fills`, row for row. Fills without a
    positive quantity or scale are counted as `unusable` and enter no sum.
    """
    known = parents.unique("parent_id", keep="first").select(
        "parent_id",
        pl.col("side").alias("_side"),
        pl.col("symbol").alias("_symbol"),
        "arrival_ns",
        "end_ns",
        (pl.col("limit_price") / pl.col("price_scale")).alias("_limit"),
    )
    usable = (pl.col("quantity") > 0) & (pl.col("size_scale") > 0) & (pl.col("price_scale") > 0)
    rows = fills.with_columns(mid=measured["mid_at_fill"]).join(known, on="parent_id", how="inner")
    refused = rows.filter(~usable).group_by("parent_id").agg(pl.len().alias("unusable"))
    shares = pl.col("quantity") / pl.col("size_scale")
    # A stamp in whole seconds says that the execution lay within that second.
    latest = pl.col("ts_ns") + pl.col("ts_resolution_ns").fill_null(1) - 1
    outside = (latest < pl.col("arrival_ns")) | (pl.col("ts_ns") > pl.col("end_ns")).fill_null(False)
    beyond = pl.col("side") * (pl.col("price") / pl.col("price_scale") - pl.col("_limit"))
    totals = (
        rows.filter(usable)
        .sort("ts_ns", maintain_order=True)
        .group_by("parent_id", maintain_order=True)
        .agg(
            pl.len().alias("fills"),
            pl.col("quantity").alias("fill_quantities"),
            pl.col("price").alias("fill_prices"),
            pl.col("size_scale").unique().alias("fill_size_scales"),
            pl.col("price_scale").unique().alias("fill_price_scales"),
            (pl.col("price") / pl.col("price_scale") * shares).sum().alias("paid"),
            shares.sum().alias("filled"),
            # Null as soon as one fill has no mid: a sum over some of them would say something else.
            pl.when(pl.col("mid").is_null().any())
            .then(None)
            .otherwise((pl.col("mid") * shares).sum())
            .alias("paid_at_mid"),
            pl.col("ts_ns").first().alias("first_fill_ns"),
            latest.first().alias("first_fill_latest_ns"),
            pl.col("ts_ns").last().alias("last_fill_ns"),
            latest.max().alias("latest_fill_ns"),
            pl.col("fee").sum().alias("fill_fees"),
            pl.col("fee").is_null().sum().alias("fees_unknown"),
            shares.filter(pl.col("liquidity") == "maker").sum().alias("maker"),
            pl.col("liquidity").is_null().any().alias("liquidity_unknown"),
            (pl.col("side") != pl.col("_side")).sum().alias("other_side"),
            (pl.col("symbol") != pl.col("_symbol")).sum().alias("other_symbol"),
            outside.sum().alias("outside"),
            (beyond > _EQUAL_PRICE).sum().alias("worse_than_limit"),
        )
    )
    return totals.join(refused, on="parent_id", how="full", coalesce=True)


def exact_sums(row: dict[str, Any]) -> tuple[float, float]:
    """Shares filled and currency paid of a row of `fill_totals`, exact where its fills share their units."""
    if len(row["fill_size_scales"]) == 1 and len(row["fill_price_scales"]) == 1:
        size_scale, price_scale = row["fill_size_scales"][0], row["fill_price_scales"][0]
        paid = sum(map(mul, row["fill_prices"], row["fill_quantities"]))
        return sum(row["fill_quantities"]) / size_scale, paid / (size_scale * price_scale)
    return row["filled"], row["paid"]


@dataclass(slots=True)
class MarketPrices:
    """The market's prices over the life of n parents, each an array of n, NaN where it says nothing.

    `start_ns` is the arrival within the session, `interval_end_ns` the last fill and `window_end_ns` the end, where the
    market data cover the time up to there; MISSING_NS where they do not.
    """

    notes: dict[int, list[str]]
    covered: NDArray[np.bool_]
    decision: NDArray[np.float64]
    arrival: NDArray[np.float64]
    end: NDArray[np.float64]
    interval_vwap: NDArray[np.float64]
    window_vwap: NDArray[np.float64]
    twap: NDArray[np.float64]
    twap_fraction: NDArray[np.float64]
    close: NDArray[np.float64]
    shares: NDArray[np.float64]
    start_ns: NDArray[np.int64]
    interval_end_ns: NDArray[np.int64]
    window_end_ns: NDArray[np.int64]

    @classmethod
    def unknown(cls, count: int) -> MarketPrices:
        prices = [np.full(count, np.nan) for _ in range(9)]
        times = [np.full(count, MISSING_NS) for _ in range(3)]
        return cls({}, np.zeros(count, dtype=bool), *prices, *times)

    def note(self, row: int, text: str) -> None:
        self.notes.setdefault(row, []).append(text)


def market_prices(
    parents: pl.DataFrame,
    markets: Markets,
    first_fill_ns: NDArray[np.int64],
    last_fill_ns: NDArray[np.int64],
    latest_fill_ns: NDArray[np.int64],
    complete: NDArray[np.bool_],
    ends: Mapping[str, MarketDay] | None = None,
) -> MarketPrices:
    """Arrival, end, VWAP, TWAP, close and volume of each parent; times MISSING_NS where there is no fill.

    `first_fill_ns` and `latest_fill_ns` are the last instants at which the first and the last fill can have been,
    `last_fill_ns` is the stamp of the last. `complete` says which parents are filled: these end at their last fill if
    they name no end. `ends` has the market of its end for an order that ended on a later day.
    """
    count = parents.height
    prices = MarketPrices.unknown(count)
    arrival = parents["arrival_ns"].to_numpy()
    end = parents["end_ns"].fill_null(MISSING_NS).to_numpy().copy()
    decided = parents["decision_ns"].fill_null(MISSING_NS).to_numpy()
    no_end = (end == MISSING_NS) & complete
    end[no_end] = latest_fill_ns[no_end]
    for rows, day in by_market(parents, markets):
        prices.covered[rows] = True
        # A decision after the arrival is a slip of the blotter: it prices nothing.
        prices.decision[rows] = _decision_mid(day, np.where(decided <= arrival, decided, MISSING_NS)[rows])
        span = recorded_span(day)
        latest = latest_fill_ns[rows]
        if span is not None:  # a last second that is recorded in part
            latest = np.where(last_fill_ns[rows] <= span[1], np.minimum(latest, span[1]), latest)
        _price_market(prices, rows, day, arrival[rows], first_fill_ns[rows], latest, end[rows])
    for place, name in enumerate(parents["parent_id"].to_list() if ends else ()):
        if ends and name in ends and prices.covered[place]:
            _price_later_end(prices, place, ends[name], int(end[place]))
    return prices


def _price_later_end(prices: MarketPrices, row: int, day: MarketDay, end: int) -> None:
    """Measure what was not filled to the end of the order on a later day; its own day's benchmarks stay."""
    closes = day.instrument.session_close_ns
    stop = end if closes is None else min(end, closes)
    mid = mid_at(day, np.array([stop]))[0]
    if np.isfinite(mid):
        prices.end[row] = mid
        told = [note for note in prices.notes.get(row, []) if note != _TO_THE_CLOSE]
        ended = f"ended on {day.date}: its end price is of that day"
        if closes is not None and end - closes > HALF_A_DAY_NS:
            # The day on which it ended is not stored.
            ended = (
                f"ended after {day.date}, the last of its days that is stored: its end price is the close of that day"
            )
        prices.notes[row] = [*told, f"{ended}, its benchmarks of the first"]


def _decision_mid(day: MarketDay, decided: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mid when each trade was decided, NaN where no time is given or no quote stood then."""
    found = np.full(len(decided), np.nan)
    given = decided != MISSING_NS
    found[given] = mid_at(day, decided[given])
    return found


def _price_market(
    prices: MarketPrices,
    rows: NDArray[np.int64],
    day: MarketDay,
    arrival: NDArray[np.int64],
    first_fill: NDArray[np.int64],
    last_fill: NDArray[np.int64],
    end: NDArray[np.int64],
) -> None:
    """Fill in the rows that belong to one market."""
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    start = arrival if opens is None else np.maximum(arrival, opens)
    prices.arrival[rows] = mid_at(day, start)
    if opens is not None:
        for place in np.flatnonzero((arrival < opens) & (first_fill != MISSING_NS) & (first_fill < opens)):
            prices.arrival[rows[place]] = np.nan
            prices.note(int(rows[place]), "filled before the open of the session: no arrival price")
    _price_first_quote(prices, rows, day, arrival, start, first_fill)
    stop = end.copy()
    if closes is not None:
        late = (end != MISSING_NS) & (end > closes)
        stop[late] = closes
        for place in np.flatnonzero(late & (arrival <= closes)):
            prices.note(int(rows[place]), _TO_THE_CLOSE)
    has_end = (end != MISSING_NS) & (stop >= start)
    prices.end[rows[has_end]] = mid_at(day, stop[has_end])
    prices.close[rows] = close_mid(day)
    until = np.where(has_end, stop, np.maximum(last_fill, start))
    for place in np.flatnonzero(halted_between(day, start, until)):
        prices.note(int(rows[place]), "trading was halted during the order")

    span = recorded_span(day)
    if span is None:
        return
    begins = start >= span[0]
    prices.start_ns[rows[begins]] = start[begins]
    filled = (last_fill != MISSING_NS) & begins & (last_fill <= span[1]) & (last_fill >= start)
    prices.interval_end_ns[rows[filled]] = last_fill[filled]
    prices.interval_vwap[rows[filled]] = interval_vwap(day, start[filled], last_fill[filled])
    prices.shares[rows[filled]] = interval_shares(day, start[filled], last_fill[filled])
    whole = has_end & begins & (stop <= span[1])
    prices.window_end_ns[rows[whole]] = stop[whole]
    prices.window_vwap[rows[whole]] = interval_vwap(day, start[whole], stop[whole])
    prices.twap[rows[whole]], prices.twap_fraction[rows[whole]] = twap(day, start[whole], stop[whole])
    for place in np.flatnonzero(has_end & ~whole):
        prices.note(int(rows[place]), "the market data do not cover the order's whole window")


def _price_first_quote(
    prices: MarketPrices,
    rows: NDArray[np.int64],
    day: MarketDay,
    arrival: NDArray[np.int64],
    start: NDArray[np.int64],
    first_fill: NDArray[np.int64],
) -> None:
    """Orders that wait for the open, or come just before the day's first quote, are measured from that
    quote.
    """
    first = first_mid(day)
    if first is None:
        return
    moment, mid = first
    near = np.isnan(prices.arrival[rows]) & (start < moment) & (moment - start <= EDGE_NS)
    near &= (first_fill == MISSING_NS) | (first_fill >= moment)
    prices.arrival[rows[near]] = mid
    opens = day.instrument.session_open_ns
    before = near if opens is None else near | ((arrival < opens) & ~np.isnan(prices.arrival[rows]))
    for place in np.flatnonzero(before):
        prices.note(int(rows[place]), "arrived before the first quote of the session: measured from the open")
