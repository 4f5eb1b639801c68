"""What an order is beside side, size and limit, as the replay's kernel wants it written down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tcakit.book.ladder_kernel import PRINTS_AUCTION
from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.venue.limits import OrderGuard, PreTradeLimits
from tcakit.venue.order_parts import OrderParts, check_parts

_AUCTIONS = {codes.AT_OPEN: lk.FOR_OPEN, codes.AT_CLOSE: lk.FOR_CLOSE}
_OVER = frozenset((codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED))
_ANSWERS_A_CHANGE = frozenset((codes.REPLACED, codes.MODIFY_REJECTED))
_OF_THE_SESSION = frozenset((codes.DAY, codes.AT_OPEN, codes.AT_CLOSE))


class OrderDesk:
    """What an order goes through before it is sent: its parts are checked and written down, and the limits are held."""

    def __init__(self, feed: Feed, has_session: bool, limits: PreTradeLimits | None) -> None:
        self._feed, self._has_session, self.limits = feed, has_session, limits
        self._guards: dict[int, OrderGuard] = {}

    def fields(
        self, special: OrderParts, side: int, quantity: int, tick: int | None, time_in_force: int
    ) -> dict[int, int]:
        """Fields of a row of `orders` (layout_kernel) that a special order sets; ValueError where its parts contradict
        each other, UsageError where the replay was told of no session and the order needs one."""
        if special.is_hidden:
            raise ValueError("a recorded market does not say where hidden orders stand: an order of ours is shown")
        if time_in_force in _OF_THE_SESSION and not self._has_session:
            raise UsageError(
                f"an order for the {codes.TIME_IN_FORCE_NAMES[time_in_force]} needs the session's times",
                place="session_ns",
                remedy="give the replay's settings the open and the close",
            )
        check_parts(special, quantity, tick, time_in_force, self._feed.instrument.lot_size)
        stop, display, peg, offset = special[:4]
        fields: dict[int, int] = {}
        if time_in_force in _AUCTIONS:
            fields[lk.WAITS] = _AUCTIONS[time_in_force]
        if stop is not None:
            fields[lk.WAITS] = lk.FOR_STOP
            fields[lk.HAS_STOP] = 1
            fields[lk.STOP_TICK] = stop - self._feed.base_tick
        if display is not None:
            fields[lk.DISPLAY] = display
        if peg is not None:
            last = self._feed.ticks - 1 if side > 0 else 0
            fields[lk.TYPE] = codes.LIMIT
            fields[lk.TICK] = -1
            fields[lk.PEG], fields[lk.PEG_OFFSET] = peg, offset
            fields[lk.PEG_LIMIT] = last if tick is None else tick - self._feed.base_tick
            fields[lk.HAS_PEG_LIMIT] = int(tick is not None)
        return fields

    def new(
        self,
        now_ns: int,
        owner: int,
        order: int,
        side: int,
        quantity: int,
        tick: int | None,
        special: OrderParts | None,
        touch: tuple[int | None, int | None],
    ) -> int:
        """The reason for which a participant's new order is not sent, NO_REASON (codes) if it is; `touch` as seen."""
        collared = worst = tick
        if special is not None and special.is_priced_later:
            collared, worst = None, tick if tick is not None else special.stop_tick
        guard = self._guard(owner)
        refusal = guard.refusal(side, quantity, collared, *touch, now_ns=now_ns, worst_tick=worst)
        if refusal == codes.NO_REASON:
            guard.sent(now_ns, order, side, quantity)
        return refusal

    def change(
        self,
        now_ns: int,
        owner: int,
        order: int,
        row: NDArray[np.int64],
        quantity: int,
        tick: int,
        touch: tuple[int | None, int | None],
    ) -> int:
        """The same of a modification of the order whose row of `orders` this is."""
        guard, side = self._guard(owner), 1 - 2 * int(row[lk.SIDE])
        is_priced_later = row[lk.WAITS] != lk.FOR_NOTHING or row[lk.PEG] != codes.NO_PEG
        collared = None if is_priced_later else tick
        refusal = guard.refusal(side, quantity, collared, *touch, now_ns=now_ns, worst_tick=tick, order=order)
        if refusal == codes.NO_REASON:
            guard.sent(now_ns, order, side, quantity)
        return refusal

    def cancel(self, now_ns: int, owner: int) -> None:
        """A cancel is sent, whatever the limits."""
        if self.limits is not None:
            self._guard(owner).counted(now_ns)

    def told(self, owner: int, order: int, event: int, size: int, leaves: int) -> None:
        """A participant hears of an event of an order."""
        self._guard(owner).told(order, leaves, size, event in _OVER, event in _ANSWERS_A_CHANGE)

    def _guard(self, owner: int) -> OrderGuard:
        if owner not in self._guards:
            instrument = self._feed.instrument
            tick_value = instrument.tick_size / instrument.price_scale
            self._guards[owner] = OrderGuard(self.limits or PreTradeLimits(), tick_value, instrument.size_scale)
        return self._guards[owner]


def write_session(settings: NDArray[np.int64], feed: Feed, session_ns: tuple[int, int] | None) -> None:
    """Tell the kernel of a session's close and of its auctions; without a session none of them ever comes."""
    settings[lk.CLOSE_NS] = np.iinfo(np.int64).max
    settings[[lk.OPEN_ROW, lk.CLOSE_ROW]] = -1
    if session_ns is not None:
        settings[lk.CLOSE_NS] = session_ns[1]
        settings[[lk.OPEN_ROW, lk.CLOSE_ROW]] = auction_rows(feed, *session_ns)


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
