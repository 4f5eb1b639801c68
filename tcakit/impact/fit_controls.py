"""Fits on data in which there is nothing to find: what they find is what chance would."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcakit.impact.fit_impact import ImpactFit
from tcakit.impact.impact_level import LevelColumns

SHUFFLES = 500


def null_controls(fit: ImpactFit, shuffles: int = SHUFFLES, seed: int = 0) -> dict[str, dict[str, Any]]:
    """The level of impact (1 as fitted) when days' signs are left to a coin, and when costs belong to other orders.

    `signs` flips the costs of whole days: there is no impact then, and the interval of the level is around zero.
    `time` gives each order the cost of one some way off in the sequence, half spread and mean cost apart: the law of
    size is gone. Both keep what orders of a day share. `p_value` is how often chance is as far from zero as the fit.
    """
    columns, sample = LevelColumns.of(fit), fit.sample
    squares = float(columns.impact @ columns.impact)
    if not squares > 0.0:
        return {}
    random = np.random.default_rng(seed)
    _, day = np.unique(sample.day, return_inverse=True)
    by_day = np.bincount(day, weights=columns.impact * columns.cost) / squares
    flipped = random.choice([-1.0, 1.0], size=(shuffles, len(by_day))) @ by_day
    # What the mean cost explains is no law of size.
    scale = 1.0 / sample.noise_bps
    mean = np.column_stack([scale, sample.facts.half_spread_bps * scale] if fit.problem.half_spread else [scale])
    basis, _ = np.linalg.qr(mean)
    impact = columns.impact - basis @ (basis.T @ columns.impact)
    cost = columns.cost - basis @ (basis.T @ columns.cost)
    squares = float(impact @ impact)
    count = len(sample)
    nearest = max(1, count // 20)
    offsets = random.integers(nearest, max(nearest + 1, count - nearest), size=shuffles)
    turned = np.array([impact @ np.roll(cost, offset) for offset in offsets]) / squares
    return {
        "signs": _told(flipped, float(by_day.sum())),
        "time": _told(turned, float(impact @ cost) / squares),
    }


def _told(nulls: Any, observed: float) -> dict[str, Any]:
    low, high = np.percentile(nulls, [2.5, 97.5])
    far = int(np.sum(np.abs(nulls) >= abs(observed)))
    return {
        "observed": observed,
        "mean": float(np.mean(nulls)),
        "ci": [float(low), float(high)],
        "p_value": (far + 1) / (len(nulls) + 1),
    }
