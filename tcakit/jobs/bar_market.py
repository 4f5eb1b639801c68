"""A stored day in intervals: price, volume and spread of each, from stored bars, or from quotes and prints.

Prices, volumes and spreads are those that the measuring rooms would find in the interval: the same functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.jobs.market import market_day
from tcakit.market.clock import midnight_ns
from tcakit.market.day import MarketDay
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay
from tcakit.tca.benchmarks import interval_sums, interval_vwap, time_weighted
from tcakit.tca.quotes import mid_at, recorded_span

VWAP, MID, MEAN = "VWAP of prints", "time-weighted mid", "mean of open, high, low and close"
_SAMPLED_NS = 300_000_000_000


@dataclass(frozen=True, slots=True)
class IntervalDay:
    """A day in intervals.

    `frame` has, per interval, in order: start_ns, end_ns, price (currency), price_from (its name), volume (stored size
    units), spread (currency), open and close (currency, mids where quoted); null where unknown. `market` is the day as
    the measuring rooms get it; `from_bars` whether stored bars gave the volume, `quoted` and `printed` whether quotes
    and prints are stored.
    """

    frame: pl.DataFrame
    market: MarketDay
    from_bars: bool
    quoted: bool
    printed: bool


def interval_day(store: Store, day: SymbolDay, interval_ns: int, open_ns: int, close_ns: int) -> IntervalDay:
    """The day from open to close in intervals of `interval_ns`, counted from the exchange's midnight or as bars lie.

    Stored bars of that length are taken, or shorter ones that fill it; without any, prints and quotes are gathered.
    The price is the VWAP of prints where there are any, else the time-weighted mid, else the mean of the bar's open,
    high, low and close. Raises DataError where a day has none of all that.
    """
    held = _fitting(store, day, interval_ns) if "bars" in day.contents else None
    zero = midnight_ns(day.date, day.instrument.timezone)
    if held is not None:
        zero += _phase(day, held, zero)
    first, last = (open_ns - zero) // interval_ns, -((zero - close_ns) // interval_ns)
    edges = zero + np.arange(first, last + 1, dtype=np.int64) * interval_ns
    bars = None if held is None else _brought(held, day, edges)
    market = market_day(store, day)
    if bars is None and not market.quote_ns.size and not market.print_ns.size:
        raise DataError(
            f"{day.instrument.symbol} on {day.date} has nothing to fill intervals of {interval_ns / 1e9:g} s from",
            remedy="ingest quotes and trades, or bars that are no longer; or choose a longer --interval",
        )
    frame = _gathered(market, np.maximum(edges[:-1], open_ns), np.minimum(edges[1:], close_ns))
    if bars is not None:
        frame = _with_bars(frame, bars, edges)
    price = pl.coalesce("vwap", "mid", "mean")
    named = pl.coalesce(
        *(
            pl.when(pl.col(column).is_not_null()).then(pl.lit(name))
            for column, name in (("vwap", VWAP), ("mid", MID), ("mean", MEAN))
        )
    )
    frame = frame.select(
        *("start_ns", "end_ns"), price.alias("price"), named.alias("price_from"), "volume", "spread", "open", "close"
    )
    quoted, printed = bool(market.quote_ns.size), bool(market.print_ns.size)
    if not quoted:
        market = _without_quotes(market, frame)
    return IntervalDay(frame, market, bars is not None, quoted, printed)


def realised_volatility(frame: pl.DataFrame) -> float | None:
    """Volatility of the day, a fraction: root of the sum of squared log returns of five minutes, or of an interval if
    it is longer, of the price last known by then (Andersen, Bollerslev, Diebold and Labys 2003, Econometrica 71). None
    where fewer than two intervals have a price.

    `frame` has start_ns, end_ns, open and close of the day's intervals. What happened overnight is not in it.

    >>> times = {"start_ns": [0, 300 * 10**9], "end_ns": [300 * 10**9, 600 * 10**9]}
    >>> round(realised_volatility(pl.DataFrame({**times, "open": [100.0, 101.0], "close": [101.0, 101.0]})), 5)
    0.00995
    """
    if frame["close"].count() < 2:
        return None
    every = math.ceil(_SAMPLED_NS / int(np.max((frame["end_ns"] - frame["start_ns"]).to_numpy())))
    closes = frame["close"].forward_fill()
    prices = pl.concat([frame["open"].head(1), closes.gather_every(every, every - 1), closes.tail(1)]).drop_nulls()
    return float(np.sqrt(np.sum(np.diff(np.log(prices.filter(prices > 0).to_numpy())) ** 2)))


def _gathered(market: MarketDay, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> pl.DataFrame:
    """Intervals of what was printed and quoted; unknown where the recording does not reach."""
    span = recorded_span(market)
    covered = np.zeros(starts.size, np.bool_) if span is None else (starts >= span[0]) & (ends - 1 <= span[1])
    volume = np.asarray(interval_sums(market, starts, ends - 1)[0], dtype=np.int64)
    known = covered & bool(market.print_ns.size)
    spread, _ = time_weighted(market, market.ask - market.bid, starts, ends)
    mid, _ = time_weighted(market, market.mid, starts, ends)
    opens, closes = mid_at(market, starts), mid_at(market, ends)
    if not market.quote_ns.size:
        opens, closes = _first_and_last(market, starts, ends)
    columns = {
        "start_ns": starts,
        "end_ns": ends,
        "vwap": np.where(known, interval_vwap(market, starts, ends - 1), np.nan),
        "mid": mid,
        "spread": np.where(spread >= 0, spread, np.nan),
        "open": opens,
        "close": closes,
    }
    return pl.DataFrame(columns).with_columns(
        pl.selectors.float().fill_nan(None),
        pl.when(pl.Series(known)).then(pl.Series(volume)).alias("volume"),
        pl.lit(None, pl.Float64).alias("mean"),
    )


def _first_and_last(
    market: MarketDay, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last print (currency) of each interval, NaN where there is none."""
    rows, stops = (np.searchsorted(market.print_ns, times, side="left") for times in (starts, ends))
    prices = np.append(market.print_price, 0) / market.instrument.price_scale
    return np.where(stops > rows, prices[rows], np.nan), np.where(stops > rows, prices[stops - 1], np.nan)


def _fitting(store: Store, day: SymbolDay, interval_ns: int) -> pl.DataFrame | None:
    """The longest stored bars that fill intervals of that length, one of each time; None if none of them does."""
    held = market_data.bars(store, day)
    lengths = [length for length in held["interval_ns"].unique() if length and interval_ns % length == 0]
    if not lengths:
        return None
    return held.filter(pl.col("interval_ns") == max(lengths)).unique("ts_ns", keep="first", maintain_order=True)


def _phase(day: SymbolDay, held: pl.DataFrame, midnight: int) -> int:
    """How long after midnight, modulo their length, bars begin: hours may be counted from half past nine."""
    phases = ((held["ts_ns"] - midnight) % held["interval_ns"][0]).unique()
    if len(phases) > 1:
        raise DataError(
            f"bars of {day.instrument.symbol} on {day.date} overlap: of {held['interval_ns'][0] / 1e9:g} s, they "
            f"begin at {len(phases)} different times within it",
            remedy="drop all but one of their files",
        )
    return int(phases[0])


def _brought(held: pl.DataFrame, day: SymbolDay, edges: NDArray[np.int64]) -> pl.DataFrame:
    """Bars brought to the intervals between `edges`, in currency, null where there is none."""
    prices = pl.col("open", "high", "low", "close") / day.instrument.price_scale
    slot = (pl.col("ts_ns") - int(edges[0])) // int(edges[1] - edges[0])
    # A volume that one part does not say is not known of the whole.
    volume = pl.when(pl.col("volume").null_count() == 0).then(pl.col("volume").sum())
    made = (
        held.with_columns(prices, slot.alias("slot"))
        .group_by("slot")
        .agg(pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(), volume)
    )
    slots = pl.DataFrame({"slot": np.arange(edges.size - 1)}, schema={"slot": pl.Int64})
    return slots.join(made, on="slot", how="left", maintain_order="left")


def _with_bars(frame: pl.DataFrame, bars: pl.DataFrame, edges: NDArray[np.int64]) -> pl.DataFrame:
    """The bars' volume in place of the prints', and their prices where nothing was quoted or printed."""
    mean = (bars["open"] + bars["high"] + bars["low"] + bars["close"]) / 4.0
    return frame.with_columns(
        pl.Series("start_ns", edges[:-1]),
        pl.Series("end_ns", edges[1:]),
        bars["volume"],
        mean.alias("mean"),
        pl.coalesce("open", bars["open"]).alias("open"),
        pl.coalesce("close", bars["close"]).alias("close"),
    )


def _without_quotes(market: MarketDay, frame: pl.DataFrame) -> MarketDay:
    """A day that has no quotes, with the opens of its intervals (and the last close) in their place.

    Where nothing was printed either, the volume of an interval is one print at the interval's price.
    """
    prices = np.append(frame["open"].to_numpy(), frame["close"].tail(1).to_numpy()).astype(np.float64)
    unknown = np.full(prices.size, np.nan)
    filled = replace(
        market,
        quote_ns=np.append(frame["start_ns"].to_numpy(), frame["end_ns"].tail(1).to_numpy()),
        bid=prices,
        ask=prices,
        bid_size=unknown,
        ask_size=unknown,
    )
    if market.print_ns.size:
        return filled
    traded = frame.filter(pl.col("price").is_not_null() & (pl.col("volume") > 0))
    scale = market.instrument.price_scale
    return replace(
        filled,
        print_ns=traded["start_ns"].to_numpy(),
        print_price=(traded["price"] * scale).round().cast(pl.Int64).to_numpy(),
        print_size=traded["volume"].to_numpy(),
        print_displayed=np.ones(traded.height, np.bool_),
        print_aggressor=np.zeros(traded.height, np.int8),
    )
