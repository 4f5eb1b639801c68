"""A day as a NASDAQ TotalView-ITCH 5.0 file: each message with two bytes of length before it, big-endian throughout.

Layout of the messages: "NASDAQ TotalView-ITCH 5.0", the venue's specification. What the format cannot say is left out:
the side of hidden orders (they are all told as buys, as the venue does), and the reason of a halt.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.clock import midnight_ns
from tcakit.simulator.recorded_day import RecordedDay

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOCATE = 1
_SCALE = 10_000
_LARGEST_PRICE = (1 << 31) - 1
_LARGEST_SHARES = (1 << 32) - 1
_NS_PER_DAY = 86_400_000_000_000
_LETTERS = 8  # of a symbol
# Type and length of the message that an event becomes.
_MESSAGES = {
    codes.ADD: ("A", 36),
    codes.REDUCE: ("X", 23),
    codes.DELETE: ("D", 19),
    codes.EXECUTE: ("E", 31),
    codes.EXECUTE_UNPRINTED: ("C", 36),
    codes.PRINT_HIDDEN: ("P", 44),
    codes.PRINT_CROSS: ("Q", 40),
    codes.HALT: ("H", 25),
    codes.QUOTE_RESUME: ("H", 25),
    codes.TRADE_RESUME: ("H", 25),
}
_STATES = {codes.HALT: "H", codes.QUOTE_RESUME: "Q", codes.TRADE_RESUME: "T"}


def itch_bytes(day: RecordedDay) -> bytes:
    """The day's file: system and stock messages, then one message an event, in order.

    Match numbers count the events. Raises DataError for what the format cannot hold: a symbol of more than eight
    letters, a price of 214,748 or more, an order of 2**32 shares, a time outside the day, an event of another kind.
    """
    ns = day.ts_ns - midnight_ns(day.date, day.instrument.timezone)
    price = day.price * (_SCALE // day.instrument.price_scale)
    _check(day, ns, price)
    lengths = np.zeros(256, np.int64)
    for kind, (_, length) in _MESSAGES.items():
        lengths[kind] = length + 2
    ends = np.cumsum(lengths[day.kind])
    out = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    stock = day.symbol.encode().ljust(_LETTERS)
    match = np.arange(1, len(ns) + 1)
    crosses = np.flatnonzero(day.kind == codes.PRINT_CROSS)
    for kind, (letter, length) in _MESSAGES.items():
        at = np.flatnonzero(day.kind == kind)
        if not len(at):
            continue
        rows = np.zeros((len(at), length + 2), np.uint8)
        _put(rows, 0, 2, length)
        rows[:, 2] = ord(letter)
        _put(rows, 3, 2, _LOCATE)
        _put(rows, 7, 6, ns[at])
        body = rows[:, 2:]
        if letter in "AXDEC":
            _put(body, 11, 8, day.order_id[at])
        if letter in "XEC":
            _put(body, 19, 4, day.size[at])
        if letter == "A":
            body[:, 19] = np.where(day.side[at] == codes.BUY, ord("B"), ord("S"))
            _put(body, 20, 4, day.size[at])
            body[:, 24:32] = np.frombuffer(stock, np.uint8)
            _put(body, 32, 4, price[at])
        elif letter == "E":
            _put(body, 23, 8, match[at])
        elif letter == "C":
            _put(body, 23, 8, match[at])
            body[:, 31] = ord("N")
            # The auction is told once all its orders are.
            _put(body, 32, 4, price[crosses[np.searchsorted(crosses, at)]])
        elif letter == "P":
            body[:, 19] = ord("B")
            _put(body, 20, 4, day.size[at])
            body[:, 24:32] = np.frombuffer(stock, np.uint8)
            _put(body, 32, 4, price[at])
            _put(body, 36, 8, match[at])
        elif letter == "Q":
            _put(body, 11, 8, day.size[at])
            body[:, 19:27] = np.frombuffer(stock, np.uint8)
            _put(body, 27, 4, price[at])
            _put(body, 31, 8, match[at])
            body[:, 39] = [ord(_cross_type(day, int(row))) for row in at]
        elif letter == "H":
            body[:, 11:19] = np.frombuffer(stock, np.uint8)
            body[:, 19] = ord(_STATES[kind])
            body[:, 21:25] = ord(" ")
        out[(ends[at] - length - 2)[:, None] + np.arange(length + 2)] = rows
    first, last = (int(ns[0]), int(ns[-1])) if len(ns) else (0, 0)
    head = _system("O", first) + _directory(stock, first)
    return head + out.tobytes() + _system("C", last)


def _put(rows: NDArray[np.uint8], at: int, width: int, values: NDArray[np.int64] | int) -> None:
    """Write numbers into columns of bytes, the first byte the largest."""
    for k in range(width):
        rows[:, at + k] = (np.asarray(values) >> (8 * (width - 1 - k))) & 0xFF


def _head(letter: str, length: int, locate: int, ns: int) -> bytes:
    return length.to_bytes(2, "big") + letter.encode() + locate.to_bytes(2, "big") + bytes(2) + ns.to_bytes(6, "big")


def _system(event: str, ns: int) -> bytes:
    return _head("S", 12, 0, ns) + event.encode()


def _directory(stock: bytes, ns: int) -> bytes:
    # Market Q, normal, lots of 100, not only those, common stock, live.
    body = stock + b"QN" + (100).to_bytes(4, "big") + b"NCZ PNN1N" + bytes(4) + b"N"
    return _head("R", 39, _LOCATE, ns) + body


def _cross_type(day: RecordedDay, row: int) -> str:
    """O an opening, C a closing, H the auction after a halt: by the halts and resumptions about it."""
    phases = np.flatnonzero(np.isin(day.kind, list(_STATES)))
    before, after = phases[phases < row], phases[phases > row]
    if not len(after) or day.kind[after[0]] != codes.TRADE_RESUME:
        return "C"
    return "H" if len(before) > 1 and day.kind[before[-2]] == codes.HALT else "O"


def _check(day: RecordedDay, ns: NDArray[np.int64], price: NDArray[np.int64]) -> None:
    known = np.isin(day.kind, list(_MESSAGES))
    priced = ~np.isin(day.kind, list(_STATES))
    unpriced_cross = np.flatnonzero(day.kind == codes.EXECUTE_UNPRINTED)
    crosses = np.flatnonzero(day.kind == codes.PRINT_CROSS)
    trouble = None
    if not known.all():
        trouble = f"an event of kind {codes.EVENT_NAMES[int(day.kind[~known][0])]}"
    elif len(day.symbol.encode()) > _LETTERS:
        trouble = f"a symbol of {len(day.symbol.encode())} letters"
    elif len(ns) and (ns.min() < 0 or ns.max() >= _NS_PER_DAY or (np.diff(ns) < 0).any()):
        trouble = "times that go backwards or leave the day"
    elif priced.any() and (price[priced].min() <= 0 or price[priced].max() > _LARGEST_PRICE):
        trouble = f"a price of {int(price[priced].max()) / _SCALE:,}"
    elif priced.any() and day.size[priced & (day.kind != codes.PRINT_CROSS)].max(initial=0) > _LARGEST_SHARES:
        trouble = f"an order of {int(day.size[priced].max()):,} shares"
    elif len(unpriced_cross) and (not len(crosses) or crosses[-1] < unpriced_cross[-1]):
        trouble = "an order that trades in an auction which is not told"
    if trouble:
        raise DataError(
            f"ITCH has no room for {trouble}",
            place=f"{day.symbol} {day.date}",
            remedy="write LOBSTER or CSV instead",
        )


def write_itch(day: RecordedDay, folder: Path) -> Path:
    """Write the file as the venue names it, e.g. 20260303.NASDAQ_ITCH50, into `folder`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day.date.replace('-', '')}.NASDAQ_ITCH50"
    path.write_bytes(itch_bytes(day))
    return path
