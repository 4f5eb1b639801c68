"""The rules of a replay out of a backtest's configuration: how fills are, how long messages take."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tcakit.errors import DataError, UsageError
from tcakit.market.instrument import Instrument
from tcakit.venue.latency import ConstantLatency, Latency, RandomLatency, RecordedLatency
from tcakit.venue.limits import PreTradeLimits

FILLS = {"partial": (True, True), "partial-undepleted": (True, False), "whole": (False, False)}
"""How fills are -> whether they may be partial, whether what we took stays taken."""
FILL_NOTES = {
    "partial-undepleted": "what an order took is there again for the next one: fills are too many",
    "whole": "every fill is of the whole order, whatever was displayed or printed: fills are too large",
}
_COLUMNS = ("request_ns", "venue_ns", "response_ns")


@dataclass(frozen=True, slots=True)
class LatencyRules:
    """How long messages take; times in ns. Cancels and modifications take as long as new orders unless
    told otherwise.

    With `sigma` the times of orders and answers are drawn around their medians with `seed`; with `file` they are those
    recorded in it, whose content has the hash `file_hash`.
    """

    feed_ns: int = 0
    entry_ns: int = 1_000_000
    response_ns: int = 1_000_000
    cancel_ns: int | None = None
    modify_ns: int | None = None
    sigma: float | None = None
    seed: int = 0
    file: str | None = None
    file_hash: str | None = None

    def model(self) -> Latency:
        """The model that these rules ask for."""
        if self.file is not None:
            return recorded_latency(Path(self.file), self.feed_ns)
        if self.sigma is not None:
            return RandomLatency(self.feed_ns, self.entry_ns, self.response_ns, self.sigma, seed=self.seed)
        return ConstantLatency(self.feed_ns, self.entry_ns, self.response_ns, self.cancel_ns, self.modify_ns)


@dataclass(frozen=True, slots=True)
class LimitRules:
    """The most that one parent's orders may be: sizes in shares, notional in currency, None where nothing is limited.

    >>> LimitRules(max_order_size=500).of(Instrument("ACME", size_scale=10)).max_order_size
    5000
    """

    max_order_size: float | None = None
    max_order_notional: float | None = None
    max_position: float | None = None
    price_collar_ticks: int | None = None
    price_collar_bps: float | None = None
    max_open_orders: int | None = None
    max_messages_a_second: int | None = None

    def of(self, instrument: Instrument) -> PreTradeLimits | None:
        """The same in an instrument's stored units, rounded down; None if nothing is limited."""
        given = {name: getattr(self, name) for name in self.__slots__}
        if all(value is None for value in given.values()):
            return None
        for name in ("max_order_size", "max_position"):
            if given[name] is not None:
                given[name] = int(given[name] * instrument.size_scale)
        return PreTradeLimits(**given)


def file_hash(path: Path) -> str:
    """The hash of a file's content, UsageError if it cannot be read."""
    return hashlib.sha256(_content(path)).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", place=str(path), remedy="check the path and its permissions"
        ) from None


def recorded_latency(path: Path, feed_ns: int = 0) -> RecordedLatency:
    """Latencies of recorded orders from a CSV file with columns request_ns, venue_ns, response_ns, ns since 1970 UTC.

    An order that never got to the venue has 0 as `venue_ns`. Raises DataError with the line that cannot be used.
    """
    rows: list[tuple[int, ...]] = []
    reader = csv.DictReader(io.StringIO(_content(path).decode("utf-8", "replace"), newline=""))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise DataError(
            f"no column {', '.join(missing)}", place=f"{path}:1", remedy=f"name the columns {', '.join(_COLUMNS)}"
        )
    for row in reader:
        try:
            rows.append(tuple(int(row[name]) for name in _COLUMNS))
            if not all(0 <= value < 2**63 for value in rows[-1]):
                raise ValueError
        except (TypeError, ValueError):
            raise DataError(
                "a time is no whole number of ns",
                place=f"{path}:{reader.line_num}",
                remedy="write ns since 1970, UTC",
            ) from None
    requests, arrivals, answers = np.ascontiguousarray(np.array(rows, np.int64).reshape(-1, 3).T)
    try:
        return RecordedLatency(requests, arrivals, answers, feed_ns)
    except UsageError as error:
        raise DataError(error.message, place=str(path), remedy=error.remedy or "check the file") from None
