"""A dark venue in plain Python that is easy to believe: one list of orders in the order of time.

`prints` and `reports` are what the venue should write, ids being sequence numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk

NO_LIMIT = -1


@dataclass(eq=False)
class Resting:
    """An order that stands; `limit` is a half level, None for none."""

    number: int
    owner: int
    side: int
    limit: int | None
    size: int
    least: int
    until: int
    reference: int

    def takes(self, half):
        return self.limit is None or (self.limit >= half if self.side == codes.BUY else self.limit <= half)

    def may(self, size):
        return size >= self.least or size == self.size


@dataclass
class DarkWitness:
    """The venue; `queue` is its orders, the first in time first."""

    ladder: int
    lot: int = 1
    self_match: int = codes.MATCH_OFF
    phase: int = lk.CLOSED
    bid: int = -1
    ask: int = 0
    clock: int = 0
    sequence: int = 0
    queue: list = field(default_factory=list)
    prints: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    entered: int = 0
    ended: int = 0

    @property
    def middle(self):
        two_sided = self.bid >= 0 and self.ask < self.ladder
        return self.bid + self.ask if two_sided and self.bid < self.ask and self.phase == lk.CONTINUOUS else None

    def tell(self, owner, number, reference, event, reason, half, size, leaves, liquidity, other=0):
        if owner > 0:
            price = (-1, 0) if half is None or half < 0 else (half // 2, 50 if half % 2 else 0)
            what = self.clock, number, owner, event, reason, *price, size, leaves, liquidity, other
            self.reports.append((*what, self.bid, self.ask, len(self.prints), reference))

    def tell_of(self, order, event, reason, half, size, leaves, liquidity=codes.MAKER, other=0):
        self.tell(order.owner, order.number, order.reference, event, reason, half, size, leaves, liquidity, other)

    def end(self, order, event, reason):
        self.tell_of(order, event, reason, order.limit, order.size, 0)
        self.ended += order.size
        self.queue.remove(order)

    def shrink(self, order, size):
        order.size -= size
        if order.size == 0:
            self.queue.remove(order)

    def of_side(self, side):
        return [order for order in self.queue if order.side == side]

    def pairs(self):
        """Every buy and sell that could trade now, in the order in which they would."""
        half = self.middle
        for buy in self.of_side(codes.BUY):
            for sell in self.of_side(codes.SELL):
                size = min(buy.size, sell.size)
                if half is not None and all(o.takes(half) and o.may(size) for o in (buy, sell)):
                    yield buy, sell, size

    def meet(self, came=None):
        self.drop()
        while (found := next(self.pairs(), None)) is not None:
            buy, sell, size = found
            if self.self_match != codes.MATCH_OFF and buy.owner == sell.owner > 0:
                self.keep_apart(buy, sell, size)
                continue
            came_side = 0 if came is None or came not in (buy, sell) else came.side
            for order, other in ((buy, sell), (sell, buy)):
                event = codes.FILLED if order.size == size else codes.PARTIAL
                liquidity = codes.TAKER if order is came else codes.MAKER
                self.tell_of(order, event, codes.MIDPOINT, self.middle, size, order.size - size, liquidity, other.owner)
            ids = buy.owner, sell.owner, buy.number, sell.number
            self.prints.append((self.clock, self.middle, size, came_side, self.bid, self.ask, *ids))
            self.shrink(buy, size)
            self.shrink(sell, size)

    def keep_apart(self, buy, sell, size):
        oldest, newest = sorted((buy, sell), key=self.queue.index)
        if self.self_match == codes.DECREMENT:
            for order in (newest, oldest):
                left = order.size - size
                event = codes.REPLACED if left else codes.CANCELLED
                self.tell_of(order, event, codes.SELF_MATCH, order.limit, size, left, other=order.owner)
                self.ended += size
                self.shrink(order, size)
            return
        if self.self_match in (codes.CANCEL_NEWEST, codes.CANCEL_BOTH):
            self.end(newest, codes.CANCELLED, codes.SELF_MATCH)
        if self.self_match in (codes.CANCEL_OLDEST, codes.CANCEL_BOTH):
            self.end(oldest, codes.CANCELLED, codes.SELF_MATCH)

    def drop(self):
        for order in [*self.of_side(codes.BUY), *self.of_side(codes.SELL)]:
            if order.until <= self.clock:
                self.end(order, codes.EXPIRED, codes.SESSION_OVER)

    # --- messages ---------------------------------------------------------------------------------------------------
    def look(self, clock, phase, bid, ask):
        self.clock, self.phase, self.bid, self.ask = clock, phase, bid, ask

    def cross(self):
        if self.phase != lk.CLOSED:
            self.meet()
            return
        for order in [*self.of_side(codes.BUY), *self.of_side(codes.SELL)]:
            self.end(order, codes.EXPIRED, codes.SESSION_OVER)

    def refusal(self, limit, size, least):
        checks = [
            (self.phase == lk.CLOSED, codes.SESSION_OVER),
            (self.phase == lk.HALTED, codes.HALTED),
            (not 0 < size <= lk.MOST_SIZE, codes.SIZE_REFUSED),
            (size % self.lot or least % self.lot, codes.ODD_LOT),
            (not 0 <= least <= size, codes.BAD_TERMS),
            (limit != NO_LIMIT and not 0 <= limit <= 2 * (self.ladder - 1), codes.OFF_GRID),
        ]
        return next((reason for is_bad, reason in checks if is_bad), codes.NO_REASON)

    def submit(self, owner, side, limit, size, least, at_once, until, reference):
        reason = self.refusal(limit, size, least)
        if not reason and side not in (codes.BUY, codes.SELL):
            reason = codes.BAD_TERMS
        if not reason and at_once and self.phase != lk.CONTINUOUS:
            reason = codes.WRONG_PHASE
        if reason:
            self.tell(owner, 0, reference, codes.REJECTED, reason, limit, size, 0, codes.TAKER)
            return 0
        self.sequence += 1
        order = Resting(self.sequence, owner, side, None if limit == NO_LIMIT else limit, size, least, until, reference)
        self.queue.append(order)
        self.entered += size
        self.tell_of(order, codes.ACKNOWLEDGED, codes.NO_REASON, order.limit, size, size, codes.TAKER)
        self.meet(order)
        if at_once and order in self.queue:
            self.end(order, codes.CANCELLED, codes.NO_LIQUIDITY)
        return order.number

    def find(self, owner, number):
        self.drop()
        return next((o for o in self.queue if o.number == number and o.owner == owner), None)

    def cancel(self, owner, number, reference):
        order = self.find(owner, number)
        if order is None:
            late = codes.CANCEL_REJECTED, codes.UNKNOWN_ORDER
            self.tell(owner, number, reference, *late, None, 0, 0, codes.TAKER)
        else:
            self.end(order, codes.CANCELLED, codes.BY_STRATEGY)

    def modify(self, owner, number, limit, size, reference):
        order = self.find(owner, number)
        if order is None:
            late = codes.MODIFY_REJECTED, codes.UNKNOWN_ORDER
            self.tell(owner, number, reference, *late, None, 0, 0, codes.TAKER)
            return
        reason = self.refusal(limit, size, 0)
        if reason:
            self.tell_of(order, codes.MODIFY_REJECTED, reason, limit, 0, order.size)
            return
        wanted = None if limit == NO_LIMIT else limit
        keeps = wanted == order.limit and size <= order.size
        self.entered += max(0, size - order.size)
        self.ended += max(0, order.size - size)
        order.limit, order.size = wanted, size
        if not keeps:
            self.sequence += 1
            self.queue.remove(order)
            self.queue.append(order)
        self.tell_of(order, codes.REPLACED, codes.BY_STRATEGY, wanted, size, size)
        self.meet(None if keeps else order)
