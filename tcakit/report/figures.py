"""The charts of a report as plain plotly dicts; every number in them comes from the summary.

Text that plotly shows is escaped here, because plotly reads tags in labels.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from tcakit.report.palette import LIGHT
from tcakit.report.wording import MEASURE_NAMES, horizon, interval, number

Figure = dict[str, Any]
FOREST_MEASURE = "arrival_bps_of_executed"
_CURVES = (
    ("all", "All fills", "accent", "solid"),
    ("maker", "Maker", "gain", "dot"),
    ("taker", "Taker", "cost", "dash"),
)
_VENUE_LINES = (
    ("accent", "solid"), ("cost", "dash"), ("gain", "dot"), ("vwap", "dashdot"), ("twap", "longdash"),
)  # fmt: skip


def plain(text: object) -> str:
    """Text that plotly shows as it stands.

    >>> plain("<b>A&B</b>")
    '&lt;b&gt;A&amp;B&lt;/b&gt;'
    """
    return html.escape(str(text), quote=False)


def figures_of(block: dict[str, Any]) -> dict[str, Figure]:
    """The charts of one currency's block by name; a chart without data is left out."""
    made = {
        "waterfall": waterfall_figure(block),
        "forest": forest_figure(block),
        "markouts": markout_figure(block),
    }
    return {name: figure for name, figure in made.items() if figure is not None}


def waterfall_figure(block: dict[str, Any]) -> Figure | None:
    """From nothing to the shortfall, component by component, in currency and in bps of paper notional."""
    steps = block["waterfall"]
    if not steps:
        return None
    currency = plain(block["currency"])
    height = _reach(steps)
    return {
        "data": [
            {
                "type": "waterfall",
                "x": [step["name"] for step in steps],
                "y": [step["cost"] for step in steps],
                "measure": ["total" if step["key"] == "total_cost" else "relative" for step in steps],
                "text": [f"{number(step['cost'], 0)}<br>{number(step['bps_of_paper'])} bps" for step in steps],
                "textposition": "outside",
                "textfont": {"size": 12, "color": LIGHT["ink"]},
                "customdata": [[number(step["cost"]), number(step["bps_of_paper"]), step["meaning"]] for step in steps],
                "hovertemplate": (
                    "<b>%{x}</b><br>%{customdata[0]} "
                    + currency
                    + "<br>%{customdata[1]} bps of paper<br>%{customdata[2]}<extra></extra>"
                ),
                "increasing": {"marker": {"color": LIGHT["cost"]}},
                "decreasing": {"marker": {"color": LIGHT["gain"]}},
                "totals": {"marker": {"color": LIGHT["total"]}},
                "connector": {"line": {"color": LIGHT["muted"], "width": 1, "dash": "dot"}},
                "cliponaxis": False,
            }
        ],
        "layout": {
            "yaxis": {
                "title": {"text": f"Cost ({currency}), above zero is bad"},
                "range": height,
                "tickformat": ",~r",
                "zeroline": True,
            },
            "xaxis": {
                "title": {"text": "Component of implementation shortfall"},
                "fixedrange": True,
                "showgrid": False,
            },
            "showlegend": False,
        },
    }


def _reach(steps: list[dict[str, Any]]) -> list[float]:
    """The y range that holds every bar and its label."""
    level, low, high = 0.0, 0.0, 0.0
    for step in steps:
        level = step["cost"] if step["key"] == "total_cost" else level + step["cost"]
        low, high = min(low, level), max(high, level)
    room = (high - low or 1.0) * 0.2
    return [low - room if low < 0 else -room * 0.25, high + room]


def forest_figure(block: dict[str, Any]) -> Figure | None:
    """Cost against arrival by algorithm, with its interval; a hollow mark has too few orders for one."""
    rows = [row for row in block["algos"] if row["measures"][FOREST_MEASURE]["value"] is not None]
    if not rows:
        return None
    rows = rows[::-1]
    labels = [f"{plain(row['algo'])}  (n = {row['measures'][FOREST_MEASURE]['n']})" for row in rows]
    points = list(zip(labels, (row["measures"][FOREST_MEASURE] for row in rows), strict=True))
    sure = [(label, stat) for label, stat in points if stat["low"] is not None and stat["high"] is not None]
    alone = [(label, stat) for label, stat in points if stat["low"] is None or stat["high"] is None]
    return {
        "data": [_marks(held, known) for held, known in ((sure, True), (alone, False)) if held],
        "layout": {
            "height": 170 + 46 * len(rows),
            "xaxis": {
                "title": {"text": f"{MEASURE_NAMES[FOREST_MEASURE]} (bps of executed), above zero is a cost"},
                "zeroline": True,
                "zerolinewidth": 2,
            },
            "yaxis": {
                "automargin": True,
                "categoryorder": "array",
                "categoryarray": labels,
                "range": [-0.6, len(rows) - 0.4],
                "fixedrange": True,
            },
            "showlegend": False,
        },
    }


def _marks(points: list[tuple[str, dict[str, Any]]], with_interval: bool) -> Figure:
    trace: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [stat["value"] for _, stat in points],
        "y": [label for label, _ in points],
        "customdata": [[number(stat["value"]), interval(stat)] for _, stat in points],
        "hovertemplate": (
            "<b>%{y}</b><br>%{customdata[0]} bps of executed<br>95 % interval %{customdata[1]}<extra></extra>"
        ),
        "marker": {
            "size": 12,
            "color": LIGHT["accent"],
            "symbol": "circle" if with_interval else "circle-open",
            "line": {"width": 2, "color": LIGHT["accent"]},
        },
    }
    if with_interval:
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [stat["high"] - stat["value"] for _, stat in points],
            "arrayminus": [stat["value"] - stat["low"] for _, stat in points],
            "thickness": 2,
            "width": 7,
            "color": LIGHT["accent"],
        }
    return trace


def markout_figure(block: dict[str, Any]) -> Figure | None:
    """Mean markout by horizon for all, maker and taker fills with 95 % bands; horizons at equal steps."""
    return curves_figure([(key, *told, block["markouts"].get(key, [])) for key, *told in _CURVES])


def venue_markout_figure(block: dict[str, Any]) -> Figure | None:
    """The same venue by venue, the largest of them; None where there are fewer than two with a curve."""
    held = [row for row in block["venue_markouts"] if any(point["value"] is not None for point in row["points"])]
    if len(held) < 2:
        return None
    return curves_figure(
        [
            (f"venue-{place}", plain(row["venue"]), colour, dash, row["points"])
            for place, (row, (colour, dash)) in enumerate(zip(held, _VENUE_LINES, strict=False))
        ]
    )


def curves_figure(curves: Sequence[tuple[str, str, str, str, list[dict[str, Any]]]]) -> Figure | None:
    """Curves of (key, name, colour, dash, points) over the horizons at which some fill has a markout."""
    horizons = sorted({p["horizon_s"] for *_, points in curves for p in points if p["fills"]})
    if not horizons:
        return None
    place = {seconds: step for step, seconds in enumerate(horizons)}
    traces: list[Figure] = []
    for key, name, colour, dash, every in curves:
        points = [point for point in every if point["value"] is not None]
        if not points:
            continue
        traces += _band([p for p in points if p["low"] is not None], place, key, LIGHT[colour])
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{name} ({number(max(p['fills'] for p in points), 0)} fills)",
                "legendgroup": key,
                "x": [place[p["horizon_s"]] for p in points],
                "y": [p["value"] for p in points],
                "customdata": [
                    [horizon(p["horizon_s"]), number(p["value"]), interval(p), p["n"], p["fills"]] for p in points
                ],
                "hovertemplate": (
                    f"<b>{name}, %{{customdata[0]}}</b><br>%{{customdata[1]}} bps of price<br>"
                    "95 % interval %{customdata[2]}<br>%{customdata[4]} fills of %{customdata[3]} orders"
                    "<extra></extra>"
                ),
                "line": {"color": LIGHT[colour], "width": 2.5, "dash": dash},
                "marker": {"size": 6, "color": LIGHT[colour]},
            }
        )
    layout: Figure = {
        "xaxis": {
            "title": {"text": "Time from the fill (steps, not to scale)"},
            "tickvals": list(place.values()),
            "zeroline": False,
            "ticktext": [horizon(seconds) for seconds in horizons],
        },
        "yaxis": {"title": {"text": "Markout (bps of fill price), above zero is good"}, "zeroline": True},
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "hovermode": "closest",
    }
    if 0.0 in place:
        layout["shapes"] = [
            {
                "type": "line",
                "x0": place[0.0],
                "x1": place[0.0],
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": LIGHT["muted"], "width": 1, "dash": "dot"},
            }
        ]
    return {"data": traces, "layout": layout}


def _band(points: list[dict[str, Any]], place: dict[float, int], group: str, colour: str) -> list[Figure]:
    if len(points) < 2:
        return []
    steps = [place[p["horizon_s"]] for p in points]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": steps + steps[::-1],
            "y": [p["high"] for p in points] + [p["low"] for p in reversed(points)],
            "fill": "toself",
            "fillcolor": f"{colour}{'26' if group == 'all' else '1a'}",
            "line": {"width": 0},
            "legendgroup": group,
            "showlegend": False,
            "hoverinfo": "skip",
        }
    ]
