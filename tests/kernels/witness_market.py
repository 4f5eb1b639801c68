"""The market of the replay's witness: rows, the displayed book, and the queue rules' probabilities; slow and plain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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


def better(tick: int, than: int | None, side: int) -> bool:
    return than is None or (tick - than) * side > 0


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
