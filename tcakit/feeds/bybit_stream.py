"""Messages of Bybit's public web socket: order books, trades and tickers."""

from __future__ import annotations

from typing import Any

from tcakit.feeds.message_fields import milliseconds, name, pairs, whole, words
from tcakit.feeds.tape import Key, Tape
from tcakit.market import codes

VENUE = "BYBIT"
_TAKERS = {"Buy": codes.BUY, "Sell": codes.SELL}


class BybitStream:
    """Topics orderbook, publicTrade and tickers (a notice). Updates of a book are numbered without gaps by `u`."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.last: dict[Key, int] = {}
        self.snapshots = 0
        self.updates = 0

    def takes(self, message: Any) -> bool:
        """Whether a message is one of Bybit's."""
        return isinstance(message, dict) and (
            isinstance(message.get("topic"), str) or {"success", "op"} <= message.keys()
        )

    def take(self, message: dict[str, Any]) -> None:
        """Write a message's rows; ValueError, KeyError or TypeError if it is not as the venue writes it."""
        if "topic" not in message:
            if message["success"] is not True:
                self.tape.fault(f"the venue told of an error: {message.get('ret_msg')}", kept=True)
            return
        topic, _, rest = message["topic"].partition(".")
        if topic == "orderbook":
            self._book(message, whole(rest.partition(".")[0]))
        elif topic == "publicTrade":
            self._trades(message["data"])
        elif topic == "tickers" and isinstance(message["data"], dict):
            data = message["data"]
            self.tape.notice((VENUE, name(data["symbol"])), milliseconds(message["ts"]), "tickers", data)
        else:
            self.tape.unread(topic)

    def _book(self, message: dict[str, Any], depth: int) -> None:
        data, kind = message["data"], message["type"]
        key = VENUE, name(data["s"])
        # `cts` is the matching engine's time, `ts` that of the message.
        time = milliseconds(message["cts"] if "cts" in message else message["ts"])
        number, bids, asks = whole(data["u"]), pairs(data["b"]), pairs(data["a"])
        if kind == "snapshot":
            self.tape.contents[key] = "book-l2-window", depth
            self.tape.snapshot(key, time, bids, asks)
            self.snapshots += 1
        elif kind == "delta":
            known = self.last.get(key)
            if known is not None and number <= known:
                self.tape.fault(f"{key[1]}: update {number} comes after update {known}")
                return
            if known is not None and number != known + 1:
                self.tape.fault(
                    f"{key[1]}: updates are missing: {number} follows {known}; the book starts anew", kept=True
                )
                self.tape.clear(key, time)
            self.tape.contents.setdefault(key, ("book-l2-window", depth))
            self.tape.levels(key, time, codes.SET, codes.BUY, bids)
            self.tape.levels(key, time, codes.SET, codes.SELL, asks)
            self.updates += 1
        else:
            raise ValueError("neither snapshot nor delta")
        self.last[key] = number

    def _trades(self, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            self.tape.trade(
                (VENUE, name(entry["s"])),
                milliseconds(entry["T"]),
                words(entry["p"]),
                words(entry["v"]),
                _TAKERS[entry["S"]],
                name(entry["i"]),
                "block" if entry.get("BT") is True else None,
            )

    def finish(self) -> None:
        """Nothing is held back."""
