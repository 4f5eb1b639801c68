"""A market that can be stepped with one order of ours in it, whether it is a recorded or a simulated one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.venue.gateway import Fill, Gateway

_OVER = frozenset((codes.CANCELLED, codes.REJECTED, codes.EXPIRED))


class SteppedMarket(Protocol):
    """A market that has come to a time, and goes on when it is told to."""

    gateway: Gateway
    instrument: Instrument

    def advance(self, until_ns: int) -> None:
        """Run to a time (ns), telling the `orders` that it was opened with whatever reaches us until then."""
        ...

    @property
    def answered_ns(self) -> int:
        """When the last message under way and its answer will have arrived; now if there is none."""
        ...

    def traded(self) -> tuple[int, int, int]:
        """Printed so far: all that had nothing of ours in it, what takers other than us bought, and what they sold."""
        ...

    def shown(self, order: int) -> int:
        """How much of what is displayed is this order of ours."""
        ...


class MarketSource(Protocol):
    """Where the markets of episodes come from."""

    def open(self, draw: int, duration_ns: int, orders: OwnOrders) -> SteppedMarket:
        """The market of an episode that has so long to go; the same `draw` gives the same one."""
        ...

    def episodes(self, duration_ns: int) -> int | None:
        """How many different episodes there are, None where each draw is another one."""
        ...

    def block(self, draw: int, duration_ns: int) -> str:
        """Episodes of one block have the market in common: what is drawn together to tell how sure a figure is."""
        ...

    @property
    def instrument(self) -> Instrument: ...

    @property
    def spread_ticks(self) -> float:
        """A spread that is usual, for scaling."""
        ...


class OwnOrders:
    """The orders of an episode as they are known: what each has open, and who is to be told of fills.

    It is a `Strategy` that does nothing but listen.
    """

    def __init__(self) -> None:
        self.leaves: dict[int, int] = {}
        self.on_filled: Callable[[int, int], None] = _nobody
        self.on_gone: Callable[[int, int], None] = _nobody

    def sent(self, order: int, size: int) -> None:
        """Take down an order that was sent."""
        self.leaves[order] = size

    def on_start(self, gateway: Gateway) -> None:
        """Nothing is done unasked."""

    def on_time(self, gateway: Gateway) -> None:
        """Nothing is done unasked."""

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        """Take down a fill."""
        self.filled(fill.order_id, fill.tick, fill.quantity)

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        """Take down that an order has ended."""
        self.ended(order_id, event)

    def filled(self, order: int, tick: int, size: int) -> None:
        """Take down a fill of an order."""
        left = self.leaves.get(order, 0) - size
        if left > 0:
            self.leaves[order] = left
        else:
            self.leaves.pop(order, None)
        self.on_filled(tick, size)

    def ended(self, order: int, event: int) -> None:
        """Take down an event of an order, if it is its end."""
        if event in _OVER and order in self.leaves:
            self.on_gone(order, self.leaves.pop(order))


def _nobody(_one: int, _other: int) -> None:
    """Until an episode listens."""
