"""Which orders a report is of, and what it must know of them beside what they cost: facts of before, and rates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.jobs.estimate import asked_of_fit
from tcakit.jobs.parent_facts import parent_facts
from tcakit.market.day import MarketDay
from tcakit.report.data import Scope
from tcakit.store import results
from tcakit.store.database import Store
from tcakit.store.fits import fits
from tcakit.store.rates import rate_on
from tcakit.tca.order_facts import KNOWN_BEFORE, OTHER_NAMES, order_facts

_CURRENCY = re.compile(r"[A-Z]{3,5}")


def known_before(store: Store, run_id: str, parents: pl.DataFrame) -> pl.DataFrame:
    """What was known of each parent's symbol before its day: parent_id and the columns of `KNOWN_BEFORE`.

    As it was measured with the run, else from the days stored before; what nobody knows is null.
    """
    stored = results.table(store, "tca_benchmarks", run_id)
    if stored["adv_shares"].count():
        return stored.select("parent_id", *KNOWN_BEFORE)
    # A replay is measured without it.
    known = parent_facts(store, parents)
    return known.select("parent_id", *(name for name in KNOWN_BEFORE if name in known.columns))


def rates_of(store: Store, parents: pl.DataFrame, currency: str) -> dict[tuple[str, str], Mapping[str, Any] | None]:
    """What a unit of each order's currency was worth on its date, by (date, currency); None where no rate says.

    Raises UsageError for a word that is no currency, and where none of the orders could be told in it.
    """
    if not _CURRENCY.fullmatch(currency):
        raise UsageError(f"{currency!r} is no currency", place="--currency", remedy="write its three letters, as EUR")
    found: dict[tuple[str, str], Mapping[str, Any] | None] = {}
    for date, own in parents.select("date", "currency").drop_nulls().unique().sort("date", "currency").iter_rows():
        rate = rate_on(store, date, own, currency)
        found[date, own] = None
        if rate is not None:
            found[date, own] = {"value": rate.value, "date": rate.date, "source": rate.source, "how": rate.how}
    if found and not any(found.values()):
        others = ", ".join(sorted({own for _, own in found}))
        raise UsageError(
            f"no rate from {others} to {currency} on the orders' dates or the 7 days before",
            place="--currency",
            remedy="store some: tcakit rates import FILE",
        )
    return found


def half_spreads_in_estimates(store: Store, estimates: pl.DataFrame) -> dict[str | None, float]:
    """How many half spreads are in an estimate, by its fit (None: published models)."""
    from tcakit.impact.pre_trade import half_spreads_paid

    wanted = set(estimates["fit_id"].drop_nulls())
    out: dict[str | None, float] = {None: 1.0}
    for row in fits(store, "impact") if wanted else []:
        if row["fit_id"] in wanted:
            fitted = asked_of_fit(row).fitted
            if fitted is not None:
                out[row["fit_id"]] = half_spreads_paid(fitted)
    return out


def chosen_parents(
    scope: Scope,
    parents: pl.DataFrame,
    tca_parents: pl.DataFrame,
    known: pl.DataFrame,
    markets: Mapping[tuple[str, str], MarketDay],
    tags: pl.DataFrame | None = None,
) -> list[str]:
    """The ids of the parents that meet the condition of `scope.where`; UsageError where none does."""
    from tcakit.tca.order_filter import order_filter

    assert scope.where is not None
    zones = {key: day.instrument.timezone for key, day in markets.items()}
    worth = None
    if scope.currency is not None:
        worth = {key: None if rate is None else float(rate["value"]) for key, rate in scope.rates.items()}
    facts = order_facts(parents, tca_parents, known, zones, tags, worth)
    asked = order_filter(scope.where, facts.schema, OTHER_NAMES)
    kept = facts.filter(asked)["parent_id"].to_list()
    if not kept:
        raise UsageError(
            f"none of {facts.height} orders meets {scope.where!r}", place="--where", remedy=_hint(facts, asked)
        )
    return kept


def _hint(facts: pl.DataFrame, asked: pl.Expr) -> str:
    """What the columns of a condition hold, so far as it can be said shortly."""
    told = []
    for name in sorted(set(asked.meta.root_names())):
        values = facts[name].drop_nulls()
        if not values.len():
            told.append(f"{name} is known of none")
        elif values.dtype == pl.String:
            some = sorted(values.unique().to_list())
            told.append(f"{name} is {', '.join(some[:6])}{', ...' if len(some) > 6 else ''}")
        elif values.dtype.is_numeric():
            told.append(f"{name} is {float(values.min()):g} to {float(values.max()):g}")  # type: ignore[arg-type]
    return "; ".join(told) or "ask for more of them"
