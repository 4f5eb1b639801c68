"""What the thing is worth, which nobody sees: a random walk by the second, and the jumps of news."""

from __future__ import annotations

from tcakit.jit import tower_call
from tcakit.simulator.market_layout_kernel import START_NS, VALUE, VALUE_SECOND, VALUE_STEP, WORLD
from tcakit.simulator.random_kernel import normal

_WALK = 32  # field of the draws
_SECOND_NS = 1_000_000_000


@tower_call
def walk_to(market, now):
    """Bring the value to the last whole second before a time; its steps hang on the second alone."""
    at, facts = market.at, market.facts
    second = (now - at[START_NS]) // _SECOND_NS
    seed = market.seeds[WORLD]
    for step in range(at[VALUE_SECOND], second):
        facts[VALUE] += facts[VALUE_STEP] * normal(seed, step, _WALK)
    at[VALUE_SECOND] = max(at[VALUE_SECOND], second)
