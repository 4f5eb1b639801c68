"""A matching engine in plain Python that is easy to believe: lists of orders, sorted as the rules say.

It knows nothing of slots, links or levels in arrays. `Witness.handle` takes a message (the columns of
`engine_messages_kernel`) and appends to `tape` and `reports` what the engine should write; ids are the engine's
sequence numbers (its ids without the slot).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk
from tcakit.venue import engine_messages_kernel as mk

CALLS = (lk.PRE_OPEN, lk.CLOSING_CALL, lk.VOLATILITY)
OPEN_ENDED = (codes.GTC, codes.DAY, codes.POST_ONLY)


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
class Witness:
    """The engine; settings are those of its counters."""

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

    # --- matching -----------------------------------------------------------------------------------------------
    def reached(self, side, limit):
        """The orders that one of this side and limit would trade with, in turn (as they stand now)."""
        found = [
            (-side * -order.level, hidden, order.place, order)
            for hidden, book in ((0, lk.DISPLAYED), (1, lk.HIDDEN))
            for order in self.books[book]
            if order.side == -side and side * (limit - order.level) >= 0
        ]
        return [row[3] for row in sorted(found, key=lambda row: row[:3])]

    def takes_part(self, taker):
        return taker.owner > 0 and self.self_match != codes.MATCH_OFF

    def can_fill(self, taker, limit, size):
        """By a dry run over copies of the sizes."""
        standing = [
            [o, o.shown, o.reserve, o.level, i, o in self.books[lk.HIDDEN]]
            for i, o in enumerate(self.reached(taker.side, limit))
        ]
        turn = len(standing)
        while size > 0:
            ahead = [row for row in standing if row[1] > 0]
            if not ahead:
                return False
            row = min(ahead, key=lambda row: (taker.side * row[3], row[5], row[4]))
            if not self.band[0] <= row[3] <= self.band[1]:
                return False
            if self.takes_part(taker) and row[0].owner == taker.owner:
                if self.self_match != codes.CANCEL_OLDEST:
                    return False
                row[1] = row[2] = 0
                continue
            amount = min(size, row[1])
            size -= amount
            row[1] -= amount
            if row[1] == 0 and row[2] > 0:
                row[1] = min(row[2], row[0].display)
                row[2] -= row[1]
                turn += 1
                row[4] = turn
        return True

    def fill(self, order, amount, kind, taker=None):
        """Take what traded off a resting order."""
        self.filled += amount
        displayed = order in self.books[lk.DISPLAYED]
        order.shown -= amount
        if displayed:
            self.write(kind, order, amount, taker)
        elif kind == codes.EXECUTE:
            row = (self.clock, codes.PRINT_HIDDEN, order.side, order.level, amount, -1, 0, order.owner)
            self.tape.append((*row, taker.owner, taker.number, order.number))
        if order.shown > 0:
            return
        if order.reserve > 0:
            order.shown = min(order.reserve, order.display)
            order.reserve -= order.shown
            order.place = self.number()
            self.write(codes.ADD, order, order.shown)
        else:
            self.forget(order)

    def shrink(self, order, amount):
        from_reserve = min(order.reserve, amount)
        order.reserve -= from_reserve
        order.shown -= amount - from_reserve
        self.ended += amount
        if amount > from_reserve and order in self.books[lk.DISPLAYED]:
            self.write(codes.REDUCE, order, amount - from_reserve)

    def match(self, taker, limit, left):
        """Gives (left, why it stopped): None, "band" or "self"."""
        while left > 0:
            ahead = self.reached(taker.side, limit)
            if not ahead:
                return left, None
            order = ahead[0]
            if not self.band[0] <= order.level <= self.band[1]:
                return left, "band"
            if self.takes_part(taker) and order.owner == taker.owner:
                rule = self.self_match
                if rule in (codes.CANCEL_OLDEST, codes.CANCEL_BOTH):
                    self.end(order, codes.CANCELLED, codes.SELF_MATCH)
                if rule in (codes.CANCEL_NEWEST, codes.CANCEL_BOTH):
                    return left, "self"
                if rule == codes.DECREMENT:
                    left = self.decrement(taker, order, limit, left)
                continue
            amount = min(left, order.shown)
            left -= amount
            event = codes.PARTIAL if left else codes.FILLED
            row = (taker.owner, taker.number, event, codes.TOOK, order.level, amount, left, codes.TAKER, order.owner)
            self.report(*row)
            self.tell_fill(order, codes.QUEUE_REACHED, order.level, amount, taker.owner)
            self.trade_at(order.level)
            self.filled += amount
            self.fill(order, amount, codes.EXECUTE, taker)
        return left, None

    def tell_fill(self, order, reason, level, amount, counterparty):
        leaves = order.size - amount
        event = codes.PARTIAL if leaves else codes.FILLED
        self.report(order.owner, order.number, event, reason, level, amount, leaves, codes.MAKER, counterparty)

    def decrement(self, taker, order, limit, left):
        amount = min(left, order.size)
        event = codes.REPLACED if left > amount else codes.CANCELLED
        row = (taker.owner, taker.number, event, codes.SELF_MATCH, limit, amount, left - amount, codes.TAKER)
        self.report(*row, taker.owner)
        self.ended += amount
        if amount == order.size:
            self.end(order, codes.CANCELLED, codes.SELF_MATCH)
        else:
            row = (order.owner, order.number, codes.REPLACED, codes.SELF_MATCH, order.level, amount)
            self.report(*row, order.size - amount, codes.MAKER, order.owner)
            self.shrink(order, amount)
        return left - amount

    def trade_at(self, level):
        self.last = level
        self.touched = (min(self.touched[0], level), max(self.touched[1], level))

    # --- an order comes -----------------------------------------------------------------------------------------
    def far(self, side):
        return self.ladder - 1 if side == codes.BUY else 0

    def gather(self, order, level, size):
        """An order comes, or is left, in a call."""
        if order.time_in_force in (codes.IOC, codes.FOK):
            self.drop(order, level, size, codes.HALTED)
        elif order.type == codes.MARKET:
            book = lk.CLOSING if self.phase == lk.CLOSING_CALL else lk.OPENING
            self.join(book, order, self.far(order.side), size)
        else:
            self.rest(order, level, size)

    def enter(self, order, limit, size):
        if self.phase != lk.CONTINUOUS:
            self.gather(order, limit, size)
            return
        if order.time_in_force == codes.POST_ONLY and self.reached(order.side, limit):
            self.drop(order, limit, size, codes.WOULD_CROSS)
            return
        if order.time_in_force == codes.FOK and not self.can_fill(order, limit, size):
            self.drop(order, limit, size, codes.NO_LIQUIDITY)
            return
        left, why = self.match(order, limit, size)
        if left == 0:
            self.forget(order)
        elif why == "self":
            self.drop(order, limit, left, codes.SELF_MATCH)
        elif why == "band":
            self.interrupted = True
            self.call(lk.VOLATILITY)
            if order.peg:
                self.park(order, limit, left)
            else:
                self.gather(order, limit, left)
        elif order.type == codes.MARKET or order.time_in_force in (codes.IOC, codes.FOK):
            self.drop(order, limit, left, codes.NO_LIQUIDITY)
        else:
            self.rest(order, limit, left)

    def call(self, phase):
        if self.phase == lk.CONTINUOUS:
            for order in self.books[lk.STOPS]:
                order.touched = order.touched or self.reached_by_trades(order)
            if phase == lk.VOLATILITY:
                self.write_phase(codes.HALT)
        self.phase = phase
        self.write_phase(codes.QUOTE_RESUME)
        for order in self.pegs:
            if order in self.books[lk.HIDDEN]:
                self.books[lk.HIDDEN].remove(order)
                self.park(order, order.level, order.shown)

    # --- stops and pegs -----------------------------------------------------------------------------------------
    def begin(self):
        self.interrupted = False
        if self.phase == lk.CONTINUOUS:
            self.touched = (self.last if self.last >= 0 else self.ladder, self.last)

    def reached_by_trades(self, stop):
        low, high = self.touched
        return stop.stop <= high if stop.side == codes.BUY else stop.stop >= low

    def settle(self):
        """What a message sets off."""
        while self.phase == lk.CONTINUOUS:
            due = [order for order in self.books[lk.STOPS] if order.touched or self.reached_by_trades(order)]
            if due:
                order = min(due, key=lambda order: order.place)
                size = order.shown
                self.books[lk.STOPS].remove(order)
                self.tell(order, codes.TRIGGERED, codes.NO_REASON, size, size, level=order.stop)
                order.place, order.shown = 0, 0
                self.enter(order, self.far(order.side) if order.type == codes.MARKET else order.limit, size)
                continue
            now = (self.best(codes.BUY), self.best(codes.SELL))
            if not self.pegs or now == self.priced_by:
                return
            self.reprice(now)

    def peg_level(self, order):
        bid, ask = self.best(codes.BUY), self.best(codes.SELL)
        has = {codes.BUY: bid >= 0, codes.SELL: ask < self.ladder}
        own, other = (bid, ask) if order.side == codes.BUY else (ask, bid)
        needed = {codes.PRIMARY_PEG: [order.side], codes.MARKET_PEG: [-order.side], codes.MIDPOINT_PEG: [1, -1]}
        if not all(has[side] for side in needed[order.peg]):
            return None
        if order.peg == codes.MIDPOINT_PEG:
            level = (bid + ask) // 2 if order.side == codes.BUY else -(-(bid + ask) // 2)
        else:
            level = own if order.peg == codes.PRIMARY_PEG else other
        nearest = min if order.side == codes.BUY else max
        level += order.side * order.offset
        if order.limit >= 0:
            level = nearest(level, order.limit)
        if has[-order.side]:
            level = nearest(level, other - order.side)
        return level if 0 <= level < self.ladder else None

    def reprice(self, now):
        self.priced_by = now
        moved = []
        for order in list(self.pegs):
            level = self.peg_level(order)
            if level is not None and (order in self.parked or level != order.level):
                for orders in (self.books[lk.HIDDEN], self.parked):
                    if order in orders:
                        orders.remove(order)
                moved.append((order, level))
        # A call may begin meanwhile; what has not been queued yet waits on.
        waiting = [order for order, _ in moved]
        for order, level in moved:
            waiting.remove(order)
            size = order.shown
            self.tell(order, codes.REPLACED, codes.REPRICED, size, size, level=level)
            order.place = 0
            if self.phase == lk.CONTINUOUS:
                order.shown = 0
                self.enter(order, level, size)
            else:
                self.park(order, level, size)

    # --- messages -----------------------------------------------------------------------------------------------
    def bad_size(self, size):
        if size <= 0 or size > lk.MOST_SIZE:
            return codes.SIZE_REFUSED
        return codes.ODD_LOT if size % self.lot else codes.NO_REASON

    def bad_level(self, level):
        if not 0 <= level < self.ladder:
            return codes.OFF_GRID
        return codes.NO_REASON if self.static[0] <= level <= self.static[1] else codes.PRICE_BAND

    def bad_phase(self, time_in_force):
        if self.phase == lk.HALTED:
            return codes.HALTED
        if self.phase == lk.CLOSED or (time_in_force == codes.AT_OPEN and self.phase != lk.PRE_OPEN):
            return codes.SESSION_OVER
        if self.phase != lk.CONTINUOUS and time_in_force in (codes.IOC, codes.FOK):
            return codes.WRONG_PHASE
        return codes.NO_REASON

    def bad_terms(self, order):
        stop = order.stop != -1
        rests = order.type == codes.LIMIT and order.time_in_force in OPEN_ENDED
        return (
            order.side not in (codes.BUY, codes.SELL)
            or (order.hidden and order.display > 0)
            or ((order.hidden or order.display > 0 or order.peg) and (not rests or stop))
            or (order.peg and (order.hidden or order.display > 0 or order.time_in_force == codes.POST_ONLY))
            or (stop and order.time_in_force in (codes.AT_OPEN, codes.AT_CLOSE))
            or (order.type == codes.MARKET and order.time_in_force == codes.POST_ONLY)
            or order.display < 0
        )

    def why_refused(self, order, size):
        if self.bad_terms(order):
            return codes.BAD_TERMS
        reasons = [self.bad_size(size)]
        if order.display > 0:
            reasons.append(self.bad_size(order.display))
            if size > 0 and size // order.display > 10_000:
                reasons.append(codes.SIZE_REFUSED)
        if order.type == codes.LIMIT and not (order.peg and order.limit == -1):
            reasons.append(self.bad_level(order.limit))
        if order.stop != -1:
            reasons.append(self.bad_level(order.stop))
        reasons.append(self.bad_phase(order.time_in_force))
        reason = next((reason for reason in reasons if reason), codes.NO_REASON)
        at_once = order.stop == -1 and not order.peg and self.phase == lk.CONTINUOUS
        if not reason and order.time_in_force == codes.POST_ONLY and at_once and self.reached(order.side, order.limit):
            return codes.WOULD_CROSS
        return reason

    def submit(self, order, size):
        reason = self.why_refused(order, size)
        if reason:
            self.report(order.owner, 0, codes.REJECTED, reason, order.limit, size, 0)
            return lk.REFUSED, 0
        self.begin()
        order.number = order.place = self.number()
        self.live[order.number] = order
        self.entered += size
        self.tell(order, codes.ACKNOWLEDGED, codes.NO_REASON, size, size, level=order.limit)
        limit = self.far(order.side) if order.type == codes.MARKET else order.limit
        if order.stop != -1:
            self.join(lk.STOPS, order, order.stop, size)
        elif order.peg:
            self.pegs.append(order)
            self.enter_pegged(order, size)
        elif order.time_in_force in (codes.AT_OPEN, codes.AT_CLOSE):
            self.join(lk.OPENING if order.time_in_force == codes.AT_OPEN else lk.CLOSING, order, limit, size)
        else:
            self.enter(order, limit, size)
        self.settle()
        return (lk.INTERRUPTED if self.interrupted else 0), order.number

    def enter_pegged(self, order, size):
        level = self.peg_level(order)
        if level is None or self.phase != lk.CONTINUOUS:
            self.park(order, -1 if level is None else level, size)
            return
        self.priced_by = (self.best(codes.BUY), self.best(codes.SELL))
        self.enter(order, level, size)

    def find(self, owner, number):
        order = self.live.get(number)
        if order is None:
            return 4, None
        return (0, order) if order.owner == owner else (lk.NOT_YOURS, None)

    def cancel(self, owner, number):
        status, order = self.find(owner, number)
        if order is None:
            self.report(owner, number, codes.CANCEL_REJECTED, codes.UNKNOWN_ORDER, -1, 0, 0)
            return status
        self.begin()
        self.end(order, codes.CANCELLED, codes.BY_STRATEGY)
        self.settle()
        return 0

    def reduce(self, owner, number, amount):
        order = self.live.get(number)
        if order is None or order not in self.books[lk.DISPLAYED]:
            return 2
        if order.owner != owner:
            return lk.NOT_YOURS
        if amount <= 0:
            return 5
        if amount >= order.size:
            self.begin()
            self.end(order, codes.CANCELLED, codes.BY_STRATEGY)
            self.settle()
            return 0
        self.shrink(order, amount)
        self.tell(order, codes.REPLACED, codes.BY_STRATEGY, amount, order.size, codes.MAKER)
        return 0

    def why_kept(self, order, level, size):
        reasons = [self.bad_size(size)]
        if order.display > 0 and size > 0 and size // order.display > 10_000:
            reasons.append(codes.SIZE_REFUSED)
        if order.type == codes.LIMIT and not (order.peg and level == -1):
            reasons.append(self.bad_level(level))
        reasons.append(self.bad_phase(codes.GTC))
        reason = next((reason for reason in reasons if reason), codes.NO_REASON)
        trades = order not in self.books[lk.STOPS] and not order.peg and self.phase == lk.CONTINUOUS
        if not reason and trades and order.time_in_force == codes.POST_ONLY and self.reached(order.side, level):
            return codes.WOULD_CROSS
        return reason

    def modify(self, owner, number, level, size):
        status, order = self.find(owner, number)
        if order is None:
            self.report(owner, number, codes.MODIFY_REJECTED, codes.UNKNOWN_ORDER, level, size, 0)
            return status
        reason = self.why_kept(order, level, size)
        if reason:
            self.report(owner, number, codes.MODIFY_REJECTED, reason, level, size, order.size)
            return lk.REFUSED
        self.begin()
        self.report(owner, number, codes.REPLACED, codes.BY_STRATEGY, level, size, size)
        self.change(order, level, size)
        self.settle()
        return lk.INTERRUPTED if self.interrupted else 0

    def change(self, order, level, size):
        whole = order.size
        if order in self.books[lk.STOPS]:
            if order.type == codes.LIMIT:
                order.limit = level
            order.shown = size
            self.entered += size - whole
            return
        if order.type == codes.MARKET:
            level = order.level
        if level == (order.limit if order.peg else order.level) and size <= whole:
            if size < whole:
                self.shrink(order, whole - size)
            return
        self.entered += size - whole
        book = next((book for book, orders in self.books.items() if order in orders), None)
        (self.parked if book is None else self.books[book]).remove(order)
        if book == lk.DISPLAYED:
            self.write(codes.DELETE, order, order.shown)
        order.place = order.shown = order.reserve = 0
        if order.peg:
            order.limit = level
            self.enter_pegged(order, size)
        elif book in (lk.OPENING, lk.CLOSING):
            self.join(book, order, level, size)
        else:
            self.enter(order, level, size)

    # --- phases -------------------------------------------------------------------------------------------------
    def start_call(self, phase):
        if self.phase in CALLS or phase not in CALLS:
            return lk.REFUSED
        self.begin()
        self.call(phase)
        return 0

    def indicative(self, reference, half=0):
        """(level or -1, volume, surplus) by looking at every level; ties as the rules say."""
        reference = max(self.last, 0) if reference == -1 else reference + half / 2
        own = lk.CLOSING if self.phase == lk.CLOSING_CALL else lk.OPENING
        orders = [*self.books[lk.DISPLAYED], *self.books[lk.HIDDEN], *self.books[own]]

        def wants(side, level):
            return sum(
                o.size for o in orders if o.side == side and (o.type == codes.MARKET or side * (o.level - level) >= 0)
            )

        found = []
        for level in range(self.ladder):
            buys, sells = wants(codes.BUY, level), wants(codes.SELL, level)
            found.append((-min(buys, sells), abs(buys - sells), abs(level - reference), -level, buys - sells))
        best = min(found)
        if best[0] == 0:
            everything = sum(o.side * o.size for o in orders)
            return -1, 0, everything
        return -best[3], -best[0], best[4]

    def uncross(self, reference, half=0):
        if self.phase not in CALLS:
            return lk.REFUSED, -1
        self.interrupted = False
        level, volume, _ = self.indicative(reference, half)
        own = lk.CLOSING if self.phase == lk.CLOSING_CALL else lk.OPENING
        rank = {lk.DISPLAYED: 0, own: 1, lk.HIDDEN: 2}
        for side in (codes.BUY, codes.SELL):
            left = volume
            while left > 0:
                standing = [(rank[book], o) for book in rank for o in self.books[book] if o.side == side]
                first = [(o.type != codes.MARKET, -side * o.level, class_, o.place, o) for class_, o in standing]
                order = min(first, key=lambda row: row[:4])[-1]
                amount = min(left, order.shown)
                self.tell_fill(order, codes.AUCTION, level, amount, 0)
                self.fill(order, amount, codes.EXECUTE_UNPRINTED)
                left -= amount
        if volume:
            self.tape.append((self.clock, codes.PRINT_CROSS, 0, level, volume, -1, 0, 0, 0, 0, 0))
            self.trade_at(level)
        self.end_book(own, codes.SESSION_OVER, codes.NO_LIQUIDITY)
        if self.phase == lk.CLOSING_CALL:
            self.phase = lk.CLOSED
            return 0, level
        self.open_again()
        return (lk.INTERRUPTED if self.interrupted else 0), level

    def open_again(self):
        self.phase = lk.CONTINUOUS
        self.begin()
        self.write_phase(codes.TRADE_RESUME)
        self.priced_by = None
        self.settle()

    def end_book(self, book, limit_reason, market_reason):
        for side in (codes.BUY, codes.SELL):
            for order in self.queue(book, side):
                if order.type == codes.MARKET:
                    self.end(order, codes.CANCELLED, market_reason)
                else:
                    self.end(order, codes.EXPIRED, limit_reason)

    def halt(self):
        if self.phase in (lk.HALTED, lk.CLOSED):
            return lk.REFUSED
        self.begin()
        self.phase = lk.HALTED
        self.write_phase(codes.HALT)
        return 0

    def resume(self):
        bid = max(self.best(codes.BUY), self.best(codes.BUY, lk.HIDDEN))
        ask = min(self.best(codes.SELL), self.best(codes.SELL, lk.HIDDEN))
        if self.phase not in (lk.HALTED, lk.CLOSED) or bid >= ask:
            return lk.REFUSED
        self.end_book(lk.OPENING, codes.NO_AUCTION, codes.NO_AUCTION)
        self.open_again()
        return lk.INTERRUPTED if self.interrupted else 0

    def close_day(self):
        self.begin()
        for book in (lk.OPENING, lk.CLOSING):
            self.end_book(book, codes.NO_AUCTION, codes.NO_AUCTION)
        for book in (lk.DISPLAYED, lk.HIDDEN):
            for side in (codes.BUY, codes.SELL):
                for order in self.queue(book, side):
                    if order.time_in_force == codes.DAY:
                        self.end(order, codes.EXPIRED, codes.SESSION_OVER)
        # Sell stops are looked through from the highest down, then buy stops from the lowest up.
        for side in (codes.SELL, codes.BUY):
            stops = [order for order in self.books[lk.STOPS] if order.side == side]
            for order in sorted(stops, key=lambda order: (side * order.stop, order.place)):
                if order.time_in_force == codes.DAY:
                    self.end(order, codes.EXPIRED, codes.SESSION_OVER)
        for order in [order for order in self.pegs if order in self.parked]:
            if order.time_in_force == codes.DAY:
                self.end(order, codes.EXPIRED, codes.SESSION_OVER)
        self.phase = lk.CLOSED
        return 0

    def handle(self, message):
        """One message; gives (status, value)."""
        self.clock = message[mk.MESSAGE_TS]
        kind, owner, side = (message[k] for k in (mk.MESSAGE_KIND, mk.MESSAGE_OWNER, mk.MESSAGE_SIDE))
        level, size, number = (message[k] for k in (mk.MESSAGE_LEVEL, mk.MESSAGE_SIZE, mk.MESSAGE_ORDER))
        if kind == mk.NEW_ORDER:
            parts = message[mk.MESSAGE_COLUMNS :]
            terms, rest = parts[: mk.PART_STOP], parts[mk.PART_STOP :]
            return self.submit(Order(0, owner, side, *terms, level, *rest), size)
        if kind in (mk.NEW_LIMIT, mk.NEW_MARKET):
            type_ = codes.LIMIT if kind == mk.NEW_LIMIT else codes.MARKET
            at = level if kind == mk.NEW_LIMIT else -1
            status, number = self.submit(Order(0, owner, side, type_, codes.GTC, False, 0, at, -1, 0, 0), size)
            shown = any(order.number == number for order in self.books[lk.DISPLAYED])
            return status, (number if kind == mk.NEW_LIMIT and shown else 0)
        if kind == mk.CANCEL_ORDER:
            return self.cancel(owner, number), 0
        if kind == mk.REDUCE_ORDER:
            return self.reduce(owner, number, size), 0
        if kind == mk.MODIFY_ORDER:
            return self.modify(owner, number, level, size), 0
        if kind == mk.UNCROSS:
            return self.uncross(level, size)
        if kind == mk.START_CALL:
            return self.start_call(level), 0
        return {mk.STOP_TRADING: self.halt, mk.RESUME_TRADING: self.resume, mk.CLOSE_DAY: self.close_day}[kind](), 0

    def resting(self):
        """All that stands somewhere."""
        return sum(order.size for order in self.live.values())
