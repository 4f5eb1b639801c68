"""Replay a recorded day with strategies in it: the loop between the kernel and plain Python strategies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed
from tcakit.replay.order_entry import Special
from tcakit.replay.recorded_market import ANSWER_ROW, RecordedMarket, ReplayResult, ReplaySettings
from tcakit.venue.gateway import Fill, Strategy

__all__ = ["OwnGateway", "Participant", "Replay", "ReplayResult", "ReplaySettings"]

_OVER = frozenset((codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED))
_unpack, _ROW_BYTES = ANSWER_ROW.unpack_from, ANSWER_ROW.size
# What a named tuple is made of: three times as fast as its constructor.
_fill: Callable[[tuple[int, int, int, int, int, int, bool]], Fill] = partial(tuple.__new__, Fill)


@dataclass(frozen=True, slots=True)
class Participant:
    """A strategy, when it starts, and when the replay may stop waiting for it."""

    strategy: Strategy
    start_ns: int
    end_ns: int


class OwnGateway:
    """One participant's view of a replayed market (the `venue.gateway.Gateway` of the recorded market)."""

    __slots__ = ("_clock", "_market", "_owner", "_wakes", "tick_size")

    def __init__(self, market: RecordedMarket, owner: int, wakes: Wakes) -> None:
        self._market = market
        self._owner = owner
        self._clock = market.clock
        self._wakes = wakes
        self.tick_size = market.feed.instrument.tick_size / market.feed.instrument.price_scale

    @property
    def now_ns(self) -> int:
        return self._clock.now

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
        now, wakes = self._clock.now, self._wakes
        wakes.count += 1
        heappush(wakes.heap, (ns if ns > now else now + 1, wakes.count, self._owner))


class Wakes:
    """Who is to be asked when: a heap of (ns, number of the wish, participant): of one time the first wish first."""

    __slots__ = ("count", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, int]] = []
        self.count = 0


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

    def load(self) -> None:
        """Load what is compiled, or compile it, so that the run can be timed without it."""
        self.market.advance(self.market.clock.now)

    def run(self) -> ReplayResult:
        """Replay until every participant's end has passed and no answer is under way."""
        market, clock, wakes = self.market, self.market.clock, Wakes()
        heap, at, progress = wakes.heap, market.at, self.progress
        gateways = [OwnGateway(market, owner, wakes) for owner in range(len(self.participants))]
        tell = _teller(market, [participant.strategy for participant in self.participants], gateways)
        asks = [participant.strategy.on_start for participant in self.participants]
        for owner, participant in enumerate(self.participants):
            wakes.count += 1
            heappush(heap, (participant.start_ns, wakes.count, owner))
        end = max(participant.end_ns for participant in self.participants)
        while True:
            until = heap[0][0] if heap else end
            status = market.step(until if until > clock.now else clock.now)
            if status >= lk.GROW_LOG:
                market.enlarge(status)
                continue
            clock.now = now = at[lk.NOW]
            if progress is not None:
                progress(at[lk.ROW])
            if status == lk.RESPONSE:
                tell()
                continue
            while heap and heap[0][0] <= now:
                owner = heappop(heap)[2]
                ask, asks[owner] = asks[owner], self.participants[owner].strategy.on_time
                ask(gateways[owner])
            if not heap and now >= end:
                if market.is_done:
                    return market.result()
                end = max(now + 1, market.last_arrival_ns)


def _teller(
    market: RecordedMarket, strategies: Sequence[Strategy], gateways: Sequence[OwnGateway]
) -> Callable[[], None]:
    """What tells the owners of orders what has reached them by now."""
    at, clock, all_sent, base_tick = market.at, market.clock, market.sent, market.feed.base_tick
    desk = None if market.desk.limits is None else market.desk
    told = [
        (gateway, strategy.on_fill, getattr(strategy, "on_order", None))
        for gateway, strategy in zip(gateways, strategies, strict=True)
    ]
    filled, partial_fill, took, maker = codes.FILLED, codes.PARTIAL, codes.TOOK, codes.MAKER

    def tell() -> None:
        now, log = clock.now, market.log_bytes
        row, logged = at[lk.DELIVERED], at[lk.N_LOG]
        while row < logged:
            ns, local_ns, order, event, reason, tick, size, leaves, liquidity = _unpack(log, row * _ROW_BYTES)
            if local_ns > now:
                break
            row += 1
            sent = all_sent[order]
            if sent < 0:
                sent = ~sent
            elif event in _OVER:
                all_sent[order] = ~sent
            if desk is not None:
                desk.told(sent >> 1, order, event, size, leaves)
            gateway, on_fill, on_order = told[sent >> 1]
            if event == filled or event == partial_fill:
                side = sent & 1
                if reason == took:
                    market.knows_taken(side, tick, size)
                fill = _fill((order, 1 - 2 * side, tick + base_tick, size, ns, local_ns, liquidity == maker))
                on_fill(gateway, fill)
            elif on_order is not None:
                on_order(gateway, order, event, reason)
        at[lk.DELIVERED] = row

    return tell
