"""A CSV, Parquet, JSON or Excel file as columns of text, each row with its line; lines that do not fit are faults."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.feeds.contract import Faults
from tcakit.feeds.excel_table import is_workbook, read_sheet
from tcakit.feeds.json_table import is_json, read_objects
from tcakit.feeds.parquet_proof import survives

SEPARATORS = (",", ";", "\t", "|")
_NEWLINE, _QUOTE = 10, 34


@dataclass(frozen=True, slots=True)
class RawTable:
    """`frame` holds strings only; `lines[i]` is the line of row i in the file (from 1; the header is line 1).

    `starts` and `ends` are the rows' bytes in `data`; all three are None for Parquet, whose lines are row
    numbers.
    """

    place: str
    frame: pl.DataFrame
    lines: NDArray[np.int64]
    data: bytes | None = None
    starts: NDArray[np.int64] | None = None
    ends: NDArray[np.int64] | None = None

    def text(self, row: int) -> str:
        """The row as it stands in the file."""
        if self.data is None or self.starts is None or self.ends is None:
            return ",".join("" if value is None else value for value in self.frame.row(row))
        return self.data[self.starts[row] : self.ends[row]].decode("utf-8", "replace").rstrip("\r")


def read_table(
    place: str, content: Path | bytes, faults: Faults, separator: str | None = None, sheet: str | None = None
) -> RawTable:
    """Read a file with one header row, or JSON objects; lines with a wrong number of columns become faults.

    `sheet` names the sheet of an Excel workbook, the first if None. DataError if the file is empty, binary, not UTF-8
    or holds nothing below its header.
    """
    try:
        data = content if isinstance(content, bytes) else content.read_bytes()
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}", place=place, remedy="check the path and its permissions"
        ) from None
    if data[:4] == b"PAR1":
        return _parquet(place, content, data)
    if is_workbook(place, data):
        return RawTable(place, *read_sheet(place, data, sheet))
    if is_json(data):
        return RawTable(place, *read_objects(place, data, faults))
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    _refuse_other_content(place, data)
    return _delimited(place, data, faults, separator)


def header_of(head: bytes) -> list[str] | None:
    """Column names of a file by its first bytes; None if they are no header row of a delimited text."""
    if head[:3] == b"\xef\xbb\xbf":
        head = head[3:]
    line = head.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text.strip() or "\x00" in text:
        return None
    return _names(text, _separator(text))


def parquet_names(content: Path | bytes) -> list[str] | None:
    """Column names of a Parquet file, None if it is none."""
    try:
        return list(pl.read_parquet_schema(content if isinstance(content, Path) else io.BytesIO(content)))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return None


def _refuse_other_content(place: str, data: bytes) -> None:
    if not data.strip():
        raise DataError("the file is empty", place=place, remedy="check the export that wrote it")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("the file is UTF-16 text", place=place, remedy="save it as UTF-8")
    if b"\x00" in data[:4096]:
        raise DataError("the file is binary, not delimited text", place=place, remedy="name its format with --format")


def _separator(header: str) -> str:
    return max(SEPARATORS, key=header.count)


def _names(header: str, separator: str) -> list[str]:
    return [name.strip().strip('"').strip() for name in header.split(separator)]


def _delimited(place: str, data: bytes, faults: Faults, separator: str | None) -> RawTable:
    starts, ends, lines = _records(place, data)
    header = data[starts[0] : ends[0]].decode("utf-8", "replace").rstrip("\r")
    separator = separator or _separator(header)
    names = _names(header, separator)
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"columns {doubled} stand twice in the header", place=f"{place}:1", remedy="rename one")
    if len(starts) == 1:
        raise DataError("nothing below the header", place=place, remedy="check the export that wrote it")
    fields = _field_counts(data, starts, ends, separator)
    wrong = np.flatnonzero(fields != len(names))
    wrong = wrong[wrong > 0]
    for record in wrong:
        text = data[starts[record] : ends[record]].decode("utf-8", "replace").rstrip("\r")
        faults.rows += 1
        faults.add(
            place,
            int(lines[record]),
            f"{int(fields[record])} columns where the header has {len(names)}",
            text,
        )
    kept = np.setdiff1d(np.arange(1, len(starts)), wrong, assume_unique=True)
    if not len(kept):
        raise DataError("no row has as many columns as the header", place=place, remedy="check the separator")
    # A line of our own comes first: the parser unpacks, in silence, what begins like a packed file.
    first = separator.join(f"c{column}" for column in range(len(names))).encode()
    if len(kept) == len(starts) - 1 and _contiguous(data, starts, ends):
        body = b"".join((first, b"\n", memoryview(data)[starts[1] :]))
    else:
        body = b"\n".join((first, *(data[starts[record] : ends[record]] for record in kept.tolist())))
    frame = _parse(place, data, body, names, separator)
    if frame.height != len(kept):
        raise DataError(
            f"{frame.height} rows read from {len(kept)} lines: a quote mark stands where none belongs",
            place=place,
            remedy="double quote marks inside a quoted field, remove them elsewhere",
        )
    return RawTable(place, frame, lines[kept], data, starts[kept], ends[kept])


def _parse(place: str, data: bytes, body: bytes, names: list[str], separator: str) -> pl.DataFrame:
    try:
        return pl.read_csv(
            io.BytesIO(body), has_header=True, new_columns=names, infer_schema=False, separator=separator
        )
    except pl.exceptions.PolarsError as error:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as wrong:
            line = data.count(b"\n", 0, wrong.start) + 1
            raise DataError(
                f"byte {data[wrong.start]:#04x} is not UTF-8 text",
                place=f"{place}:{line}",
                remedy="save it as UTF-8",
            ) from None
        raise DataError(
            f"not a table of delimited text: {str(error).splitlines()[0]}",
            place=place,
            remedy="look for quote marks that are not closed",
        ) from None


def _records(place: str, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Start, end and line of every row that is not blank; a newline inside quotes ends no row."""
    raw = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(raw == _NEWLINE)
    breaks = newlines
    if b'"' in data:
        quotes = np.flatnonzero(raw == _QUOTE)
        breaks = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        if len(quotes) % 2:
            # The quote that opens the last odd stretch is the last one seen at the start of a field.
            last = int(np.searchsorted(newlines, quotes[-1]))
            raise DataError(
                "a quote mark is opened and never closed",
                place=f"{place}:{last + 1}",
                remedy="close or remove it",
            )
    starts = np.concatenate(([0], breaks + 1)).astype(np.int64)
    ends = np.concatenate((breaks, [len(data)])).astype(np.int64)
    lines = np.searchsorted(newlines, starts).astype(np.int64) + 1
    length = ends - starts
    blank = (length == 0) | ((length == 1) & (raw[np.minimum(starts, len(raw) - 1)] == 13))
    return starts[~blank], ends[~blank], lines[~blank]


def _contiguous(data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> bool:
    """Whether no blank line stands between the rows, nor after them but for one final newline."""
    return bool(np.all(starts[1:] == ends[:-1] + 1)) and len(data) - int(ends[-1]) <= 1


def _field_counts(data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], separator: str) -> NDArray[np.int64]:
    raw = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero(raw == ord(separator))
    if b'"' in data:
        quotes = np.flatnonzero(raw == _QUOTE)
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    counts = np.searchsorted(marks, ends) - np.searchsorted(marks, starts) + 1
    return counts.astype(np.int64)


def _parquet(place: str, content: Path | bytes, data: bytes) -> RawTable:
    if not survives(content):
        raise DataError(
            "damaged Parquet file: to read it would take more memory than there is",
            place=place,
            remedy="fetch or write it again",
        )
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DataError(
            f"damaged Parquet file: {(str(error).splitlines() or ['it cannot be read'])[0]}",
            place=place,
            remedy="fetch or write it again",
        ) from None
    if frame.is_empty():
        raise DataError("the file holds no rows", place=place, remedy="check the export that wrote it")
    strings = [_as_text(place, column) for column in frame.get_columns()]
    return RawTable(place, pl.DataFrame(strings), np.arange(1, frame.height + 1, dtype=np.int64))


def _as_text(place: str, column: pl.Series) -> pl.Series:
    """A typed column as text: floats in the fewest digits that give them back, times exactly."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is not None:
            return column.dt.timestamp("ns").cast(pl.String)
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f")
    if isinstance(kind, pl.Date):
        return column.dt.strftime("%Y-%m-%d")
    if isinstance(kind, pl.Time):
        return column.dt.strftime("%H:%M:%S%.9f")
    if kind.is_numeric() or kind in (pl.String, pl.Boolean, pl.Null, pl.Categorical) or isinstance(kind, pl.Enum):
        return column.cast(pl.String)
    raise DataError(f"column {column.name!r} is of type {kind}", place=place, remedy="store it as text or numbers")
