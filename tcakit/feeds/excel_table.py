"""A sheet of an Excel workbook as columns of text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.registry import nearest

MARK = b"PK\x03\x04"
_SUFFIXES = (".xlsx", ".xlsm")
# A cell that holds a time of day alone is an instant of the day before Excel's first.
_DAY_ZERO = r"^1899-12-3[01] "


def is_workbook(name: str, head: bytes) -> bool:
    """Whether a file of that name with that beginning is an Excel workbook."""
    return name.lower().endswith(_SUFFIXES) and head[:4] == MARK


def read_sheet(place: str, content: Path | bytes, sheet: str | None) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """(the sheet's columns as text, each row's number counted from the header as 1); its first sheet if none is named.

    Numbers come in the fewest digits that give them back, times as ISO 8601 to the millisecond that Excel keeps.
    Raises UsageError where the library for it is missing, DataError for a damaged workbook or an unknown sheet.
    """
    try:
        import fastexcel
    except ImportError:
        raise UsageError(
            "Excel workbooks need the fastexcel library", place=place, remedy='pip install "tcakit[excel]"'
        ) from None
    try:
        book = fastexcel.read_excel(content if isinstance(content, bytes) else str(content))
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            guess = nearest(sheet, names)
            hint = f"did you mean {guess!r}? " if guess else ""
            raise DataError(f"no sheet {sheet!r}", place=place, remedy=f"{hint}it has {', '.join(names)}")
        frame = book.load_sheet(sheet if sheet is not None else 0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        first = str(error).splitlines()[0]
        raise DataError(f"the workbook cannot be read: {first}", place=place, remedy="save it again") from None
    frame = frame.rename({name: name.strip() for name in frame.columns}).with_columns(
        pl.all().cast(pl.String).str.replace(_DAY_ZERO, "")
    )
    filled = frame.select(any=pl.any_horizontal(pl.all().is_not_null()))["any"] if frame.width else pl.Series([False])
    if not filled.any():
        raise DataError("nothing below the header", place=place, remedy="check the sheet that is read")
    lines = np.flatnonzero(filled.to_numpy()).astype(np.int64) + 2
    return frame.filter(filled), lines
