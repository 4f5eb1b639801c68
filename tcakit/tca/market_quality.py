"""What is odd in a symbol's day of market data: each check counts, and says how bad the worst case is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.market.day import MarketDay

GAP_S = 60.0
STALE_S = 60.0
STALE_PRINTS = 5
EDGE_S = 300.0
OUTLIER_FRACTION = 0.01
OUTLIER_DEVIATIONS = 10.0
_NEIGHBOURS = 10
_NS = 1e9


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: how often it occurs and the worst case in its unit (None where it never occurs)."""

    check: str
    count: int
    worst: float | None
    unit: str


def check_day(day: MarketDay) -> list[Check]:
    """All checks of a day; every check is told, also those that found nothing.

    crossed, locked and one-sided quotes while the market trades (bps of the mid); gaps without any event (s, more than
    60 s within the session); stale quotes (s, unchanged for more than 60 s while at least 5 prints passed); prints
    outside the quote that stood before them (bps; displayed ones, of a sweep the first); outlier prints (fraction off
    the median of their 20 neighbours, more than 1 % and more than 10 median absolute deviations); a day that begins
    late or ends early (s, more than 300 s from the session).
    """
    return [
        *_quotes(day),
        _gaps(day),
        _stale(day),
        _outside(day),
        _outliers(day),
        *_edges(day),
    ]


def _check(name: str, values: NDArray[np.float64], unit: str) -> Check:
    return Check(name, len(values), float(values.max()) if len(values) else None, unit)


def _quotes(day: MarketDay) -> list[Check]:
    # While trading is stopped orders gather for an auction: they may cross, and what is shown is no quote.
    trades = np.ones(len(day.quote_ns), np.bool_)
    for first, last in day.halts:
        trades[np.searchsorted(day.quote_ns, first) : np.searchsorted(day.quote_ns, last, "right")] = False
    bid, ask = day.bid[trades], day.ask[trades]
    with np.errstate(invalid="ignore"):
        depth = (bid - ask) / day.mid[trades] * 1e4
    return [
        _check("crossed quote", depth[depth > 0], "bps"),
        Check("locked quote", int(np.count_nonzero(depth == 0)), None, ""),
        Check("one-sided quote", int(np.count_nonzero(np.isnan(bid) != np.isnan(ask))), None, ""),
    ]


def _within_session(day: MarketDay, ns: NDArray[np.int64]) -> NDArray[np.int64]:
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    keep = np.ones(len(ns), np.bool_)
    if opens is not None:
        keep &= ns >= opens
    if closes is not None:
        keep &= ns <= closes
    return ns[keep]


def _gaps(day: MarketDay) -> Check:
    events = np.sort(np.concatenate([day.quote_ns, day.print_ns]))
    gaps = np.diff(_within_session(day, events)) / _NS
    return _check("gap", gaps[gaps > GAP_S], "s")


def _stale(day: MarketDay) -> Check:
    held = np.diff(day.quote_ns) / _NS
    seen = np.searchsorted(day.print_ns, day.quote_ns)
    prints = np.diff(seen)
    return _check("stale quote", held[(held > STALE_S) & (prints >= STALE_PRINTS)], "s")


def _outside(day: MarketDay) -> Check:
    # Of a sweep through several levels at one instant only the first print meets the quote that stood before.
    first = np.ones(len(day.print_ns), np.bool_)
    first[1:] = day.print_ns[1:] != day.print_ns[:-1]
    shown = day.print_displayed & first
    price = day.print_price[shown] / day.instrument.price_scale
    # The quote that stood before the print: one of the same instant may be its consequence.
    at = np.searchsorted(day.quote_ns, day.print_ns[shown], side="left") - 1
    known = at >= 0
    price, at = price[known], at[known]
    with np.errstate(invalid="ignore"):
        beyond = np.maximum(day.bid[at] - price, price - day.ask[at]) / price * 1e4
    # Rounding of prices to floats is no distance.
    return _check("print outside the quote", beyond[beyond > 1e-7], "bps")


def _outliers(day: MarketDay) -> Check:
    price = day.print_price / day.instrument.price_scale
    width = 2 * _NEIGHBOURS + 1
    if len(price) < width:
        return Check("outlier print", 0, None, "fraction")
    padded = np.pad(price, _NEIGHBOURS, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    median = np.median(windows, axis=1)
    deviation = np.median(np.abs(windows - median[:, None]), axis=1)
    off = np.abs(price - median)
    odd = (off > OUTLIER_FRACTION * median) & (off > OUTLIER_DEVIATIONS * deviation)
    return _check("outlier print", off[odd] / median[odd], "fraction")


def _edges(day: MarketDay) -> list[Check]:
    opens, closes = day.instrument.session_open_ns, day.instrument.session_close_ns
    events = np.concatenate([day.quote_ns, day.print_ns])
    if opens is None or closes is None or not len(events):
        return []
    late, early = (int(events.min()) - opens) / _NS, (closes - int(events.max())) / _NS
    return [
        Check("begins late", int(late > EDGE_S), late if late > EDGE_S else None, "s"),
        Check("ends early", int(early > EDGE_S), early if early > EDGE_S else None, "s"),
    ]
