"""The rules of docs/replay.md once more, in dicts and lists, one sentence of the page after the other; slow and plain.

Nothing here is shared with the replay but the codes. Ticks may be halves (hidden prints at the middle), so prices are
Fractions or ints and compare exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
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
LEAVING = (codes.DELETE, codes.REDUCE)


@dataclass
class Row:
    """One row of the feed; `level_size` and `queued_row` are None where the file does not say."""

    ns: int
    kind: int
    side: int = 0
    tick: Any = None
    size: int = 0
    level_size: int | None = None
    queued_row: int | None = None


@dataclass
class Order:
    """One of ours; `tick` is None at the market."""

    number: int
    side: int
    tick: int | None
    quantity: int
    tif: int
    leaves: int = 0
    is_live: bool = False
    ahead: float = 0.0
    joined: int = 0


@dataclass
class Level:
    """What is displayed at a price of a side, what we took of it, what prints took since it last changed."""

    shown: int = 0
    taken: int = 0
    printed: int = 0
    out_of_sight: bool = False

    @property
    def left(self) -> int:
        return self.shown - self.taken


@dataclass
class Witness:
    """A venue that lives through rows and messages in the order they are given.

    `log` holds (ns, order, event, reason, tick, size, leaves), `quotes` the (bid, ask) that stood before each.
    """

    rule: int
    power: float = 3.0
    lot: int = 1
    low: int = 0
    high: int = 1_000
    book: dict[int, dict[int, Level]] = field(default_factory=lambda: {codes.BUY: {}, codes.SELL: {}})
    orders: dict[int, Order] = field(default_factory=dict)
    is_halted: bool = False
    rows_seen: int = 0
    log: list[tuple[Any, ...]] = field(default_factory=list)
    quotes: list[tuple[int | None, int | None]] = field(default_factory=list)
    quote: tuple[int | None, int | None] = (None, None)

    # --- the book ---------------------------------------------------------------------------------------

    def level(self, side: int, tick: int) -> Level:
        return self.book[side].setdefault(tick, Level())

    def shown(self, side: int) -> list[int]:
        """The displayed prices of a side, best first."""
        ticks = [tick for tick, level in self.book[side].items() if level.shown > 0]
        return sorted(ticks, reverse=side == codes.BUY)

    def left(self, side: int) -> list[int]:
        return [tick for tick in self.shown(side) if self.book[side][tick].left > 0]

    def remember_quote(self) -> None:
        bids, asks = self.left(codes.BUY), self.left(codes.SELL)
        self.quote = (bids[0] if bids else None, asks[0] if asks else None)

    # --- what the venue says ----------------------------------------------------------------------------

    def say(self, ns: int, order: Order, event: int, reason: int, tick: int | None, size: int) -> None:
        self.log.append((ns, order.number, event, reason, tick, size, order.leaves))
        self.quotes.append(self.quote)
        order.is_live = event in (codes.ACKNOWLEDGED, codes.PARTIAL)

    def fill(self, ns: int, order: Order, reason: int, tick: int, size: int) -> None:
        if size > 0:
            order.leaves -= size
            self.say(ns, order, codes.PARTIAL if order.leaves else codes.FILLED, reason, tick, size)

    # --- a row ------------------------------------------------------------------------------------------

    def row(self, row: Row) -> None:
        self.remember_quote()
        if row.kind in codes.PRINT_KINDS:
            self.print(row)
        if row.kind in SETTING and row.level_size is not None:
            self.set_level(row, row.level_size)
        elif row.kind == codes.LEAVE:
            level = self.level(row.side, row.tick)
            level.shown, level.out_of_sight = 0, True
        elif row.kind == codes.CLEAR:
            self.clear()
        elif row.kind == codes.HALT:
            self.is_halted = True
        elif row.kind == codes.TRADE_RESUME:
            self.is_halted = False
        self.rows_seen += 1

    def clear(self) -> None:
        for side in (codes.BUY, codes.SELL):
            self.book[side].clear()
        for order in self.orders.values():
            order.ahead = 0.0

    def resting(self) -> list[Order]:
        """Our live orders, best price first, then earliest; buys before sells."""
        live = [order for order in self.orders.values() if order.is_live]
        return sorted(live, key=lambda order: (-order.side, -order.side * order.tick, order.joined_place))

    def print(self, row: Row) -> None:
        budget = row.size
        is_shown = row.kind not in NOT_SHOWN
        for order in self.resting():
            hit = order.side == row.side or not is_shown or row.side == 0
            if hit and (order.tick - row.tick) * order.side > 0:
                size = min(order.leaves, budget)
                budget -= size
                self.fill(row.ns, order, codes.TRADED_THROUGH, order.tick, size)
        if not is_shown or row.side == 0:
            return
        for order in self.resting():
            if order.side != row.side or order.tick != row.tick:
                continue
            if self.rule == codes.FIFO:
                if row.queued_row is None or row.queued_row < order.joined:
                    order.ahead = max(0.0, order.ahead - row.size)
                    beyond = 0
                else:
                    order.ahead = 0.0
                    beyond = row.size
            else:
                over = max(0.0, row.size - order.ahead)
                order.ahead = max(0.0, order.ahead - row.size)
                beyond = math.floor(over / self.lot + 0.5) * self.lot
            size = min(order.leaves, beyond, budget)
            budget -= size
            self.fill(row.ns, order, codes.QUEUE_REACHED, order.tick, size)
        if row.tick == int(row.tick):
            self.level(row.side, int(row.tick)).printed += row.size

    def set_level(self, row: Row, after: int) -> None:
        level = self.level(row.side, row.tick)
        before = level.shown
        for order in self.resting():
            if (order.side, order.tick) == (row.side, row.tick):
                if row.kind == codes.ENTER or level.out_of_sight:
                    order.ahead = min(order.ahead, after)
                else:
                    self.move_ahead(order, row, before, after, level.printed)
        level.shown, level.printed, level.out_of_sight = after, 0, False
        level.taken = min(level.taken, after)
        if after > 0:
            for tick in self.shown(-row.side):
                if (row.tick - tick) * row.side >= 0:
                    # The feed crosses itself: the side published last is believed.
                    del self.book[-row.side][tick]
        if after > before:
            for order in self.resting():
                if order.side == -row.side and (order.tick - row.tick) * order.side >= 0:
                    size = min(order.leaves, level.left)
                    level.taken += size
                    self.fill(row.ns, order, codes.CROSSED, order.tick, size)

    def move_ahead(self, order: Order, row: Row, before: int, after: int, printed: int) -> None:
        if self.rule == codes.FIFO:
            if row.kind in LEAVING and row.queued_row is not None and row.queued_row < order.joined:
                order.ahead -= row.size
        elif self.rule != codes.RISK_AVERSE and before - after - printed >= 0:
            change = before - after - printed
            behind = before - order.ahead
            from_behind = probability(self.rule, self.power, behind, order.ahead)
            if not math.isnan(from_behind):
                order.ahead += min(behind - from_behind * change, 0.0) - (1.0 - from_behind) * change
            else:
                order.ahead = after
        order.ahead = max(0.0, min(order.ahead, after))

    # --- our messages -----------------------------------------------------------------------------------

    def send(self, ns: int, number: int, side: int, tick: int | None, quantity: int, tif: int) -> None:
        self.remember_quote()
        order = Order(number, side, tick, quantity, tif, leaves=quantity, joined=self.rows_seen)
        order.joined_place = len(self.orders)
        self.orders[number] = order
        if tick is not None and not self.low <= tick <= self.high:
            self.say(ns, order, codes.REJECTED, codes.OFF_GRID, tick, 0)
            return
        self.say(ns, order, codes.ACKNOWLEDGED, codes.NO_REASON, tick, 0)
        may_rest = tick is not None and tif in (codes.GTC, codes.POST_ONLY)
        if self.is_halted:
            if may_rest:
                self.rest(order)
            else:
                self.say(ns, order, codes.EXPIRED, codes.HALTED, tick, 0)
            return
        reached = [at for at in self.shown(-side) if tick is None or (tick - at) * side >= 0]
        to_take = sum(self.book[-side][at].left for at in reached)
        if tif == codes.POST_ONLY and (reached or tick is None):
            self.say(ns, order, codes.EXPIRED, codes.WOULD_CROSS, tick, 0)
            return
        if tif == codes.FOK and to_take < quantity:
            self.say(ns, order, codes.EXPIRED, codes.NO_LIQUIDITY, tick, 0)
            return
        for at in reached:
            level = self.book[-side][at]
            size = min(order.leaves, level.left)
            level.taken += size
            self.fill(ns, order, codes.TOOK, at, size)
        if order.leaves and may_rest:
            self.rest(order)
        elif order.leaves:
            self.say(ns, order, codes.EXPIRED, codes.NO_LIQUIDITY, tick, 0)

    def rest(self, order: Order) -> None:
        order.ahead = float(self.level(order.side, order.tick).shown)

    def cancel(self, ns: int, number: int) -> None:
        self.remember_quote()
        order = self.orders[number]
        if order.is_live:
            self.say(ns, order, codes.CANCELLED, codes.BY_STRATEGY, order.tick, 0)
        else:
            self.log.append((ns, number, codes.CANCEL_REJECTED, codes.UNKNOWN_ORDER, order.tick, 0, order.leaves))
            self.quotes.append(self.quote)


def probability(rule: int, power: float, behind: float, ahead: float) -> float:
    """That a decrease came from behind us."""

    def over(top: float, bottom: float) -> float:
        if bottom == 0.0:
            return math.nan if top == 0.0 or math.isnan(top) else 1.0
        return top / bottom

    def log(value: float) -> float:
        return math.log(value) if value > 0 else math.nan

    if rule == codes.LOG_PROB:
        p = over(log(1 + behind), log(1 + behind) + log(1 + ahead))
    elif rule == codes.LOG_PROB2:
        p = over(log(1 + behind), log(1 + behind + ahead))
    elif rule == codes.POWER_PROB:
        p = over(behind**power, behind**power + ahead**power)
    elif rule == codes.POWER_PROB2:
        p = over(behind**power, (behind + ahead) ** power)
    else:
        p = 1 - over(ahead, ahead + behind) ** power
    return p
