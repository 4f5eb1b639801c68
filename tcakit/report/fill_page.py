"""The fill curves of a day as one HTML page that opens offline, in the style of the report's page."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import horizon, number, percent

_COLOURS = ("accent", "gain", "cost", "vwap", "twap", "limit", "total")


def render_fill_curves(result: dict[str, Any]) -> str:
    """The page of what the job `fill_curves` gave; every number on it is from there."""
    figures = figures_of(result)
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    return filled("fill_curves.html", payload, result=result, figures=figures, behind=behind, bin_name=bin_name)


def figures_of(result: dict[str, Any]) -> dict[str, Figure]:
    """The charts by name; a chart without data is left out."""
    made = {
        "time": time_figure(result["levels"]),
        "queue": share_figure(result["by_queue"], "Displayed size ahead at arrival"),
        "spread": share_figure(result["by_spread"], "Spread at arrival (ticks)"),
        "adverse": adverse_figure(result["levels"]),
    }
    return {name: figure for name, figure in made.items() if figure is not None}


def behind(ticks: int) -> str:
    """Where an order stood.

    >>> behind(0), behind(1), behind(2)
    ('at the best price', '1 tick behind', '2 ticks behind')
    """
    return "at the best price" if ticks == 0 else f"{ticks} tick{'s' if ticks != 1 else ''} behind"


def bin_name(row: dict[str, Any]) -> str:
    """The values of a bin.

    >>> bin_name({"at_least": 1.0, "below": 5.0}), bin_name({"at_least": 5.0, "below": None})
    ('1 to under 5', '5 and more')
    """
    low = f"{row['at_least']:,.10g}"
    return f"{low} and more" if row["below"] is None else f"{low} to under {row['below']:,.10g}"


def time_figure(levels: list[dict[str, Any]]) -> Figure | None:
    """The probability of having been filled by a time since arrival, by level, with 95 % bands."""
    traces: list[Figure] = []
    for place, level in enumerate(levels):
        points = [point for point in level["by_time"] if point["probability"] is not None]
        colour = LIGHT[_COLOURS[place % len(_COLOURS)]]
        banded = [point for point in points if point["low"] is not None]
        if len(banded) > 1:
            times = [point["time_s"] for point in banded]
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": times + times[::-1],
                    "y": [point["high"] for point in banded] + [point["low"] for point in reversed(banded)],
                    "fill": "toself",
                    "fillcolor": f"{colour}1a",
                    "line": {"width": 0},
                    "legendgroup": str(place),
                    "showlegend": False,
                    "hoverinfo": "skip",
                }
            )
        if points:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": plain(behind(level["ticks_behind"])),
                    "legendgroup": str(place),
                    "x": [point["time_s"] for point in points],
                    "y": [point["probability"] for point in points],
                    "customdata": [[horizon(p["time_s"]), percent(p["probability"]), p["at_risk"]] for p in points],
                    "hovertemplate": "%{customdata[0]}: %{customdata[1]}<br>%{customdata[2]} orders still waited",
                    "line": {"color": colour, "width": 2.5},
                    "marker": {"size": 6, "color": colour},
                }
            )
    if not traces:
        return None
    return {
        "data": traces,
        "layout": {
            "xaxis": {"type": "log", "title": {"text": "Time since arrival (s, logarithmic)"}},
            "yaxis": {"title": {"text": "Probability of a fill"}, "tickformat": ".0%", "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "hovermode": "closest",
        },
    }


def share_figure(rows: list[dict[str, Any]], title: str) -> Figure | None:
    """The share filled within the horizon by bin, with 95 % intervals."""
    rows = [row for row in rows if row["orders"]]
    if not rows:
        return None

    def reach(end: str, sign: int) -> list[float]:
        return [0.0 if row[end] is None else sign * (row[end] - row["probability"]) for row in rows]

    return {
        "data": [
            {
                "type": "bar",
                "x": [bin_name(row) for row in rows],
                "y": [row["probability"] for row in rows],
                "customdata": [[percent(row["probability"]), row["orders"]] for row in rows],
                "hovertemplate": "<b>%{x}</b><br>%{customdata[0]} of %{customdata[1]} orders<extra></extra>",
                "marker": {"color": LIGHT["accent"]},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": reach("high", 1),
                    "arrayminus": reach("low", -1),
                    "color": LIGHT["ink"],
                },
            }
        ],
        "layout": {
            "xaxis": {"type": "category", "title": {"text": title}},
            "yaxis": {"title": {"text": "Filled within the horizon"}, "tickformat": ".0%", "rangemode": "tozero"},
            "showlegend": False,
        },
    }


def adverse_figure(levels: list[dict[str, Any]]) -> Figure | None:
    """The mean move of the mid after fills and after orders that were not filled, at the best price."""
    rows = [row for level in levels[:1] for row in level["adverse_selection"] if row["move_bps"] is not None]
    if not rows:
        return None
    traces: list[Figure] = []
    for outcome, colour in (("filled", "accent"), ("unfilled", "cost")):
        points = [row for row in rows if row["outcome"] == outcome]
        if points:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": outcome,
                    "x": [horizon(point["horizon_s"]) for point in points],
                    "y": [point["move_bps"] for point in points],
                    "customdata": [[number(p["move_bps"]), p["orders"] - p["missing"]] for p in points],
                    "hovertemplate": "%{x}: %{customdata[0]} bps<br>%{customdata[1]} orders",
                    "line": {"color": LIGHT[colour], "width": 2.5},
                    "error_y": {
                        "type": "data",
                        "symmetric": False,
                        "array": [0 if p["high_bps"] is None else p["high_bps"] - p["move_bps"] for p in points],
                        "arrayminus": [0 if p["low_bps"] is None else p["move_bps"] - p["low_bps"] for p in points],
                    },
                }
            )
    return {
        "data": traces,
        "layout": {
            "xaxis": {"type": "category", "title": {"text": "Time after the fill, or after the order was taken back"}},
            "yaxis": {"title": {"text": "Move of the mid (bps), below zero is adverse"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
        },
    }
