"""What orders were estimated to cost before they were traded, against what they cost: numbers and picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tcakit.report.figures import Figure, plain
from tcakit.report.palette import LIGHT
from tcakit.report.rows import Rows, values_of
from tcakit.report.wording import number
from tcakit.tca.calibration import Calibration, Interval, calibrated

_REALISED = "arrival_bps_of_executed"
_BAND = ("mean_bps", "order_low_bps", "order_high_bps")
_COSTS = {"parent_id": pl.String, _REALISED: pl.Float64, "date": pl.String}
_SURE_FROM_DAYS = 40
_PICTURES = 2
_POINTS_SHOWN = 2_000


def estimates_against_costs(estimates: pl.DataFrame, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A JSON-able row a model and fit: slope, bias and coverage of its estimates, with intervals, and its points.

    `estimates` is the table of that name, `rows` are those of `rows.parent_rows`. Realised is the cost against arrival,
    bps of executed. A point has the order, its estimate, the band of a single order and what it cost; orders without
    estimate or cost are counted, with the reasons.
    """
    names = ("parent_id", _REALISED, "date")
    costs = pl.DataFrame(dict(zip(names, values_of(rows, names), strict=True)), _COSTS)
    kept = estimates.join(
        costs.rename({_REALISED: "realised_bps", "date": "_day"}), on="parent_id", how="inner", maintain_order="left"
    )
    found = []
    for (model, fit_id, source), group in kept.group_by("model", "fit_id", "source", maintain_order=True):
        told = group.select(pl.col("realised_bps", *_BAND).cast(pl.Float64).fill_null(np.nan)).to_numpy()
        held = calibrated(told[:, 1], told[:, 0], told[:, 2], told[:, 3], group["_day"].cast(pl.String).to_list())
        both = group.filter(pl.col("realised_bps").is_not_null() & pl.col("mean_bps").is_not_null())
        points = Rows.of(both.select("parent_id", "realised_bps", "outside", *_BAND))
        reasons = group["reason"].drop_nulls().value_counts().sort("count", "reason", descending=[True, False])
        found.append(
            {
                "model": model,
                "fit_id": fit_id,
                "source": source,
                "orders": held.orders,
                "days": held.days,
                "left_out": held.left_out,
                "outside": sum(point["outside"] for point in points),
                "slope": _statistic(held.slope, held.slope_interval, held),
                "bias_bps": _statistic(held.bias_bps, held.bias_interval_bps, held),
                "coverage": _statistic(held.coverage, held.coverage_interval, held),
                "nominal_coverage": held.nominal,
                "caveat": _caveat(held),
                "reasons": [{"reason": reason, "orders": count} for reason, count in reasons.iter_rows()],
                "points": points,
            }
        )
    return found


def estimate_figures(estimates: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    """A scatter by name (estimates-1, ...) for the first models that have points: realised cost on estimated cost, with
    the line of a perfect estimate."""
    shown = [(place, row) for place, row in enumerate(estimates, start=1) if row["points"]]
    return {f"estimates-{place}": _scatter(row) for place, row in shown[:_PICTURES]}


def _statistic(value: float | None, interval: Interval, held: Calibration) -> dict[str, Any]:
    low, high = interval or (None, None)
    return {"value": value, "low": low, "high": high, "n": held.orders}


def _caveat(held: Calibration) -> str | None:
    """What keeps a reader from believing the figures as they stand."""
    if held.slope is None and held.bias_bps is None:
        return f"{held.orders} orders with an estimate and a cost: too few to judge it"
    if held.days < 2:
        return "all orders are of one day: its luck is theirs, and the intervals do not know of it"
    if held.days < _SURE_FROM_DAYS:
        return f"{held.days} days: intervals over fewer than {_SURE_FROM_DAYS} are too narrow"
    return None


def _scatter(row: dict[str, Any]) -> Figure:
    every = -(-len(row["points"]) // _POINTS_SHOWN)
    points = row["points"][::every]
    shown = f"; one order in {every} is shown" if every > 1 else ""
    inside, outside = ([point for point in points if point["outside"] is kind] for kind in (False, True))
    reach = [min(point["mean_bps"] for point in points), max(point["mean_bps"] for point in points)]
    if reach[0] == reach[1]:
        reach = [reach[0] - 1.0, reach[1] + 1.0]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "as estimated",
            "x": reach,
            "y": reach,
            "line": {"color": LIGHT["muted"], "width": 2, "dash": "dash"},
            "hoverinfo": "skip",
        }
    ]
    for held, name, symbol in ((inside, "orders", "circle"), (outside, "outside the fitted range", "circle-open")):
        if held:
            traces.append(_marks(held, name, symbol))
    return {
        "data": traces,
        "layout": {
            "height": 420,
            "xaxis": {"title": {"text": f"Estimated before trading (bps of arrival), above zero is a cost{shown}"}},
            "yaxis": {"title": {"text": "Cost against arrival (bps of executed)"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "hovermode": "closest",
        },
    }


def _marks(points: list[dict[str, Any]], name: str, symbol: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name} ({len(points)})",
        "x": [point["mean_bps"] for point in points],
        "y": [point["realised_bps"] for point in points],
        "customdata": [
            [
                plain(point["parent_id"]),
                number(point["mean_bps"]),
                number(point["realised_bps"]),
                f"{number(point['order_low_bps'])} to {number(point['order_high_bps'])}",
            ]
            for point in points
        ],
        "hovertemplate": (
            "<b>%{customdata[0]}</b><br>estimated %{customdata[1]} bps<br>cost %{customdata[2]} bps<br>"
            "band of one order %{customdata[3]}<extra></extra>"
        ),
        "marker": {"size": 7, "color": LIGHT["accent"], "symbol": symbol, "opacity": 0.7},
    }
