"""Cost over all stored runs, and an index of the reports that lie beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tcakit.market.clock import format_time
from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import INTERVALS, NO_CURRENCY, SIGN_CONVENTION, interval, number
from tcakit.tca.inference import summarise

MEASURES = ("arrival_bps_of_executed", "shortfall_bps_of_paper")
DRAWS = 500
_MOST_LINES = 8


def trend(
    runs: Sequence[Mapping[str, Any]], tca_parents: pl.DataFrame, reports: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Cost by run and by month of each run, as a JSON-able dict.

    `runs` are rows of that table, `tca_parents` rows of all of them, `reports` files with `file` and `title`. `runs` of
    the result, the oldest first, have run_id, kind, made, currency, from, to, orders, and for each of `MEASURES` value,
    low, high and n, a row a currency; `months` the same by month. Ratios of sums; runs without orders are left out.
    """
    made = {run["run_id"]: run for run in runs}
    rows = tca_parents.filter(pl.col("run_id").is_in(list(made))).with_columns(
        pl.col("currency").fill_null(NO_CURRENCY), pl.col("date").str.slice(0, 7).alias("month")
    )
    by_run = _by(rows, ["run_id", "currency"])
    order = {name: (run["created_ns"], name) for name, run in made.items()}
    by_run.sort(key=lambda row: (order[row["run_id"]], row["currency"]))
    for row in by_run:
        run = made[row["run_id"]]
        row |= {"kind": run["kind"], "made": format_time(run["created_ns"])}
    months = _by(rows, ["run_id", "currency", "month"])
    months.sort(key=lambda row: (order[row["run_id"]], row["currency"], row["month"]))
    return {"runs": by_run, "months": months, "reports": [dict(report) for report in reports]}


def _by(rows: pl.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    facts = rows.group_by(by).agg(
        pl.col("date").min().alias("from"), pl.col("date").max().alias("to"), pl.len().alias("orders")
    )
    found = {tuple(row[name] for name in by): row for row in facts.iter_rows(named=True)}
    for measure in MEASURES:
        for row in summarise(rows, by, measure, draws=DRAWS).iter_rows(named=True):
            stat = {"value": row["bps"], "low": row["low_bps"], "high": row["high_bps"], "n": row["n"]}
            found[tuple(row[name] for name in by)][measure] = stat
    return list(found.values())


def render_trend(told: dict[str, Any]) -> str:
    """The page of what `trend` gave: charts by run and by month, tables, links to the reports beside it."""
    figures = {}
    for place, currency in enumerate(dict.fromkeys(row["currency"] for row in told["runs"]), start=1):
        rows = [row for row in told["runs"] if row["currency"] == currency and row[MEASURES[0]]["value"] is not None]
        if rows:
            figures[f"{place}-runs"] = run_figure(rows, currency)
        months = [row for row in told["months"] if row["currency"] == currency]
        lines = month_figure(months, currency)
        if lines is not None:
            figures[f"{place}-months"] = lines
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    return filled(
        "trend.html", payload, told=told, figures=figures, sign=SIGN_CONVENTION, intervals=INTERVALS, measures=MEASURES
    )


def run_figure(rows: list[dict[str, Any]], currency: str) -> Figure:
    """Cost against arrival of each run, the oldest first."""
    stats = [row[MEASURES[0]] for row in rows]
    told = [
        [number(stat["value"]), interval(stat), stat["n"], row["kind"]] for row, stat in zip(rows, stats, strict=True)
    ]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [f"{row['made'][:10]} {row['run_id'][:6]}" for row in rows],
                "y": [stat["value"] for stat in stats],
                "customdata": told,
                "hovertemplate": (
                    "<b>%{x}</b>, %{customdata[3]}<br>%{customdata[0]} bps, 95 % %{customdata[1]}<br>"
                    "%{customdata[2]} orders<extra></extra>"
                ),
                "line": {"color": LIGHT["muted"], "width": 1, "dash": "dot"},
                "marker": {"size": 9, "color": LIGHT["accent"]},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [0.0 if stat["high"] is None else stat["high"] - stat["value"] for stat in stats],
                    "arrayminus": [0.0 if stat["low"] is None else stat["value"] - stat["low"] for stat in stats],
                    "color": LIGHT["accent"],
                },
            }
        ],
        "layout": {
            "height": 400,
            "xaxis": {"title": {"text": "Run, by when it was made"}, "type": "category", "showgrid": False},
            "yaxis": {"title": {"text": f"Against arrival (bps of executed), {plain(currency)}"}, "zeroline": True},
            "showlegend": False,
        },
    }  # fmt: skip


def month_figure(rows: list[dict[str, Any]], currency: str) -> Figure | None:
    """Cost against arrival by month, a line a run, the last runs of two months or more; None where there is none."""
    held: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row[MEASURES[0]]["value"] is not None:
            held.setdefault(row["run_id"], []).append(row)
    several = [(name, found) for name, found in held.items() if len(found) > 1][-_MOST_LINES:]
    if not several:
        return None
    colours = ("accent", "cost", "gain", "vwap", "twap", "limit", "total", "mid")
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name[:8],
                "x": [row["month"] for row in found],
                "y": [row[MEASURES[0]]["value"] for row in found],
                "customdata": [[interval(row[MEASURES[0]]), row[MEASURES[0]]["n"]] for row in found],
                "hovertemplate": (
                    "<b>%{x}</b><br>%{y:.2f} bps, 95 % %{customdata[0]}<br>%{customdata[1]} orders<extra></extra>"
                ),
                "line": {"color": LIGHT[colours[place % len(colours)]], "width": 2},
            }
            for place, (name, found) in enumerate(several)
        ],
        "layout": {
            "height": 400,
            "xaxis": {"title": {"text": "Month"}, "type": "category", "showgrid": False},
            "yaxis": {"title": {"text": f"Against arrival (bps of executed), {plain(currency)}"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.14, "x": 0},
            "showlegend": True,
        },
    }  # fmt: skip
