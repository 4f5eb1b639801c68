"""A FIX log of execution reports into orders and fills, against simplefix splitting them; and into the store."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import Benchmark, installed
from tcakit.feeds.contract import Faults, ReaderOptions
from tcakit.feeds.files import sources
from tcakit.feeds.fix import FixReader
from tcakit.jobs.ingest import IngestRequest, ingest

REPORTS = 200_000
_PER_ORDER = 5  # an acknowledgement and four fills


def _message(fields: list[tuple[int, str]]) -> bytes:
    body = b"".join(b"%d=%s\x01" % (tag, value.encode()) for tag, value in fields)
    whole = b"8=FIX.4.2\x019=%d\x01" % len(body) + body
    return whole + b"10=%03d\x01" % (sum(whole) % 256)


def write_log(path: Path, reports: int) -> Path:
    """A drop copy as brokers log it: a time before each message, one message a line, sums that hold."""
    chance = random.Random(17)
    with path.open("wb") as file:
        for number in range(reports):
            order, step = divmod(number, _PER_ORDER)
            if step == 0:
                base = 100 + chance.random() * 50
                done, paid = 0, 0
            shares = 0 if step == 0 else 100 * chance.randint(1, 9)
            price = 0 if step == 0 else int((base + chance.random()) * 10_000)
            done += shares
            paid += shares * price
            total = 4 * 900
            seconds = number // 40
            moment = f"20250303-{9 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}."
            moment += f"{number % 40 * 25_000 + chance.randrange(25_000):06d}"
            status = "0" if step == 0 else "1"
            average = f"{paid / done / 10_000:.6f}" if done else "0"
            message = _message(
                [
                    (35, "8"), (34, str(number + 1)), (49, "BROKER"), (56, "DESK"), (52, moment),
                    (37, f"O{order:07d}"), (11, f"C{order:07d}"), (17, f"E{number:09d}"), (20, "0"),
                    (150, status), (39, status), (1, "FUND"), (55, f"SYM{order % 50:03d}"), (54, str(1 + order % 2)),
                    (38, str(total)), (40, "2"), (44, f"{base + 1:.2f}"), (59, "0"), (32, str(shares)),
                    (31, f"{price / 10_000:.4f}"), (151, str(total - done)), (14, str(done)), (6, average),
                    (60, moment), (30, "XNAS"), (851, str(1 + number % 2)), (12, "0.35"), (13, "3"), (58, "ok"),
                ]
            )  # fmt: skip
            file.write(moment.encode() + b" IN : " + message + b"\n")
    return path


def ours(path: Path) -> int:
    """Fills that the reader makes of the log: messages checked, orders followed, sums compared."""
    faults = Faults()
    (source,) = sources([path], [])
    rows = {batch.table: batch.frame.height for batch in FixReader().read(source, ReaderOptions(), faults)}
    assert not faults.found, faults.found[:3]
    return rows["fills"]


def peer(path: Path) -> int:
    """Messages with a quantity that simplefix splits into fields; nothing is made of them."""
    import simplefix

    parser: Any = simplefix.FixParser()
    fills = 0
    with path.open("rb") as file:
        for line in file:
            # It cannot pass over what a log writes before a message.
            parser.append_buffer(line[line.index(b"8=FIX") :])
            message = parser.get_message()
            fills += message.get(32) != b"0"
    return fills


def into_the_store(path: Path) -> int:
    """Rows stored by a whole ingest into a new store."""
    with tempfile.TemporaryDirectory() as folder:
        return int(ingest(Path(folder) / "store", IngestRequest([str(path)]))["rows"])


def _same(ours_found: int, peer_found: int) -> None:
    assert ours_found == peer_found, (ours_found, peer_found)


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmark of this file, at a fraction of the full size."""
    reports = max(100, int(REPORTS * scale) // _PER_ORDER * _PER_ORDER)
    job = (
        f"a FIX log of {reports:,} execution reports: messages checked, fills and orders in the store's columns "
        "(ours); messages split into fields (peer)"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write_log(Path(folder) / "drop_copy.log", reports)
        if installed("simplefix"):
            yield Benchmark("fix-read", job, lambda: ours(path), "simplefix", lambda: peer(path), _same)
        else:
            yield Benchmark("fix-read", job, lambda: ours(path), "simplefix is not installed")
        stored = f"a FIX log of {reports:,} execution reports into a new store: the whole ingest"
        yield Benchmark("fix-ingest", stored, lambda: into_the_store(path))
