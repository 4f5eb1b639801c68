"""A report as an Excel workbook: a sheet a table, numbers as numbers, the head of each sheet kept in sight."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tcakit.errors import UsageError
from tcakit.report.sheets import Sheet, sheets_of

_CREATED = datetime.datetime(1980, 1, 1)
_MOST_ROWS = 1_048_575
_MOST_LETTERS = 32_767
_WIDEST = 48
_FORMATS = {
    "money": "#,##0.00;[Red]-#,##0.00",
    "bps": "0.00;[Red]-0.00",
    "share": "0.0%",
    "price": "#,##0.00####",
    "whole": "#,##0",
    "time": "0",
    "other": "General",
}
_KIND_OF_COLUMN = (
    (r"_ns$", "time"),
    (r"bps", "bps"),
    (r"_price$|vwap$|^twap$", "price"),
    (r"exchange_rate$|^rate$", "price"),
    (r"rate|fraction|participation|coverage|(^|_)share(_|$)", "share"),
    (r"cost|notional|^fees$", "money"),
    (r"shares$|^n$| n$|^(orders|fills|parents|rows|count|days)$", "whole"),
    (r"^(value|low|high)$", "bps"),
)


def workbook(summary: Mapping[str, Any]) -> bytes:
    """The workbook of a summary; the same summary gives the same bytes.

    Words stay words, whatever they begin with: nothing that a file brought in becomes a formula or a link. UsageError
    where the library that writes workbooks is not there, or a table has more rows than a sheet.
    """
    return written(sheets_of(summary))


def written(sheets: Sequence[Sheet]) -> bytes:
    """A workbook of some tables, as `workbook` writes them."""
    xlsxwriter = writer_library()
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": _CREATED})
        formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        taken: set[str] = set()
        for sheet in sheets:
            _write(book.add_worksheet(_name(sheet.name, taken)), sheet, formats, head)
    return target.getvalue()


def writer_library() -> Any:
    """The module that writes workbooks; UsageError where it is not installed."""
    try:
        import xlsxwriter
    except ImportError:
        raise UsageError(
            "Excel workbooks need the XlsxWriter library", place="--out", remedy='pip install "tcakit[excel]"'
        ) from None
    return xlsxwriter


def _write(page: Any, sheet: Sheet, formats: Mapping[str, Any], head: Any) -> None:
    if len(sheet.rows) > _MOST_ROWS:
        raise UsageError(
            f"{sheet.name} has {len(sheet.rows)} rows, a sheet holds {_MOST_ROWS}", remedy="choose fewer orders"
        )
    for place, name in enumerate(sheet.columns):
        page.write_string(0, place, name, head)
        kind = kind_of(name)
        cells = [row[place] for row in sheet.rows]
        letters = max((len(_shown(cell)) for cell in cells[:500]), default=0)
        page.set_column(place, place, min(max(letters, min(len(name), 14)) + 2, _WIDEST), formats[kind])
        for line, cell in enumerate(cells, start=1):
            _cell(page, line, place, cell, formats[kind])
    page.freeze_panes(1, 1)
    if sheet.columns:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)


def _cell(page: Any, line: int, place: int, cell: Any, look: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        page.write_boolean(line, place, cell)
    elif isinstance(cell, int | float) and abs(cell) < 2**53:
        page.write_number(line, place, cell, look)
    else:  # a double would not keep the digits of nanoseconds
        page.write_string(line, place, str(cell)[:_MOST_LETTERS])


def _shown(cell: Any) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else "" if cell is None else str(cell)


def kind_of(column: str) -> str:
    """How the numbers of a column are shown: the name of a format.

    >>> kind_of("arrival_bps_of_executed"), kind_of("fill_rate"), kind_of("average_price")
    ('bps', 'share', 'price')
    """
    return next((kind for pattern, kind in _KIND_OF_COLUMN if re.search(pattern, column)), "other")


def _name(name: str, taken: set[str]) -> str:
    """A name that a sheet may have: 31 letters, none that Excel refuses, no name twice."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", name.replace("_", " ")).strip()[:31] or "Sheet"
    chosen, number = plain, 2
    while chosen.lower() in taken or chosen.lower() == "history":
        chosen, number = f"{plain[:27]} {number}", number + 1
    taken.add(chosen.lower())
    return chosen
