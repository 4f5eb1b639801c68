"""A big CSV file a block of whole lines at a time, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
    first, blocks = b"", 0
    for line, block in line_blocks(place, content, block_bytes):
        offset = line - 1
        blocks += 1
        if line == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")
            first = header if header is not None else block.split(b"\n", 1)[0].rstrip(b"\r")
        if header is not None or line > 1:
            block = first + b"\n" + block
            offset -= 1
        if not block[len(first) :].strip():
            if line == 1 and len(block) < block_bytes:
                raise DataError("nothing below the header", place=place, remedy="check the export that wrote it")
            continue
        own = Faults()
        table = read_table(place, block, own)
        faults.rows += own.rows
        for fault in own.found:
            faults.add(fault.path, fault.line + offset, fault.reason, fault.text, fault.kept)
        yield replace(table, lines=table.lines + offset)
    if not blocks:
        raise DataError("the file is empty", place=place, remedy="fetch it again")
