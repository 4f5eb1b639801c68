"""The days of orders and of their fills, and the markets of the days that an order lasted beyond its first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import polars as pl

from tcakit.market.clock import zone
from tcakit.market.day import MarketDay
from tcakit.store.database import Store
from tcakit.store.market_data import symbol_days
from tcakit.store.reference import References

Markets = Mapping[tuple[str, str], MarketDay]
_NS_PER_SECOND = 1_000_000_000


def days_of_orders(parents: pl.DataFrame, fills: pl.DataFrame) -> pl.DataFrame:
    """symbol, date and venue (null for days of fills alone) of every day of some parents and of their fills."""
    mine = parents.select("symbol", "date", "venue")
    later = fills.select("symbol", "date").unique(maintain_order=True)
    later = later.join(mine, on=["symbol", "date"], how="anti", maintain_order="left")
    return pl.concat([mine, later], how="diagonal")


def end_days(
    store: Store, parents: pl.DataFrame, markets: Markets, markets_of: Callable[[Store, pl.DataFrame], Markets]
) -> dict[str, MarketDay]:
    """The market of the day on which an order ended, by parent_id, for orders that ended on a later day than they came.

    The day is told by the exchange's clock; if it is not stored, the latest stored one before it that is after the
    order's own. `markets` are those of the orders' own days, `markets_of` gives those of a frame of symbols and dates.
    Orders with a split on the way have none: prices after it are of other shares.
    """
    facts = References.of(store)
    dates = store.dates()
    stored: dict[str, set[str]] = {}
    wanted: dict[str, tuple[str, str]] = {}
    rows = parents.filter(pl.col("matched") & pl.col("end_ns").is_not_null())
    for name, symbol, date, end_ns in rows.select("parent_id", "symbol", "date", "end_ns").iter_rows():
        own = markets.get((symbol, date))
        if own is None:
            continue
        ended = datetime.fromtimestamp(end_ns // _NS_PER_SECOND, UTC).astimezone(zone(own.instrument.timezone))
        until = ended.date().isoformat()
        later = [day for day in dates if date < day <= until] if until > date else []
        for day in reversed(later):
            if day not in stored:
                stored[day] = {held.instrument.symbol for held in symbol_days(store, day)}
            if symbol in stored[day]:
                if not facts.splits(symbol, date, day):
                    wanted[name] = symbol, day
                break
    frame = pl.DataFrame(sorted(set(wanted.values())), schema={"symbol": pl.String, "date": pl.String}, orient="row")
    found = markets_of(store, frame)
    return {name: found[key] for name, key in wanted.items() if key in found}
