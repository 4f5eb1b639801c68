"""Comparisons: which algorithms and brokers can be told apart, and by how much."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, template_of

_TITLES = {
    "unpaired": "Every two, on different orders",
    "paired": "Every two, on the same orders",
    "difficulty-adjusted": "Dearer than estimated",
}


def tests(summary: dict[str, Any]) -> Section | None:
    """A table a comparison: differences with intervals, p and q; None where there is nothing to compare."""
    held = [(_TITLES.get(test["kind"], test["kind"]), test) for test in summary.get("tests") or []]
    if not held:
        return None
    return Section("tests", "Who can be told apart", template_of("tests"), {"tests": held})
