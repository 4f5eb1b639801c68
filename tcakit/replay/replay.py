"""Replay a recorded day with strategies in it: the loop between the kernel and plain Python strategies."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.replay import replay_kernel as rk
from tcakit.replay.columns import Feed
from tcakit.replay.state import Market, State
from tcakit.venue.gateway import Fill, Strategy
from tcakit.venue.latency import ConstantLatency

_FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """Rules of a replay: latency, the queue rule (codes.QUEUE_RULE_NAMES) and the power of the power rules."""

    latency: ConstantLatency = field(default_factory=ConstantLatency)
    queue_rule: int = codes.RISK_AVERSE
    power: float = 3.0


@dataclass(frozen=True, slots=True)
class Participant:
    """A strategy, when it starts, and when the replay may stop waiting for it."""

    strategy: Strategy
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What happened. `orders` and `log` are laid out as in `replay_kernel`; `local_events` are (ns, order, event)."""

    feed: Feed
    orders: NDArray[np.int64]
    log: NDArray[np.int64]
    log_ahead: NDArray[np.float64]
    local_events: list[tuple[int, int, int]]
    rows: int
    first_order_ns: int | None


class OwnGateway:
    """One participant's view of the replay (the `venue.gateway.Gateway` of the recorded market).

    What the participants took is not shown any more: at once where the feed has no delay, else from when they know.
    """

    __slots__ = ("_engine", "_feed", "_owner", "tick_size")

    def __init__(self, engine: Replay, owner: int) -> None:
        self._engine = engine
        self._feed = engine.feed
        self._owner = owner
        self.tick_size = engine.feed.instrument.tick_size / engine.feed.instrument.price_scale

    @property
    def now_ns(self) -> int:
        return self._engine.now

    @property
    def best_bid_tick(self) -> int | None:
        state = self._engine.state
        at = int(state.local_best[0])
        while at >= 0 and state.local_sizes[0, at] <= state.local_taken[0, at]:
            at -= 1
        return None if at < 0 else at + self._feed.base_tick

    @property
    def best_ask_tick(self) -> int | None:
        state = self._engine.state
        at, ticks = int(state.local_best[1]), self._feed.ticks
        while at < ticks and state.local_sizes[1, at] <= state.local_taken[1, at]:
            at += 1
        return None if at >= ticks else at + self._feed.base_tick

    @property
    def market_volume(self) -> int:
        return int(self._engine.cursor[rk.LOCAL_VOLUME])

    def size_at(self, side: int, tick: int) -> int:
        at = tick - self._feed.base_tick
        if not 0 <= at < self._feed.ticks:
            return 0
        state, row = self._engine.state, 0 if side > 0 else 1
        return max(0, int(state.local_sizes[row, at]) - int(state.local_taken[row, at]))

    def submit(self, side: int, quantity: int, tick: int | None = None, time_in_force: int = codes.GTC) -> int:
        return self._engine.submit(self._owner, side, quantity, tick, time_in_force)

    def cancel(self, order_id: int) -> None:
        self._engine.cancel(self._owner, order_id)

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
        self.entry_ns = settings.latency.entry_ns
        columns = {name: getattr(feed, name) for name in Market._fields}
        self.market = Market(**columns)
        one_book = settings.latency.feed_ns == 0 and not feed.has_receive_times
        sizes, best = _empty_book(feed)
        local_sizes, local_best = (sizes, best) if one_book else _empty_book(feed)
        taken = np.zeros_like(sizes)
        self.state = State(
            sizes=sizes,
            taken=taken,
            best=best,
            local_sizes=local_sizes,
            local_best=local_best,
            local_taken=taken if one_book else np.zeros_like(sizes),
            cursor=np.zeros(rk.CURSOR_SIZE, np.int64),
            settings=np.zeros(rk.SETTINGS_SIZE, np.int64),
            power=np.array([settings.power], np.float64),
            orders=np.zeros((256, rk.ORDER_FIELDS), np.int64),
            bus=np.zeros((512, 3), np.int64),
            live=np.zeros((16, 4), np.int64),
            queue=np.zeros((16, 2), np.float64),
            log=np.zeros((1024, rk.LOG_FIELDS), np.int64),
            log_ahead=np.zeros(1024, np.float64),
        )
        self.cursor = self.state.cursor
        self.state.settings[rk.RESPONSE_LATENCY_NS] = settings.latency.response_ns
        self.state.settings[rk.FEED_LATENCY_NS] = settings.latency.feed_ns
        self.state.settings[rk.QUEUE_RULE] = settings.queue_rule
        self.state.settings[rk.LOT] = feed.instrument.lot_size
        self.state.settings[rk.ONE_BOOK] = int(one_book)
        self.order_count = 0
        self.open_orders: dict[int, int] = {}
        self.local_events: list[tuple[int, int, int]] = []
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

    # --- what a participant may do ------------------------------------------------------------------------

    def submit(self, owner: int, side: int, quantity: int, tick: int | None, time_in_force: int) -> int:
        lot = self.feed.instrument.lot_size
        if side not in (codes.BUY, codes.SELL) or quantity <= 0 or quantity % lot:
            raise ValueError(f"side {side} and quantity {quantity}: side is +1 or -1, quantity a multiple of {lot}")
        order = self.order_count
        if order >= len(self.state.orders):
            self._grow("orders")
        self.state.orders[order] = (
            0 if side > 0 else 1,
            0 if tick is None else tick - self.feed.base_tick,
            quantity,
            quantity,
            codes.MARKET if tick is None else codes.LIMIT,
            time_in_force,
            codes.NEW,
            self.now,
            owner,
        )
        self.order_count += 1
        self.open_orders[order] = owner
        self.local_events.append((self.now, order, codes.NEW))
        if self.first_order_ns is None:
            self.first_order_ns = self.now
        self._send(rk.SEND_NEW, order)
        return order

    def cancel(self, owner: int, order: int) -> None:
        if self.open_orders.get(order) != owner:
            return
        self.local_events.append((self.now, order, codes.PENDING_CANCEL))
        self._send(rk.SEND_CANCEL, order)

    def wake(self, owner: int, ns: int) -> None:
        self.wake_count += 1
        heapq.heappush(self.wakes, (max(ns, self.now + 1), self.wake_count, owner))

    def _send(self, what: int, order: int) -> None:
        tail = int(self.cursor[rk.BUS_TAIL])
        if tail >= len(self.state.bus):
            self._grow("bus")
        arrival = self.now + self.entry_ns
        if tail:
            arrival = max(arrival, int(self.state.bus[tail - 1, rk.BUS_NS]))
        self.state.bus[tail] = (arrival, what, order)
        self.cursor[rk.BUS_TAIL] = tail + 1

    # --- the loop ----------------------------------------------------------------------------------------

    def _advance(self, until: int) -> int:
        while True:
            status = rk.advance(self.market, self.state, until)
            if status == rk.GROW_LOG:
                self._grow("log", "log_ahead")
            elif status == rk.GROW_LIVE:
                self._grow("live", "queue")
            else:
                self.now = int(self.cursor[rk.NOW])
                return int(status)

    def _grow(self, *names: str) -> None:
        """Make arrays of the state twice as long."""
        self.state = self.state._replace(**{name: _doubled(getattr(self.state, name)) for name in names})

    def _deliver(self, gateways: Sequence[OwnGateway]) -> None:
        """Tell the owners what has reached them by now."""
        while True:
            at = int(self.cursor[rk.DELIVERED])
            if at >= self.cursor[rk.N_LOG] or self.state.log[at, rk.LOG_LOCAL_NS] > self.now:
                return
            self.cursor[rk.DELIVERED] = at + 1
            row = self.state.log[at]
            order, event = int(row[rk.LOG_ORDER]), int(row[rk.LOG_EVENT])
            owner = int(self.state.orders[order, rk.OWNER])
            strategy = self.participants[owner].strategy
            if event in (codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED):
                self.open_orders.pop(order, None)
            if event in (codes.PARTIAL, codes.FILLED):
                if row[rk.LOG_REASON] == codes.TOOK and self.state.settings[rk.ONE_BOOK] == 0:
                    level = 1 - int(self.state.orders[order, rk.SIDE]), int(row[rk.LOG_TICK])
                    self.state.local_taken[level] = min(
                        self.state.local_taken[level] + row[rk.LOG_SIZE], self.state.local_sizes[level]
                    )
                strategy.on_fill(
                    gateways[owner],
                    Fill(
                        order,
                        codes.BUY if self.state.orders[order, rk.SIDE] == 0 else codes.SELL,
                        int(row[rk.LOG_TICK]) + self.feed.base_tick,
                        int(row[rk.LOG_SIZE]),
                        int(row[rk.LOG_NS]),
                        int(row[rk.LOG_LOCAL_NS]),
                        bool(row[rk.LOG_LIQUIDITY] == codes.MAKER),
                    ),
                )
            else:
                on_order = getattr(strategy, "on_order", None)
                if on_order is not None:
                    on_order(gateways[owner], order, event, int(row[rk.LOG_REASON]))

    def run(self) -> ReplayResult:
        """Replay until every participant's end has passed and no answer is under way."""
        gateways = [OwnGateway(self, owner) for owner in range(len(self.participants))]
        started = [False] * len(self.participants)
        for owner, participant in enumerate(self.participants):
            self.wake_count += 1
            heapq.heappush(self.wakes, (participant.start_ns, self.wake_count, owner))
        end = max(participant.end_ns for participant in self.participants)
        while True:
            until = self.wakes[0][0] if self.wakes else end
            status = self._advance(max(until, self.now))
            self._deliver(gateways)
            if self.progress is not None:
                self.progress(int(self.cursor[rk.ROW]))
            if status == rk.RESPONSE:
                continue
            while self.wakes and self.wakes[0][0] <= self.now:
                _, _, owner = heapq.heappop(self.wakes)
                if started[owner]:
                    self.participants[owner].strategy.on_time(gateways[owner])
                else:
                    started[owner] = True
                    self.participants[owner].strategy.on_start(gateways[owner])
            if not self.wakes and self.now >= end:
                if self.cursor[rk.BUS_HEAD] == self.cursor[rk.BUS_TAIL] and (
                    self.cursor[rk.DELIVERED] == self.cursor[rk.N_LOG]
                ):
                    break
                end = self.now + 1 + self.entry_ns + int(self.state.settings[rk.RESPONSE_LATENCY_NS])
        return self._result()

    def _result(self) -> ReplayResult:
        count, logged = self.order_count, int(self.cursor[rk.N_LOG])
        log, ahead = self.state.log[:logged].copy(), self.state.log_ahead[:logged].copy()
        left = sorted(self.open_orders)
        if left:
            # Orders that nobody took back: the recording ends for them here.
            extra = np.zeros((len(left), rk.LOG_FIELDS), np.int64)
            for at, order in enumerate(left):
                extra[at, [rk.LOG_NS, rk.LOG_LOCAL_NS]] = self.now
                extra[at, rk.LOG_ORDER] = order
                extra[at, rk.LOG_EVENT] = codes.EXPIRED
                extra[at, rk.LOG_REASON] = codes.END_OF_DATA
                extra[at, rk.LOG_TICK] = self.state.orders[order, rk.TICK]
                extra[at, rk.LOG_LEAVES] = self.state.orders[order, rk.LEAVES]
                extra[at, rk.LOG_ROW] = -1
                self.state.orders[order, rk.STATE] = codes.EXPIRED
            log = np.concatenate([log, extra])
            ahead = np.concatenate([ahead, np.full(len(left), -1.0)])
        return ReplayResult(
            feed=self.feed,
            orders=self.state.orders[:count].copy(),
            log=log,
            log_ahead=ahead,
            local_events=self.local_events,
            rows=int(self.cursor[rk.ROW]),
            first_order_ns=self.first_order_ns,
        )


def _empty_book(feed: Feed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Displayed sizes by side and tick, and the best ticks of an empty book."""
    return np.zeros((2, feed.ticks), np.int64), np.array([-1, feed.ticks], np.int64)


def _doubled(values: NDArray[Any]) -> NDArray[Any]:
    grown = np.zeros((2 * values.shape[0], *values.shape[1:]), values.dtype)
    grown[: values.shape[0]] = values
    return grown
