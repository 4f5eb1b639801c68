"""The impact of docs/replay.md once more, slow and plain: the book itself is moved, and every sum is made anew from all
that was ever traded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from replay_witness import Message, Order, Row, Witness

from tcakit.market import codes


def nearest(move: float) -> int:
    """The nearest whole number, halves away from zero."""
    return int(math.copysign(math.floor(abs(move) + 0.5), move))


class Impact:
    """What was pushed, when, and what it does at any time; in ticks, one a stored unit."""

    def __init__(
        self, weights: Sequence[float], rates: Sequence[float], permanent: float = 0.0, passive_weight: float = 0.0
    ) -> None:
        self.terms = list(zip(weights, rates, strict=True))
        self.permanent, self.passive_weight = permanent, passive_weight
        self.jump = sum(weights) + permanent
        self.pushes: list[tuple[int, float, float]] = []  # ns, units that fade, ticks that stay

    def push(self, ns: int, units: float, walked: float = 0.0) -> None:
        fades = abs(units) * (self.jump - self.permanent)
        stays = abs(units) * self.permanent
        part = max(0.0, fades - walked) / fades if fades else 0.0
        stays = min(stays, max(0.0, fades + stays - walked))
        self.pushes.append((ns, part * units, math.copysign(stays, units)))

    def transient(self, ns: int) -> float:
        return sum(
            weight * units * math.exp(-rate * (ns - at)) for at, units, _ in self.pushes for weight, rate in self.terms
        )

    def lasting(self) -> float:
        return sum(ticks for _, _, ticks in self.pushes)

    def move(self, ns: int) -> float:
        return self.transient(ns) + self.lasting()


class ImpactWitness(Witness):
    """A venue whose book our fills move; `met` holds, for each row of the log, transient, permanent, own, charge in
    ticks and what the ledger withheld."""

    def __init__(self, impact: Impact, *arguments: Any, past: Sequence[tuple[int, int]] = (), **rules: Any) -> None:
        super().__init__(*arguments, **rules)
        self.impact, self.past = impact, sorted(past)
        self.shift = 0
        self.met: list[list[float]] = []
        self.now = 0

    def say(self, *arguments: Any) -> None:
        super().say(*arguments)
        self.met.append([0.0] * 5)

    # --- the book moves ---------------------------------------------------------------------------------

    def on_row(self, row: Row) -> None:
        self.now = row.ns
        moved = Row(**{**vars(row), "tick": row.tick + self.shift})
        before = len(self.impact.pushes)
        super().on_row(moved)
        if len(self.impact.pushes) > before:
            self.look(row.ns)

    def on_message(self, ns: int, message: Message) -> None:
        self.now, before = ns, len(self.impact.pushes)
        super().on_message(ns, message)
        if len(self.impact.pushes) > before:
            self.look(ns)

    def look(self, ns: int) -> None:
        """Bring the book to the tick where our impact has it."""
        self.now = ns
        while self.past and self.past[0][0] <= ns:
            at, units = self.past.pop(0)
            self.impact.push(at, -units)
        while (shift := nearest(self.impact.move(ns))) != self.shift:
            by, self.shift = shift - self.shift, shift
            for side in (codes.BUY, codes.SELL):
                self.book.levels[side] = {tick + by: level for tick, level in self.book.levels[side].items()}
                best = self.book.best[side]
                self.book.best[side] = None if best is None else best + by
            self.quote = self.book.quote()
            for order in self.waiting():
                order.printed = 0
                order.ahead = float(self.book.level(order.side, int(order.tick or 0)).shown)
                order.tip = min(order.display or 0, order.leaves)
                self.last_in_line(order)
            for order in [] if self.is_halted else self.waiting():
                self.come_anew(ns, order)

    def waiting(self) -> list[Order]:
        return sorted((order for order in self.orders.values() if order.rests), key=lambda order: order.place)

    def come_anew(self, ns: int, order: Order) -> None:
        """An order that the moved book reaches is a new one to it."""
        assert order.tick is not None
        self.quote = self.book.quote()
        best = self.quote[1 if order.side > 0 else 0]
        if best is not None and (order.tick - best) * order.side >= 0:
            order.rests = False
            self.say(ns, order, codes.REPLACED, codes.REPRICED, order.tick, 0, -1.0)
            self.place(ns, order)

    # --- what our fills do --------------------------------------------------------------------------------

    def fill(self, ns: int, order: Order, reason: int, tick: int | None, size: int) -> None:
        before = [self.impact.transient(ns), self.impact.lasting()]
        super().fill(ns, order, reason, tick, size)
        if size > 0:
            self.met[-1][:2] = before
            if reason != codes.TOOK and self.impact.passive_weight:
                self.impact.push(ns, self.impact.passive_weight * size * order.side)

    def take(self, ns: int, order: Order, reached: Sequence[int]) -> None:
        side, taken, withheld = order.side, 0, 0.0
        first = self.quote[1 if side > 0 else 0]
        for at in reached:
            if not order.leaves:
                break
            level, wanted = self.book.levels[-side][at], order.leaves
            free = max(0, level.left)
            size = self.may_take(order, at, taken, min(wanted, free))
            if size:
                assert first is not None
                own = max(0.0, self.impact.jump * (taken + size / 2) - abs(at - first))
                charge = self.against(order) + own
                if order.tick is not None:
                    room = abs(order.tick - at)
                    charge = max(-room, min(room, charge))
                level.taken += size
                self.fill(ns, order, codes.TOOK, at, size)
                self.met[-1][2:] = [side * own, side * charge, withheld]
                taken, withheld = taken + size, 0.0
            withheld += min(wanted, level.shown) - min(wanted, free)
            if size < min(wanted, free):
                break
        if taken:
            self.impact.push(ns, taken * side, self.walked(side, first))
        self.met[-1][4] += withheld

    def against(self, order: Order) -> float:
        return order.side * (self.impact.move(self.now) - self.shift)

    def may_take(self, order: Order, at: int, taken: int, size: int) -> int:
        """No more than moves the price half a tick beyond the limit, and the book beyond it too; in whole lots, and one
        of them at least."""
        first = self.quote[1 if order.side > 0 else 0]
        if not size or not self.impact.jump or order.tick is None:
            return size
        assert first is not None
        ticks = abs(order.tick - at) + max(0.5, 0.5 - self.against(order)) + abs(at - first)
        lots = max(1, math.ceil((ticks / self.impact.jump - taken) / self.lot))
        return min(size, lots * self.lot)

    def walked(self, side: int, first: int | None) -> int:
        """How far what is left of the other side's best has moved; one beyond all that is shown, if nothing is left."""
        assert first is not None
        left = [at for at, level in self.book.levels[-side].items() if level.left > 0 and (at - first) * side >= 0]
        shown = [at for at, level in self.book.levels[-side].items() if level.shown > 0 and (at - first) * side >= 0]
        if left:
            return min(abs(at - first) for at in left)
        return max([abs(at - first) for at in shown], default=0) + 1

    def can_be_had(self, order: Order, reached: Sequence[int]) -> int:
        total = 0
        for at in reached:
            free = max(0, self.book.levels[-order.side][at].left)
            size = self.may_take(order, at, total, free)
            total += size
            if size < free:
                break
        return total


def replay(witness: ImpactWitness, rows: Sequence[Row], messages: Sequence[Message], entry_ns: int, until: int) -> None:
    """Let rows and messages reach the venue by their times: rows first, then the book moves, then our messages."""
    left, sent = list(rows), list(messages)
    while True:
        row_ns = left[0].ns if left else math.inf
        message_ns = sent[0].ns + entry_ns if sent else math.inf
        upto = int(min(row_ns, message_ns, until))
        fade = next((ns for ns in range(witness.now, upto + 1) if moves_at(witness, ns)), None)
        if fade is not None and (fade < row_ns):
            witness.look(fade)
        elif row_ns <= min(message_ns, until):
            row = left.pop(0)
            witness.on_row(row)
            if not left or left[0].ns != row.ns:
                witness.settle(row.ns)
        elif message_ns <= until:
            witness.on_message(sent[0].ns + entry_ns, sent.pop(0))
        else:
            return


def moves_at(witness: ImpactWitness, ns: int) -> bool:
    if witness.past and witness.past[0][0] <= ns:
        return True
    return nearest(witness.impact.move(ns)) != witness.shift
