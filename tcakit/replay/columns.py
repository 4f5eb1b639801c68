"""Recorded rows as the replay kernel wants them: actions, ticks and displayed sizes in plain columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.book.ladder_kernel import (
    CLEARS,
    ENTERS_WINDOW,
    HALTS,
    LEAVES_WINDOW,
    PRINTS_AUCTION,
    PRINTS_DISPLAYED,
    PRINTS_OTHER,
    RESUMES,
    SETS_LEVEL,
    best_quotes,
    best_ticks,
)
from tcakit.errors import DataError
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay.feed_kernel import row_sizes

_MARGIN_TICKS = 128
_LARGEST_MARGIN = 4096
_LARGEST_LADDER = 1 << 26
_REACH = 1 << 21  # ticks from the middle of the prints that are kept where the ladder would be larger
_MOST_ROWS = _LARGEST_LATENESS = (1 << 31) - 1  # what 32 bits hold
COLUMNS = (
    "ns", "late_ns", "received_ns", "action", "side", "tick2", "level", "queued_row", "best_bid", "best_ask",
    "print_row", "print_volume",
)  # fmt: skip
_ACTION = {
    codes.SNAPSHOT: SETS_LEVEL,
    codes.ADD: SETS_LEVEL,
    codes.REDUCE: SETS_LEVEL,
    codes.DELETE: SETS_LEVEL,
    codes.EXECUTE: SETS_LEVEL | PRINTS_DISPLAYED,
    codes.PRINT_HIDDEN: PRINTS_OTHER,
    codes.PRINT_CROSS: PRINTS_AUCTION,
    codes.EXECUTE_UNPRINTED: SETS_LEVEL,
    codes.BUST: 0,
    codes.ENTER: SETS_LEVEL | ENTERS_WINDOW,
    codes.LEAVE: LEAVES_WINDOW,
    codes.SET: SETS_LEVEL,
    codes.PRINT: PRINTS_DISPLAYED,
    codes.CLEAR: CLEARS,
    codes.CORRECTION: SETS_LEVEL,
    codes.HALT: HALTS,
    codes.QUOTE_RESUME: HALTS,  # quotes come again, or an auction's call begins: either way nothing trades
    codes.TRADE_RESUME: RESUMES,
}
Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feed:
    """A symbol's day, ready to replay; all columns have one entry a row, in as few bytes as they need.

    `tick2` is twice the ladder index (odd: a price between two ticks); ladder index 0 is `base_tick`, so that price =
    (base_tick + index) * tick_size / price_scale. `level` is the displayed size after the row (-1 unknown or
    untouched). `queued_row` is the row at which the order of this row got its place (level 3; else length 1).
    `late_ns` is how long after `ns` a row was received; where that does not fit into it, or was not recorded, it is
    empty and `received_ns` is the time. `best_bid` and `best_ask` are the best displayed ladder indices after the row,
    -1 and `ticks` where a side is empty. `print_row` are the rows that print, `print_volume` the size printed up to and
    with each of them. `rows_beyond` rows showed levels too far from the market for the ladder, which are left out.
    """

    instrument: Instrument
    base_tick: int
    ticks: int
    ns: NDArray[np.int64]
    late_ns: NDArray[np.int32]
    received_ns: NDArray[np.int64]
    action: NDArray[np.uint8]
    side: NDArray[np.int8]
    tick2: NDArray[np.int32]
    level: NDArray[np.int64]
    queued_row: NDArray[np.int32]
    best_bid: NDArray[np.int32]
    best_ask: NDArray[np.int32]
    print_row: NDArray[np.int32]
    print_volume: NDArray[np.int64]
    has_receive_times: bool
    rows_beyond: int = 0

    @property
    def local_ns(self) -> NDArray[np.int64]:
        """When each row was received, made anew."""
        return self.ns + self.late_ns if len(self.late_ns) else self.received_ns

    @property
    def nbytes(self) -> int:
        """Bytes of all columns, of which what is replayed comes into memory."""
        given = COLUMNS if self.has_receive_times else [name for name in COLUMNS if name != "received_ns"]
        return sum(int(getattr(self, name).nbytes) for name in given)

    def row_sizes(self) -> NDArray[np.int64]:
        """Size of each row, made anew: what it printed, else by how much it changed what its level shows."""
        out = np.empty(len(self.ns), np.int64)
        shown = np.zeros((2, self.ticks), np.int64)
        row_sizes(self.action, self.side, self.tick2, self.level, self.print_row, self.print_volume, shown, out)
        return out

    def index_of(self, price: int) -> int:
        """Ladder index of a stored price on the grid."""
        return price // self.instrument.tick_size - self.base_tick


def feed_columns(
    instrument: Instrument, book: Raw, trades: Raw | None = None, queued_row: NDArray[np.int64] | None = None
) -> dict[str, NDArray[Any]]:
    """Columns of a feed from book events (as the store gives them) and, for books that lack them, separate prints.

    Levels too far from the market for one ladder are left out, and counted (`Feed.rows_beyond`). Raises DataError where
    a displayed price is off the tick grid, or the market itself is too wide for one.
    """
    kind = np.asarray(_plain(book["kind"]), np.uint8)
    lookup = np.zeros(256, np.uint8)
    for code, action in _ACTION.items():
        lookup[code] = action
    ns = _plain(book["ts_ns"]).astype(np.int64)
    parts: dict[str, NDArray[Any]] = {
        "ns": ns,
        "local_ns": _received(book, ns),
        "action": lookup[kind],
        "side": _plain(book["side"]).astype(np.int8),
        "price": _plain(book["price"]).astype(np.int64),
        "size": _plain(book["size"]).astype(np.int64),
        "level": _plain(book["level_size"], -1).astype(np.int64),
    }
    # A displayed execution whose level is unknown is still a print.
    unknown = (parts["level"] < 0) & (parts["action"] & SETS_LEVEL != 0)
    parts["action"] = np.where(unknown, parts["action"] & ~np.uint8(SETS_LEVEL | ENTERS_WINDOW), parts["action"])
    displayed = parts["action"] & (SETS_LEVEL | LEAVES_WINDOW) != 0
    tick = instrument.tick_size
    off_grid = np.flatnonzero(displayed & (parts["price"] % tick != 0))
    if len(off_grid):
        raise DataError(
            f"displayed price {instrument.price(int(parts['price'][off_grid[0]]))} is off the tick grid of "
            f"{instrument.price(tick)}",
            place=instrument.symbol,
            remedy="ingest the file again with the right --tick-size",
        )
    if not displayed.any():
        raise DataError("the recording shows no book level", place=instrument.symbol, remedy="check the file")
    if trades is not None and len(trades["ts_ns"]):
        parts = _merge_prints(parts, trades)
        displayed = parts["action"] & (SETS_LEVEL | LEAVES_WINDOW) != 0
    shown, beyond = parts["price"][displayed] // tick, 0
    if int(shown.max()) - int(shown.min()) >= _LARGEST_LADDER:
        beyond = _leave_out_far_levels(instrument, parts, displayed, tick)
        shown = parts["price"][parts["action"] & (SETS_LEVEL | LEAVES_WINDOW) != 0] // tick
    margin = min(max(_MARGIN_TICKS, int(shown.max()) // 20), _LARGEST_MARGIN)
    base = max(0, int(shown.min()) - margin)
    ticks = int(shown.max()) + margin + 1 - base
    price = parts.pop("price")
    twice = 2 * (price // tick - base) + (price % tick != 0)
    parts["tick2"] = np.clip(twice, -1, 2 * ticks).astype(np.int32)
    parts["best_bid"], parts["best_ask"] = best_ticks_of(parts, ticks)
    parts["queued_row"] = queued_row if queued_row is not None else np.full(1, -1, np.int32)
    receive = bool(not np.array_equal(parts["ns"], parts["local_ns"]))
    parts["grid"] = np.array([base, ticks, tick, int(receive), beyond], np.int64)
    return packed(parts)


def packed(parts: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Columns of a feed from those of all its rows, which may have `local_ns` and `size` in full.

    DataError where there are more rows than one can be numbered by.
    """
    rows = len(parts["ns"])
    if rows > _MOST_ROWS:
        raise DataError(f"{rows:,} rows are too many for one replay", remedy="ingest a part of the day")
    out = {name: values for name, values in parts.items() if name not in ("local_ns", "size")}
    late = parts["local_ns"] - parts["ns"]
    fits = bool(late.any()) and int(late.min()) >= 0 and int(late.max()) <= _LARGEST_LATENESS
    out["late_ns"] = late.astype(np.int32) if fits else np.zeros(0, np.int32)
    # Not a second time where they are those of the venue.
    if late.any():
        out["received_ns"] = np.zeros(0, np.int64) if fits else parts["local_ns"]
    out["print_row"] = np.flatnonzero(parts["action"] & (PRINTS_DISPLAYED | PRINTS_OTHER)).astype(np.int32)
    out["print_volume"] = np.cumsum(parts["size"][out["print_row"]], dtype=np.int64)
    out["queued_row"] = parts["queued_row"].astype(np.int32)
    return out


def _leave_out_far_levels(
    instrument: Instrument, parts: dict[str, NDArray[Any]], displayed: NDArray[np.bool_], tick: int
) -> int:
    """Take levels out of sight that lie too far from where the market trades for one ladder, and count their rows.

    Some venues let orders rest at a cent and at a billion. DataError where prints do not show where the market is, or
    come near the edge of what is left: levels that it trades at may not go out of sight.
    """
    printed = parts["price"][parts["action"] & (PRINTS_DISPLAYED | PRINTS_OTHER) != 0] // tick
    low, high = (int(printed.min()), int(printed.max())) if len(printed) else (0, _LARGEST_LADDER)
    if high - low > _REACH:
        seen = parts["price"][displayed] // tick
        raise DataError(
            f"displayed prices span {int(seen.max()) - int(seen.min()) + 1:,} ticks, "
            + (f"prints {high - low + 1:,}" if len(printed) else "and nothing prints that would show where it trades"),
            place=instrument.symbol,
            remedy="ingest with a larger --tick-size",
        )
    far = displayed & (np.abs(parts["price"] // tick - (low + high) // 2) > _REACH)
    hidden = parts["action"] & ~np.uint8(SETS_LEVEL | ENTERS_WINDOW | LEAVES_WINDOW)
    parts["action"] = np.where(far, hidden, parts["action"])
    return int(far.sum())


def best_ticks_of(parts: dict[str, NDArray[Any]], ticks: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Best displayed ladder indices after each row of a feed's columns, of the bids and of the offers."""
    n = len(parts["ns"])
    bid, ask = np.empty(n, np.int32), np.empty(n, np.int32)
    best_ticks(parts["action"], parts["side"], parts["tick2"], parts["level"], np.zeros((2, ticks), np.int64), bid, ask)
    return bid, ask


def feed_from_columns(instrument: Instrument, columns: dict[str, NDArray[Any]]) -> Feed:
    """The feed of columns that `feed_columns` made."""
    base, ticks, _, receive, beyond = (int(value) for value in columns["grid"])
    return Feed(
        instrument=instrument,
        base_tick=base,
        ticks=ticks,
        has_receive_times=bool(receive),
        rows_beyond=beyond,
        **{name: _read_only(columns[name]) for name in COLUMNS if name != "received_ns"},
        received_ns=_read_only(columns.get("received_ns", columns["ns"])),
    )


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to: numba compiles once for it, whether the column is mapped from disk or not."""
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view


def quote_book(quotes: Raw) -> Raw:
    """Book events from top-of-book quotes alone: one level a side is in sight, whatever else there may be.

    A level that the touch has moved away from in front is out of sight (LEAVE); one that the touch has fallen behind is
    empty (SET to nothing). DataError where a price has no size: such quotes say nothing of what could be traded.
    """
    ns = _plain(quotes["ts_ns"]).astype(np.int64)
    received = _received(quotes, ns)
    n = len(ns)
    bid, ask = (_plain(quotes[name], -1).astype(np.int64) for name in ("bid", "ask"))
    # A locked or crossed quote hides one side of the ladder: both are shown anew with it and after it.
    locked = (bid >= ask) & (bid >= 0) & (ask >= 0)
    afresh = locked | np.concatenate([[False], locked[:-1]])
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], int, int, NDArray[np.int64], NDArray[np.int64]]] = []
    # The side that moves away comes first, so that the other never meets an empty ladder.
    rises = np.concatenate([[False], (bid[1:] > bid[:-1]) | (ask[1:] > ask[:-1])])
    for name, side, order in (("bid", codes.BUY, rises.astype(np.int64)), ("ask", codes.SELL, 1 - rises)):
        price = _plain(quotes[name], -1).astype(np.int64)
        size = _plain(quotes[f"{name}_size"], -1).astype(np.int64)
        if np.any((price >= 0) & (size < 0)):
            raise DataError(
                "the quotes have no sizes: they can be measured against, but not traded with",
                remedy="ingest quotes with sizes, or an order book",
            )
        before = np.concatenate([[-1], price[:-1]])
        before_size = np.concatenate([[-1], size[:-1]])
        gone = np.flatnonzero((before != price) & (before >= 0))
        came = np.flatnonzero((price >= 0) & ((before != price) | (before_size != size) | afresh))
        # The new level first: the old best then need not be searched for across an empty ladder.
        rows.append((came * 4 + order[came], came, side, codes.SET, price[came], size[came]))
        # A side that shows nothing at all now had its best there: that level too is empty.
        fell = (price[gone] < 0) | ((price[gone] - before[gone]) * side < 0)
        for kind, went, shown in ((codes.SET, gone[fell], 0), (codes.LEAVE, gone[~fell], -1)):
            rows.append((went * 4 + 2 + order[went], went, side, kind, before[went], np.full(len(went), shown)))
    if not n:
        raise DataError("there are no quotes")
    key = np.concatenate([row[0] for row in rows])
    order_of = np.argsort(key, kind="stable")
    at = np.concatenate([row[1] for row in rows])[order_of]

    def column(values: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.concatenate(values)[order_of]

    level = column([row[5] for row in rows])
    return {
        "ts_ns": ns[at],
        "recv_ns": received[at],
        "kind": column([np.full(len(row[0]), row[3]) for row in rows]),
        "side": column([np.full(len(row[0]), row[2]) for row in rows]),
        "price": column([row[4] for row in rows]),
        "size": level,
        "level_size": level,
        "order_id": np.full(len(at), -1),
    }


def quotes_of(feed: Feed) -> dict[str, NDArray[np.int64]]:
    """Best bid and offer whenever one changes: ns, bid, bid_size, ask, ask_size; prices stored units, -1 if none."""
    n = len(feed.ns)
    sizes = np.zeros((2, feed.ticks), np.int64)
    best = np.array([-1, feed.ticks], np.int64)
    bid, bid_size, ask, ask_size = (np.empty(n, np.int64) for _ in range(4))
    best_quotes(feed.action, feed.side, feed.tick2, feed.level, sizes, best, bid, bid_size, ask, ask_size)
    changed = np.ones(n, np.bool_)
    changed[1:] = (
        (bid[1:] != bid[:-1])
        | (ask[1:] != ask[:-1])
        | (bid_size[1:] != bid_size[:-1])
        | (ask_size[1:] != ask_size[:-1])
    )
    # Several rows of one instant are one change: what holds after the last of them.
    last = np.ones(n, np.bool_)
    last[:-1] = feed.ns[1:] != feed.ns[:-1]
    keep = np.flatnonzero(last & _any_in_group(changed, last))
    tick = feed.instrument.tick_size
    return {
        "ns": feed.ns[keep],
        "bid": np.where(bid[keep] < 0, -1, (bid[keep] + feed.base_tick) * tick),
        "bid_size": bid_size[keep],
        "ask": np.where(ask[keep] < 0, -1, (ask[keep] + feed.base_tick) * tick),
        "ask_size": ask_size[keep],
    }


def crossings_bps(feed: Feed, halts: Sequence[tuple[int, int]] = ()) -> NDArray[np.float64]:
    """How far each row that shows a level at or beyond the other side's best goes beyond it, in bps of its own price.

    0 where it locks. The quotes of such a feed never cross: the side published last is believed. While trading is
    stopped, between the (first, last) instants of `halts`, a book may cross: orders gather for an auction.
    """
    tick = feed.tick2 >> 1
    shows = (feed.action & SETS_LEVEL != 0) & (feed.level > 0)
    bid = np.concatenate([[-1], feed.best_bid[:-1]])
    ask = np.concatenate([[feed.ticks], feed.best_ask[:-1]])
    beyond = np.where(feed.side > 0, tick - ask, bid - tick)
    meets = shows & np.where(feed.side > 0, ask < feed.ticks, bid >= 0) & (beyond >= 0)
    for first, last in halts:
        meets[np.searchsorted(feed.ns, first) : np.searchsorted(feed.ns, last, "right")] = False
    return beyond[meets] / (tick[meets] + feed.base_tick) * 1e4


def _any_in_group(flag: NDArray[np.bool_], last: NDArray[np.bool_]) -> NDArray[np.bool_]:
    total = np.cumsum(flag)
    ends = total[last]
    fresh = np.diff(ends, prepend=0) > 0
    out = np.zeros(len(flag), np.bool_)
    out[np.flatnonzero(last)] = fresh
    return out


def _merge_prints(parts: dict[str, NDArray[Any]], trades: Raw) -> dict[str, NDArray[Any]]:
    """Put separate prints among the book's rows by time; at equal times the print comes first, as it is its cause."""
    ns = _plain(trades["ts_ns"]).astype(np.int64)
    n = len(ns)
    prints = {
        "ns": ns,
        "local_ns": _received(trades, ns),
        "action": np.full(n, PRINTS_DISPLAYED, np.uint8),
        # The side of the book that was hit is the other than the aggressor's.
        "side": (-_plain(trades["aggressor"])).astype(np.int8),
        "price": _plain(trades["price"]).astype(np.int64),
        "size": _plain(trades["size"]).astype(np.int64),
        "level": np.full(n, -1, np.int64),
    }
    order = np.argsort(np.concatenate([prints["ns"], parts["ns"]]), kind="stable")
    return {name: np.concatenate([prints[name], parts[name]])[order] for name in parts}


def _received(raw: Raw, ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """When the strategy can have seen each row: as recorded, but never before the venue's own time (a recorder whose
    clock is behind would let it look ahead)."""
    received = raw.get("recv_ns")
    if received is None:
        return ns
    if isinstance(received, np.ma.MaskedArray):
        received = np.where(np.ma.getmaskarray(received), ns, received.filled(0))
    return np.maximum(ns, np.asarray(received, np.int64))


def _plain(values: Any, missing: int = 0) -> NDArray[Any]:
    return values.filled(missing) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
