"""Two venues without a market: one that answers as a test wants it to, and one that always has something to sell."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from tcakit.market import codes
from tcakit.venue.gateway import Fill


@dataclass
class Sent:
    """An order as the venue has it."""

    order_id: int
    side: int
    quantity: int
    tick: int | None
    time_in_force: int
    leaves: int
    is_over: bool = False
    cancel_asked: bool = False


class FakeGateway:
    """The gateway of one strategy; the test moves its clock and its quotes and gives the answers."""

    tick_size = 0.01

    def __init__(self, bid: int | None = 100, ask: int | None = 101) -> None:
        self.now_ns = 0
        self.best_bid_tick, self.best_ask_tick = bid, ask
        self.market_volume = 0
        self.orders: list[Sent] = []
        self.wake_ns: int | None = None
        self.filled = 0
        self.sizes: dict[tuple[int, int], int] = {}

    def size_at(self, side: int, tick: int) -> int:
        return self.sizes.get((side, tick), 0)

    def submit(self, side, quantity, tick=None, time_in_force=codes.GTC, **special) -> int:
        self.orders.append(Sent(len(self.orders), side, quantity, tick, time_in_force, quantity))
        return len(self.orders) - 1

    def cancel(self, order_id: int) -> None:
        assert not self.orders[order_id].cancel_asked, "asked twice"
        self.orders[order_id].cancel_asked = True

    def wake_at(self, ns: int) -> None:
        assert ns > self.now_ns
        self.wake_ns = ns

    # --- for the test -----------------------------------------------------------------------------------

    @property
    def live(self) -> list[Sent]:
        return [order for order in self.orders if not order.is_over]

    @property
    def at_work(self) -> int:
        return sum(order.leaves for order in self.live)

    def fill(self, strategy, order: Sent, quantity: int) -> None:
        order.leaves -= quantity
        order.is_over = order.leaves == 0
        self.filled += quantity
        tick = order.tick or 0
        strategy.on_fill(self, Fill(order.order_id, order.side, tick, quantity, self.now_ns, self.now_ns, True))

    def answer(self, strategy, order: Sent, event: int) -> None:
        order.is_over = order.is_over or event in (codes.CANCELLED, codes.REJECTED, codes.EXPIRED)
        strategy.on_order(self, order.order_id, event, codes.NO_REASON)


class DeepMarket(FakeGateway):
    """Sells and buys any size at once at the touch, never fills what rests; answers take `latency_ns` to come back."""

    def __init__(self, latency_ns: int, volume_per_ns: float = 0.0, **quotes: int) -> None:
        super().__init__(**quotes)
        self.latency_ns = latency_ns
        self.volume_per_ns = volume_per_ns
        self.answers: list[tuple[int, int, str, int]] = []

    def submit(self, side, quantity, tick=None, time_in_force=codes.GTC, **special) -> int:
        order_id = super().submit(side, quantity, tick, time_in_force, **special)
        touch = self.best_ask_tick if side > 0 else self.best_bid_tick
        crosses = touch is not None and (tick is None or (tick - touch) * side >= 0)
        if crosses:
            self._later("fill", order_id)
        elif time_in_force == codes.IOC:
            self._later("expire", order_id)
        return order_id

    def cancel(self, order_id: int) -> None:
        super().cancel(order_id)
        self._later("cancel", order_id)

    def _later(self, what: str, order_id: int) -> None:
        heapq.heappush(self.answers, (self.now_ns + self.latency_ns, len(self.answers), what, order_id))

    def run(self, strategy, start_ns: int, until_ns: int) -> list[tuple[int, int]]:
        """Run a strategy from its start; gives (ns, filled so far) after every step."""
        self.now_ns, steps = start_ns, []
        strategy.on_start(self)
        while self.wake_ns is not None or self.answers:
            wake = self.wake_ns if self.wake_ns is not None else until_ns + 1
            answer = self.answers[0][0] if self.answers else until_ns + 1
            self.now_ns = min(wake, answer)
            if self.now_ns > until_ns:
                break
            self.market_volume = int(self.volume_per_ns * self.now_ns)
            if answer <= wake:
                _, _, what, order_id = heapq.heappop(self.answers)
                order = self.orders[order_id]
                if what == "fill":
                    self.fill(strategy, order, order.leaves)
                else:
                    self.answer(strategy, order, codes.CANCELLED if what == "cancel" else codes.EXPIRED)
            else:
                self.wake_ns = None
                strategy.on_time(self)
            steps.append((self.now_ns, self.filled))
        return steps
