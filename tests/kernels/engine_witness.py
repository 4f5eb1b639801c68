"""A matching engine in plain Python that is easy to believe: lists of orders, sorted as the rules say.

It knows nothing of slots, links or levels in arrays. `Witness.handle` takes a message (the columns of
`engine_messages_kernel`) and appends to `tape` and `reports` what the engine should write; ids are the engine's
sequence numbers (its ids without the slot).
"""

from __future__ import annotations

from engine_witness_book import Order
from engine_witness_phases import WitnessPhases

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk
from tcakit.venue import engine_messages_kernel as mk

OPEN_ENDED = (codes.GTC, codes.DAY, codes.POST_ONLY)


class Witness(WitnessPhases):
    """The engine: messages, and why some are refused."""

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
