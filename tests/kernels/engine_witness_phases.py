"""Calls, auctions, halts and the end of the day in the matching engine's plain witness."""

from __future__ import annotations

from engine_witness_trading import WitnessTrading

from tcakit.market import codes
from tcakit.venue import engine_layout_kernel as lk

CALLS = (lk.PRE_OPEN, lk.CLOSING_CALL, lk.VOLATILITY)


class WitnessPhases(WitnessTrading):
    """An auction looks at every level, with the ties as the rules say."""

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
