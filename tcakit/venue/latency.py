"""How long messages are under way."""

from __future__ import annotations

from dataclasses import dataclass

from tcakit.errors import UsageError


@dataclass(frozen=True, slots=True)
class ConstantLatency:
    """Fixed times in ns: market data to the strategy, order to the venue, answer back to the strategy."""

    feed_ns: int = 0
    entry_ns: int = 0
    response_ns: int = 0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) < 0:
                raise UsageError(f"{name} is below zero", place="latency", remedy="give a time of zero or more")
