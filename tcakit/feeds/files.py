"""Find what to ingest: files, folders, globs and archives, grouped into sources, each with its hash and format."""

from __future__ import annotations

import glob
import gzip
import hashlib
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tcakit.errors import DataError, DiskError, TcakitError, UsageError
from tcakit.feeds.contract import Reader, Source
from tcakit.feeds.unpacking import Unpacked, gzip_pieces, zip_pieces, zstd_pieces
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
    "news": "tcakit.feeds.news:NewsReader",
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
    ".jsonl",
    ".ndjson",
    ".nasdaq_itch50",
)
_DAMAGE = (ValueError, IndexError, OverflowError, struct.error, lzma.LZMAError)
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


def sources(paths: Sequence[Path], troubles: list[TcakitError]) -> Generator[Source, None, None]:
    """Group files into sources: the two files of a LOBSTER pair belong together, others stand alone.

    Archives are unpacked one at a time, as the sources are asked for; what is large goes into a temporary file that is
    gone when the next source is asked for. What cannot be opened is added to `troubles`.
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
        with Unpacked() as held:
            try:
                yield from _unpack(entry, held) if isinstance(entry, Path) else [_pair_source(pairs[entry], held)]
            except TcakitError as trouble:
                troubles.append(trouble)


def _pair_stem(name: str) -> str | None:
    from tcakit.feeds import lobster  # not above: the list of formats is part of the help, which loads nothing else

    plain = _unpacked_name(name)
    match = lobster._NAME.search(plain)
    if match:
        return plain.replace(f"_{match['role']}_", "_*_")
    capture, depth = _CAPTURE.match(plain), _DEPTH.match(plain)
    return f"{capture['venue']}.*" if capture else f"{depth['start']}*.csv" if depth else None


def _unpacked_name(name: str) -> str:
    """The name of what is inside a .gz or .zst."""
    return name[: -len(Path(name).suffix)] if name.lower().endswith((".gz", ".zst")) else name


def _pair_source(given: list[Path], held: Unpacked) -> Source:
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
    unpacked = [(_unpacked_name(str(path)), _content(path, held)) for path in files]
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


@contextmanager
def _told_as_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise UsageError("may not be read", place=str(path), remedy="check its permissions") from None
    except DiskError:
        raise
    # What a damaged directory of an archive makes the standard library raise is of many kinds.
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, RuntimeError, OSError, *_DAMAGE) as error:
        raise DataError(
            f"the archive is damaged or cut short ({error})", place=str(path), remedy="fetch it again"
        ) from None


def _unpack(path: Path, held: Unpacked) -> Iterator[Source]:
    if path.suffix.lower() == ".zip":
        yield from _zip_sources(path, held)
        return
    content = _content(path, held)
    label = str(path) if content is path else _unpacked_name(path.name)
    yield Source(str(path), (path,), ((label, content),), _hash([content]))


def _content(path: Path, held: Unpacked) -> Path | bytes:
    """A plain file as it is, a .gz or .zst unpacked; DataError if it is damaged."""
    if path.suffix.lower() not in (".gz", ".zst"):
        return path
    with _told_as_damaged(path):
        pieces = gzip_pieces(path) if path.suffix.lower() == ".gz" else zstd_pieces(path)
        return held.take(_unpacked_name(path.name), pieces, _limit(path), path)


def _limit(path: Path) -> int:
    return min(_LARGEST_UNPACKED, max(64 << 20, path.stat().st_size * _LARGEST_RATIO))


def _zip_sources(path: Path, held: Unpacked) -> Iterator[Source]:
    """The sources inside a zip, each unpacked when it is asked for."""
    groups: dict[str, list[zipfile.ZipInfo]] = {}
    with _told_as_damaged(path), zipfile.ZipFile(path) as archive:
        wanted = [
            info
            for info in archive.infolist()
            if not info.is_dir() and _is_data(info.filename) and "readme" not in info.filename.lower()
        ]
        # Exchanges' own archives hold files whose names have no ending.
        wanted = wanted or [info for info in archive.infolist() if not info.is_dir() and not Path(info.filename).suffix]
        total, limit = sum(info.file_size for info in wanted), _limit(path)
        if total > limit:
            raise DataError(
                f"unpacks to {total >> 20} MiB, more than {limit >> 20} MiB",
                place=str(path),
                remedy="unpack it by hand",
            )
        for info in wanted:
            groups.setdefault(_pair_stem(info.filename) or info.filename, []).append(info)
    if not groups:
        raise DataError("no CSV or Parquet file inside", place=str(path), remedy="check the archive")
    for stem, infos in groups.items():
        members = []
        with _told_as_damaged(path), zipfile.ZipFile(path) as archive:
            for info in sorted(infos, key=lambda info: info.filename):
                # A member that is longer than it says is a damaged archive: no more than that is unpacked.
                pieces = zip_pieces(archive, info)
                members.append((info.filename, held.take(info.filename, pieces, info.file_size, path)))
        name = str(path) if len(groups) == 1 else f"{path}!{stem}"
        yield Source(name, (path,), tuple(members), _hash(data for _, data in members))
        held.drop()


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
