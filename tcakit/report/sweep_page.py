"""A sweep as one HTML page that opens offline: what each set cost, and how cost moves with each parameter."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import MEASURE_NAMES, number

_COLOURS = ("accent", "gain", "cost", "vwap", "twap", "limit", "total")
_MOST_BARS = 60
_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def render_sweep(result: dict[str, Any]) -> str:
    """The page of what the job `sweep` gave; every number on it is from there."""
    figures = figures_of(result["runs"])
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    ranked = sorted(result["runs"], key=lambda run: (run["cost_bps"] is None, run["cost_bps"]))
    titles = {name: title_of(name) for name in figures}
    measure = MEASURE_NAMES[result["measure"]]
    return filled(
        "sweep.html", payload, result=result, ranked=ranked, figures=figures, titles=titles, measure=measure
    )  # fmt: skip


def figures_of(runs: list[dict[str, Any]]) -> dict[str, Figure]:
    """The charts by name: `sets`, and one for each number of which there are several values (`by-NAME`)."""
    made: dict[str, Figure | None] = {"sets": sets_figure(runs)}
    for name in dict.fromkeys(name for run in runs for name in run["params"]):
        made[f"by-{len(made)}-{name}"] = parameter_figure(runs, name)
    return {name: figure for name, figure in made.items() if figure is not None}


def title_of(figure: str) -> str:
    """What a chart shows.

    >>> title_of("sets"), title_of("by-1-rate")
    ('By set', 'By rate')
    """
    return "By set" if figure == "sets" else f"By {figure.split('-', 2)[2]}"


def sets_figure(runs: list[dict[str, Any]]) -> Figure | None:
    """Cost with its interval, the cheapest set first; of many only the cheapest."""
    rows = sorted((run for run in runs if run["cost_bps"] is not None), key=lambda run: run["cost_bps"])[:_MOST_BARS]
    if not rows:
        return None
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [run["cost_bps"] for run in rows],
                "y": [plain(run["set"]) for run in rows],
                "customdata": [[plain(run["set"]), number(run["cost_bps"]), _interval(run)] for run in rows],
                "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]} bps %{customdata[2]}<extra></extra>",
                "marker": {"size": 8, "color": LIGHT["accent"]},
                "error_x": _reach(rows) | {"color": LIGHT["ink"]},
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": "Cost (bps), with 95 % intervals"}, "zeroline": True},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
            "height": 160 + 22 * len(rows),
            "showlegend": False,
        },
    }


def parameter_figure(runs: list[dict[str, Any]], name: str) -> Figure | None:
    """Cost against one number, a line for each combination of the other parameters; None where it does not vary."""
    lines: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    for run in runs:
        value = value_of(run["params"].get(name))
        if value is None or run["cost_bps"] is None:
            continue
        others = " ".join(f"{key}={held}" for key, held in run["params"].items() if key != name)
        lines.setdefault(f"{run['algo'].rpartition(':')[2]} {others}".strip(), []).append((value, run))
    lines = {label: sorted(points, key=lambda point: point[0]) for label, points in lines.items() if len(points) > 1}
    if not lines:
        return None
    traces: list[Figure] = []
    for place, (label, points) in enumerate(list(lines.items())[:_MOST_BARS]):
        colour = LIGHT[_COLOURS[place % len(_COLOURS)]]
        rows = [run for _, run in points]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": plain(label),
                "x": [value for value, _ in points],
                "y": [run["cost_bps"] for run in rows],
                "customdata": [[plain(run["set"]), number(run["cost_bps"]), _interval(run)] for run in rows],
                "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]} bps %{customdata[2]}<extra></extra>",
                "line": {"color": colour, "width": 2},
                "marker": {"size": 7, "color": colour},
                "error_y": _reach(rows) | {"color": colour, "thickness": 1},
            }
        )
    texts = [str(run["params"].get(name)) for _, run in next(iter(lines.values()))]
    in_seconds = texts[0][-1:].isalpha()
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": plain(f"{name}{' (s)' if in_seconds else ''}")}},
            "yaxis": {"title": {"text": "Cost (bps), with 95 % intervals"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.12, "x": 0},
            "showlegend": len(traces) > 1,
        },
    }


def value_of(value: Any) -> float | None:
    """A parameter as a number, durations in seconds; None where it is none.

    >>> value_of("500ms"), value_of(0.1), value_of("5%"), value_of("fast"), value_of(True)
    (0.5, 0.1, 5.0, None, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip().removesuffix("%")
    digits = text.rstrip("nsumh")
    try:
        return float(digits) * (_UNITS[text[len(digits) :]] if len(digits) < len(text) else 1.0)
    except (ValueError, KeyError):
        return None


def _interval(run: dict[str, Any]) -> str:
    return "" if run["ci"] is None else f"({number(run['ci'][0])} to {number(run['ci'][1])})"


def _reach(rows: list[dict[str, Any]]) -> Figure:
    return {
        "type": "data",
        "symmetric": False,
        "array": [0.0 if run["ci"] is None else run["ci"][1] - run["cost_bps"] for run in rows],
        "arrayminus": [0.0 if run["ci"] is None else run["cost_bps"] - run["ci"][0] for run in rows],
    }
