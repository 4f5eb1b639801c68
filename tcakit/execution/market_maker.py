"""A market maker: quotes on both sides, moved by what it holds, and flat at its end."""

from __future__ import annotations

from tcakit.execution.child_orders import ChildOrders, next_look
from tcakit.execution.parent import ParentOrder
from tcakit.market.codes import BUY, POST_ONLY, SELL
from tcakit.venue.gateway import Fill, Gateway


class MarketMaker:
    """Quotes `size` at both touches, `edge_ticks` behind them; both quotes move by `skew_ticks` against what it holds
    when that is `position`, by less when it is less. Never holds more than `position`, never buys nor sells more than
    the parent's quantity in all, and from `finish_ns` before the end trades its holding away.

    The parent's limit holds for the parent's side alone.
    """

    def __init__(
        self,
        parent: ParentOrder,
        lot: int = 1,
        *,
        position: int,
        size: int,
        skew_ticks: float = 1.0,
        edge_ticks: int = 0,
        interval_ns: int = 1_000_000_000,
        finish_ns: int = 30_000_000_000,
    ) -> None:
        self.parent = parent
        self.position = position
        self.size = size
        self.skew_ticks = skew_ticks
        self.edge_ticks = edge_ticks
        self.interval_ns = interval_ns
        self.finish_ns = finish_ns
        limits = {side: parent.limit_tick if side == parent.side else None for side in (BUY, SELL)}
        self.buys, self.sells = (ChildOrders(side, parent.quantity, limits[side], lot) for side in (BUY, SELL))

    @property
    def held(self) -> int:
        """What it holds as far as it knows, below zero if it is short."""
        return self.buys.filled - self.sells.filled

    def on_start(self, gateway: Gateway) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Gateway) -> None:
        end = self.parent.end_ns
        if gateway.now_ns >= end:
            self._take_back(gateway)
            return
        self._decide(gateway)
        gateway.wake_at(next_look(gateway.now_ns, end, self.interval_ns, self.finish_ns))

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        (self.buys if fill.side == BUY else self.sells).hear_fill(fill)

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        side = self.buys if order_id in self.buys.leaves else self.sells
        if side.hear(order_id, event) and gateway.now_ns < self.parent.end_ns:
            self._decide(gateway)

    def _decide(self, gateway: Gateway) -> None:
        if gateway.now_ns >= self.parent.end_ns - self.finish_ns:
            self._flatten(gateway)
            return
        bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
        if bid is None or ask is None:
            self._take_back(gateway)
            return
        shift = round(self.skew_ticks * self.held / self.position)
        self._quote(gateway, self.buys, min(bid - self.edge_ticks - shift, ask - 1))
        self._quote(gateway, self.sells, max(ask + self.edge_ticks - shift, bid + 1))

    def _quote(self, gateway: Gateway, orders: ChildOrders, tick: int) -> None:
        limit = orders.limit_tick
        if limit is not None and (tick - limit) * orders.side > 0:
            tick = limit
        if orders.resting is None:
            # An order that is still open on the other side only makes room when it has filled.
            orders.rest(gateway, min(self.size, self.position - orders.side * self.held), max(1, tick), POST_ONLY)
        elif tick != orders.resting_tick:
            orders.cancel(gateway)

    def _flatten(self, gateway: Gateway) -> None:
        """Take the quotes back, and once nothing is open trade away what is held, level after level."""
        self._take_back(gateway)
        if self.buys.leaves or self.sells.leaves or not self.held:
            return
        orders = self.sells if self.held > 0 else self.buys
        if orders.far_touch(gateway) is not None:
            orders.take(gateway, abs(self.held), orders.limit_tick)

    def _take_back(self, gateway: Gateway) -> None:
        self.buys.cancel(gateway)
        self.sells.cancel(gateway)
