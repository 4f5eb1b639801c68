"""Replay a recorded day with strategies in it: the loop between the kernel and plain Python strategies."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
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
from tcakit.venue.gateway import Fill, Strategy
from tcakit.venue.latency import CANCEL, MODIFY, SUBMIT, ConstantLatency, Latency
from tcakit.venue.limits import PreTradeLimits

_OVER = frozenset((codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED))
_LOST = {lk.SEND_NEW: lk.SEND_LOST, lk.SEND_CANCEL: lk.SEND_CANCEL_LOST, lk.SEND_MODIFY: lk.SEND_MODIFY_LOST}
_ASKS = {lk.SEND_NEW: SUBMIT, lk.SEND_CANCEL: CANCEL, lk.SEND_MODIFY: MODIFY}
_FILLS = frozenset((codes.PARTIAL, codes.FILLED))


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
class Participant:
    """A strategy, when it starts, and when the replay may stop waiting for it."""

    strategy: Strategy
    start_ns: int
    end_ns: int


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


class OwnGateway:
    """One participant's view of the replay (the `venue.gateway.Gateway` of the recorded market).

    What the participants took is not shown any more: at once where the feed has no delay, else from when they know.
    """

    __slots__ = ("_engine", "_owner", "tick_size")

    def __init__(self, engine: Replay, owner: int) -> None:
        self._engine = engine
        self._owner = owner
        self.tick_size = engine.feed.instrument.tick_size / engine.feed.instrument.price_scale

    @property
    def now_ns(self) -> int:
        return self._engine.now

    @property
    def best_bid_tick(self) -> int | None:
        return self._engine.best_tick(0)

    @property
    def best_ask_tick(self) -> int | None:
        return self._engine.best_tick(1)

    @property
    def market_volume(self) -> int:
        return self._engine.market_volume

    def size_at(self, side: int, tick: int) -> int:
        return self._engine.size_at(side, tick)

    def submit(
        self,
        side: int,
        quantity: int,
        tick: int | None = None,
        time_in_force: int = codes.GTC,
        *,
        stop_tick: int | None = None,
        display_quantity: int | None = None,
        peg: int | None = None,
        peg_offset_ticks: int = 0,
    ) -> int:
        if time_in_force <= codes.POST_ONLY and stop_tick is display_quantity is peg is None and not peg_offset_ticks:
            return self._engine.submit(self._owner, side, quantity, tick, time_in_force)
        special = Special(stop_tick, display_quantity, peg, peg_offset_ticks)
        return self._engine.submit(self._owner, side, quantity, tick, time_in_force, special)

    def cancel(self, order_id: int) -> None:
        self._engine.cancel(self._owner, order_id)

    def modify(self, order_id: int, quantity: int, tick: int) -> None:
        self._engine.modify(self._owner, order_id, quantity, tick)

    def wake_at(self, ns: int) -> None:
        self._engine.wake(self._owner, ns)


class Replay:
    """A resumable replay of one symbol's day for one or more participants who share the market.

    `progress`, if given, is called now and then with the rows replayed so far.
    """

    def __init__(
        self,
        feed: Feed,
        participants: Sequence[Participant],
        settings: ReplaySettings,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.feed = feed
        self.participants = list(participants)
        self.progress = progress
        self.latency = settings.latency
        self.messages = 0
        self._last_arrival = -(1 << 62)
        columns = {name: getattr(feed, name) for name in Market._fields}
        self.market = Market(**columns)
        one_book = settings.latency.feed_ns == 0 and not feed.has_receive_times
        table = settings.latency.responses()
        sizes, taken = np.zeros((2, feed.ticks), np.int64), np.zeros((2, feed.ticks), np.int64)
        self.state = State(
            sizes=sizes,
            taken=taken,
            best=np.array([-1, feed.ticks], np.int64),
            mine=np.zeros((2, feed.ticks), np.int32),
            local_sizes=sizes if one_book else np.zeros_like(sizes),
            local_taken=taken if one_book else np.zeros_like(sizes),
            cursor=np.zeros(lk.CURSOR_SIZE, np.int64),
            settings=np.zeros(lk.SETTINGS_SIZE, np.int64),
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
        self.cursor = self.state.cursor
        self.cursor[lk.OWN_BID], self.cursor[lk.OWN_ASK] = -1, feed.ticks
        self._one_book, self._depletes = one_book, settings.depletes_book
        self._best = feed.best_bid.data, feed.best_ask.data
        self._renew()
        self.state.settings[lk.RESPONSE_LATENCY_NS] = settings.latency.response_ns
        self.state.settings[lk.FEED_LATENCY_NS] = settings.latency.feed_ns
        self.state.settings[lk.QUEUE_RULE] = settings.queue_rule
        self.state.settings[lk.LOT] = feed.instrument.lot_size
        self.state.settings[lk.ONE_BOOK] = int(one_book)
        self.state.settings[lk.WHOLE_FILLS] = int(not settings.partial_fills)
        self.state.settings[lk.DEPLETES] = int(settings.depletes_book)
        self.state.settings[lk.SELF_MATCH_RULE] = settings.self_match
        write_session(self.state.settings, feed, settings.session_ns)
        if table is not None:
            self.state.settings[lk.RESPONSE_KIND] = lk.DRAWN if table.at is None else lk.RECORDED
        self._on_order = [getattr(participant.strategy, "on_order", None) for participant in self.participants]
        self._desk = OrderDesk(feed, settings.session_ns is not None, settings.limits)
        self.order_count = 0
        self.open_orders: dict[int, int] = {}
        self.local_events: list[tuple[int, int, int, int, int]] = []
        self.wakes: list[tuple[int, int, int]] = []
        self.wake_count = 0
        self.now = 0
        self.first_order_ns: int | None = None
        if settings.queue_rule == codes.FIFO and len(feed.queued_row) != len(feed.ns):
            raise UsageError(
                "exact FIFO queues need a level-3 recording",
                place="queue rule",
                remedy="use risk-averse or a probability rule",
            )

    # --- what a participant sees and may do -----------------------------------------------------------------

    def best_tick(self, row: int) -> int | None:
        """The best displayed tick that has reached the strategies, of the bids (0) or the offers (1)."""
        at = self._at[lk.LOCAL_ROW]
        if at == 0:
            return None
        tick, ticks = self._best[row][at - 1], self.feed.ticks
        if self._at[lk.ANY_TAKEN if self._one_book else lk.ANY_LOCAL_TAKEN]:
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
        seen = int(np.searchsorted(self.feed.print_row, self._at[lk.LOCAL_ROW]))
        return int(self.feed.print_volume[seen - 1]) if seen else 0

    def _look(self) -> None:
        """Bring the sizes that strategies see up to now."""
        if not self._one_book and self._at[lk.SEEN_ROW] < self._at[lk.LOCAL_ROW]:
            if IS_COMPILED:
                see_at(self._table)
            else:
                see(self.market, self.state)

    def submit(
        self,
        owner: int,
        side: int,
        quantity: int,
        tick: int | None,
        time_in_force: int,
        special: Special | None = None,
    ) -> int:
        lot = self.feed.instrument.lot_size
        if side not in (codes.BUY, codes.SELL) or quantity <= 0 or quantity % lot:
            raise ValueError(f"side {side} and quantity {quantity}: side is +1 or -1, quantity a multiple of {lot}")
        fields = {} if special is None else self._desk.fields(special, side, quantity, tick, time_in_force)
        order = self.order_count
        if order >= len(self.state.orders):
            self._grow("orders")
        row = self._orders
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
        if self._desk.limits is not None:
            touch = self.best_tick(0), self.best_tick(1)
            refusal = self._desk.new(self.now, owner, order, side, quantity, tick, special, touch)
        self._send(lk.SEND_NEW, order, refusal=refusal)
        return order

    def cancel(self, owner: int, order: int) -> None:
        if self.open_orders.get(order) != owner:
            return
        held = self._orders
        tick, leaves = held[order, lk.TICK], held[order, lk.LEAVES]
        self.local_events.append((self.now, order, codes.PENDING_CANCEL, tick, leaves))
        self._desk.cancel(self.now, owner)
        self._send(lk.SEND_CANCEL, order)

    def modify(self, owner: int, order: int, quantity: int, tick: int) -> None:
        lot = self.feed.instrument.lot_size
        if quantity <= 0 or quantity % lot:
            raise ValueError(f"quantity {quantity}: a multiple of {lot} above zero; to take an order back, cancel it")
        if self.open_orders.get(order) != owner:
            return
        at = tick - self.feed.base_tick
        self.local_events.append((self.now, order, codes.PENDING_MODIFY, at, quantity))
        refusal = codes.NO_REASON
        if self._desk.limits is not None:
            touch = self.best_tick(0), self.best_tick(1)
            refusal = self._desk.change(self.now, owner, order, self.state.orders[order], quantity, tick, touch)
        self._send(lk.SEND_MODIFY, order, at, quantity, refusal)

    def wake(self, owner: int, ns: int) -> None:
        self.wake_count += 1
        heapq.heappush(self.wakes, (max(ns, self.now + 1), self.wake_count, owner))

    def _send(self, what: int, order: int, tick: int = 0, quantity: int = 0, refusal: int = 0) -> None:
        head, tail = self._at[lk.BUS_HEAD], self._at[lk.BUS_TAIL]
        if tail >= len(self.state.bus):
            self._grow("bus")
        entry = 0
        if not refusal:
            entry = self.latency.entry(_ASKS[what], self.messages, self.now)
            self.messages += 1
        bus, arrival = self._bus, self.now + abs(entry)
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
        self._at[lk.BUS_TAIL] = tail + 1

    # --- the loop ----------------------------------------------------------------------------------------

    def _advance(self, until: int) -> int:
        while True:
            status = advance_at(self._table, until) if IS_COMPILED else advance(self.market, self.state, until)
            if status < lk.GROW_LOG:
                self.now = self._at[lk.NOW]
                return status
            self._grow(*(("log", "log_ahead") if status == lk.GROW_LOG else ("live", "queue", "watched")))

    def _grow(self, *names: str) -> None:
        """Make arrays of the state twice as long."""
        self.state = self.state._replace(**{name: _doubled(getattr(self.state, name)) for name in names})
        self._renew()

    def _renew(self) -> None:
        """Look at the arrays where they stand now."""
        # Views that give plain numbers, several times as fast as arrays do.
        self._at = memoryview(self.cursor)
        self._log, self._orders, self._bus = (memoryview(getattr(self.state, n)) for n in ("log", "orders", "bus"))
        self._table = _table_of(self.market, self.state)

    def _deliver(self, gateways: Sequence[OwnGateway]) -> None:
        """Tell the owners what has reached them by now."""
        cursor, log, now = self._at, self._log, self.now
        at, logged = cursor[lk.DELIVERED], cursor[lk.N_LOG]
        while at < logged and log[at, lk.LOG_LOCAL_NS] <= now:
            order, event = log[at, lk.LOG_ORDER], log[at, lk.LOG_EVENT]
            owner = self._orders[order, lk.OWNER]
            cursor[lk.DELIVERED] = at + 1
            if self._desk.limits is not None:
                self._desk.told(owner, order, event, log[at, lk.LOG_SIZE], log[at, lk.LOG_LEAVES])
            if event in _OVER:
                self.open_orders.pop(order, None)
            if event in _FILLS:
                self._told_fill(gateways[owner], self.participants[owner].strategy, order, at)
            elif (on_order := self._on_order[owner]) is not None:
                on_order(gateways[owner], order, event, log[at, lk.LOG_REASON])
            at += 1

    def _told_fill(self, gateway: OwnGateway, strategy: Strategy, order: int, at: int) -> None:
        log, side = self._log, self._orders[order, lk.SIDE]
        tick, size = log[at, lk.LOG_TICK], log[at, lk.LOG_SIZE]
        if log[at, lk.LOG_REASON] == codes.TOOK and self._depletes and not self._one_book:
            self._look()
            taken = int(self.state.local_taken[1 - side, tick]) + size
            self.state.local_taken[1 - side, tick] = min(taken, self.state.local_sizes[1 - side, tick])
            self._at[lk.ANY_LOCAL_TAKEN] = 1
        is_maker = log[at, lk.LOG_LIQUIDITY] == codes.MAKER
        tick += self.feed.base_tick
        ns, local_ns = log[at, lk.LOG_NS], log[at, lk.LOG_LOCAL_NS]
        strategy.on_fill(gateway, Fill(order, 1 - 2 * side, tick, size, ns, local_ns, is_maker))

    def run(self) -> ReplayResult:
        """Replay until every participant's end has passed and no answer is under way."""
        gateways = [OwnGateway(self, owner) for owner in range(len(self.participants))]
        started = [False] * len(self.participants)
        for owner, participant in enumerate(self.participants):
            self.wake_count += 1
            heapq.heappush(self.wakes, (participant.start_ns, self.wake_count, owner))
        end = max(participant.end_ns for participant in self.participants)
        strategies = [participant.strategy for participant in self.participants]
        wakes = self.wakes
        while True:
            until = wakes[0][0] if wakes else end
            status = self._advance(until if until > self.now else self.now)
            self._deliver(gateways)
            if self.progress is not None:
                self.progress(self._at[lk.ROW])
            if status == lk.RESPONSE:
                continue
            while wakes and wakes[0][0] <= self.now:
                owner = heapq.heappop(wakes)[2]
                if started[owner]:
                    strategies[owner].on_time(gateways[owner])
                else:
                    started[owner] = True
                    strategies[owner].on_start(gateways[owner])
            if not wakes and self.now >= end:
                at = self._at
                if at[lk.BUS_HEAD] == at[lk.BUS_TAIL] and at[lk.DELIVERED] == at[lk.N_LOG]:
                    break
                under_way = self._bus[at[lk.BUS_TAIL] - 1, lk.BUS_NS] if at[lk.BUS_TAIL] else self.now
                end = max(self.now + 1, under_way, self._at[lk.LAST_RESPONSE_NS])
        return self._result()

    def _result(self) -> ReplayResult:
        count, logged = self.order_count, int(self.cursor[lk.N_LOG])
        log, ahead = self.state.log[:logged].copy(), self.state.log_ahead[:logged].copy()
        left = sorted(self.open_orders)
        if left:
            # Orders that nobody took back: the recording ends for them here.
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
