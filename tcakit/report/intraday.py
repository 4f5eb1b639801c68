"""The day's profile: when the market traded, how wide it was quoted, and when we traded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from tcakit.market.clock import NS_PER_SECOND, zone
from tcakit.market.day import MarketDay
from tcakit.report.data import ReportData
from tcakit.tca.by_market import rows_by_market

BUCKET_S = 1_800


def intraday_profile(data: ReportData, parent_ids: list[str]) -> list[dict[str, Any]]:
    """Half hours of the exchange's day over the symbol-days of those parents: what was printed, quoted and filled.

    A row has `time` (HH:MM, its start), `market_shares` (printed), `spread_bps` (quoted spread over mid, weighted by
    the time it stood, None without a two-sided quote), `own_shares` (filled) and `participation` (own over market).
    Each symbol-day counts once; days without stored quotes or prints are left out of both sides.
    """
    own = data.fills.filter(pl.col("parent_id").is_in(parent_ids))
    days = set(data.parents.filter(pl.col("parent_id").is_in(parent_ids)).select("symbol", "date").unique().iter_rows())
    market: dict[int, float] = {}
    spread: dict[int, tuple[float, float]] = {}
    filled: dict[int, float] = {}
    shares, stamps = (own["quantity"] / own["size_scale"]).to_numpy(), own["ts_ns"].to_numpy()
    fills_of = rows_by_market(own)
    for key in sorted(days & set(data.markets)):
        day = data.markets[key]
        if key in fills_of:
            _add(filled, _bucket(day, stamps[fills_of[key]]), shares[fills_of[key]])
        for place, printed, top, stood in market_profile(day):
            market[place] = market.get(place, 0.0) + printed
            held = spread.get(place, (0.0, 0.0))
            spread[place] = held[0] + top, held[1] + stood
    out = []
    for place in sorted(set(market) | set(spread) | set(filled)):
        printed, own_shares = market.get(place, 0.0), filled.get(place, 0.0)
        top, stood = spread.get(place, (0.0, 0.0))
        minutes = place * BUCKET_S // 60
        out.append(
            {
                "time": f"{minutes // 60:02}:{minutes % 60:02}",
                "market_shares": printed,
                "spread_bps": top / stood if stood else None,
                "own_shares": own_shares,
                "participation": own_shares / printed if printed else None,
            }
        )
    return out


def market_profile(day: MarketDay) -> list[tuple[int, float, float, float]]:
    """By half hour of the exchange's day (its number from midnight): shares printed, spread in bps times seconds, and
    seconds with a two-sided quote.
    """
    printed: dict[int, float] = {}
    _add(printed, _bucket(day, day.print_ns), day.print_size / day.instrument.size_scale)
    spread = _spread(day)
    places = sorted({*printed, *spread})
    return [(place, printed.get(place, 0.0), *spread.get(place, (0.0, 0.0))) for place in places]


def utc_offset_s(day: MarketDay) -> int:
    """How far the exchange's clock is from UTC on that day: at its first quote, else its first print, else at noon."""
    stamps = day.quote_ns if day.quote_ns.size else day.print_ns
    here = zone(day.instrument.timezone)
    noon = datetime.fromisoformat(day.date).replace(hour=12, tzinfo=here)
    moment = datetime.fromtimestamp(int(stamps[0]) // NS_PER_SECOND, tz=here) if stamps.size else noon
    offset = moment.utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0


def _bucket(day: MarketDay, ns: Any) -> Any:
    """Half hour of the exchange's wall clock of each time."""
    return (np.asarray(ns) // NS_PER_SECOND + utc_offset_s(day)) % 86_400 // BUCKET_S


def _add(held: dict[int, float], places: Any, amounts: Any) -> None:
    sums = np.bincount(np.asarray(places, dtype=np.int64), weights=np.asarray(amounts, dtype=np.float64))
    for place in np.flatnonzero(sums).tolist():
        held[place] = held.get(place, 0.0) + float(sums[place])


def _spread(day: MarketDay) -> dict[int, tuple[float, float]]:
    """Sum of spread (bps) times seconds, and seconds, by half hour; a quote counts in the one where it began."""
    if day.quote_ns.size < 2:
        return {}
    stood = np.diff(day.quote_ns).astype(np.float64) / NS_PER_SECOND
    mid = day.mid[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        bps = (day.ask[:-1] - day.bid[:-1]) / mid * 1e4
    good = np.isfinite(bps) & (bps >= 0) & (stood > 0)
    start, end = day.instrument.session_open_ns, day.instrument.session_close_ns
    if start is not None and end is not None:
        good &= (day.quote_ns[:-1] >= start) & (day.quote_ns[:-1] < end)
    if not good.any():
        return {}
    places = _bucket(day, day.quote_ns[:-1])[good]
    tops = np.bincount(places, weights=(bps * stood)[good])
    seconds = np.bincount(places, weights=stood[good])
    return {place: (float(tops[place]), float(seconds[place])) for place in np.flatnonzero(seconds).tolist()}
