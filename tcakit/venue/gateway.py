"""What a strategy sees and may ask, whether it trades in a replay, a simulation or on paper."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

from tcakit.market.codes import GTC


class Fill(NamedTuple):
    """An execution as the strategy learns of it: `tick` is the price in ticks, `part` hundredths of a tick above it,
    times in ns since 1970 UTC."""

    order_id: int
    side: int
    tick: int
    quantity: int
    venue_ns: int
    local_ns: int
    is_maker: bool
    part: int = 0


class Gateway(Protocol):
    """The market as it has reached the strategy by now, and the orders it may send.

    Prices are integer ticks (price / tick_size), sizes stored units of the instrument, times ns since 1970 UTC.
    """

    @property
    def now_ns(self) -> int: ...

    @property
    def tick_size(self) -> float:
        """One tick in currency."""
        ...

    @property
    def best_bid_tick(self) -> int | None: ...

    @property
    def best_ask_tick(self) -> int | None: ...

    @property
    def market_volume(self) -> int:
        """Printed size seen since the recording began."""
        ...

    def size_at(self, side: int, tick: int) -> int:
        """Displayed size at a level, 0 if it shows none."""
        ...

    def submit(
        self,
        side: int,
        quantity: int,
        tick: int | None = None,
        time_in_force: int = GTC,
        *,
        stop_tick: int | None = None,
        display_quantity: int | None = None,
        peg: int | None = None,
        peg_offset_ticks: int = 0,
    ) -> int:
        """Send an order (market if `tick` is None); gives its id.

        With `stop_tick` it waits at the venue until the market trades there or beyond. `display_quantity` is how much
        an iceberg shows at once. `peg` (codes.PRIMARY_PEG, MARKET_PEG, MIDPOINT_PEG) lets the venue price it, so many
        ticks from its reference towards the other side, and never beyond `tick` if there is one. ValueError for a size
        that is no multiple of the lot and for parts that contradict each other.
        """
        ...

    def cancel(self, order_id: int) -> None:
        """Ask to take an order back; it may still fill until the answer is there."""
        ...

    def modify(self, order_id: int, quantity: int, tick: int) -> None:
        """Ask for another limit or open size of a resting order.

        At the same price a size that is not larger keeps the order's place; else it goes to the end of the queue, or
        takes, as a new order would.
        """
        ...

    def wake_at(self, ns: int) -> None:
        """Be asked again (`on_time`) at that time."""
        ...

    @property
    def name(self) -> str:
        """This market's symbol, or symbol@venue where the run has two of the symbol."""
        ...

    @property
    def markets(self) -> tuple[str, ...]:
        """The names of all markets of the run."""
        ...

    def market(self, name: str) -> Gateway:
        """The same participant at another market, by symbol or symbol@venue; UsageError if the run has none such."""
        ...


def dark_market(gateway: Gateway) -> Any:
    """The door to the dark venue of a gateway's symbol, None where the run has none.

    Its `submit` takes a side, a quantity, the worst tick (None for any) and `minimum_quantity`; all trades there are at
    the middle of the displayed prices.
    """
    symbol = gateway.name.partition("@")[0]
    for name in gateway.markets:
        if name.partition("@")[0] == symbol and getattr(found := gateway.market(name), "is_dark", False):
            return found
    return None


@runtime_checkable
class Strategy(Protocol):
    """What trades. Two more methods may be there: `on_order(gateway, order_id, event, reason)` is told of events of own
    orders other than fills, and `on_book(gateway)` is asked when a best price or its size has changed as it sees it."""

    def on_start(self, gateway: Gateway) -> None: ...

    def on_time(self, gateway: Gateway) -> None: ...

    def on_fill(self, gateway: Gateway, fill: Fill) -> None: ...
