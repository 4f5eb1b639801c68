"""Cost against participation, with what the fitted model expected of the same orders."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import interval, number, percent

_POINTS_SHOWN = 1_500
_FEW = 30


def participation(summary: dict[str, Any]) -> Section | None:
    """A scatter with group means and a table a currency; None where no order has both figures."""
    blocks = [(place, block) for place, block in blocks_of(summary) if (block.get("participation") or {}).get("orders")]
    if not blocks:
        return None
    figures = {
        f"{place}-participation": participation_figure(block, summary["parents"], len(summary["currencies"]))
        for place, block in blocks
    }
    return Section("participation", "Cost and participation", template_of("participation"), {"blocks": blocks}, figures)


def participation_figure(block: dict[str, Any], parents: list[dict[str, Any]], currencies: int) -> Figure:
    """Orders as marks, groups with intervals, and the model's expectation as a line."""
    held = block["participation"]
    rows = [
        row
        for row in parents
        if row["participation"] is not None
        and row["arrival_bps_of_executed"] is not None
        and (currencies == 1 or row["currency"] == block["currency"])
    ]
    every = max(1, -(-len(rows) // _POINTS_SHOWN))
    rows = rows[::every]
    shown = f" (one in {every})" if every > 1 else ""
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"orders{shown}",
            "x": [round(row["participation"] * 100, 3) for row in rows],
            "y": [round(row["arrival_bps_of_executed"], 3) for row in rows],
            "text": [plain(row["parent_id"]) for row in rows],
            "hovertemplate": "<b>%{text}</b><br>%{x:.1f} % of volume<br>%{y:.2f} bps<extra></extra>",
            "marker": {"size": 6, "color": LIGHT["mid"], "opacity": 0.35},
        }
    ]
    bins = held["bins"]
    if bins:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "groups, with 95 % intervals",
                "x": [row["participation_mean"] * 100 for row in bins],
                "y": [row["value"] for row in bins],
                "customdata": [
                    [number(row["value"]), interval(row), row["n"], percent(row["participation_mean"])] for row in bins
                ],
                "hovertemplate": (
                    "<b>%{customdata[3]}</b><br>%{customdata[0]} bps, %{customdata[1]}<br>"
                    "%{customdata[2]} orders<extra></extra>"
                ),
                "marker": {"size": 11, "color": LIGHT["ink"], "symbol": "diamond"},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [0.0 if row["high"] is None else row["high"] - row["value"] for row in bins],
                    "arrayminus": [0.0 if row["low"] is None else row["value"] - row["low"] for row in bins],
                    "color": LIGHT["ink"],
                    "thickness": 1.5,
                },
            }
        )
    curve = held.get("curve")
    if curve:
        traces += _curve(curve)
    expected = [row for row in bins if row["estimated_bps"] is not None]
    if expected:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers" if curve else "lines+markers",
                "name": f"the same groups as {plain(held['model'])} expected",
                "x": [row["participation_mean"] * 100 for row in expected],
                "y": [row["estimated_bps"] for row in expected],
                "hovertemplate": "expected %{y:.2f} bps<extra></extra>",
                "line": {"color": LIGHT["limit"], "width": 2.5},
                "marker": {"size": 8, "color": LIGHT["limit"], "symbol": "x"},
            }
        )
    fitted = fitted_range(curve) if curve else None
    return {
        "data": traces,
        "layout": {
            "height": 460,
            "xaxis": {"title": {"text": "Participation (% of market volume)"}, "rangemode": "tozero"},
            "yaxis": {
                "title": {"text": "Cost against arrival (bps of executed)"},
                "zeroline": True,
                "range": shown_range(rows, bins),
            },
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "hovermode": "closest",
            "shapes": [] if fitted is None else [_shade(*fitted)],
        },
    }


def shown_range(rows: list[dict[str, Any]], bins: list[dict[str, Any]]) -> list[float] | None:
    """From which to which cost the picture goes: all groups, and the middle 94 % of the orders; None with few."""
    paid = sorted(row["arrival_bps_of_executed"] for row in rows)
    if len(paid) < _FEW:
        return None
    cut = len(paid) * 3 // 100
    ends = [
        paid[cut],
        paid[-cut - 1],
        *(row[name] for row in bins for name in ("low", "high", "value") if row[name] is not None),
    ]
    low, high = min(ends), max(ends)
    room = (high - low or 1.0) * 0.08
    return [low - room, high + room]


def fitted_range(curve: dict[str, Any]) -> tuple[float, float] | None:
    """From which to which participation such an order lies among those the model was fitted on; None if nowhere."""
    inside = [point["participation"] for point in curve["points"] if not point["outside"]]
    return (inside[0], inside[-1]) if inside else None


def _shade(low: float, high: float) -> Figure:
    return {
        "type": "rect",
        "x0": low * 100,
        "x1": high * 100,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": LIGHT["gain"],
        "opacity": 0.1,
        "layer": "below",
    }


def _curve(curve: dict[str, Any]) -> list[Figure]:
    """The model's curve with the band of its mean, where anything is known of its error."""
    points = curve["points"]
    shares = [point["participation"] * 100 for point in points]
    traces: list[Figure] = []
    if all(point["low_bps"] is not None for point in points):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": shares + shares[::-1],
                "y": [point["high_bps"] for point in points] + [point["low_bps"] for point in reversed(points)],
                "fill": "toself",
                "fillcolor": f"{LIGHT['limit']}26",
                "line": {"width": 0},
                "showlegend": False,
                "hoverinfo": "skip",
            }
        )
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{plain(curve['model'])} ({plain(curve['source'])}), an order of median length",
            "x": shares,
            "y": [point["mean_bps"] for point in points],
            "hovertemplate": "%{x:.1f} % of volume<br>the model: %{y:.2f} bps<extra></extra>",
            "line": {"color": LIGHT["limit"], "width": 2.5},
        }
    )
    return traces
