"""Method and origin: what each number means and what it was made from."""

from __future__ import annotations

import json
from typing import Any

from tcakit.report.sections import Section, template_of


def method(summary: dict[str, Any]) -> Section:
    """Definitions of benchmarks, versions, data keys, configuration."""
    told = json.dumps(summary["config"], indent=2, sort_keys=True, ensure_ascii=False)
    return Section("method", "Method and origin", template_of("method"), {"config": told})
