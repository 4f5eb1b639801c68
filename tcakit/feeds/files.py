"""Find what to ingest: files, folders, globs and archives, grouped into sources, each with its hash and format."""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tcakit.errors import DataError, TcakitError, UsageError
from tcakit.feeds import lobster
from tcakit.feeds.contract import Reader, Source
from tcakit.registry import find

READERS = {
    "dbn": "tcakit.feeds.dbn:DbnReader",
    "fix": "tcakit.feeds.fix:FixReader",
    "lobster": "tcakit.feeds.lobster:LobsterReader",
    "itch": "tcakit.feeds.itch:ItchReader",
    "iex": "tcakit.feeds.iex:IexReader",
    "taq": "tcakit.feeds.taq:TaqReader",
    "lean": "tcakit.feeds.lean:LeanReader",
    "tardis": "tcakit.feeds.tardis:TardisReader",
    "capture": "tcakit.feeds.captures:CaptureReader",
    "bybit": "tcakit.feeds.bybit:BybitReader",
    "binance": "tcakit.feeds.binance:BinanceReader",
    "bitstamp": "tcakit.feeds.bitstamp:BitstampReader",
    "csv": "tcakit.feeds.delimited:DelimitedReader",
    "blotter": "tcakit.feeds.blotter:BlotterReader",
}
_DATA_SUFFIXES = (
    ".csv",
    ".parquet",
    ".txt",
    ".tsv",
    ".dbn",
    ".dbz",
    ".log",
    ".fix",
    ".xlsx",
    ".pcap",
    ".pcapng",
    ".data",
)
_PACKED_SUFFIXES = (".gz", ".zst", ".zip")
_LARGEST_UNPACKED = 32 << 30
_LARGEST_RATIO = 400
HEAD_BYTES = 65_536
# One recording of a venue in several files (a connection each, and answers to requests), and Binance's depth files.
_CAPTURE = re.compile(r"^(?P<venue>[A-Z][A-Z0-9_]*)\.(?:ws|http)\.\d+\.\d+$")
_DEPTH = re.compile(r"^(?P<start>.*depth[-_])(?:snap|update)\.csv$", re.IGNORECASE)


def reader_named(name: str) -> Reader:
    """The reader that --format names; UsageError with the nearest name if there is none."""
    return find(name, READERS, "format", "--format")()


def discover(patterns: Sequence[str]) -> list[Path]:
    """Every file that the given paths, folders (searched in depth) and globs name, each once, in a steady order.

    Raises UsageError for a path that does not exist.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(os.path.expanduser(pattern))
        if path.is_dir():
            matches: Iterable[Path] = sorted(
                entry
                for entry in path.rglob("*")
                if entry.is_file() and (entry.name.lower().endswith(_PACKED_SUFFIXES) or _is_data(entry.name))
            )
        elif path.exists():
            matches = [path]
        else:
            matches = [Path(entry) for entry in sorted(glob.glob(str(path), recursive=True)) if os.path.isfile(entry)]
            if not matches:
                near = _nearest_file(path)
                remedy = f"did you mean {near}?" if near else "check the path"
                raise UsageError("no such file", place=str(path), remedy=remedy)
        found.update(dict.fromkeys(matches))
    return list(found)


def _is_data(name: str) -> bool:
    return name.lower().endswith(_DATA_SUFFIXES) or _CAPTURE.match(Path(name).name) is not None


def _nearest_file(path: Path) -> str | None:
    from tcakit.registry import nearest

    if not path.parent.is_dir():
        return None
    name = nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    return str(path.parent / name) if name else None


def sources(paths: Sequence[Path], troubles: list[TcakitError]) -> Iterator[Source]:
    """Group files into sources: the two files of a LOBSTER pair belong together, others stand alone.

    Archives are unpacked one at a time, as the sources are asked for. What cannot be opened is added to `troubles`.
    """
    pairs: dict[tuple[Path, str], list[Path]] = {}
    order: list[tuple[Path, str] | Path] = []
    for path in paths:
        stem = _pair_stem(path.name)
        if stem is None:
            order.append(path)
        else:
            key = (path.parent, stem)
            if key not in pairs:
                order.append(key)
            pairs.setdefault(key, []).append(path)
    for entry in order:
        try:
            yield from _unpack(entry) if isinstance(entry, Path) else [_pair_source(pairs[entry])]
        except TcakitError as trouble:
            troubles.append(trouble)


def _pair_stem(name: str) -> str | None:
    plain = _unpacked_name(name)
    match = lobster._NAME.search(plain)
    if match:
        return plain.replace(f"_{match['role']}_", "_*_")
    capture, depth = _CAPTURE.match(plain), _DEPTH.match(plain)
    return f"{capture['venue']}.*" if capture else f"{depth['start']}*.csv" if depth else None


def _unpacked_name(name: str) -> str:
    """The name of what is inside a .gz or .zst."""
    return name[: -len(Path(name).suffix)] if name.lower().endswith((".gz", ".zst")) else name


def _pair_source(given: list[Path]) -> Source:
    """Complete a LOBSTER pair, or a venue's capture, when the user names only some of the files that stand together."""
    members = dict.fromkeys(given)
    for path in given:
        for role, other in (("_message_", "_orderbook_"), ("_orderbook_", "_message_")):
            sibling = path.with_name(path.name.replace(role, other))
            if sibling.exists():
                members[sibling] = None
        if _CAPTURE.match(path.name):
            stem = _pair_stem(path.name)
            members.update(dict.fromkeys(p for p in path.parent.iterdir() if _pair_stem(p.name) == stem))
    files = sorted(members)
    name = str(files[0].with_name(_pair_stem(files[0].name) or files[0].name))
    unpacked = [(_unpacked_name(str(path)), _content(path)) for path in files]
    return Source(name, tuple(files), tuple(unpacked), _hash(content for _, content in unpacked))


def _hash(contents: Iterable[Path | bytes]) -> str:
    digest = hashlib.sha256()
    for content in contents:
        if isinstance(content, bytes):
            digest.update(content)
            continue
        with content.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def sizes(source: Source) -> tuple[tuple[str, int], ...]:
    """Name and size in bytes of each of a source's members."""
    return tuple((Path(label).name, _size(content)) for label, content in source.members)


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def beginning_hash(source: Source, members: Sequence[tuple[str, int]]) -> str | None:
    """The hash that a source had when its members were of these sizes; None if it cannot have been so."""
    contents = dict(zip((name for name, _ in sizes(source)), (content for _, content in source.members), strict=True))
    digest = hashlib.sha256()
    for name, size in members:
        content = contents.get(name)
        if content is None or _size(content) < size:
            return None
        if isinstance(content, bytes):
            digest.update(memoryview(content)[:size])
            continue
        with content.open("rb") as file:
            while size and (chunk := file.read(min(size, 1 << 20))):
                digest.update(chunk)
                size -= len(chunk)
    return digest.hexdigest() if members else None


def _content(path: Path) -> Path | bytes:
    """A plain file as it is, a .gz or .zst unpacked; DataError if it is damaged."""
    suffix = path.suffix.lower()
    if suffix not in (".gz", ".zst"):
        return path
    with _told_as_damaged(path):
        return _bounded(gzip.open(path, "rb"), path) if suffix == ".gz" else _zstd(path)


@contextmanager
def _told_as_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise UsageError("may not be read", place=str(path), remedy="check its permissions") from None
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, RuntimeError, OSError) as error:
        raise DataError(
            f"the archive is damaged or cut short ({error})", place=str(path), remedy="fetch it again"
        ) from None


def _unpack(path: Path) -> list[Source]:
    if path.suffix.lower() == ".zip":
        with _told_as_damaged(path):
            return _zip_sources(path)
    content = _content(path)
    label = str(path) if content is path else _unpacked_name(path.name)
    return [Source(str(path), (path,), ((label, content),), _hash([content]))]


def _bounded(file: io.BufferedIOBase | gzip.GzipFile, path: Path) -> bytes:
    limit = min(_LARGEST_UNPACKED, max(64 << 20, path.stat().st_size * _LARGEST_RATIO))
    with file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DataError(f"unpacks to more than {limit >> 20} MiB", place=str(path), remedy="unpack it by hand")
    return data


def _zstd(path: Path) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise UsageError(
            ".zst files need the zstandard library", place=str(path), remedy='pip install "tcakit[zstd]"'
        ) from None
    limit = min(_LARGEST_UNPACKED, max(64 << 20, path.stat().st_size * _LARGEST_RATIO))
    unpacked, frame, whole = bytearray(), zstandard.ZstdDecompressor().decompressobj(), True
    try:
        with path.open("rb") as file:
            # Frames follow each other in one file; pieces are small so that none unpacks to more than memory holds.
            while piece := file.read(4096):
                while piece:
                    unpacked += frame.decompress(piece)
                    if len(unpacked) > limit:
                        raise DataError(
                            f"unpacks to more than {limit >> 20} MiB", place=str(path), remedy="unpack it by hand"
                        )
                    whole = frame.eof
                    piece = frame.unused_data if whole else b""
                    if whole:
                        frame = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from None
    if not whole:
        raise EOFError("its last frame is not whole")
    return bytes(unpacked)


def _zip_sources(path: Path) -> list[Source]:
    groups: dict[str, list[tuple[str, bytes]]] = {}
    with zipfile.ZipFile(path) as archive:
        wanted = [
            info
            for info in archive.infolist()
            if not info.is_dir() and _is_data(info.filename) and "readme" not in info.filename.lower()
        ]
        # Exchanges' own archives hold files whose names have no ending.
        wanted = wanted or [info for info in archive.infolist() if not info.is_dir() and not Path(info.filename).suffix]
        total = sum(info.file_size for info in wanted)
        limit = min(_LARGEST_UNPACKED, max(64 << 20, path.stat().st_size * _LARGEST_RATIO))
        if total > limit:
            raise DataError(
                f"unpacks to {total >> 20} MiB, more than {limit >> 20} MiB",
                place=str(path),
                remedy="unpack it by hand",
            )
        for info in wanted:
            with archive.open(info) as member:
                data = member.read(info.file_size + 1)
            groups.setdefault(_pair_stem(info.filename) or info.filename, []).append((info.filename, data))
    if not groups:
        raise DataError("no CSV or Parquet file inside", place=str(path), remedy="check the archive")
    out = []
    for stem, members in groups.items():
        members.sort()
        name = str(path) if len(groups) == 1 else f"{path}!{stem}"
        out.append(Source(name, (path,), tuple(members), _hash(data for _, data in members)))
    return out


def detect(source: Source) -> Reader:
    """The reader that knows this source by its name and first bytes; DataError, with the first line, if none does."""
    label, content = source.members[0]
    head = content[:HEAD_BYTES] if isinstance(content, bytes) else _head(content)
    if not head.strip():
        raise DataError("the file is empty", place=source.name, remedy="fetch it again")
    for name in READERS:
        reader = reader_named(name)
        if reader.sniff(Path(label), head):
            return reader
    if b"\0" in head and not head.startswith(b"PAR1"):
        raise DataError("a binary file of no known format", place=source.name, remedy="check the path")
    first = head.split(b"\n", 1)[0][:120].decode("utf-8", "replace")
    raise DataError(
        f"the format is not recognised from its first line {first!r}",
        place=source.name,
        remedy=f"give --format {'|'.join(READERS)}, or --mapping FILE for a blotter",
    )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except PermissionError:
        raise UsageError("may not be read", place=str(path), remedy="check its permissions") from None
