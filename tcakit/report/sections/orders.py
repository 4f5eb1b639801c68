"""All orders as rows, and the drill-down of those that can be opened."""

from __future__ import annotations

from typing import Any

from tcakit.report.order_table import ROWS_AS_TEXT
from tcakit.report.sections import Section, blocks_of, template_of


def orders(summary: dict[str, Any]) -> Section:
    """The order table, its first rows as text for readers without scripts, and the panel of one order."""
    rows = summary["parents"]
    zones = {row["arrival_time"][-6:] for row in rows if row["arrival_time"]}
    values = {
        "rows": rows[:ROWS_AS_TEXT],
        "by_id": {row["parent_id"]: row for row in rows},
        "blocks": [block for _, block in blocks_of(summary)],
        "one_zone": zones.pop() if len(zones) == 1 else None,
    }
    return Section("orders", "Orders", template_of("orders"), values)
