"""Limits that a gateway holds every order against before it is sent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields

from tcakit.errors import UsageError
from tcakit.market.codes import (
    LIMIT_COLLAR,
    LIMIT_MESSAGES,
    LIMIT_NOTIONAL,
    LIMIT_OPEN_ORDERS,
    LIMIT_POSITION,
    LIMIT_SIZE,
    NO_REASON,
)

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PreTradeLimits:
    """The most that is sent, None where there is no such limit. UsageError for one that is not above zero.

    Sizes are stored units of the instrument (shares * size_scale), the notional is in currency, and the position counts
    all open orders of the side as filled. The collar is how far beyond the other side's touch a limit may be.

    >>> PreTradeLimits(max_order_size=500, price_collar_bps=50).max_position is None
    True
    """

    max_order_size: int | None = None
    max_order_notional: float | None = None
    max_position: int | None = None
    price_collar_ticks: int | None = None
    price_collar_bps: float | None = None
    max_open_orders: int | None = None
    max_messages_a_second: int | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and not value > 0:
                raise UsageError(
                    f"{each.name} {value} is not above zero", place="limits", remedy="raise it, or leave it out"
                )


@dataclass(slots=True)
class _Open:
    side: int
    leaves: int
    asked: int = 0  # open size of a modification that is under way

    @property
    def most(self) -> int:
        return max(self.leaves, self.asked)


class OrderGuard:
    """Holds one participant's orders against the limits, by what has been sent and what the participant knows.

    >>> guard = OrderGuard(PreTradeLimits(max_position=100), tick_value=0.01, size_scale=1)
    >>> guard.refusal(1, 60, None, 99, 100); guard.sent(0, 7, 1, 60); guard.refusal(1, 60, None, 99, 100)
    0
    20
    """

    def __init__(self, limits: PreTradeLimits, tick_value: float, size_scale: int) -> None:
        self.limits = limits
        self.tick_value = tick_value
        self.size_scale = size_scale
        self.position = 0
        self.open: dict[int, _Open] = {}
        self._times: deque[int] = deque()

    def refusal(
        self,
        side: int,
        quantity: int,
        tick: int | None,
        bid: int | None,
        ask: int | None,
        *,
        now_ns: int = 0,
        worst_tick: int | None = None,
        order: int | None = None,
    ) -> int:
        """Reason (codes) for which a new order, or the modification of `order`, is not sent; NO_REASON if it is.

        `tick` is the limit that the collar is for, None without one; `worst_tick` what an order without one is valued
        at, else the other side's touch.
        """
        limits, touch = self.limits, ask if side > 0 else bid
        if limits.max_order_size is not None and quantity > limits.max_order_size:
            return LIMIT_SIZE
        if limits.max_order_notional is not None:
            at = tick if tick is not None else worst_tick if worst_tick is not None else touch
            if at is None or at * self.tick_value * quantity / self.size_scale > limits.max_order_notional:
                return LIMIT_NOTIONAL
        if limits.max_position is not None:
            others = sum(held.most for number, held in self.open.items() if held.side == side and number != order)
            if side * self.position + others + quantity > limits.max_position:
                return LIMIT_POSITION
        if tick is not None and self._is_beyond_collar(side, tick, touch):
            return LIMIT_COLLAR
        if order is None and limits.max_open_orders is not None and len(self.open) >= limits.max_open_orders:
            return LIMIT_OPEN_ORDERS
        if limits.max_messages_a_second is not None:
            while self._times and self._times[0] <= now_ns - _SECOND_NS:
                self._times.popleft()
            if len(self._times) >= limits.max_messages_a_second:
                return LIMIT_MESSAGES
        return NO_REASON

    def _is_beyond_collar(self, side: int, tick: int, touch: int | None) -> bool:
        ticks, bps = self.limits.price_collar_ticks, self.limits.price_collar_bps
        if ticks is None and bps is None:
            return False
        if touch is None:
            return True
        beyond = (tick - touch) * side
        return (ticks is not None and beyond > ticks) or (bps is not None and beyond > touch * bps / 1e4)

    def sent(self, now_ns: int, order: int, side: int, quantity: int) -> None:
        """An order, or another open size for one, is on its way."""
        self.counted(now_ns)
        if order in self.open:
            self.open[order].asked = quantity
        else:
            self.open[order] = _Open(side, quantity)

    def counted(self, now_ns: int) -> None:
        """A message was sent; cancels are counted, never refused."""
        if self.limits.max_messages_a_second is not None:
            self._times.append(now_ns)

    def told(self, order: int, leaves: int, filled: int, is_over: bool, is_answer_to_change: bool) -> None:
        """The participant hears of an event of an order: what is left of it, and how much of it was filled."""
        held = self.open.get(order)
        if held is None:
            return
        self.position += held.side * filled
        held.leaves = leaves
        if is_answer_to_change:
            held.asked = 0
        if is_over:
            del self.open[order]
