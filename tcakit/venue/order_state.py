"""The life of an order: which event may follow which."""

from __future__ import annotations

from tcakit.market.codes import (
    ACKNOWLEDGED,
    CANCEL_REJECTED,
    CANCELLED,
    EXPIRED,
    FILLED,
    MODIFY_REJECTED,
    NEW,
    PARTIAL,
    PENDING_CANCEL,
    PENDING_MODIFY,
    REJECTED,
    REPLACED,
    STATE_NAMES,
    TRIGGERED,
)

TERMINAL = frozenset({FILLED, CANCELLED, REJECTED, EXPIRED})
_NEXT: dict[int, frozenset[int]] = {
    NEW: frozenset({ACKNOWLEDGED, REJECTED, PENDING_CANCEL, EXPIRED}),
    ACKNOWLEDGED: frozenset({TRIGGERED, PARTIAL, FILLED, CANCELLED, EXPIRED, PENDING_CANCEL}),
    TRIGGERED: frozenset({PARTIAL, FILLED, CANCELLED, EXPIRED, PENDING_CANCEL}),
    PARTIAL: frozenset({PARTIAL, FILLED, CANCELLED, EXPIRED, PENDING_CANCEL}),
    # The venue does not know of a cancel on its way: anything that could happen still can.
    PENDING_CANCEL: frozenset(
        {ACKNOWLEDGED, TRIGGERED, PARTIAL, FILLED, CANCELLED, REJECTED, EXPIRED, CANCEL_REJECTED}
    ),
}


class OrderLife:
    """Follows one order through its events and refuses an impossible one.

    >>> life = OrderLife()
    >>> life.apply(ACKNOWLEDGED); life.apply(FILLED); life.is_over
    True
    """

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state = NEW

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL

    def apply(self, event: int) -> None:
        """Go to the state an event leads to; ValueError if the event cannot follow."""
        if event in (CANCEL_REJECTED, MODIFY_REJECTED, PENDING_MODIFY) or (event == REPLACED and not self.is_over):
            # It came too late (the order is over) or too early, or what the order asks for is another, not its state.
            return
        if event not in _NEXT.get(self.state, frozenset()):
            raise ValueError(f"an order that is {STATE_NAMES[self.state]} cannot become {STATE_NAMES[event]}")
        self.state = event
