"""How orders meet in the matching engine's plain witness, and what that sets off: stops, then pegged orders."""

from __future__ import annotations

from engine_witness_book import WitnessBook

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk


class WitnessTrading(WitnessBook):
    """Matching by sorting all that can be reached, every time."""

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
