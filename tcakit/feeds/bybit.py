"""Bybit's daily order book files (ob500, ob200): messages of its web socket, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tcakit.feeds.captures import read_messages
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source


class BybitReader:
    """Reads Bybit's order book files: a message of the web socket a line, without times of receipt."""

    name = "bybit"
    version = 2

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the first line is a message of a topic orderbook."""
        return head.lstrip()[:20].replace(b" ", b"").startswith(b'{"topic":"orderbook')

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield batches in the order of the file; DataError if no line is a message that is read."""
        yield from read_messages(source, options, faults)
