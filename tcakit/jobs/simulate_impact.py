"""What metaorders do to the price of a simulated market, with all its sources or with some."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

from tcakit.errors import UsageError
from tcakit.jobs.simulate_fit import measured
from tcakit.simulator.calibration_impact import check_round_trips
from tcakit.simulator.market_parameters import MarketParameters
from tcakit.simulator.market_run import of_market
from tcakit.simulator.metaorder_experiment import run_experiment, setting_for

FEWEST_STARTS = 20


def simulate_impact(
    parameters: MarketParameters, *, starts: int = 400, participants: bool | None = None, feedback: bool | None = None
) -> dict[str, Any]:
    """Measure the impact of metaorders, what is left of it, and round trips, in a market of these parameters.

    `starts` pairs of a buying and a selling metaorder; `participants` and `feedback` switch these sources, None leaves
    them as they are. UsageError for too few starts, or participants of whom none is named.
    """
    begun = time.perf_counter()
    if starts < FEWEST_STARTS:
        raise UsageError(f"{starts} metaorders", place="--starts", remedy=f"give {FEWEST_STARTS} or more")
    world = parameters.world
    if participants is not None:
        if participants and not world.participants:
            raise UsageError(
                "no participant is named", place="--participants", remedy="add [[participants]] to the file"
            )
        world = replace(world, are_participants_on=participants)
    if feedback is not None:
        world = replace(world, feedback=feedback)
    opened = of_market(replace(parameters, world=world))
    setting = setting_for(opened, starts=starts)
    impact = run_experiment(opened, setting)
    trips = check_round_trips(opened, setting, lot=parameters.model.lot_size)
    return {
        "sources": {
            "background": world.background,
            "feedback": world.feedback and parameters.model.feedback.strength > 0.0,
            "participants": sum(group.count for group in world.participants) if world.are_participants_on else 0,
        },
        "children_every_s": round(setting.every_s, 4),
        "impact": measured(impact),
        "round_trips": [asdict(trip) | {"loses": trip.loses} for trip in trips],
        "seconds": round(time.perf_counter() - begun, 3),
    }
