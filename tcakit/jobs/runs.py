"""The runs that a store holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tcakit.market.clock import format_time
from tcakit.store.database import Store

_QUERY = """
SELECT r.run_id, r.kind, r.created_ns, r.seconds, r.events, p.parents, p.symbols, p.first_date, p.last_date, p.algos,
       f.fills, p.cost, p.notional, p.currencies
FROM runs r
LEFT JOIN (
    SELECT run_id, count(*) AS parents, count(DISTINCT symbol) AS symbols, min(date) AS first_date,
           max(date) AS last_date, list(DISTINCT algo ORDER BY algo) FILTER (algo IS NOT NULL) AS algos,
           sum(trading_cost) AS cost, sum(executed_notional) FILTER (trading_cost IS NOT NULL) AS notional,
           count(DISTINCT currency) AS currencies
    FROM tca_parents GROUP BY run_id
) p ON p.run_id = r.run_id
LEFT JOIN (SELECT run_id, count(*) AS fills FROM tca_fills GROUP BY run_id) f ON f.run_id = r.run_id
ORDER BY r.created_ns DESC, r.run_id
"""


def runs(folder: Path, wait_s: float = 30.0) -> dict[str, Any]:
    """Every stored run, the latest first: what it is, over which days and algorithms, and what trading cost in bps.

    `cost_bps` is of the executed notional at the arrival mid, None where several currencies have no sum.
    """
    store = Store(folder, wait_s=wait_s)
    with store.read_results() as connection:
        found = connection.execute(_QUERY)
        names = [column[0] for column in found.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {"runs": [_told(row) for row in rows]}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    cost, notional = row.pop("cost"), row.pop("notional")
    one_currency = row.pop("currencies") in (0, 1)
    row["cost_bps"] = cost / notional * 1e4 if notional and cost is not None and one_currency else None
    row["created"] = format_time(row.pop("created_ns"))
    return row | {name: row[name] or 0 for name in ("parents", "symbols", "fills")} | {"algos": row["algos"] or []}
