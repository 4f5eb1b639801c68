"""A run, or the firm's own blotter, as numbers, a terminal summary and a page."""

from __future__ import annotations

import gc
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tcakit.jobs.align import clock_offsets
from tcakit.jobs.backtest_run import versions
from tcakit.jobs.clock_shift import offsets_of
from tcakit.jobs.estimates import estimates_of
from tcakit.jobs.firm import load_blotter
from tcakit.jobs.market import data_notes, market_days
from tcakit.jobs.order_days import days_of_orders, end_days
from tcakit.jobs.parent_facts import closes_before_fills, parent_facts
from tcakit.jobs.policy import load_policy
from tcakit.jobs.quality import JUDGED_FILLS, day_checks
from tcakit.jobs.report_files import check_format, write_report, write_whole
from tcakit.market.clock import parse_date
from tcakit.market.day import MarketDay
from tcakit.market.schema import FAULTS, FILES, ORDER_EVENTS
from tcakit.store import results
from tcakit.store.bridge import frame
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay, by_weight, symbol_days

__all__ = ["ReportRequest", "markets_of_parents", "measured_blotter", "report", "write_whole"]


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Which run (None: the latest), or the ingested blotter, between which dates, and where the page goes.

    `as_of_ns` takes the blotter as it stood then. `where` is a condition on orders as `tca.order_filter` reads it, `by`
    names dimensions of one more table, `currency` that of all sums of money. `template`, `sections` and
    `open_orders` say what stands on the page (see `report.data.PageChoice`).
    `redact` names columns to mask, `policy` a best-execution policy to
    hold the orders against, `explain` an order whose formulas (or that of `metric` alone) to tell.
    `index` is a stored symbol that the blotter's orders are set against where the security master names none.
    """

    run: str | None = None
    orders: bool = False
    date_from: str | None = None
    date_to: str | None = None
    out: Path | None = None
    title: str | None = None
    as_of_ns: int | None = None
    where: str | None = None
    by: tuple[str, ...] = ()
    currency: str | None = None
    template: str = "tca"
    sections: tuple[str, ...] = ()
    open_orders: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    policy: Path | None = None
    explain: str | None = None
    metric: str | None = None
    index: str | None = None


def report(folder: Path, request: ReportRequest, wait_s: float = 30.0) -> dict[str, Any]:
    """Measure if need be, summarise, write the page if asked to; gives the numbers that are on the page."""
    # A report is many rows that form no circles: looking for circles among them again and again finds nothing.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _report(folder, request, wait_s)
    finally:
        if collects:
            gc.enable()


def _report(folder: Path, request: ReportRequest, wait_s: float) -> dict[str, Any]:
    if request.out is not None:
        check_format(request.out)
    policy = None if request.policy is None else load_policy(request.policy)
    store = Store(folder, wait_s=wait_s)
    if request.orders:
        run_id, parents = measured_blotter(store, request)
    else:
        run_id = results.find_run(store, request.run)["run_id"]
        parents = None
    from tcakit.jobs.depth import with_depth
    from tcakit.jobs.report_curve import impact_curves
    from tcakit.jobs.report_previous import Asked, previous_period
    from tcakit.jobs.report_scope import chosen_parents, half_spreads_in_estimates, known_before, rates_of
    from tcakit.jobs.tags import tags_of
    from tcakit.report import ReportData, summarise
    from tcakit.report.data import PageChoice, Scope
    from tcakit.report.dimensions import known_dimensions
    from tcakit.report.explain import explain
    from tcakit.report.monitoring import monitored, with_labels
    from tcakit.report.redaction import label, redacted
    from tcakit.tca.fill_places import of_fills

    run = results.run(store, run_id)
    assert run is not None
    tca_parents = _between(results.table(store, "tca_parents", run_id), request)
    # A blotter's own rows keep their file's key as run_id: they are handed over, not stored twice.
    own = parents or _own_tables(store, run)
    between = _between(own["parents"], request)
    tags = tags_of(store, between)
    known_dimensions(request.by, [] if tags is None else tags.columns[1:])
    before = known_before(store, run_id, between)
    rates = rates_of(store, between, request.currency) if request.currency else {}
    scope = Scope(request.where, request.by, request.currency, rates)
    kept = tca_parents["parent_id"].to_list()
    if request.where is not None:
        kept = chosen_parents(scope, between, tca_parents, before, markets_of_parents(store, between), tags)
        tca_parents = tca_parents.filter(pl.col("parent_id").is_in(kept))
        # A fill whose parent nobody knows meets no condition.
        own = {name: rows.filter(pl.col("parent_id").is_in(kept)) for name, rows in own.items()}
    known = own["parents"]["parent_id"].to_list()
    tables = {
        name: rows.filter(
            pl.col("parent_id").is_in(kept) | ~pl.col("parent_id").is_in(known) | pl.col("parent_id").is_null()
        )
        for name, rows in own.items()
    }
    fills = tables["fills"]
    tca_fills, markouts = (
        of_fills(results.table(store, name, run_id), fills["fill_id"]) for name in ("tca_fills", "tca_markouts")
    )
    markets = markets_of_parents(store, days_of_orders(tables["parents"], fills))
    later = end_days(store, tables["parents"], markets, markets_of_parents)
    markets |= {(day.instrument.symbol, day.date): day for day in later.values()}
    files = _files(store, run["data_keys"], FILES)
    clocks: list[dict[str, Any]] = []
    if run["kind"] == "blotter":
        applied = {key: offsets_of(json.loads(told)) for key, told in files.select("ingest_key", "options").iter_rows()}
        found = clock_offsets(
            tables["parents"], fills, markets, applied, most_fills=JUDGED_FILLS, with_ground=True
        )  # fmt: skip
        clocks = found["offsets"]
    estimates = estimates_of(store, run_id, tables["parents"].filter(pl.col("matched")))
    data = ReportData(
        run=run,
        # What they say stands in `tags`, and there alone, so that it can be masked.
        parents=tables["parents"].with_columns(tags=pl.lit(None, pl.String)),
        tags=None if tags is None else tags.filter(pl.col("parent_id").is_in(tables["parents"]["parent_id"].to_list())),
        orders=tables["orders"],
        fills=fills,
        tca_parents=tca_parents,
        benchmarks=_benchmarks(store, run_id, tables["parents"], tca_parents, markets),
        tca_fills=tca_fills,
        markouts=markouts,
        files=files,
        faults=_files(store, run["data_keys"], FAULTS),
        markets=markets,
        order_event_counts=_event_counts(store, run_id),
        titles={"title": request.title} if request.title else {},
        checks=[check for day in _days(store, tables["parents"]) for check in day_checks(store, day)],
        clocks=clocks,
        estimates=estimates,
        scope=scope,
        known_before=before,
        curves=impact_curves(store, estimates, tca_parents, before, request.currency),
        half_spreads_in_estimates=half_spreads_in_estimates(store, estimates),
        page=PageChoice(request.template, request.sections, request.open_orders),
        previous=previous_period(
            store,
            Asked(request.date_from, request.date_to, request.as_of_ns),
            run,
            tables["parents"],
            scope,
            markets_of_parents,
        ),
    )
    salt = (policy and policy.salt) or secrets.token_hex(16)
    if request.redact:
        data = redacted(data, request.redact, salt)
        if policy is not None:
            policy = with_labels(policy, request.redact, lambda column, value: label(column, value, salt))
    summary = summarise(data)
    if policy is not None:
        summary["monitoring"] = monitored(policy, data, summary)
    if request.explain is not None:
        asked = request.explain
        if "parent_id" in request.redact:
            asked = label("parent_id", asked, salt)
        summary["explained"] = explain(data, asked, request.metric)
    if request.out is not None:
        if request.out.suffix.lower() in (".html", ".pdf"):
            data = with_depth(store, data, summary, _days(store, tables["parents"]))
        summary = write_report(request.out, data, summary, request.redact) | {"out": str(request.out)}
    return summary


def _benchmarks(
    store: Store,
    run_id: str,
    parents: pl.DataFrame,
    tca_parents: pl.DataFrame,
    markets: dict[tuple[str, str], MarketDay],
) -> pl.DataFrame:
    """The `tca_benchmarks` of a run's parents, with what earlier days say of their symbols where that was not asked
    while it ran.
    """
    from tcakit.tca.symbol_columns import with_facts

    kept = pl.col("parent_id").is_in(tca_parents["parent_id"].to_list())
    stored = results.table(store, "tca_benchmarks", run_id).filter(kept)
    if not stored.height or stored["adv_shares"].count():
        return stored
    return with_facts(stored, tca_parents, parent_facts(store, parents), markets)


def _own_tables(store: Store, run: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Parents, orders and fills of a run; those of a measured blotter stand under their files' own keys."""
    if run["kind"] != "blotter":
        return {name: results.table(store, name, run["run_id"]) for name in ("parents", "orders", "fills")}
    blotter = load_blotter(store, run["data_keys"], run["config"].get("as_of_ns"))
    return {"parents": blotter.parents, "orders": blotter.orders, "fills": blotter.fills}


def _between(rows: pl.DataFrame, request: ReportRequest) -> pl.DataFrame:
    if request.date_from:
        rows = rows.filter(pl.col("date") >= parse_date(request.date_from, "--from"))
    if request.date_to:
        rows = rows.filter(pl.col("date") <= parse_date(request.date_to, "--to"))
    return rows


def measured_blotter(store: Store, request: ReportRequest) -> tuple[str, dict[str, pl.DataFrame]]:
    """Measure the ingested blotter by the same code as a replay and store the result as a run of its own."""
    from tcakit.jobs.indices import indices_of
    from tcakit.tca import BenchmarkContext, measure

    begun = time.perf_counter()
    blotter = load_blotter(store, as_of_ns=request.as_of_ns)
    parents, fills = _between(blotter.parents, request), blotter.fills
    # Fills without a known parent are kept, by their own date: the report counts them.
    orphan = ~pl.col("parent_id").is_in(blotter.parents["parent_id"].to_list()).fill_null(False)
    mine = pl.col("parent_id").is_in(parents["parent_id"].to_list())
    fills = pl.concat([fills.filter(mine), _between(fills.filter(orphan), request)])
    markets = markets_of_parents(store, days_of_orders(parents, fills))
    indices = indices_of(store, parents, request.index, markets_of_parents)
    ends = end_days(store, parents, markets, markets_of_parents)
    days = [*markets.values(), *ends.values(), *(index.day for index in indices.values() if index.day is not None)]
    keys = sorted({*blotter.data_keys, *(key for market in days for key in market.data_keys)})
    # What the security master says of the orders is part of them: multipliers, and fills restated after splits.
    stated = parents.select("parent_id", "symbol", "multiplier", "notes").rows()
    facts: list[Any] = [keys, request.date_from, request.date_to, stated, sorted(blotter.restated.items())]
    # So is what earlier days say of their symbols, of which more may be stored later.
    known = parent_facts(store, parents)
    facts.append(known.rows())
    closes = closes_before_fills(store, parents, fills)
    facts.append(sorted((*key, close) for key, close in closes.items()))
    facts.append(sorted((*key, index.name, index.beta) for key, index in indices.items()))
    # What stands depends on the order in which the files came, and on when.
    facts += [blotter.data_keys, request.as_of_ns, versions()]
    if request.as_of_ns is not None:
        facts.append(fills.select("fill_id", "ts_ns", "price", "quantity").rows())
    run_id = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    own = {"parents": parents, "orders": blotter.orders, "fills": fills}
    if results.run(store, run_id) is not None:
        return run_id, own
    context = BenchmarkContext(orders=blotter.orders, facts=known, indices=indices, closes=closes, ends=ends)
    measured = measure(parents, fills, markets, run_id=run_id, restated=blotter.restated, context=context)
    notes = [*blotter.notes, *measured.notes]
    for market in _days(store, parents):
        notes += data_notes(store, market)
    notes += [f"{int(parents['matched'].sum())} of {parents.height} orders matched to a stored symbol"]
    for name in blotter.unmatched:
        may_be = f"; may be {', '.join(name['candidates'])}" if name["candidates"] else ""
        notes.append(f"unmatched name {name['name']!r} ({name['orders']} orders){may_be}")
    config = {"orders": True, "from": request.date_from, "to": request.date_to, "as_of_ns": request.as_of_ns}
    config["index"] = request.index
    row = {
        "run_id": run_id,
        "kind": "blotter",
        "created_ns": time.time_ns(),
        "config": json.dumps(config),
        "data_keys": json.dumps(keys),
        "versions": json.dumps(versions()),
        "notes": json.dumps(notes),
        "seconds": time.perf_counter() - begun,
        "events": None,
    }
    frames = {
        "tca_parents": measured.parents,
        "tca_benchmarks": measured.benchmarks,
        "tca_fills": measured.fills,
        "tca_markouts": measured.markouts,
    }
    with store.writer("report"):
        results.put_run(store, row, frames)
    return run_id, own


def _days(store: Store, rows: pl.DataFrame) -> list[SymbolDay]:
    """The stored days of the symbols and dates of some parents: of the parent's venue if it is stored, else as
    `find_symbol_day` chooses."""
    wanted = rows.select("symbol", "date", *(["venue"] if "venue" in rows.columns else [])).unique(maintain_order=True)
    out: dict[tuple[str, str], SymbolDay] = {}
    held = {date: symbol_days(store, date) for date in wanted["date"].unique().to_list()}
    for row in wanted.iter_rows(named=True):
        here = [day for day in held[row["date"]] if day.instrument.symbol == row["symbol"]]
        if here:
            at_venue = [day for day in here if day.instrument.venue == row.get("venue")]
            out[row["symbol"], row["date"]] = (at_venue or by_weight(here))[0]
    return list(out.values())


def markets_of_parents(store: Store, rows: pl.DataFrame) -> dict[tuple[str, str], MarketDay]:
    """The market of every (symbol, date) that is stored."""
    return {(market.instrument.symbol, market.date): market for market in market_days(store, _days(store, rows))}


def _files(store: Store, keys: list[str], table: Any) -> pl.DataFrame:
    with store.read_results() as connection:
        return frame(connection, table, "WHERE list_contains(?, ingest_key)", [keys])


def _event_counts(store: Store, run_id: str) -> dict[str, int]:
    with store.read_results() as connection:
        rows = connection.execute(
            f'SELECT event, count(*) FROM "{ORDER_EVENTS.name}" WHERE run_id = ? GROUP BY event ORDER BY event',
            [run_id],
        ).fetchall()
    return dict(rows)
