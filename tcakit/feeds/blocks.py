"""A big CSV file a block of whole lines at a time, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tcakit.errors import DataError
from tcakit.feeds.contract import Faults
from tcakit.feeds.raw_table import RawTable, read_table

BLOCK_BYTES = 16 << 20


def line_blocks(place: str, content: Path | bytes, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, bytes]]:
    """(number of the first line, from 1; whole lines) over all of the content.

    >>> list(line_blocks("x", b"a\\nbb\\nc", 4))
    [(1, b'a\\nbb'), (3, b'c')]
    """
    line = 1
    for block in _pieces(place, content, block_bytes):
        yield line, block
        line += block.count(b"\n") + 1


def _pieces(place: str, content: Path | bytes, block_bytes: int) -> Iterator[bytes]:
    """Whole lines, each piece without its last newline."""
    if isinstance(content, bytes):
        at = 0
        while at < len(content):
            end = content.find(b"\n", min(at + block_bytes - 1, len(content)))
            if end < 0:
                yield content[at:].removesuffix(b"\n")
                return
            yield content[at:end]
            at = end + 1
        return
    try:
        with content.open("rb") as file:
            while data := file.read(block_bytes):
                data += b"" if data.endswith(b"\n") else file.readline()
                yield data.removesuffix(b"\n")
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}", place=place, remedy="check the path and its permissions"
        ) from None


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file below its header row: `block` from `start` on; `header` stands in front of them.

    `line` is where the piece begins in the file, `first_row` the line of its first row.
    """

    place: str
    block: bytes
    start: int
    header: bytes
    line: int
    first_row: int
    whole: bool  # the first piece, of a file that has no other

    def table(self, faults: Faults) -> RawTable | None:
        """The rows as text, each with its line in the file; None if there are none."""
        if not self.block[len(self.header) :].strip():
            if self.whole:
                raise DataError("nothing below the header", place=self.place, remedy="check the export that wrote it")
            return None
        own = Faults()
        table = read_table(self.place, self.block, own)
        offset = self.first_row - 2
        faults.rows += own.rows
        for fault in own.found:
            faults.add(fault.path, fault.line + offset, fault.reason, fault.text, fault.kept)
        return replace(table, lines=table.lines + offset)


def pieces(
    place: str, content: Path | bytes, header: bytes | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[Piece]:
    """The file piece by piece, each with the header row: the first line, or `header` for a file without one."""
    first: bytes | None = None
    for line, block in line_blocks(place, content, block_bytes):
        whole = line == 1 and len(block) < block_bytes
        if line == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")
            first = header if header is not None else block.split(b"\n", 1)[0].rstrip(b"\r")
        assert first is not None  # line 1 comes first
        own_header = header is None and line == 1
        if not own_header:
            block = first + b"\n" + block
        start = block.find(b"\n") + 1 or len(block)
        yield Piece(place, block, start, first, line, line + own_header, whole)
    if first is None:
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
