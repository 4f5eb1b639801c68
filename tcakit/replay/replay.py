"""Replay recorded days with strategies in them: the loop between the kernel and plain Python strategies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush

from tcakit.market import codes
from tcakit.replay import layout_kernel as lk
from tcakit.replay.book_changes import touch_changes
from tcakit.replay.columns import Feed
from tcakit.replay.markets import ORDERS_A_MARKET, Markets, called, names_of
from tcakit.replay.own_gateway import OwnGateway
from tcakit.replay.recorded_market import ANSWER_ROW, Clock, RecordedMarket, ReplayResult, ReplaySettings
from tcakit.venue.gateway import Fill, Strategy
from tcakit.venue.wakes import Wakes

__all__ = ["OwnGateway", "Participant", "Replay", "ReplayResult", "ReplaySettings", "ReplayTogether"]

_OVER = frozenset((codes.FILLED, codes.CANCELLED, codes.REJECTED, codes.EXPIRED))
_unpack, _ROW_BYTES = ANSWER_ROW.unpack_from, ANSWER_ROW.size
# What a named tuple is made of: three times as fast as its constructor.
_fill: Callable[[tuple[int, int, int, int, int, int, bool]], Fill] = partial(tuple.__new__, Fill)


@dataclass(frozen=True, slots=True)
class Participant:
    """A strategy, when it starts, when the replay may stop waiting for it, and the market at home in (by name; the
    first one of the run unless told): its gateway is what the strategy is handed at its start and when it is woken."""

    strategy: Strategy
    start_ns: int
    end_ns: int
    market: str | None = None


class Replay:
    """A replay of one symbol's day for one or more participants who share the market.

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
        _run(self.market, [self.market], self.participants, self.progress)
        return self.market.result()


class ReplayTogether:
    """A replay of several markets in one clock, for participants who see them all: `gateway.market(name)`.

    What happens anywhere at a time is handled before anything later anywhere else. Of answers that reach strategies at
    one instant, those of the market named first are told first. Orders are numbered from 0 in the first market, from
    2**40 in the second, and so on. Rules as latencies are each market's own. UsageError where two are the same.
    """

    def __init__(
        self,
        markets: Sequence[tuple[Feed, ReplaySettings]],
        participants: Sequence[Participant],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        clock = Clock()
        self.markets = [
            RecordedMarket(feed, settings, clock, place * ORDERS_A_MARKET)
            for place, (feed, settings) in enumerate(markets)
        ]
        self.participants = list(participants)
        self.progress = progress

    def load(self) -> None:
        """Load what is compiled, or compile it, so that the run can be timed without it."""
        _engine_of(self.markets).step(self.markets[0].clock.now)

    def run(self) -> list[ReplayResult]:
        """Replay until every participant's end has passed and no answer is under way; a result for each market."""
        _run(_engine_of(self.markets), self.markets, self.participants, self.progress)
        return [market.result() for market in self.markets]


def _engine_of(markets: list[RecordedMarket]) -> RecordedMarket | Markets:
    return Markets(markets) if len(markets) > 1 else markets[0]


def _run(
    engine: RecordedMarket | Markets,
    markets: Sequence[RecordedMarket],
    participants: Sequence[Participant],
    progress: Callable[[int], None] | None,
) -> None:
    """Run markets, of which `engine` is the only one or all of them, until all participants have done."""
    clock, wakes, at = engine.clock, Wakes(), markets[0].at
    heap = wakes.heap
    gateways = [_gateways(markets, owner, wakes) for owner in range(len(participants))]
    strategies = [participant.strategy for participant in participants]
    names = names_of([market.feed.instrument for market in markets])
    places = [0 if participant.market is None else called(participant.market, names) for participant in participants]
    homes = [own[place] for own, place in zip(gateways, places, strict=True)]
    tellers = [_teller(market, strategies, [own[place] for own in gateways]) for place, market in enumerate(markets)]
    asks = [strategy.on_start for strategy in strategies]
    for owner, participant in enumerate(participants):
        wakes.count += 1
        heappush(heap, (participant.start_ns, wakes.count, owner))
    watchers = [
        (homes[owner], strategy.on_book, _changes(markets[places[owner]], participants[owner]))
        for owner, strategy in enumerate(strategies)
        if hasattr(strategy, "on_book")
    ]
    for number, (_, _, changes) in enumerate(watchers, len(participants)):
        _watch_on(wakes, number, changes)
    end = max(participant.end_ns for participant in participants)
    while True:
        until = heap[0][0] if heap else end
        status = engine.step(until if until > clock.now else clock.now)
        if status >= lk.GROW_LOG:
            engine.enlarge(status)
            continue
        # All markets have come to the same time.
        clock.now = now = at[lk.NOW]
        if progress is not None:
            progress(engine.rows)
        if status == lk.RESPONSE:
            for tell in tellers:
                tell()
            continue
        while heap and heap[0][0] <= now:
            owner = heappop(heap)[2]
            if owner >= len(strategies):
                home, on_book, changes = watchers[owner - len(strategies)]
                _watch_on(wakes, owner, changes)
                on_book(home)
                continue
            ask, asks[owner] = asks[owner], strategies[owner].on_time
            ask(homes[owner])
        if not heap and now >= end:
            if engine.is_done:
                return
            end = max(now + 1, engine.last_arrival_ns)


def _changes(market: RecordedMarket, participant: Participant) -> Iterator[int]:
    """When `on_book` of a participant is to be asked, which is not to be known before."""
    times = touch_changes(market.feed, market.latency.feed_ns, participant.start_ns, participant.end_ns)
    return iter(times.data)


def _watch_on(wakes: Wakes, number: int, changes: Iterator[int]) -> None:
    """Ask for the next change of the book that a watcher sees; watchers are numbered after the participants."""
    if (ns := next(changes, None)) is not None:
        wakes.count += 1
        heappush(wakes.heap, (ns, wakes.count, number))


def _gateways(markets: Sequence[RecordedMarket], owner: int, wakes: Wakes) -> list[OwnGateway]:
    """A participant's gateways, market by market; each knows the others by name."""
    names = names_of([market.feed.instrument for market in markets])
    of_name: dict[str, OwnGateway] = {}
    shortest = {place: name for name, place in names.items()}
    found = [OwnGateway(shortest[place], market, owner, wakes, of_name) for place, market in enumerate(markets)]
    of_name.update({name: found[place] for name, place in names.items()})
    return found


def _teller(
    market: RecordedMarket, strategies: Sequence[Strategy], gateways: Sequence[OwnGateway]
) -> Callable[[], None]:
    """What tells the owners of a market's orders what has reached them by now, through their gateways there."""
    at, clock, all_sent = market.at, market.clock, market.sent
    first, base_tick = market.first_order, market.feed.base_tick
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
            ns, local_ns, order, event, reason, tick, size, leaves, liquidity, shift = _unpack(log, row * _ROW_BYTES)
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
                    market.knows_taken(side, tick - shift, size)
                fill = _fill((first + order, 1 - 2 * side, tick + base_tick, size, ns, local_ns, liquidity == maker))
                on_fill(gateway, fill)
            elif on_order is not None:
                on_order(gateway, first + order, event, reason)
        at[lk.DELIVERED] = row

    return tell
