"""Attribution: how much of the cost was spread, impact, timing, opportunity, fees and choice of broker."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, template_of
from tcakit.report.wording import PART_NAMES


def attribution(summary: dict[str, Any]) -> Section | None:
    """The parts of the cost a currency, adding up to its total; None where no order has one."""
    rows = summary.get("attribution") or []
    if not rows:
        return None
    held = [
        (
            row,
            [
                (part, name, row[f"{part}_cost"], row.get(f"{part}_bps_of_paper"))
                for part, name in PART_NAMES.items()
                if row.get(f"{part}_cost") is not None and (row[f"{part}_cost"] != 0 or part == "total")
            ],
        )
        for row in rows
    ]
    return Section("attribution", "Attribution", template_of("attribution"), {"held": held})
