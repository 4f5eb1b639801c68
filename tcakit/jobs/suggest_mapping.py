"""Draft the mapping of a blotter from its header and first rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tcakit.errors import DataError, TcakitError, UsageError
from tcakit.feeds.contract import Faults
from tcakit.feeds.excel_table import is_workbook
from tcakit.feeds.files import HEAD_BYTES, discover, sources
from tcakit.feeds.json_table import is_json
from tcakit.feeds.raw_table import read_table
from tcakit.feeds.suggest import suggest

_ROWS = 50


def suggest_mapping(paths: Sequence[str]) -> str:
    """The TOML text of a mapping for the one file named: CSV, Parquet, Excel or JSON; DataError if it has no header."""
    troubles: list[TcakitError] = []
    found = list(sources(discover(paths), troubles))
    if troubles:
        raise troubles[0]
    if len(found) != 1:
        raise UsageError(f"{len(found)} files", place=", ".join(paths), remedy="give one file to draft a mapping from")
    label, content = found[0].members[0]
    if label.lower().endswith(".parquet"):
        import polars as pl

        frame = pl.read_parquet(content, n_rows=_ROWS)
        return suggest(frame.columns, [[str(value) for value in row] for row in frame.rows()])
    if isinstance(content, bytes):
        head = content[:HEAD_BYTES]
    else:
        with content.open("rb") as file:
            head = file.read(HEAD_BYTES)
    if is_workbook(label, head) or is_json(head):
        read = read_table(label, content, Faults()).frame.head(_ROWS)
        return suggest(read.columns, [["" if value is None else value for value in row] for row in read.rows()])
    rows = list(csv.reader(io.StringIO(head.decode("utf-8-sig", "replace"))))
    if len(rows) < 2 or b"\0" in head:
        raise DataError(
            "no header and rows to draft from", place=label, remedy="give a CSV, Parquet, Excel or JSON file"
        )
    return suggest(rows[0], rows[1:_ROWS])
