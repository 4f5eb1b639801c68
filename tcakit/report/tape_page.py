"""What a tape says of impact as one HTML page that opens offline: four views of it, each with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import number

_COLOURS = ("accent", "cost", "gain", "total", "muted")


def render_tape(result: dict[str, Any]) -> str:
    """The page of what the job `fit_tape_impact` gave: a section a symbol."""
    figures = {
        f"{place}-{name}": figure
        for place, fit in enumerate(result["fits"], start=1)
        for name, figure in tape_figures(fit["diagnostics"]).items()
    }
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    return filled("tape.html", payload, result=result, figures=figures, between=between)


def between(interval: Sequence[float | None] | None, decimals: int = 3) -> str:
    """An interval as text, a dash where there is none.

    >>> between([0.5, 1.25], 2), between(None)
    ('0.50 to 1.25', '–')
    """
    if interval is None or any(end is None for end in interval):
        return "–"
    low, high = interval
    return f"{number(low, decimals)} to {number(high, decimals)}"


def tape_figures(views: dict[str, Any]) -> dict[str, Figure]:
    """The charts of one symbol by name; a view that the tape is too thin for has none."""
    makers = {
        "slope": ("order_flow", slope_figure),
        "fit": ("order_flow", fit_figure),
        "half-life": ("flow_state", half_life_figure),
        "size": ("random_traders", size_figure),
        "kernel": ("propagator", kernel_figure),
    }
    return {name: make(views[view]) for name, (view, make) in makers.items() if views.get(view) is not None}


def slope_figure(view: dict[str, Any]) -> Figure:
    """How many ticks the mid moves with a thousand shares of order-flow imbalance, by time of day."""
    rows = view["profile"]
    return {
        "data": [
            _points([row["start"][:5] for row in rows], [1e3 * row["slope"] for row in rows], "slope", "accent")
            | {
                "error_y": {
                    "type": "data",
                    "array": [1.96e3 * (row["se"] or 0.0) for row in rows],
                    "color": LIGHT["accent"],
                }
            }
        ],
        "layout": _layout("Start of the half-hour", "Ticks with 1,000 shares of imbalance"),
    }


def fit_figure(view: dict[str, Any]) -> Figure:
    """How much of the mid's moves the imbalance explains, by time of day."""
    rows = view["profile"]
    bars = {
        "type": "bar",
        "x": [row["start"][:5] for row in rows],
        "y": [row["r_squared"] for row in rows],
        "marker": {"color": LIGHT["accent"]},
        "hovertemplate": "%{x}: %{y:.2f}<extra></extra>",
    }
    return {"data": [bars], "layout": _layout("Start of the half-hour", "R²") | {"showlegend": False}}


def half_life_figure(view: dict[str, Any]) -> Figure:
    """How much of the price's moves a fading flow explains, by how fast it fades."""
    traces = [
        _line(
            [row["half_life_s"] for row in kernel["grid"]],
            [row["r_squared"] for row in kernel["grid"]],
            kernel["kernel"],
            colour,
        )
        for kernel, colour in zip(view["kernels"], _COLOURS, strict=False)
    ]
    layout = _layout("Half-life, s (logarithmic)", "R²")
    layout["xaxis"] |= {"type": "log", "dtick": "D2"}
    return {"data": traces, "layout": layout}


def size_figure(view: dict[str, Any]) -> Figure:
    """Mean moves by size of orders that trades at random were put together to, for each number of traders."""
    traces = []
    for row, colour in zip(view["by_traders"], _COLOURS, strict=False):
        held = [point for point in row["by_size"] if point["moved"] > 0.0]
        if held:
            name = f"{row['traders']} traders, exponent {number(row['exponent'])}"
            traces.append(_line([p["size_adv"] for p in held], [p["moved"] for p in held], name, colour))
    layout = _layout("Size, share of average daily volume (logarithmic)", "Move, daily volatilities (logarithmic)")
    layout["xaxis"] |= {"type": "log", "tickformat": ".3~%", "dtick": "D2"}
    layout["yaxis"] |= {"type": "log"}
    return {"data": traces, "layout": layout}


def kernel_figure(view: dict[str, Any]) -> Figure:
    """What one trade does to the price over later trades: free, fitted, and what follows it in the market."""
    lags = [row["lag_trades"] for row in view["kernel"]]
    named = (("raw_bps", "free kernel"), ("fitted_bps", "fitted kernel"), ("response_bps", "what follows a trade"))
    traces = [
        _line(lags, [row[column] for row in view["kernel"]], name, colour)
        for (column, name), colour in zip(named, _COLOURS, strict=False)
    ]
    layout = _layout("Trades later (logarithmic)", "bps")
    layout["xaxis"] |= {"type": "log", "dtick": 1}
    return {"data": traces, "layout": layout}


def _points(x: list[Any], y: list[Any], name: str, colour: str) -> Figure:
    marker = {"size": 8, "color": LIGHT[colour]}
    return {"type": "scatter", "mode": "markers", "name": plain(name), "x": x, "y": y, "marker": marker}


def _line(x: list[Any], y: list[Any], name: str, colour: str) -> Figure:
    look = {"line": {"color": LIGHT[colour], "width": 2}, "marker": {"size": 6, "color": LIGHT[colour]}}
    return {"type": "scatter", "mode": "lines+markers", "name": plain(name), "x": x, "y": y, **look}


def _layout(across: str, up: str) -> Figure:
    return {
        "xaxis": {"title": {"text": across}},
        "yaxis": {"title": {"text": up}},
        "legend": {"orientation": "h", "y": 1.15, "x": 0},
        "hovermode": "closest",
    }
