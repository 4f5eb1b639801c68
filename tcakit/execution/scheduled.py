"""The strategy behind TWAP, VWAP, POV and implementation shortfall: follow a schedule, join, cross when behind."""

from __future__ import annotations

from dataclasses import dataclass

from tcakit.execution.parent import ParentOrder
from tcakit.execution.schedules import Schedule
from tcakit.market.codes import ACKNOWLEDGED, BUY, CANCEL_REJECTED, IOC
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
        gateway.wake_at(min(now + self.tactic.interval_ns, self.parent.end_ns))

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        self.filled += fill.quantity
        left = self.leaves[fill.order_id] - fill.quantity
        self.leaves[fill.order_id] = left
        if left == 0:
            self._over(fill.order_id)

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        if event in (ACKNOWLEDGED, CANCEL_REJECTED):
            return
        was_resting = order_id == self.resting
        self._over(order_id)
        if was_resting and gateway.now_ns < self.parent.end_ns:
            self._decide(gateway)

    def _over(self, order_id: int) -> None:
        self.leaves.pop(order_id, None)
        if order_id == self.resting:
            self.resting = None
            self.cancelling = False

    # --- what we do --------------------------------------------------------------------------------------

    def _lots(self, shares: float) -> int:
        return int(shares // self.lot) * self.lot

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
        if overdue >= slice_size or (finishing and overdue >= self.lot):
            if self.resting is not None:
                # Whatever still fills before the cancel arrives is counted when the answer comes.
                self._cancel(gateway)
                return
            self._cross(gateway, self._lots(overdue))
            return
        self._join(gateway, now, volume, slice_size)

    def _join(self, gateway: Gateway, now: int, volume: int, slice_size: float) -> None:
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
        quantity = min(self._lots(ahead - self.filled), self._free())
        if quantity >= self.lot:
            self.resting_tick = touch
            self.resting = gateway.submit(self.parent.side, quantity, touch)
            self.leaves[self.resting] = quantity

    def _cross(self, gateway: Gateway, quantity: int) -> None:
        touch = gateway.best_ask_tick if self.parent.side == BUY else gateway.best_bid_tick
        quantity = min(quantity, self._free())
        if touch is None or quantity < self.lot:
            return
        limit = self.parent.limit_tick
        if limit is not None and (touch - limit) * self.parent.side > 0:
            return
        order = gateway.submit(self.parent.side, quantity, touch, IOC)
        self.leaves[order] = quantity

    def _cancel(self, gateway: Gateway) -> None:
        if self.resting is not None and not self.cancelling:
            self.cancelling = True
            gateway.cancel(self.resting)
