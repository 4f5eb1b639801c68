"""How a replay grows with the rows of its day: `python -m benchmarks.replay_growth [MILLIONS ...]`.

A made level-3 day, one of the longest feeds a row, lies on the disk as the store's cache keeps it: a million rows that
come again and again, each time after the book was cleared. It is mapped in a process of its own and replayed with a
strategy that quotes both sides every 100 ms. A line says how long a row took, in processor time, until when the first
row was replayed, by the clock, and what memory was held: columns, mapped from the disk, and all else that the replay
took for itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_level3 import INSTRUMENT, LATENCY_NS, STEP_NS, feed_columns_of, order_flow
from benchmarks.bench_replay import Quoting
from tcakit.book.ladder_kernel import CLEARS
from tcakit.market import codes
from tcakit.replay.columns import COLUMNS, feed_from_columns
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.latency import ConstantLatency

MILLIONS = (1, 10, 100)
ROWS = 1_000_000
_GAP_NS = 1_000_000
_CLEARING = {"late_ns": 0, "action": CLEARS, "side": 0, "tick2": 0, "level": -1, "queued_row": -1, "best_bid": -1}


def one_part() -> dict[str, NDArray[Any]]:
    """The columns of a million rows, the first of which clears the book."""
    columns = feed_columns_of(order_flow(ROWS - 1, 3))
    first = {**_CLEARING, "ns": columns["ns"][0] - _GAP_NS, "best_ask": columns["grid"][1]}
    for name, value in first.items():
        columns[name] = np.concatenate([np.array([value], columns[name].dtype), columns[name]])
    for name in ("print_row", "queued_row"):
        columns[name] = columns[name] + (columns[name] >= 0 if name == "queued_row" else 1)
    return columns


def write(folder: Path, millions: int) -> None:
    """A day of that many million rows as columns on the disk."""
    part = one_part()
    grows = {
        "ns": int(part["ns"][-1] - part["ns"][0]) + _GAP_NS,
        "print_row": ROWS,
        "print_volume": int(part["print_volume"][-1]),
        "queued_row": ROWS,
    }
    for name in COLUMNS:
        values = part[name]
        if name == "received_ns":
            np.save(folder / name, values)
            continue
        rows = len(values)
        out = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", values.dtype, (rows * millions,))
        for k in range(millions):
            more = k * grows.get(name, 0)
            out[k * rows : (k + 1) * rows] = np.where(values < 0, values, values + more) if more else values
        out.flush()
    np.save(folder / "grid", part["grid"])


def _held_bytes() -> int:
    """Memory of this process that no file stands behind."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def child(folder: Path) -> dict[str, Any]:
    """Replay the day of a folder; gives what that took."""
    settings = ReplaySettings(latency=ConstantLatency(0, LATENCY_NS, LATENCY_NS), queue_rule=codes.FIFO)
    small = feed_from_columns(INSTRUMENT, feed_columns_of(order_flow(1_000, 3)))
    Replay(small, [Participant(Quoting(int(small.ns[-1])), int(small.ns[0]), int(small.ns[-1]))], settings).run()
    before, begun = _held_bytes(), time.perf_counter()
    columns = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
    feed = feed_from_columns(INSTRUMENT, columns)
    strategy = Quoting(int(feed.ns[-1]))
    replay = Replay(feed, [Participant(strategy, int(feed.ns[0]) + STEP_NS, strategy.end_ns)], settings)
    replay.market.advance(int(feed.ns[0]))
    first_row_s = time.perf_counter() - begun
    used = time.process_time()
    found = replay.run()
    used = time.process_time() - used
    rows = found.rows
    return {
        "rows": rows,
        "orders": strategy.sent,
        "fills": strategy.fills,
        "first_row_s": round(first_row_s, 4),
        "ns_a_row": round(used / rows * 1e9, 1),
        "column_bytes_a_row": round(feed.nbytes / rows, 1),
        "other_bytes_a_row": round((_held_bytes() - before) / rows, 1),
    }


def main(arguments: list[str]) -> None:
    """Measure each size, smallest first."""
    for millions in sorted(int(text) for text in arguments) or MILLIONS:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), millions)
            command = [sys.executable, "-m", "benchmarks.replay_growth", "--child", folder]
            print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(Path(sys.argv[2]))))
    else:
        main(sys.argv[1:])
