"""What a reader must know of the data before believing the numbers."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, template_of


def quality(summary: dict[str, Any]) -> Section:
    """What is missing, notes, market checks, clocks, files with hashes, refused rows."""
    return Section("quality", "Data quality", template_of("quality"))
