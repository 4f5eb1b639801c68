"""One recorded market with our orders in it: its arrays, what of it is seen, and the messages on their way to it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.jit import IS_COMPILED, straight
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.arrays import doubled, state_of, table_of
from tcakit.replay.columns import Feed
from tcakit.replay.entry_kernel import advance_at, see_at, send_at, send_new_at
from tcakit.replay.impact_view import ImpactView
from tcakit.replay.order_entry import OrderDesk
from tcakit.replay.replay_kernel import advance, see
from tcakit.replay.send_kernel import send, send_new
from tcakit.replay.settings import ReplaySettings
from tcakit.replay.state_kernel import Market
from tcakit.venue.latency import CANCEL, MODIFY, SUBMIT, ConstantLatency, Latency
from tcakit.venue.order_parts import OrderParts, check_size

__all__ = ["ANSWER_ROW", "Clock", "RecordedMarket", "ReplayResult", "ReplaySettings"]

# LOG_NS to LOG_LEAVES, then LOG_LIQUIDITY: what a strategy is told of; and the shift.
ANSWER_ROW = struct.Struct(f"={lk.LOG_LEAVES + 1}q{8 * (lk.LOG_LIQUIDITY - lk.LOG_LEAVES - 1)}xqq")
GROWS_WITH_LOG = ("log", "log_ahead", "log_impact", "shifts")
_ASKS = {lk.SEND_NEW: SUBMIT, lk.SEND_CANCEL: CANCEL, lk.SEND_MODIFY: MODIFY}


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What happened. `orders` and `log` are laid out as in `layout_kernel`; `local_events`, (n, 5), are (ns, order,
    event, tick, size): what the strategy asked of an order, with the limit and open size that it then had, or was to
    get. `log_impact`, a row a row of the log, and `shifts` say what our impact did; None and empty without it."""

    feed: Feed
    orders: NDArray[np.int64]
    log: NDArray[np.int64]
    log_ahead: NDArray[np.float64]
    local_events: NDArray[np.int64]
    rows: int
    first_order_ns: int | None
    log_impact: NDArray[np.float64] | None = None
    shifts: NDArray[np.int64] | None = None


class Clock:
    """The time (ns since 1970) that all markets of a run have come to."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0


class RecordedMarket:
    """A recorded market that can be advanced to any time, and the orders that strategies sent to it.

    Orders are numbered in the order in which they were sent, for strategies from `first_order`, here from 0. What the
    strategies took is not shown to them any more: at once where the feed has no delay, else from when they know.
    UsageError where the queue rule needs a recording of another kind.
    """

    def __init__(self, feed: Feed, settings: ReplaySettings, clock: Clock | None = None, first_order: int = 0) -> None:
        if settings.queue_rule == codes.FIFO and len(feed.queued_row) != len(feed.ns):
            raise UsageError(
                "exact FIFO queues need a level-3 recording",
                place="queue rule",
                remedy="use risk-averse or a probability rule",
            )
        self.feed = feed
        self.clock = clock or Clock()
        self.first_order = first_order
        self._lot, self._base_tick, self._ticks = feed.instrument.lot_size, feed.base_tick, feed.ticks
        self.latency = settings.latency
        self._entry_ns = _fixed_entries(settings.latency)
        self._asked = self._messages = 0  # what was asked, and what of it was sent
        self.is_one_book = settings.latency.feed_ns == 0 and not feed.has_receive_times
        self._any_taken = lk.ANY_TAKEN if self.is_one_book else lk.ANY_LOCAL_TAKEN
        self._depletes = settings.keeps_taken
        self.market = Market(**{name: getattr(feed, name) for name in Market._fields})
        self.state = state_of(feed, settings, self.is_one_book)
        self.cursor = self.state.cursor
        self._best = feed.best_bid.data, feed.best_ask.data
        self.desk = OrderDesk(feed, settings.session_ns is not None, settings.limits)
        # Where all arrays stand: this one never moves, so that kernels may know it by its address.
        self.table = table_of((*self.market, *self.state))
        # Views that give plain numbers, several times as fast as arrays do.
        self.at = memoryview(self.cursor)
        self._view = None if settings.impact is None else ImpactView(self, settings.impact)
        self.renew()
        # Of every order twice its owner, and one more for a sell; the complement of that once it is known to be over.
        self.sent: list[int] = []

    # --- what is seen of it ---------------------------------------------------------------------------------

    def best_tick(self, row: int) -> int | None:
        """The best displayed tick that has reached the strategies, of the bids (0) or the offers (1)."""
        seen = self.at[lk.LOCAL_ROW]
        if not seen:
            return None
        tick: int = self._best[row][seen - 1]
        if self.at[self._any_taken]:
            # What we took is not shown any more.
            self._look()
            step = 1 if row else -1
            sizes, taken = self.state.local_sizes, self.state.local_taken
            while 0 <= tick < self._ticks and sizes[row, tick] <= taken[row, tick]:
                tick += step
        if not 0 <= tick < self._ticks:
            return None
        return tick + self._base_tick + (0 if self._view is None else self._view.shift())

    def size_at(self, side: int, tick: int) -> int:
        """Displayed size at a level that has reached the strategies, less what they know they took."""
        at = tick - self.feed.base_tick - (0 if self._view is None else self._view.shift())
        if not 0 <= at < self.feed.ticks:
            return 0
        self._look()
        row = 0 if side > 0 else 1
        return max(0, int(self.state.local_sizes[row, at]) - int(self.state.local_taken[row, at]))

    @property
    def market_volume(self) -> int:
        """Printed size that has reached the strategies."""
        seen = int(np.searchsorted(self.feed.print_row, self.at[lk.LOCAL_ROW]))
        return int(self.feed.print_volume[seen - 1]) if seen else 0

    def _look(self) -> None:
        """Bring the sizes that strategies see up to now."""
        if not self.is_one_book and self.at[lk.SEEN_ROW] < self.at[lk.LOCAL_ROW]:
            self._see()
        if self._view is not None:
            self._view.give_back()

    def knows_taken(self, side: int, tick: int, size: int) -> None:
        """Show strategies no more what an order of a side (0 buy, 1 sell) took at a level of the recorded book: they
        know of it now."""
        if not self._depletes or self.is_one_book:
            return
        self._look()
        taken = int(self.state.local_taken[1 - side, tick]) + size
        self.state.local_taken[1 - side, tick] = min(taken, self.state.local_sizes[1 - side, tick])
        self.at[lk.ANY_LOCAL_TAKEN] = 1
        if self._view is not None:
            self._view.took(1 - side, tick, size)

    # --- what is sent to it ---------------------------------------------------------------------------------

    def submit(
        self,
        owner: int,
        side: int,
        quantity: int,
        tick: int | None,
        time_in_force: int,
        special: OrderParts | None = None,
    ) -> int:
        """Send an order of a participant now; gives its number."""
        lot = self._lot
        check_size(side, quantity, lot)
        fields = None if special is None else self.desk.fields(special, side, quantity, tick, time_in_force)
        order, now = len(self.sent), self.clock.now
        if order >= self._order_room:
            self._grow("orders")
        row = 0 if side > 0 else 1
        kind, at = (codes.MARKET, 0) if tick is None else (codes.LIMIT, tick - self._base_tick)
        if fields is not None:
            kind, at = fields.get(lk.TYPE, kind), fields.get(lk.TICK, at)
        refusal = codes.NO_REASON
        if self.desk.limits is not None:
            touch = self.best_tick(0), self.best_tick(1)
            refusal = self.desk.new(now, owner, order, side, quantity, tick, special, touch)
        entry = self._way(lk.SEND_NEW, now, refusal)
        self._send_new(order, row, at, quantity, kind, time_in_force, owner, now, entry, refusal)
        if fields is not None:
            for field_at, value in fields.items():
                self.state.orders[order, field_at] = value
        self.sent.append(2 * owner + row)
        return self.first_order + order

    def cancel(self, owner: int, order: int) -> None:
        """Ask now for an order of a participant to be taken back; nothing happens where it is known to be over."""
        order -= self.first_order
        if not self._is_open(order, owner):
            return
        self.desk.cancel(self.clock.now, owner)
        self.send(lk.SEND_CANCEL, order)

    def modify(self, owner: int, order: int, quantity: int, tick: int) -> None:
        """Ask now for another limit or open size of an order of a participant."""
        lot = self._lot
        if quantity <= 0 or quantity % lot:
            raise ValueError(f"quantity {quantity}: a multiple of {lot} above zero; to take an order back, cancel it")
        order -= self.first_order
        if not self._is_open(order, owner):
            return
        at, now = tick - self._base_tick, self.clock.now
        refusal = codes.NO_REASON
        if self.desk.limits is not None:
            touch = self.best_tick(0), self.best_tick(1)
            refusal = self.desk.change(now, owner, order, self.state.orders[order], quantity, tick, touch)
        self.send(lk.SEND_MODIFY, order, at, quantity, refusal)

    def _is_open(self, order: int, owner: int) -> bool:
        return 0 <= order < len(self.sent) and self.sent[order] >> 1 == owner

    def send(self, what: int, order: int, tick: int = 0, quantity: int = 0, refusal: int = codes.NO_REASON) -> None:
        """Put a message (SEND_NEW, SEND_CANCEL or SEND_MODIFY of `layout_kernel`) on its way to the venue; one that is
        refused for a reason goes back to its sender at once."""
        now = self.clock.now
        entry = self._way(what, now, refusal)
        self._send(what, order, tick, quantity, now, entry, refusal)

    def _way(self, what: int, now: int, refusal: int) -> int:
        """How long a message of now is under way; makes room for it."""
        if self._asked >= self._message_room:
            self._grow("bus", "told")
        self._asked += 1
        if refusal:
            return 0
        if self._entry_ns is not None:
            return self._entry_ns[what]
        number = self._messages
        self._messages = number + 1
        return self.latency.entry(_ASKS[what], number, now)

    # --- time ------------------------------------------------------------------------------------------------

    def advance(self, until: int) -> int:
        """Let the market and our messages run to a time (ns), or to the first answer that reaches a strategy; gives
        which of the two it was (AT_TIME or RESPONSE of `layout_kernel`)."""
        while (status := self.step(until)) >= lk.GROW_LOG:
            self.enlarge(status)
        self.clock.now = self.at[lk.NOW]
        return status

    def enlarge(self, status: int) -> None:
        """Make room for what a step came back for (GROW_LOG, GROW_LIVE): it is to be called again."""
        self._grow(*(GROWS_WITH_LOG if status == lk.GROW_LOG else ("live", "queue", "watched")))

    @property
    def rows(self) -> int:
        """Rows replayed so far."""
        return self.at[lk.ROW]

    @property
    def is_done(self) -> bool:
        """Whether neither message nor answer is under way."""
        return self.at[lk.BUS_HEAD] == self.at[lk.BUS_TAIL] and self.at[lk.DELIVERED] == self.at[lk.N_LOG]

    @property
    def last_arrival_ns(self) -> int:
        """When the last message and the last answer sent so far arrive; now if there are none."""
        tail = self.at[lk.BUS_TAIL]
        return max(int(self.state.bus[tail - 1, lk.BUS_NS]) if tail else self.clock.now, self.at[lk.LAST_RESPONSE_NS])

    def _grow(self, *names: str) -> None:
        """Make arrays of the state twice as long."""
        self.state = self.state._replace(**{name: doubled(getattr(self.state, name)) for name in names})
        self.renew()

    def renew(self) -> None:
        """Look at the arrays where they stand now: after one of them was replaced by another."""
        state = self.state
        self.log_bytes = memoryview(state.log).cast("B")
        self._order_room, self._message_room = len(state.orders), len(state.bus)
        self.table[:] = table_of((*self.market, *state))
        self.step: Callable[[int], int]
        self._see: Callable[[], None]
        self._send: Callable[..., None]
        self._send_new: Callable[..., None]
        if IS_COMPILED:
            address = self.table.ctypes.data
            step, look, put, put_new = (partial(kernel, address) for kernel in _straight_kernels())
        else:
            step, look = partial(advance, self.market, state), partial(see, self.market, state)
            put, put_new = partial(send, state), partial(send_new, state)
        self.step, self._see, self._send, self._send_new = step, look, put, put_new

    def result(self) -> ReplayResult:
        """All that happened up to now; orders that nobody took back expire at the end of the recording."""
        count, logged = len(self.sent), int(self.cursor[lk.N_LOG])
        log, ahead = self.state.log[:logged].copy(), self.state.log_ahead[:logged].copy()
        left = [order for order, owner in enumerate(self.sent) if owner >= 0]
        if left:
            extra = np.zeros((len(left), lk.LOG_FIELDS), np.int64)
            for at, order in enumerate(left):
                extra[at, [lk.LOG_NS, lk.LOG_LOCAL_NS]] = self.clock.now
                extra[at, lk.LOG_ORDER] = order
                extra[at, lk.LOG_EVENT] = codes.EXPIRED
                waited = self.state.orders[order, lk.WAITS] in (lk.FOR_OPEN, lk.FOR_CLOSE)
                extra[at, lk.LOG_REASON] = codes.NO_AUCTION if waited else codes.END_OF_DATA
                extra[at, lk.LOG_TICK] = self.state.orders[order, lk.TICK]
                extra[at, lk.LOG_LEAVES] = self.state.orders[order, lk.LEAVES]
                extra[at, lk.LOG_ROW] = -1
                self.state.orders[order, lk.STATE] = codes.EXPIRED
            extra[:, lk.LOG_SHIFT] = self.at[lk.SHIFT]
            log = np.concatenate([log, extra])
            ahead = np.concatenate([ahead, np.full(len(left), -1.0)])
        return ReplayResult(
            feed=self.feed,
            orders=self.state.orders[:count].copy(),
            log=log,
            log_ahead=ahead,
            local_events=self.state.told[: self.cursor[lk.N_TOLD]].copy(),
            rows=int(self.cursor[lk.ROW]),
            first_order_ns=int(self.state.orders[0, lk.SUBMITTED_NS]) if count else None,
            **self._impact_of(logged, len(left)),
        )

    def _impact_of(self, logged: int, left: int) -> dict[str, NDArray[Any]]:
        """What our impact did, for a log of so many rows and so many more that nobody took back."""
        if self._view is None:
            return {}
        met = np.concatenate([self.state.log_impact[:logged], np.zeros((left, lk.MET_FIELDS))])
        return {"log_impact": met, "shifts": self.state.shifts[: self.at[lk.N_SHIFTS]].copy()}


@cache
def _straight_kernels() -> tuple[Callable[..., Any], ...]:
    """advance_at, see_at, send_at and send_new_at, for whole numbers."""
    return tuple(
        straight(kernel, *(0,) * arguments)
        for kernel, arguments in ((advance_at, 2), (see_at, 1), (send_at, 8), (send_new_at, 11))
    )


def _fixed_entries(latency: Latency) -> dict[int, int] | None:
    """How long each message takes where that is always the same."""
    if type(latency) is not ConstantLatency:
        return None
    return {what: latency.entry(asks, 0, 0) for what, asks in _ASKS.items()}
