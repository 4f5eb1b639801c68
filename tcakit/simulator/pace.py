"""The same market, busier or quieter: a day of more or of fewer events, everything in it in proportion."""

from __future__ import annotations

import math
from dataclasses import replace

from tcakit.errors import UsageError
from tcakit.simulator.flow_parameters import FlowModel, RateTables
from tcakit.simulator.market_parameters import MarketParameters
from tcakit.simulator.world import World


def paced(parameters: MarketParameters, factor: float) -> MarketParameters:
    """A market in which everything happens `factor` times as often: rates, moods, memory, looks of participants.

    Bursts stay at machine speed; the hours of the day, its calls and halts, and how far the value wanders in a day stay
    as they are. UsageError for a factor that is not above zero.
    """
    if not (math.isfinite(factor) and factor > 0.0):
        raise UsageError(f"a pace of {factor!r}", place="pace", remedy="give a number above zero")
    return MarketParameters(_flow(parameters.model, factor), _world(parameters.world, factor))


def _flow(model: FlowModel, factor: float) -> FlowModel:
    rates = {name: table * factor for name, table in model.rates.by_state.items()}
    law = model.feedback
    return replace(
        model,
        rates=RateTables(rates, model.rates.by_queue),
        rate_bound=model.rate_bound * factor,
        long_waits=tuple(replace(part, median_s=part.median_s / factor) for part in model.long_waits),
        mood=replace(model.mood, shortest_s=model.mood.shortest_s / factor),
        feedback=replace(law, tau_s=law.tau_s / factor, horizon_s=law.horizon_s / factor),
    )


def _world(world: World, factor: float) -> World:
    groups = tuple(replace(group, interval_s=group.interval_s / factor) for group in world.participants)
    return replace(world, participants=groups)
