"""One spoilt file by its number: the same number spoils the same file in the same way, so that a finding comes back."""

from __future__ import annotations

import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from tcakit.errors import DataError, TcakitError
from tcakit.feeds.contract import Reader, Source
from tcakit.feeds.files import READERS, detect, reader_named, sources
from tests.contracts.samples import Sample
from tests.fuzz import oracle
from tests.fuzz.mutate import spoil, spoil_line
from tests.fuzz.oracle import Finding
from tests.fuzz.seeds import seeds

FORMATS = (*READERS, "packed")
SECONDS = 5.0
_OF_THE_FILE = ("ts_resolution_ns", "arrival_resolution_ns")


class TooSlow(BaseException):
    """Raised by the clock, past every handler that a reader may have."""


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Stop what takes more of the processor's time, with TooSlow; other programs of the machine do not count.

    On another thread than the first no signal arrives: there it is told afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        began = time.process_time()
        yield
        if time.process_time() - began > seconds:
            raise TooSlow
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@lru_cache
def _seeds(format: str) -> list[Sample]:
    return seeds(format)


def forget() -> None:
    """Let seeds be gathered anew."""
    _seeds.cache_clear()
    _unspoilt.cache_clear()


@lru_cache(maxsize=256)
def _reader(name: str) -> Reader:
    return reader_named(name)


def warm_up(format: str) -> None:
    """Read all that spoiling begins from as it is: kernels are compiled, libraries loaded, and the oracle content."""
    for sample in _seeds(format):
        if format == "packed":
            _unpacked(sample, sample.members[0][1])
        else:
            oracle.read(_reader(format), sample.source(), sample.reader_options(), strict=False)


@lru_cache(maxsize=64)
def _unspoilt(sample_id: int, format: str) -> tuple[list[bytes], list[tuple[Any, ...]]] | None:
    """(lines below the header, rows) of a sample whose lines stand each for itself."""
    sample = _seeds(format)[sample_id]
    if not sample.told_apart:
        return None
    lines = sample.members[0][1].rstrip(b"\n").split(b"\n")
    batches, _ = oracle.read(_reader(format), sample.source(), sample.reader_options())
    rows = oracle.values(batches)
    if len(rows) != len(lines) - sample.header_lines:
        raise AssertionError(f"{sample.members[0][0]}: {len(rows)} rows of {len(lines)} lines")
    return lines, rows


def run(format: str, number: int) -> str:
    """Spoil and read case `number`; gives what came of it: "rows", "rows and faults" or "refused". Raises Finding."""
    rng = random.Random(f"{format}:{number}")
    sample_id = rng.randrange(len(_seeds(format)))
    sample = _seeds(format)[sample_id]
    try:
        with time_limit():
            if format == "packed":
                return _unpacked(sample, spoil(rng, sample.members[0][1]))
            apart = _unspoilt(sample_id, format)
            if apart is not None and rng.random() < 0.4:
                return _one_line(rng, sample, *apart)
            return _whole(rng, sample)
    except TooSlow:
        raise Finding(f"more than {SECONDS:g} seconds") from None
    except MemoryError as error:
        raise Finding(f"memory without bound\n{error!r}") from None
    except BaseException as error:
        if isinstance(error, (Finding, KeyboardInterrupt, SystemExit)):
            raise
        # What Rust's panics become is no Exception.
        raise Finding(oracle._told(error)) from error


def _outcome(batches: list[Any], faults: Any) -> str:
    return "refused" if not batches else "rows and faults" if faults.found else "rows"


def _whole(rng: random.Random, sample: Sample) -> str:
    members: list[tuple[str, bytes | Path]] = list(sample.members)
    chosen = [rng.randrange(len(members))] if rng.random() < 0.8 else range(len(members))
    for index in chosen:
        name, content = sample.members[index]
        members[index] = (name, spoil(rng, content))
    source = sample.source(members)
    reader = _reader(sample.format)
    if rng.random() < 0.25:
        reader = _detected(source) or reader
    strict = not any(content[:4] in (b"PAR1", b"PK\x03\x04") for _, content in sample.members)
    return _outcome(*oracle.read(reader, source, sample.reader_options(), strict=strict))


def _detected(source: Source) -> Reader | None:
    try:
        return detect(source)
    except DataError as error:
        oracle.check_error(error)
        return None
    except TcakitError:
        raise
    except Exception as error:
        raise Finding(oracle._told(error)) from error


def _one_line(rng: random.Random, sample: Sample, lines: list[bytes], rows: list[tuple[Any, ...]]) -> str:
    """Spoil one line: the rows of all others must come out as they did, and of this one at most one row."""
    at = rng.randrange(len(rows))
    spoilt = list(lines)
    spoilt[sample.header_lines + at] = spoil_line(rng, lines[sample.header_lines + at])
    name = sample.members[0][0]
    source = sample.source([(name, b"\n".join(spoilt) + b"\n")])
    batches, faults = oracle.read(_reader(sample.format), source, sample.reader_options())
    if batches:
        expected = Counter(map(_of_its_line, rows[:at] + rows[at + 1 :]))
        found = Counter(map(_of_its_line, oracle.values(batches)))
        missing, more = expected - found, found - expected
        refused = {fault.line for fault in faults.found} - {sample.header_lines + at + 1}
        details = f"{spoilt[sample.header_lines + at]!r}\nmissing {list(missing)}\nmore {list(more)}\n{faults.found}"
        if missing.total() > len(refused):
            raise Finding(f"rows of other lines are lost or changed ({name})\n{details}")
        if sample.format == "news":
            # A headline has a row for each symbol that it names.
            more = Counter({tuple(cell for cell in row if cell is None or cell[0] != "symbol") for row in more})
        if more.total() > 1:
            raise Finding(f"rows that the file does not hold ({name})\n{details}")
    return _outcome(batches, faults)


def _of_its_line(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row without what all lines together say: one stamp with a fraction shows that the clock of all ticks finer."""
    return tuple(cell for cell in row if not isinstance(cell, tuple) or cell[0] not in _OF_THE_FILE)


def _unpacked(sample: Sample, content: bytes) -> str:
    name = sample.members[0][0]
    with tempfile.TemporaryDirectory(prefix="tcakit-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        troubles: list[TcakitError] = []
        outcomes = []
        for source in sources([path], troubles):
            reader = _detected(source)
            if reader is not None:
                outcomes.append(_outcome(*oracle.read(reader, source, sample.reader_options(), strict=False)))
        for trouble in troubles:
            oracle.check_error(trouble)
    return min(outcomes, default="refused")
