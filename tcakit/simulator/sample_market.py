"""The markets that come with the package: parameter files that sample_data and `simulate run` are made of."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from tcakit.errors import UsageError
from tcakit.simulator.market_parameters import MarketParameters, read_parameters
from tcakit.simulator.pace import paced

_FOLDER = Path(__file__).parent / "sample_markets"
_EVENTS = {"alfa": 53_000, "brvo": 44_000}  # of a day of each, about
_HIGHEST = 1_000_000  # ticks: a ladder for more would fill the memory
SAMPLE_MARKETS = tuple(_EVENTS)


def sample_market(name: str, *, events: int | None = None, price: float | None = None) -> MarketParameters:
    """The parameters of a packaged market: `alfa` shows few shares at each of many prices, `brvo` a queue at each cent.

    `events` paces it so that a day has about so many book events, `price` lets it open there (currency). UsageError for
    a name that is none, fewer than 1 event, or a price that leaves no room for the book.

    >>> sample_market("brvo").model.symbol
    'BRVO'
    """
    if name not in _EVENTS:
        raise UsageError(f"no market {name!r}", place="--like", remedy=f"known are {', '.join(SAMPLE_MARKETS)}")
    found = read_parameters(_FOLDER / f"{name}.toml")
    if events is not None:
        if events < 1:
            raise UsageError(f"{events} events", place="events", remedy="give 1 or more")
        found = paced(found, events / _EVENTS[name])
    return found if price is None else opening_at(found, price)


def opening_at(parameters: MarketParameters, price: float) -> MarketParameters:
    """The same market, its first middle at a price (currency), its spread in ticks as it was."""
    model = parameters.model
    spread = model.start_ask - model.start_bid
    bid = round(price / model.tick - spread / 2) if math.isfinite(price) else 0
    if not 100 <= bid <= _HIGHEST:
        raise UsageError(
            f"a price of {price:g}",
            place="price",
            remedy=f"choose from {101 * model.tick:g} to {_HIGHEST * model.tick:g}",
        )
    return replace(parameters, model=replace(model, start_bid=bid, start_ask=bid + spread))
