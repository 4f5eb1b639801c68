"""What one participant sees of a recorded market, and sends to it."""

from __future__ import annotations

from collections.abc import Mapping

from tcakit.market import codes
from tcakit.replay.markets import called
from tcakit.replay.recorded_market import RecordedMarket
from tcakit.venue.order_parts import OrderParts
from tcakit.venue.wakes import Wakes


class OwnGateway:
    """One participant's view of a replayed market (the `venue.gateway.Gateway` of the recorded market).

    `others` are the same participant's gateways by the names of their markets, this one among them.
    """

    __slots__ = ("_clock", "_market", "_others", "_owner", "_wakes", "name", "tick_size")

    def __init__(
        self, name: str, market: RecordedMarket, owner: int, wakes: Wakes, others: Mapping[str, OwnGateway]
    ) -> None:
        self.name = name
        self._others = others
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
        special = OrderParts(stop_tick, display_quantity, peg, peg_offset_ticks)
        return self._market.submit(self._owner, side, quantity, tick, time_in_force, special)

    def cancel(self, order_id: int) -> None:
        self._market.cancel(self._owner, order_id)

    def modify(self, order_id: int, quantity: int, tick: int) -> None:
        self._market.modify(self._owner, order_id, quantity, tick)

    def wake_at(self, ns: int) -> None:
        now = self._clock.now
        self._wakes.add(ns if ns > now else now + 1, self._owner)

    @property
    def markets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(gateway.name for gateway in self._others.values()))

    def market(self, name: str) -> OwnGateway:
        return called(name, self._others)
