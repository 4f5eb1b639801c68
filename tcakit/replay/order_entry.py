"""What an order is beside side, size and limit, as the replay's kernel wants it written down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tcakit.book.ladder_kernel import PRINTS_AUCTION
from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed

_RESTS = frozenset((codes.GTC, codes.POST_ONLY, codes.DAY))
_AUCTIONS = {codes.AT_OPEN: lk.FOR_OPEN, codes.AT_CLOSE: lk.FOR_CLOSE}
_OF_THE_SESSION = frozenset((codes.DAY, codes.AT_OPEN, codes.AT_CLOSE))


class Special(NamedTuple):
    """A stop (its tick), what an iceberg shows at once, what an order is pegged to and how many ticks from it."""

    stop_tick: int | None = None
    display_quantity: int | None = None
    peg: int | None = None
    peg_offset_ticks: int = 0


def needs_special(time_in_force: int, special: Special) -> bool:
    """Whether an order is other than a plain one."""
    return time_in_force in _OF_THE_SESSION or special != Special()


def special_fields(
    special: Special, feed: Feed, side: int, quantity: int, tick: int | None, time_in_force: int, has_session: bool
) -> dict[int, int]:
    """Fields of a row of `orders` (layout_kernel) that a special order sets; ValueError where its parts contradict
    each other, UsageError where the replay was told of no session and the order needs one."""
    stop, display, peg, offset = special
    if time_in_force in _OF_THE_SESSION and not has_session:
        raise UsageError(
            f"an order for the {codes.TIME_IN_FORCE_NAMES[time_in_force]} needs the session's times",
            place="session_ns",
            remedy="give the replay's settings the open and the close",
        )
    fields: dict[int, int] = {}
    if time_in_force in _AUCTIONS:
        if special != Special():
            raise ValueError("an order for an auction can be no stop, iceberg or pegged order")
        fields[lk.WAITS] = _AUCTIONS[time_in_force]
    if stop is not None:
        fields[lk.WAITS] = lk.FOR_STOP
        fields[lk.STOP_TICK] = stop - feed.base_tick
    if display is not None:
        lot = feed.instrument.lot_size
        if not 0 < display <= quantity or display % lot:
            raise ValueError(f"display_quantity {display}: a multiple of {lot} above zero, no more than {quantity}")
        if (tick is None and peg is None) or time_in_force not in _RESTS:
            raise ValueError("only an order that may rest can show a part of its size")
        fields[lk.DISPLAY] = display
    if peg is not None:
        if peg not in codes.PEG_NAMES or peg == codes.NO_PEG:
            raise ValueError(f"peg {peg}: one of codes.PRIMARY_PEG, MARKET_PEG, MIDPOINT_PEG")
        if stop is not None or time_in_force not in _RESTS:
            raise ValueError("a pegged order rests: it is no stop, and good till cancelled, for the day or post-only")
        last = feed.ticks - 1 if side > 0 else 0
        fields[lk.TYPE] = codes.LIMIT
        fields[lk.TICK] = -1
        fields[lk.PEG], fields[lk.PEG_OFFSET] = peg, offset
        fields[lk.PEG_LIMIT] = last if tick is None else tick - feed.base_tick
        fields[lk.HAS_PEG_LIMIT] = int(tick is not None)
    elif offset:
        raise ValueError("peg_offset_ticks without a peg")
    return fields


def auction_rows(feed: Feed, open_ns: int, close_ns: int) -> tuple[int, int]:
    """The rows that print the opening and the closing auction, -1 for one that is not recorded.

    The opening one is the first auction at or after the open and before the close, the closing one the first at or
    after the close. The kernel looks at them when it gets there, not before.
    """
    rows = feed.print_row[feed.action[feed.print_row] == PRINTS_AUCTION]
    ns = feed.ns[rows]
    opening, closing = int(np.searchsorted(ns, open_ns)), int(np.searchsorted(ns, close_ns))
    return (
        int(rows[opening]) if opening < closing else -1,
        int(rows[closing]) if closing < len(rows) else -1,
    )
