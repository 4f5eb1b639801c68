"""Control: what the report covers, in whose money, by which rules, before any cost is read."""

from __future__ import annotations

from typing import Any

from tcakit.report.sections import Section, blocks_of, template_of
from tcakit.report.wording import count, number, percent

_SYMBOLS_NAMED = 12


def control(summary: dict[str, Any]) -> Section | None:
    """Period, universe, notional a currency, coverage and what was left out, origin of the numbers."""
    counts, quality = summary["counts"], summary["quality"]
    parents = counts["parents"]
    facts = [
        ["Trade days", count(summary["period"]["days"])],
        ["Symbols", _named(summary["symbols"])],
        [
            "Parent orders, child orders, fills",
            ", ".join(count(counts[k]) for k in ("parents", "child_orders", "fills")),
        ],
    ]
    for _, block in blocks_of(summary):
        sums = block["totals"]
        facts.append(
            [
                f"Notional, {block['currency']}",
                f"{number(sums['paper_notional'], 0)} ordered, {number(sums['executed_notional'], 0)} executed",
            ]
        )
    conversion = _conversion(summary.get("currency"))
    if conversion:
        facts.append(["Converted", conversion])
    where = (summary.get("scope") or {}).get("where")
    if where:
        facts.append(["Only orders with", where])
    if parents:
        facts.append(["Priced", f"{percent(counts['parents_priced'] / parents)} of orders"])
    facts += [
        [f"Left out: {row['reason']}", f"{count(row['parents'])} ({percent(row['parents'] / parents)})"]
        for row in quality["unpriced_by_reason"]
    ]
    facts.append(["Files, rows refused", f"{count(len(quality['files']))}, {count(quality['rows_refused'])}"])
    origin = [["Run", summary["run"]["run_id"] or "–"]]
    origin += [[name, version] for name, version in summary["versions"].items() if name in ("tcakit", "python")]
    origin += [[f"Model {row['model']}", row["fit_id"]] for row in summary["estimates"] if row["fit_id"]]
    policy = (summary.get("monitoring") or {}).get("policy")
    if isinstance(policy, dict):
        origin += [
            [f"Policy {name}", str(told)] for name, told in policy.items() if isinstance(told, str | int | float)
        ]
    return Section("control", "Control", template_of("control"), {"facts": facts, "origin": origin})


def _named(symbols: list[str]) -> str:
    shown = ", ".join(symbols[:_SYMBOLS_NAMED])
    more = len(symbols) - _SYMBOLS_NAMED
    return (shown or "none") + (f" and {count(more)} more" if more > 0 else "")


def _conversion(told: dict[str, Any] | None) -> str | None:
    """The currency the report was asked for in, and where the rates come from."""
    if told is None:
        return None
    lacking = len(told["without_rate"])
    text = f"to {told['asked']}, rates of {', '.join(told['sources']) or 'no source'}"
    return text + (f"; {count(lacking)} orders without a rate" if lacking else "")
