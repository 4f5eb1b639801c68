"""Cost by algorithm: who is dear, and whether it can be told from chance."""

from __future__ import annotations

from typing import Any

from tcakit.report.figures import forest_figure
from tcakit.report.sections import Section, blocks_of, template_of


def algorithms(summary: dict[str, Any]) -> Section | None:
    """A forest and a table a currency; None without orders."""
    blocks = blocks_of(summary)
    if not blocks:
        return None
    made = {f"{place}-forest": forest_figure(block) for place, block in blocks}
    figures = {name: figure for name, figure in made.items() if figure is not None}
    return Section("algorithms", "Cost by algorithm", template_of("algorithms"), {"blocks": blocks}, figures)
