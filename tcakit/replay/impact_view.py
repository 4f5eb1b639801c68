"""What strategies see of their own impact: the shift of the book that has reached them, and what they took."""

from __future__ import annotations

from typing import Any, Protocol

from tcakit.impact.replay_impact import ReplayImpact
from tcakit.replay import layout_kernel as lk


class _Market(Protocol):
    """What it needs of a recorded market."""

    at: Any
    state: Any
    clock: Any
    feed: Any
    latency: Any
    is_one_book: bool


class ImpactView:
    """The shift (ticks) as strategies see it: as old as the last row of the feed that they have seen was, when they
    saw it. So nothing reaches them sooner than the feed would have told them."""

    def __init__(self, market: _Market, impact: ReplayImpact) -> None:
        self._market, self._at, self._half_life_ns = market, market.at, impact.refill_half_life_ns
        self._lot = market.feed.instrument.lot_size
        self._next, self._shift = 0, 0
        # (side of the book, tick) -> what they know they took there, and when they knew; none where they see the
        # venue's own book.
        self._taken: dict[tuple[int, int], tuple[float, int]] = {}

    def shift(self) -> int:
        """Whole ticks by which the book that strategies see is moved."""
        count = self._at[lk.N_SHIFTS]
        if self._next < count:
            seen_ns, shifts = self._market.clock.now - self._lag_ns(), self._market.state.shifts
            while self._next < count and shifts[self._next, 0] <= seen_ns:
                self._shift = int(shifts[self._next, 1])
                self._next += 1
        return self._shift

    def _lag_ns(self) -> int:
        """How old the last row seen was when it was seen."""
        market = self._market
        if market.is_one_book:
            return 0
        row = market.at[lk.LOCAL_ROW] - 1
        feed = market.feed
        late = 0 if row < 0 else int(feed.late_ns[row] if len(feed.late_ns) else feed.received_ns[row] - feed.ns[row])
        return market.latency.feed_ns + late

    def took(self, side: int, tick: int, size: int) -> None:
        """Strategies know now of displayed size that was taken from a side of the book at one of its ticks."""
        if self._half_life_ns is not None:
            now = self._market.clock.now
            self._taken[side, tick] = (self._owed(side, tick, now) + size, now)

    def _owed(self, side: int, tick: int, now: int) -> float:
        size, since = self._taken.get((side, tick), (0.0, now))
        return size * 0.5 ** ((now - since) / self._half_life_ns) if self._half_life_ns else size

    def give_back(self) -> None:
        """Show strategies what time has given back of what they took."""
        if not self._taken:
            return
        now, taken = self._market.clock.now, self._market.state.local_taken
        for side, tick in list(self._taken):
            lots = int(self._owed(side, tick, now) / self._lot + 0.5)
            taken[side, tick] = min(int(taken[side, tick]), lots * self._lot)
            if not lots:
                del self._taken[side, tick]
