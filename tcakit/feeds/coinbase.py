"""Messages of Coinbase Exchange's web socket: level 2, matches and tickers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tcakit.errors import TcakitError
from tcakit.feeds.message_fields import in_range, name, pairs, whole, words
from tcakit.feeds.tape import Key, Tape
from tcakit.market import codes
from tcakit.market.clock import parse_time

VENUE = "COINBASE"
_SIDES = {"buy": codes.BUY, "sell": codes.SELL}
_SILENT = ("subscriptions", "heartbeat", "status")
Levels = list[tuple[str, str]]


class CoinbaseStream:
    """`snapshot`, `l2update`, `match`, `last_match` and `ticker` of any number of products.

    A snapshot has no time of its own: it counts from the first update of its product.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.waiting: dict[Key, tuple[Levels, Levels]] = {}
        self.last_trade: dict[Key, int] = {}
        self.updates = 0
        self.snapshots = 0

    def takes(self, message: Any) -> bool:
        """Whether a message is one of Coinbase's."""
        return isinstance(message, dict) and isinstance(message.get("type"), str) and "topic" not in message

    def take(self, message: dict[str, Any]) -> None:
        """Write a message's rows; ValueError, KeyError or TypeError if it is not as the venue writes it."""
        kind = message["type"]
        if kind in _SILENT:
            return
        if kind == "error":
            self.tape.fault(f"the venue told of an error: {message.get('message')}", kept=True)
            return
        if kind not in ("snapshot", "l2update", "match", "last_match", "ticker"):
            self.tape.unread(kind)
            return
        key = VENUE, name(message["product_id"])
        if kind == "snapshot":
            self._settle(key, None)
            self.waiting[key] = pairs(message["bids"]), pairs(message["asks"])
            self.snapshots += 1
            return
        time = _time(message["time"]) if "time" in message else None
        if kind == "l2update":
            if time is None:
                raise ValueError("an update without a time")
            changes = [(_SIDES[change[0]], words(change[1]), words(change[2])) for change in message["changes"]]
            self._settle(key, time)
            for side, price, size in changes:
                self.tape.levels(key, time, codes.SET, side, [(price, size)])
            self.updates += 1
        elif kind == "ticker":
            bid = words(message["best_bid"]), _optional(message, "best_bid_size")
            self.tape.quote(key, time, bid, (words(message["best_ask"]), _optional(message, "best_ask_size")))
        else:
            self._match(key, time, message)

    def _match(self, key: Key, time: int | None, message: dict[str, Any]) -> None:
        number = whole(message["trade_id"])
        known = self.last_trade.get(key)
        if known is not None and number <= known:
            # Every subscription begins with the last match before it.
            if message["type"] != "last_match":
                self.tape.fault(f"{key[1]}: trade {number} comes after trade {known}")
            return
        if known is not None and number != known + 1:
            self.tape.fault(f"{key[1]}: trades are missing: {number} follows {known}", kept=True)
        # `side` is that of the order that rested.
        aggressor = -_SIDES[message["side"]]
        self.tape.trade(key, time, words(message["price"]), words(message["size"]), aggressor, str(number))
        self.last_trade[key] = number

    def _settle(self, key: Key, time: int | None) -> None:
        if key in self.waiting:
            bids, asks = self.waiting.pop(key)
            self.tape.snapshot(key, time, bids, asks)

    def finish(self) -> None:
        """Write snapshots that no update has followed, at the time of the last message's receipt."""
        for key in list(self.waiting):
            if self.tape.recv_ns is not None:
                self._settle(key, None)


def _optional(message: dict[str, Any], field: str) -> str | None:
    return words(message[field]) if field in message else None


def _time(text: object) -> int:
    if not isinstance(text, str) or not text.endswith("Z"):
        raise ValueError("no time in UTC")
    datetime.fromisoformat(text[:19])  # ValueError where `parse_time` would speak to a user
    try:
        return in_range(parse_time(text))
    except TcakitError:
        raise ValueError("no time in UTC") from None
