"""Tactics without a schedule: rest and lose patience, wait for the book to turn, show little, follow the touch."""

from __future__ import annotations

from tcakit.execution.child_orders import ChildOrders, Tactic
from tcakit.execution.parent import ParentOrder
from tcakit.market.codes import GTC, MIDPOINT_PEG, PRIMARY_PEG
from tcakit.venue.gateway import Gateway

PEGS = {"primary": PRIMARY_PEG, "midpoint": MIDPOINT_PEG}


def pressure(orders: ChildOrders, gateway: Gateway) -> float | None:
    """Our side's share of what both touches show, 0 to 1: the larger, the sooner the other touch will be gone.

    None while a side shows nothing.
    """
    bid, ask = gateway.best_bid_tick, gateway.best_ask_tick
    if bid is None or ask is None:
        return None
    near, far = (bid, ask) if orders.side > 0 else (ask, bid)
    ours, theirs = gateway.size_at(orders.side, near), gateway.size_at(-orders.side, far)
    return ours / (ours + theirs) if ours + theirs > 0 else None


class PassiveAggressive(Tactic):
    """Rests clip after clip at the near touch and follows it; crosses for what a clip has left once it has waited for
    `patience_ns`, or as soon as our side shows `imbalance` or more of both touches."""

    def __init__(
        self,
        parent: ParentOrder,
        lot: int = 1,
        *,
        patience_ns: int,
        clip: int,
        imbalance: float = 0.8,
        interval_ns: int = 1_000_000_000,
        finish_ns: int = 30_000_000_000,
    ) -> None:
        super().__init__(parent, lot, interval_ns, finish_ns)
        self.patience_ns = patience_ns
        self.clip = clip
        self.imbalance = imbalance
        self.clip_ends_at = 0
        self.since_ns: int | None = None

    def decide(self, gateway: Gateway) -> None:
        if self.finish(gateway) or self.taking():
            return
        now = gateway.now_ns
        left = self.clip_ends_at - self.filled
        if left < self.lot or self.since_ns is None:
            left = min(self.clip, self.quantity - self.filled)
            self.clip_ends_at, self.since_ns = self.filled + left, now
        far = self.far_touch(gateway)
        if far is not None and (now - self.since_ns >= self.patience_ns or self._has_turned(gateway)):
            if self.resting is not None:
                self.cancel(gateway)
                return
            # What is not had at the touch rests again, with new patience.
            self.take(gateway, left, far)
            self.since_ns = now
            return
        self.follow(gateway, left)

    def _has_turned(self, gateway: Gateway) -> bool:
        share = pressure(self, gateway)
        return share is not None and share >= self.imbalance


class Sniper(Tactic):
    """Never rests: takes the far touch, up to `clip` of it, whenever our side shows `imbalance` or more of both
    touches, so that the price is likely to move away."""

    def __init__(
        self,
        parent: ParentOrder,
        lot: int = 1,
        *,
        imbalance: float,
        clip: int | None = None,
        interval_ns: int = 100_000_000,
        finish_ns: int = 30_000_000_000,
    ) -> None:
        super().__init__(parent, lot, interval_ns, finish_ns)
        self.imbalance = imbalance
        self.clip = clip

    def decide(self, gateway: Gateway) -> None:
        if self.taking() or self.finish(gateway):
            return
        far, share = self.far_touch(gateway), pressure(self, gateway)
        if far is None or share is None or share < self.imbalance:
            return
        shown = gateway.size_at(-self.side, far)
        self.take(gateway, min(self.quantity, shown) if self.clip is None else min(self.clip, shown), far)


class Iceberg(Tactic):
    """Rests all that is left at the near touch, of which the venue shows `shown` at a time, and follows the touch when
    it moves away."""

    def __init__(
        self,
        parent: ParentOrder,
        lot: int = 1,
        *,
        shown: int,
        interval_ns: int = 1_000_000_000,
        finish_ns: int = 30_000_000_000,
    ) -> None:
        super().__init__(parent, lot, interval_ns, finish_ns)
        self.shown = shown

    def decide(self, gateway: Gateway) -> None:
        if not self.finish(gateway) and not self.taking():
            self.follow(gateway, self.free(), shown=self.shown)


class Pegged(Tactic):
    """Rests all that is left in one order that the venue keeps `offset_ticks` from the near touch or the middle,
    counted towards the other side."""

    def __init__(
        self,
        parent: ParentOrder,
        lot: int = 1,
        *,
        peg: int = PRIMARY_PEG,
        offset_ticks: int = 0,
        interval_ns: int = 5_000_000_000,
        finish_ns: int = 30_000_000_000,
    ) -> None:
        super().__init__(parent, lot, interval_ns, finish_ns)
        self.peg = peg
        self.offset_ticks = offset_ticks

    def decide(self, gateway: Gateway) -> None:
        if self.finish(gateway) or self.taking() or self.resting is not None:
            return
        whole = self.lots(self.free())
        if whole >= self.lot:
            self.resting = gateway.submit(
                self.side, whole, self.limit_tick, GTC, peg=self.peg, peg_offset_ticks=self.offset_ticks
            )
            self.leaves[self.resting] = whole
