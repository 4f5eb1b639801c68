"""Scores beside their floors as a Markdown table, for pages of documentation."""

from __future__ import annotations

from typing import Any

from tcakit.report.wording import MISSING, number


def score_table(result: dict[str, Any]) -> str:
    """The table of what the job `simulate_score` gave: distributions, averages, response curves, then the facts."""
    lines = [
        "| score | total variation | floor | floors | Wasserstein | floor | floors |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["scores"]:
        if row["reason"] is not None:
            lines.append(f"| {_cell(row['label'])} | not known: {_cell(row['reason'])} | | | | | |")
            continue
        lines.append(f"| {_cell(row['label'])} | {_three(row['total_variation'])} | {_three(row['wasserstein'])} |")
    for kind, label in (("mean", "Mean"), ("median", "Median"), ("iqm", "Interquartile mean")):
        averages = [result["averages"][name].get(kind) for name in ("total_variation", "wasserstein")]
        lines.append(f"| **{label} of the first 21** | {' | '.join(map(_three, averages))} |")
    lines += ["", "| response of the mid after | score, ticks | floor | floors |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['kind']}: {_cell(row['label'].lower())} | {_three(row['score'], 2)} |"
        for row in result["responses"]["kinds"]
    ]
    lines += ["", "| fact | real | 95 % interval | made | 95 % interval |", "|---|---:|---:|---:|---:|"]
    for row in result["facts"]:
        days = " | ".join(f"{number(day['value'], 3)} | {_interval(day)}" for day in (row["real"], row["made"]))
        lines.append(f"| {_cell(row['label'])} | {days} |")
    return "\n".join(lines)


def _three(row: dict[str, Any] | None, decimals: int = 3) -> str:
    if row is None:
        return " | ".join([MISSING] * 3)
    return f"{number(row['value'], decimals)} | {number(row['floor'], decimals)} | {number(row['ratio'], 1)}"


def _interval(day: dict[str, Any]) -> str:
    if day["low"] is None or day["high"] is None:
        return MISSING
    return f"{number(day['low'], 3)} to {number(day['high'], 3)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
