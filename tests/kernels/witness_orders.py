"""What the replay's witness is sent, and when, and what it knows of each order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from witness_market import Row

from tcakit.market import codes


@dataclass
class Message:
    """What we send, and when: a new order (at the market if `tick` is None), or the cancel, or another price or size,
    of one sent earlier. `tick` of a pegged order is its limit, if it has one."""

    ns: int
    order: int
    is_cancel: bool = False
    side: int = codes.BUY
    tick: int | None = None
    quantity: int = 1
    tif: int = codes.GTC
    is_change: bool = False
    stop: int | None = None
    display: int | None = None
    peg: int | None = None
    offset: int = 0


@dataclass
class Order:
    """One of ours; `place` is its place among all that came to rest, `joined` the rows that came before it did."""

    number: int
    side: int
    tick: int | None
    leaves: int
    tif: int = codes.GTC
    rests: bool = False
    waits: str | None = None
    place: int = 0
    joined: int = 0
    ahead: float = 0.0
    printed: int = 0
    stop: int | None = None
    is_hit: bool = False
    display: int | None = None
    tip: int = 0
    peg: int | None = None
    offset: int = 0
    limit: int | None = None

    @property
    def is_open(self) -> bool:
        return self.rests or self.waits is not None

    @property
    def visible(self) -> int:
        return self.leaves if self.display is None else self.tip


def replay(witness: Any, rows: Sequence[Row], messages: Sequence[Message], entry_ns: int, until: int) -> None:
    """Let rows and messages reach the venue by their times; at equal times rows come first, then the close."""
    left = list(rows)

    def run_rows(to: float) -> None:
        while left and left[0].ns <= to:
            row = left.pop(0)
            witness.on_row(row)
            if not left or left[0].ns != row.ns:
                witness.settle(row.ns)

    is_over = False
    for arrival, message in [*((message.ns + entry_ns, message) for message in messages), (until, None)]:
        if arrival > until:
            continue
        if witness.close_ns <= arrival and not is_over:
            is_over = True
            run_rows(witness.close_ns)
            witness.on_close()
        run_rows(arrival)
        if message is not None:
            witness.on_message(arrival, message)
