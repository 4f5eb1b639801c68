"""A LOBSTER pair read the plain way: the csv module, integers and loops, nothing of the package's own reading."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

NEW, PARTIAL_CANCEL, DELETE, EXECUTION, HIDDEN = 1, 2, 3, 4, 5
BID, ASK = 1, -1


@dataclass(frozen=True)
class RawDay:
    """Message columns and the window after each message; `ns` counts from 1970 UTC, prices are in 1/10000."""

    ns: list[int]
    kind: list[int]
    size: list[int]
    price: list[int]
    side: list[int]
    windows: list[dict[int, dict[int, int]]]  # a row: side -> price -> displayed size
    levels: int

    def best(self, row: int, side: int) -> int | None:
        prices = self.windows[row][side]
        return (max(prices) if side == BID else min(prices)) if prices else None


def nanoseconds(text: str) -> int:
    """Decimal seconds as whole nanoseconds, digit by digit."""
    whole, _, fraction = text.partition(".")
    return int(whole) * 10**9 + int(fraction.ljust(9, "0")[:9])


def read_raw(path: Path, date: str = "2012-06-21", rows: int | None = None) -> RawDay:
    """Read a zip, or a folder, that holds one pair of nine decimals at most."""
    texts: dict[str, str] = {}
    if path.is_dir():
        found = {entry.name: entry.read_text() for entry in path.glob("*.csv")}
    else:
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".csv")}
    for name, text in found.items():
        texts["message" if "_message_" in name else "orderbook"] = text
    midnight = int(datetime.fromisoformat(date).replace(tzinfo=ZoneInfo("America/New_York")).timestamp()) * 10**9
    messages = list(csv.reader(io.StringIO(texts["message"])))[:rows]
    windows = []
    levels = 0
    for line in list(csv.reader(io.StringIO(texts["orderbook"])))[:rows]:
        values = list(map(int, line))
        levels = len(values) // 4
        asks = {price: size for price, size in zip(values[0::4], values[1::4], strict=True) if size}
        bids = {price: size for price, size in zip(values[2::4], values[3::4], strict=True) if size}
        windows.append({ASK: asks, BID: bids})
    assert len(messages) == len(windows)
    return RawDay(
        ns=[midnight + nanoseconds(row[0]) for row in messages],
        kind=[int(row[1]) for row in messages],
        size=[int(row[3]) for row in messages],
        price=[int(row[4]) for row in messages],
        side=[int(row[5]) for row in messages],
        windows=windows,
        levels=levels,
    )


def tcakit(*arguments: str | Path, expect: int = 0) -> dict[str, Any]:
    """Run the command line with --json in a process of its own; gives what it printed."""
    command = [sys.executable, "-m", "tcakit", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == expect, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def sql(store: Path, query: str) -> list[dict[str, Any]]:
    """Rows of a query by `tcakit sql`."""
    answer = tcakit("sql", query, "--limit", "1000000", "--store", store)
    assert not answer["truncated"]
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def query(store: Path, text: str) -> list[dict[str, Any]]:
    """The same without a process of its own, where it is the store that matters and not the command."""
    from tcakit.jobs import sql as job

    answer = job.query(store, text, limit=1_000_000)
    assert not answer["truncated"]
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def as_array(windows: list[dict[int, dict[int, int]]], levels: int) -> np.ndarray:
    """Windows as (rows, levels, 4): ask price, ask size, bid price, bid size; zeros where a level is missing."""
    out = np.zeros((len(windows), levels, 4), np.int64)
    for row, window in enumerate(windows):
        for level, (price, size) in enumerate(sorted(window[ASK].items())[:levels]):
            out[row, level, :2] = price, size
        for level, (price, size) in enumerate(sorted(window[BID].items(), reverse=True)[:levels]):
            out[row, level, 2:] = price, size
    return out
