"""What one strategy sees of the dark venue of a simulated market, which is next to nothing, and sends to it."""

from __future__ import annotations

from tcakit.market import codes
from tcakit.simulator.market import SimulatedMarket
from tcakit.venue.gateway import Gateway


class DarkGateway:
    """One strategy's door to the dark venue; `venue.gateway.dark_market` finds it.

    It shows no prices and no sizes. `market_volume` is what was printed there.
    """

    __slots__ = ("_home", "_market", "_owner", "name", "tick_size")

    is_dark = True

    def __init__(self, market: SimulatedMarket, owner: int, home: Gateway) -> None:
        self.name = f"{market.instrument.symbol}@{market.dark_venue}"
        self.tick_size = home.tick_size
        self._market, self._owner, self._home = market, owner, home

    @property
    def now_ns(self) -> int:
        return self._market.now

    @property
    def best_bid_tick(self) -> int | None:
        return None

    @property
    def best_ask_tick(self) -> int | None:
        return None

    @property
    def market_volume(self) -> int:
        return self._market.dark_volume

    def size_at(self, side: int, tick: int) -> int:
        return 0

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
        minimum_quantity: int = 0,
    ) -> int:
        """Send an order that meets others at the middle of the displayed prices; gives its id.

        It trades at `tick` or better, at any middle if None, and no less than `minimum_quantity` at once, or all that
        is left of it. ValueError for what cannot be: stops, icebergs and other pegs among them.
        """
        if not (stop_tick is display_quantity is None and peg in (None, codes.MIDPOINT_PEG) and not peg_offset_ticks):
            raise ValueError("in the dark all orders are pegged to the middle: no stop, no iceberg, no other peg")
        return self._market.submit_dark(self._owner, side, quantity, tick, time_in_force, minimum_quantity)

    def cancel(self, order_id: int) -> None:
        self._market.cancel(self._owner, order_id)

    def modify(self, order_id: int, quantity: int, tick: int | None) -> None:
        self._market.modify(self._owner, order_id, quantity, tick)

    def wake_at(self, ns: int) -> None:
        self._home.wake_at(ns)

    @property
    def markets(self) -> tuple[str, ...]:
        return self._home.markets

    def market(self, name: str) -> Gateway:
        return self._home.market(name)
