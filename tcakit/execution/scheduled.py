"""The strategy behind TWAP, VWAP, POV and implementation shortfall: follow a schedule, join, cross when behind."""

from __future__ import annotations

from dataclasses import dataclass

from tcakit.execution.child_orders import Tactic
from tcakit.execution.parent import ParentOrder
from tcakit.execution.schedules import Schedule
from tcakit.venue.gateway import Gateway


@dataclass(frozen=True, slots=True)
class JoinThenCross:
    """The child tactic: join the near touch for what falls due within `horizon_ns`; take the far touch for what is
    overdue by a slice or more; look every `interval_ns`; from `finish_ns` before the end take all that is left."""

    interval_ns: int = 5_000_000_000
    horizon_ns: int = 60_000_000_000
    finish_ns: int = 30_000_000_000


class Scheduled(Tactic):
    """Works one parent order along a schedule. Never has more than the parent's quantity filled and at work."""

    def __init__(self, parent: ParentOrder, schedule: Schedule, tactic: JoinThenCross, lot: int = 1) -> None:
        super().__init__(parent, lot, tactic.interval_ns, tactic.finish_ns)
        self.schedule = schedule
        self.tactic = tactic
        self.volume_at_start = 0

    def on_start(self, gateway: Gateway) -> None:
        self.volume_at_start = gateway.market_volume
        super().on_start(gateway)

    def decide(self, gateway: Gateway) -> None:
        now = gateway.now_ns
        volume = gateway.market_volume - self.volume_at_start
        finishing = self.schedule.must_complete and self.is_finishing(gateway)
        slice_size = max(float(self.lot), self.schedule.slice_size())
        due = float(self.quantity) if finishing else self.schedule.target(now, volume)
        overdue = due - self.filled - self.taking()
        touch = self.far_touch(gateway)
        if touch is not None and (overdue >= slice_size or (finishing and overdue >= self.lot)):
            if self.resting is not None:
                # Whatever still fills before the cancel arrives is counted when the answer comes.
                self.cancel(gateway)
                return
            # At the end whatever is shown within the limit is taken, level after level; before it the touch alone.
            self.take(gateway, overdue, self.limit_tick if finishing else touch)
            return
        ahead = self.schedule.target(min(now + self.tactic.horizon_ns, self.parent.end_ns), volume)
        if not self.schedule.must_complete:
            # Volume to come is not known: work one clip beyond what is due by the volume seen.
            ahead = min(float(self.quantity), ahead + slice_size)
        self.follow(gateway, ahead - self.filled - self.taking())
