"""The strategy behind TWAP, VWAP, POV and implementation shortfall: follow a schedule, join, cross when behind."""

from __future__ import annotations

from dataclasses import dataclass

from tcakit.execution.parent import ParentOrder
from tcakit.execution.schedules import Schedule, whole_lots
from tcakit.market.codes import ACKNOWLEDGED, BUY, CANCEL_REJECTED, CANCELLED, IOC
from tcakit.venue.gateway import Fill, Gateway


@dataclass(frozen=True, slots=True)
class JoinThenCross:
    """The child tactic: join the near touch for what falls due within `horizon_ns`; take the far touch for what is
    overdue by a slice or more; look every `interval_ns`; from `finish_ns` before the end take all that is left."""

    interval_ns: int = 5_000_000_000
    horizon_ns: int = 60_000_000_000
    finish_ns: int = 30_000_000_000


class Scheduled:
    """Works one parent order along a schedule. Never has more than the parent's quantity filled and at work."""

    def __init__(self, parent: ParentOrder, schedule: Schedule, tactic: JoinThenCross, lot: int = 1) -> None:
        self.parent = parent
        self.schedule = schedule
        self.tactic = tactic
        self.lot = lot
        self.filled = 0
        self.volume_at_start = 0
        self.leaves: dict[int, int] = {}
        self.resting: int | None = None
        self.resting_tick = 0
        self.cancelling = False

    # --- what the gateway tells us ----------------------------------------------------------------------

    def on_start(self, gateway: Gateway) -> None:
        self.volume_at_start = gateway.market_volume
        self.on_time(gateway)

    def on_time(self, gateway: Gateway) -> None:
        now = gateway.now_ns
        if now >= self.parent.end_ns:
            if self.resting is not None:
                self._cancel(gateway)
            return
        self._decide(gateway)
        gateway.wake_at(self._next_look(now))

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        self.filled += fill.quantity
        left = self.leaves[fill.order_id] - fill.quantity
        self.leaves[fill.order_id] = left
        if left == 0:
            self._over(fill.order_id)

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        if event == ACKNOWLEDGED:
            return
        if event == CANCEL_REJECTED:
            # The order is over, and we are told so as well, or it lives on and must be asked for again.
            self.cancelling = self.cancelling and order_id != self.resting
            return
        was_resting = order_id == self.resting
        self._over(order_id)
        # One that the venue refused or ended waits for the next look: it would be refused again at once.
        if was_resting and event == CANCELLED and gateway.now_ns < self.parent.end_ns:
            self._decide(gateway)

    def _over(self, order_id: int) -> None:
        self.leaves.pop(order_id, None)
        if order_id == self.resting:
            self.resting = None
            self.cancelling = False

    # --- what we do --------------------------------------------------------------------------------------

    def _lots(self, shares: float) -> int:
        return int(whole_lots(shares, self.lot))

    def _next_look(self, now: int) -> int:
        """The next interval, but not past the start of the finish, and a few times in a finish however short."""
        finish = self.parent.end_ns - self.tactic.finish_ns
        if now < finish:
            return min(now + self.tactic.interval_ns, finish)
        step = min(self.tactic.interval_ns, max(1, self.tactic.finish_ns // 6))
        return min(now + step, self.parent.end_ns)

    def _free(self) -> int:
        """What may still be sent without any risk of doing more than was ordered."""
        return self.parent.quantity - self.filled - sum(self.leaves.values())

    def _decide(self, gateway: Gateway) -> None:
        now = gateway.now_ns
        volume = gateway.market_volume - self.volume_at_start
        finishing = self.schedule.must_complete and now >= self.parent.end_ns - self.tactic.finish_ns
        slice_size = max(float(self.lot), self.schedule.slice_size())
        due = float(self.parent.quantity) if finishing else self.schedule.target(now, volume)
        taking = sum(left for order, left in self.leaves.items() if order != self.resting)
        overdue = due - self.filled - taking
        touch = self._far_touch(gateway)
        if touch is not None and (overdue >= slice_size or (finishing and overdue >= self.lot)):
            if self.resting is not None:
                # Whatever still fills before the cancel arrives is counted when the answer comes.
                self._cancel(gateway)
                return
            # At the end whatever is shown within the limit is taken, level after level; before it the touch alone.
            self._cross(gateway, self._lots(overdue), self.parent.limit_tick if finishing else touch)
            return
        self._join(gateway, now, volume, slice_size, taking)

    def _join(self, gateway: Gateway, now: int, volume: int, slice_size: float, taking: int) -> None:
        touch = gateway.best_bid_tick if self.parent.side == BUY else gateway.best_ask_tick
        if touch is None:
            return
        limit = self.parent.limit_tick
        if limit is not None and (touch - limit) * self.parent.side > 0:
            touch = limit
        if self.resting is not None:
            if (touch - self.resting_tick) * self.parent.side > 0:
                self._cancel(gateway)
            return
        ahead = self.schedule.target(min(now + self.tactic.horizon_ns, self.parent.end_ns), volume)
        if not self.schedule.must_complete:
            # Volume to come is not known: work one clip beyond what is due by the volume seen.
            ahead = min(float(self.parent.quantity), ahead + slice_size)
        quantity = min(self._lots(ahead - self.filled - taking), self._free())
        if quantity >= self.lot:
            self.resting_tick = touch
            self.resting = gateway.submit(self.parent.side, quantity, touch)
            self.leaves[self.resting] = quantity

    def _far_touch(self, gateway: Gateway) -> int | None:
        """Where we would cross to; None where nothing is shown or it is beyond the limit."""
        touch = gateway.best_ask_tick if self.parent.side == BUY else gateway.best_bid_tick
        limit = self.parent.limit_tick
        if touch is not None and limit is not None and (touch - limit) * self.parent.side > 0:
            return None
        return touch

    def _cross(self, gateway: Gateway, quantity: int, worst: int | None) -> None:
        quantity = min(quantity, self._free())
        if quantity >= self.lot:
            order = gateway.submit(self.parent.side, quantity, worst, IOC)
            self.leaves[order] = quantity

    def _cancel(self, gateway: Gateway) -> None:
        if self.resting is not None and not self.cancelling:
            self.cancelling = True
            gateway.cancel(self.resting)
