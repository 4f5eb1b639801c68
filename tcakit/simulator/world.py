"""What a simulated market has beside its background flow: participants, a calendar, a value with news, price bands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.simulator.participants import Participants

_TABLES = ("participants", "halts", "news", "dark")


@dataclass(frozen=True, slots=True)
class News:
    """Something that becomes known at a time of the exchange's day ("11:05"): the value jumps by so many bps."""

    time: str
    jump_bps: float


@dataclass(frozen=True, slots=True)
class Halt:
    """A stop of trading: from a time of the exchange's day, for so many seconds, then a call of so many seconds."""

    time: str
    seconds: float = 300.0
    call_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class DarkVenue:
    """A venue where orders rest unseen and meet at the middle of the displayed prices, and what others put there.

    An order comes every `interval_s` seconds on average, of `size` stored units on average (exponential), and goes
    after `patience_s` seconds on average. `minimum_share` of them trade no less than half of their size at once,
    `limit_share` go no farther than the middle was when they came. Buys are 1/2 + `lean` (share of the bids in what the
    touch shows - 1/2) of them: who sells in the dark comes rather when the price is about to fall. UsageError for what
    cannot be.
    """

    venue: str = "XDRK"
    interval_s: float = 10.0
    size: int = 300
    patience_s: float = 30.0
    minimum_share: float = 0.2
    limit_share: float = 0.3
    lean: float = 0.5

    def __post_init__(self) -> None:
        if not (isinstance(self.venue, str) and self.venue.isalnum()):
            raise UsageError(
                f"{self.venue!r} is no name of a venue", place="dark.venue", remedy="write letters, digits"
            )
        ranges = {
            "interval_s": (1e-3, 1e6),
            "size": (1, 1e9),
            "patience_s": (1e-3, 1e6),
            "minimum_share": (0.0, 1.0),
            "limit_share": (0.0, 1.0),
            "lean": (0.0, 1.0),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(
                    f"{name} is {value!r}", place=f"dark.{name}", remedy=f"choose from {low:g} to {high:g}"
                )

    def as_dict(self) -> dict[str, Any]:
        """All of it, plainly."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class World:
    """All of a simulated market but its background flow.

    `background`, `feedback`, `are_participants_on` and `is_dark_on` switch the sources. Calls of the opening and
    closing auctions in seconds, none where 0. `band_ticks`: a trade farther from the last auction's price starts a
    volatility auction of `volatility_call_seconds`; None for no bands. `value_volatility_daily` moves the value that
    fundamental traders believe in, as a fraction a day; news make it jump. `self_match` is one of codes' modes.
    UsageError for what cannot be.

    >>> World(news=(News("11:00", 40.0),)).as_dict()["news"]
    [{'time': '11:00', 'jump_bps': 40.0}]
    """

    participants: tuple[Participants, ...] = ()
    background: bool = True
    feedback: bool = True
    are_participants_on: bool = True
    is_dark_on: bool = False
    opening_call_seconds: float = 60.0
    closing_call_seconds: float = 60.0
    halts: tuple[Halt, ...] = ()
    news: tuple[News, ...] = ()
    band_ticks: int | None = None
    volatility_call_seconds: float = 60.0
    value_volatility_daily: float = 0.01
    self_match: int = codes.CANCEL_NEWEST
    dark: DarkVenue = DarkVenue()

    def __post_init__(self) -> None:
        ranges = {
            "opening_call_seconds": (0.0, 3_600.0),
            "closing_call_seconds": (0.0, 3_600.0),
            "volatility_call_seconds": (1.0, 3_600.0),
            "value_volatility_daily": (0.0, 1.0),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"{name} is {value!r}", place=name, remedy=f"choose from {low:g} to {high:g}")
        if self.band_ticks is not None and self.band_ticks < 1:
            raise UsageError(f"band_ticks is {self.band_ticks}", place="band_ticks", remedy="give 1 or more, or none")
        for piece in self.news:
            if not (math.isfinite(piece.jump_bps) and abs(piece.jump_bps) <= 5_000.0):
                raise UsageError(f"news of {piece.jump_bps} bps", place="news", remedy="choose up to 5000 either way")
        for halt in self.halts:
            if not (0.0 < halt.seconds <= 86_400.0 and 0.0 <= halt.call_seconds <= 3_600.0):
                raise UsageError(f"a halt of {halt.seconds} s", place="halts", remedy="give seconds above zero")

    def as_dict(self) -> dict[str, Any]:
        """All of it, plainly, for metadata and hashes."""
        out = {name: getattr(self, name) for name in self.__slots__ if name not in _TABLES}
        out["self_match"] = codes.VENUE_SELF_MATCH_NAMES[self.self_match]
        out["dark"] = self.dark.as_dict()
        out["participants"] = [group.as_dict() for group in self.participants]
        out["halts"] = [{"time": h.time, "seconds": h.seconds, "call_seconds": h.call_seconds} for h in self.halts]
        out["news"] = [{"time": piece.time, "jump_bps": piece.jump_bps} for piece in self.news]
        return out
