"""The summary of a report for people at a terminal; the numbers are those of the page."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table
from rich.text import Text

from tcakit.report.terminal_scope import scope_lines, scope_tables
from tcakit.report.wording import MEASURE_NAMES, count, interval, number, percent

ORDERS_SHOWN = 10


def print_summary(summary: dict[str, Any], console: Console) -> None:
    """Print what `summarise` gave: headline, components, algorithms, the dearest orders, what is missing."""
    title = summary["titles"]["title"]
    dates = summary["period"]
    when = dates["from"] or "no orders"
    if dates["to"] != dates["from"]:
        when += f" to {dates['to']}"
    console.print(Text(printable(f"{title}  {when}"), style="bold"))
    counts = summary["counts"]
    console.print(
        f"{counts['parents_matched']} of {counts['parents']} orders matched, "
        f"{counts['parents_priced']} of {counts['parents']} priced, {count(counts['fills'])} fills",
        highlight=False,
    )
    console.print(Text(summary["sign_convention"], style="dim"))
    for block in summary["currencies"].values():
        console.print()
        console.print(Text(printable(block["headline"])))
        if block["waterfall"]:
            for table in (_components(block), _measures(block)):
                console.print()
                console.print(table)
        console.print()
        console.print(_algorithms(block))
        for table in scope_tables(summary, block["currency"]):
            console.print()
            console.print(table)
    if summary["estimates"]:
        console.print()
        console.print(_estimates(summary["estimates"]))
    if summary["parents"]:
        console.print()
        console.print(_orders(summary["parents"]))
    for line in scope_lines(summary):
        console.print(Text(printable(line)))
    _print_quality(summary["quality"], console)


def printable(text: object) -> str:
    """Text without control characters, which would command the terminal.

    >>> printable("A\\x1b[2J")
    'A?[2J'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def escape(text: object) -> str:
    """Text that rich shows as it stands."""
    return escape_markup(printable(text))


def _table(title: str, *columns: str) -> Table:
    """A table whose first column is words and whose others are numbers."""
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(escape(name), justify="right" if place else "left", no_wrap=not place)
    return table


def _components(block: dict[str, Any]) -> Table:
    table = _table("Shortfall", "component", str(block["currency"]), "bps of paper")
    for step in block["waterfall"]:
        style = "bold" if step["key"] == "total_cost" else None
        table.add_row(step["name"], number(step["cost"]), number(step["bps_of_paper"]), style=style)
    return table


def _measures(block: dict[str, Any]) -> Table:
    table = _table("Against benchmarks", "measure", "bps", "95 % interval", "n")
    for name, stat in block["measures"].items():
        label = f"{MEASURE_NAMES[name]}, bps of {name.rpartition('_')[2]}"
        table.add_row(label, number(stat["value"]), interval(stat), count(stat["n"]))
    return table


def _algorithms(block: dict[str, Any]) -> Table:
    table = _table(
        "By algorithm",
        "algorithm",
        "orders",
        f"cost, {block['currency']}",
        "arrival, bps of executed",
        "95 % interval",
        "n",
        "filled",
        "participation",
        "passive",
    )
    for row in block["algos"]:
        stat, shares = row["measures"]["arrival_bps_of_executed"], row["shares"]
        table.add_row(
            escape(row["algo"]),
            count(row["totals"]["parents"]),
            number(row["totals"]["total_cost"]),
            number(stat["value"]),
            interval(stat),
            count(stat["n"]),
            percent(shares["fill_rate_of_paper"]),
            percent(shares["participation_of_market_notional"]),
            percent(shares["maker_fraction_of_executed"]),
        )
    return table


def _estimates(rows: list[dict[str, Any]]) -> Table:
    table = _table(
        "Estimated before, paid after", "model", "n", "slope", "95 % interval", "bias, bps", "95 % interval", "in band"
    )
    for row in rows:
        stats = [text for name in ("slope", "bias_bps") for text in (number(row[name]["value"]), interval(row[name]))]
        table.add_row(
            escape(f"{row['model']} ({row['source']})"), count(row["orders"]), *stats, percent(row["coverage"]["value"])
        )
    return table


def _orders(rows: list[dict[str, Any]]) -> Table:
    left_out = max(len(rows) - ORDERS_SHOWN, 0)
    table = _table(
        f"Orders, the dearest first{f' ({left_out} more not shown)' if left_out else ''}",
        "order",
        "what",
        "cost",
        "bps of paper",
        "filled",
    )
    for row in rows[:ORDERS_SHOWN]:
        what = f"{row['side']} {count(row['ordered_shares'])} {row['symbol']} {row['algo']}"
        cost = f"{number(row['total_cost'])} {row['currency']}" if row["priced"] else "not priced"
        table.add_row(
            escape(row["parent_id"]),
            escape(what),
            escape(cost),
            number(row["shortfall_bps_of_paper"]),
            percent(row["fill_rate"]),
        )
    return table


def _print_quality(quality: dict[str, Any], console: Console) -> None:
    lines = [f"not priced: {row['reason']} ({row['parents']})" for row in quality["unpriced_by_reason"]]
    lines += [f"not matched: {row['name']} ({row['parents']})" for row in quality["unmatched"]]
    if quality["rows_refused"]:
        lines.append(f"{count(quality['rows_refused'])} rows of the files were refused")
    outside = quality["fills_with_quote"] - quality["fills_inside_quote"]
    if outside:
        lines.append(f"{count(outside)} fills lie outside the quote")
    lines += [
        f"clock of {row['broker']}: {row['offset_s']:+.3f} s would put it on the tape "
        f"({row['low_s']:+.3f} to {row['high_s']:+.3f})"
        for row in quality["clock_offsets"]
        if not row["agrees"]
    ]
    lines += [
        f"market data: {count(row['count'])} times {row['check']} on {count(row['days'])} days"
        + (f", worst {number(row['worst'])} {row['unit']} ({row['worst_at']})" if row["worst"] is not None else "")
        for row in quality["market_checks"]
        if row["count"]
    ]
    lines += [f"note: {note}" for note in quality["run_notes"]]
    lines += [f"note: {row['note']} ({row['parents']})" for row in quality["parent_notes"]]
    if lines:
        console.print()
        for line in lines:
            console.print(Text(printable(line), style="yellow"))
