"""Best-execution monitoring: the policy's thresholds, what broke them, what was decided, and who signs."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, template_of
from tcakit.report.wording import MISSING, number, percent

_STATES = {"breached": 0, "too few": 1, "not measured": 2, "within": 3}


def monitoring(summary: dict[str, Any]) -> Section | None:
    """Checks, breaches first, with dispositions and a sign-off block; None where no policy was given."""
    held = summary.get("monitoring")
    if not held:
        return None
    checks = sorted(held["checks"], key=lambda check: _STATES.get(check["state"], len(_STATES)))
    rows = [(check, _told(check["value"], check["unit"]), _limits(check)) for check in checks]
    values = {"held": held, "rows": rows}
    return Section("monitoring", "Best-execution monitoring", template_of("monitoring"), values)


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return MISSING
    return percent(value) if unit == "fraction" else f"{number(value)} {unit}"


def _limits(check: dict[str, Any]) -> str:
    limits = (("at least", check.get("at_least")), ("at most", check.get("at_most")))
    return ", ".join(f"{word} {_told(limit, check['unit'])}" for word, limit in limits if limit is not None) or MISSING
