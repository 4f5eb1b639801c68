"""How like a real day a made one is, as one HTML page that opens offline: every score beside the floor, every curve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.page import filled
from tcakit.report.palette import LIGHT, light_to_dark
from tcakit.report.wording import number

DISTANCES = {"total_variation": "Total variation", "wasserstein": "Wasserstein"}
AVERAGES = {"mean": "Mean", "median": "Median", "iqm": "Interquartile mean"}
GROUPS = {
    "unconditional": "Distributions (the benchmark’s 21)",
    "conditional": "One quantity given another (the benchmark’s 3)",
    "further": "Further distributions",
}
_ROW_HEIGHT = 22


def render_score(result: dict[str, Any]) -> str:
    """The page of what the job `simulate_score` gave; every number on it is from there."""
    figures = score_figures(result)
    payload = {"figures": figures, "orders": [], "dark": light_to_dark()}
    return filled(
        "score.html", payload, result=result, figures=figures, slug=slug, between=between, distances=DISTANCES,
        averages=AVERAGES, groups=GROUPS, meeting=meeting, title=day_name, sentence=sentence,
    )  # fmt: skip


def slug(name: str) -> str:
    """A name as a part of an element's id.

    >>> slug("ask_volume | spread"), slug("MO_0")
    ('ask-volume-spread', 'mo-0')
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def between(row: dict[str, Any] | None, decimals: int = 3) -> str:
    """An interval as text, a dash where there is none.

    >>> between({"low": 0.5, "high": 1.25}, 2), between(None)
    ('0.50 to 1.25', '–')
    """
    if row is None or row["low"] is None or row["high"] is None:
        return "–"
    return f"{number(row['low'], decimals)} to {number(row['high'], decimals)}"


def meeting(row: dict[str, Any]) -> str:
    """Whether the intervals of a fact of both days have something in common, in a word.

    >>> day = {"low": 1.0, "high": 2.0}
    >>> meeting({"real": day, "made": {"low": 1.5, "high": 3.0}}), meeting({"real": day, "made": {"low": 3, "high": 4}})
    ('yes', 'no')
    """
    real, made = row["real"], row["made"]
    if any(day[end] is None for day in (real, made) for end in ("low", "high")):
        return "–"
    return "no" if real["high"] < made["low"] or made["high"] < real["low"] else "yes"


def day_name(day: dict[str, Any]) -> str:
    """Symbol and date of one of the days."""
    return f"{day['symbol']} {day['date']}"


def sentence(words: str) -> str:
    """Words with a capital letter in front, and a full stop behind them.

    >>> sentence("half of it")
    'Half of it.'
    """
    return f"{words[:1].upper()}{words[1:]}."


def score_figures(result: dict[str, Any]) -> dict[str, Figure]:
    """The charts by name: `floor`, `score-…`, `response-…`, `curve-…` and `divergence-…`."""
    names = (plain(f"real: {day_name(result['real'])}"), plain(f"made: {day_name(result['made'])}"))
    figures = {"floor": floor_figure(result["scores"])} if any(row["picture"] for row in result["scores"]) else {}
    for row in result["scores"]:
        if row["picture"] is not None:
            figures[f"score-{slug(row['name'])}"] = _picture(row, names)
    for row in result["responses"]["kinds"]:
        figures[f"response-{slug(row['kind'])}"] = _response(row, result["responses"]["lags"], names)
    for row in result["curves"]:
        figures[f"curve-{slug(row['name'])}"] = _curve(row, names)
    for kind, title in DISTANCES.items():
        figures[f"divergence-{slug(kind)}"] = _divergence(result["divergence"], kind, title, names)
    return figures


def floor_figure(scores: Sequence[dict[str, Any]]) -> Figure:
    """Total variation of every distribution with its interval, beside that of the two real pieces."""
    rows = [row for row in reversed(scores) if row["total_variation"] is not None]
    label = [plain(row["label"]) for row in rows]
    values = [row["total_variation"] for row in rows]
    made = {
        "type": "scatter", "mode": "markers", "name": "made against real", "y": label,
        "x": [row["value"] for row in values], "marker": {"size": 9, "color": LIGHT["cost"]},
        "error_x": {
            "type": "data", "symmetric": False, "color": LIGHT["cost"],
            "array": [(row["high"] or row["value"]) - row["value"] for row in values],
            "arrayminus": [row["value"] - (row["low"] or row["value"]) for row in values],
        },
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }  # fmt: skip
    floor = {
        "type": "scatter", "mode": "markers", "name": "floor: real against real", "y": label,
        "x": [row["floor"] for row in values],
        "marker": {"size": 9, "symbol": "line-ns-open", "color": LIGHT["accent"], "line": {"width": 3}},
        "hovertemplate": "%{y}, floor: %{x:.3f}<extra></extra>",
    }  # fmt: skip
    layout = _layout("Total variation: 0 alike, 1 nothing in common", "")
    layout["yaxis"] = {"type": "category", "automargin": True}
    layout["xaxis"] |= {"range": [0, 1]}
    return {"data": [made, floor], "layout": layout | {"height": 120 + _ROW_HEIGHT * len(rows)}}


def _picture(row: dict[str, Any], names: tuple[str, str]) -> Figure:
    """Shares by value, or of a conditional score the mean of the one by the other."""
    picture = row["picture"]
    if row["group"] == "conditional":
        compared = row["label"].partition(", given ")[0].lower()
        data = list(_both(picture["at"], picture["real"], picture["made"], names, "lines+markers"))
        return {"data": data, "layout": _layout(plain(row["unit"]), plain(f"Mean {compared}"))}
    data = list(_both(picture["at"], picture["real"], picture["made"], names, "lines"))
    for trace in data:
        trace["line"] |= {"shape": "hvh"}
    return {"data": data, "layout": _layout(plain(row["unit"]), "Share of values")}


def _response(row: dict[str, Any], lags: list[int], names: tuple[str, str]) -> Figure:
    traces = [
        _with_interval(lags, row[day], name, colour)
        for day, name, colour in zip(("real", "made"), names, ("accent", "cost"), strict=True)
    ]
    layout = _layout("Events at the touch later (logarithmic)", "Move of the mid, ticks")
    layout["xaxis"] |= {"type": "log", "dtick": "D2"}
    return {"data": traces, "layout": layout}


def _curve(row: dict[str, Any], names: tuple[str, str]) -> Figure:
    traces = [
        _with_interval(row[day]["at"], row[day], name, colour)
        for day, name, colour in zip(("real", "made"), names, ("accent", "cost"), strict=True)
        if row[day] is not None
    ]
    across, up = row["logarithmic"]
    layout = _layout(row["across"] + (" (logarithmic)" if across else ""), row["up"])
    for axis, logarithmic in (("xaxis", across), ("yaxis", up)):
        if logarithmic:
            layout[axis] |= {"type": "log"}
    return {"data": traces, "layout": layout}


def _divergence(rows: dict[str, Any], kind: str, title: str, names: tuple[str, str]) -> Figure:
    traces = [
        _line(rows[day]["ends"], rows[day][kind], name, colour, "lines+markers")
        for day, name, colour in zip(("real", "made"), names, ("accent", "cost"), strict=True)
    ]
    return {"data": traces, "layout": _layout("Messages since the start of the day", f"{title}, mean over scores")}


def _both(
    at: list[Any], real: list[Any], made: list[Any], names: tuple[str, str], mode: str
) -> Iterator[dict[str, Any]]:
    yield _line(at, real, names[0], "accent", mode)
    yield _line(at, made, names[1], "cost", mode)


def _with_interval(at: list[Any], curve: dict[str, Any], name: str, colour: str) -> Figure:
    ends = [
        (value, low, high) if None not in (value, low, high) else (0.0, 0.0, 0.0)
        for value, low, high in zip(curve["value"], curve["low"], curve["high"], strict=True)
    ]
    trace = _line(at, curve["value"], name, colour, "lines+markers")
    trace["error_y"] = {
        "type": "data", "symmetric": False, "color": LIGHT[colour], "thickness": 1, "width": 2,
        "array": [max(high - value, 0.0) for value, _, high in ends],
        "arrayminus": [max(value - low, 0.0) for value, low, _ in ends],
    }  # fmt: skip
    return trace


def _line(at: list[Any], values: list[Any], name: str, colour: str, mode: str) -> Figure:
    look = {"line": {"color": LIGHT[colour], "width": 2}, "marker": {"size": 5, "color": LIGHT[colour]}}
    return {"type": "scatter", "mode": mode, "name": name, "x": at, "y": values, **look}


def _layout(across: str, up: str) -> Figure:
    return {
        "height": 320,
        "xaxis": {"title": {"text": across}},
        "yaxis": {"title": {"text": up}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
    }
