"""Every number of a report, made in one place: the page, the terminal and --json read it from here."""

from __future__ import annotations

from typing import Any

from tcakit.market.clock import format_time
from tcakit.report.benchmark_costs import benchmark_costs, order_benchmarks
from tcakit.report.comparisons import comparisons
from tcakit.report.conversion import conversion, in_currency
from tcakit.report.data import ReportData
from tcakit.report.distribution import distribution
from tcakit.report.estimates import estimates_against_costs
from tcakit.report.groups import by, costed, measures, shares, totals, waterfall
from tcakit.report.heatmaps import heatmaps
from tcakit.report.intraday import intraday_profile
from tcakit.report.markouts import markout_curves, of_orders
from tcakit.report.participation import cost_by_participation
from tcakit.report.quality import data_quality, order_counts
from tcakit.report.rows import Rows, parent_rows, ranked
from tcakit.report.venue_markouts import venue_markouts
from tcakit.report.venue_scores import venue_scores
from tcakit.report.wording import DENOMINATORS, INTERVALS, SIGN_CONVENTION, benchmark_definitions, number
from tcakit.tca.draws import shared_draws

SUMMARY_VERSION = 1


def summarise(data: ReportData) -> dict[str, Any]:
    """All numbers of the report as one JSON-able dict; a missing number is None, never zero or NaN.

    `currencies` holds a block a currency with `totals` (currency), `measures` (bps, the denominator in the key,
    each with value, low, high, n), `shares`, `waterfall`, `algos`, `markouts`, `venues`, `venue_markouts`, `heatmaps`,
    `participation`, `intraday`, `distribution` and `benchmark_costs`; `parents` a row a parent order,
    `order_benchmarks` its further benchmarks; `estimates` how what was estimated before trading held, model by model;
    `quality` what to know of the data.
    `executive`, `groups`, `tests`, `outliers`, `control` and `attribution` are those of `comparisons`, `previous` says
    what the period before is, `currency` what was converted (None if nothing was), `scope` what was asked.
    Costs are cost-positive, markouts favourable-positive.
    """
    # Many tables are of the same orders.
    with shared_draws():
        return _summarised(data)


def _summarised(data: ReportData) -> dict[str, Any]:
    rows = _rows(data)
    before = previous_rows(data)
    estimates = estimates_against_costs(data.estimates, rows)
    dates = sorted({row["date"] for row in rows if row["date"]})
    return {
        "summary_version": SUMMARY_VERSION,
        "titles": _titles(data),
        "run": _run(data),
        "period": {
            "from": dates[0] if dates else None,
            "to": dates[-1] if dates else None,
            "days": len(dates),
        },
        "symbols": sorted({row["symbol"] for row in rows}),
        "counts": {
            "parents": len(rows),
            "parents_matched": sum(row["matched"] for row in rows),
            "parents_priced": sum(row["priced"] for row in rows),
            "parents_filled_in_full": sum((row["fill_rate"] or 0.0) >= 1.0 for row in rows),
            "parents_without_fill": sum(not row["filled_shares"] for row in rows),
            "child_orders": data.orders.height,
            "fills": data.fills.height,
        },
        "child_orders_by_state": order_counts(data.orders),
        "currencies": {
            currency: _currency(data, currency, held, estimates) for currency, held in _by_currency(rows).items()
        },
        **comparisons(data, rows, before),
        "previous": _previous(data, len(before)),
        "currency": conversion(rows, data.scope.currency, data.scope.rates),
        "scope": {"where": data.scope.where, "by": list(data.scope.by)},
        "parents": rows,
        "order_benchmarks": order_benchmarks(data, rows),
        "estimates": estimates,
        "quality": data_quality(data, rows),
        "sign_convention": SIGN_CONVENTION,
        "denominators": DENOMINATORS,
        "intervals": INTERVALS,
        "benchmarks": benchmark_definitions(),
        "versions": {str(name): str(value) for name, value in data.run.get("versions", {}).items()},
        "data_keys": [str(key) for key in data.run.get("data_keys", [])],
        "config": data.run.get("config", {}),
    }


def _rows(data: ReportData) -> Rows:
    """The orders, the dearest first, in the currency asked for."""
    rows = parent_rows(data)
    if data.scope.currency is None:
        return rows
    return ranked(Rows(in_currency(rows, data.scope.currency, data.scope.rates)))


def previous_rows(data: ReportData) -> Rows:
    """The orders of the period before, as the report's own; none where there is no such period."""
    return Rows() if data.previous is None or data.previous.data is None else _rows(data.previous.data)


def _previous(data: ReportData, orders: int) -> dict[str, Any] | None:
    """The period before: its dates, what it is, and how many orders it has; None where nobody looked for one."""
    held = data.previous
    if held is None:
        return None
    return {"what": held.what, "from": held.date_from, "to": held.date_to, "orders": orders}


def _by_currency(rows: Rows) -> dict[str, Rows]:
    """The rows of each currency, the one with most orders first."""
    names = {_currency_of(row) for row in rows}
    if len(names) == 1:
        return {names.pop(): rows}
    return dict(sorted(by(rows, _currency_of).items(), key=lambda item: (-len(item[1]), item[0])))


def _currency_of(row: dict[str, Any]) -> str:
    return str(row["currency"])


def _currency(
    data: ReportData, currency: str, rows: list[dict[str, Any]], estimates: list[dict[str, Any]]
) -> dict[str, Any]:
    sums = totals(rows)
    names = [row["parent_id"] for row in rows]
    venues = venue_scores(data, rows)
    marked = of_orders(data, rows)
    block: dict[str, Any] = {
        "currency": currency,
        "totals": sums,
        "measures": measures(rows),
        "shares": shares(rows),
        "waterfall": waterfall(sums),
        "algos": [
            {"algo": algo, "totals": totals(held), "measures": measures(held), "shares": shares(held)}
            for algo, held in by(rows, lambda row: str(row["algo"])).items()
        ],
        "markouts": markout_curves(marked),
        "venues": venues,
        "venue_markouts": venue_markouts(marked, [row["venue"] for row in venues]),
        "heatmaps": heatmaps(rows),
        "participation": cost_by_participation(rows, estimates, [c for c in data.curves if c["currency"] == currency]),
        "intraday": intraday_profile(data, names),
        "distribution": distribution(rows),
        "benchmark_costs": benchmark_costs(data, rows),
    }
    block["headline"] = _headline(block, sum(not row["priced"] for row in costed(rows)))
    return block


def _headline(block: dict[str, Any], unpriced: int) -> str:
    """What this currency's orders cost, in one or two sentences; `unpriced` of them have no price of the market."""
    sums = block["totals"]
    asked = f"{sums['parents']} parent order{'s' if sums['parents'] != 1 else ''}"
    if sums["total_cost"] is None:
        return f"None of {asked} could be measured."
    bps = sums["total_cost"] / sums["paper_notional"] * 1e4
    parts = [step for step in block["waterfall"] if step["key"] != "total_cost" and step["cost"] > 0.0]
    word = "cost" if sums["total_cost"] >= 0.0 else "gained"
    more = f", {unpriced} more by the decision price alone; together they" if unpriced else " and"
    text = (
        f"{sums['parents_costed'] - unpriced} of {asked} could be measured{more} {word} "
        f"{number(abs(sums['total_cost']))} {block['currency']}, {number(abs(bps))} bps of paper notional."
    )
    if parts:
        worst = max(parts, key=lambda step: step["cost"])
        text += (
            f" The dearest component was {worst['name'].lower()}: "
            f"{number(worst['cost'])} {block['currency']} ({worst['meaning']})."
        )
    return text


def _titles(data: ReportData) -> dict[str, str | None]:
    titles = {"title": "Trade cost analysis", **data.titles}
    return {name: titles.get(name) for name in ("title", "subtitle", "client", "prepared_by")}


def _run(data: ReportData) -> dict[str, Any]:
    run = data.run
    created = run.get("created_ns")
    return {
        "run_id": run.get("run_id"),
        "kind": run.get("kind"),
        "created": None if created is None else format_time(created),
        "seconds": run.get("seconds"),
        "events": run.get("events"),
    }
