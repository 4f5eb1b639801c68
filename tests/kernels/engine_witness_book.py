"""What the matching engine's plain witness holds: lists of orders, and what is written when they come and go."""

from __future__ import annotations

from dataclasses import dataclass, field

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk


@dataclass(eq=False)
class Order:
    """One order: `shown` of it is displayed (or may be taken, of an unseen one), `reserve` is not yet."""

    number: int
    owner: int
    side: int
    type: int
    time_in_force: int
    hidden: bool
    display: int
    limit: int
    stop: int
    peg: int
    offset: int
    shown: int = 0
    reserve: int = 0
    level: int = -1
    place: int = 0  # number on the tape, and time
    touched: bool = False  # a stop that trades reached before a call began

    @property
    def size(self):
        return self.shown + self.reserve


@dataclass
class WitnessBook:
    """What there is; settings are those of the engine's counters."""

    ladder: int
    lot: int = 1
    self_match: int = codes.MATCH_OFF
    static: tuple[int, int] = (0, 0)
    band: tuple[int, int] = (0, 0)
    phase: int = lk.CONTINUOUS
    clock: int = 0
    sequence: int = 0
    last: int = -1
    touched: tuple[int, int] = (0, -1)  # the last level traded at before this message, and how far it traded since
    priced_by: tuple[int, int] | None = None
    books: dict = field(default_factory=lambda: {book: [] for book in range(lk.BOOKS)})
    parked: list = field(default_factory=list)
    pegs: list = field(default_factory=list)
    live: dict = field(default_factory=dict)
    tape: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    entered: int = 0  # sizes, for the conservation of shares
    filled: int = 0
    ended: int = 0

    # --- what is seen -------------------------------------------------------------------------------------------
    def queue(self, book, side):
        """The orders of a side of a book, the first to trade first."""
        found = [order for order in self.books[book] if order.side == side]
        return sorted(found, key=lambda order: (-side * order.level, order.place))

    def best(self, side, book=lk.DISPLAYED):
        """The best displayed level; past the ladder's end where there is none."""
        levels = [order.level for order in self.books[book] if order.side == side]
        if not levels:
            return -1 if side == codes.BUY else self.ladder
        return max(levels) if side == codes.BUY else min(levels)

    def size_at(self, side, level):
        return sum(o.shown for o in self.books[lk.DISPLAYED] if o.side == side and o.level == level)

    def number(self):
        self.sequence += 1
        return self.sequence

    # --- what is written ----------------------------------------------------------------------------------------
    def write(self, kind, order, size, taker=None):
        shown = self.size_at(order.side, order.level)
        self.tape.append(
            (self.clock, kind, order.side, order.level, size, shown, order.place, order.owner)
            + ((taker.owner, taker.number) if taker else (0, 0))
            + (order.number,)
        )

    def write_phase(self, kind):
        self.tape.append((self.clock, kind, 0, -1, 0, -1, 0, 0, 0, 0, 0))

    def report(self, owner, number, event, reason, level, size, leaves, liquidity=codes.TAKER, counterparty=0):
        if owner > 0:
            row = (self.clock, number, owner, event, reason, level, size, leaves, liquidity, counterparty)
            self.reports.append((*row, self.best(codes.BUY), self.best(codes.SELL), len(self.tape)))

    def tell(self, order, event, reason, size, leaves, liquidity=codes.TAKER, level=None):
        at = order.level if level is None else level
        self.report(order.owner, order.number, event, reason, at, size, leaves, liquidity)

    # --- orders come and go -------------------------------------------------------------------------------------
    def forget(self, order):
        self.live.pop(order.number, None)
        for orders in (*self.books.values(), self.parked, self.pegs):
            if order in orders:
                orders.remove(order)

    def end(self, order, event, reason, liquidity=codes.MAKER):
        """A resting order ends."""
        size, shown = order.size, order.shown
        level = order.stop if order in self.books[lk.STOPS] else order.level
        displayed = order in self.books[lk.DISPLAYED]
        self.tell(order, event, reason, size, 0, liquidity, level)
        self.ended += size
        self.forget(order)
        if displayed:
            self.write(codes.DELETE, order, shown)

    def drop(self, order, level, size, reason):
        """What is left of an order that came ends."""
        self.tell(order, codes.CANCELLED, reason, size, 0, level=level)
        self.ended += size
        self.forget(order)

    def join(self, book, order, level, size):
        if order.place == 0:
            order.place = self.number()
        order.level, order.shown, order.reserve = level, size, 0
        self.books[book].append(order)

    def rest(self, order, level, size):
        if order.hidden or order.peg:
            self.join(lk.HIDDEN, order, level, size)
            return
        tip = min(order.display, size) if order.display else size
        self.join(lk.DISPLAYED, order, level, tip)
        order.reserve = size - tip
        self.write(codes.ADD, order, tip)

    def park(self, order, level, size):
        if order.place == 0:
            order.place = self.number()
        order.level, order.shown = level, size
        self.parked.append(order)
