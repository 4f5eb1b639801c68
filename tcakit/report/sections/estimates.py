"""Estimated before, paid after: how what was estimated before trading held."""

from __future__ import annotations

from typing import Any

from tcakit.report.estimates import estimate_figures
from tcakit.report.sections import Section, template_of


def estimates(summary: dict[str, Any]) -> Section | None:
    """A table of the models and a picture of the first ones; None where no order was estimated."""
    rows = summary["estimates"]
    if not rows:
        return None
    figures = estimate_figures(rows)
    return Section("estimates", "Estimated before, paid after", template_of("estimates"), {"rows": rows}, figures)
