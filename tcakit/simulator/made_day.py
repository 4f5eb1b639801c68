"""A day of a simulated market that nobody of ours trades in, from its parameters and a seed."""

from __future__ import annotations

from tcakit.market.clock import parse_date
from tcakit.simulator.market import SimulatedMarket
from tcakit.simulator.market_parameters import MarketParameters
from tcakit.simulator.recorded_day import RecordedDay
from tcakit.simulator.sample_market import sample_market
from tcakit.simulator.sources import make_market
from tcakit.simulator.tape import day_of


def make_day(
    symbol: str, date: str, seed: int, parameters: MarketParameters | None = None, *, venue: str = "XSIM"
) -> RecordedDay:
    """Run a market over one day, calls and halts and all; the same arguments give the same bytes.

    `date` is YYYY-MM-DD, `seed` any whole number from 0 to 2**63 - 1, the parameters those of `alfa` if none are given.

    >>> from tcakit.simulator.sample_market import sample_market
    >>> day = make_day("ALFA", "2026-03-03", 7, sample_market("alfa", events=2_000))
    >>> bool((day.quotes()["bid"] < day.quotes()["ask"]).all())
    True
    """
    return day_of(run_market(symbol, date, seed, parameters or sample_market("alfa"), venue=venue), date)


def run_market(
    symbol: str, date: str, seed: int, parameters: MarketParameters, *, venue: str = "XSIM"
) -> SimulatedMarket:
    """The market of `make_day` after its day."""
    date = parse_date(date)
    market = make_market(parameters.model, parameters.world, date, seed, symbol=symbol, venue=venue)
    close_ns = market.instrument.session_close_ns
    assert close_ns is not None
    market.advance(close_ns + 1)
    return market
