"""Scheduled algorithms that let a share of what is left rest in the dark until the schedule wants it."""

from __future__ import annotations

from typing import Any

from tcakit.errors import UsageError
from tcakit.execution.parent import ParentOrder
from tcakit.execution.scheduled import JoinThenCross, Scheduled
from tcakit.execution.schedules import Schedule
from tcakit.market.codes import CANCEL_REJECTED, CANCELLED, EXPIRED, REJECTED
from tcakit.venue.gateway import Fill, Gateway, dark_market

_ENDED = frozenset((CANCELLED, EXPIRED, REJECTED))


class ScheduledInTheDark(Scheduled):
    """Works one parent along a schedule, `share` (0 to 1) of what is left being in the dark.

    What trades there counts as done, so that less is worked at displayed prices. The order in the dark is taken back
    when what falls due within the tactic's horizon can no longer be had without it, and for the finish; until then
    `share` of what is left goes there anew. Never has more than the parent's quantity filled and at work. UsageError at
    the start where there is no dark venue.
    """

    def __init__(
        self, parent: ParentOrder, schedule: Schedule, tactic: JoinThenCross, lot: int = 1, *, share: float
    ) -> None:
        super().__init__(parent, schedule, tactic, lot)
        self.share = share
        self.dark: int | None = None
        self.withdrawing = False
        self._venue: Any = None

    def on_start(self, gateway: Gateway) -> None:
        self._venue = dark_market(gateway)
        if self._venue is None:
            raise UsageError(
                f"{self.parent.algo}: there is no dark venue in this market",
                place="--algo",
                remedy="simulate a day with dark = true in [sources], and trade with --market simulated",
            )
        super().on_start(gateway)

    def taking(self) -> int:
        return super().taking() - self._in_the_dark()

    def decide(self, gateway: Gateway) -> None:
        self._share_out(gateway)
        super().decide(gateway)

    def on_time(self, gateway: Gateway) -> None:
        if gateway.now_ns >= self.parent.end_ns:
            self._withdraw()
        super().on_time(gateway)

    def on_fill(self, gateway: Gateway, fill: Fill) -> None:
        super().on_fill(gateway, fill)
        if self.dark is not None and self.dark not in self.leaves:
            self._is_gone()

    def on_order(self, gateway: Gateway, order_id: int, event: int, reason: int) -> None:
        if order_id != self.dark:
            super().on_order(gateway, order_id, event, reason)
            return
        self.hear(order_id, event)
        if event == CANCEL_REJECTED:
            self.withdrawing = False
        if event in _ENDED:
            self._is_gone()
            if event == CANCELLED and gateway.now_ns < self.parent.end_ns:
                self.decide(gateway)

    def _in_the_dark(self) -> int:
        return 0 if self.dark is None else self.leaves.get(self.dark, 0)

    def _is_gone(self) -> None:
        self.dark, self.withdrawing = None, False

    def _withdraw(self) -> None:
        """Ask for the order in the dark back, once."""
        if self.dark is not None and not self.withdrawing:
            self.withdrawing = True
            self._venue.cancel(self.dark)

    def _share_out(self, gateway: Gateway) -> None:
        now, volume = gateway.now_ns, gateway.market_volume - self.volume_at_start
        if self.is_finishing(gateway):
            self._withdraw()
            return
        due_soon = self.schedule.target(min(now + self.tactic.horizon_ns, self.parent.end_ns), volume)
        beyond = self.quantity - max(due_soon, float(self.filled))
        if self.dark is not None:
            if self._in_the_dark() > beyond:
                self._withdraw()
            return
        left = self.quantity - self.filled - self.taking()
        whole = min(self.lots(self.share * left), self.lots(beyond), self.lots(self.free()))
        if whole >= self.lot:
            self.dark = self._venue.submit(self.side, whole, self.limit_tick)
            self.leaves[self.dark] = whole
