"""The period before a report's own: the orders of as long a time just before, or the run of that kind that was last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from tcakit.errors import UsageError
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.order_days import days_of_orders, end_days
from tcakit.jobs.parent_facts import parent_facts
from tcakit.jobs.report_scope import chosen_parents, known_before, rates_of
from tcakit.jobs.tags import tags_of
from tcakit.market.clock import parse_date
from tcakit.market.day import MarketDay
from tcakit.market.schema import FAULTS, FILES, ORDERS, TCA_MARKOUTS
from tcakit.report.data import Previous, ReportData, Scope
from tcakit.store import results
from tcakit.store.database import Store

Tables = Mapping[str, pl.DataFrame]
Markets = Callable[[Store, pl.DataFrame], dict[tuple[str, str], MarketDay]]
"""How the markets of some parents are found."""

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What the report itself was asked for: its first and last day (None: of its orders), and as of when it stood."""

    date_from: str | None = None
    date_to: str | None = None
    as_of_ns: int | None = None


def days_before(date_from: str, date_to: str) -> tuple[str, str, str]:
    """The period just before, as long as this one: first and last day, and what it is in words.

    Whole months are set against as many whole months, and days without a Saturday or Sunday against as many weekdays.

    >>> days_before("2026-03-01", "2026-03-31"), days_before("2026-03-02", "2026-03-06")
    (('2026-02-01', '2026-02-28', 'the month before'), ('2026-02-23', '2026-03-01', 'the 5 weekdays before'))
    """
    first, last = date.fromisoformat(date_from), date.fromisoformat(date_to)
    end = first - timedelta(days=1)
    after = last + timedelta(days=1)
    months = (after.year - first.year) * 12 + after.month - first.month
    if first.day == after.day == 1 and months > 0:
        earlier = first.year * 12 + first.month - 1 - months
        start = date(earlier // 12, earlier % 12 + 1, 1)
        return start.isoformat(), end.isoformat(), "the month before" if months == 1 else f"the {months} months before"
    days = (last - first).days + 1
    kind = "day"
    start = first - timedelta(days=days)
    if all((first + timedelta(days=place)).weekday() < _SATURDAY for place in range(min(days, 7))):
        kind, start = "weekday", first
        for _ in range(days):
            start -= timedelta(days=1 + max(0, (start - timedelta(days=1)).weekday() - _SATURDAY + 1))
    return start.isoformat(), end.isoformat(), f"the {kind} before" if days == 1 else f"the {days} {kind}s before"


def previous_period(
    store: Store, asked: Asked, run: Mapping[str, Any], parents: pl.DataFrame, scope: Scope, markets_of: Markets
) -> Previous | None:
    """What a report sets its orders against: for a blotter, its orders of as many days just before; for a run its own
    orders before --from, else the run of the same kind that ended last before it began. None without orders.

    The same condition and currency hold for it. A period of which nothing is stored is told in words.
    """
    dates = parents["date"].drop_nulls()
    if not dates.len():
        return None
    first = parse_date(asked.date_from or str(dates.min()), "--from")
    last = parse_date(asked.date_to or str(dates.max()), "--to")
    start, end, words = days_before(first, last)
    try:
        tables = _of_blotter(store, asked, start, end, markets_of) if run["kind"] == "blotter" else None
        if run["kind"] != "blotter":
            words, tables = _of_runs(store, run, start, end, first, words)
        if tables is None:
            return Previous(f"none stored: no orders of {words} ({start} to {end})")
        return Previous(words, start, end, _data(store, run, tables, scope, markets_of))
    except UsageError as error:
        return Previous(f"none to compare with: of {words} ({start} to {end}) {error.message}")


def _of_blotter(store: Store, asked: Asked, start: str, end: str, markets_of: Markets) -> Tables | None:
    """The blotter's orders of those days, measured as a report measures them; None where there are none."""
    from tcakit.tca import BenchmarkContext, measure

    with store.read_results() as connection:
        held = connection.execute(
            "SELECT count(*) FROM parents WHERE date BETWEEN ? AND ? AND run_id NOT IN (SELECT run_id FROM runs)",
            [start, end],
        ).fetchone()
    if held is None or not held[0]:
        return None
    blotter = load_blotter(store, as_of_ns=asked.as_of_ns)
    parents = blotter.parents.filter(pl.col("date").is_between(pl.lit(start), pl.lit(end)))
    if not parents.height:
        return None
    fills = blotter.fills.filter(pl.col("parent_id").is_in(parents["parent_id"].to_list()))
    markets = markets_of(store, days_of_orders(parents, fills))
    ends = end_days(store, parents, markets, markets_of)
    context = BenchmarkContext(orders=blotter.orders, facts=parent_facts(store, parents), ends=ends)
    found = measure(parents, fills, markets, run_id="previous", restated=blotter.restated, context=context)
    return {"parents": parents, "fills": fills, "tca_parents": found.parents, "tca_fills": found.fills}


def _of_runs(
    store: Store, run: Mapping[str, Any], start: str, end: str, first: str, words: str
) -> tuple[str, Tables | None]:
    """The run's own orders of those days, else those of the run of its kind that ended last before `first`."""
    with store.read_results() as connection:
        own = connection.execute(
            "SELECT count(*) FROM tca_parents WHERE run_id = ? AND date BETWEEN ? AND ?", [run["run_id"], start, end]
        ).fetchone()
        rows = connection.execute(
            "SELECT runs.run_id, min(date), max(date) FROM runs JOIN tca_parents USING (run_id) WHERE kind = ? "
            "GROUP BY runs.run_id, created_ns HAVING max(date) < ? ORDER BY 3 DESC, created_ns DESC LIMIT 1",
            [run["kind"], first],
        ).fetchall()
    if own is not None and own[0]:
        return f"{words}, of the same run", _between(_tables(store, run["run_id"]), start, end)
    if not rows:
        return f"{words}, nor an earlier run of this kind", None
    name, begun, ended = rows[0]
    return f"the last {run['kind']} before, run {name[:12]} of {begun} to {ended}", _tables(store, name)


def _tables(store: Store, run_id: str) -> dict[str, pl.DataFrame]:
    return {name: results.table(store, name, run_id) for name in ("parents", "fills", "tca_parents", "tca_fills")}


def _between(tables: Tables, start: str, end: str) -> dict[str, pl.DataFrame]:
    inside = pl.col("date").is_between(pl.lit(start), pl.lit(end))
    parents = tables["parents"].filter(inside)
    mine = pl.col("parent_id").is_in(parents["parent_id"].to_list())
    return {name: parents if name == "parents" else rows.filter(mine) for name, rows in tables.items()}


def _data(store: Store, run: Mapping[str, Any], tables: Tables, scope: Scope, markets_of: Markets) -> ReportData:
    """Those orders as a report's rows, only the ones that meet its condition."""
    parents = tables["parents"]
    markets = markets_of(store, parents)
    tags = tags_of(store, parents)
    rates = rates_of(store, parents, scope.currency) if scope.currency else {}
    scope = replace(scope, rates=rates)
    if scope.where is not None:
        known = known_before(store, "previous", parents)
        kept = chosen_parents(scope, parents, tables["tca_parents"], known, markets, tags)
        tables = {name: rows.filter(pl.col("parent_id").is_in(kept)) for name, rows in tables.items()}
    return ReportData(
        run=dict(run),
        parents=tables["parents"].with_columns(tags=pl.lit(None, pl.String)),
        tags=None if tags is None else tags.filter(pl.col("parent_id").is_in(tables["parents"]["parent_id"].to_list())),
        orders=ORDERS.empty(),
        fills=tables["fills"],
        tca_parents=tables["tca_parents"],
        tca_fills=tables["tca_fills"],
        markouts=TCA_MARKOUTS.empty(),
        files=FILES.empty(),
        faults=FAULTS.empty(),
        markets=markets,
        scope=scope,
    )
