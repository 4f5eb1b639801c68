"""What was known of each parent's symbol before its day, as the measuring of orders takes it."""

from __future__ import annotations

from datetime import date as Date

import polars as pl

from tcakit.jobs.symbol_facts import FactsOfSymbols
from tcakit.market.numbers import known
from tcakit.store.database import Store

# The longest weekend of holidays; what traded before that is no previous close.
_PREVIOUS_DAYS = 4


def parent_facts(store: Store, parents: pl.DataFrame) -> pl.DataFrame:
    """A row for each parent with the columns `tca.benchmark_context.FACTS`, null where no earlier day tells.

    `parents` are rows of the table of that name; those whose symbol is not stored have none. The previous close is the
    last price of the latest stored day before, in shares of the parent's day, null where that day lies more than four
    days back.
    """
    from tcakit.tca.benchmark_context import FACTS

    lookup = FactsOfSymbols(store)
    held: dict[tuple[str, str, str | None], dict[str, object]] = {}
    rows = []
    for row in parents.filter(pl.col("matched")).select("parent_id", "symbol", "date", "venue").iter_rows(named=True):
        key = row["symbol"], row["date"], row["venue"]
        if key not in held:
            held[key] = _told(lookup, *key)
        rows.append({"parent_id": row["parent_id"]} | held[key])
    return pl.DataFrame(rows, schema=FACTS)


def closes_before_fills(store: Store, parents: pl.DataFrame, fills: pl.DataFrame) -> dict[tuple[str, str], float]:
    """The last price before each day on which an order filled, by (parent_id, date), in shares of that day.

    Days without one (none is stored, or more than four days lie between) are left out.
    """
    lookup = FactsOfSymbols(store)
    mine = parents.filter(pl.col("matched")).select("parent_id", "symbol", "venue").unique("parent_id")
    days = fills.select("parent_id", "date").unique().join(mine, on="parent_id", how="inner")
    held: dict[tuple[str, str, str | None], float | None] = {}
    found = {}
    for name, date, *of_symbol in days.select("parent_id", "date", "symbol", "venue").iter_rows():
        key = of_symbol[0], date, of_symbol[1]
        if key not in held:
            held[key] = _close_before(lookup, *key)
        close = held[key]
        if close is not None:
            found[name, date] = close
    return found


def _close_before(lookup: FactsOfSymbols, symbol: str, date: str, venue: str | None) -> float | None:
    days = lookup.days(symbol, date, venue)
    if not days or (Date.fromisoformat(date) - Date.fromisoformat(days[-1].date)).days > _PREVIOUS_DAYS:
        return None
    return known(lookup.of(symbol, date, venue).price)


def _told(lookup: FactsOfSymbols, symbol: str, date: str, venue: str | None) -> dict[str, object]:
    days = lookup.days(symbol, date, venue)
    if not days:
        return {}
    facts = lookup.of(symbol, date, venue)
    told: dict[str, object] = {
        name: known(getattr(facts, name)) for name in ("adv_shares", "volatility_daily", "half_spread_bps")
    }
    close = _close_before(lookup, symbol, date, venue)
    if close is not None:
        told |= {"previous_close": close, "previous_close_date": days[-1].date}
    return told
