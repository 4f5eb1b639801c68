"""Messages of Binance's web sockets, and the snapshots of its books joined with them as the venue prescribes."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tcakit.feeds.message_fields import milliseconds, name, pairs, whole, words
from tcakit.feeds.tape import Key, Tape
from tcakit.market import codes

SPOT = "BINANCE"
DOLLAR_FUTURES = "BINANCE-FUTURES"
COIN_FUTURES = "BINANCE-DELIVERY"
_COIN_SYMBOL = re.compile(r"USD_(?:PERP|\d{6})$")
_QUERY = re.compile(r"[?&]symbol=(\w+)")
_HOSTS = (("dstream.", COIN_FUTURES), ("dapi.", COIN_FUTURES), ("fstream.", DOLLAR_FUTURES), ("fapi.", DOLLAR_FUTURES))
# Updates kept to bring a late snapshot up to now: the venue sends ten a second, or a few more.
_KEPT_UPDATES = 4096
Levels = list[tuple[str, str]]


@dataclass(slots=True)
class _Update:
    first: int
    last: int
    previous: int | None  # futures say which update they follow; spot numbers them without gaps
    ts_ns: int
    bids: Levels
    asks: Levels


@dataclass(slots=True)
class _Book:
    last: int | None = None
    snapshot: int | None = None  # id of a snapshot whose first update has not come yet
    untimed: tuple[Levels, Levels] | None = None  # that snapshot, where it has no time of its own
    recent: deque[_Update] = field(default_factory=lambda: deque(maxlen=_KEPT_UPDATES))


class BinanceStream:
    """Depth updates, snapshots, trades, best quotes and bars of Binance spot and futures.

    An update must follow the one before it: pu = last u (futures), U = last u + 1 (spot). Of the updates after a
    snapshot those that it contains are dropped, and the first one kept must reach over it: U <= lastUpdateId <= u
    (futures), U <= lastUpdateId + 1 <= u (spot). Where updates are missing the book starts anew, empty: what later
    updates name is right, what they do not name is unknown until the next snapshot.
    """

    def __init__(self, tape: Tape, both: frozenset[Key] = frozenset()) -> None:
        self.tape = tape
        self.both = both  # instruments that have single trades beside aggregated ones
        self.single: set[Key] = set()
        self.books: dict[Key, _Book] = {}
        self.updates = 0

    def takes(self, message: Any) -> bool:
        """Whether a message is one of Binance's."""
        if not isinstance(message, dict):
            return False
        data = message.get("data") if "stream" in message else message
        return isinstance(data, dict) and (
            isinstance(data.get("e"), str) or "lastUpdateId" in data or {"u", "b", "a"} <= data.keys()
        )

    def take(self, message: dict[str, Any], url: str, lone_symbol: str | None) -> None:
        """Write a message's rows; ValueError, KeyError or TypeError if it is not as the venue writes it."""
        stream = message.get("stream")
        data = message["data"] if stream is not None else message
        kind = data.get("e")
        if "lastUpdateId" in data:
            self._rest_snapshot(data, url, lone_symbol, stream)
        elif kind == "depthUpdate":
            self._depth(data, url)
        elif kind in ("trade", "aggTrade"):
            self._trade(data, url, kind)
        elif kind == "bookTicker" or (kind is None and {"u", "b", "B", "a", "A"} <= data.keys()):
            key = self._key(data, url, futures=kind is not None)
            self.tape.quote(
                key, _time(data), (words(data["b"]), words(data["B"])), (words(data["a"]), words(data["A"]))
            )
        elif kind == "kline":
            self._bar(data, url)
        elif "s" in data and kind is not None:
            self.tape.notice(self._key(data, url, futures=True), _time(data), name(kind), data)
        else:
            self.tape.unread(str(kind))

    def _key(self, data: dict[str, Any], url: str, futures: bool) -> Key:
        symbol = name(data["s"]).upper()
        return self._venue(symbol, url, futures), symbol

    def _venue(self, symbol: str, url: str, futures: bool) -> str:
        for part, venue in _HOSTS:
            if f"//{part}" in url:
                return venue
        if ".binance." in url:
            return SPOT
        if _COIN_SYMBOL.search(symbol):
            return COIN_FUTURES
        return DOLLAR_FUTURES if futures else SPOT

    def _trade(self, data: dict[str, Any], url: str, kind: str) -> None:
        key = self._key(data, url, futures="M" not in data)
        if kind == "trade":
            self.single.add(key)
        elif key in self.both:
            return
        way = data.get("X")
        if way == "NA":  # a marker without price and size
            return
        maker = data["m"]
        if not isinstance(maker, bool):
            raise ValueError("m is neither true nor false")
        self.tape.trade(
            key,
            milliseconds(data["T"]),
            words(data["p"]),
            words(data["q"]),
            codes.SELL if maker else codes.BUY,
            str(whole(data["t" if kind == "trade" else "a"])),
            None if way in (None, "MARKET") else name(way),
        )

    def _bar(self, data: dict[str, Any], url: str) -> None:
        bar = data["k"]
        # Spot and futures write bars alike: without the address, the file's other messages say which it is.
        key = self._key(data, url, futures=self._is_futures(name(data["s"]).upper()))
        if bar["x"] is True:
            start, end = milliseconds(bar["t"]), milliseconds(bar["T"])
            if end < start:
                raise ValueError("a bar that ends before it starts")
            self.tape.bar(key, start, end - start + 1_000_000, [words(bar[part]) for part in "ohlcv"])

    def _is_futures(self, symbol: str) -> bool:
        return (DOLLAR_FUTURES, symbol) in self.books or (COIN_FUTURES, symbol) in self.books

    def _depth(self, data: dict[str, Any], url: str) -> None:
        key = self._key(data, url, futures="pu" in data)
        previous = whole(data["pu"]) if "pu" in data else None
        time = milliseconds(data["T"] if "T" in data else data["E"])
        update = _Update(whole(data["U"]), whole(data["u"]), previous, time, pairs(data["b"]), pairs(data["a"]))
        if update.first > update.last:
            raise ValueError("U is after u")
        self._apply(key, self.books.setdefault(key, _Book()), update)

    def _apply(self, key: Key, book: _Book, update: _Update) -> None:
        futures = update.previous is not None
        missing: str | None = None
        if book.snapshot is not None:
            taken = book.snapshot
            if update.last < taken or (not futures and update.last == taken):
                return
            if update.first > taken + (0 if futures else 1) and update.previous != taken:
                missing = f"update {update.first} does not join snapshot {taken}"
            if book.untimed is not None:
                self.tape.snapshot(key, update.ts_ns, *book.untimed)
            book.snapshot = book.untimed = None
        elif book.last is not None:
            if update.last <= book.last:
                self.tape.fault(f"update {update.last} comes after update {book.last}")
                return
            follows = update.previous == book.last if futures else update.first == book.last + 1
            if not follows:
                after = update.previous if futures else update.first
                what = "follows" if futures else "begins at"
                missing = (
                    f"the update that ends at {update.last} {what} {after}, but the one before ends at {book.last}"
                )
        if missing is not None:
            self.tape.fault(f"{'/'.join(key)}: updates are missing: {missing}; the book starts anew", kept=True)
            self.tape.clear(key, update.ts_ns)
            book.recent.clear()
        self.tape.levels(key, update.ts_ns, codes.SET, codes.BUY, update.bids)
        self.tape.levels(key, update.ts_ns, codes.SET, codes.SELL, update.asks)
        self.updates += 1
        book.last = update.last
        book.recent.append(update)

    def _rest_snapshot(self, data: dict[str, Any], url: str, lone_symbol: str | None, stream: object) -> None:
        if stream is not None:
            self.tape.unread("partial book depth stream")
            return
        found = _QUERY.search(url)
        symbol = found[1] if found else data.get("symbol") or lone_symbol
        if symbol is None:
            self.tape.fault("a snapshot that does not say of which symbol it is")
            return
        futures = "T" in data or "E" in data
        symbol = name(symbol).upper()
        key = self._venue(symbol, url, futures), symbol
        taken, bids, asks = whole(data["lastUpdateId"]), pairs(data["bids"]), pairs(data["asks"])
        time = _time(data)
        book = self.books.setdefault(key, _Book())
        if book.last is None or taken >= book.last:
            book.snapshot = taken
            book.untimed = (bids, asks) if time is None else None
            if time is not None:
                self.tape.snapshot(key, time, bids, asks)
            return
        oldest = book.recent[0] if book.recent else None
        if oldest is None or oldest.first > taken + (0 if futures else 1):
            self.tape.fault(f"snapshot {taken} is older than the updates kept, which end at {book.last}: not used")
            return
        later = [update for update in book.recent if update.last > taken]
        bids = _brought_up(bids, [update.bids for update in later])
        asks = _brought_up(asks, [update.asks for update in later])
        self.tape.snapshot(key, later[-1].ts_ns, bids, asks)
        book.snapshot = book.untimed = None

    def finish(self) -> None:
        """Write snapshots that no update has followed, at the time of their receipt."""
        for key, book in self.books.items():
            if book.untimed is not None and self.tape.recv_ns is not None:
                self.tape.snapshot(key, None, *book.untimed)
                book.untimed = None


def _time(data: dict[str, Any]) -> int | None:
    for field_name in ("T", "E"):
        if field_name in data:
            return milliseconds(data[field_name])
    return None


def _brought_up(levels: Levels, updates: list[Levels]) -> Levels:
    """A snapshot's levels of one side after later updates of them."""
    held = {Decimal(price): (price, size) for price, size in levels}
    for update in updates:
        for price, size in update:
            held[Decimal(price)] = (price, size)
    return [(price, size) for price, size in held.values() if Decimal(size) != 0]
