"""How long a person waits before anything happens: the help, and a backtest until it begins to trade."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Benchmark

EVENTS = 120_000
_FLAGS = ("--symbol", "SIM", "--date", "2026-03-02")


def run(*arguments: str) -> str:
    """Run the command line in a process of its own; gives what it printed."""
    command = [sys.executable, "-m", "tcakit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def help_seconds() -> float:
    """Seconds of the clock for `tcakit --help`."""
    begun = time.perf_counter()
    assert "backtest" in run("--help")
    return time.perf_counter() - begun


def trading_seconds(store: Path) -> float:
    """Seconds of the clock from the start of the process until a backtest asks its strategy for the first time."""
    words = ("--side", "buy", "--quantity", "1000", "--algo", "twap", "--start", "10:00", "--end", "11:00")
    answer = json.loads(run("backtest", *_FLAGS, *words, "--again", "--store", str(store), "--json"))
    return float(answer["started_trading_s"])


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file; the day stored beforehand has a fraction of the full size."""
    yield Benchmark("start-help", "tcakit --help, by the clock", help_seconds, clock=True)
    events = max(2_000, int(EVENTS * scale))
    with tempfile.TemporaryDirectory() as folder:
        files, store = Path(folder) / "files", Path(folder) / "store"
        made = ("simulate", "run", *_FLAGS, "--events", str(events))
        run(*made, "--out", str(files), "--format", "lobster", "--levels", "5", "--quiet")
        run("ingest", str(files), "--store", str(store), "--quiet")
        job = f"tcakit backtest --again on a stored LOBSTER day of {events:,} events, by the clock until it trades"
        yield Benchmark("start-trading", job, lambda: trading_seconds(store), clock=True)
