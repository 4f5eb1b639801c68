"""Strategies trading in a simulated market: the loop between its kernel and plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop

from tcakit.market import codes
from tcakit.simulator import market_layout_kernel as ml
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.own_gateway import SimulatedGateway
from tcakit.venue.engine_layout_kernel import CLOSED
from tcakit.venue.gateway import Fill, Strategy
from tcakit.venue.wakes import Wakes


@dataclass(frozen=True, slots=True)
class Trader:
    """A strategy, when it starts, and when nobody waits for it any more (ns)."""

    strategy: Strategy
    start_ns: int
    end_ns: int


def trade(market: SimulatedMarket, traders: Sequence[Trader], progress: Callable[[int], None] | None = None) -> None:
    """Run a market until every trader's end has passed and nothing of theirs is under way, or until it is closed: who
    wants to be asked after that is asked no more.

    `progress`, if given, is called now and then with the time that the market has come to.
    """
    wakes = Wakes()
    gateways = [SimulatedGateway(market, owner, wakes) for owner in range(len(traders))]
    asks = [trader.strategy.on_start for trader in traders]
    for owner, trader in enumerate(traders):
        wakes.add(trader.start_ns, owner)
    watchers = [owner for owner, trader in enumerate(traders) if hasattr(trader.strategy, "on_book")]
    market.market.at[ml.WATCHED] = int(bool(watchers))
    end = max((trader.end_ns for trader in traders), default=market.now)
    feed_ns = market.rules.latency.feed_ns
    while True:
        until = wakes.heap[0][0] if wakes.heap else end
        status = market.advance(max(until, market.now))
        if progress is not None:
            progress(market.now)
        if status == ml.RESPONSE:
            _tell(market, traders, gateways)
            continue
        if status == ml.TOUCHED:
            for owner in watchers:
                if traders[owner].start_ns <= market.now < traders[owner].end_ns:
                    wakes.add(market.now + feed_ns, len(traders) + owner)
        while wakes.heap and wakes.heap[0][0] <= market.now:
            who = heappop(wakes.heap)[2]
            if who >= len(traders):
                owner = who - len(traders)
                traders[owner].strategy.on_book(gateways[owner])  # type: ignore[attr-defined]
                continue
            ask, asks[who] = asks[who], traders[who].strategy.on_time
            ask(gateways[who])
        if market.phase == CLOSED:
            wakes.heap.clear()
        if not wakes.heap and market.now >= end:
            if market.is_idle:
                return
            end = max(market.now + 1, market.last_arrival_ns)


def _tell(market: SimulatedMarket, traders: Sequence[Trader], gateways: Sequence[SimulatedGateway]) -> None:
    """Tell the owners of orders what has reached them by now."""
    for row in market.answers():
        number, event = int(row[ml.LOG_ORDER]), int(row[ml.LOG_EVENT])
        order = market.orders[number]
        strategy, gateway = traders[order.owner].strategy, gateways[order.owner]
        if event in (codes.FILLED, codes.PARTIAL):
            fill = Fill(
                order_id=number,
                side=order.side,
                tick=int(row[ml.LOG_LEVEL]) + market.base_tick,
                quantity=int(row[ml.LOG_SIZE]),
                venue_ns=int(row[ml.LOG_NS]),
                local_ns=int(row[ml.LOG_LOCAL_NS]),
                is_maker=int(row[ml.LOG_LIQUIDITY]) == codes.MAKER,
                part=int(row[ml.LOG_PART]),
            )
            strategy.on_fill(gateway, fill)
        elif hasattr(strategy, "on_order"):
            strategy.on_order(gateway, number, event, int(row[ml.LOG_REASON]))
