"""The day's profile: the market's volume and spread by half hour, and ours within it."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import number, percent


def intraday(summary: dict[str, Any]) -> Section | None:
    """Volume, participation and spread by half hour a currency; None where no market data is stored."""
    blocks = [(place, block) for place, block in blocks_of(summary) if block.get("intraday")]
    if not blocks:
        return None
    figures: dict[str, Figure] = {}
    for place, block in blocks:
        figures[f"{place}-volume"] = volume_figure(block["intraday"])
        if any(row["spread_bps"] is not None for row in block["intraday"]):
            figures[f"{place}-spread"] = spread_figure(block["intraday"])
    return Section("intraday", "Through the day", template_of("intraday"), {"blocks": blocks}, figures)


def volume_figure(rows: list[dict[str, Any]]) -> Figure:
    """Shares of the day's volume by half hour, the market's and ours, so that the shapes can be compared."""
    traces = []
    for key, name, colour in (("market_shares", "market", "mid"), ("own_shares", "ours", "limit")):
        whole = sum(row[key] for row in rows)
        if not whole:
            continue
        traces.append(
            {
                "type": "bar",
                "name": f"{name} ({number(whole, 0)} shares)",
                "x": [row["time"] for row in rows],
                "y": [row[key] / whole * 100 for row in rows],
                "customdata": [[number(row[key], 0), percent(row["participation"])] for row in rows],
                "hovertemplate": (
                    f"<b>%{{x}}</b><br>{name} %{{customdata[0]}} shares, %{{y:.1f}} %<br>"
                    "participation %{customdata[1]}<extra></extra>"
                ),
                "marker": {"color": LIGHT[colour]},
            }
        )
    return {
        "data": traces,
        "layout": {
            "barmode": "group",
            "height": 360,
            "xaxis": {"title": {"text": "Half hour at the exchange"}, "type": "category", "showgrid": False},
            "yaxis": {"title": {"text": "Share of the day's volume (%)"}},
            "legend": {"orientation": "h", "y": 1.14, "x": 0},
        },
    }


def spread_figure(rows: list[dict[str, Any]]) -> Figure:
    """Quoted spread by half hour."""
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [row["time"] for row in rows],
                "y": [row["spread_bps"] for row in rows],
                "hovertemplate": "<b>%{x}</b><br>%{y:.2f} bps of mid<extra></extra>",
                "line": {"color": LIGHT["accent"], "width": 2.5},
            }
        ],
        "layout": {
            "height": 300,
            "xaxis": {"title": {"text": "Half hour at the exchange"}, "type": "category", "showgrid": False},
            "yaxis": {"title": {"text": "Quoted spread (bps of mid)"}, "rangemode": "tozero"},
            "showlegend": False,
        },
    }
