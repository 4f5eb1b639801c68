"""What a reader must know of the data before believing the numbers: files, refused rows, gaps, notes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tcakit.market.clock import format_time
from tcakit.report.data import ReportData

FAULTS_SHOWN = 25
UNMATCHED = "symbol not matched"


def data_quality(data: ReportData, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Files with hashes, refused rows by reason, what has no price or match, fills outside the quote, notes."""
    unpriced = Counter(row["unpriced_reason"] or "no reason given" for row in rows if not row["priced"])
    unmatched = Counter(row["raw_symbol"] or row["symbol"] for row in rows if not row["matched"])
    notes = Counter(row["notes"] for row in rows if row["notes"])
    faults = data.faults.sort("path", "line")
    inside = data.tca_fills["inside_quote"].drop_nulls()
    return {
        "files": [_file(row) for row in data.files.iter_rows(named=True)],
        "rows_stored": int(data.files["rows"].sum()),
        "rows_refused": int(data.files["faults"].sum()),
        "faults_by_reason": [
            {"reason": reason, "rows": found} for reason, found in Counter(faults["reason"].to_list()).most_common()
        ],
        "faults": faults.head(FAULTS_SHOWN).select("path", "line", "reason", "text").to_dicts(),
        "faults_left_out": max(faults.height - FAULTS_SHOWN, 0),
        "unpriced_by_reason": [{"reason": why, "parents": found} for why, found in unpriced.most_common()],
        "unmatched": [{"name": name, "parents": found} for name, found in unmatched.most_common()],
        "fills": data.fills.height,
        "fills_with_quote": inside.len(),
        "fills_inside_quote": int(inside.sum()),
        "fills_without_parent": int(data.fills["parent_id"].is_null().sum()),
        "fills_without_liquidity": int(data.fills["liquidity"].is_null().sum()),
        "fees_known": int(data.fills["fee"].is_not_null().sum()),
        "order_events": dict(sorted(data.order_event_counts.items())),
        "market_days": len({(row["date"], row["symbol"], row["venue"]) for row in data.checks}),
        "market_checks": _market_checks(data.checks),
        "clock_offsets": [_clock(row) for row in data.clocks],
        "run_notes": [note if isinstance(note, str) else json.dumps(note) for note in data.run.get("notes", [])],
        "parent_notes": [{"note": note, "parents": found} for note, found in notes.most_common()],
    }


def _market_checks(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each check over all days: how often and on how many of them it found something, and where the worst case was."""
    held: dict[str, list[Mapping[str, Any]]] = {}
    for row in checks:
        held.setdefault(row["check"], []).append(row)
    out = []
    for check, rows in held.items():
        found = [row for row in rows if row["count"]]
        worst = max((row for row in found if row["worst"] is not None), key=lambda row: row["worst"], default=None)
        out.append(
            {
                "check": check,
                "count": sum(row["count"] for row in found),
                "days": len(found),
                "worst": worst["worst"] if worst else None,
                "unit": rows[0]["unit"],
                "worst_at": f"{worst['symbol']} {worst['date']}" if worst else None,
            }
        )
    return out


def _clock(row: Mapping[str, Any]) -> dict[str, Any]:
    """One broker's clock; `agrees` says whether the interval holds zero."""
    names = ("broker", "offset_s", "low_s", "high_s", "inside_before", "inside_after", "fills", "applied_s")
    return {name: row[name] for name in names} | {"agrees": row["low_s"] <= 0.0 <= row["high_s"]}


def _file(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": row["path"],
        "format": row["format"],
        "sha256": row["sha256"],
        "ingest_key": row["ingest_key"],
        "rows": row["rows"],
        "faults": row["faults"],
        "days": json.loads(row["days"]),
        "status": row["status"],
        "ingested": format_time(row["ingested_ns"]),
    }


def order_counts(orders: pl.DataFrame) -> dict[str, int]:
    """Child orders by their last state."""
    return dict(sorted(Counter(orders["state"].to_list()).items()))
