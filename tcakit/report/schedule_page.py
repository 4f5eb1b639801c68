"""A schedule as one HTML page that opens offline: what trades when, and where it stands between cost and risk."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import count, number, percent


def render_schedule(result: dict[str, Any]) -> str:
    """The page of what the jobs `schedule` and `formula_schedule` gave; every number on it is from there."""
    figures = figures_of(result)
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    unit = "bps" if result["cost_unit"].startswith("bps") else result["cost_unit"]
    whose = f" {result['symbol']}" if result.get("symbol") else ""
    order = f"{result.get('side', '')} {count(result['quantity'])}{whose}".strip()
    return filled(
        "schedule.html", payload, result=result, figures=figures, order=order, unit=unit, rows=rows_of(result)
    )  # fmt: skip


def figures_of(result: dict[str, Any]) -> dict[str, Figure]:
    """The charts by name; a chart without data is left out."""
    made = {"slices": slices_figure(result), "frontier": frontier_figure(result)}
    return {name: figure for name, figure in made.items() if figure is not None}


def slice_name(result: dict[str, Any], place: int) -> str:
    """A slice as a reader knows it: the clock time at which it begins, an auction's name, or a number of a paper.

    >>> told = {"times": ["2026-03-03T09:30:00.000000000-05:00"], "auction": [False]}
    >>> slice_name(told, 0), slice_name({"times": [0.5]}, 0)
    ('09:30', '0.5')
    """
    time = result["times"][place]
    if not isinstance(time, str):
        return f"{time:.6g}"
    if result["auction"][place]:
        return "opening auction" if place == 0 else "closing auction"
    clock = time[11:19]
    return clock[:5] if clock.endswith(":00") else clock


def rows_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The slices as rows: name, quantity, left, and, where a day is known, expected volume and our share of it."""
    volume = result.get("volume")
    return [
        {
            "name": slice_name(result, place),
            "quantity": quantity,
            "left": result["left"][place],
            "volume": volume[place] if volume else None,
            "participation": result["participation"][place] if volume else None,
        }
        for place, quantity in enumerate(result["quantities"])
    ]


def slices_figure(result: dict[str, Any]) -> Figure | None:
    """Shares of each slice as bars, the market's expected volume behind them."""
    rows = rows_of(result)
    if not rows:
        return None
    names = [row["name"] for row in rows]
    shares = {
        "type": "bar",
        "name": "This order",
        "x": names,
        "y": [row["quantity"] for row in rows],
        "customdata": [[count(round(row["quantity"], 2)), percent(row["participation"])] for row in rows],
        "hovertemplate": "<b>%{x}</b><br>%{customdata[0]}, %{customdata[1]} of expected volume<extra></extra>",
        "marker": {"color": LIGHT["accent"]},
    }
    layout: Figure = {
        "xaxis": {
            "type": "category",
            "title": {"text": plain(f"Time ({result.get('time_unit') or 'start of slice'})")},
        },
        "yaxis": {"title": {"text": "Shares of this order"}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "bargap": 0.15,
    }
    if result.get("volume") is None:
        return {"data": [shares], "layout": layout | {"showlegend": False}}
    behind = {
        "type": "scatter",
        "mode": "lines",
        "name": "Expected volume of the market (right)",
        "x": names,
        "y": [row["volume"] for row in rows],
        "line": {"shape": "hvh", "width": 1, "color": LIGHT["muted"]},
        "fill": "tozeroy",
        "fillcolor": f"{LIGHT['muted']}22",
        "hoverinfo": "skip",
    }
    # What lies on the second axis is drawn above: the order's own bars.
    axis = layout["yaxis"] | {"overlaying": "y", "side": "left", "gridcolor": LIGHT["line"], "automargin": True}
    axis["tickmode"] = "auto"
    layout["yaxis2"] = axis | {"title": {"text": "Shares of this order", "font": {"color": LIGHT["muted"]}}}
    layout["yaxis"] = {
        "title": {"text": "Expected volume"},
        "rangemode": "tozero",
        "side": "right",
        "showgrid": False,
    }
    return {"data": [behind, shares | {"yaxis": "y2"}], "layout": layout}


def frontier_figure(result: dict[str, Any]) -> Figure | None:
    """Expected cost against its standard deviation: the efficient frontier, and where the ready algorithms stand."""
    points = result.get("frontier")
    if not points:
        return None
    unit = plain("bps" if result["cost_unit"].startswith("bps") else result["cost_unit"])
    marked = [row for row in result["algorithms"] if not row["unfilled"]]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "Efficient frontier",
        "x": [_deviation(point) for point in points],
        "y": [_cost(point) for point in points],
        "customdata": [[number(_deviation(p)), number(_cost(p)), f"{p['risk_aversion']:.3g}"] for p in points],
        "hovertemplate": (
            "risk %{customdata[0]}, cost %{customdata[1]}<br>risk aversion %{customdata[2]}<extra></extra>"
        ),
        "line": {"color": LIGHT["total"], "width": 2},
    }
    traces: list[Figure] = [line]
    for chosen, name, colour, size in ((False, "Ready algorithms", "twap", 8), (True, "This schedule", "accent", 13)):
        rows = [row for row in marked if row["chosen"] == chosen]
        if rows:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers+text",
                    "name": name,
                    "x": [_deviation(row) for row in rows],
                    "y": [_cost(row) for row in rows],
                    "text": [plain(row["name"]) for row in rows],
                    "textposition": "bottom center" if chosen else "top center",
                    "textfont": {"size": 11, "color": LIGHT["ink"]},
                    "customdata": [[plain(r["name"]), number(_deviation(r)), number(_cost(r))] for r in rows],
                    "hovertemplate": (
                        "<b>%{customdata[0]}</b><br>risk %{customdata[1]}, cost %{customdata[2]}<extra></extra>"
                    ),
                    "marker": {"size": size, "color": LIGHT[colour], "symbol": "diamond" if chosen else "circle"},
                }
            )
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": f"Standard deviation of the cost ({unit})"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": f"Expected cost ({unit})"}},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "hovermode": "closest",
        },
    }


def _cost(row: dict[str, Any]) -> float:
    return float(row["cost_bps"] if "cost_bps" in row else row["cost"])


def _deviation(row: dict[str, Any]) -> float:
    return float(row["deviation_bps"] if "deviation_bps" in row else row["deviation"])
