"""What scales an impact model to a symbol's day: volume, volatility and price, of earlier days where any are stored."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from tcakit.errors import DataError
from tcakit.jobs.backtest_plan import Planned
from tcakit.jobs.impact_rules import ImpactRules
from tcakit.jobs.market import market_day
from tcakit.jobs.symbol_facts import FactsOfSymbols, SymbolFacts
from tcakit.store.database import Store

_FLAGS = {"adv_shares": "--daily-volume", "volatility_daily": "--daily-volatility"}
_WORDS = {"adv_shares": "volume", "volatility_daily": "volatility"}


@dataclass(frozen=True, slots=True)
class ImpactFacts:
    """Average daily volume (shares), daily volatility (fraction) and price (currency), and where they are from."""

    adv_shares: float
    volatility_daily: float
    price: float
    notes: tuple[str, ...]


def impact_facts(store: Store, lookup: FactsOfSymbols, plan: Planned, rules: ImpactRules) -> ImpactFacts:
    """The facts of a parent's symbol: those of the rules, else `jobs.symbol_facts`, else the day's own.

    The price is the first mid of the session. DataError where one cannot be known.
    """
    instrument, date = plan.day.instrument, plan.day.date
    given = {"adv_shares": rules.daily_volume, "volatility_daily": rules.daily_volatility}
    found, origins, notes = {}, {}, []
    earlier: SymbolFacts | None = None
    of_day: SymbolFacts | None = None
    for name, value in given.items():
        if value is not None:
            found[name], origins[name] = value, "as given"
            continue
        if earlier is None:
            earlier = lookup.of(instrument.symbol, date, instrument.venue)
            notes += _told(earlier)
        found[name] = getattr(earlier, name)
        days = earlier.adv_days if name == "adv_shares" else earlier.volatility_days
        origins[name] = f"of {days} earlier stored day{'s' if days != 1 else ''}"
        if not _is_known(found[name]):
            if of_day is None:
                of_day = lookup.of(instrument.symbol, date, instrument.venue, of_day=True)
                notes += _told(of_day)
            found[name] = getattr(of_day, name)
            origins[name] = "of the day itself, as no earlier one tells it: known only when it is over"
        if not _is_known(found[name]):
            raise DataError(
                f"the daily {_WORDS[name]} of {instrument.symbol} is not known on {date}: {'; '.join(notes)}",
                remedy=f"give {_FLAGS[name]}",
            )
    price = _first_mid(store, plan)
    scaled = (
        f"daily volume {found['adv_shares']:,.0f} ({origins['adv_shares']}), volatility "
        f"{found['volatility_daily']:.2%} ({origins['volatility_daily']}), price {price:.6g}"
    )
    told = (f"{instrument.symbol} {date}: impact scaled by {scaled}", *dict.fromkeys(notes))
    return ImpactFacts(found["adv_shares"], found["volatility_daily"], price, told)


def _is_known(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


def _told(facts: SymbolFacts) -> list[str]:
    """What is told of facts, but for the one that no impact of a replay is scaled by."""
    return [note for note in facts.notes if not note.startswith("shares outstanding")]


def _first_mid(store: Store, plan: Planned) -> float:
    market = market_day(store, plan.day)
    mids = pl.Series(market.mid[np.searchsorted(market.quote_ns, plan.open_ns) :]).fill_nan(None).drop_nulls()
    if not mids.len():
        raise DataError(f"{plan.day.instrument.symbol} has no quote on {plan.day.date}", remedy="check the recording")
    return float(mids[0])
