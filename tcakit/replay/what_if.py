"""What would have filled a resting order that was never sent: a recorded day indexed once, then asked about millions.

The rules are those of a replay (docs/replay.md) of one post-only order, alone in the market and without latency.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.replay import what_if_kernel as wk
from tcakit.replay.columns import Feed

ORDER_COLUMNS = ("arrival_ns", "side", "tick", "quantity", "horizon_ns")
_MOST_ROWS = 2**31 - 1
_LAST_NS = 2**62


class WhatIf:
    """The index of a feed, and orders priced by it.

    Built in one pass over the feed; `nbytes` is the memory it takes. An order then costs about a microsecond, whatever
    the length of the day: it looks at the rows of its own level alone, and at those that reach past it. One too large
    ever to be filled costs as much again for each of its many fills.

    >>> import numpy as np
    >>> from tcakit.market.instrument import Instrument
    >>> from tcakit.replay.columns import feed_columns, feed_from_columns
    >>> acme = Instrument("ACME", price_scale=100, tick_size=1, lot_size=1)
    >>> book = {
    ...     "ts_ns": np.array([0, 0, 5, 9]), "kind": np.array([codes.SET, codes.SET, codes.EXECUTE, codes.EXECUTE]),
    ...     "side": np.array([1, -1, 1, 1]), "price": np.array([1000, 1001, 1000, 1000]),
    ...     "size": np.array([5, 7, 3, 4]), "level_size": np.array([5, 7, 2, 0]),
    ... }
    >>> day = WhatIf(feed_from_columns(acme, feed_columns(acme, book)))
    >>> order = {"arrival_ns": [1], "side": [1], "tick": [1000], "quantity": [2], "horizon_ns": [10]}
    >>> day.price(pl.DataFrame(order)).select("ahead", "filled", "first_fill_ns", "reason").row(0)
    (5, 2, 9, 'queue reached')
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        rows, levels = len(feed.ns), 2 * feed.ticks
        if rows > _MOST_ROWS:
            raise UsageError(f"{rows:,} rows are too many for one index", remedy="take a part of the day")
        columns = (feed.action, feed.side, feed.tick2)
        sizes, start = np.zeros((2, feed.ticks), np.int64), np.zeros(levels + 1, np.int64)
        halts = wk.count_entries(*columns, feed.level, sizes, start)
        entries = int(start[-1])
        self.index = wk.LevelIndex(
            start=start,
            row=np.empty(entries, np.int32),
            shown=np.empty(entries, np.int64),
            size=np.empty(entries, np.int64),
            what=np.empty(entries, np.uint8),
            reach=np.empty((2, rows), np.int32),
            block=np.empty((2, -(-rows // wk.BLOCK)), np.int32),
            block2=np.empty((2, -(-rows // wk.BLOCK**2)), np.int32),
            halt_row=np.empty(halts, np.int64),
            halted=np.empty(halts, np.uint8),
        )
        self._sizes = feed.row_sizes()
        wk.build(*columns, self._sizes, feed.level, sizes, start[:-1].copy(), self.index)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the index takes, the feed's own columns not counted."""
        return self._sizes.nbytes + sum(array.nbytes for array in self.index)

    def price(self, orders: pl.DataFrame, queue_rule: int = codes.RISK_AVERSE, power: float = 3.0) -> pl.DataFrame:
        """What would have become of each order, had it alone been sent.

        `orders` has the columns `arrival_ns` (int64, since 1970, when it reaches the venue, after all rows of that
        instant), `side` (+1 buy, -1 sell), `tick` (price / tick size), `quantity` (the store's size units, a multiple
        of the lot) and `horizon_ns` (how long it rests, its last instant included). Gives them, one row an order, with

        - `spread_ticks`: of the quote at arrival, null where a side is empty;
        - `ticks_behind`: how far behind the best price of its side it was, below zero in front of it, null if none was;
        - `ahead`: displayed size before it at arrival, null if it did not rest;
        - `first_fill_ns`, `complete_ns`: when it was filled first, and to the last share; null if never;
        - `filled`, of it `by_queue`, `by_through`, `by_cross`: sizes at the end of its horizon;
        - `ahead_left`: what stood ahead of it at its end;
        - `reason`: of the first fill ("" if none), or why it did not rest ("would cross", "outside the price grid");
        - `end_ns`: until when it could be seen: its horizon or the last row of the day, whichever came first.

        UsageError where a column is missing or a value makes no order, or where `fifo` meets a day without orders.
        """
        feed = self.feed
        arrival, side, tick, quantity, horizon = _checked(orders, feed.instrument.lot_size)
        if queue_rule == codes.FIFO and len(feed.queued_row) != len(feed.ns):
            raise UsageError(
                "exact FIFO queues need a level-3 recording",
                place="queue rule",
                remedy="use risk-averse or a probability rule",
            )
        joined = np.searchsorted(feed.ns, arrival, "right")
        until = np.searchsorted(feed.ns, arrival + horizon, "right")
        outcome = np.empty((len(orders), wk.OUTCOME_FIELDS), np.int64)
        ahead_left = np.empty(len(orders), np.float64)
        wk.price_orders(
            feed.action, feed.side, feed.tick2, self._sizes, feed.queued_row, feed.best_bid, feed.best_ask, self.index,
            np.int64(queue_rule), float(power), float(feed.instrument.size_scale), np.int64(feed.instrument.lot_size),
            joined, until, (1 - side) // 2, tick - feed.base_tick, quantity, outcome, ahead_left,
        )  # fmt: skip
        bid = np.where(joined > 0, feed.best_bid[joined - 1], -1).astype(np.int64)
        ask = np.where(joined > 0, feed.best_ask[joined - 1], feed.ticks).astype(np.int64)
        own, has_own = np.where(side > 0, bid, ask), np.where(side > 0, bid >= 0, ask < feed.ticks)
        first, last = outcome[:, wk.FIRST_ROW], outcome[:, wk.LAST_ROW]
        by = [outcome[:, field] for field in (wk.BY_QUEUE, wk.BY_THROUGH, wk.BY_CROSS)]
        return orders.with_columns(
            _optional("spread_ticks", ask - bid, (bid >= 0) & (ask < feed.ticks)),
            _optional("ticks_behind", side * (own + feed.base_tick - tick), has_own),
            _optional("ahead", outcome[:, wk.AHEAD_AT_ARRIVAL], outcome[:, wk.AHEAD_AT_ARRIVAL] >= 0),
            _optional("first_fill_ns", feed.ns[first], first >= 0),
            _optional("complete_ns", feed.ns[last], last >= 0),
            pl.Series("filled", by[0] + by[1] + by[2]),
            pl.Series("by_queue", by[0]),
            pl.Series("by_through", by[1]),
            pl.Series("by_cross", by[2]),
            _optional("ahead_left", ahead_left, ahead_left >= 0),
            pl.Series("reason", outcome[:, wk.REASON]).replace_strict(codes.REASON_NAMES, return_dtype=pl.String),
            pl.Series("end_ns", np.maximum(arrival, np.minimum(arrival + horizon, feed.ns[-1]))),
        )


def sample_orders(
    feed: Feed,
    every_ns: int,
    levels: int,
    quantity: int,
    horizon_ns: int,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> pl.DataFrame:
    """Orders for `WhatIf.price` at the touch and behind it, on a fixed grid of times; nothing about them is random.

    At each multiple of `every_ns` from `start_ns` to `end_ns` (else the first and last row's times), an order of
    `quantity` (the store's size units) is placed on each side, at the best displayed price and at each of the
    `levels - 1` ticks behind it; where a side is empty, or the price outside the ladder, none. One row an order.

    UsageError where the grid, the levels or the quantity make no orders.
    """
    lot = feed.instrument.lot_size
    if every_ns <= 0 or levels < 1 or quantity <= 0 or quantity % lot or horizon_ns < 0:
        raise UsageError(
            f"orders every {every_ns} ns on {levels} levels of {quantity} for {horizon_ns} ns",
            remedy=f"every must be above zero, levels at least 1, the quantity a multiple of {lot}",
        )
    begin = int(feed.ns[0]) if start_ns is None else start_ns
    end = int(feed.ns[-1]) if end_ns is None else end_ns
    times = np.arange(-(-begin // every_ns) * every_ns, end + 1, every_ns, dtype=np.int64)
    row = np.searchsorted(feed.ns, times, "right") - 1
    times, row = times[row >= 0], row[row >= 0]
    best = np.stack([feed.best_bid[row], feed.best_ask[row]], axis=1).astype(np.int64)
    away = np.array([-1, 1]) * np.arange(levels)[:, None]
    # By time, then level, then side.
    at = best[:, None, :] + away[None, :, :]
    stands = ((best >= 0) & (best < feed.ticks))[:, None, :] & (at >= 0) & (at < feed.ticks)
    shape = at.shape
    kept = stands.ravel()
    return pl.DataFrame(
        {
            "arrival_ns": np.broadcast_to(times[:, None, None], shape).ravel()[kept],
            "side": np.broadcast_to(np.array([codes.BUY, codes.SELL], np.int64), shape).ravel()[kept],
            "tick": at.ravel()[kept] + feed.base_tick,
            "quantity": np.full(int(kept.sum()), quantity, np.int64),
            "horizon_ns": np.full(int(kept.sum()), horizon_ns, np.int64),
        }
    )


def _checked(orders: pl.DataFrame, lot: int) -> list[NDArray[np.int64]]:
    """The columns of orders, sound ones."""
    missing = [name for name in ORDER_COLUMNS if name not in orders.columns]
    if missing:
        raise UsageError(f"no column {', '.join(missing)}", place="orders", remedy=f"give {', '.join(ORDER_COLUMNS)}")
    unsound = [name for name in ORDER_COLUMNS if not orders[name].dtype.is_integer() or orders[name].null_count()]
    if unsound:
        raise UsageError(f"{', '.join(unsound)}: not whole numbers throughout", place="orders")
    columns = [orders[name].cast(pl.Int64).to_numpy() for name in ORDER_COLUMNS]
    arrival, side, _, quantity, horizon = columns
    wrong = (np.abs(side) != 1) | (quantity <= 0) | (quantity % lot != 0) | (horizon < 0)
    wrong |= (np.abs(arrival) > _LAST_NS) | (horizon > _LAST_NS - 1)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise UsageError(
            f"side {side[at]}, quantity {quantity[at]}, arrival {arrival[at]} ns, horizon {horizon[at]} ns",
            place=f"orders, row {at}",
            remedy=f"side is +1 or -1, the quantity a multiple of {lot}, the horizon not below zero",
        )
    return columns


def _optional(name: str, values: NDArray[np.generic], known: NDArray[np.bool_]) -> pl.Series:
    """A column that is null where its value is not known."""
    return pl.Series(name, values).zip_with(pl.Series(known), pl.Series([None], dtype=pl.Series(values[:0]).dtype))
