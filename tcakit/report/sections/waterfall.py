"""From decision to result: the components that make up the shortfall."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import waterfall_figure
from tcakit.report.sections import Section, blocks_of, template_of


def waterfall(summary: dict[str, Any]) -> Section | None:
    """A waterfall and its table a currency; None where no order has a total."""
    blocks = [(place, block) for place, block in blocks_of(summary) if block["waterfall"]]
    made = {f"{place}-waterfall": waterfall_figure(block) for place, block in blocks}
    figures = {name: figure for name, figure in made.items() if figure is not None}
    if not figures:
        return None
    return Section("waterfall", "From decision to result", template_of("waterfall"), {"blocks": blocks}, figures)
