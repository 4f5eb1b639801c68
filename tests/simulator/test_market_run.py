"""Metaorders in a whole market: the twin is the same market, buying moves the price, fills add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.jobs.simulate_impact import simulate_impact
from tcakit.simulator.market_parameters import MarketParameters, usual_world
from tcakit.simulator.market_run import of_market
from tcakit.simulator.zero_intelligence import zero_intelligence

_S = 1_000_000_000


@pytest.fixture(scope="module")
def parameters() -> MarketParameters:
    model = zero_intelligence(orders_per_second=6.0, takers_per_second=1.5, cancels_per_order=0.3)
    return MarketParameters(model, replace(usual_world(model), are_participants_on=True))


def test_a_twin_is_the_same_market_and_what_happens_to_it_stays_its_own(parameters: MarketParameters) -> None:
    market = of_market(parameters)(5)
    market.run_until(market.now + 20 * _S)
    when = market.now + _S * np.arange(1, 21, dtype=np.int64)
    nothing, buys = np.zeros(20, np.int64), np.full(20, 300)
    first = market.twin().send(when, nothing)[0]
    bought, filled, cash = market.twin().send(when, buys)
    assert market.twin().send(when, nothing)[0].tobytes() == first.tobytes()
    assert bought[0] == first[0]
    assert bought[-1] > first[-1]
    assert 0.0 < filled.sum() <= buys.sum()
    paid = -cash[filled > 0] / filled[filled > 0]
    assert (paid > bought[filled > 0]).all()
    sold = market.twin().send(when, -buys)
    assert sold[0][-1] < first[-1]
    assert sold[2].sum() > 0.0


def test_the_verb_measures_and_refuses(parameters: MarketParameters) -> None:
    found = simulate_impact(parameters, starts=20, participants=False)
    assert found["sources"] == {"background": True, "feedback": False, "participants": 0}
    assert found["impact"]["ticks"]["32"] > 0.0
    assert len(found["round_trips"]) == 4
    with pytest.raises(UsageError, match="19 metaorders"):
        simulate_impact(parameters, starts=19)
    with pytest.raises(UsageError, match="no participant"):
        simulate_impact(replace(parameters, world=replace(parameters.world, participants=())), participants=True)
