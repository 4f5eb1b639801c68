"""Control limits: days or months whose cost is beyond what chance makes of so many orders."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, template_of
from tcakit.report.wording import number


def control_limits(summary: dict[str, Any]) -> Section | None:
    """A chart over time with its limits a currency; None with fewer than three periods."""
    charts = summary.get("control") or []
    held = [
        (place, chart)
        for place, chart in enumerate(charts, start=1)
        if any(row["low_bps"] is not None for row in chart["rows"])
    ]
    if not held:
        return None
    figures = {f"{place}-control": control_figure(chart["rows"]) for place, chart in held}
    return Section("control-limits", "Over time", template_of("control_limits"), {"held": held}, figures)


def control_figure(rows: list[dict[str, Any]]) -> Figure:
    """Cost by period, its centre and limits; periods outside are diamonds."""
    periods = [row["period"] for row in rows]
    lines = (
        ("low_bps", "lower limit", "dash"),
        ("centre_bps", "all orders", "solid"),
        ("high_bps", "upper limit", "dash"),
    )
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": periods,
            "y": [row[key] for row in rows],
            "line": {"color": LIGHT["muted"], "width": 1.5, "dash": dash, "shape": "hvh"},
            "hoverinfo": "skip",
        }
        for key, name, dash in lines
    ]
    traces.append(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "cost",
            "x": periods,
            "y": [row["bps"] for row in rows],
            "customdata": [[number(row["bps"]), row["n"]] for row in rows],
            "hovertemplate": "<b>%{x}</b><br>%{customdata[0]} bps<br>%{customdata[1]} orders<extra></extra>",
            "line": {"color": LIGHT["accent"], "width": 2},
            "marker": {
                "size": 9,
                "color": [LIGHT["cost"] if row["outside"] else LIGHT["accent"] for row in rows],
                "symbol": ["diamond" if row["outside"] else "circle" for row in rows],
            },
        }
    )
    return {
        "data": traces,
        "layout": {
            "height": 380,
            "xaxis": {"title": {"text": "Period"}, "type": "category", "showgrid": False},
            "yaxis": {"title": {"text": "Against arrival (bps of executed)"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.14, "x": 0},
        },
    }
