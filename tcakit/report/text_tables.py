"""A report as Markdown, and its orders as a CSV table that a spreadsheet can open without harm."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tcakit.report.sheets import Sheet, sheets_of

ROWS_SHOWN = 1_000
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")


def markdown(summary: Mapping[str, Any]) -> str:
    """All tables of a summary as a Markdown page; at most 1,000 rows of each, with how many are left out."""
    lines = [f"# {plain_markdown(summary['titles']['title'])}", ""]
    for block in summary["currencies"].values():
        lines += [plain_markdown(block["headline"]), ""]
    for sheet in sheets_of(summary):
        lines += [f"## {plain_markdown(sheet.name)}", "", *_markdown_table(sheet), ""]
    return "\n".join(lines)


def csv_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A CSV table of words and numbers; words that a spreadsheet would run as a formula get an apostrophe before them.

    >>> csv_table(["name", "cost"], [["=cmd|' /C calc'!A0", -1.5]])
    "name,cost\\r\\n'=cmd|' /C calc'!A0,-1.5\\r\\n"
    """
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([harmless(name) for name in columns])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return target.getvalue()


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers, what is missing is empty.

    >>> harmless("@SUM(A1)"), harmless(-2.0), harmless(None), harmless("-12.5")
    ("'@SUM(A1)", -2.0, '', '-12.5')
    """
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_STARTS_A_FORMULA) and not _is_number(cell):
        return "'" + cell
    return cell


def plain_markdown(text: object) -> str:
    """Words that Markdown, and the HTML it allows, show as they stand, on one line.

    >>> plain_markdown("<b>A|B</b>")
    '\\\\<b\\\\>A\\\\|B\\\\</b\\\\>'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _markdown_table(sheet: Sheet) -> list[str]:
    lines = [_row(sheet.columns), _row(["---"] * len(sheet.columns), plain=True)]
    lines += [_row([_shown(cell) for cell in row]) for row in sheet.rows[:ROWS_SHOWN]]
    left_out = len(sheet.rows) - ROWS_SHOWN
    return lines + (["", f"{left_out} more rows are not shown."] if left_out > 0 else [])


def _row(cells: Sequence[str], plain: bool = False) -> str:
    return "| " + " | ".join(cell if plain else plain_markdown(cell) for cell in cells) + " |"


def _shown(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return "–"
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)


def _is_number(text: str) -> bool:
    """Whether a spreadsheet reads nothing but a number, so that an apostrophe would only do harm."""
    return bool(re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text))
