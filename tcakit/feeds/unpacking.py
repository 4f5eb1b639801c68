"""Packed files unpacked piece by piece: what is small into memory, what is large into a temporary file."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from tcakit.errors import NO_ROOM, DataError, DiskError, UsageError

LARGEST_IN_MEMORY = 64 << 20
_PIECE_BYTES = 1 << 20
_ZSTD_PIECE_BYTES = 4096


class Unpacked:
    """Holds the temporary files of one source; they are gone when the block ends, whatever ends it.

    They lie in the folder that TMPDIR names.
    """

    def __init__(self) -> None:
        self._folder: str | None = None
        self._count = 0

    def __enter__(self) -> Unpacked:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.drop()

    def drop(self) -> None:
        """Remove what was unpacked so far."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def take(self, name: str, pieces: Iterator[bytes], limit: int, archive: Path) -> Path | bytes:
        """The content that the pieces make up, in memory or as a file of that name.

        DataError when it is longer than `limit` bytes, DiskError when the temporary folder is full.
        """
        small = bytearray()
        for piece in pieces:
            small += piece
            _check(len(small), limit, archive)
            if len(small) > LARGEST_IN_MEMORY:
                return self._file(name, small, pieces, limit, archive)
        return bytes(small)

    def _file(self, name: str, first: bytearray, rest: Iterator[bytes], limit: int, archive: Path) -> Path:
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="tcakit-unpacked-")
        self._count += 1
        # A folder each: members of two folders of an archive may have one name.
        path = Path(self._folder) / str(self._count) / Path(name).name
        try:
            path.parent.mkdir()
            with path.open("wb") as file:
                length = file.write(first)
                first.clear()
                for piece in rest:
                    length += file.write(piece)
                    _check(length, limit, archive)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise DiskError(
                f"no room to unpack {archive} ({os.strerror(error.errno)})",
                place=self._folder,
                remedy="make room there, or let TMPDIR name a folder with more of it",
            ) from None
        return path


def _check(length: int, limit: int, archive: Path) -> None:
    if length > limit:
        raise DataError(
            f"unpacks to more than {limit >> 20} MiB", place=str(archive), remedy="unpack it by hand"
        ) from None


def gzip_pieces(path: Path) -> Iterator[bytes]:
    """What a .gz file unpacks to; the errors of `gzip` if it is damaged."""
    with gzip.open(path, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a member of a zip unpacks to; the errors of `zipfile` if it is damaged."""
    with archive.open(info) as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def zstd_pieces(path: Path) -> Iterator[bytes]:
    """What a .zst file of one or more frames unpacks to; EOFError if it is damaged or cut short."""
    try:
        import zstandard
    except ImportError:
        raise UsageError(
            ".zst files need the zstandard library", place=str(path), remedy='pip install "tcakit[zstd]"'
        ) from None
    frame, whole = zstandard.ZstdDecompressor().decompressobj(), True
    try:
        with path.open("rb") as file:
            # Frames follow each other in one file; pieces are small so that none unpacks to more than memory holds.
            while packed := file.read(_ZSTD_PIECE_BYTES):
                while packed:
                    yield frame.decompress(packed)
                    whole = frame.eof
                    packed = frame.unused_data if whole else b""
                    if whole:
                        frame = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from None
    if not whole:
        raise EOFError("its last frame is not whole")
