"""One recorded market with our orders in it: its arrays, what of it is seen, and the messages on their way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.jit import IS_COMPILED
from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.entry_kernel import advance_at, see_at
from tcakit.replay.order_entry import OrderDesk, Special, write_session
from tcakit.replay.replay_kernel import advance, see
from tcakit.replay.state_kernel import Market, State
from tcakit.venue.latency import CANCEL, MODIFY, SUBMIT, ConstantLatency, Latency, ResponseTable
from tcakit.venue.limits import PreTradeLimits

_LOST = {lk.SEND_NEW: lk.SEND_LOST, lk.SEND_CANCEL: lk.SEND_CANCEL_LOST, lk.SEND_MODIFY: lk.SEND_MODIFY_LOST}
_ASKS = {lk.SEND_NEW: SUBMIT, lk.SEND_CANCEL: CANCEL, lk.SEND_MODIFY: MODIFY}


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """Rules of a replay: latency, the queue rule (codes.QUEUE_RULE_NAMES) and the power of the power rules.

    Without `partial_fills` every fill is of all that an order has left, as hftbacktest's exchange without partial fills
    does it; with `depletes_book` what we took stays taken, which needs partial fills. `session_ns` are the open and the
    close (ns), which orders for the day and for auctions need; `self_match` (codes.SELF_MATCH_NAMES) is what happens
    when an order would meet another of the run. Each participant is held to the `limits`.
    """

    latency: Latency = field(default_factory=ConstantLatency)
    queue_rule: int = codes.RISK_AVERSE
    power: float = 3.0
    partial_fills: bool = True
    depletes_book: bool = True
    session_ns: tuple[int, int] | None = None
    self_match: int = codes.MATCH_OFF
    limits: PreTradeLimits | None = None

    def __post_init__(self) -> None:
        if self.depletes_book and not self.partial_fills:
            raise UsageError(
                "whole fills take more than is displayed, so that the book cannot be depleted",
                place="depletes_book",
                remedy="set it to false, or allow partial fills",
            )


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What happened. `orders` and `log` are laid out as in `layout_kernel`; `local_events` are (ns, order,
    event, tick, size): what the strategy asked of an order, with the limit and open size that it then had, or was to
    get."""

    feed: Feed
    orders: NDArray[np.int64]
    log: NDArray[np.int64]
    log_ahead: NDArray[np.float64]
    local_events: list[tuple[int, int, int, int, int]]
    rows: int
    first_order_ns: int | None


class RecordedMarket:
    """A recorded market that can be advanced to any time, and the orders that strategies sent to it.

    Orders are numbered from 0 in the order in which they were sent. What the strategies took is not shown to them any
    more: at once where the feed has no delay, else from when they know. UsageError where the queue rule needs a
    recording of another kind.
    """

    def __init__(self, feed: Feed, settings: ReplaySettings) -> None:
        if settings.queue_rule == codes.FIFO and len(feed.queued_row) != len(feed.ns):
            raise UsageError(
                "exact FIFO queues need a level-3 recording",
                place="queue rule",
                remedy="use risk-averse or a probability rule",
            )
        self.feed = feed
        self.latency = settings.latency
        self.messages = 0
        self._last_arrival = -(1 << 62)
        self.is_one_book = settings.latency.feed_ns == 0 and not feed.has_receive_times
        self._depletes = settings.depletes_book
        self.market = Market(**{name: getattr(feed, name) for name in Market._fields})
        self.state = _state_of(feed, settings, self.is_one_book)
        self.cursor = self.state.cursor
        self._best = feed.best_bid.data, feed.best_ask.data
        self.desk = OrderDesk(feed, settings.session_ns is not None, settings.limits)
        self.renew()
        self.order_count = 0
        self.open_orders: dict[int, int] = {}
        self.local_events: list[tuple[int, int, int, int, int]] = []
        self.now = 0
        self.first_order_ns: int | None = None

    # --- what is seen of it ---------------------------------------------------------------------------------

    def best_tick(self, row: int) -> int | None:
        """The best displayed tick that has reached the strategies, of the bids (0) or the offers (1)."""
        at = self.at[lk.LOCAL_ROW]
        if at == 0:
            return None
        tick, ticks = self._best[row][at - 1], self.feed.ticks
        if self.at[lk.ANY_TAKEN if self.is_one_book else lk.ANY_LOCAL_TAKEN]:
            # What we took is not shown any more.
            self._look()
            step = 1 if row else -1
            while 0 <= tick < ticks and self.state.local_sizes[row, tick] <= self.state.local_taken[row, tick]:
                tick += step
        return tick + self.feed.base_tick if 0 <= tick < ticks else None

    def size_at(self, side: int, tick: int) -> int:
        """Displayed size at a level that has reached the strategies, less what they know they took."""
        at = tick - self.feed.base_tick
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
            if IS_COMPILED:
                see_at(self.table)
            else:
                see(self.market, self.state)

    def knows_taken(self, log_row: int) -> None:
        """Show strategies no more what the fill of a row of the log took: they know of it now."""
        log = self.log
        if log[log_row, lk.LOG_REASON] != codes.TOOK or not self._depletes or self.is_one_book:
            return
        self._look()
        side, tick = 1 - self.orders[log[log_row, lk.LOG_ORDER], lk.SIDE], log[log_row, lk.LOG_TICK]
        taken = int(self.state.local_taken[side, tick]) + log[log_row, lk.LOG_SIZE]
        self.state.local_taken[side, tick] = min(taken, self.state.local_sizes[side, tick])
        self.at[lk.ANY_LOCAL_TAKEN] = 1

    # --- what is sent to it ---------------------------------------------------------------------------------

    def submit(
        self,
        owner: int,
        side: int,
        quantity: int,
        tick: int | None,
        time_in_force: int,
        special: Special | None = None,
    ) -> int:
        """Send an order of a participant now; gives its number."""
        lot = self.feed.instrument.lot_size
        if side not in (codes.BUY, codes.SELL) or quantity <= 0 or quantity % lot:
            raise ValueError(f"side {side} and quantity {quantity}: side is +1 or -1, quantity a multiple of {lot}")
        fields = {} if special is None else self.desk.fields(special, side, quantity, tick, time_in_force)
        order = self.order_count
        if order >= len(self.state.orders):
            self._grow("orders")
        row = self.orders
        row[order, lk.SIDE] = 0 if side > 0 else 1
        row[order, lk.TICK] = 0 if tick is None else tick - self.feed.base_tick
        row[order, lk.QUANTITY] = row[order, lk.LEAVES] = quantity
        row[order, lk.TYPE] = codes.MARKET if tick is None else codes.LIMIT
        row[order, lk.TIME_IN_FORCE] = time_in_force
        row[order, lk.STATE] = codes.NEW
        row[order, lk.SUBMITTED_NS] = self.now
        row[order, lk.OWNER] = owner
        for at, value in fields.items():
            row[order, at] = value
        self.order_count = order + 1
        self.open_orders[order] = owner
        self.local_events.append((self.now, order, codes.NEW, row[order, lk.TICK], quantity))
        if self.first_order_ns is None:
            self.first_order_ns = self.now
        refusal = codes.NO_REASON
        if self.desk.limits is not None:
            touch = self.best_tick(0), self.best_tick(1)
            refusal = self.desk.new(self.now, owner, order, side, quantity, tick, special, touch)
        self.send(lk.SEND_NEW, order, refusal=refusal)
        return order

    def cancel(self, owner: int, order: int) -> None:
        """Ask now for an order of a participant to be taken back; nothing happens where it is known to be over."""
        if self.open_orders.get(order) != owner:
            return
        held = self.orders
        tick, leaves = held[order, lk.TICK], held[order, lk.LEAVES]
        self.local_events.append((self.now, order, codes.PENDING_CANCEL, tick, leaves))
        self.desk.cancel(self.now, owner)
        self.send(lk.SEND_CANCEL, order)

    def modify(self, owner: int, order: int, quantity: int, tick: int) -> None:
        """Ask now for another limit or open size of an order of a participant."""
        lot = self.feed.instrument.lot_size
        if quantity <= 0 or quantity % lot:
            raise ValueError(f"quantity {quantity}: a multiple of {lot} above zero; to take an order back, cancel it")
        if self.open_orders.get(order) != owner:
            return
        at = tick - self.feed.base_tick
        self.local_events.append((self.now, order, codes.PENDING_MODIFY, at, quantity))
        refusal = codes.NO_REASON
        if self.desk.limits is not None:
            touch = self.best_tick(0), self.best_tick(1)
            refusal = self.desk.change(self.now, owner, order, self.state.orders[order], quantity, tick, touch)
        self.send(lk.SEND_MODIFY, order, at, quantity, refusal)

    def send(self, what: int, order: int, tick: int = 0, quantity: int = 0, refusal: int = codes.NO_REASON) -> None:
        """Put a message (SEND_NEW, SEND_CANCEL or SEND_MODIFY of `layout_kernel`) on its way to the venue; one that is
        refused for a reason goes back to its sender at once."""
        head, tail = self.at[lk.BUS_HEAD], self.at[lk.BUS_TAIL]
        if tail >= len(self.state.bus):
            self._grow("bus")
        entry = 0
        if not refusal:
            entry = self.latency.entry(_ASKS[what], self.messages, self.now)
            self.messages += 1
        bus, arrival = self.bus, self.now + abs(entry)
        if refusal or entry < 0:
            what, tick = _LOST[what], refusal
        else:
            arrival = self._last_arrival = max(arrival, self._last_arrival)
        # What got lost is in nobody's way: it stands where its sender is told of it.
        at = tail
        while at > head and bus[at - 1, lk.BUS_NS] > arrival:
            for field_at in range(lk.BUS_FIELDS):
                bus[at, field_at] = bus[at - 1, field_at]
            at -= 1
        bus[at, lk.BUS_NS], bus[at, lk.BUS_WHAT], bus[at, lk.BUS_ORDER] = arrival, what, order
        bus[at, lk.BUS_TICK], bus[at, lk.BUS_QUANTITY] = tick, quantity
        self.at[lk.BUS_TAIL] = tail + 1

    # --- time ------------------------------------------------------------------------------------------------

    def advance(self, until: int) -> int:
        """Let the market and our messages run to a time (ns), or to the first answer that reaches a strategy; gives
        which of the two it was (AT_TIME or RESPONSE of `layout_kernel`)."""
        while True:
            status = advance_at(self.table, until) if IS_COMPILED else advance(self.market, self.state, until)
            if status < lk.GROW_LOG:
                self.now = self.at[lk.NOW]
                return status
            self._grow(*(("log", "log_ahead") if status == lk.GROW_LOG else ("live", "queue", "watched")))

    @property
    def is_done(self) -> bool:
        """Whether neither message nor answer is under way."""
        return self.at[lk.BUS_HEAD] == self.at[lk.BUS_TAIL] and self.at[lk.DELIVERED] == self.at[lk.N_LOG]

    @property
    def last_arrival_ns(self) -> int:
        """When the last message and the last answer sent so far arrive, now if there are none."""
        tail = self.at[lk.BUS_TAIL]
        return max(self.bus[tail - 1, lk.BUS_NS] if tail else self.now, self.at[lk.LAST_RESPONSE_NS])

    def _grow(self, *names: str) -> None:
        """Make arrays of the state twice as long."""
        self.state = self.state._replace(**{name: _doubled(getattr(self.state, name)) for name in names})
        self.renew()

    def renew(self) -> None:
        """Look at the arrays where they stand now: after one of them was replaced by another."""
        # Views that give plain numbers, several times as fast as arrays do.
        self.at = memoryview(self.cursor)
        self.log, self.orders, self.bus = (memoryview(getattr(self.state, n)) for n in ("log", "orders", "bus"))
        self.table = _table_of(self.market, self.state)

    def result(self) -> ReplayResult:
        """All that happened up to now; orders that nobody took back expire at the end of the recording."""
        count, logged = self.order_count, int(self.cursor[lk.N_LOG])
        log, ahead = self.state.log[:logged].copy(), self.state.log_ahead[:logged].copy()
        left = sorted(self.open_orders)
        if left:
            extra = np.zeros((len(left), lk.LOG_FIELDS), np.int64)
            for at, order in enumerate(left):
                extra[at, [lk.LOG_NS, lk.LOG_LOCAL_NS]] = self.now
                extra[at, lk.LOG_ORDER] = order
                extra[at, lk.LOG_EVENT] = codes.EXPIRED
                waited = self.state.orders[order, lk.WAITS] in (lk.FOR_OPEN, lk.FOR_CLOSE)
                extra[at, lk.LOG_REASON] = codes.NO_AUCTION if waited else codes.END_OF_DATA
                extra[at, lk.LOG_TICK] = self.state.orders[order, lk.TICK]
                extra[at, lk.LOG_LEAVES] = self.state.orders[order, lk.LEAVES]
                extra[at, lk.LOG_ROW] = -1
                self.state.orders[order, lk.STATE] = codes.EXPIRED
            log = np.concatenate([log, extra])
            ahead = np.concatenate([ahead, np.full(len(left), -1.0)])
        return ReplayResult(
            feed=self.feed,
            orders=self.state.orders[:count].copy(),
            log=log,
            log_ahead=ahead,
            local_events=self.local_events,
            rows=int(self.cursor[lk.ROW]),
            first_order_ns=self.first_order_ns,
        )


# --- arrays ----------------------------------------------------------------------------------------------------


def _state_of(feed: Feed, settings: ReplaySettings, is_one_book: bool) -> State:
    """The state before the first row."""
    table = settings.latency.responses()
    sizes, taken = np.zeros((2, feed.ticks), np.int64), np.zeros((2, feed.ticks), np.int64)
    cursor = np.zeros(lk.CURSOR_SIZE, np.int64)
    cursor[lk.OWN_BID], cursor[lk.OWN_ASK] = -1, feed.ticks
    return State(
        sizes=sizes,
        taken=taken,
        best=np.array([-1, feed.ticks], np.int64),
        mine=np.zeros((2, feed.ticks), np.int32),
        local_sizes=sizes if is_one_book else np.zeros_like(sizes),
        local_taken=taken if is_one_book else np.zeros_like(sizes),
        cursor=cursor,
        settings=_settings_of(feed, settings, is_one_book, table),
        parameters=np.array([settings.power, feed.instrument.size_scale], np.float64),
        orders=np.zeros((256, lk.ORDER_FIELDS), np.int64),
        bus=np.zeros((512, lk.BUS_FIELDS), np.int64),
        live=np.zeros((16, 4), np.int64),
        queue=np.zeros((16, 2), np.float64),
        log=np.zeros((1024, lk.LOG_FIELDS), np.int64),
        log_ahead=np.zeros(1024, np.float64),
        response_at=np.zeros(1, np.int64) if table is None or table.at is None else table.at,
        response_ns=np.zeros(1, np.int64) if table is None else table.ns,
        watched=np.zeros(16, np.int64),
    )


def _settings_of(
    feed: Feed, settings: ReplaySettings, is_one_book: bool, table: ResponseTable | None
) -> NDArray[np.int64]:
    found = np.zeros(lk.SETTINGS_SIZE, np.int64)
    found[lk.RESPONSE_LATENCY_NS] = settings.latency.response_ns
    found[lk.FEED_LATENCY_NS] = settings.latency.feed_ns
    found[lk.QUEUE_RULE] = settings.queue_rule
    found[lk.LOT] = feed.instrument.lot_size
    found[lk.ONE_BOOK] = int(is_one_book)
    found[lk.WHOLE_FILLS] = int(not settings.partial_fills)
    found[lk.DEPLETES] = int(settings.depletes_book)
    found[lk.SELF_MATCH_RULE] = settings.self_match
    write_session(found, feed, settings.session_ns)
    if table is not None:
        found[lk.RESPONSE_KIND] = lk.DRAWN if table.at is None else lk.RECORDED
    return found


def _table_of(market: Market, state: State) -> NDArray[np.int64]:
    """Address, rows and columns (1 where there are none) of every array, as `entry_kernel` wants them; the arrays must
    outlive it."""
    arrays: list[Any] = [*market, *state]
    return np.array(
        [(array.ctypes.data, array.shape[0], array.shape[1] if array.ndim > 1 else 1) for array in arrays], np.int64
    )


def _doubled(values: NDArray[Any]) -> NDArray[Any]:
    grown = np.zeros((2 * values.shape[0], *values.shape[1:]), values.dtype)
    grown[: values.shape[0]] = values
    return grown
