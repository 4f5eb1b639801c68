"""Order execution summaries (SEC Rule 605(a)(2), "OES"): a month of one reporter in a CSV of 18 columns, in and out."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import polars as pl

from tcakit.errors import DataError
from tcakit.feeds.cell_faults import CellFaults
from tcakit.feeds.oes_remarks import Remarks
from tcakit.feeds.oes_rules import CODE_RULES, NUMBER_RULES, written
from tcakit.market.rule605 import OES_NAMES, SUMMARY_KEY, SUMMARY_NUMBERS

Cells = dict[str, str]
SUMMARY_SCHEMA: dict[str, type[pl.DataType]] = {
    "line": pl.Int64,
    **dict.fromkeys(SUMMARY_KEY, pl.String),
    **dict.fromkeys(SUMMARY_NUMBERS, pl.Float64),
}
"""A row of the summary: its line in the file, the six keys as text, and the twelve numbers, null where not known."""


def read_summary(path: str, data: bytes) -> tuple[pl.DataFrame, CellFaults]:
    """The good rows of a summary (SUMMARY_SCHEMA), and every defect with its line and column.

    A row with a defect that the schema forbids is left out; odd ones stay, with a remark. DataError where the first
    line is no header of a summary.

    >>> head = ",".join(OES_NAMES)
    >>> row = "Q,ACME,202501,Y,0,M,5,139,27.8,1,0,0,0.00036,0.000385,0.935065,0.0001,0.0001,12.5"
    >>> rows, faults = read_summary("oes.csv", f"{head}\\r\\n{row}\\r\\n".encode())
    >>> rows["effective_over_quoted"].to_list(), list(faults)
    ([0.935065], [])
    """
    faults = CellFaults(path)
    remarks = Remarks(faults)
    lines = _lines(data, faults)
    names = _header(path, lines[0] if lines else None, faults)
    whole = set(OES_NAMES) <= set(names)  # without one of its columns no row says all that it has to
    keys: dict[tuple[str, ...], int] = {}
    rows = []
    for line, text in lines[1:]:
        faults.rows += 1
        cells = _cells(line, text, names, faults)
        if cells is None:
            continue
        before = len(faults.refusing)
        row = dict(_values(line, cells, faults))
        key = tuple(str(row.get(name, "")) for name in SUMMARY_KEY)
        if all(key):
            first = keys.setdefault(key, line)
            if first != line:
                faults.add(line, None, " ".join(key), f"a key that no other row has: line {first} has it")
        remarks.look(line, row)
        if len(faults.refusing) == before and whole:
            rows.append({"line": line, **row})
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA, orient="row"), faults


def summary_text(rows: pl.DataFrame) -> str:
    """Rows of SUMMARY_SCHEMA (with or without `line`) as the file: CRLF, at most six decimals, no value is empty.

    >>> row = {"participant": "Q", "entity": "ACME", "month": "202501", "sp500": None, "size": "0", "order_type": "M"}
    >>> frame = pl.DataFrame([row | dict.fromkeys(SUMMARY_NUMBERS, 0.25)])
    >>> summary_text(frame).split("\\r\\n")[1]
    'Q,ACME,202501,,0,M,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25'
    """
    lines = [",".join(OES_NAMES)]
    for row in rows.select(*SUMMARY_KEY, *SUMMARY_NUMBERS).iter_rows():
        codes = ["" if code is None else str(code) for code in row[: len(SUMMARY_KEY)]]
        lines.append(",".join([*codes, *(written(value) for value in row[len(SUMMARY_KEY) :])]))
    return "\r\n".join(lines) + "\r\n"


def is_summary_header(text: str) -> bool:
    """Whether a line is a summary's header, be it damaged: half of the names or more stand in it.

    >>> is_summary_header(",".join(OES_NAMES)), is_summary_header("date,open,high,low,close")
    (True, False)
    """
    return 2 * len({name.strip() for name in text.split(",")} & set(OES_NAMES)) >= len(OES_NAMES)


def _lines(data: bytes, faults: CellFaults) -> list[tuple[int, bytes]]:
    """Lines with their numbers, less the blank ones; remarks on ends of lines and on a mark of the byte order."""
    if data.startswith(b"\xef\xbb\xbf"):
        faults.remark(1, None, "a byte order mark", "UTF-8 without it")
        data = data[3:]
    pieces = data.split(b"\n")
    bare = [number for number, piece in enumerate(pieces[:-1], start=1) if not piece.endswith(b"\r")]
    if bare:
        faults.remark(bare[0], None, f"LF at the end of {len(bare)} lines", "CR LF")
    kept = []
    for number, piece in enumerate(pieces, start=1):
        text = piece.removesuffix(b"\r")
        if text.strip():
            kept.append((number, text))
        elif number < len(pieces):
            faults.remark(number, None, "a blank line", "a row")
    return kept


def _header(path: str, first: tuple[int, bytes] | None, faults: CellFaults) -> list[str]:
    """The columns in the file's order; DataError where the line is no header at all."""
    text = "" if first is None else first[1].decode("utf-8", "replace")
    if first is None or not is_summary_header(text):
        raise DataError(
            f"no header of a Rule 605 summary in {text[:80]!r}",
            place=f"{path}:1",
            remedy=f"the first line is {OES_NAMES[0]},{OES_NAMES[1]},... to {OES_NAMES[-1]}",
        )
    names = [name.strip().strip('"') for name in text.split(",")]
    faults.check_header(first[0], names, OES_NAMES)
    return names


def _cells(line: int, text: bytes, names: list[str], faults: CellFaults) -> Cells | None:
    """The row's cells by column; None, with a fault, where the line is no row."""
    try:
        cells = next(csv.reader([text.decode("utf-8")], strict=True))
    except UnicodeDecodeError:
        faults.add(line, None, text.decode("utf-8", "replace"), "UTF-8 text")
        return None
    except (csv.Error, StopIteration) as error:
        faults.add(line, None, text.decode("utf-8", "replace"), f"cells apart by commas ({error})")
        return None
    if len(cells) != len(names):
        faults.add(line, None, f"{len(cells)} cells", f"{len(names)} cells")
        return None
    return dict(zip(names, cells, strict=True))


def _values(line: int, cells: Cells, faults: CellFaults) -> Iterator[tuple[str, str | float | None]]:
    """Our names and values of the cells that are right; faults for the others."""
    for code in CODE_RULES:
        text = cells.get(code.name)
        if text is None:
            continue
        if code.wrong(text.strip()):
            faults.add(line, code.name, text, code.allowed)
        else:
            yield code.field, text.strip()
            _look_at_blanks(line, code.name, text, faults)
    for number in NUMBER_RULES:
        text = cells.get(number.name)
        if text is None:
            continue
        try:
            value = number.value(text.strip())
        except ValueError as error:
            faults.add(line, number.name, text, str(error))
            continue
        yield number.field, value
        _look_at_blanks(line, number.name, text, faults)


def _look_at_blanks(line: int, name: str, text: str, faults: CellFaults) -> None:
    if text != text.strip():
        faults.remark(line, name, text, "a cell without blanks around it")
