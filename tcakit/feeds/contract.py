"""What every reader of files promises: good rows out in the store's own columns, bad rows as faults with a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tcakit.market.instrument import Instrument

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """What the user says of a file that the file does not say itself; None where it should say it."""

    symbol: str | None = None
    venue: str | None = None
    date: str | None = None
    timezone: str | None = None
    currency: str | None = None
    tick_size: str | None = None  # decimal text, in currency, so that it is exact
    lot_size: str | None = None
    content: str | None = None  # trades, quotes, book-l2, parents, orders or fills, where the header is not clear
    mapping: dict[str, Any] | None = None  # a parsed mapping file (blotters)
    sentiment: str | None = None  # name and version of the lexicon that scores headlines
    clock_offsets: dict[str, int] | None = None  # ns to add to a blotter's times, by broker; "" is everybody else

    def as_dict(self) -> dict[str, Any]:
        """The options that are set, for the ingest key."""
        items = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in items.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to ingest: a file, or files that belong together (a LOBSTER pair); `name` is how people know it.

    `members` are (label, content) where content is a path on disk or, from an archive, the bytes themselves.
    """

    name: str
    paths: tuple[Path, ...]
    members: tuple[tuple[str, Path | bytes], ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was refused: which file or member, which line (from 1), why, and the row as it stood.

    `kept` marks a remark: something is wrong, but the row stands, so that it does not count against --max-faults.
    """

    path: str
    line: int
    reason: str
    text: str | None = None
    kept: bool = False


@dataclass(slots=True)
class Faults:
    """Collects refused rows; `rows` counts all rows seen, so that a share can be told.

    `counts` says by name what was passed over in good order (heartbeats, repeated messages).
    """

    found: list[Fault] = field(default_factory=list)
    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, path: str, line: int, reason: str, text: str | None = None, kept: bool = False) -> None:
        self.found.append(Fault(path, line, reason, None if text is None else text[:200], kept))

    @property
    def refused(self) -> int:
        """How many rows were refused: the faults that are no remarks."""
        return sum(not fault.kept for fault in self.found)

    def count(self, name: str, by: int = 1) -> None:
        if by:
            self.counts[name] = self.counts.get(name, 0) + by


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for one table. Market rows name their instrument and trade date; firm rows (parents, orders, fills) do not.

    A frame of several instruments has a column `local_id` (int32), and `instruments` says who they are; a file may
    come in many batches, so that memory stays bounded.

    `frame` holds the columns of `market.schema`'s table of that name, less instrument_id and source_id (market
    tables) and less run_id (firm tables), which the store fills in. `content` and `depth` go into `sources`.
    """

    table: str
    frame: pl.DataFrame
    instrument: Instrument | None = None
    date: str | None = None
    content: str | None = None
    depth: int | None = None
    instruments: Mapping[int, Instrument] = field(default_factory=dict)


class Reader(Protocol):
    """One file format. `name` is what --format takes; a raised `version` makes files be read anew."""

    name: str
    version: int

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether a file of that name with that beginning (already decompressed) is of this format."""
        ...

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield the file's rows; add refused ones to `faults`; raise DataError if it is not of this format at all."""
        ...
