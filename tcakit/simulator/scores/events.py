"""A day's messages with the state of the book after each of them: what all scores are made of."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.clock import midnight_ns
from tcakit.market.instrument import Instrument
from tcakit.simulator.scores.book_pass_kernel import (
    ASK,
    ASK_DEPTH,
    ASK_SIZE,
    BID,
    BID_DEPTH,
    BID_SIZE,
    BLOCK,
    STATES,
    book_pass,
    name_executions,
)

LEVELS = 10
_REACH = 1 << 20  # ticks from the middle of the market that the ladder holds
# What a venue sends of single orders and trades; auction prints are not part of continuous trading.
MESSAGES = (codes.ADD, codes.REDUCE, codes.DELETE, codes.EXECUTE, codes.EXECUTE_UNPRINTED, codes.PRINT_HIDDEN)
_CANCELS = (codes.REDUCE, codes.DELETE)


@dataclass(frozen=True, slots=True)
class Events:
    """Messages of one session in order, one row each, with what the best `levels` show after it.

    `ns` int64; `kind` uint8, `side` int8 and `order_id` int64 (-1 unknown) as the store codes them; `price` int64 in
    ticks; `size` float64 in shares; `level` int64, which level of its side it was about, 1 the best (of a new order
    after it, of all others before it; 0 unknown). `bid` and `ask` int64 in ticks, -1 where a side is empty; sizes
    at the touch and of the best `levels` in shares, float64. Where the recording names no orders (`named` False) a row
    is an instant at which these levels changed, and kind, side, price, size and level say nothing. `trade_ns` int64 and
    `trade_size` float64, shares, are the prints against displayed orders.
    """

    symbol: str
    date: str
    levels: int
    named: bool
    midnight_ns: int
    open_ns: int
    close_ns: int
    left_out: int
    ns: NDArray[np.int64]
    kind: NDArray[np.uint8]
    side: NDArray[np.int8]
    order_id: NDArray[np.int64]
    price: NDArray[np.int64]
    size: NDArray[np.float64]
    level: NDArray[np.int64]
    bid: NDArray[np.int64]
    bid_size: NDArray[np.float64]
    bid_depth: NDArray[np.float64]
    ask: NDArray[np.int64]
    ask_size: NDArray[np.float64]
    ask_depth: NDArray[np.float64]
    trade_ns: NDArray[np.int64]
    trade_size: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ns)

    @property
    def two_sided(self) -> NDArray[np.bool_]:
        """Whether both sides show something after the message."""
        return (self.bid >= 0) & (self.ask >= 0)

    @property
    def spread(self) -> NDArray[np.int64]:
        """Ask less bid in ticks; only where `two_sided`."""
        return self.ask - self.bid

    @property
    def twice_mid(self) -> NDArray[np.int64]:
        """Bid plus ask in ticks: twice the mid, without a fraction; only where `two_sided`."""
        return self.bid + self.ask

    def rows(self, begin: int, end: int) -> Events:
        """The messages from `begin` up to `end`; the session is then from the first of them to the last."""
        columns = {field.name: getattr(self, field.name)[begin:end] for field in fields(self) if field.name in _COLUMNS}
        ns = columns["ns"]
        if not len(ns):
            return replace(self, **columns, trade_ns=self.trade_ns[:0], trade_size=self.trade_size[:0])
        # Prints between two pieces are of the first of them, and none is of both.
        until = (self.ns[end], "left") if end < len(self) else (ns[-1], "right")
        traded = slice(*(int(np.searchsorted(self.trade_ns, *at)) for at in ((ns[0], "left"), until)))
        return replace(
            self,
            **columns,
            open_ns=int(ns[0]),
            close_ns=int(ns[-1]),
            trade_ns=self.trade_ns[traded],
            trade_size=self.trade_size[traded],
        )

    def halves(self) -> tuple[Events, Events]:
        """What came before the middle of the session, and what came from it on."""
        middle = self.open_ns + (self.close_ns - self.open_ns) // 2
        at = int(np.searchsorted(self.ns, middle))
        first, second = self.rows(0, at), self.rows(at, len(self))
        return (
            replace(first, open_ns=self.open_ns, close_ns=middle),
            replace(second, open_ns=middle, close_ns=self.close_ns),
        )


_COLUMNS = frozenset(
    ("ns", "kind", "side", "order_id", "price", "size", "level", "bid", "bid_size", "bid_depth", "ask", "ask_size",
     "ask_depth")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BookRows:
    """Rows of a stored book without nulls: -1 where a level is untouched or an id unknown. int64 unless said else."""

    ts_ns: NDArray[np.int64]
    kind: NDArray[np.uint8]
    side: NDArray[np.int8]
    price: NDArray[np.int64]
    size: NDArray[np.int64]
    level_size: NDArray[np.int64]
    order_id: NDArray[np.int64]


Prints = tuple[NDArray[np.int64], NDArray[np.int64]]


def events_of(
    instrument: Instrument, date: str, rows: BookRows, *, levels: int = LEVELS, prints: Prints | None = None
) -> Events:
    """The messages of a day's session that are about the best `levels` of the book, as a window recording has them.

    `prints` (times and stored sizes) are given where rows are no single orders and trades, as those of level 3 or of a
    window like LOBSTER's are, or shall not be: the rows of one instant that change the best levels are then one row.
    DataError where nothing is left.
    """
    named = prints is None
    where = f"{instrument.symbol} on {date}"
    if named and (rows.kind == codes.PRINT).any():
        said = rows.kind.copy()
        name_executions(rows.ts_ns, rows.kind, rows.side, rows.price, rows.size, said)
        rows = replace(rows, kind=said)
    tick = rows.price // instrument.tick_size
    on_ladder, base, ticks = _ladder(rows, tick, where)
    message = np.isin(rows.kind, MESSAGES) if named else _last_of_instant(rows.ts_ns)
    count = int(message.sum())
    numbers = np.zeros((count, 2), np.int64)
    state = np.zeros((count, STATES), np.int64)
    book_pass(
        rows.kind, rows.side, np.where(on_ladder, tick - base, -1), rows.level_size, message, levels,
        np.zeros((2, ticks), np.int64), np.zeros((2, ticks // BLOCK + 1), np.int64), numbers, state,
    )  # fmt: skip
    kind, ns = rows.kind[message], rows.ts_ns[message]
    opened = int(ns[0]) if instrument.session_open_ns is None else instrument.session_open_ns
    closed = int(ns[-1]) if instrument.session_close_ns is None else instrument.session_close_ns
    inside = (ns >= opened) & (ns <= closed)
    number = np.where(kind == codes.ADD, numbers[:, 1], numbers[:, 0])
    # A hidden order stands at no level that is shown; a price off the ladder is behind all of them.
    hidden = kind == codes.PRINT_HIDDEN
    seen = hidden | ((number >= 1) & (number <= levels)) if named else np.ones(count, np.bool_)
    kept = inside & seen
    if not named:
        kept[1:] &= (state[1:] != state[:-1]).any(axis=1)
    if not kept.any():
        raise DataError(f"{where}: no message of the session is left", remedy="ingest a book of the session")
    shares = float(instrument.size_scale)
    executed = kept & (kind == codes.EXECUTE)
    trade_ns, trade_size = (ns[executed], rows.size[message][executed]) if prints is None else prints
    in_session = (trade_ns >= opened) & (trade_ns <= closed)

    def ticks_of(column: int) -> NDArray[np.int64]:
        return np.where(state[kept, column] < 0, -1, state[kept, column] + base)

    return Events(
        symbol=instrument.symbol,
        date=date,
        levels=levels,
        named=named,
        midnight_ns=midnight_ns(date, instrument.timezone),
        open_ns=opened,
        close_ns=closed,
        left_out=int((inside & ~seen).sum()),
        ns=ns[kept],
        kind=kind[kept],
        side=rows.side[message][kept],
        order_id=rows.order_id[message][kept],
        price=tick[message][kept],
        size=rows.size[message][kept] / shares,
        level=np.where(hidden, 0, number)[kept],
        bid=ticks_of(BID),
        bid_size=state[kept, BID_SIZE] / shares,
        bid_depth=state[kept, BID_DEPTH] / shares,
        ask=ticks_of(ASK),
        ask_size=state[kept, ASK_SIZE] / shares,
        ask_depth=state[kept, ASK_DEPTH] / shares,
        trade_ns=trade_ns[in_session],
        trade_size=trade_size[in_session] / shares,
    )


def cancels(events: Events) -> NDArray[np.bool_]:
    """Whether each message took an order out of the book, or a part of it, without a trade."""
    return np.isin(events.kind, _CANCELS)


def _last_of_instant(ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    last = np.ones(len(ns), np.bool_)
    last[:-1] = ns[1:] != ns[:-1]
    return last


def _ladder(rows: BookRows, tick: NDArray[np.int64], where: str) -> tuple[NDArray[np.bool_], int, int]:
    """Which rows have a place on the ladder, its first tick and its length; far levels have none."""
    displayed = (rows.side != 0) & ((rows.level_size >= 0) | np.isin(rows.kind, (codes.ADD, codes.LEAVE)))
    if not displayed.any():
        raise DataError(f"{where}: the recording shows no book level", remedy="ingest a book, or quotes with sizes")
    traded = displayed & (rows.kind == codes.EXECUTE)
    middle = int(np.median(tick[traded] if traded.any() else tick[displayed]))
    near = (rows.side != 0) & (np.abs(tick - middle) <= _REACH)
    held = tick[near & displayed]
    low, high = int(held.min()), int(held.max())
    return near & (tick >= low) & (tick <= high), low, high - low + 1
