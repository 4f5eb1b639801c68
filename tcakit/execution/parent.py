"""A parent order: what the desk was asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """Buy or sell `quantity` (stored size units) between two times, by an algorithm with its parameters.

    `limit_tick` is in ticks, None for no limit; times in ns since 1970 UTC.
    """

    parent_id: str
    symbol: str
    date: str
    side: int
    quantity: int
    start_ns: int
    end_ns: int
    algo: str
    params: dict[str, Any] = field(default_factory=dict)
    limit_tick: int | None = None
    decision_ns: int | None = None
    decision_price: float | None = None
    notes: tuple[str, ...] = ()
