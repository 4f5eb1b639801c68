"""Raw captures of web sockets: lines of messages as the venue sent them, stamped by the recorder."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcakit.errors import DataError
from tcakit.feeds.binance_stream import BinanceStream
from tcakit.feeds.blocks import line_blocks
from tcakit.feeds.bybit_stream import BybitStream
from tcakit.feeds.coinbase import CoinbaseStream
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.json_table import HALF_CHARACTER, is_text
from tcakit.feeds.kraken import KrakenStream
from tcakit.feeds.message_fields import decimal_seconds, in_range
from tcakit.feeds.tape import Key, Tape
from tcakit.feeds.units import Units

_SECONDS = r"[0-8]?[0-9]{9}(?:\.[0-9]{1,9})?"  # until the year 2255, as 64 bits of nanoseconds do
# Three ways to write a line: after the address it was asked of, after decimal seconds, after nanoseconds.
_ASKED = re.compile(rf"^((?:wss?|https?)://\S+) (<->|<-|->) ({_SECONDS})(?:: (.*))?$")
_STAMPED = re.compile(rf"^({_SECONDS}): (.*)$")
_NANOSECONDS = re.compile(r"^([0-9]{19}) (.*)$")
_SYMBOL = re.compile(rb'"s"\s*:\s*"([A-Za-z0-9_]{2,40})"')
_READ = "Binance, Bybit, Coinbase Exchange or Kraken (version 1)"


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


# Numbers with a point stay the text that they are.
_JSON = json.JSONDecoder(parse_float=str, parse_constant=_no_number)


@dataclass(slots=True)
class Message:
    """A message as it was received: where it stands, when it came, over which connection, and its text."""

    place: str
    line: int
    recv_ns: int | None
    url: str
    text: str


class CaptureReader:
    """Reads captures of Binance, Bybit, Coinbase and Kraken: `SECONDS: JSON` with `URL <-> SECONDS` and
    `URL -> SECONDS: JSON` lines (cryptofeed), or `NANOSECONDS JSON` lines (hftbacktest's collector)."""

    name = "capture"
    version = 2

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the first line is stamped as a capture's."""
        first = head.split(b"\n", 1)[0][:4096].decode("utf-8", "replace").rstrip("\r")
        if _ASKED.match(first):
            return True
        found = _STAMPED.match(first) or _NANOSECONDS.match(first)
        return found is not None and found[2][:1] in ("{", "[")

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield batches in the order of receipt; DataError if no message is of a venue that is read."""
        yield from read_messages(source, options, faults)


class Streams:
    """The decoders of all venues, each message given to the one that knows it."""

    def __init__(self, tape: Tape, both: frozenset[Key] = frozenset()) -> None:
        self.tape = tape
        self.messages = 0  # that were read
        self.binance = BinanceStream(tape, both)
        self.bybit = BybitStream(tape)
        self.coinbase = CoinbaseStream(tape)
        self.kraken = KrakenStream(tape)

    def take(self, message: Message, lone_symbol: str | None) -> None:
        """Write a message's rows; one that cannot be read is a fault and leaves no rows."""
        self.tape.begin(message.place, message.line, message.recv_ns, message.text)
        try:
            data = _JSON.decode(message.text)
            if "\\u" in message.text and not is_text(data):
                self.tape.undo(HALF_CHARACTER)
                return
            if self.bybit.takes(data):
                self.bybit.take(data)
            elif self.binance.takes(data):
                self.binance.take(data, message.url, lone_symbol)
            elif self.kraken.takes(data):
                self.kraken.take(data)
            elif self.coinbase.takes(data):
                self.coinbase.take(data)
            elif isinstance(data, dict) and "result" in data and "id" in data:
                return  # the answer to a subscription
            else:
                self.tape.undo(f"no message of {_READ}")
                return
        except json.JSONDecodeError:
            self.tape.undo("no JSON")
            return
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
            told = f"{type(error).__name__} {error}" if isinstance(error, KeyError | IndexError) else str(error)
            self.tape.undo(f"not as the venue writes it: {told[:80]}")
            return
        self.messages += 1
        self.tape.commit()

    def finish(self) -> None:
        """After the last message: write what waited for one more."""
        for stream in (self.binance, self.bybit, self.coinbase, self.kraken):
            stream.finish()
        self.tape.commit()


def read_messages(source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
    """Read a source's messages twice: for scales and ticks, then for rows."""
    lone = _lone_symbol(source)
    units = Units(options)
    first = Tape(Faults())
    streams = Streams(first)
    for message in _messages(source, first.faults):
        streams.take(message, lone)
        if first.full:
            first.note(units)
    streams.finish()
    first.note(units)
    if not streams.messages:
        found = first.faults.found
        told = f", the first: {found[0].reason}" if found else ""
        raise DataError(
            f"no message of {_READ}{told}",
            place=source.name,
            remedy="check what was recorded, and how lines are stamped",
        )
    if options.symbol is not None and len(units.keys()) > 1:
        raise DataError(
            f"{len(units.keys())} symbols in the capture, but --symbol names one",
            place=source.name,
            remedy="leave --symbol out",
        )
    instruments = {key: units.instrument(key) for key in units.keys()}  # noqa: SIM118
    tape = Tape(faults)
    streams = Streams(tape, frozenset(streams.binance.single))
    for message in _messages(source, faults):
        streams.take(message, lone)
        if tape.full:
            yield from tape.batches(instruments, units.timezone)
    streams.finish()
    yield from tape.batches(instruments, units.timezone)
    tape.clock.tell(faults)


def _lone_symbol(source: Source) -> str | None:
    """The first symbol that messages of the source name, for answers that name none."""
    for label, content in source.members:
        for _, block in line_blocks(label, content, 1 << 20):
            found = _SYMBOL.search(block)
            if found:
                return found[1].decode("ascii")
            break
    return None


def _messages(source: Source, faults: Faults) -> Iterator[Message]:
    """Messages of all members, in the order of receipt."""
    several = len(source.members) > 1
    streams = []
    for label, content in source.members:
        place = label if label == source.name or several else f"{source.name}:{label}"
        streams.append(_lines(place, content, faults))
    if not several:
        yield from streams[0]
        return
    yield from heapq.merge(*streams, key=_received)


def _received(message: Message) -> int:
    return message.recv_ns or 0


def _lines(place: str, content: Path | bytes, faults: Faults) -> Iterator[Message]:
    url = ""
    for first, block in line_blocks(place, content):
        for offset, raw in enumerate(block.split(b"\n")):
            if not raw.strip():
                continue
            line = first + offset
            try:
                text = raw.decode("utf-8").strip()
            except UnicodeDecodeError:
                faults.rows += 1
                faults.add(place, line, "no UTF-8 text", raw[:200].decode("utf-8", "replace"))
                continue
            if text[0] in "{[":
                yield Message(place, line, None, url, text)
                continue
            exact, stamped, asked = _NANOSECONDS.match(text), _STAMPED.match(text), _ASKED.match(text)
            try:
                if exact:
                    yield Message(place, line, in_range(int(exact[1])), url, exact[2])
                elif stamped:
                    yield Message(place, line, decimal_seconds(stamped[1]), url, stamped[2])
                elif asked is None:
                    raise ValueError("no line of a capture")
                elif asked[2] == "<->":
                    url = asked[1]
                elif asked[2] == "->" and asked[4]:
                    yield Message(place, line, decimal_seconds(asked[3]), asked[1], asked[4])
            except ValueError as error:
                faults.rows += 1
                faults.add(place, line, str(error), text)
