"""What scales an impact model to a symbol's day: volume, volatility and price, of earlier days where any are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.bar_market import interval_day, realised_volatility
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.jobs.market import market_day
from tcakit.market.clock import midnight_ns
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, symbol_days

_DAYS = 20
_INTERVAL_NS = 300_000_000_000


@dataclass(frozen=True, slots=True)
class ImpactFacts:
    """Average daily volume (shares), daily volatility (fraction) and price (currency), and where they are from."""

    adv_shares: float
    volatility_daily: float
    price: float
    note: str


def impact_facts(store: Store, plan: Planned, rules: ImpactRules) -> ImpactFacts:
    """The facts of a parent's symbol: those of the rules, else of up to 20 earlier stored days, else the day's own.

    The price is the first mid of the session. DataError where one cannot be known.
    """
    volume, volatility = rules.daily_volume, rules.daily_volatility
    origin = "as given"
    if volume is None or volatility is None:
        days = [_of_day(store, day, plan) for day in _earlier(store, plan)]
        origin = f"of {len(days)} earlier stored day{'s' if len(days) != 1 else ''}"
        if not days:
            days = [_of_day(store, plan.day, plan)]
            origin = "of the day itself, as no earlier one is stored: known only when it is over"
        volumes = [day[0] for day in days if day[0]]
        variances = [day[1] ** 2 for day in days if day[1] is not None]
        if volume is None and volumes:
            volume = sum(volumes) / len(volumes)
        if volatility is None and variances:
            volatility = float(np.sqrt(sum(variances) / len(variances)))
    symbol, date = plan.day.instrument.symbol, plan.day.date
    for name, value, flag in (("volume", volume, "--daily-volume"), ("volatility", volatility, "--daily-volatility")):
        if not value:
            raise DataError(f"the daily {name} of {symbol} is not known on {date}", remedy=f"give {flag}")
    assert volume is not None
    assert volatility is not None
    price = _first_mid(store, plan)
    scaled = f"daily volume {volume:,.0f}, volatility {volatility:.2%} ({origin}), price {price:.6g}"
    return ImpactFacts(volume, volatility, price, f"{symbol} {date}: impact scaled by {scaled}")


def _earlier(store: Store, plan: Planned) -> list[SymbolDay]:
    instrument = plan.day.instrument
    return [
        day
        for date in [date for date in store.dates() if date < plan.day.date][-_DAYS:]
        for day in symbol_days(store, date)
        if (day.instrument.symbol, day.instrument.venue) == (instrument.symbol, instrument.venue)
    ]


def _of_day(store: Store, day: SymbolDay, plan: Planned) -> tuple[float, float | None]:
    """Volume (shares) and volatility of a day between the session's times of the plan's."""
    zone = plan.day.instrument.timezone
    shift = midnight_ns(day.date, zone) - midnight_ns(plan.day.date, zone)
    try:
        frame = interval_day(store, day, _INTERVAL_NS, plan.open_ns + shift, plan.close_ns + shift).frame
    except DataError:
        return 0.0, None
    return float(frame["volume"].sum() or 0) / day.instrument.size_scale, realised_volatility(frame)


def _first_mid(store: Store, plan: Planned) -> float:
    market = market_day(store, plan.day)
    mids = pl.Series(market.mid[np.searchsorted(market.quote_ns, plan.open_ns) :]).fill_nan(None).drop_nulls()
    if not mids.len():
        raise DataError(f"{plan.day.instrument.symbol} has no quote on {plan.day.date}", remedy="check the recording")
    return float(mids[0])
