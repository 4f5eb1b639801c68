"""Exchange rates in the store, and the rate between two currencies on a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import Any

import polars as pl

from tcakit.market.schema import RATES
from tcakit.store.bridge import frame, insert
from tcakit.store.database import Store

LONGEST_AGE_DAYS = 7
_KEY = ["date", "base", "quote", "source"]


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another: `value`, the day and source it is of, and how it was got.

    `how` is direct, inverse, or "through EUR" where two rates of one day and source were joined.
    """

    value: float
    date: str
    source: str
    how: str


def put_rates(store: Store, rows: pl.DataFrame) -> int:
    """Store rates in place of those of the same date, pair and source; gives how many the store then has."""
    with store.write_results() as connection:
        held = frame(connection, RATES)
        kept = held.join(rows, on=_KEY, how="anti")
        connection.execute("DELETE FROM rates")
        return insert(connection, RATES, pl.concat([kept, rows]).sort(_KEY))


def rate_on(store: Store, date: str, base: str, quote: str) -> Rate | None:
    """What one unit of `base` is worth in `quote` on that date, None if the store cannot say.

    It is the last rate on or before the date, not older than 7 days: of the pair itself or its inverse, else through
    a currency that both have a rate with on the same day from the same source. Of several sources of one day the
    first by name is taken.
    """
    if base == quote:
        return Rate(1.0, date, "", "direct")
    oldest = (Date.fromisoformat(date) - timedelta(days=LONGEST_AGE_DAYS)).isoformat()
    with store.read_results() as connection:
        found = connection.execute(
            "SELECT date, base, quote, rate, source FROM rates WHERE date BETWEEN ? AND ? "
            "AND (base IN (?, ?) OR quote IN (?, ?)) ORDER BY date DESC, source, base, quote",
            [oldest, date, base, quote, base, quote],
        ).fetchall()
    return _between(found, base, quote) or _through(found, base, quote)


def _between(rows: list[tuple[Any, ...]], base: str, quote: str) -> Rate | None:
    """Of the pair itself, else of its inverse, on the latest day that has either."""
    own = [row for row in rows if {row[1], row[2]} == {base, quote}]
    if not own:
        return None
    date, source = own[0][0], own[0][4]
    for day, one, _, rate, said in own:
        if (day, said, one) == (date, source, base):
            return Rate(rate, date, source, "direct")
    return Rate(1.0 / own[0][3], date, source, "inverse")


def _through(rows: list[tuple[Any, ...]], base: str, quote: str) -> Rate | None:
    """Two rates of one day and source with a currency in common, the first by name of several."""
    days: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for date, one, other, rate, source in rows:
        worth = days.setdefault((date, source), {base: {}, quote: {}})
        # What one unit of each end is worth in the currency between.
        if one in worth:
            worth[one][other] = rate
        if other in worth:
            worth[other].setdefault(one, 1.0 / rate)
    for (date, source), worth in days.items():
        common = sorted(worth[base].keys() & worth[quote].keys())
        if common:
            between = common[0]
            return Rate(worth[base][between] / worth[quote][between], date, source, f"through {between}")
    return None
