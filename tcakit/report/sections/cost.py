"""Executive summary: what the orders cost, in words and in the figures a head of trading asks for first."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import MEASURE_NAMES


def cost(summary: dict[str, Any]) -> Section | None:
    """Headline, tiles and all cost measures of each currency; None without orders."""
    blocks = blocks_of(summary)
    if not blocks:
        return None
    return Section("cost", "Executive summary", template_of("cost"), {"blocks": blocks, "measure_names": MEASURE_NAMES})
