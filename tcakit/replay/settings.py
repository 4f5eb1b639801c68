"""The rules by which a recorded market is replayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from tcakit.errors import UsageError
from tcakit.impact.replay_impact import ReplayImpact
from tcakit.market import codes
from tcakit.venue.latency import ConstantLatency, Latency
from tcakit.venue.limits import PreTradeLimits


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """Rules of a replay: latency, the queue rule (codes.QUEUE_RULE_NAMES) and the power of the power rules.

    Without `partial_fills` every fill is of all that an order has left, as hftbacktest's exchange without partial fills
    does it; with `depletes_book` what we took stays taken, which needs partial fills. `session_ns` are the open and the
    close (ns), which orders for the day and for auctions need; `self_match` (codes.SELF_MATCH_NAMES) is what happens
    when an order would meet another of the run. Each participant is held to the `limits`. `impact` is what our own
    fills do to the market beyond the displayed size that they take; it needs partial fills.
    """

    latency: Latency = field(default_factory=ConstantLatency)
    queue_rule: int = codes.RISK_AVERSE
    power: float = 3.0
    partial_fills: bool = True
    depletes_book: bool = True
    session_ns: tuple[int, int] | None = None
    self_match: int = codes.MATCH_OFF
    limits: PreTradeLimits | None = None
    impact: ReplayImpact | None = None

    @property
    def keeps_taken(self) -> bool:
        """Whether what we took stays taken, of the recorded book and by the layers of impact."""
        return self.depletes_book and (self.impact is None or self.impact.keeps_taken)

    def __post_init__(self) -> None:
        if self.depletes_book and not self.partial_fills:
            raise UsageError(
                "whole fills take more than is displayed, so that the book cannot be depleted",
                place="depletes_book",
                remedy="set it to false, or allow partial fills",
            )
        if self.impact is not None and not self.partial_fills:
            raise UsageError(
                "whole fills walk no book, so that impact has nothing to be added to",
                place="impact",
                remedy="leave the impact out, or allow partial fills",
            )
        if self.impact is not None and self.impact.refill_half_life_ns is not None and not self.depletes_book:
            raise UsageError(
                "a half-life of what we took, and what we took does not stay taken",
                place="refill_half_life_ns",
                remedy="leave it out, or let what we took stay taken",
            )
