"""A stored day of a symbol in a handful of numbers, read once and kept: what averages over many days are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from tcakit.jobs.bar_market import interval_day, realised_volatility
from tcakit.jobs.market import Columns, day_columns, market_day
from tcakit.market.day import MarketDay
from tcakit.store import market_data
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay
from tcakit.tca.benchmarks import time_weighted
from tcakit.tca.quotes import first_mid, quoted_span, recorded_span

_INTERVAL_NS = 300_000_000_000


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A day of a symbol; NaN where unknown.

    - `volume_shares`: all prints of the trade date, else the volume of the shortest stored bars;
    - `volatility`: of the session, a fraction (`bar_market.realised_volatility`): overnight is not in it;
    - `half_spread_bps`: half the quoted spread over the mid, weighted by time, crossed quotes left out;
    - `first_price`, `last_price`: the first and the last mid of the session, else print, else bar, in currency;
    - `covered`: share of the session that was quoted; 1 where its hours are unknown, and for prints or bars alone,
      whose silence is no gap.
    """

    volume_shares: float
    volatility: float
    half_spread_bps: float
    first_price: float
    last_price: float
    covered: float


_NAMES = tuple(field.name for field in fields(DaySummary))
_NOTHING = DaySummary(*(math.nan,) * 5, covered=0.0)


def day_summary(store: Store, day: SymbolDay) -> DaySummary:
    """The numbers of a stored day, from the column cache where they were made before."""
    columns = day_columns(store, day, "summary", lambda: _columns(_made(store, day)))
    return DaySummary(*(float(value) for value in columns["summary"]))


def _columns(summary: DaySummary) -> Columns:
    return {"summary": np.array([getattr(summary, name) for name in _NAMES])}


def _made(store: Store, day: SymbolDay) -> DaySummary:
    market = market_day(store, day)
    bars = _shortest_bars(store, day)
    span = recorded_span(market)
    if span is None:
        return _NOTHING if bars is None else _of_bars(bars, day)
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    open_ns, close_ns = span[0] if opens is None else opens, span[1] if closes is None else closes
    volume = float(market.print_size.sum()) / day.instrument.size_scale if market.print_ns.size else math.nan
    if math.isnan(volume) and bars is not None:
        volume = _of_bars(bars, day).volume_shares
    volatility = None
    if close_ns > open_ns:
        volatility = realised_volatility(interval_day(store, day, _INTERVAL_NS, open_ns, close_ns).frame)
    first, last = _ends(market)
    recorded = max(0, min(span[1], close_ns) - max(span[0], open_ns))
    return DaySummary(
        volume_shares=volume,
        volatility=math.nan if volatility is None else volatility,
        half_spread_bps=_half_spread_bps(market, open_ns, close_ns),
        first_price=first,
        last_price=last,
        covered=recorded / (close_ns - open_ns) if market.quote_ns.size and close_ns > open_ns else 1.0,
    )


def _half_spread_bps(market: MarketDay, open_ns: int, close_ns: int) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        half = 1e4 * (market.ask - market.bid) / (market.ask + market.bid)
    average, _ = time_weighted(market, np.where(half >= 0.0, half, np.nan), open_ns, close_ns)
    return float(average)


def _ends(market: MarketDay) -> tuple[float, float]:
    """The first and the last price of the session."""
    begun, span = first_mid(market), quoted_span(market)
    if begun is not None and span is not None:
        stop = int(np.searchsorted(market.quote_ns, span[1], side="right"))
        mids = market.mid[:stop]
        return begun[1], float(mids[np.flatnonzero(np.isfinite(mids))[-1]])
    if market.print_ns.size:
        ends = market.print_price[[0, -1]] / market.instrument.price_scale
        return float(ends[0]), float(ends[1])
    return math.nan, math.nan


def _shortest_bars(store: Store, day: SymbolDay) -> pl.DataFrame | None:
    """The shortest stored bars of the day, one of each time; None if there are none."""
    if "bars" not in day.contents:
        return None
    held = market_data.bars(store, day)
    held = held.filter(pl.col("interval_ns") == pl.col("interval_ns").min())
    return held.unique("ts_ns", keep="first", maintain_order=True) if held.height else None


def _of_bars(bars: pl.DataFrame, day: SymbolDay) -> DaySummary:
    """What bars alone say; of a single bar the move from open to close is all that is known of volatility."""
    frame = bars.select(
        pl.col("ts_ns").alias("start_ns"),
        (pl.col("ts_ns") + pl.col("interval_ns")).alias("end_ns"),
        *(pl.col(name) / day.instrument.price_scale for name in ("open", "close")),
    )
    opens, closes = frame["open"].drop_nulls(), frame["close"].drop_nulls()
    first, last = (float(opens[0]) if len(opens) else math.nan), (float(closes[-1]) if len(closes) else math.nan)
    volatility = realised_volatility(frame)
    if volatility is None:
        volatility = abs(math.log(last / first)) if first > 0.0 and last > 0.0 else math.nan
    volume = math.nan if bars["volume"].null_count() else float(bars["volume"].sum()) / day.instrument.size_scale
    return DaySummary(volume, volatility, math.nan, first, last, covered=1.0)
