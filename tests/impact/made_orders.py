"""Orders whose costs follow a known law, with the noise of the market's path and days that they share."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.facts import OrderFacts
from tcakit.impact.sample import FittingSample


def made_orders(
    seed: int,
    orders: int = 2_000,
    days: int = 100,
    *,
    prefactor: float = 0.8,
    exponent: float = 0.5,
    half_spreads: float = 0.6,
    same_day: float = 0.2,
    same_side: float = 0.8,
    noise: float = 1.0,
    symbols: int = 20,
    model: Any = None,
    sizes: tuple[float, float] = (1e-3, 0.1),
    **given: Any,
) -> FittingSample:
    """Errors of a day's orders correlate by `same_day` times the product of their sides, `same_side` of which agree."""
    random = np.random.default_rng(seed)
    day = np.sort(random.integers(0, days, orders))
    day[: 2 * days] = np.repeat(np.arange(days), 2)[: min(orders, 2 * days)]
    day.sort()
    symbol = random.integers(0, symbols, orders)
    risk_of, spread_of = random.uniform(0.008, 0.035, symbols), random.uniform(1.0, 8.0, symbols)
    facts = OrderFacts.of(
        quantity_adv=np.exp(random.uniform(*np.log(sizes), orders)),
        volatility_daily=risk_of[symbol] * np.exp(random.normal(0.0, 0.2, orders)),
        duration=random.uniform(0.101, 0.8, orders),
        half_spread_bps=spread_of[symbol] * np.exp(random.normal(0.0, 0.2, orders)),
        shares_outstanding_adv=random.uniform(80.0, 400.0, symbols)[symbol],
        price=random.uniform(10.0, 300.0, symbols)[symbol],
    )
    main = random.choice([-1, 1], days)
    side = np.where(random.random(orders) < same_side, main[day], random.choice([-1, 1], orders))
    shared = random.normal(0.0, 1.0, days)[day] * side
    settled = facts.duration + 0.08
    risk = 1e4 * facts.volatility_daily

    def error() -> np.ndarray:
        return np.sqrt(same_day) * shared + np.sqrt(1.0 - same_day) * random.normal(0.0, 1.0, orders)

    first = error()
    shared = random.normal(0.0, 1.0, days)[day] * side
    second = error()
    # The path's errors in the move that stays and in the cost, as Almgren et al. (2005) derive them.
    after = risk * np.sqrt(settled) * first * noise
    length = facts.duration
    extra = risk * np.sqrt(length / 12.0 * (4.0 - 3.0 * length / settled)) * second
    extra -= risk * (settled - length) / (2.0 * np.sqrt(settled)) * first
    cost = after / 2.0 + extra * noise + half_spreads * facts.half_spread_bps
    cost = cost + facts.half_spread_bps * random.normal(0.0, 1.0, orders) * noise
    if model is None:
        cost = cost + risk * prefactor * facts.quantity_adv**exponent / (1.0 + exponent)
    else:
        cost = cost + model.cost_bps(facts)
        after = after + model.permanent_bps(facts)
    return FittingSample.of(
        facts,
        cost,
        [f"2025-{1 + d // 28:02d}-{1 + d % 28:02d}" for d in day],
        side=side,
        symbols=[f"S{s:02d}" for s in symbol],
        after_bps=after,
        after_duration=settled,
        **given,
    )
