"""Matching orders: a stream of plain limit orders, cancels and market orders, against bourse on the same stream.

Ours writes the whole level-3 tape. bourse is called once a message, and once more by batches of 1,000 through its step
environment, which shuffles each batch: so only what it is called for message by message is compared, trade by trade.
For that its clock is moved before each message: it takes two orders of one price and time for one. It is timed without.
Further, how the time a message takes grows with the number of orders that rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Benchmark, installed
from tcakit.jit import jit
from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as layout
from tcakit.venue import engine_messages_kernel as message
from tcakit.venue.engine_layout_kernel import LIVE, TAPE_ROWS

MESSAGES = 300_000
_MIDDLE = 10_000
_BATCH = 1_000
_RESTING = (1_000, 10_000, 100_000, 1_000_000)
_LADDER = 4_096
_KINDS = np.array([message.NEW_LIMIT, message.CANCEL_ORDER, message.NEW_MARKET])
_PARTS = 12  # runs before the book is filled anew


def stream(count: int, seed: int) -> dict[str, NDArray[Any]]:
    """Columns of a stream: 60 % limit orders about a slowly moving price, 30 % cancels of any earlier one, 10 % market.

    `what` 0 limit, 1 cancel, 2 market; `buys`; `price`; `size`; `of`: a cancel's order, counted among the limit orders.
    """
    draw = np.random.default_rng(seed)
    dice = draw.random(count)
    what = np.where(dice < 0.6, 0, np.where(dice < 0.9, 1, 2))
    buys = draw.random(count) < 0.5
    away = draw.geometric(0.25, count)
    moved = np.cumsum(draw.integers(-1, 2, count) * (draw.random(count) < 0.01))
    price = np.where(buys, _MIDDLE - away, _MIDDLE + away) + moved
    sent = np.cumsum(what == 0)
    of = np.minimum((draw.random(count) * np.maximum(sent, 1)).astype(np.int64), np.maximum(sent - 1, 0))
    return {"what": what, "buys": buys, "price": price, "size": draw.integers(1, 100, count), "of": of, "sent": sent}


def table(columns: dict[str, NDArray[Any]]) -> tuple[NDArray[np.int64], int, int]:
    """The stream as our engine's messages, the price of its lowest level, and its levels."""
    what, price = columns["what"], columns["price"]
    lowest = int(price.min()) - 60
    limits = np.flatnonzero(what == 0)
    rows = np.zeros((len(what), message.MESSAGE_COLUMNS), np.int64)
    rows[:, message.MESSAGE_TS] = np.arange(len(what))
    rows[:, message.MESSAGE_KIND] = _KINDS[what]
    rows[:, message.MESSAGE_SIDE] = np.where(columns["buys"], codes.BUY, codes.SELL)
    rows[:, message.MESSAGE_LEVEL] = price - lowest
    rows[:, message.MESSAGE_SIZE] = columns["size"]
    # A cancel before the first limit order names itself, which is nobody.
    rows[:, message.MESSAGE_ORDER] = np.where(columns["sent"] > 0, -1 - limits[columns["of"]], 0)
    return rows, lowest, int(price.max()) - lowest + 60


class Ours:
    """Our engine, of which each run empties as much as the last one used; the tape is as long as it has to be."""

    def __init__(self, columns: dict[str, NDArray[Any]]) -> None:
        self.rows, self.lowest, levels = table(columns)
        self.no_parts = np.zeros((0, message.PART_COLUMNS), np.int64)
        self.results = np.zeros((len(self.rows), message.RESULT_COLUMNS), np.int64)
        slots = len(self.rows) // 4 + 1_000
        self.empty = layout.new_engine(slots, levels, 1, 1)
        self.engine = layout.new_engine(slots, levels, 3 * len(self.rows) + slots, 1)
        self.engine.tape[:] = 0
        self.used = 0

    def __call__(self) -> None:
        for name in ("counters", "best", "levels"):
            getattr(self.engine, name)[...] = getattr(self.empty, name)
        for name in ("orders", "pool"):
            getattr(self.engine, name)[: self.used] = getattr(self.empty, name)[: self.used]
        status, row = message.process(self.engine, self.rows, self.no_parts, self.results, 0, len(self.rows))
        assert (status, row) == (0, len(self.rows))
        self.used = int((self.engine.pool != self.empty.pool).nonzero()[0].max(initial=0)) + 1

    def trades(self) -> list[tuple[int, int, int, int]]:
        """(price, size, number of the order that came, number of the one that stood) of each trade of the last run."""
        tape = self.engine.tape[: self.engine.counters[TAPE_ROWS]]
        tape = tape[tape[:, layout.TAPE_KIND] == codes.EXECUTE]
        price, size = tape[:, layout.TAPE_LEVEL] + self.lowest, tape[:, layout.TAPE_SIZE]
        numbers = (tape[:, [layout.TAPE_TAKER_ID, layout.TAPE_RESTING_ID]] >> layout.SLOT_BITS) - 1
        return list(zip(price.tolist(), size.tolist(), *numbers.T.tolist(), strict=True))


def by_call(columns: dict[str, NDArray[Any]], with_clock: bool = False) -> Any:
    """bourse, a call a message, and another to its clock; gives its book."""
    import bourse

    book = bourse.core.OrderBook(0, 1)
    place, cancel = book.place_order, book.cancel_order
    numbers: list[int] = []
    rows = (columns[name].tolist() for name in ("what", "buys", "price", "size", "of"))
    for now, (what, buys, price, size, of) in enumerate(zip(*rows, strict=True)):
        if with_clock:
            book.set_time(now)
        if what == 0:
            numbers.append(place(buys, size, 0, price=price))
        elif what == 2:
            place(buys, size, 0)
        elif numbers:
            cancel(numbers[of])
    return book


def by_batch(columns: dict[str, NDArray[Any]]) -> None:
    """bourse's step environment, 1,000 messages a step; a market order is a limit order at a price that takes all."""
    import bourse

    market = bourse.core.StepEnvNumpy(1, 0, 1, _BATCH)
    before: NDArray[Any] = np.zeros(0, np.uint64)
    for first in range(0, len(columns["what"]), _BATCH):
        what, buys, price, size = (columns[name][first : first + _BATCH] for name in ("what", "buys", "price", "size"))
        new = what != 1
        far = np.where(what == 2, np.where(buys, 50, -50), 0)
        nobody = np.zeros(int(new.sum()), np.uint32)
        limits = (buys[new], size[new].astype(np.uint32), nobody, (price + far)[new].astype(np.uint32))
        numbers = market.submit_limit_orders(limits)
        market.submit_cancellations(before[: int((~new).sum())])
        market.step()
        before = numbers


@jit
def _cancelled(cancels, resting):
    """For each row that cancels, the row of an order: any of about `resting` that were not cancelled before."""
    standing = np.empty(len(cancels), np.int64)
    of = np.zeros(len(cancels), np.int64)
    count = 0
    np.random.seed(1)
    for row in range(len(cancels)):
        if cancels[row] == 0:
            standing[count] = row
            count += 1
        elif cancels[row] == 1 and count > 0:
            place = np.random.randint(0, count)
            of[row] = standing[place]
            count -= 1
            standing[place] = standing[count]
    return of


def resting_stream(resting: int, count: int) -> NDArray[np.int64]:
    """Messages: so many limit orders first; then as many new ones as cancels of any of them, one in 25 a taker."""
    draw = np.random.default_rng(1)
    total = resting + count
    dice = draw.random(total)
    dice[:resting] = 0.0
    kind = np.where(dice < 0.48, 0, np.where(dice < 0.96, 1, 2))
    rows = np.zeros((total, message.MESSAGE_COLUMNS), np.int64)
    side = np.where(draw.random(total) < 0.5, codes.BUY, codes.SELL)
    rows[:, message.MESSAGE_TS] = np.arange(total)
    rows[:, message.MESSAGE_KIND] = _KINDS[kind]
    rows[:, message.MESSAGE_SIDE] = side
    away = np.minimum(draw.geometric(0.005, total), _LADDER // 2 - 1)
    rows[:, message.MESSAGE_LEVEL] = _LADDER // 2 - side * away
    rows[:, message.MESSAGE_SIZE] = draw.integers(1, 100, total)
    rows[:, message.MESSAGE_ORDER] = np.where(kind == 1, -1 - _cancelled(kind, resting), 0)
    return rows


class Resting:
    """A book of about `resting` orders that keeps them while messages come and go, the next `count` at each call."""

    def __init__(self, resting: int, count: int) -> None:
        self.resting, self.count = resting, count
        self.rows = resting_stream(resting, _PARTS * count)
        self.no_parts = np.zeros((0, message.PART_COLUMNS), np.int64)
        self.results = np.zeros((len(self.rows), message.RESULT_COLUMNS), np.int64)
        self.done = len(self.rows)
        self._fill()

    def _fill(self) -> None:
        self.engine = layout.new_engine(2 * self.resting + self.count, _LADDER, 3 * self.resting + 3 * self.count, 1)
        self.engine.tape[:] = 0
        self.done = 0
        self._send(self.resting)

    def _send(self, count: int) -> None:
        self.engine.counters[TAPE_ROWS] = 0
        last = self.done + count
        status, row = message.process(self.engine, self.rows, self.no_parts, self.results, self.done, last)
        assert (status, row) == (0, last)
        self.done = last

    def __call__(self) -> int:
        if self.done + self.count > len(self.rows):
            self._fill()
        self._send(self.count)
        return int(self.engine.counters[LIVE])


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The benchmarks of this file, at a fraction of the full size."""
    count = max(3_000, int(MESSAGES * scale))
    columns = stream(count, 1)
    ours = Ours(columns)
    job = f"{count:,} messages (60 % limit, 30 % cancel, 10 % market) matched, with the level-3 tape"

    def same(_mine: Any, _theirs: Any) -> None:
        trades = by_call(columns, with_clock=True).get_trades()
        theirs = [(price, size, came, stood) for _, _, price, size, came, stood in trades]
        assert ours.trades() == theirs

    if installed("bourse"):
        yield Benchmark("matching-call", job, ours, "bourse, a call a message", partial(by_call, columns), same)
        name = f"bourse, {_BATCH:,} messages a step"
        yield Benchmark("matching-batch", job, ours, name, partial(by_batch, columns))
    else:
        yield Benchmark("matching", job, ours, "bourse is not installed")
    for resting in _RESTING:
        held = max(200, int(resting * scale))
        few = count // 3
        job = f"{few:,} messages (48 % limit, 48 % cancel, 4 % market) on a book of {held:,} resting orders"
        yield Benchmark(f"matching-{resting // 1_000}k", job, Resting(held, few))
