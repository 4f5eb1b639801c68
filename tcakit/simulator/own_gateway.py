"""What one strategy sees of a simulated market, and sends to it: the same `venue.gateway.Gateway` as in a replay."""

from __future__ import annotations

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.simulator.dark_gateway import DarkGateway
from tcakit.simulator.market import SimulatedMarket
from tcakit.venue.gateway import Gateway
from tcakit.venue.order_parts import OrderParts
from tcakit.venue.wakes import Wakes

_PLAIN = OrderParts()


class SimulatedGateway:
    """One strategy's view of a simulated market."""

    __slots__ = ("_dark", "_market", "_owner", "_wakes", "name", "tick_size")

    is_dark = False

    def __init__(self, market: SimulatedMarket, owner: int, wakes: Wakes) -> None:
        instrument = market.instrument
        self.name = instrument.symbol if market.dark_venue is None else f"{instrument.symbol}@{instrument.venue}"
        self.tick_size = instrument.tick_size / instrument.price_scale
        self._market, self._owner, self._wakes = market, owner, wakes
        self._dark = None if market.dark_venue is None else DarkGateway(market, owner, self)

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
        is_hidden: bool = False,
    ) -> int:
        parts = _PLAIN
        if not (stop_tick is display_quantity is peg is None and not peg_offset_ticks and not is_hidden):
            parts = OrderParts(stop_tick, display_quantity, peg, peg_offset_ticks, is_hidden)
        return self._market.submit(self._owner, side, quantity, tick, time_in_force, parts)

    def cancel(self, order_id: int) -> None:
        self._market.cancel(self._owner, order_id)

    def modify(self, order_id: int, quantity: int, tick: int) -> None:
        self._market.modify(self._owner, order_id, quantity, tick)

    def wake_at(self, ns: int) -> None:
        now = self._market.now
        self._wakes.add(ns if ns > now else now + 1, self._owner)

    @property
    def markets(self) -> tuple[str, ...]:
        return (self.name,) if self._dark is None else (self.name, self._dark.name)

    def market(self, name: str) -> Gateway:
        if self._dark is not None and name == self._dark.name:
            return self._dark
        instrument = self._market.instrument
        if name not in (instrument.symbol, f"{instrument.symbol}@{instrument.venue}"):
            raise UsageError(
                f"there is no market {name!r} in this run", remedy=f"there is {' and '.join(self.markets)}"
            )
        return self
