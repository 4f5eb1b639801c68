"""Independent checks of what a replay took: from stored events and fills alone, in plain loops."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tcakit.market import codes

Level = tuple[int, int]  # side of the book (+1 bid), price


@dataclass(slots=True)
class Witness:
    """One level: what it shows, what came to it, what we took of it.

    Shares that we took between two instants can be no more than it showed at the first and what came since:
    taken(s, t] <= shown(s) + came(s, t] for every s before t. With running sums that is one number to keep,
    `bound` = the least shown(s) + taken(s) - came(s) of all s so far.
    """

    shown: int = 0
    came: int = 0
    taken: int = 0
    bound: int = 0
    ours: int = 0  # the documented rule: what we took comes back only as far as the size rises anew
    hidden: int = field(default=0)  # shown when the level went out of the window

    def change(self, size: int, entered: bool) -> None:
        # A level that comes back may be the same orders as before: only what is more than it showed is new.
        before = self.hidden if entered and self.shown == 0 else self.shown
        self.came += max(0, size - before)
        self.shown, self.hidden = size, 0
        self.ours = min(self.ours, size)
        self.bound = min(self.bound, self.shown + self.taken - self.came)

    def leave(self) -> None:
        self.shown, self.hidden = 0, self.shown

    def take(self, size: int) -> None:
        assert self.ours + size <= self.shown, "more taken than is displayed and left"
        self.ours += size
        self.taken += size
        assert self.taken - self.came <= self.bound, "a displayed share was taken twice"


def check_taken(events: list[tuple[int, int, int, int | None]], takes: list[tuple[int, Level, int]]) -> int:
    """Walk the recording and our takes together; gives the size taken.

    `events` are the stored rows (kind, side, price, level_size) in order; `takes` are (rows that came before, level,
    size) in the order in which they happened. AssertionError where a displayed share was taken twice.
    """
    levels: dict[Level, Witness] = defaultdict(Witness)
    done = 0
    for row, level, size in takes:
        for kind, side, price, level_size in events[done:row]:
            if kind == codes.LEAVE:
                levels[side, price].leave()
            elif kind in codes.BOOK_KINDS and level_size is not None:
                levels[side, price].change(level_size, kind == codes.ENTER)
        done = max(done, row)
        levels[level].take(size)
    return sum(size for _, _, size in takes)


def takes_of(
    fills: list[dict[str, Any]], rows: dict[str, int], events: list[tuple[int, int, int, int | None]]
) -> list[tuple[int, Level, int]]:
    """What fills took of displayed levels; `rows` is the market row of each fill by its id.

    A taker's fill took the other side's level at its own price, before the market row; a fill because the other
    side came to us took of the very level that the market row shows.
    """
    out = []
    for fill in fills:
        row = rows[fill["fill_id"]]
        if fill["reason"] == "took":
            out.append((row, (-fill["side"], fill["price"]), fill["quantity"]))
        elif fill["reason"] == "crossed":
            kind, side, price, _ = events[row]
            assert kind in codes.BOOK_KINDS
            assert side == -fill["side"]
            assert (fill["price"] - price) * fill["side"] >= 0
            out.append((row + 1, (side, price), fill["quantity"]))
    return out
