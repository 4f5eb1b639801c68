"""Replay a recorded day with strategies in it: the loop between the kernel and plain Python strategies."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.order_entry import Special
from tcakit.replay.recorded_market import RecordedMarket, ReplayResult, ReplaySettings
from tcakit.venue.gateway import Fill, Strategy

__all__ = ["OwnGateway", "Participant", "Replay", "ReplayResult", "ReplaySettings"]

_OVER = frozenset((codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED))
_FILLS = frozenset((codes.PARTIAL, codes.FILLED))


@dataclass(frozen=True, slots=True)
class Participant:
    """A strategy, when it starts, and when the replay may stop waiting for it."""

    strategy: Strategy
    start_ns: int
    end_ns: int


class OwnGateway:
    """One participant's view of a replayed market (the `venue.gateway.Gateway` of the recorded market)."""

    __slots__ = ("_market", "_owner", "_replay", "tick_size")

    def __init__(self, replay: Replay, market: RecordedMarket, owner: int) -> None:
        self._replay = replay
        self._market = market
        self._owner = owner
        self.tick_size = market.feed.instrument.tick_size / market.feed.instrument.price_scale

    @property
    def now_ns(self) -> int:
        return self._market.now

    @property
    def best_bid_tick(self) -> int | None:
        return self._market.best_tick(0)

    @property
    def best_ask_tick(self) -> int | None:
        return self._market.best_tick(1)

    @property
    def market_volume(self) -> int:
        return self._market.market_volume

    def size_at(self, side: int, tick: int) -> int:
        return self._market.size_at(side, tick)

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
            return self._market.submit(self._owner, side, quantity, tick, time_in_force)
        special = Special(stop_tick, display_quantity, peg, peg_offset_ticks)
        return self._market.submit(self._owner, side, quantity, tick, time_in_force, special)

    def cancel(self, order_id: int) -> None:
        self._market.cancel(self._owner, order_id)

    def modify(self, order_id: int, quantity: int, tick: int) -> None:
        self._market.modify(self._owner, order_id, quantity, tick)

    def wake_at(self, ns: int) -> None:
        self._replay.wake(self._owner, ns)


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
        self.market = RecordedMarket(feed, settings)
        self.participants = list(participants)
        self.progress = progress
        self._on_order = [getattr(participant.strategy, "on_order", None) for participant in self.participants]
        self._wakes: list[tuple[int, int, int]] = []
        self._wake_count = 0

    def wake(self, owner: int, ns: int) -> None:
        """Ask a participant again at a time to come."""
        self._wake_count += 1
        heapq.heappush(self._wakes, (max(ns, self.market.now + 1), self._wake_count, owner))

    def load(self) -> None:
        """Load what is compiled, or compile it, so that the run can be timed without it."""
        self.market.advance(self.market.now)

    def run(self) -> ReplayResult:
        """Replay until every participant's end has passed and no answer is under way."""
        market = self.market
        gateways = [OwnGateway(self, market, owner) for owner in range(len(self.participants))]
        started = [False] * len(self.participants)
        for owner, participant in enumerate(self.participants):
            self._wake_count += 1
            heapq.heappush(self._wakes, (participant.start_ns, self._wake_count, owner))
        end = max(participant.end_ns for participant in self.participants)
        strategies = [participant.strategy for participant in self.participants]
        wakes = self._wakes
        while True:
            until = wakes[0][0] if wakes else end
            status = market.advance(until if until > market.now else market.now)
            self._deliver(gateways)
            if self.progress is not None:
                self.progress(market.at[lk.ROW])
            if status == lk.RESPONSE:
                continue
            while wakes and wakes[0][0] <= market.now:
                owner = heapq.heappop(wakes)[2]
                if started[owner]:
                    strategies[owner].on_time(gateways[owner])
                else:
                    started[owner] = True
                    strategies[owner].on_start(gateways[owner])
            if not wakes and market.now >= end:
                if market.is_done:
                    break
                end = max(market.now + 1, market.last_arrival_ns)
        return market.result()

    def _deliver(self, gateways: Sequence[OwnGateway]) -> None:
        """Tell the owners what has reached them by now."""
        market = self.market
        cursor, log, now = market.at, market.log, market.now
        at, logged = cursor[lk.DELIVERED], cursor[lk.N_LOG]
        while at < logged and log[at, lk.LOG_LOCAL_NS] <= now:
            order, event = log[at, lk.LOG_ORDER], log[at, lk.LOG_EVENT]
            owner = market.orders[order, lk.OWNER]
            cursor[lk.DELIVERED] = at + 1
            if market.desk.limits is not None:
                market.desk.told(owner, order, event, log[at, lk.LOG_SIZE], log[at, lk.LOG_LEAVES])
            if event in _OVER:
                market.open_orders.pop(order, None)
            if event in _FILLS:
                self._told_fill(gateways[owner], self.participants[owner].strategy, order, at)
            elif (on_order := self._on_order[owner]) is not None:
                on_order(gateways[owner], order, event, log[at, lk.LOG_REASON])
            at += 1

    def _told_fill(self, gateway: OwnGateway, strategy: Strategy, order: int, at: int) -> None:
        market = self.market
        market.knows_taken(at)
        log, side = market.log, market.orders[order, lk.SIDE]
        tick, size = log[at, lk.LOG_TICK] + market.feed.base_tick, log[at, lk.LOG_SIZE]
        is_maker = log[at, lk.LOG_LIQUIDITY] == codes.MAKER
        ns, local_ns = log[at, lk.LOG_NS], log[at, lk.LOG_LOCAL_NS]
        strategy.on_fill(gateway, Fill(order, 1 - 2 * side, tick, size, ns, local_ns, is_maker))
