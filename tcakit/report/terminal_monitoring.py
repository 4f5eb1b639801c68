"""The checks of a best-execution policy for people at a terminal: what is breached, and what was decided on it."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tcakit.report.terminal import escape, printable
from tcakit.report.wording import MISSING, count, in_unit, limits


def print_monitoring(monitoring: dict[str, Any], console: Console) -> None:
    """Print what `monitored` gave: a line a check, breaches in red, then how many nobody has decided on."""
    policy = monitoring["policy"]
    table = Table(title=escape(f"{policy['name']}, version {policy['version']}"), title_justify="left", box=None)
    for name in ("threshold", "class", "group", "value", "limits", "n", "state", "decided"):
        table.add_column(name, justify="right" if name in ("value", "n") else "left")
    for check in monitoring["checks"]:
        decided = f"{check['disposition']} ({check['owner']})" if check["disposition"] else MISSING
        words = [
            check["threshold"],
            check["class"],
            check["group"],
            in_unit(check["value"], check["unit"]),
            limits(check),
        ]
        style = "red" if check["open"] else None
        row = [*words, count(check["n"]), check["state"], decided if check["state"] == "breached" else ""]
        table.add_row(*(escape(word) for word in row), style=style)
    console.print()
    console.print(table)
    open_breaches, breaches = monitoring["open_breaches"], monitoring["breaches"]
    said = (
        f"{breaches} of {len(monitoring['checks'])} checks are breached, {open_breaches} without a decision that stands"
    )
    console.print(Text(printable(said), style="red" if open_breaches else ""))
