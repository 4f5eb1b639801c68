"""Venues: what each gave for the flow it had."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, plain
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import number, percent


def venues(summary: dict[str, Any]) -> Section | None:
    """A scorecard and a picture a currency; None where no fill was."""
    blocks = [(place, block) for place, block in blocks_of(summary) if block.get("venues")]
    if not blocks:
        return None
    figures = {f"{place}-venues": venue_figure(block) for place, block in blocks if len(block["venues"]) > 1}
    return Section("venues", "Venues", template_of("venues"), {"blocks": blocks}, figures)


def venue_figure(block: dict[str, Any]) -> Figure:
    """Effective spread and markout by venue, side by side."""
    rows = block["venues"]
    names = [f"{plain(row['venue'])} ({percent(row['share_of_executed'], 0)})" for row in rows]
    bars = (
        ("effective_bps", "Effective spread, bps of mid", "cost"),
        ("markout_60s_bps", "Markout at 60 s, bps of price", "gain"),
    )
    return {
        "data": [
            {
                "type": "bar",
                "name": title,
                "x": names,
                "y": [row[key] for row in rows],
                "customdata": [[number(row[key]), number(row["fills"], 0)] for row in rows],
                "hovertemplate": (
                    f"<b>%{{x}}</b><br>{title}: %{{customdata[0]}}<br>%{{customdata[1]}} fills<extra></extra>"
                ),
                "marker": {"color": LIGHT[colour]},
            }
            for key, title, colour in bars
        ],
        "layout": {
            "barmode": "group",
            "height": 380,
            "xaxis": {"title": {"text": "Venue (share of executed notional)"}, "fixedrange": True, "showgrid": False},
            "yaxis": {"title": {"text": "bps"}, "zeroline": True},
            "legend": {"orientation": "h", "y": 1.14, "x": 0},
        },
    }
