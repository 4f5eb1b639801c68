"""A big CSV file a block of whole lines at a time, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tcakit.errors import DataError
from tcakit.feeds.contract import Faults
from tcakit.feeds.raw_table import RawTable, read_table

BLOCK_BYTES = 16 << 20
_NEWLINE = 10
_MARK = b"\xef\xbb\xbf"


def line_blocks(place: str, content: Path | bytes, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, bytes]]:
    """(number of the first line, from 1; whole lines without the last newline) over all of the content.

    >>> list(line_blocks("x", b"a\\nbb\\nc", 4))
    [(1, b'a'), (2, b'bb\\nc')]
    """
    line = 1
    for _, block in _blocks(place, content, block_bytes):
        yield line, bytes(block[:-1] if block[-1] == _NEWLINE else block)
        line += lines_in(block)


def lines_in(block: bytes | memoryview) -> int:
    """How many newlines there are (`bytes.count` looks for each of them anew).

    >>> lines_in(b"a\\nbb\\n")
    2
    """
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == _NEWLINE))


def _blocks(place: str, content: Path | bytes, block_bytes: int) -> Iterator[tuple[int, memoryview]]:
    """(where it begins; whole lines), no longer than asked for unless a line is."""
    if isinstance(content, bytes):
        whole, at = memoryview(content), 0
        while at < len(content):
            end = len(content)
            if at + block_bytes < end:
                end = content.rfind(b"\n", at, at + block_bytes) + 1 or content.find(b"\n", at) + 1 or end
            yield at, whole[at:end]
            at = end
        return
    try:
        with content.open("rb") as file:
            at = 0
            while data := file.read(block_bytes):
                # A short block is the last one.
                end = len(data) if len(data) < block_bytes else data.rfind(b"\n") + 1
                if end == 0:
                    data += file.readline()
                    end = len(data)
                elif end < len(data):
                    file.seek(at + end)
                yield at, memoryview(data)[:end]
                at += end
    except OSError as error:
        raise _unread(place, error) from None


def _size(place: str, path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unread(place, error) from None


def _unread(place: str, error: OSError) -> DataError:
    return DataError(f"cannot be read: {error.strerror}", place=place, remedy="check the path and its permissions")


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file below its header row, to be had again after they were let go.

    `line` is where the piece begins in the file, `first_row` the line of its first row.
    """

    place: str
    content: Path | bytes
    header: bytes
    line: int
    first_row: int
    whole: bool  # the first piece, of a file that has no other
    begin: int
    size: int
    held: memoryview | None = None

    def rows(self) -> memoryview:
        """The lines below the header."""
        if self.held is not None:
            return self.held
        if isinstance(self.content, bytes):
            return memoryview(self.content)[self.begin : self.begin + self.size]
        try:
            with self.content.open("rb") as file:
                file.seek(self.begin)
                return memoryview(file.read(self.size))
        except OSError as error:
            raise _unread(self.place, error) from None

    def let_go(self) -> Piece:
        """The same piece without its lines in memory."""
        return replace(self, held=None)

    def table(self, faults: Faults) -> RawTable | None:
        """The rows as text, each with its line in the file; None if there are none."""
        rows = bytes(self.rows())
        if not rows.strip():
            if self.whole:
                raise DataError("nothing below the header", place=self.place, remedy="check the export that wrote it")
            return None
        own = Faults()
        table = read_table(self.place, self.header + b"\n" + rows, own)
        offset = self.first_row - 2
        faults.rows += own.rows
        for fault in own.found:
            faults.add(fault.path, fault.line + offset, fault.reason, fault.text, fault.kept)
        return replace(table, lines=table.lines + offset)


def pieces(
    place: str, content: Path | bytes, header: bytes | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[Piece]:
    """The file piece by piece, each with the header row: the first line, or `header` for a file without one."""
    line, first, some = 1, header, False
    size = len(content) if isinstance(content, bytes) else _size(place, content)
    for at, block in _blocks(place, content, block_bytes):
        begin, first_row = at, line
        if line == 1:
            begin += len(_MARK) if block[: len(_MARK)] == _MARK else 0
            if header is None:
                end = (bytes(block).find(b"\n") + 1) or len(block)
                first = bytes(block[begin:end]).rstrip(b"\r\n")
                begin, first_row = end, 2
        assert first is not None  # line 1 comes first
        some = True
        whole = line == 1 and at + len(block) == size
        yield Piece(place, content, first, line, first_row, whole, begin, at + len(block) - begin, block[begin - at :])
        line += lines_in(block)
    if not some:
        raise DataError("the file is empty", place=place, remedy="fetch it again")


def tables(
    place: str,
    content: Path | bytes,
    faults: Faults,
    header: bytes | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RawTable]:
    """The file as tables of text, one a block, each row with its line in the file.

    The first line is the header row, unless `header` names the columns of a file without one.
    """
    for piece in pieces(place, content, header, block_bytes):
        table = piece.table(faults)
        if table is not None:
            yield table
