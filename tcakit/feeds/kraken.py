"""Messages of Kraken's web socket (version 1): books with their checksums, trades and tickers."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from tcakit.feeds.message_fields import decimal_seconds, name, words
from tcakit.feeds.tape import Key, Tape
from tcakit.market import codes

VENUE = "KRAKEN"
_BOOK = re.compile(r"^book-(\d{1,4})$")
_TAKERS = {"b": codes.BUY, "s": codes.SELL}
_CHECKED_LEVELS = 10
_SILENT = ("heartbeat", "systemStatus", "pong")
# (price, size, stamp, whether the venue says again what it said before)
Change = tuple[str, str, str, bool]


@dataclass(slots=True)
class _Side:
    """One side of a book: places in order, best first, and the texts that stand there."""

    side: int
    order: list[Decimal] = field(default_factory=list)
    texts: dict[Decimal, tuple[str, str]] = field(default_factory=dict)

    def set(self, price: str, size: str) -> None:
        place = -self.side * Decimal(price)
        if Decimal(size) == 0:
            if self.texts.pop(place, None) is not None:
                del self.order[bisect_left(self.order, place)]
            return
        if place not in self.texts:
            insort(self.order, place)
        self.texts[place] = price, size

    def cut(self, depth: int) -> list[str]:
        """Prices beyond the depth that was subscribed to: the venue says no more of them."""
        gone = [self.texts.pop(place)[0] for place in self.order[depth:]]
        del self.order[depth:]
        return gone


@dataclass(slots=True)
class _Book:
    depth: int
    ts_ns: int
    bids: _Side = field(default_factory=lambda: _Side(codes.BUY))
    asks: _Side = field(default_factory=lambda: _Side(codes.SELL))
    proven: bool = True

    def checksum(self) -> int:
        """CRC32 over the ten best asks and bids: price and size without point and leading zeros, end to end."""
        parts: list[str] = []
        for side in (self.asks, self.bids):
            for place in side.order[:_CHECKED_LEVELS]:
                parts.extend(text.replace(".", "").lstrip("0") for text in side.texts[place])
        return zlib.crc32("".join(parts).encode())


class KrakenStream:
    """Books of any depth, proven by the checksum that each update carries, trades and tickers.

    A subscription shows a number of levels a side: what falls out beyond it is a LEAVE, what the venue says again when
    it comes back is an ENTER. At the first checksum that does not match the book starts anew, empty, and is proven no
    more until the next snapshot.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.books: dict[Key, _Book] = {}
        self.checked = 0
        self.matched = 0
        self.book_messages = 0

    def takes(self, message: Any) -> bool:
        """Whether a message is one of Kraken's."""
        if isinstance(message, dict):
            return isinstance(message.get("event"), str) and "channel" not in message
        return isinstance(message, list) and len(message) >= 4 and isinstance(message[-1], str)

    def take(self, message: Any) -> None:
        """Write a message's rows; ValueError, KeyError or TypeError if it is not as the venue writes it."""
        if isinstance(message, dict):
            kind = message["event"]
            if kind == "subscriptionStatus" and message.get("status") == "error":
                self.tape.fault(f"the venue told of an error: {message.get('errorMessage')}", kept=True)
            elif kind not in _SILENT and kind != "subscriptionStatus":
                self.tape.unread(kind)
            return
        channel, key = name(message[-2]), (VENUE, name(message[-1]))
        book = _BOOK.match(channel)
        if book:
            self._book(key, int(book[1]), [part for part in message[1:-2]])
        elif channel == "trade":
            trades = [
                (decimal_seconds(entry[2]), words(entry[0]), words(entry[1]), _TAKERS[entry[3]]) for entry in message[1]
            ]
            for time, price, size, taker in trades:
                self.tape.trade(key, time, price, size, taker, None)
        elif channel == "ticker":
            data = message[1]
            self.tape.quote(
                key, None, (words(data["b"][0]), words(data["b"][2])), (words(data["a"][0]), words(data["a"][2]))
            )
        else:
            self.tape.unread(channel)

    def _book(self, key: Key, depth: int, parts: list[dict[str, Any]]) -> None:
        self.book_messages += 1
        merged: dict[str, Any] = {}
        for part in parts:
            merged |= part
        if "as" in merged or "bs" in merged:
            asks, bids = _entries(merged.get("as", [])), _entries(merged.get("bs", []))
            # A level's stamp says when it last changed: the book stands since the latest of all.
            stamps = [decimal_seconds(entry[2]) for entry in asks + bids]
            earlier = self.books.get(key)
            book = _Book(depth, max([earlier.ts_ns if earlier else 0, *stamps]))
            for side, entries in ((book.asks, asks), (book.bids, bids)):
                for price, size, _, _ in entries:
                    side.set(price, size)
            self.tape.contents[key] = "book-l2-window", depth
            self.tape.snapshot(key, book.ts_ns or None, [entry[:2] for entry in bids], [entry[:2] for entry in asks])
            self.books[key] = book
            return
        known = self.books.get(key)
        if known is None:
            self.tape.fault(f"{key[1]}: an update of a book before its snapshot")
            return
        checksum = merged.get("c")
        asks, bids = _entries(merged.get("a", [])), _entries(merged.get("b", []))
        fresh = [decimal_seconds(entry[2]) for entry in asks + bids if not entry[3]]
        known.ts_ns = max([known.ts_ns, *fresh])
        for side, entries in ((known.asks, asks), (known.bids, bids)):
            self._change(key, known, side, entries)
        if checksum is not None and known.proven:
            self._prove(key, known, int(checksum))

    def _change(self, key: Key, book: _Book, side: _Side, entries: list[Change]) -> None:
        for price, size, _, again in entries:
            kind = codes.ENTER if again and Decimal(size) != 0 else codes.SET
            self.tape.levels(key, book.ts_ns, kind, side.side, [(price, size)])
            side.set(price, size)
        gone = side.cut(book.depth)
        if gone:
            self.tape.levels(key, book.ts_ns, codes.LEAVE, side.side, [(price, None) for price in gone])

    def _prove(self, key: Key, book: _Book, told: int) -> None:
        self.checked += 1
        held = book.checksum()
        if held == told:
            self.matched += 1
            return
        self.tape.fault(
            f"{key[1]}: updates are missing: the venue's checksum is {told}, the book's {held}; the book starts anew",
            kept=True,
        )
        book.proven = False
        book.asks, book.bids = _Side(codes.SELL), _Side(codes.BUY)
        self.tape.clear(key, book.ts_ns)

    def finish(self) -> None:
        """Nothing is held back."""


def _entries(levels: Any) -> list[Change]:
    """[[price, size, stamp, "r" where said again], ...] as texts; ValueError if a price or size is no number."""
    found = []
    for level in levels:
        price, size = words(level[0]), words(level[1])
        try:
            if not (Decimal(price).is_finite() and Decimal(size).is_finite()):
                raise ValueError("a price or size that is no number")
        except InvalidOperation:
            raise ValueError("a price or size that is no number") from None
        found.append((price, size, words(level[2]), len(level) > 3 and level[3] == "r"))
    return found
