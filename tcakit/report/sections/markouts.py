"""Markouts: where the mid stood before and after the fills."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import Figure, markout_figure, venue_markout_figure
from tcakit.report.sections import Section, blocks_of, template_of

GROUPS = (("all", "All"), ("maker", "Maker"), ("taker", "Taker"))


def markouts(summary: dict[str, Any]) -> Section | None:
    """Curves with bands and their numbers a currency; None where no fill has a markout."""
    blocks = []
    figures: dict[str, Figure] = {}
    for place, block in blocks_of(summary):
        figure = markout_figure(block)
        if figure is None:
            continue
        figures[f"{place}-markouts"] = figure
        points = {group: {point["horizon_s"]: point for point in curve} for group, curve in block["markouts"].items()}
        horizons = sorted({seconds for held in points.values() for seconds in held})
        by_venue = venue_markout_figure(block)
        if by_venue is not None:
            figures[f"{place}-venue-markouts"] = by_venue
        venues = [
            (at, row["venue"], {point["horizon_s"]: point for point in row["points"]})
            for at, row in enumerate(block["venue_markouts"])
        ]
        blocks.append((place, block, points, horizons, venues))
    if not figures:
        return None
    values = {"blocks": blocks, "groups": GROUPS}
    return Section("markouts", "Markouts", template_of("markouts"), values, figures)
