"""Best-execution monitoring: the policy's thresholds, what broke them, what was decided, and who signs."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, template_of
from tcakit.report.wording import in_unit, limits

_STATES = {"breached": 0, "too few": 1, "not measured": 2, "within": 3}


def monitoring(summary: dict[str, Any]) -> Section | None:
    """Checks, breaches first, with dispositions and a sign-off block; None where no policy was given."""
    held = summary.get("monitoring")
    if not held:
        return None
    checks = sorted(held["checks"], key=lambda check: _STATES.get(check["state"], len(_STATES)))
    rows = [(check, in_unit(check["value"], check["unit"]), limits(check)) for check in checks]
    values = {"held": held, "rows": rows}
    return Section("monitoring", "Best-execution monitoring", template_of("monitoring"), values)
