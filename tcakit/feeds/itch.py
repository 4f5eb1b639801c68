"""NASDAQ TotalView-ITCH 5.0: every order of every symbol, from a file of messages with two bytes of length each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date as Date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tcakit.errors import DataError, UsageError
from tcakit.feeds import itch_book_kernel, itch_kernel
from tcakit.feeds.contract import Batch, Faults, ReaderOptions, Source
from tcakit.feeds.itch_bytes import ItchBytes
from tcakit.feeds.itch_frame_kernel import LENGTHS
from tcakit.feeds.itch_messages import REASONS, notice_rows
from tcakit.feeds.itch_state import BookState
from tcakit.market.clock import parse_date, wall_ns
from tcakit.market.instrument import Instrument
from tcakit.registry import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRICE_SCALE = 10_000
MARKET = "XNAS"  # the venue, and the name under which it is kept what concerns no symbol alone
_CENT = 100
_ROWS = 1 << 20
_CHUNK_BYTES = 32 << 20
_NOTICES = 1 << 17
_FAULTS = 1 << 12
_MOST_FAULTS = 1_000_000
_NOON_NS = 12 * 3600 * 1_000_000_000
_BUYS_ARE_MASKED = "2014-07-14"  # from here on the venue writes B for every hidden order
_NAME_DATES = (
    (re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)"), (0, 1, 2)),
    (re.compile(r"(?<!\d)(\d\d)(\d\d)(20\d\d)(?!\d)"), (2, 0, 1)),
    (re.compile(r"^S(\d\d)(\d\d)(\d\d)-v50", re.IGNORECASE), (2, 0, 1)),
)
_WORDS = ("ts_ns", "price", "size", "level_size", "order_id", "trade_id", "print_price")
_NULLABLE = _WORDS[1:]


class ItchReader:
    """Reads every message of the file; orders and prints become book events, all else becomes notices."""

    name = "itch"
    version = 1
    reads_names = True

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the first messages have the lengths of their types."""
        return _good_messages(head) >= (1 if "itch" in path.name.lower() else 4)

    def read(self, source: Source, options: ReaderOptions, faults: Faults) -> Iterator[Batch]:
        """Yield book events and notices of about a million rows at a time.

        Raises DataError if the file holds no ITCH messages, UsageError if its day or the wanted symbol is unknown.
        """
        for label, content in source.members:
            place = label if label == source.name else f"{source.name}:{label}"
            yield from _Reading(place, Path(label).name, content, options, faults).batches()


def _good_messages(head: bytes) -> int:
    """How many messages in a row have the length of their type, up to four."""
    at = good = 0
    while at + 3 <= len(head) and good < 4:
        length = head[at] << 8 | head[at + 1]
        wanted = int(LENGTHS[head[at + 2]])
        if not wanted or length not in (0, wanted) or at + 2 + wanted > len(head):
            break
        at, good = at + 2 + wanted, good + 1
    # A file of one or two messages is a file all the same.
    return 4 if good and at == len(head) else good


def file_date(name: str) -> str | None:
    """The trade date in a file's name, as NASDAQ (01302020.NASDAQ_ITCH50, S013020-v50.txt) and others write it."""
    for pattern, order in _NAME_DATES:
        for match in pattern.finditer(name):
            year, month, day = (int(match.group(1 + k)) for k in order)
            try:
                return Date(year if year > 99 else 2000 + year, month, day).isoformat()
            except ValueError:
                continue
    return None


def _trade_date(options: ReaderOptions, name: str, place: str) -> str:
    if options.date is not None:
        return parse_date(options.date, "--date")
    found = file_date(name)
    if found is None:
        raise UsageError("an ITCH file counts from midnight and does not say of which day", place=place,
                         remedy="add --date YYYY-MM-DD, or keep the venue's file name")  # fmt: skip
    return found


def _whole(text: str | None, scale: int, flag: str, default: int) -> int:
    """A decimal given by the user in stored units."""
    if text is None:
        return default
    try:
        value = Decimal(text) * scale
    except InvalidOperation:
        value = Decimal(0)
    if value <= 0 or value != int(value):
        raise UsageError(f"{text!r} is not above zero and a multiple of 1/{scale}", place=flag, remedy="check it")
    return int(value)


def _symbol_word(symbol: str | None) -> int:
    """The eight letters of a symbol as messages carry them, 0 for all symbols."""
    if symbol is None:
        return 0
    if not (0 < len(symbol) <= 8 and symbol.isascii() and symbol.isprintable() and " " not in symbol):
        raise UsageError(f"{symbol!r} is no NASDAQ symbol", place="--symbol", remedy="they have one to eight letters")
    return int.from_bytes(symbol.encode().ljust(8), "big")


def symbol_text(word: int) -> str:
    """The symbol that eight letters of a message spell.

    >>> symbol_text(_symbol_word("AAPL"))
    'AAPL'
    """
    return int(word).to_bytes(8, "big").decode("ascii").rstrip()


class _Reading:
    """One file on its way: the state of all books, and what is known of its instruments so far."""

    def __init__(self, place: str, name: str, content: Path | bytes, options: ReaderOptions, faults: Faults) -> None:
        self.place, self.options, self.faults = place, options, faults
        self.date = _trade_date(options, name, place)
        self.zone = options.timezone or "America/New_York"
        self.wanted = _symbol_word(options.symbol)
        # Clocks change at night: reckoned from noon, every hour that anyone trades in is right.
        self.midnight_ns = wall_ns(self.date, _NOON_NS, self.zone) - _NOON_NS
        self.tick = _whole(options.tick_size, PRICE_SCALE, "--tick-size", 0)
        self.lot = _whole(options.lot_size, 1, "--lot-size", 1)
        self.content = content
        length = len(content) if isinstance(content, bytes) else content.stat().st_size
        if not length:
            raise DataError("the file is empty", place=place, remedy="fetch it again")
        self.state = BookState.for_bytes(length)
        self.hours: dict[int, int] = {}  # letter of the system event -> time
        self.known: dict[int, Instrument] = {}
        self.rows = {"book_events": 0, "notices": 0}
        self.seen = np.zeros(len(self.state.names), np.bool_)

    def batches(self) -> Iterator[Batch]:
        """All rows; each batch waits for the next, so that the last can say what the whole file told."""
        held: list[tuple[str, pl.DataFrame]] = []
        bytes_left = ItchBytes(self.content, _CHUNK_BYTES)
        try:
            for table, frame in self._frames(bytes_left):
                if held:
                    yield self._batch(*held.pop(), last=False)
                held.append((table, frame))
        finally:
            bytes_left.close()
        if self.wanted and self.wanted not in self.state.names:
            known = [symbol_text(word) for word in self.state.names if word]
            guess = nearest(self.options.symbol or "", known)
            remedy = f"did you mean {guess}?" if guess else "check the symbol"
            raise UsageError(f"the file has no {self.options.symbol}", place=self.place, remedy=remedy)
        if not held and self.faults.found:
            first = self.faults.found[0]
            raise DataError(f"no message of ITCH 5.0 can be read; message {first.line}: {first.reason}",
                            place=self.place, remedy="check that this is such a file, unpacked")  # fmt: skip
        for table, frame in held:
            yield self._batch(table, frame, last=True)

    def _frames(self, left: ItchBytes) -> Iterator[tuple[str, pl.DataFrame]]:
        state, at, status = self.state, 0, itch_kernel.NEED_ROWS
        buys_are_told = self.date < _BUYS_ARE_MASKED
        rows = min(_ROWS, left.end // 9 + 8)  # a message of 19 bytes and its frame gives two rows at most
        while status != itch_kernel.DONE:
            words = np.empty((len(_WORDS), rows), np.int64)
            kind, side, locate = np.empty(rows, np.uint8), np.empty(rows, np.int8), np.empty(rows, np.int32)
            notices = np.empty((min(_NOTICES, rows), 2), np.int64)
            refused = np.empty((_FAULTS, 4), np.int64)
            seen = int(state.counts[itch_book_kernel.MESSAGES])
            with np.errstate(over="ignore"):
                status, at, count, noted, bad = itch_kernel.decode(
                    left.buffer, at, left.end, left.last, self.midnight_ns, self.wanted, buys_are_told,
                    state.arrays, state.counts, state.names, state.fine, (words, kind, side, locate),
                    notices, refused,
                )  # fmt: skip
            self.faults.rows += int(state.counts[itch_book_kernel.MESSAGES]) - seen
            self._add_faults(left.buffer, refused[:bad])
            if count:
                yield "book_events", self._events(words[:, :count], kind[:count], side[:count], locate[:count])
            if noted:
                self._note_hours(left.buffer, notices[:noted])
                yield "notices", self._numbered("notices", notice_rows(left.buffer, notices[:noted]))
            if status == itch_kernel.NEED_ROOM:
                state.grow()
            elif status == itch_kernel.NEED_BYTES:
                left.more(at)
                at = 0

    def _add_faults(self, buffer: NDArray[np.uint8], refused: NDArray[np.int64]) -> None:
        for message, reason, at, length in refused.tolist():
            text = buffer[at : at + min(length, 60)].tobytes().hex()
            self.faults.add(self.place, message, REASONS[reason], text)
        if len(self.faults.found) > _MOST_FAULTS:
            first = self.faults.found[0]
            raise DataError(f"more than {_MOST_FAULTS:,} messages are bad; message {first.line}: {first.reason}",
                            place=self.place, remedy="fetch the file again, from the start of its day")  # fmt: skip

    def _events(
        self, words: NDArray[np.int64], kind: NDArray[np.uint8], side: NDArray[np.int8], locate: NDArray[np.int32]
    ) -> pl.DataFrame:
        self.seen[locate] = True
        columns = dict(zip(_WORDS, words, strict=True))
        frame = pl.DataFrame({"local_id": locate, "kind": kind, "side": side, **columns})
        return self._numbered("book_events", frame).with_columns(
            pl.when(pl.col(name) != itch_kernel.NO_VALUE).then(pl.col(name)).alias(name) for name in _NULLABLE
        )

    def _numbered(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        first = self.rows[table]
        self.rows[table] += frame.height
        if table == "notices":
            self.seen[frame["local_id"].to_numpy()] = True
        return frame.with_columns(seq=pl.int_range(first, first + frame.height, dtype=pl.Int64))

    def _note_hours(self, buffer: NDArray[np.uint8], notices: NDArray[np.int64]) -> None:
        for ns, at in notices[buffer[notices[:, 1]] == ord("S")].tolist():
            self.hours.setdefault(int(buffer[at + 11]), ns)

    def _batch(self, table: str, frame: pl.DataFrame, last: bool) -> Batch:
        locates = np.flatnonzero(self.seen) if last else np.unique(frame["local_id"].to_numpy())
        content = "book-l3" if table == "book_events" else "notices"
        if last:
            self.known.clear()
        for locate in locates.tolist():
            if locate not in self.known:
                self.known[locate] = self._instrument(locate)
        instruments = {locate: self.known[locate] for locate in locates.tolist()}
        return Batch(table=table, frame=frame, date=self.date, content=content, instruments=instruments)

    def _instrument(self, locate: int) -> Instrument:
        named = symbol_text(self.state.names[locate]) if locate else MARKET
        return Instrument(
            symbol=self.options.symbol or named,
            venue=self.options.venue or MARKET,
            currency=self.options.currency or "USD",
            timezone=self.zone,
            price_scale=PRICE_SCALE,
            tick_size=self.tick or (1 if self.state.fine[locate] else _CENT),
            lot_size=self.lot,
            session_open_ns=self.hours.get(ord("Q")),
            session_close_ns=self.hours.get(ord("M")),
        )
