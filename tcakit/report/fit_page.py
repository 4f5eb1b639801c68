"""A fitted impact model as one HTML page that opens offline: what it says, how sure it is, and where it is wrong."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import number

_TITLES = {
    "size": "Size, share of average daily volume",
    "participation": "Participation",
    "volatility": "Daily volatility",
    "half_spread": "Half spread, bps",
    "duration": "Duration, share of a day's volume",
    "hours_since_open": "Hours since the open",
    "drift_bps": "Move before the order, bps",
    "side": "Side",
    "symbol": "Symbol",
    "algo": "Algorithm",
    "broker": "Broker",
    "trader": "Trader",
}


def render_fit(result: dict[str, Any], curve: dict[str, Any]) -> str:
    """The page of what the job `fit_own_impact` gave; `curve` is as of its `curve_of`."""
    figures = figures_of(result, curve)
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    residuals = [name for name in result["diagnostics"]["residuals"] if f"by-{name}" in figures]
    return filled(
        "fit.html", payload, result=result, found=result["diagnostics"], figures=figures, residuals=residuals,
        title_of=title_of, ends=ends,
    )  # fmt: skip


def figures_of(result: dict[str, Any], curve: dict[str, Any]) -> dict[str, Figure]:
    """The charts by name; a chart without data is left out."""
    found = result["diagnostics"]
    made: dict[str, Figure | None] = {
        "size": size_figure(curve),
        "profile": profile_figure(found["profile"]),
        "windows": windows_figure(found["stability"]["windows"]),
        "drift": drift_figure(found["stability"]["drift"]),
        "quantiles": quantile_figure(found["surprises"]["quantiles"]),
    }
    made |= {f"by-{name}": bucket_figure(rows) for name, rows in found["residuals"].items()}
    return {name: figure for name, figure in made.items() if figure is not None}


def title_of(name: str) -> str:
    """What a table of residuals is by.

    >>> title_of("algo")
    'Algorithm'
    """
    return _TITLES.get(name, name)


def ends(interval: list[float | None], decimals: int = 3) -> str:
    """An interval as text; an end that was not found is open.

    >>> ends([0.25, None])
    '0.250 to open'
    """
    low, high = ("open" if end is None else number(end, decimals) for end in interval)
    return f"{low} to {high}"


def size_figure(curve: dict[str, Any]) -> Figure:
    """The model's mean cost by size with its band, and means of the orders, in daily volatilities."""
    sizes, bins = curve["curve_size"], [row for row in curve["bins"] if row["mean"] is not None]
    traces: list[Figure] = []
    if None not in curve["curve_low"]:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": sizes + sizes[::-1],
                "y": curve["curve_high"] + curve["curve_low"][::-1],
                "fill": "toself",
                "fillcolor": f"{LIGHT['accent']}1a",
                "line": {"width": 0},
                "showlegend": False,
                "hoverinfo": "skip",
            }
        )
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "model, with its 95 % band",
            "x": sizes,
            "y": curve["curve"],
            "hovertemplate": "%{x:.3%} of ADV: %{y:.4f} daily volatilities<extra></extra>",
            "line": {"color": LIGHT["accent"], "width": 2.5},
        }
    )
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "orders, tenths by size",
            "x": [row["size"] for row in bins],
            "y": [row["mean"] for row in bins],
            "customdata": [row["orders"] for row in bins],
            "hovertemplate": "%{x:.3%} of ADV: %{y:.4f}<br>%{customdata} orders<extra></extra>",
            "marker": {"size": 8, "color": LIGHT["cost"]},
            "error_y": {"type": "data", "array": [row["reach"] or 0.0 for row in bins], "color": LIGHT["cost"]},
        }
    )
    return {
        "data": traces,
        "layout": {
            "xaxis": {
                "type": "log",
                "tickformat": ".2~%",
                "dtick": "D2",
                "title": {"text": "Size, share of average daily volume (logarithmic)"},
            },
            "yaxis": {"title": {"text": "Cost, daily volatilities"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "hovermode": "closest",
        },
    }


def profile_figure(profile: dict[str, Any] | None) -> Figure | None:
    """How much worse the fit is at other values of the exponent, and where that is too much."""
    if profile is None:
        return None
    points = [
        (value, height)
        for value, height in zip(profile["values"], profile["deviance"], strict=True)
        if height is not None and height <= 4.0 * profile["limit"]
    ]
    if len(points) < 2:
        return None
    across = [points[0][0], points[-1][0]]
    axis = {"title": {"text": plain(profile["parameter"].capitalize())}}
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "deviance",
                "x": [point[0] for point in points],
                "y": [point[1] for point in points],
                "hovertemplate": "%{x:.3f}: %{y:.2f}<extra></extra>",
                "line": {"color": LIGHT["accent"], "width": 2.5},
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "95 % limit, days taken into account",
                "x": across,
                "y": [profile["limit"]] * 2,
                "hoverinfo": "skip",
                "line": {"color": LIGHT["limit"], "width": 1.5, "dash": "dash"},
            },
        ],
        "layout": {
            "xaxis": axis | ({"type": "log"} if profile["parameter"] == "bend" else {}),
            "yaxis": {"title": {"text": "Deviance from the best fit"}, "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
        },
    }


def windows_figure(windows: list[dict[str, Any]]) -> Figure | None:
    """Impact in stretches of days as a multiple of the fitted one."""
    rows = [row for row in windows if row["level"] is not None and row["se"] is not None]
    if len(rows) < 2:
        return None
    names = [row["date_from"] for row in rows]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": names,
                "y": [row["level"] for row in rows],
                "customdata": [[row["date_to"], row["orders"]] for row in rows],
                "hovertemplate": "%{x} to %{customdata[0]}: %{y:.2f}<br>%{customdata[1]} orders<extra></extra>",
                "marker": {"size": 8, "color": LIGHT["accent"]},
                "error_y": {"type": "data", "array": [1.96 * row["se"] for row in rows], "color": LIGHT["accent"]},
            },
            {
                "type": "scatter",
                "mode": "lines",
                "x": [names[0], names[-1]],
                "y": [1.0, 1.0],
                "hoverinfo": "skip",
                "line": {"color": LIGHT["muted"], "width": 1.5, "dash": "dash"},
            },
        ],
        "layout": {
            "xaxis": {"type": "category", "title": {"text": "Days from"}},
            "yaxis": {"title": {"text": "Impact, multiple of the fitted"}, "zeroline": True},
            "showlegend": False,
        },
    }


def drift_figure(drift: dict[str, Any]) -> Figure | None:
    """Scores summed day by day: a path that stays near zero is an impact that did not change."""
    path = drift["path"]
    if len(path) < 2:
        return None
    days, heights = [point[0] for point in path], [point[1] for point in path]
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{sign}1.36: passed by chance once in twenty",
            "x": [days[0], days[-1]],
            "y": [height, height],
            "hoverinfo": "skip",
            "showlegend": height > 0,
            "line": {"color": LIGHT["limit"], "width": 1.5, "dash": "dash"},
        }
        for sign, height in (("±", 1.358), ("", -1.358))
    ]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "sum of scores",
                "x": days,
                "y": heights,
                "hovertemplate": "%{x}: %{y:.2f}<extra></extra>",
                "line": {"color": LIGHT["accent"], "width": 2.5},
            },
            *lines,
        ],
        "layout": {
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": "Summed scores"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
        },
    }


def quantile_figure(quantiles: list[list[float]]) -> Figure:
    """Quantiles of what is left against those of the normal law: on the line where chance is as expected."""
    ends_at = [quantiles[0][0], quantiles[-1][0]]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": ends_at,
                "y": ends_at,
                "hoverinfo": "skip",
                "line": {"color": LIGHT["muted"], "width": 1.5, "dash": "dash"},
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [pair[0] for pair in quantiles],
                "y": [pair[1] for pair in quantiles],
                "hovertemplate": "normal %{x:.2f}, orders %{y:.2f}<extra></extra>",
                "marker": {"size": 8, "color": LIGHT["accent"]},
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": "Normal law, standard deviations"}},
            "yaxis": {"title": {"text": "Orders, in timing risk"}},
            "showlegend": False,
        },
    }


def bucket_figure(rows: list[dict[str, Any]]) -> Figure:
    """What the orders of each bucket cost, with intervals over days, and what the model says."""
    names = [plain(_bucket(row)) for row in rows]
    return {
        "data": [
            {
                "type": "bar",
                "name": "cost",
                "x": names,
                "y": [row["realised_bps"] for row in rows],
                "customdata": [row["orders"] for row in rows],
                "hovertemplate": "<b>%{x}</b><br>%{y:.2f} bps, %{customdata} orders<extra></extra>",
                "marker": {"color": f"{LIGHT['accent']}66"},
                "error_y": {
                    "type": "data",
                    "array": [1.96 * row["se_bps"] if row["se_bps"] is not None else 0.0 for row in rows],
                    "color": LIGHT["ink"],
                },
            },
            {
                "type": "scatter",
                "mode": "markers",
                "name": "model",
                "x": names,
                "y": [row["predicted_bps"] for row in rows],
                "hovertemplate": "model %{y:.2f} bps<extra></extra>",
                "marker": {"size": 10, "color": LIGHT["cost"], "symbol": "diamond"},
            },
        ],
        "layout": {
            "xaxis": {"type": "category", "tickangle": -30},
            "yaxis": {"title": {"text": "Cost, bps"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "margin": {"b": 110},
        },
    }


def _bucket(row: dict[str, Any]) -> str:
    return str(row["bucket"]) if "bucket" in row else f"{row['at_least']:.3g} to {row['at_most']:.3g}"
