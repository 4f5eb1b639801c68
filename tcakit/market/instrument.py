"""What is traded: its names, the units of its prices and sizes, and the hours of its day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instrument:
    """A symbol on a venue for one trade date.

    Stored price / price_scale = currency; stored size / size_scale = shares; tick_size and lot_size are in stored
    units. Session times are ns since 1970 UTC, None where unknown. `tick_from` says who told the tick: flag,
    definition (of the file), reference (the firm's security master) or inferred (from prices).

    >>> Instrument("AMZN", price_scale=10_000, tick_size=100).price(2_231_800)
    223.18
    """

    symbol: str
    venue: str = "XNAS"
    currency: str = "USD"
    timezone: str = "America/New_York"
    price_scale: int = 10_000
    size_scale: int = 1
    tick_size: int = 100
    lot_size: int = 1
    session_open_ns: int | None = None
    session_close_ns: int | None = None
    tick_from: str = "inferred"

    def price(self, stored: int | float) -> float:
        """A stored price in currency."""
        return stored / self.price_scale

    def shares(self, stored: int | float) -> float:
        """A stored size in shares."""
        return stored / self.size_scale
