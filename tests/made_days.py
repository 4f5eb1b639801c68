"""Small days of the packaged simulated markets, for tests that only need a day."""

from __future__ import annotations

from dataclasses import replace

from tcakit.simulator.made_day import make_day
from tcakit.simulator.market_parameters import MarketParameters
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.simulator.sample_market import sample_market


def continuous(like: str = "alfa", events: int | None = None, price: float | None = None) -> MarketParameters:
    """A packaged market that trades all day, without auctions."""
    found = sample_market(like, events=events, price=price)
    return replace(found, world=replace(found.world, opening_call_seconds=0.0, closing_call_seconds=0.0))


def made_day(symbol: str, date: str, seed: int, events: int, like: str = "alfa") -> RecordedDay:
    """A day of about so many events, without auctions; the same arguments give the same bytes."""
    return make_day(symbol, date, seed, continuous(like, events))
