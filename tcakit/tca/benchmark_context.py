"""What else is known when orders are measured: child orders, facts of the symbols, an index to set them against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from tcakit.market.day import MarketDay

FACTS = {
    "parent_id": pl.String(),
    "adv_shares": pl.Float64(),
    "volatility_daily": pl.Float64(),
    "half_spread_bps": pl.Float64(),
    "previous_close": pl.Float64(),
    "previous_close_date": pl.String(),
}
"""Columns of the facts of parents, one row each, null where unknown: shares, fractions a day, bps, currency."""


@dataclass(frozen=True, slots=True)
class SymbolIndex:
    """The index that orders in a symbol are set against on a day: its name, its market (None where it is not stored),
    and what the symbol moves with it."""

    name: str
    beta: float
    day: MarketDay | None


@dataclass(frozen=True, slots=True)
class BenchmarkContext:
    """What the table `tca_benchmarks` rests on beside parents, fills and markets; columns are null without it.

    `orders` are rows of that table; `facts` have the columns `FACTS`; `own_prints` says whether our fills are among the
    market's prints (those of a real blotter are, replayed ones are not); `indices` has the index of a (symbol, date).
    `ends` is the market in which an order ended that ended on a later day than it came, by parent_id.
    `closes` is the last price before a day on which an order filled, by (parent_id, date), currency.
    """

    orders: pl.DataFrame | None = None
    facts: pl.DataFrame | None = None
    own_prints: bool = True
    indices: Mapping[tuple[str, str], SymbolIndex] = field(default_factory=dict)
    closes: Mapping[tuple[str, str], float] = field(default_factory=dict)
    ends: Mapping[str, MarketDay] = field(default_factory=dict)
