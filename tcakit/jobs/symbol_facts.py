"""What is known of a symbol before a day begins: its volume, volatility, spread and price, from stored days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from fractions import Fraction

import numpy as np

from tcakit.errors import UsageError
from tcakit.feeds.delimited import NO_CURRENCY
from tcakit.jobs.day_summary import DaySummary, day_summary
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, by_weight, symbol_days
from tcakit.store.reference import References

LOOKBACK_DAYS = 20
_LEAST_COVERED = 0.9
_STALE_DAYS = 14


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """What impact models and schedules need to know of a symbol; NaN where unknown, and `notes` say why.

    - `adv_shares`: mean volume of `adv_days` days, shares of today (splits taken into account);
    - `volatility_daily`: root of the mean of squared volatilities of `volatility_days` sessions, a fraction; what
      happened overnight is not in it, as no order that is worked within the day is exposed to it;
    - `half_spread_bps`: mean over days of half the quoted spread, weighted by time within each;
    - `price`: the last one before the day, in `currency` a share (None where nobody says which).
    """

    adv_shares: float = math.nan
    adv_days: int = 0
    volatility_daily: float = math.nan
    volatility_days: int = 0
    half_spread_bps: float = math.nan
    shares_outstanding: float = math.nan
    price: float = math.nan
    currency: str | None = None
    notes: tuple[str, ...] = ()


def symbol_facts(
    store: Store,
    symbol: str,
    date: str,
    venue: str | None = None,
    lookback_days: int = LOOKBACK_DAYS,
    of_day: bool = False,
) -> SymbolFacts:
    """Facts of a symbol on a trade date, from up to `lookback_days` stored days of it that are strictly earlier.

    With `of_day` from that day itself, which nobody knew while it lasted; a note says so. For many symbols and dates
    use one `FactsOfSymbols`.
    """
    return FactsOfSymbols(store).of(symbol, date, venue, lookback_days, of_day)


class FactsOfSymbols:
    """Facts of many symbols on many dates: each stored day is looked at once, and its summary kept on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dates = store.dates()
        self._references = References.of(store)
        self._days: dict[str, dict[str, list[SymbolDay]]] = {}
        self._summaries: dict[tuple[str, int], DaySummary] = {}

    def of(
        self,
        symbol: str,
        date: str,
        venue: str | None = None,
        lookback_days: int = LOOKBACK_DAYS,
        of_day: bool = False,
    ) -> SymbolFacts:
        """As `symbol_facts`."""
        if lookback_days < 1:
            raise UsageError(f"{lookback_days} days to look back", place="lookback", remedy="give at least one")
        days = self.days(symbol, date, venue, lookback_days, of_day)
        if not days:
            when = f"on {date}" if of_day else f"before {date}"
            return SymbolFacts(notes=(f"no day of {symbol} {when} is stored: its facts must be given",))
        summaries = [self._summary(day) for day in days]
        shares = [float(self._split_since(symbol, day.date, date)) for day in days]
        whole = [summary.covered >= _LEAST_COVERED for summary in summaries]

        def known(name: str, scaled: Sequence[float] | None = None) -> list[float]:
            factors = [1.0] * len(days) if scaled is None else scaled
            values = [getattr(summary, name) * factor for summary, factor in zip(summaries, factors, strict=True)]
            return [value for value, use in zip(values, whole, strict=True) if use and not math.isnan(value)]

        volumes, volatilities = known("volume_shares", shares), known("volatility")
        half_spreads = known("half_spread_bps")
        name = "first_price" if of_day else "last_price"
        price = getattr(summaries[-1], name) / shares[-1]
        currency = days[-1].instrument.currency
        return SymbolFacts(
            adv_shares=_mean(volumes),
            adv_days=len(volumes),
            volatility_daily=math.sqrt(_mean([volatility**2 for volatility in volatilities])),
            volatility_days=len(volatilities),
            half_spread_bps=_mean(half_spreads),
            price=price,
            currency=None if currency == NO_CURRENCY else currency,
            notes=tuple(
                _notes(symbol, date, of_day, days, lookback_days, whole, len(volumes), len(volatilities), half_spreads)
            ),
        )

    def days(
        self,
        symbol: str,
        date: str,
        venue: str | None = None,
        lookback_days: int = LOOKBACK_DAYS,
        of_day: bool = False,
    ) -> list[SymbolDay]:
        """The stored days that facts come from, oldest first, all of the venue asked for, else of the latest day's."""
        found: list[SymbolDay] = []
        for other in [date] if of_day else [earlier for earlier in reversed(self._dates) if earlier < date]:
            held = [day for day in self._of_date(other).get(symbol, []) if venue in (None, day.instrument.venue)]
            if held:
                found.append(by_weight(held)[0])
                venue = found[-1].instrument.venue
            if len(found) == lookback_days:
                break
        return found[::-1]

    def multiplier(self, symbol: str, venue: str | None, date: str) -> float:
        """Currency of one contract per unit of price, 1 where the security master says nothing."""
        told = self._references.fact("multiplier", symbol, venue, date)
        return 1.0 if told is None else float(told)

    def _of_date(self, date: str) -> dict[str, list[SymbolDay]]:
        if date not in self._days:
            grouped: dict[str, list[SymbolDay]] = {}
            for day in symbol_days(self._store, date):
                grouped.setdefault(day.instrument.symbol, []).append(day)
            self._days[date] = grouped
        return self._days[date]

    def _summary(self, day: SymbolDay) -> DaySummary:
        key = day.date, day.instrument_id
        if key not in self._summaries:
            self._summaries[key] = day_summary(self._store, day)
        return self._summaries[key]

    def _split_since(self, symbol: str, day: str, date: str) -> Fraction:
        """Shares of `date` that one share of an earlier day has become."""
        ratio = Fraction(1)
        for _, split in self._references.splits(symbol, day, date):
            ratio *= split
        return ratio


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _notes(
    symbol: str,
    date: str,
    of_day: bool,
    days: Sequence[SymbolDay],
    lookback_days: int,
    whole: Sequence[bool],
    with_volume: int,
    with_volatility: int,
    half_spreads: Sequence[float],
) -> list[str]:
    """What a reader must know of these facts before he believes them."""
    notes = []
    venue, count = days[-1].instrument.venue, len(days)
    if of_day:
        notes.append(f"volume, volatility and spread are those of {date} itself: nobody knew them while it lasted")
    else:
        span = days[0].date if count == 1 else f"{days[0].date} to {days[-1].date}"
        fewer = f", of {lookback_days} asked for" if count < lookback_days else ""
        notes.append(f"{symbol} is known from {count} earlier day{'s' if count > 1 else ''} ({span}{fewer})")
        since = (Date.fromisoformat(date) - Date.fromisoformat(days[-1].date)).days
        if since > _STALE_DAYS:
            notes.append(f"the latest of them is {since:,} days before {date}: the market may be another one")
    notes.append(f"volume is what was recorded at {venue}: other venues trade on top of it")
    cut = count - sum(whole)
    if cut:
        held = f"{cut} of {count} days {'is' if cut == 1 else 'are'}"
        notes.append(
            f"{held} recorded for less than {_LEAST_COVERED:.0%} of the session and left out, but for the price"
        )
    for what, known, remedy in (
        ("volume", with_volume, "ingest trades or bars, or give average daily volume"),
        ("volatility", with_volatility, "ingest quotes, trades or bars, or give daily volatility"),
        ("spread", len(half_spreads), "ingest quotes, or give half the spread"),
    ):
        if not known:
            notes.append(f"no day tells {what}: {remedy}")
    notes.append("shares outstanding are not stored: give them where a model needs them")
    return notes
