"""What a report says beyond its totals: tables by dimension, comparisons, outliers, control limits, attribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.report.data import ReportData
from tcakit.report.dimensions import (
    DEFAULT,
    FILL_MEASURES,
    OF_FILLS,
    facts_of,
    fill_lines,
    is_of_fills,
    known_dimensions,
    side_code,
)  # fmt: skip
from tcakit.report.executive import executive
from tcakit.report.groups import measured_frame
from tcakit.report.rows import COSTS, rates_of, values_of
from tcakit.tca import cells
from tcakit.tca.control_limits import control_chart, period_of
from tcakit.tca.difficulty import difficulty_adjusted
from tcakit.tca.inference import COST_MEASURES
from tcakit.tca.outliers import MOST_MADS, robust_costs
from tcakit.tca.pairwise import pairwise, pairwise_same_orders
from tcakit.tca.performance import performance

TESTED = "arrival_bps_of_executed"
"""The cost that comparisons are of: it is known of every priced order with a fill, and no decision is in it."""
COMPARED = ("algo", "broker")
DRAWS_OF_DEFAULT_TABLES = 400
OUTLIERS_SHOWN = 50
_NORMAL_95 = 1.959963984540054
_OF_ORDER = (
    "parent_id", "currency", "side", "broker", "algo", "date", "arrival_price", "filled_shares", "executed_notional",
    "paper_notional", "trading_cost", "priced",
)  # fmt: skip
_SUMS_OF_FILLS = {"cost": "arrival_cost", "executed_notional": "arrival_notional"}
_SUMS_OF_ORDERS = {
    "cost": "total_cost", "paper_notional": "paper_notional", "executed_notional": "executed_notional", "fees": "fees",
}  # fmt: skip
Row = dict[str, Any]


def comparisons(data: ReportData, rows: Sequence[Row], previous: Sequence[Row] = ()) -> dict[str, Any]:
    """The keys `executive`, `groups`, `tests`, `outliers`, `control` and `attribution` of a summary; each a list, its
    entries of one currency each.

    `rows` are those of `parent_rows`, in the currency asked for, `previous` those of the period before. Costs are
    against arrival, bps of executed, and cost-positive; each number of a group has n and interval beside it.
    """
    orders = _orders(data, rows)
    names = ("executive", "groups", "tests", "outliers", "control", "attribution")
    chosen: dict[str, list[Any]] = {name: [] for name in names}
    estimated = _estimates(data, orders)
    before = _costs(previous)
    for currency in sorted(orders["currency"].unique().to_list()):
        mine = orders.filter(currency=currency)
        old = before.filter(currency=currency)
        chosen["executive"].append(executive(mine, old if old.height else None, estimated, currency, data.tag_names))
        costed = mine.filter(pl.col("cost").is_not_null() & (pl.col("notional") > 0))
        chosen["groups"] += _groups(data, mine, currency)
        chosen["tests"] += _tests(data, costed, estimated, currency)
        chosen["outliers"] += _outliers(costed, currency)
        chosen["control"] += _control(costed, currency)
        chosen["attribution"] += _attribution(mine, estimated, currency)
    return chosen


def _costs(rows: Sequence[Row]) -> pl.DataFrame:
    """A row an order with its costs in the report's currency."""
    names = [*dict.fromkeys([*_OF_ORDER, *COSTS])]
    texts = {"parent_id", "currency", "side", "broker", "algo", "date"}
    schema: dict[str, Any] = {
        name: pl.String() if name in texts else pl.Boolean() if name == "priced" else pl.Float64() for name in names
    }
    told = pl.DataFrame(dict(zip(names, values_of(rows, names), strict=True)), schema=schema)
    own = measured_frame(rows)
    return told.with_columns(own.drop([name for name in own.columns if name in told.columns]))


def _orders(data: ReportData, rows: Sequence[Row]) -> pl.DataFrame:
    """A row an order: its facts, its costs in the report's currency, and `cost`, `notional` of what is compared."""
    told = _costs(rows).with_columns(side_code(), pl.Series("exchange_rate", rates_of(rows), dtype=pl.Float64))
    facts = facts_of(data, _worth(data))
    facts = facts.drop([name for name in facts.columns if name in told.columns and name != "parent_id"])
    joined = told.join(facts, on="parent_id", how="left", maintain_order="left")
    cost, notional = COST_MEASURES[TESTED]
    return joined.with_columns(cost=cost.fill_nan(None), notional=notional.fill_nan(None))


def _worth(data: ReportData) -> Mapping[tuple[str, str], float | None] | None:
    if data.scope.currency is None:
        return None
    rates = {key: None if rate is None else float(rate["value"]) for key, rate in data.scope.rates.items()}
    own = data.scope.currency
    return rates | {(date, own): 1.0 for date in data.parents["date"].unique().to_list()}


def _groups(data: ReportData, orders: pl.DataFrame, currency: str) -> list[dict[str, Any]]:
    asked = known_dimensions(data.scope.by, data.tag_names) if data.scope.by else ()
    wanted = [asked, *(by for by in DEFAULT if by != asked)] if asked else list(DEFAULT)
    of_orders = cells.Lines(orders, COST_MEASURES)
    of_fills = cells.Lines(fill_lines(data, orders), FILL_MEASURES)
    out = []
    for by in wanted:
        held = of_fills if is_of_fills(by) else of_orders
        lines = held.lines
        if by != asked and not all(lines[name].drop_nulls().n_unique() > 0 for name in by):
            continue
        draws = cells.DRAWS if by == asked or by == ("broker", "algo") else DRAWS_OF_DEFAULT_TABLES
        found, total = held.table(by, TESTED, draws=draws)
        columns = _SUMS_OF_FILLS if is_of_fills(by) else _SUMS_OF_ORDERS
        money = lines.select(*by, *columns.values())
        for cell in [*found, total]:
            cell |= _sums(money, cell["key"], columns)
        out.append(
            {
                "by": list(by),
                "level": "fill" if is_of_fills(by) else "order",
                "currency": currency,
                "asked": by == asked,
                "tested": TESTED,
                "draws": draws,
                "cells": found,
                "total": total,
            }
        )
    return out


def _sums(lines: pl.DataFrame, key: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """Sums of money of a cell's lines; None where none has one."""
    mine = lines.filter(*(pl.col(name).eq_missing(pl.lit(value, pl.String)) for name, value in key.items()))
    sums = mine.select(pl.col(column).sum().alias(name) for name, column in columns.items()).row(0, named=True)
    return {name: value if mine[columns[name]].count() else None for name, value in sums.items()}


def _tests(
    data: ReportData, costed: pl.DataFrame, estimated: tuple[str, str, pl.DataFrame] | None, currency: str
) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    asked = known_dimensions(data.scope.by, data.tag_names) if data.scope.by else ()
    for dimension in dict.fromkeys([*COMPARED, *(name for name in asked if name not in OF_FILLS)]):
        rows = pairwise(costed, dimension)
        if rows:
            out.append({"currency": currency, "kind": "unpaired", "dimension": dimension, "rows": rows})
    # Weights in the report's currency, as all sums of money here.
    worth = costed.select("parent_id", "currency", "paper_notional")
    mine = data.tca_parents.drop("currency", "paper_notional").join(worth, on="parent_id", how="inner")
    paired = pairwise_same_orders(mine)
    if paired:
        out.append({"currency": currency, "kind": "paired", "dimension": "algo", "rows": paired})
    if estimated is not None:
        model, source, rows_of = estimated
        known = costed.join(rows_of, on="parent_id", how="inner", maintain_order="left")
        told = difficulty_adjusted(
            known["broker"].to_list(),
            (known["cost"] / known["notional"] * 1e4).to_numpy(),
            known["mean_bps"].to_numpy(),
            known["risk_bps"].to_numpy(),
        )
        used = sum(row["n"] for row in told["groups"])
        if told["groups"]:
            out.append(
                {"currency": currency, "kind": "difficulty-adjusted", "dimension": "broker", "model": model,
                 "source": source, "left_out": costed.height - used, **told}
            )  # fmt: skip
    return out


def _estimates(data: ReportData, orders: pl.DataFrame) -> tuple[str, str, pl.DataFrame] | None:
    """Model, source and a row an order of what it was estimated to cost: mean_bps, risk_bps, impact_bps.

    The model is one for all orders: the fitted one that answers for most, else the published one that does.
    """
    answered = data.estimates.filter(pl.col("mean_bps").is_not_null() & (pl.col("model") != "half-spread"))
    if not answered.height:
        return None
    # A fit has its id in its name; fits of one model and source are one model that learned more.
    answered = answered.with_columns(pl.col("model").str.replace(r" fit [0-9a-f]+$", ""))
    counted = answered.group_by("model", "source", maintain_order=True).agg(pl.col("parent_id").n_unique())
    fitted = counted.filter(pl.col("source") != "published")
    kept = (fitted if fitted.height else counted).sort("parent_id", descending=True, maintain_order=True)
    model, source, _ = kept.row(0)
    rows = answered.filter(model=model, source=source).unique("parent_id", keep="last", maintain_order=True)
    known = orders.select("parent_id", "half_spread_bps", "timing_risk_bps")
    rows = rows.join(known, on="parent_id", how="inner", maintain_order="left")
    halves = pl.Series(
        [data.half_spreads_in_estimates.get(fit_id, 1.0 if fit_id is None else None) for fit_id in rows["fit_id"]],
        dtype=pl.Float64,
    )
    band = (pl.col("order_high_bps") - pl.col("order_low_bps")) / (2.0 * _NORMAL_95)
    return (
        model,
        source,
        rows.select(
            "parent_id",
            "mean_bps",
            risk_bps=pl.coalesce("timing_risk_bps", band),
            # An unknown spread is in no estimate.
            impact_bps=pl.col("mean_bps") - pl.lit(halves) * pl.col("half_spread_bps").fill_null(0.0),
        ),
    )


def _outliers(costed: pl.DataFrame, currency: str) -> list[dict[str, Any]]:
    if not costed.height:
        return []
    paid = (costed["cost"] / costed["notional"] * 1e4).to_numpy()
    found = robust_costs(paid, costed["notional"].to_numpy())
    far = sorted(np.flatnonzero(found.outlier).tolist(), key=lambda place: -abs(found.z[place]))
    ids = costed["parent_id"].to_list()
    return [
        {
            "currency": currency,
            "measure": TESTED,
            "n": costed.height,
            "most_mads": MOST_MADS,
            "median_bps": found.median_bps,
            "low_bps": found.low_bps,
            "high_bps": found.high_bps,
            "raw_bps": found.raw_bps,
            "winsorised_bps": found.winsorised_bps,
            "outliers": len(far),
            "orders": [
                {"parent_id": ids[place], "bps": float(paid[place]), "z": float(found.z[place]),
                 "notional": float(costed["notional"][place])}
                for place in far[:OUTLIERS_SHOWN]
            ],
        }
    ]  # fmt: skip


def _control(costed: pl.DataFrame, currency: str) -> list[dict[str, Any]]:
    dates = costed["date"].to_list()
    rows = control_chart(dates, costed["cost"].to_numpy(), costed["notional"].to_numpy())
    return [{"currency": currency, "measure": TESTED, "period": period_of(dates), "rows": rows}] if rows else []


def _attribution(
    orders: pl.DataFrame, estimated: tuple[str, str, pl.DataFrame] | None, currency: str
) -> list[dict[str, Any]]:
    if estimated is None:
        model, source = None, None
        known = orders.with_columns(impact_bps=pl.lit(None, pl.Float64))
    else:
        model, source, rows = estimated
        taken = rows.select("parent_id", "impact_bps")
        known = orders.join(taken, on="parent_id", how="left", maintain_order="left")
    told = performance(known)
    if not told["n"]:
        return []
    return [{"currency": currency, "model": model, "source": source, **told}]
