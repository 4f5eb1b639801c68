"""Executive summary: what the orders cost, in words and in the figures a head of trading asks for first."""

from __future__ import annotations

from typing import Any

from tcakit.report.dimensions import NAMES
from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import MEASURE_NAMES, in_unit, limits

_BREACHES_SHOWN = 5


def cost(summary: dict[str, Any]) -> Section | None:
    """Headline, tiles, costs against benchmarks, estimate and the period before, drivers, breaches; None without
    orders."""
    blocks = blocks_of(summary)
    if not blocks:
        return None
    executive = {held["currency"]: (place, held) for place, held in enumerate(summary.get("executive") or [])}
    rows = []
    for number_of_block, block in blocks:
        place, held = executive.get(block["currency"], (0, None))
        rows.append((number_of_block, block, place, held))
    checks = (summary.get("monitoring") or {}).get("checks") or []
    breached = [check for check in checks if check["state"] == "breached"]
    breached.sort(key=lambda check: not check["open"])
    values = {
        "rows": rows,
        "measure_names": MEASURE_NAMES,
        "dimension_names": NAMES,
        "previous": summary.get("previous"),
        "breached": [
            (check, in_unit(check["value"], check["unit"]), limits(check)) for check in breached[:_BREACHES_SHOWN]
        ],
        "breaches": len(breached),
        "watched": bool(checks),
    }
    return Section("cost", "Executive summary", template_of("cost"), values)
