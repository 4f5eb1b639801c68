"""Quotes and prints of every symbol of an ITCH 5.0 file in one pass, without going through the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tcakit.errors import DataError
from tcakit.feeds import itch_book_kernel, itch_kernel
from tcakit.feeds.itch import symbol_text
from tcakit.feeds.itch_best_kernel import ROOM, SIDE_WORDS
from tcakit.feeds.itch_bytes import ItchBytes
from tcakit.feeds.itch_quotes_kernel import quotes_and_prints
from tcakit.feeds.itch_state import BookState

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 1 << 22  # memory is taken as rows are written, not before
_CHUNK_BYTES = 1 << 20  # stays in the processor's cache
_FEW_BOOKS = 1 << 8
_LARGE_PAGE = 1 << 21
_WIDTHS = {
    "locate": np.uint16,
    "kind": np.uint8,
    "side": np.int8,
    **dict.fromkeys(("bid", "ask", "price"), np.uint32),
}
_QUOTES = ("ns", "locate", "bid", "bid_size", "ask", "ask_size")
_TRADES = ("ns", "locate", "kind", "side", "price", "size", "trade_id")


@dataclass(frozen=True, slots=True)
class QuotesAndTrades:
    """Columns by name, all of one length a table; `symbols` maps a locate to its symbol.

    `quotes`: ns, locate, bid, bid_size, ask, ask_size, a row for each message that changed them (price and size 0 for
    an empty side). `trades`: ns, locate, price, size, side of the resting order (0 where the message has none),
    kind (the letter of the message) and trade_id. Prices are in 1/10 000. `messages` were read, of which `refused`
    were not fit to be used.
    """

    quotes: dict[str, NDArray[Any]]
    trades: dict[str, NDArray[Any]]
    symbols: dict[int, str]
    messages: int
    refused: int


def _column(rows: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """An empty column; a large one begins where a large page of memory does, else its start comes in small ones."""
    length = rows * kind.itemsize
    if length < _LARGE_PAGE:
        return np.empty(rows, kind)
    room = np.empty(length + _LARGE_PAGE, np.uint8)
    first = -room.ctypes.data % _LARGE_PAGE
    return room[first : first + length].view(kind)


class _Columns:
    """Columns that grow by whole blocks."""

    def __init__(self, names: tuple[str, ...], rows: int) -> None:
        self.names, self.rows = names, rows
        self.full: list[tuple[NDArray[Any], ...]] = []
        self.filled = 0
        self.block = self._fresh()

    def _fresh(self) -> tuple[NDArray[Any], ...]:
        return tuple(_column(self.rows, np.dtype(_WIDTHS.get(name, np.int64))) for name in self.names)

    def next_block(self) -> None:
        self.full.append(tuple(column[: self.filled] for column in self.block))
        self.block, self.filled = self._fresh(), 0

    def joined(self) -> dict[str, NDArray[Any]]:
        last = tuple(column[: self.filled] for column in self.block)
        if not self.full:
            return dict(zip(self.names, last, strict=True))
        return {name: np.concatenate(parts) for name, *parts in zip(self.names, *self.full, last, strict=True)}


def quotes_and_trades(data: Path | bytes | NDArray[np.uint8], midnight_ns: int = 0) -> QuotesAndTrades:
    """Best bid and offer after each change, and every print, of all symbols in an ITCH 5.0 file, or in its bytes.

    Times count from `midnight_ns`. Prints that the venue broke later are not taken out, those that it reports
    elsewhere (not printable) are not in it. Raises DataError if the bytes hold no message of the format.

    >>> one = b"\\x00\\x24A\\x00\\x07\\x00\\x00\\x1f\\x1a\\xce\\xd9\\xf0\\x00" + (1).to_bytes(8, "big")
    >>> day = quotes_and_trades(one + b"B\\x00\\x00\\x00\\x64ACME    \\x00\\x0f\\x42\\x40")
    >>> day.symbols, day.quotes["bid"].tolist(), day.quotes["bid_size"].tolist()
    ({7: 'ACME'}, [1000000], [100])
    """
    length = data.stat().st_size if isinstance(data, Path) else len(data)
    state = BookState.for_bytes(length)
    sides = np.zeros(_FEW_BOOKS * SIDE_WORDS, np.int64)
    cells = np.zeros(1 << 16, np.int64)
    rows = min(_ROWS, length // 20 + 8)
    quotes, trades = _Columns(_QUOTES, rows), _Columns(_TRADES, rows)
    at, refused, status = 0, 0, itch_kernel.NEED_ROOM
    with ItchBytes(data, _CHUNK_BYTES) as left:
        while status != itch_kernel.DONE:
            with np.errstate(over="ignore"):
                status, at, quotes.filled, trades.filled, bad = quotes_and_prints(
                    left.buffer, at, left.end, left.last, midnight_ns, state.arrays, state.counts, state.names, cells,
                    sides, quotes.block, trades.block, quotes.filled, trades.filled,
                )  # fmt: skip
            refused += int(bad)
            if status == itch_kernel.NEED_BYTES:
                left.more(at)
                at = 0
            elif status == itch_kernel.NEED_ROOM:
                state.grow()
                books = 2 * int(state.counts[itch_book_kernel.LARGEST_LOCATE]) + 3
                if SIDE_WORDS * books > len(sides):
                    sides = np.concatenate([sides, np.zeros(SIDE_WORDS * 2 * books - len(sides), np.int64)])
                if (
                    int(state.counts[itch_book_kernel.HEAPED]) + 4 * int(sides[ROOM::SIDE_WORDS].max())
                    > len(cells) // 2
                ):
                    cells = np.concatenate([cells, np.zeros_like(cells)])
            elif status == itch_kernel.NEED_ROWS:
                for columns in (quotes, trades):
                    if columns.filled == rows:
                        columns.next_block()
    messages = int(state.counts[itch_book_kernel.MESSAGES])
    if messages == refused:
        raise DataError("no message of ITCH 5.0", remedy="check that these are the bytes of such a file, unpacked")
    known = {int(locate): symbol_text(int(state.names[locate])) for locate in np.flatnonzero(state.names)}
    return QuotesAndTrades(quotes.joined(), trades.joined(), known, messages, refused)
