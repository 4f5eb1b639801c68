"""The rules of docs/replay.md once more, in dicts and lists, one sentence of the page after the other; slow and plain.

Nothing here is shared with the replay but the codes. A print's tick may end in a half (hidden prints at the middle),
which floats hold exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tcakit.market import codes

SETTING = (
    codes.SNAPSHOT,
    codes.ADD,
    codes.REDUCE,
    codes.DELETE,
    codes.SET,
    codes.CORRECTION,
    codes.EXECUTE,
    codes.ENTER,
)
NOT_SHOWN = (codes.PRINT_HIDDEN, codes.PRINT_CROSS)
EVER_BEFORE = -1  # the row at which an order joined that the recording never saw come


@dataclass
class Row:
    """One row of the feed; `level_size` and `queued_row` are None where the file does not say."""

    ns: int
    kind: int
    side: int = 0
    tick: float = 0
    size: int = 0
    level_size: int | None = None
    queued_row: int = EVER_BEFORE
    received_ns: int | None = None


@dataclass
class Message:
    """What we send, and when: a new order (at the market if `tick` is None), or the cancel, or another price or size,
    of one sent earlier."""

    ns: int
    order: int
    is_cancel: bool = False
    side: int = codes.BUY
    tick: int | None = None
    quantity: int = 1
    tif: int = codes.GTC
    is_change: bool = False


@dataclass
class Order:
    """One of ours; `place` is its place among all that arrived, `joined` the rows that came before it."""

    number: int
    side: int
    tick: int | None
    leaves: int
    place: int
    joined: int
    rests: bool = False
    ahead: float = 0.0
    tif: int = codes.GTC


@dataclass
class Level:
    """What is displayed at a price of a side, what we took of it, what prints took since it last changed."""

    shown: int = 0
    taken: int = 0
    printed: int = 0
    is_out_of_sight: bool = True

    @property
    def left(self) -> int:
        return self.shown - self.taken


class Book:
    """The displayed book, with the side believed that was published last."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, Level]] = {codes.BUY: {}, codes.SELL: {}}
        self.best: dict[int, int | None] = {codes.BUY: None, codes.SELL: None}

    def level(self, side: int, tick: int) -> Level:
        return self.levels[side].setdefault(tick, Level())

    def believed(self, side: int) -> list[int]:
        """The displayed prices of a side from the best that is believed, best first."""
        ticks = [tick for tick, level in self.levels[side].items() if level.shown > 0]
        return [tick for tick in sorted(ticks, reverse=side == codes.BUY) if not better(tick, self.best[side], side)]

    def show(self, side: int, tick: int, size: int) -> None:
        self.level(side, tick).shown = size
        best = self.best[side]
        if size > 0 and (best is None or better(tick, best, side)):
            self.best[side] = tick
        if size == 0 and tick == best:
            self.best[side] = next(iter(self.worse(side, tick)), None)
        best = self.best[side]
        other = self.best[-side]
        if best is not None and other is not None and (best - other) * side >= 0:
            # The feed crosses itself, and this side was published last.
            self.best[-side] = next(iter(self.worse(-side, best)), None)

    def worse(self, side: int, than: int) -> list[int]:
        ticks = [tick for tick, level in self.levels[side].items() if level.shown > 0 and (than - tick) * side > 0]
        return sorted(ticks, reverse=side == codes.BUY)

    def clear(self) -> None:
        for side in (codes.BUY, codes.SELL):
            for level in self.levels[side].values():
                level.shown, level.is_out_of_sight = 0, True
            self.best[side] = None

    def apply(self, row: Row) -> None:
        """What a row does to what is displayed; nothing of ours."""
        if row.kind in SETTING and row.level_size is not None:
            self.show(row.side, int(row.tick), row.level_size)
        elif row.kind == codes.LEAVE:
            self.show(row.side, int(row.tick), 0)
            self.level(row.side, int(row.tick)).is_out_of_sight = True
        elif row.kind == codes.CLEAR:
            self.clear()

    def quote(self, untaken: bool = True) -> tuple[int | None, int | None]:
        """Best bid and offer; with `untaken` the best that have anything left that we did not take."""
        found = []
        for side in (codes.BUY, codes.SELL):
            ticks = [at for at in self.believed(side) if not untaken or self.levels[side][at].left > 0]
            found.append(ticks[0] if ticks else None)
        return found[0], found[1]


class Witness:
    """A venue that lives through rows and messages in the order in which they reach it.

    `log` holds (ns, order, event, reason, tick, size, leaves, ahead or -1, bid, ask), bid and ask as they stood before
    the row or message. Ticks are None for what a market order does other than fill.
    """

    def __init__(
        self,
        rule: int,
        power: float = 3.0,
        lot: int = 1,
        low: int = 0,
        high: int = 1_000,
        unit: int = 1,
        partial_fills: bool = True,
        depletes_book: bool = True,
    ) -> None:
        self.rule, self.power, self.lot, self.low, self.high = rule, power, lot, low, high
        self.unit, self.partial_fills, self.depletes_book = unit, partial_fills, depletes_book
        self.book = Book()
        self.orders: dict[int, Order] = {}
        self.is_halted = False
        self.rows_seen = self.arrived = 0
        self.log: list[tuple[Any, ...]] = []
        self.quote: tuple[int | None, int | None] = (None, None)

    # --- what the venue says ----------------------------------------------------------------------------

    def say(self, ns: int, order: Order, event: int, reason: int, tick: int | None, size: int, ahead: float) -> None:
        self.log.append((ns, order.number, event, reason, tick, size, order.leaves, ahead, *self.quote))
        if event in (codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED):
            order.rests = False

    def fill(self, ns: int, order: Order, reason: int, tick: int | None, size: int) -> None:
        if size > 0:
            order.leaves -= size
            event = codes.PARTIAL if order.leaves else codes.FILLED
            self.say(ns, order, event, reason, tick, size, -1.0 if reason == codes.TOOK else max(0.0, order.ahead))

    # --- a row ------------------------------------------------------------------------------------------

    def on_row(self, row: Row) -> None:
        self.quote = self.book.quote()
        if row.kind in codes.PRINT_KINDS:
            self.on_print(row)
        if row.kind in SETTING and row.level_size is not None:
            self.on_level(row, row.level_size)
        else:
            self.book.apply(row)
        if row.kind == codes.HALT:
            self.is_halted = True
        elif row.kind == codes.TRADE_RESUME:
            self.is_halted = False
        self.rows_seen += 1

    def resting(self, side: int) -> list[Order]:
        """Our resting orders of a side, best price first, then earliest."""
        live = [order for order in self.orders.values() if order.rests and order.side == side]
        return sorted(live, key=lambda order: (-order.side * order.tick, order.place))

    def next_through(self, row: Row, sides: Sequence[int]) -> Order | None:
        """Whose turn it is when a print trades through us."""
        through = {side: [o for o in self.resting(side) if (o.tick - row.tick) * side > 0] for side in sides}
        firsts = [(min(order.place for order in orders), side) for side, orders in through.items() if orders]
        return through[min(firsts)[1]][0] if firsts else None

    def on_print(self, row: Row) -> None:
        budget = row.size
        has_side = row.kind not in NOT_SHOWN and row.side != 0
        sides = (row.side,) if has_side else (codes.BUY, codes.SELL)
        if not self.partial_fills:
            self.print_fills_whole(row, sides, has_side)
            return
        while budget > 0 and (order := self.next_through(row, sides)) is not None:
            size = min(order.leaves, budget)
            budget -= size
            self.fill(row.ns, order, codes.TRADED_THROUGH, order.tick, size)
        if not has_side:
            return
        for order in self.resting(row.side):
            if order.tick == row.tick:
                size = min(order.leaves, self.beyond(order, row), budget)
                budget -= size
                self.fill(row.ns, order, codes.QUEUE_REACHED, order.tick, size)
        self.note_printed(row)

    def print_fills_whole(self, row: Row, sides: Sequence[int], has_side: bool) -> None:
        """Each order of ours that the print passes, or whose turn has come, in order of arrival."""
        live = [order for side in sides for order in self.resting(side)]
        for order in sorted(live, key=lambda order: order.place):
            away = (order.tick - row.tick) * order.side
            if away > 0:
                self.fill(row.ns, order, codes.TRADED_THROUGH, order.tick, order.leaves)
            elif away == 0 and has_side and self.beyond(order, row) > 0:
                self.fill(row.ns, order, codes.QUEUE_REACHED, order.tick, order.leaves)
        if has_side:
            self.note_printed(row)

    def note_printed(self, row: Row) -> None:
        self.book.level(row.side, int(row.tick)).printed += row.size if row.tick == int(row.tick) else 0

    def beyond(self, order: Order, row: Row) -> int:
        """What a print at our price had beyond all that stood before us."""
        if self.rule == codes.FIFO:
            if row.queued_row < order.joined:
                order.ahead = max(0.0, order.ahead - row.size)
                return 0
            order.ahead = 0.0
            return row.size
        order.ahead -= row.size
        lots = math.floor(max(0.0, -order.ahead) / self.lot + 0.5)
        if lots > 0:
            order.ahead = 0.0
        return lots * self.lot

    def on_level(self, row: Row, after: int) -> None:
        tick = int(row.tick)
        level = self.book.level(row.side, tick)
        before = level.shown
        for order in self.resting(row.side):
            if order.tick == tick:
                if row.kind != codes.ENTER and not level.is_out_of_sight:
                    self.move_ahead(order, row, before, after, level.printed)
                order.ahead = min(order.ahead, float(after))
        best = self.book.best[row.side]
        self.book.apply(row)
        level.printed, level.is_out_of_sight = 0, False
        level.taken = min(level.taken, after)
        now = self.book.best[row.side]
        rises = after > before if self.partial_fills else now is not None and better(now, best, row.side)
        if rises and not self.is_halted:
            free = level.left
            for order in self.resting(-row.side):
                if (order.tick - tick) * order.side >= 0:
                    size = min(order.leaves, free) if self.partial_fills else order.leaves
                    free -= size
                    level.taken += size if self.depletes_book else 0
                    self.fill(row.ns, order, codes.CROSSED, order.tick, size)

    def move_ahead(self, order: Order, row: Row, before: int, after: int, printed: int) -> None:
        change = before - after - printed
        if self.rule == codes.FIFO:
            if after < before and row.kind != codes.EXECUTE and row.queued_row < order.joined:
                order.ahead = max(0.0, order.ahead - row.size)
        elif self.rule != codes.RISK_AVERSE and change >= 0:
            behind = before - order.ahead
            p = probability(self.rule, self.power, behind / self.unit, order.ahead / self.unit)
            if math.isinf(p):
                p = 1.0
            if math.isnan(p):
                order.ahead = float(after)
            else:
                order.ahead += min(behind - p * change, 0.0) - (1.0 - p) * change

    # --- our messages -----------------------------------------------------------------------------------

    def on_message(self, ns: int, message: Message) -> None:
        self.quote = self.book.quote()
        if message.is_cancel:
            order = self.orders[message.order]
            if order.rests:
                self.say(ns, order, codes.CANCELLED, codes.BY_STRATEGY, order.tick, 0, max(0.0, order.ahead))
            else:
                self.say(ns, order, codes.CANCEL_REJECTED, codes.UNKNOWN_ORDER, order.tick, 0, -1.0)
            return
        if message.is_change:
            self.on_change(ns, message)
            return
        tick, side = message.tick, message.side
        order = Order(message.order, side, tick, message.quantity, self.arrived, self.rows_seen, tif=message.tif)
        self.arrived += 1
        self.orders[order.number] = order
        if tick is not None and not self.low <= tick <= self.high:
            self.say(ns, order, codes.REJECTED, codes.OFF_GRID, tick, 0, -1.0)
            return
        self.say(ns, order, codes.ACKNOWLEDGED, codes.NO_REASON, tick, 0, -1.0)
        self.place(ns, order)

    def on_change(self, ns: int, message: Message) -> None:
        """Another price or open size; what does not keep its place goes to the end, or takes, as a new order."""
        order = self.orders[message.order]
        ahead = max(0.0, order.ahead)
        if not order.rests:
            self.say(ns, order, codes.MODIFY_REJECTED, codes.UNKNOWN_ORDER, order.tick, 0, -1.0)
        elif not self.low <= message.tick <= self.high:
            self.say(ns, order, codes.MODIFY_REJECTED, codes.OFF_GRID, order.tick, 0, ahead)
        else:
            keeps = message.tick == order.tick and message.quantity <= order.leaves
            order.tick, order.leaves = message.tick, message.quantity
            self.say(ns, order, codes.REPLACED, codes.BY_STRATEGY, order.tick, 0, ahead if keeps else -1.0)
            if not keeps:
                order.rests, order.place, order.joined = False, self.arrived, self.rows_seen
                self.arrived += 1
                self.place(ns, order)

    def place(self, ns: int, order: Order) -> None:
        """Let an order take, rest or expire."""
        tick, side, wanted = order.tick, order.side, order.leaves
        may_rest = tick is not None and order.tif in (codes.GTC, codes.POST_ONLY)
        reached = [at for at in self.book.believed(-side) if tick is None or (tick - at) * side >= 0]
        free = sum(self.book.levels[-side][at].left for at in reached)
        stop = codes.NO_REASON if may_rest else codes.NO_LIQUIDITY
        if self.is_halted:
            reached, stop = [], codes.NO_REASON if may_rest else codes.HALTED
        elif order.tif == codes.POST_ONLY and reached:
            reached, stop = [], codes.WOULD_CROSS
        elif order.tif == codes.FOK and free < wanted and (self.partial_fills or not reached):
            reached = []
        for at in reached:
            level = self.book.levels[-side][at]
            size = min(order.leaves, level.left) if self.partial_fills else order.leaves
            level.taken += size if self.depletes_book else 0
            self.fill(ns, order, codes.TOOK, at, size)
        if order.leaves and stop != codes.NO_REASON:
            self.say(ns, order, codes.EXPIRED, stop, tick, 0, -1.0)
        elif order.leaves:
            order.rests = True
            order.ahead = float(self.book.level(side, int(tick or 0)).shown)
            # How much stood before us is told with the last thing that the venue said of our arrival.
            self.log[-1] = (*self.log[-1][:7], order.ahead, *self.log[-1][8:])


def better(tick: int, than: int | None, side: int) -> bool:
    return than is None or (tick - than) * side > 0


def replay(witness: Witness, rows: Sequence[Row], messages: Sequence[Message], entry_ns: int, until: int) -> None:
    """Let rows and messages reach the venue by their times; at equal times rows come first."""
    at = 0
    for message in messages:
        arrival = message.ns + entry_ns
        if arrival > until:
            break
        while at < len(rows) and rows[at].ns <= arrival:
            witness.on_row(rows[at])
            at += 1
        witness.on_message(arrival, message)
    while at < len(rows) and rows[at].ns <= until:
        witness.on_row(rows[at])
        at += 1


def seen_by(rows: Sequence[Row], now: int, feed_ns: int) -> tuple[Book, int]:
    """The book and the printed size that have reached a strategy by `now`."""
    book, volume = Book(), 0
    for row in rows:
        received = row.ns if row.received_ns is None else row.received_ns
        if received + feed_ns > now:
            break
        book.apply(row)
        volume += row.size if row.kind in codes.PRINT_KINDS else 0
    return book, volume


def probability(rule: int, power: float, behind: float, ahead: float) -> float:
    """That a decrease came from behind us; infinite or NaN as IEEE 754 has it."""
    if rule == codes.LOG_PROB:
        return ratio(logarithm(1 + behind), logarithm(1 + behind) + logarithm(1 + ahead))
    if rule == codes.LOG_PROB2:
        return ratio(logarithm(1 + behind), logarithm(1 + behind + ahead))
    if rule == codes.POWER_PROB:
        return ratio(raised(behind, power), raised(behind, power) + raised(ahead, power))
    if rule == codes.POWER_PROB2:
        return ratio(raised(behind, power), raised(behind + ahead, power))
    return 1.0 - raised(ratio(ahead, ahead + behind), power)


def ratio(top: float, bottom: float) -> float:
    if bottom != 0.0:
        return top / bottom
    return math.nan if top == 0.0 or math.isnan(top) else math.copysign(math.inf, top)


def logarithm(value: float) -> float:
    if value <= 0.0:
        return -math.inf if value == 0.0 else math.nan
    return math.log(value)


def raised(base: float, power: float) -> float:
    return math.nan if base < 0.0 and power != int(power) else base**power
