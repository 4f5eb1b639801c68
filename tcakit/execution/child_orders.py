"""The child orders of one side, and the strategy that looks at the market now and then until a parent's end."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tcakit.execution.parent import ParentOrder
from tcakit.execution.schedules import whole_lots
from tcakit.market.codes import BUY, CANCEL_REJECTED, CANCELLED, EXPIRED, GTC, IOC, REJECTED
from tcakit.venue.gateway import Fill, Gateway

_ENDED = frozenset((CANCELLED, EXPIRED, REJECTED))


class ChildOrders:
    """Orders of one side, at most one of them resting; never more than `quantity` of them filled and at work.

    `quantity` and `lot` are in stored size units, `limit_tick` in ticks, None for no limit. `leaves` is what each order
    has left, as far as its owner knows.
    """

    def __init__(self, side: int, quantity: int, limit_tick: int | None, lot: int) -> None:
        self.side = side
        self.quantity = quantity
        self.limit_tick = limit_tick
        self.lot = lot
        self.filled = 0
        self.leaves: dict[int, int] = {}
        self.resting: int | None = None
        self.resting_tick = 0
        self.cancelling = False

    # --- what the gateway tells us ----------------------------------------------------------------------

    def hear_fill(self, fill: Fill) -> None:
        """Count a fill of one of these orders."""
        self.filled += fill.quantity
        left = self.leaves[fill.order_id] - fill.quantity
        self.leaves[fill.order_id] = left
        if left == 0:
            self._over(fill.order_id)

    def hear(self, order_id: int, event: int) -> bool:
        """Count another event of one of these orders; True if the resting one was taken back."""
        if event == CANCEL_REJECTED:
            # The order is over, and we are told so as well, or it lives on and must be asked for again.
            self.cancelling = self.cancelling and order_id != self.resting
        if event not in _ENDED:
            return False
        was_resting = order_id == self.resting
        self._over(order_id)
        return was_resting and event == CANCELLED

    def _over(self, order_id: int) -> None:
        self.leaves.pop(order_id, None)
        if order_id == self.resting:
            self.resting = None
            self.cancelling = False

    # --- what is known ----------------------------------------------------------------------------------

    def lots(self, shares: float) -> int:
        return int(whole_lots(shares, self.lot))

    def free(self) -> int:
        """What may still be sent without any risk of doing more than was ordered."""
        return self.quantity - self.filled - sum(self.leaves.values())

    def taking(self) -> int:
        """What orders that do not rest have left: its fate is not known yet."""
        return sum(left for order, left in self.leaves.items() if order != self.resting)

    def near_touch(self, gateway: Gateway) -> int | None:
        """The best price of our side, no better than the limit; None where nothing is shown."""
        touch = gateway.best_bid_tick if self.side == BUY else gateway.best_ask_tick
        if touch is not None and self._is_beyond_limit(touch):
            return self.limit_tick
        return touch

    def far_touch(self, gateway: Gateway) -> int | None:
        """Where we would cross to; None where nothing is shown or it is beyond the limit."""
        touch = gateway.best_ask_tick if self.side == BUY else gateway.best_bid_tick
        return None if touch is not None and self._is_beyond_limit(touch) else touch

    def _is_beyond_limit(self, tick: int) -> bool:
        return self.limit_tick is not None and (tick - self.limit_tick) * self.side > 0

    # --- what we do -------------------------------------------------------------------------------------

    def rest(
        self,
        gateway: Gateway,
        quantity: float,
        tick: int,
        time_in_force: int = GTC,
        *,
        shown: int | None = None,
    ) -> None:
        """Let whole lots rest, if nothing does; of an iceberg `shown` at once."""
        whole = min(self.lots(quantity), self.lots(self.free()))
        if self.resting is None and whole >= self.lot:
            display = None if shown is None else min(shown, whole)
            self.resting = gateway.submit(self.side, whole, tick, time_in_force, display_quantity=display)
            self.resting_tick = tick
            self.leaves[self.resting] = whole

    def follow(self, gateway: Gateway, quantity: float, *, shown: int | None = None) -> None:
        """Let whole lots rest at the near touch; take them back where it has moved away from them."""
        touch = self.near_touch(gateway)
        if touch is None:
            return
        if self.resting is None:
            self.rest(gateway, quantity, touch, shown=shown)
        elif (touch - self.resting_tick) * self.side > 0:
            self.cancel(gateway)

    def take(self, gateway: Gateway, quantity: float, worst: int | None) -> None:
        """Take whole lots at once, up to a price, the market's if None; what is not had expires."""
        whole = min(self.lots(quantity), self.lots(self.free()))
        if whole >= self.lot:
            self.leaves[gateway.submit(self.side, whole, worst, IOC)] = whole

    def cancel(self, gateway: Gateway) -> None:
        """Ask for the resting order back, once."""
        if self.resting is not None and not self.cancelling:
            self.cancelling = True
            gateway.cancel(self.resting)


class Tactic(ChildOrders, ABC):
    """Works one parent order: looks every `interval_ns`, and more often from `finish_ns` before the end."""

    def __init__(self, parent: ParentOrder, lot: int, interval_ns: int, finish_ns: int) -> None:
        super().__init__(parent.side, parent.quantity, parent.limit_tick, lot)
        self.parent = parent
        self.interval_ns = interval_ns
        self.finish_ns = finish_ns

    @abstractmethod
    def decide(self, gateway: Gateway) -> None:
        """Look at the market, and send or take back."""

    def on_start(self, gateway: Gateway) -> None:
        self.on_time(gateway)

    def on_time(self, gateway: Gateway) -> None:
        if gateway.now_ns >= self.parent.end_ns:
            self.cancel(gateway)
            return
        self.decide(gateway)
        gateway.wake_at(next_look(gateway.now_ns, self.parent.end_ns, self.interval_ns, self.finish_ns))

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        self.hear_fill(fill)

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        # One that the venue refused or ended waits for the next look: it would be refused again at once.
        if self.hear(order_id, event) and gateway.now_ns < self.parent.end_ns:
            self.decide(gateway)

    def is_finishing(self, gateway: Gateway) -> bool:
        return gateway.now_ns >= self.parent.end_ns - self.finish_ns

    def finish(self, gateway: Gateway) -> bool:
        """In the finish take whatever is shown within the limit, level after level; False if it is not yet time, or
        nothing can be had."""
        if not self.is_finishing(gateway) or self.far_touch(gateway) is None:
            return False
        if self.resting is not None:
            # Whatever still fills before the cancel arrives is counted when the answer comes.
            self.cancel(gateway)
        else:
            self.take(gateway, self.free(), self.limit_tick)
        return True


def next_look(now: int, end_ns: int, interval_ns: int, finish_ns: int) -> int:
    """The next interval, but not past the start of the finish, and a few times in a finish however short."""
    finish = end_ns - finish_ns
    if now < finish:
        return min(now + interval_ns, finish)
    step = min(interval_ns, max(1, finish_ns // 6))
    return min(now + step, end_ns)
