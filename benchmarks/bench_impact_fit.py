"""Errors of a fitted impact law over days drawn anew, against a refit by numpy and scipy for each draw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Benchmark
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fit_impact import fit_impact
from tcakit.impact.sample import FittingSample

ORDERS, DAYS, DRAWS = 30_000, 250, 1_000
# The peer is asked for a share of the draws, and ours for as many: its time grows with their number alone.
PEER_DRAWS = 40


def orders(scale: float) -> FittingSample:
    """Made orders of a square-root law, the same on every machine."""
    random = np.random.default_rng(7)
    count = max(200, int(ORDERS * scale))
    facts = OrderFacts.of(
        quantity_adv=np.exp(random.uniform(np.log(1e-3), np.log(0.1), count)),
        volatility_daily=random.uniform(0.008, 0.035, count),
        duration=random.uniform(0.101, 0.8, count),
        half_spread_bps=random.uniform(1.0, 8.0, count),
    )
    risk = 1e4 * facts.volatility_daily
    cost = 0.8 * risk * facts.quantity_adv**0.5 / 1.5 + 0.6 * facts.half_spread_bps
    cost = cost + risk * np.sqrt(facts.duration / 3.0) * random.normal(0.0, 1.0, count)
    return FittingSample.of(facts, cost, [f"{day:03d}" for day in random.integers(0, DAYS, count)])


def refits(sample: FittingSample, draws: int) -> NDArray[np.float64]:
    """Each draw as its own orders, fitted by scipy's least squares from the same start."""
    from scipy.optimize import least_squares

    random = np.random.default_rng(0)
    starts = np.searchsorted(sample.day, np.arange(len(sample.days) + 1))
    out = np.empty((draws, 3))
    for draw in range(draws):
        days = random.integers(0, len(sample.days), len(sample.days))
        rows = np.concatenate([np.arange(starts[day], starts[day + 1]) for day in days])
        facts, scale = sample.facts, 1.0 / sample.noise_bps[rows]
        risk, size = 1e4 * facts.volatility_daily[rows], facts.quantity_adv[rows]
        spread, cost = facts.half_spread_bps[rows], sample.cost_bps[rows]

        def loss(
            values: NDArray[np.float64],
            risk: NDArray[np.float64] = risk,
            size: NDArray[np.float64] = size,
            spread: NDArray[np.float64] = spread,
            cost: NDArray[np.float64] = cost,
            scale: NDArray[np.float64] = scale,
        ) -> NDArray[np.float64]:
            said = values[0] * risk * size ** values[1] / (1.0 + values[1]) + values[2] * spread
            return (cost - said) * scale

        out[draw] = least_squares(loss, (1.0, 0.5, 1.0), bounds=([-9, 0.05, -9], [99, 1.0, 9])).x
    return out


def _alike(ours: NDArray[np.float64], peer: NDArray[np.float64]) -> None:
    """Draws of the same law: errors within what so few draws tell."""
    ratio = np.std(ours, axis=0) / np.std(peer, axis=0)
    assert (ratio > 0.5).all(), ratio
    assert (ratio < 2.0).all(), ratio


def benchmarks(scale: float) -> Iterator[Benchmark]:
    """The errors alone: as many draws from both, then all draws from ours."""
    sample = orders(scale)
    few = max(10, int(PEER_DRAWS * min(1.0, 4.0 * scale)))
    job = f"power law and half spread of {len(sample):,} orders of {len(sample.days)} days"
    yield Benchmark(
        f"impact-fit-{few}-draws",
        f"{job}, {few} draws of days",
        lambda: fit_impact(sample, draws=few).draws,
        "numpy and scipy: each draw refitted",
        lambda: refits(sample, few),
        _alike,
    )
    yield Benchmark("impact-fit-1000-draws", f"{job}, {DRAWS:,} draws", lambda: fit_impact(sample, draws=DRAWS).draws)
