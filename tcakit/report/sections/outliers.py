"""Outliers: single orders far from all others, and what the cost is with them drawn in."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, template_of


def outliers(summary: dict[str, Any]) -> Section | None:
    """Raw beside winsorised cost and the orders beyond the limits, a currency; None where no order has a cost."""
    held = summary.get("outliers") or []
    return Section("outliers", "Outliers", template_of("outliers"), {"held": held}) if held else None
