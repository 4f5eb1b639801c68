"""Distribution: how the costs of single orders spread, and which stand at its ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tcakit.report.figures import Figure
from tcakit.report.palette import LIGHT
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import number


def distribution(summary: dict[str, Any]) -> Section | None:
    """Histograms raw and winsorised, figures of the spread, worst and best ten; None where no order has a cost."""
    blocks = [(place, block) for place, block in blocks_of(summary) if block.get("distribution")]
    if not blocks:
        return None
    figures = {
        f"{place}-{kind}": histogram_figure(block["distribution"][kind], colour)
        for place, block in blocks
        for kind, colour in (("raw", "mid"), ("winsorised", "accent"))
    }
    return Section("distribution", "Distribution", template_of("distribution"), {"blocks": blocks}, figures)


def histogram_figure(held: dict[str, Any], colour: str) -> Figure:
    """Orders by cost, as bars between the edges of the histogram."""
    bars = list(pairwise(held["edges"]))
    return {
        "data": [
            {
                "type": "bar",
                "x": [(low + high) / 2 for low, high in bars],
                "width": [high - low for low, high in bars],
                "y": held["counts"],
                "customdata": [f"{number(low)} to {number(high)} bps" for low, high in bars],
                "hovertemplate": "<b>%{customdata}</b><br>%{y} orders<extra></extra>",
                "marker": {"color": LIGHT[colour], "line": {"width": 1, "color": LIGHT["card"]}},
            }
        ],
        "layout": {
            "height": 320,
            "bargap": 0,
            "xaxis": {"title": {"text": "Cost against arrival (bps of executed), above zero is a cost"}},
            "yaxis": {"title": {"text": "Orders"}},
            "showlegend": False,
        },
    }
