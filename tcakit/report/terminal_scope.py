"""Tables by dimension, comparisons and attribution for people at a terminal; the numbers are those of the summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from tcakit.report.dimensions import NAMES
from tcakit.report.wording import MEASURE_NAMES, NOT_STATED, PART_NAMES, count, interval, number
from tcakit.tca.performance import PARTS
from tcakit.tca.significance import DISCOVERIES

COMPARISONS_SHOWN = 6


def scope_tables(summary: dict[str, Any], currency: str) -> Iterator[Table]:
    """What a terminal shows of one currency beyond its totals: the table asked for, attribution, comparisons."""
    for group in summary["groups"]:
        if group["currency"] == currency and group["asked"]:
            yield _group(group)
    for told in summary["attribution"]:
        if told["currency"] == currency and told["n_with_model"]:
            yield _attribution(told)
    for test in summary["tests"]:
        if test["currency"] == currency:
            yield _difficulty(test) if test["kind"] == "difficulty-adjusted" else _comparisons(test)


def scope_lines(summary: dict[str, Any]) -> list[str]:
    """Sentences on the orders chosen, the rates, outliers and days out of control."""
    lines = []
    if summary["scope"]["where"]:
        lines.append(f"only orders that meet: {summary['scope']['where']}")
    told = summary["currency"]
    if told is not None:
        if told["rates"]:
            pairs = sorted({f"{rate['from']} to {rate['to']}" for rate in told["rates"]})
            lines.append(f"sums in {told['asked']}: {', '.join(pairs)} by {', '.join(told['sources'])}")
        lines += [
            f"not told in {told['asked']}: {row['parent_id']}: {row['reason']}" for row in told["without_rate"][:5]
        ]
        if len(told["without_rate"]) > 5:
            lines.append(f"and {len(told['without_rate']) - 5} more without a rate")
    for held in summary["outliers"]:
        if held["outliers"]:
            named = ", ".join(f"{row['parent_id']} {number(row['bps'])}" for row in held["orders"][:3])
            lines.append(
                f"{held['outliers']} of {held['n']} orders lie far from the others ({named} bps ...): "
                f"{number(held['raw_bps'])} bps against arrival as it is, {number(held['winsorised_bps'])} with them "
                "drawn in"
            )
    for held in summary["control"]:
        outside = [row["period"] for row in held["rows"] if row["outside"]]
        if outside:
            lines.append(f"out of control ({held['period']}s beyond three sigma): {', '.join(outside[:10])}")
    return lines


def key_words(key: dict[str, Any]) -> str:
    """The values of a cell in words."""
    return " / ".join(NOT_STATED if value is None else str(value) for value in key.values()) or "all"


def _group(group: dict[str, Any]) -> Table:
    names = list(group["total"]["measures"])
    head = " / ".join(NAMES.get(name, name) for name in group["by"])
    fills = ["fills"] if group["level"] == "fill" else []
    shown = names if fills else names[:3]
    columns = [head, "orders", *fills, f"cost, {group['currency']}"]
    for name in shown:
        columns += [f"{_measure(name)}, bps", "95 % interval", "n"]
    table = _table(f"By {head}", *columns, "p", "q")
    for cell in [*group["cells"], group["total"]]:
        row = [key_words(cell["key"]), count(cell["n"])]
        row += [count(cell["lines"])] if fills else []
        row.append(number(cell["cost"]))
        for name in shown:
            stat = cell["measures"][name]
            row += [number(stat["value"]), interval(stat), count(stat["n"])]
        style = None if cell["key"] else "bold"
        table.add_row(*_plain([*row, _p(cell.get("p_value")), _p(cell.get("q_value"))]), style=style)
    return table


def _measure(name: str) -> str:
    known = {**MEASURE_NAMES, "spread_bps_of_executed": "Against mid", "fees_bps_of_executed": "Fees"}
    return known[name].replace("Against ", "against ")


def _attribution(told: dict[str, Any]) -> Table:
    table = _table(
        f"What it is due to ({told['model']}, {told['source']}; {told['n_with_model']} of {told['n']} orders have an "
        "estimate)",
        "part",
        told["currency"],
        "bps of paper",
    )
    for part in (*PARTS, "total"):
        if told[f"{part}_cost"] is not None:
            name = PART_NAMES[part]
            numbers = number(told[f"{part}_cost"]), number(told[f"{part}_bps_of_paper"])
            table.add_row(*_plain([name, *numbers]), style="bold" if part == "total" else None)
    return table


def _comparisons(test: dict[str, Any]) -> Table:
    pairs = test["kind"] == "paired"
    rows = sorted(test["rows"], key=lambda row: 2.0 if row["p_value"] is None else row["p_value"])
    left = len(rows) - COMPARISONS_SHOWN
    title = f"{NAMES.get(test['dimension'], test['dimension'])} against {'the same order' if pairs else 'each other'}"
    title = title[0].upper() + title[1:] + (f" ({left} more not shown)" if left > 0 else "")
    table = _table(title, "first less second", "n", "difference, bps", "95 % interval", "p", "q", "")
    for row in rows[:COMPARISONS_SHOWN]:
        orders = count(row["n"]) if pairs else f"{count(row['n_first'])}, {count(row['n_second'])}"
        table.add_row(
            *_plain(
                [
                    f"{row['first']} less {row['second']}",
                    orders,
                    number(row["difference_bps"]),
                    interval(row),
                    _p(row["p_value"]),
                    _p(row["q_value"]),
                    _verdict(row["q_value"]),
                ]
            )
        )
    return table


def _difficulty(test: dict[str, Any]) -> Table:
    table = _table(
        f"Brokers by difficulty: cost less estimate ({test['model']}, {test['source']})",
        "broker", "n", "cost, bps", "estimated, bps", "beyond it, bps", "95 % interval", "",
    )  # fmt: skip
    for row in test["groups"]:
        others = [
            pair["second"] if pair["first"] == row["group"] else pair["first"]
            for pair in test["pairs"]
            if pair["q_value"] is not None and pair["q_value"] < DISCOVERIES and row["group"] in pair.values()
        ]
        table.add_row(
            *_plain(
                [
                    row["group"],
                    count(row["n"]),
                    number(row["cost_bps"]),
                    number(row["estimate_bps"]),
                    number(row["residual_bps"]),
                    interval(row),
                    f"differs from {', '.join(others)}" if others else "",
                ]
            )
        )
    return table


def _verdict(q_value: float | None) -> str:
    return "" if q_value is None or q_value >= DISCOVERIES else "differs"


def _p(value: float | None) -> str:
    return number(value, 3) if value is None or value >= 0.001 else "<0.001"


def _plain(cells: list[str]) -> list[Text]:
    """Cells as they stand, without control characters or markup."""
    return [Text("".join(letter if letter.isprintable() else "?" for letter in cell)) for cell in cells]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=_plain([title])[0], title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(_plain([name])[0], justify="right" if place else "left", no_wrap=not place)
    return table
