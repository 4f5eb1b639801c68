"""The rules of docs/replay.md once more, in dicts and lists, one sentence of the page after the other; slow and plain.

Nothing here is shared with the replay but the codes. A print's tick may end in a half (hidden prints at the middle),
which floats hold exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from witness_market import EVER_BEFORE, NOT_SHOWN, SETTING, Book, Level, Row, better, probability, seen_by
from witness_orders import Message, Order, replay

from tcakit.market import codes

__all__ = ["EVER_BEFORE", "Book", "Message", "Order", "Row", "Witness", "replay", "seen_by"]
RESTING = (codes.GTC, codes.POST_ONLY, codes.DAY)
STOP, OPENING, CLOSING, PEG = "a stop", "the opening auction", "the closing auction", "a price to be pegged to"
AUCTIONS = {codes.AT_OPEN: OPENING, codes.AT_CLOSE: CLOSING}


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
        session_ns: tuple[int, int] | None = None,
        self_match: int = codes.MATCH_OFF,
    ) -> None:
        self.rule, self.power, self.lot, self.low, self.high = rule, power, lot, low, high
        self.unit, self.partial_fills, self.depletes_book = unit, partial_fills, depletes_book
        self.open_ns, self.close_ns = session_ns if session_ns is not None else (math.inf, math.inf)
        self.self_match = self_match
        self.held: set[str] = set()  # auctions that have been
        self.matched: set[int] = set()  # orders that were taken back because they would have met one of ours
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
            order.rests, order.waits = False, None

    def fill(self, ns: int, order: Order, reason: int, tick: int | None, size: int) -> None:
        if size > 0:
            order.leaves -= size
            order.tip = max(0, order.tip - size)
            event = codes.PARTIAL if order.leaves else codes.FILLED
            took = reason in (codes.TOOK, codes.AUCTION)
            self.say(ns, order, event, reason, tick, size, -1.0 if took else max(0.0, order.ahead))

    # --- a row ------------------------------------------------------------------------------------------

    def on_row(self, row: Row) -> None:
        self.quote = self.book.quote()
        before = len(self.log)
        if row.kind in codes.PRINT_KINDS:
            self.on_print(row)
        if row.kind in SETTING and row.level_size is not None:
            self.on_level(row, row.level_size)
        else:
            self.book.apply(row)
        if row.kind in (codes.HALT, codes.QUOTE_RESUME):
            self.is_halted = True
        elif row.kind == codes.TRADE_RESUME:
            self.is_halted = False
        if row.kind == codes.PRINT_CROSS:
            self.on_auction(row, self.log[before:])
        elif row.kind in codes.PRINT_KINDS:
            for order in self.orders.values():
                if order.waits == STOP and (row.tick - order.stop) * order.side >= 0:
                    order.is_hit = True
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
            self.show_tip(order, 0)
        if not has_side:
            return
        ours = [order for order in self.resting(row.side) if order.tick == row.tick]
        for order in ours:
            size = min(order.visible, self.beyond(order, row), budget)
            budget -= size
            self.fill(row.ns, order, codes.QUEUE_REACHED, order.tick, size)
        if ours:
            # What is printed beyond all that is displayed meets what icebergs do not show.
            hidden = (budget - self.book.level(row.side, int(row.tick)).shown) // self.lot * self.lot
            for order in ours:
                if order.display is not None and order.tip == 0:
                    size = min(order.leaves, max(0, hidden))
                    hidden -= size
                    self.fill(row.ns, order, codes.QUEUE_REACHED, order.tick, size)
                    self.show_tip(order, row.size)

    def show_tip(self, order: Order, size: int) -> None:
        """An iceberg whose tip is gone shows another, behind all that is displayed at its price and not yet printed."""
        if order.display is None or order.tip > 0 or not order.rests:
            return
        gone = size if self.rule == codes.FIFO else order.printed
        order.ahead = float(max(0, self.book.level(order.side, order.tick).shown - gone))
        order.tip = min(order.display, order.leaves)
        self.last_in_line(order)

    def last_in_line(self, order: Order) -> None:
        order.place, order.joined = self.arrived, self.rows_seen
        self.arrived += 1

    def print_fills_whole(self, row: Row, sides: Sequence[int], has_side: bool) -> None:
        """Each order of ours that the print passes, or whose turn has come, in order of arrival."""
        live = [order for side in sides for order in self.resting(side)]
        for order in sorted(live, key=lambda order: order.place):
            away = (order.tick - row.tick) * order.side
            if away > 0:
                self.fill(row.ns, order, codes.TRADED_THROUGH, order.tick, order.leaves)
            elif away == 0 and has_side and self.beyond(order, row) > 0:
                self.fill(row.ns, order, codes.QUEUE_REACHED, order.tick, order.leaves)

    def beyond(self, order: Order, row: Row) -> int:
        """What a print at our price had beyond all that stood before us."""
        if self.rule == codes.FIFO:
            if row.queued_row < order.joined:
                order.ahead = max(0.0, order.ahead - row.size)
                return 0
            order.ahead = 0.0
            return row.size
        order.ahead -= row.size
        order.printed += row.size
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
                    self.move_ahead(order, row, before, after)
                order.ahead = min(order.ahead, float(after))
                order.printed = 0
        best = self.book.best[row.side]
        self.book.apply(row)
        level.is_out_of_sight = False
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
                    self.show_tip(order, 0)

    def move_ahead(self, order: Order, row: Row, before: int, after: int) -> None:
        change = before - after - order.printed
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

    # --- the session ------------------------------------------------------------------------------------

    def on_auction(self, row: Row, filled: Sequence[tuple[Any, ...]]) -> None:
        """The first auction of the session fills what waits for the opening one, the first after it the closing one."""
        which = CLOSING if row.ns >= self.close_ns else OPENING
        if row.ns < self.open_ns or which in self.held:
            return
        self.held.add(which)
        for side in (codes.BUY, codes.SELL):
            left = row.size - sum(entry[5] for entry in filled if self.orders[entry[1]].side == side)
            waiting = [order for order in self.orders.values() if order.waits == which and order.side == side]
            for order in sorted(waiting, key=lambda order: -math.inf if order.tick is None else -side * order.tick):
                size = 0
                if order.tick is None or (order.tick - row.tick) * side >= 0:
                    size = max(0, min(order.leaves, left))
                if size and not self.partial_fills:
                    size = order.leaves
                left -= size
                self.fill(row.ns, order, codes.AUCTION, math.ceil(row.tick * side) * side, size)
                if order.leaves:
                    self.say(row.ns, order, codes.EXPIRED, codes.NO_LIQUIDITY, order.tick, 0, -1.0)

    def on_close(self) -> None:
        """The session ends: orders for the day do, and those for an opening auction that never came."""
        self.quote = self.book.quote()
        for order in self.orders.values():
            if order.waits == OPENING:
                self.say(self.close_ns, order, codes.EXPIRED, codes.NO_AUCTION, order.tick, 0, -1.0)
            elif order.is_open and order.tif == codes.DAY:
                ahead = max(0.0, order.ahead) if order.rests else -1.0
                self.say(self.close_ns, order, codes.EXPIRED, codes.SESSION_OVER, order.tick, 0, ahead)

    def is_too_late(self, ns: int, order: Order) -> bool:
        if order.waits in (OPENING, CLOSING) and order.waits in self.held:
            return True
        return (order.tif == codes.DAY or order.waits == OPENING) and ns >= self.close_ns

    # --- the end of an instant --------------------------------------------------------------------------

    def settle(self, ns: int) -> None:
        """All rows of an instant are in: stops that were hit go to market, pegs follow their price."""
        for order in list(self.orders.values()):
            if order.waits == STOP and order.is_hit:
                self.quote, order.waits = self.book.quote(), None
                self.say(ns, order, codes.TRIGGERED, codes.NO_REASON, order.tick, 0, -1.0)
                self.place(ns, order)
            elif order.peg is not None and order.is_open:
                tick = self.pegged(order)
                if tick is not None and tick != order.tick:
                    self.quote = self.book.quote()
                    order.rests, order.waits, order.tick = False, None, tick
                    self.say(ns, order, codes.REPLACED, codes.REPRICED, tick, 0, -1.0)
                    self.place(ns, order)

    def pegged(self, order: Order) -> int | None:
        """The price of a pegged order by the recorded book, None where that has none."""
        bid, ask = self.book.best[codes.BUY], self.book.best[codes.SELL]
        if order.peg == codes.MIDPOINT_PEG:
            price = None if bid is None or ask is None else math.floor((bid + ask) / 2 * order.side) * order.side
        else:
            own, other = (bid, ask) if order.side == codes.BUY else (ask, bid)
            price = own if order.peg == codes.PRIMARY_PEG else other
        if price is None:
            return None
        price += order.offset * order.side
        if order.limit is not None and (price - order.limit) * order.side > 0:
            price = order.limit
        return min(max(price, self.low), self.high)

    # --- our messages -----------------------------------------------------------------------------------

    def on_message(self, ns: int, message: Message) -> None:
        self.quote = self.book.quote()
        if message.is_cancel:
            order = self.orders[message.order]
            if order.is_open:
                ahead = max(0.0, order.ahead) if order.rests else -1.0
                self.say(ns, order, codes.CANCELLED, codes.BY_STRATEGY, order.tick, 0, ahead)
            else:
                self.say(ns, order, codes.CANCEL_REJECTED, codes.UNKNOWN_ORDER, order.tick, 0, -1.0)
            return
        if message.is_change:
            self.on_change(ns, message)
            return
        order = Order(message.order, message.side, message.tick, message.quantity, message.tif)
        order.stop, order.display, order.peg, order.offset = message.stop, message.display, message.peg, message.offset
        order.waits = STOP if order.stop is not None else AUCTIONS.get(order.tif)
        if order.peg is not None:
            order.limit, order.tick = message.tick, None
        self.orders[order.number] = order
        if any(tick is not None and not self.low <= tick <= self.high for tick in (message.tick, message.stop)):
            self.say(ns, order, codes.REJECTED, codes.OFF_GRID, message.tick, 0, -1.0)
            return
        if order.peg is not None:
            order.tick = self.pegged(order)
            order.waits = PEG if order.tick is None else None
        self.say(ns, order, codes.ACKNOWLEDGED, codes.NO_REASON, order.tick, 0, -1.0)
        if self.is_too_late(ns, order):
            self.say(ns, order, codes.EXPIRED, codes.SESSION_OVER, order.tick, 0, -1.0)
        elif order.waits is None:
            self.place(ns, order)

    def on_change(self, ns: int, message: Message) -> None:
        """Another price or open size; what does not keep its place goes to the end, or takes, as a new order."""
        order, tick = self.orders[message.order], message.tick
        ahead = max(0.0, order.ahead) if order.rests else -1.0
        is_market = order.tick is None and order.peg is None
        if not order.is_open:
            self.say(ns, order, codes.MODIFY_REJECTED, codes.UNKNOWN_ORDER, order.tick, 0, -1.0)
        elif not is_market and not self.low <= tick <= self.high:
            self.say(ns, order, codes.MODIFY_REJECTED, codes.OFF_GRID, order.tick, 0, ahead)
        else:
            if order.peg is not None:
                order.limit = tick
                # One that has lost its reference keeps its price.
                tick = self.pegged(order)
                tick = order.tick if tick is None else tick
            elif is_market:
                tick = None
            keeps = not order.rests or (tick == order.tick and message.quantity <= order.leaves)
            order.tick, order.leaves, order.tip = tick, message.quantity, min(order.tip, message.quantity)
            self.say(ns, order, codes.REPLACED, codes.BY_STRATEGY, order.tick, 0, ahead if keeps else -1.0)
            if not keeps:
                order.rests = False
                self.place(ns, order)

    def place(self, ns: int, order: Order) -> None:
        """Let an order take, rest or expire."""
        tick, side = order.tick, order.side
        may_rest = tick is not None and order.tif in RESTING
        reached = [at for at in self.book.believed(-side) if tick is None or (tick - at) * side >= 0]
        stop = codes.NO_REASON if may_rest else codes.NO_LIQUIDITY
        if self.is_halted:
            stop = codes.NO_REASON if may_rest else codes.HALTED
        elif order.tif == codes.POST_ONLY and reached:
            stop = codes.WOULD_CROSS
        elif order.tif != codes.FOK or not self.partial_fills or self.can_be_had(order, reached) >= order.leaves:
            self.take(ns, order, reached)
        if not order.leaves or order.number in self.matched:
            return
        if stop != codes.NO_REASON:
            self.say(ns, order, codes.EXPIRED, stop, tick, 0, -1.0)
            return
        order.rests, order.printed = True, 0
        order.ahead = float(self.book.level(side, int(tick or 0)).shown)
        order.tip = min(order.display or 0, order.leaves)
        self.last_in_line(order)
        # How much stood before us is told with the last thing that the venue said of our arrival.
        self.log[-1] = (*self.log[-1][:7], order.ahead, *self.log[-1][8:])

    def would_meet(self, order: Order) -> list[Order]:
        """Our own orders that an order's limit reaches, where the venue minds; those it would meet first come first."""
        if self.self_match == codes.MATCH_OFF:
            return []
        return [
            other
            for other in self.resting(-order.side)
            if order.tick is None or (order.tick - other.tick) * order.side >= 0
        ]

    def can_be_had(self, order: Order, reached: Sequence[int]) -> int:
        """What is left at the prices that an order reaches before it is stopped by one of ours."""
        ours = self.would_meet(order) if self.self_match != codes.CANCEL_OLDEST else []
        return sum(
            max(0, self.book.levels[-order.side][at].left)
            for at in reached
            if not ours or (ours[0].tick - at) * order.side > 0
        )

    def take(self, ns: int, order: Order, reached: Sequence[int]) -> None:
        """Take level after level; an order of ours is met once all that is displayed at better prices is taken."""
        ours = self.would_meet(order)
        met = [(other.tick * order.side, 0, other.place, other) for other in ours]
        displayed = [(at * order.side, 1, at, self.book.levels[-order.side][at]) for at in reached]
        for _, _, at, what in sorted(met + displayed, key=lambda each: each[:3]):
            if not order.leaves:
                return
            if isinstance(what, Level):
                size = min(order.leaves, what.left) if self.partial_fills else order.leaves
                what.taken += size if self.depletes_book else 0
                self.fill(ns, order, codes.TOOK, at, size)
                continue
            if self.self_match != codes.CANCEL_NEWEST:
                self.say(ns, what, codes.CANCELLED, codes.SELF_MATCH, what.tick, 0, max(0.0, what.ahead))
            if self.self_match != codes.CANCEL_OLDEST:
                self.say(ns, order, codes.CANCELLED, codes.SELF_MATCH, order.tick, 0, -1.0)
                self.matched.add(order.number)
                return
