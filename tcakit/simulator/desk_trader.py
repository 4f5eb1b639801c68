"""A trader of the made-up desk: works an order in slices, some resting at the near touch, some taking the far one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tcakit.market import codes
from tcakit.market.clock import NS_PER_SECOND
from tcakit.venue.gateway import Fill, Gateway

_WITHDRAWN_BEFORE = NS_PER_SECOND // 2  # the end of a slice, so that what is left is known when the next begins
_LIMIT_AWAY = 0.0015  # of the price, from the far touch at arrival


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of the work: from `start_ns` to `stop_ns` the order rests, or at `start_ns` it takes; by then `target` of
    the whole should be done."""

    start_ns: int
    stop_ns: int
    target: int
    is_passive: bool


class DeskTrader:
    """Works `quantity` along `slices`; never has more filled and at work than the whole.

    A slice's resting order joins the near touch and shows `shown` at a time (all of it where None); a taking one asks
    for no more than the far touch shows. With `is_limited` no price is paid that is far from the touch at arrival;
    `limit_tick` holds that price once the order has arrived.
    """

    def __init__(
        self, side: int, quantity: int, slices: Sequence[Slice], *, shown: int | None = None, is_limited: bool = False
    ) -> None:
        self.side, self.quantity, self.slices = side, quantity, slices
        self.shown, self.is_limited = shown, is_limited
        self.limit_tick: int | None = None
        self._filled = 0
        self._open: dict[int, int] = {}
        self._next = 0

    def on_start(self, gateway: Gateway) -> None:
        far = gateway.best_ask_tick if self.side == codes.BUY else gateway.best_bid_tick
        if self.is_limited and far is not None:
            self.limit_tick = round(far * (1.0 + self.side * _LIMIT_AWAY))
        for piece in self.slices:
            gateway.wake_at(piece.start_ns)
            if piece.is_passive:
                gateway.wake_at(piece.stop_ns - _WITHDRAWN_BEFORE)

    def on_time(self, gateway: Gateway) -> None:
        while self._next < len(self.slices) and self.slices[self._next].start_ns <= gateway.now_ns:
            self._begin(gateway, self.slices[self._next])
            self._next += 1
            return
        for order in self._open:
            gateway.cancel(order)

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        self._filled += fill.quantity
        self._open[fill.order_id] -= fill.quantity
        if not self._open[fill.order_id]:
            del self._open[fill.order_id]

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        if event in (codes.CANCELLED, codes.REJECTED, codes.EXPIRED):
            self._open.pop(order_id, None)

    def _begin(self, gateway: Gateway, piece: Slice) -> None:
        """Send what a slice owes, with what earlier ones left: nothing while a side is empty or the price too far."""
        owed = piece.target - self._filled - sum(self._open.values())
        bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
        if owed <= 0 or bid is None or ask is None or bid >= ask:
            return
        near, far = (bid, ask) if self.side == codes.BUY else (ask, bid)
        tick = near if piece.is_passive else far
        if self.limit_tick is not None and self.side * (tick - self.limit_tick) > 0:
            return
        if piece.is_passive:
            shown = self.shown if self.shown is not None and owed > self.shown else None
            order = gateway.submit(self.side, owed, tick, codes.DAY, display_quantity=shown)
        else:
            owed = min(owed, gateway.size_at(-self.side, tick))
            order = gateway.submit(self.side, owed, tick, codes.IOC)
        self._open[order] = owed
