"""The law of waits between events: a mixture of log-normals, by expectation and maximisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tcakit.simulator.flow_tables import EXPONENTIAL, WaitPart

_PARTS = 5
_ROUNDS = 60
_SAMPLE = 40_000
_LEAST_S = 1e-9  # what files call the same time
_LEAST_SD = 0.08
_LIKE_EXPONENTIAL = 0.03  # distance below which there are no bursts
_SHORT = 0.3  # of the mean wait: parts with a median below belong to bursts


@dataclass(frozen=True, slots=True)
class Waits:
    """Parts of the law of waits, those of bursts apart; `short_share` of all waits are of bursts, and a wait below
    `burst_s` is likelier of one than not.
    """

    short_share: float
    burst_s: float
    short: tuple[WaitPart, ...]
    long: tuple[WaitPart, ...]


def fit_waits(seconds: NDArray[np.float64], parts: int = _PARTS) -> Waits:
    """Fit a mixture to waits in seconds, those shorter than a nanosecond taken as that; one exponential where they are
    like it.

    >>> found = fit_waits(10.0 ** np.random.default_rng(1).normal(-1.0, 0.5, 4000), parts=1)
    >>> round(found.long[0].log10_sd, 1), found.short_share
    (0.5, 0.0)
    """
    waits = np.maximum(np.asarray(seconds, float), _LEAST_S)
    mean = float(waits.mean())
    if len(waits) > _SAMPLE:
        waits = waits[np.linspace(0, len(waits) - 1, _SAMPLE).astype(np.int64)]
    if _distance_to_exponential(waits, mean) < _LIKE_EXPONENTIAL:
        return Waits(0.0, 0.0, (), (WaitPart(1.0, mean, EXPONENTIAL.log10_sd),))
    logs = np.log10(waits)
    # Quantiles of equal shares to begin with; each round weighs every wait by the parts it may be of.
    middle = np.quantile(logs, (np.arange(parts) + 0.5) / parts)
    spread = np.full(parts, max(float(logs.std()) / parts, _LEAST_SD))
    weight = np.full(parts, 1.0 / parts)
    for _ in range(_ROUNDS if parts > 1 else 1):
        density = weight * np.exp(-0.5 * ((logs[:, None] - middle) / spread) ** 2) / spread + 1e-300
        density /= density.sum(axis=1, keepdims=True)
        held = density.sum(axis=0) + 1e-9
        weight = held / held.sum()
        middle = density.T @ logs / held
        spread = np.sqrt((density * (logs[:, None] - middle) ** 2).sum(axis=0) / held)
        spread = np.maximum(spread, _LEAST_SD)
    order = np.argsort(middle)
    found = [WaitPart(float(weight[k]), float(10.0 ** middle[k]), float(spread[k])) for k in order if weight[k] > 1e-4]
    short = tuple(part for part in found[:-1] if part.median_s < _SHORT * mean)
    long = tuple(found[len(short) :])
    if not short:
        return Waits(0.0, 0.0, (), long)
    grid = np.linspace(math.log10(short[-1].median_s), math.log10(max(part.median_s for part in long)), 400)
    likelier = _density(grid, short) > _density(grid, long)
    burst = 10.0 ** float(grid[np.flatnonzero(likelier)[-1]]) if likelier.any() else short[-1].median_s
    return Waits(float((waits <= burst).mean()), burst, short, long)


def _distance_to_exponential(waits: NDArray[np.float64], mean: float) -> float:
    """Kolmogorov's distance of the waits to those of events that know nothing of each other."""
    ordered = np.sort(waits)
    return float(np.abs(-np.expm1(-ordered / mean) - (np.arange(len(ordered)) + 0.5) / len(ordered)).max())


def _density(logs: NDArray[np.float64], parts: tuple[WaitPart, ...]) -> NDArray[np.float64]:
    total = np.zeros_like(logs)
    for part in parts:
        total += part.weight * np.exp(-0.5 * ((logs - math.log10(part.median_s)) / part.log10_sd) ** 2) / part.log10_sd
    return total
